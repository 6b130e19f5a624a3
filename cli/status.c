/* memgate status - what an operator wants to know first: what a crash now would lose. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/render.h"

static json_t *
s_collections(const Mg__StatusInfo *info)
{
    json_t *collections = json_object();
    for (size_t i = 0; i < info->n_collections; i++) {
        json_t *count = json_integer((json_int_t)info->collections[i]->documents);
        (void)json_object_set_new(collections, info->collections[i]->name, count);
    }
    return collections;
}

static void
s_print_json(const Mg__StatusInfo *info)
{
    const Mg__DumpStatus *dumps = info->dumps;
    const Mg__DumpInfo *newest = dumps->last ? dumps->last : dumps->restored;
    char since[MG_RFC3339_SIZE];
    mg_clock_rfc3339(info->unsaved_since_ns, since);
    mg_render_print(json_pack(
        "{s:{s:I, s:s}, s:i, s:b, s:s, s:s, s:f, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:s?, s:{s:b, "
        "s:i, s:I}, s:I, s:I, s:s, s:i, s:b}",
        "at_risk", "changes", (json_int_t)info->unsaved_changes, "since", since, "pid",
        (int)info->pid, "ready", (int)info->ready, "mode", info->mode, "version", info->version,
        "uptime_seconds", info->uptime_seconds, "state_version", (json_int_t)info->state_version,
        "documents", (json_int_t)info->documents, "state_bytes", (json_int_t)info->state_bytes,
        "generation", (json_int_t)(newest ? newest->generation : 0), "last_dump",
        mg_render_dump(dumps->last), "restored", mg_render_dump(dumps->restored), "collections",
        s_collections(info), "last_error", *dumps->last_error ? dumps->last_error : NULL,
        "autosave", "enabled", (int)info->autosave_enabled, "every_seconds",
        (int)info->autosave_seconds, "after_changes", (json_int_t)info->autosave_changes,
        "dumps_published", (json_int_t)dumps->published, "dumps_failed", (json_int_t)dumps->failed,
        "folder", dumps->folder, "restore_skipped", (int)dumps->restore_skipped, "dump_running",
        (int)dumps->running));
}

static void
s_print_dump(const char *what, const Mg__DumpInfo *dump)
{
    char created[MG_RFC3339_SIZE];
    char size[MG_RENDER_BYTES_SIZE];
    if (!dump) {
        (void)printf("%-12s none\n", what);
        return;
    }
    mg_clock_rfc3339(dump->created_ns, created);
    mg_render_bytes(dump->bytes, size);
    (void)printf("%-12s generation %llu of %s, %llu documents, %s, by %s (%s)%s\n             %s\n",
                 what, (unsigned long long)dump->generation, created,
                 (unsigned long long)dump->documents, size, mg_render_trigger(dump->trigger),
                 dump->requester, dump->verified ? ", verified" : "", dump->path);
}

/* What an operator wants to know first. */
static void
s_print_risk(const Mg__StatusInfo *info)
{
    char since[MG_RFC3339_SIZE];
    bool one = info->unsaved_changes == 1;
    mg_clock_rfc3339(info->unsaved_since_ns, since);
    if (info->unsaved_changes) {
        (void)printf("at risk      %llu change%s since %s: a crash now would lose %s\n",
                     (unsigned long long)info->unsaved_changes, one ? "" : "s", since,
                     one ? "it" : "them");
    } else {
        (void)printf("at risk      nothing: every change is in a dump\n");
    }
}

static void
s_print_text(const Mg__StatusInfo *info)
{
    const Mg__DumpStatus *dumps = info->dumps;
    char size[MG_RENDER_BYTES_SIZE];
    mg_render_bytes(info->state_bytes, size);
    s_print_risk(info);
    (void)printf("server       memgate %s, pid %u, up %.0f s, %s, mode %s\n", info->version,
                 info->pid, info->uptime_seconds, info->ready ? "ready" : "not ready", info->mode);
    (void)printf("state        %llu documents, %s, version %llu\n",
                 (unsigned long long)info->documents, size,
                 (unsigned long long)info->state_version);
    s_print_dump("last dump", dumps->last);
    s_print_dump("restored", dumps->restored);
    if (info->autosave_enabled) {
        (void)printf("autosave     every %u s", info->autosave_seconds);
        if (info->autosave_changes) {
            (void)printf(" and after %llu changes", (unsigned long long)info->autosave_changes);
        }
        (void)printf("\n");
    } else {
        (void)printf("autosave     off\n");
    }
    (void)printf("folder       %s\n", dumps->folder);
    if (dumps->restore_skipped) {
        (void)printf("WARNING      restored from an older dump: %u newer one%s could not be used, "
                     "see the log of the start\n",
                     dumps->restore_skipped, dumps->restore_skipped == 1 ? "" : "s");
    }
    if (*dumps->last_error) {
        (void)printf("last error   %s\n", dumps->last_error);
    }
    for (size_t i = 0; i < info->n_collections; i++) {
        (void)printf("  %-22s %llu\n", info->collections[i]->name,
                     (unsigned long long)info->collections[i]->documents);
    }
}

mg_exit_t
mg_command_status(int argc, char **argv)
{
    bool json = false;
    const mg_option_t options[] = {{"json", NULL, &json, "one JSON object"}, {0}};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&(mg_options_t){.usage = "memgate status [--json]", .options = options},
                         argc, argv, &code)) {
        return code;
    }
    Mg__ControlStatus status = MG__CONTROL_STATUS__INIT;
    Mg__ControlReply *reply = NULL;
    code = mg_client_ask_once(MG__CONTROL_REQUEST__BODY_STATUS, &status, &reply);
    if (code != MG_EXIT_OK) {
        return code;
    }
    if (json) {
        s_print_json(reply->info);
    } else {
        s_print_text(reply->info);
    }
    mg__control_reply__free_unpacked(reply, NULL);
    return MG_EXIT_OK;
}
