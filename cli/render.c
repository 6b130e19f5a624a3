#include "cli/render.h"

#include "core/dumpheader.h"

#include <stdlib.h>

const char *
mg_render_trigger(Mg__Trigger trigger)
{
    return mg_trigger_name((uint8_t)trigger);
}

json_t *
mg_render_dump(const Mg__DumpInfo *dump)
{
    if (!dump) {
        return json_null();
    }
    char created[MG_RFC3339_SIZE];
    mg_clock_rfc3339(dump->created_ns, created);
    return json_pack(
        "{s:s, s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:f, s:f, s:b, s:s*, s:s*, s:s*, s:i}", "path",
        dump->path, "generation", (json_int_t)dump->generation, "state_version",
        (json_int_t)dump->version, "created_at", created, "trigger",
        mg_render_trigger(dump->trigger), "requester", dump->requester, "documents",
        (json_int_t)dump->documents, "bytes", (json_int_t)dump->bytes, "seconds", dump->seconds,
        "view_us", dump->view_us, "verified", (int)dump->verified, "outcome",
        *dump->outcome ? dump->outcome : NULL, "key_id", *dump->key_id ? dump->key_id : NULL,
        "chain", *dump->chain ? dump->chain : NULL, "timeline", (int)dump->timeline);
}

void
mg_render_print(json_t *object)
{
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER |
                                                 JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9))
                        : NULL;
    (void)printf("%s\n", text ? text : "null");
    free(text);
    json_decref(object);
}

void
mg_render_bytes(uint64_t bytes, char out[MG_RENDER_BYTES_SIZE])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(out, MG_RENDER_BYTES_SIZE, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}
