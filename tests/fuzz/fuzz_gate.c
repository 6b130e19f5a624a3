/* Any bytes as a head, cut at line ends: the gate reads none beyond them, and what passes is framed in one way only. */
#include "gateway/gate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes up to `end` or the end of `rest`, which moves behind it. */
static mg_slice_t
s_take(mg_slice_t *rest, uint8_t end)
{
    const uint8_t *at = rest->len ? memchr(rest->data, end, rest->len) : NULL;
    mg_slice_t taken = mg_slice(rest->data, at ? (size_t)(at - rest->data) : rest->len);
    size_t skip = taken.len + (at ? 1 : 0);
    *rest = skip ? mg_slice(rest->data + skip, rest->len - skip) : (mg_slice_t){0};
    return taken;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static mg_header_t headers[MG_GATE_HEADERS_MAX + 1];
    mg_slice_t rest = mg_slice(data, size);
    mg_slice_t line = s_take(&rest, '\n');
    mg_head_t head = {.headers = headers};
    head.method = s_take(&line, ' ');
    head.target = s_take(&line, ' ');
    head.version = line;
    while (rest.len > 0 && head.header_count <= MG_GATE_HEADERS_MAX) {
        mg_header_t *header = &headers[head.header_count++];
        header->value = s_take(&rest, '\n');
        header->name = s_take(&header->value, ':');
    }
    mg_framing_t framing = {.length = 99};
    mg_gate_verdict_t verdict = mg_gate_check(&head, &framing);
    bool one_framing = !(framing.chunked && framing.has_length);
    if (verdict == MG_GATE_PASS ? !one_framing : framing.length != 99) {
        abort();
    }
    return 0;
}
