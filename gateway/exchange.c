#include "gateway/exchange.h"

#include "core/clock.h"
#include "core/log.h"
#include "gateway/dispatch.h"
#include "gateway/service.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* The record of a request's connection; NULL: there was no memory for it. */
static mg_connection_t *
s_connection(const mg_request_t *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void
s_enter(mg_request_t *request, mg_stage_t stage)
{
    mg_connection_t *connection = s_connection(request);
    if (connection) {
        mg_connection_enter(connection, stage, request->exchanges->now_ms);
        mg_connection_hold(connection, stage == MG_STAGE_IDLE ? NULL : request);
    }
}

/* --- sending --- */

/* The packed bytes are others than those of the ETag that the handler gave. */
static bool
s_mark_packed(mg_answer_t *answer)
{
    for (size_t i = 0; i < answer->header_count; i++) {
        mg_answer_header_t *header = &answer->headers[i];
        if (strcmp(header->name, "ETag") == 0) {
            char packed[MG_ETAG_TEXT];
            mg_etag_write_packed(header->value, packed);
            char *copy = strdup(packed);
            if (!copy) {
                return false;
            }
            free(header->value);
            header->value = copy;
        }
    }
    return true;
}

/* Packs the body if the client takes that and it is worth it; the answer stays as it is when it is not, or without memory. */
static bool
s_pack(mg_request_t *request)
{
    const mg_config_http_t *http = request->service->http;
    mg_answer_t *answer = &request->answer;
    mg_buf_t packed = {0};
    bool worth =
        request->exchanges->gzip && answer->content_type && answer->body.len > http->gzip_min_bytes;
    if (!worth || !mg_coding_takes_gzip(mg_request_header(request, MG_HEADER_ACCEPT_ENCODING)) ||
        mg_gzip_pack(request->exchanges->gzip, mg_buf_slice(&answer->body), &packed) != MG_OK ||
        !s_mark_packed(answer)) {
        mg_buf_free(&packed);
        return false;
    }
    mg_buf_free(&answer->body);
    answer->body = packed;
    return true;
}

enum { DIGITS_ROOM = 24 };

/* Lines of an answer, with the texts that are made for it. */
typedef struct answer_lines {
    mg_lines_t lines;
    char body_length[DIGITS_ROOM];
} answer_lines_t;

/* Decimal digits, written from the end of `room`; printf costs more than finding the document. */
static const char *
s_digits(size_t number, char room[DIGITS_ROOM])
{
    char *at = room + DIGITS_ROOM - 1;
    *at = 0;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return at;
}

/* What every answer with a body tells of it; `len` is that of the body as it was before it was packed. */
static void
s_describe_body(const mg_request_t *request, size_t len, bool packed, answer_lines_t *out)
{
    mg_lines_add(&out->lines, "X-Body-Length", s_digits(len, out->body_length));
    mg_lines_add(&out->lines, "Content-Type", request->answer.content_type);
    if (packed) {
        mg_lines_add(&out->lines, "Content-Encoding", "gzip");
    }
}

/* Pages of other origins may read answers of the platform API: gateway/cors.h. */
static void
s_add_cors(const mg_request_t *request, mg_lines_t *out)
{
    const mg_cors_t *cors = &request->exchanges->cors;
    mg_slice_t origin = mg_request_header(request, MG_HEADER_ORIGIN);
    bool allowed = origin.data && mg_cors_allows(cors, origin);
    mg_cors_header_t headers[MG_CORS_HEADERS_MAX];
    size_t count = mg_cors_headers(cors, allowed ? origin : (mg_slice_t){0},
                                   request->framing.method == MG_METHOD_OPTIONS, headers);
    for (size_t i = 0; i < count; i++) {
        mg_lines_add(out, headers[i].name, (const char *)headers[i].value.data);
    }
}

/* What a cache must tell apart: whether it was worth packing, and who asked. `len` as above. */
static void
s_add_vary(const mg_request_t *request, size_t len, mg_lines_t *out)
{
    static const char *const values[2][2] = {{NULL, "Origin"},
                                             {"Accept-Encoding", "Accept-Encoding, Origin"}};
    const mg_answer_t *answer = &request->answer;
    bool worth = answer->content_type && len > request->service->http->gzip_min_bytes;
    bool packable = request->exchanges->gzip && (worth || answer->status == MHD_HTTP_NOT_MODIFIED);
    const char *value = values[packable][mg_request_is_platform(request)];
    if (value) {
        mg_lines_add(out, "Vary", value);
    }
}

_Static_assert(MG_ANSWER_HEADERS_MAX + MG_CORS_HEADERS_MAX + 1 /* Connection */ + 1 /* Vary */ +
                       3 /* of the body */
                   <= MG_LINES_MAX,
               "no line of an answer is lost");

/* What a handler has added; an answer with a cookie is for one client alone. */
static void
s_add_own(const mg_answer_t *answer, mg_lines_t *out)
{
    out->private = answer->private;
    for (size_t i = 0; i < answer->header_count; i++) {
        const mg_answer_header_t *header = &answer->headers[i];
        mg_lines_add(out, header->name, header->value);
        out->private = out->private || strcmp(header->name, "Set-Cookie") == 0;
    }
}

/* Hands the answer to the library, which takes the body over. */
static enum MHD_Result
s_send(mg_request_t *request)
{
    mg_exchanges_t *self = request->exchanges;
    mg_answer_t *answer = &request->answer;
    answer_lines_t own = {0};
    if (!mg_answer_is_whole(answer)) {
        mg_answer_reset(answer);
        mg_reply_empty(answer, 500);
        answer->close = true;
    }
    size_t len = answer->body.len;
    bool packed = s_pack(request);
    s_add_own(answer, &own.lines);
    if (answer->close || self->stopping) {
        mg_lines_add(&own.lines, "Connection", "close");
    }
    if (mg_request_is_platform(request)) {
        s_add_cors(request, &own.lines);
    }
    s_add_vary(request, len, &own.lines);
    if (answer->content_type) {
        s_describe_body(request, len, packed, &own);
    }
    request->sent_bytes = answer->body.len;
    s_enter(request, MG_STAGE_ANSWER);
    const mg_sending_t how = {request->connection, answer->status, request->id};
    return mg_preparations_send(self->preparations, &own.lines, &answer->body, &how,
                                &request->held);
}

static enum MHD_Result
s_send_refusal(mg_request_t *request)
{
    request->dispatched = true;
    request->answer.close =
        true; /* where the next request begins is not certain, or not worth the reading */
    return s_send(request);
}

/* --- the head --- */

typedef struct head_reading {
    mg_header_t
        headers[MG_GATE_HEADERS_MAX + 1]; /* one more, so that the gate sees that it is too many */
    size_t count;
    mg_request_t *request;
} head_reading_t;

/* Spaces and tabs before a value: RFC 9110 section 5.5 allows any number. The library leaves the head where it was read, with a NUL for the
 * colon (0.9.75); a value that does not stand behind its name like that has none, and the gate misses its bytes. */
static size_t
s_blanks_before(const char *value, mg_slice_t name, size_t head_bytes)
{
    const char *first = (const char *)name.data + name.len + 1;
    const char *at = first;
    bool behind =
        (uintptr_t)value >= (uintptr_t)first && (uintptr_t)value - (uintptr_t)first < head_bytes;
    while (behind && at < value && (*at == ' ' || *at == '\t')) {
        at++;
    }
    return behind && at == value ? (size_t)(value - first) : 0;
}

static enum MHD_Result
// NOLINTNEXTLINE(readability-function-size): the library's signature
s_on_header(void *arg,
            enum MHD_ValueKind kind,
            const char *name,
            size_t name_len,
            const char *value,
            size_t value_len)
{
    (void)kind;
    head_reading_t *reading = arg;
    mg_request_t *request = reading->request;
    if (reading->count > MG_GATE_HEADERS_MAX) {
        return MHD_NO;
    }
    mg_header_t *header = &reading->headers[reading->count++];
    *header = (mg_header_t){.name = mg_slice(name, name_len),
                            .value = mg_slice(value ? value : "", value_len)};
    header->blanks =
        value ? s_blanks_before(value, header->name, request->service->http->head_bytes) : 0;
    mg_headers_note(&request->headers, header->name, header->value);
    return MHD_YES;
}

static size_t
s_head_size(const mg_request_t *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info ? info->header_size : 0;
}

static mg_gate_verdict_t
s_check_head(mg_request_t *request, const char *method, const char *version)
{
    head_reading_t reading; /* large: only what was read is looked at */
    reading.count = 0;
    reading.request = request;
    (void)MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, s_on_header, &reading);
    const mg_head_t head = {.method = mg_slice_text(method),
                            .target = mg_buf_slice(&request->target),
                            .version = mg_slice_text(version),
                            .headers = reading.headers,
                            .header_count = reading.count,
                            .size = s_head_size(request)};
    return mg_gate_check(&head, &request->framing);
}

static void
s_read_origin(mg_request_t *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || mg_address_of_socket(info->client_addr, &request->origin.peer) != MG_OK) {
        request->origin.peer = (mg_address_t){0}; /* matches no range but 0.0.0.0-like ones */
    }
    request->origin.forwarded_for = mg_request_header(request, MG_HEADER_X_FORWARDED_FOR);
    request->origin.real_ip = mg_request_header(request, MG_HEADER_X_REAL_IP);
    request->origin.connecting_ip = mg_request_header(request, MG_HEADER_CF_CONNECTING_IP);
}

static void
s_read_id(mg_request_t *request)
{
    mg_slice_t wanted = mg_request_header(request, MG_HEADER_X_REQUEST_ID);
    mg_requestid_choose(&request->exchanges->ids,
                        wanted.data ? wanted : mg_request_header(request, MG_HEADER_REQUEST_ID),
                        request->id);
}

/* The head is complete, no byte of the body has been read. */
static enum MHD_Result
s_on_head(mg_request_t *request, const char *method, const char *version)
{
    mg_gate_verdict_t verdict = s_check_head(request, method, version);
    s_read_id(request);
    if (verdict != MG_GATE_PASS) {
        mg_reply_detail(&request->answer, 400, mg_gate_text(verdict));
        return s_send_refusal(request);
    }
    mg_dispatch_route(request);
    if (request->framing.length > request->body_max) {
        mg_request_refuse(request, MG_ERROR_BODY_TOO_BIG);
        return s_send_refusal(request);
    }
    request->admitted = request->service->phase == MG_PHASE_READY;
    s_read_origin(request);
    s_enter(request, MG_STAGE_BODY);
    return MHD_YES;
}

/* --- the body --- */

static enum MHD_Result
s_on_body(mg_request_t *request, const char *data, size_t len)
{
    mg_exchanges_t *self = request->exchanges;
    uint64_t size = request->body.len + len;
    mg_connection_t *connection = s_connection(request);
    if (connection) {
        mg_connection_advance(connection, len);
    }
    request->crowded = request->crowded || self->body_bytes + len > MG_EXCHANGE_BODIES_MAX;
    request->too_big = request->too_big || size > request->body_max;
    if (request->too_big || request->crowded) {
        request->dropped +=
            len; /* the rest is read and dropped, so that the client reads its answer; within reason */
        return request->dropped <= MG_EXCHANGE_DROPPED_MAX ? MHD_YES : MHD_NO;
    }
    mg_buf_append(&request->body, data, len);
    self->body_bytes += len;
    return mg_buf_ok(&request->body) ? MHD_YES : MHD_NO;
}

/* --- one request, as the library reports it --- */

/* The request line is there: the first that is known of a request. The result becomes its context. */
void *
mg_exchange_begin(void *arg, const char *uri, struct MHD_Connection *connection)
{
    mg_exchanges_t *self = arg;
    mg_request_t *request = calloc(1, sizeof *request);
    if (!request) {
        return NULL;
    }
    request->service = self->service;
    request->exchanges = self;
    request->connection = connection;
    request->begun_ns = mg_clock_mono_ns();
    request->answer.strict = self->service->http->strict_envelope;
    mg_buf_append_text(&request->target, uri);
    s_enter(request, MG_STAGE_HEAD);
    return request;
}

enum MHD_Result
// NOLINTNEXTLINE(readability-function-size): the library's signature
mg_exchange_continue(void *arg,
                     struct MHD_Connection *connection,
                     const char *url,
                     const char *method,
                     const char *version,
                     const char *upload,
                     size_t *upload_len,
                     void **context)
{
    (void)arg;
    (void)connection;
    (void)url;
    mg_request_t *request = *context;
    if (!request) {
        return MHD_NO;
    }
    if (!request->gated) {
        request->gated = true;
        request->exchanges->owed++;
        return s_on_head(request, method, version);
    }
    if (*upload_len > 0) {
        size_t len = *upload_len;
        *upload_len = 0;
        return s_on_body(request, upload, len);
    }
    if (!request->dispatched) {
        request->dispatched = true;
        if (request->too_big || request->crowded) {
            mg_request_refuse(request, request->too_big ? MG_ERROR_BODY_TOO_BIG : MG_ERROR_BUSY);
            return s_send_refusal(request);
        }
        mg_dispatch(request);
    }
    if (request->ticket == MG_TICKET_NONE) {
        return s_send(request);
    }
    MHD_suspend_connection(request->connection);
    request->suspended = true;
    s_enter(request, MG_STAGE_WAITING);
    return MHD_YES;
}

void
mg_exchange_finish(mg_request_t *request)
{
    if (request->suspended) {
        request->suspended = false;
        MHD_resume_connection(
            request->connection); /* the library then calls mg_exchange_continue, which sends */
    }
}

/* One line for each n-th request, and for each that failed through our fault; never what was sent or answered. */
static void
s_log_access(const mg_request_t *request, int64_t took_us)
{
    mg_exchanges_t *self = request->exchanges;
    uint32_t every = request->service->http->access_log_every;
    bool is_chosen = every != 0 && ++self->unlogged >= every;
    if (!is_chosen && request->answer.status < 500) {
        return;
    }
    self->unlogged = is_chosen ? 0 : self->unlogged;
    char peer[MG_ADDRESS_TEXT];
    mg_address_write(&request->origin.peer, peer);
    mg_log(MG_LOG_INFO, "http_request",
           "method=%s route=%s status=%u took_us=%" PRId64 " bytes=%zu user=%s peer=%s request=%s",
           mg_method_name(request->framing.method),
           request->match.route ? request->match.route->pattern : "-", request->answer.status,
           took_us, request->sent_bytes, request->caller.known ? request->caller.claims.sub : "-",
           peer, request->id);
}

void
mg_exchange_end(void *arg,
                struct MHD_Connection *connection,
                void **context,
                enum MHD_RequestTerminationCode why)
{
    (void)connection;
    (void)why;
    mg_exchanges_t *self = arg;
    mg_request_t *request = *context;
    if (!request) {
        return;
    }
    *context = NULL;
    int64_t took_us = (mg_clock_mono_ns() - request->begun_ns) / 1000;
    if (request->answer.status != 0) {
        mg_metrics_count(self->service->metrics, request->match.route, request->framing.method,
                         request->answer.status, took_us);
        mg_observe(self->service->observer, request, took_us);
        s_log_access(request, took_us);
    }
    if (request->ticket != MG_TICKET_NONE) {
        (void)mg_slots_take(self->service->slots, request->ticket);
    }
    mg_prepared_give_back(&request->held);
    s_enter(request, MG_STAGE_IDLE);
    self->owed -= request->gated;
    self->body_bytes -= request->body.len;
    mg_request_clear(request);
    free(request);
}
