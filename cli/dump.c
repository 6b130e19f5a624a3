/* memgate dump, memgate dumps - the server's dumps. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/render.h"
#include "messages/bus.h"

static void
s_print_line(const Mg__DumpInfo *dump)
{
    char created[MG_RFC3339_SIZE];
    char size[MG_RENDER_BYTES_SIZE];
    mg_clock_rfc3339(dump->created_ns, created);
    mg_render_bytes(dump->bytes, size);
    (void)printf("%10llu  %s  %-11s %9llu documents  %10s  %-10s %s\n",
                 (unsigned long long)dump->generation, created, mg_render_trigger(dump->trigger),
                 (unsigned long long)dump->documents, size,
                 dump->verified ? "verified" : dump->outcome, dump->path);
}

mg_exit_t
mg_command_dump(int argc, char **argv)
{
    bool json = false;
    const char *path = NULL;
    const mg_option_t options[] = {{"json", NULL, &json, "one JSON object"},
                                   {"path", &path, NULL, "folder or file below the dump root"},
                                   {0}};
    mg_exit_t code = MG_EXIT_OK;
    mg_options_t table = {.usage = "memgate dump [--json] [--path PATH]", .options = options};
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    Mg__ControlDump dump = MG__CONTROL_DUMP__INIT;
    dump.path = mg_bus_text(path ? path : "");
    Mg__ControlReply *reply = NULL;
    code = mg_client_ask_once(MG__CONTROL_REQUEST__BODY_DUMP, &dump, &reply);
    if (code != MG_EXIT_OK) {
        return code;
    }
    if (json) {
        mg_render_print(mg_render_dump(reply->dump));
    } else {
        s_print_line(reply->dump);
    }
    mg__control_reply__free_unpacked(reply, NULL);
    return MG_EXIT_OK;
}

static void
s_print_list(const Mg__DumpList *list, bool json)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->n_dumps; i++) {
        if (json) {
            (void)json_array_append_new(array, mg_render_dump(list->dumps[i]));
        } else {
            s_print_line(list->dumps[i]);
        }
    }
    if (json) {
        mg_render_print(array);
    } else {
        json_decref(array);
    }
}

mg_exit_t
mg_command_dumps(int argc, char **argv)
{
    bool json = false;
    const mg_option_t options[] = {{"json", NULL, &json, "one JSON array"}, {0}};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&(mg_options_t){.usage = "memgate dumps [--json]", .options = options},
                         argc, argv, &code)) {
        return code;
    }
    Mg__ControlList list = MG__CONTROL_LIST__INIT;
    Mg__ControlReply *reply = NULL;
    code = mg_client_ask_once(MG__CONTROL_REQUEST__BODY_LIST, &list, &reply);
    if (code == MG_EXIT_OK) {
        s_print_list(reply->list, json);
        mg__control_reply__free_unpacked(reply, NULL);
    }
    return code;
}
