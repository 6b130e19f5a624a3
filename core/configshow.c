#include "core/configshow.h"

#include "core/configidle.h"
#include "core/configtable.h"

#include <inttypes.h>
#include <string.h>

static void
s_show_unit(uint32_t seconds, mg_buf_t *out)
{
    static const struct {
        uint32_t seconds;
        const char *name;
    } units[] = {
        {1, "seconds"}, {60, "minutes"}, {3600, "hours"}, {86400, "days"}, {604800, "weeks"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].seconds == seconds) {
            mg_buf_append_text(out, units[i].name);
        }
    }
}

static void
s_show_value(const mg_config_row_t *row, const void *field, mg_buf_t *out)
{
    switch (row->kind) {
    case MG_KIND_TEXT:
        mg_buf_append_text(out, *(const char *const *)field);
        break;
    case MG_KIND_SECRET:
        mg_buf_append_text(out, *(const char *const *)field ? "(set, not shown)" : "(not set)");
        break;
    case MG_KIND_U16:
        mg_buf_append_format(out, "%u", *(const uint16_t *)field);
        break;
    case MG_KIND_U32:
        mg_buf_append_format(out, "%" PRIu32, *(const uint32_t *)field);
        break;
    case MG_KIND_U64:
    case MG_KIND_SIZE:
        mg_buf_append_format(out, "%" PRIu64, *(const uint64_t *)field);
        break;
    case MG_KIND_SWITCH:
        mg_buf_append_text(out, *(const bool *)field ? "true" : "false");
        break;
    case MG_KIND_CHOICE:
        mg_buf_append_text(out, row->choices[*(const int *)field]);
        break;
    case MG_KIND_UNIT:
        s_show_unit(*(const uint32_t *)field, out);
        break;
    }
}

void
mg_config_show(const mg_config_t *config, mg_buf_t *out)
{
    for (size_t i = 0; mg_config_row(i); i++) {
        const mg_config_row_t *row = mg_config_row(i);
        mg_buf_append_format(out, "%s=", row->name);
        s_show_value(row, (const uint8_t *)config + row->at, out);
        mg_buf_append_byte(out, '\n');
    }
}

/* What a value may be: its choices, or its limits. */
static void
s_show_limits(const mg_config_row_t *row, mg_buf_t *out)
{
    bool is_number =
        row->kind == MG_KIND_U16 || row->kind == MG_KIND_U32 || row->kind == MG_KIND_U64;
    if (is_number && row->max < UINT64_MAX) {
        mg_buf_append_format(out, " (%" PRIu64 " to %" PRIu64 ")", row->min, row->max);
    }
    for (int i = 0; row->kind == MG_KIND_CHOICE && row->choices[i]; i++) {
        mg_buf_append_format(out, "%s`%s`", i ? ", " : " (", row->choices[i]);
    }
    if (row->kind == MG_KIND_CHOICE) {
        mg_buf_append_byte(out, ')');
    }
}

void
mg_config_markdown(mg_buf_t *out)
{
    mg_buf_append_text(out, "| variable | default | meaning |\n|---|---|---|\n");
    for (size_t i = 0; mg_config_row(i); i++) {
        const mg_config_row_t *row = mg_config_row(i);
        const char *quote = row->fallback ? "`" : "";
        mg_buf_append_format(out, "| `%s` | %s%s%s | %s", row->name, quote,
                             row->fallback ? row->fallback : "—", quote, row->help);
        s_show_limits(row, out);
        mg_buf_append_text(out, row->kind == MG_KIND_SECRET ? " — secret" : "");
        if (row->alias) {
            mg_buf_append_format(out, "; also `%s`", row->alias);
        }
        mg_buf_append_text(out, " |\n");
    }
    mg_buf_append_text(
        out, "\nSettings of Doorman that have no effect; a warning says so where one is set:\n\n"
             "| variable | why |\n|---|---|\n");
    for (size_t i = 0; mg_config_idle(i); i++) {
        mg_buf_append_format(out, "| `%s` | %s |\n", mg_config_idle(i)->name,
                             mg_config_idle(i)->reason);
    }
}
