/* memgate autosave, memgate shutdown - two switches of a running server. */
#include "actors/autosave.h"

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/render.h"

/* NULL, or what is wrong with the arguments. */
static const char *
s_read_wish(const char *word, const char *every, Mg__ControlAutosave *wish)
{
    uint32_t seconds = 0;
    wish->set = *word != 0;
    wish->enabled = strcmp(word, "on") == 0;
    if (wish->set && !wish->enabled && strcmp(word, "off") != 0) {
        return "autosave is switched \"on\" or \"off\"; without either it is shown";
    }
    if (every && !wish->enabled) {
        return "--every goes with \"on\": memgate autosave on --every SECONDS";
    }
    if (every && (!mg_options_number(every, &seconds) || seconds == 0 ||
                  seconds > MG_AUTOSAVE_SECONDS_MAX)) {
        return "--every takes a whole number of seconds from 1 to 31536000";
    }
    wish->every_seconds = seconds;
    return NULL;
}

mg_exit_t
mg_command_autosave(int argc, char **argv)
{
    bool json = false;
    const char *word = "";
    const char *every = NULL;
    const mg_option_t options[] = {{"json", NULL, &json, "one JSON object"},
                                   {"every", &every, NULL, "seconds between two dumps"},
                                   {0}};
    mg_options_t table = {.usage = "memgate autosave [--json] [on [--every SECONDS] | off]",
                          .options = options,
                          .files_max = 1,
                          .files = &word};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    Mg__ControlAutosave wish = MG__CONTROL_AUTOSAVE__INIT;
    const char *wrong = s_read_wish(word, every, &wish);
    if (wrong) {
        (void)fprintf(stderr, "memgate: %s.\n", wrong);
        return MG_EXIT_USAGE;
    }
    Mg__ControlReply *reply = NULL;
    code = mg_client_ask_once(MG__CONTROL_REQUEST__BODY_AUTOSAVE, &wish, &reply);
    if (code != MG_EXIT_OK) {
        return code;
    }
    const Mg__AutosaveInfo *info = reply->autosave;
    if (json) {
        mg_render_print(json_pack("{s:b, s:i, s:I}", "enabled", (int)info->enabled, "every_seconds",
                                  (int)info->every_seconds, "after_changes",
                                  (json_int_t)info->after_changes));
    } else {
        (void)printf("autosave is %s, every %u s\n", info->enabled ? "on" : "off",
                     info->every_seconds);
    }
    mg__control_reply__free_unpacked(reply, NULL);
    return MG_EXIT_OK;
}

mg_exit_t
mg_command_shutdown(int argc, char **argv)
{
    const mg_option_t options[] = {{0}};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&(mg_options_t){.usage = "memgate shutdown", .options = options}, argc,
                         argv, &code)) {
        return code;
    }
    Mg__ControlShutdown shutdown = MG__CONTROL_SHUTDOWN__INIT;
    Mg__ControlReply *reply = NULL;
    code = mg_client_ask_once(MG__CONTROL_REQUEST__BODY_SHUTDOWN, &shutdown, &reply);
    if (code == MG_EXIT_OK) {
        (void)fprintf(stderr, "memgate: the server writes its last dump and ends\n");
        mg__control_reply__free_unpacked(reply, NULL);
    }
    return code;
}
