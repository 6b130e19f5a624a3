#include "cli/settings.h"

#include <stdio.h>

mg_exit_t
mg_settings_read(mg_config_t *out)
{
    mg_buf_t problems = {0};
    mg_buf_t warnings = {0};
    mg_exit_t code = MG_EXIT_OK;
    if (mg_config_read(out, false, &problems, &warnings) != MG_OK) {
        (void)fprintf(stderr, "memgate: %s", mg_buf_text(&problems));
        code = MG_EXIT_CONFIG;
    }
    mg_buf_free(&problems);
    mg_buf_free(&warnings);
    return code;
}
