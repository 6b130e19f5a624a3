#include "support/world.h"

#include "actors/hasher.h"
#include "actors/state.h"
#include "core/document.h"
#include "core/seed.h"
#include "gateway/gateway.h"
#include "messages/state.pb-c.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 20000, ANSWER_MAX = 4 << 20 };

static _Atomic uint64_t s_version; /* what main would own */

/* --- the world --- */

void
test_world_prepare(test_world_t *self)
{
    *self = (test_world_t){.hasher_actor = &mg_hasher_actor};
    self->config.http = (mg_config_http_t){.host = "127.0.0.1",
                                           .connections_max = 200,
                                           .body_max_bytes = 64 << 10,
                                           .page_size_max = 200,
                                           .access_seconds = 1800,
                                           .refresh_seconds = 604800,
                                           .login_limit = 1000,
                                           .login_window_seconds = 300,
                                           .register_limit = 1000,
                                           .register_window_seconds = 3600,
                                           .head_bytes = 24576,
                                           .head_seconds = 10,
                                           .idle_seconds = 75,
                                           .transfer_seconds = 10,
                                           .transfer_rate = 1000,
                                           .local_host_bypass = true,
                                           .metrics_enabled = true};
    self->config.dump = (mg_config_dump_t){.path_hint = "/dumps/memory_dump.bin"};
    self->config.autosave = (mg_config_autosave_t){.every_seconds = 900};
    self->config.admin_email = TEST_ADMIN_EMAIL;
    self->config.admin_password = TEST_ADMIN_PASSWORD;
}

/* Hands a freshly seeded store to the state actor. */
static void
s_seed(const test_world_t *self)
{
    mg_store_t *store = mg_store_new();
    bool changed = false;
    CHECK_OK(mg_seed_align(store, &self->config, mg_clock_wall_ns(), &changed));
    assert_true(changed);
    mg_link_t *link = mg_state_link_new(4);
    Mg__Swap swap = MG__SWAP__INIT;
    swap.store = mg_storeref_send(&store);
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_SWAP;
    request.swap = &swap;
    Mg__StateReply *reply = (Mg__StateReply *)test_ask(link, &request.base, WAIT_MS);
    CHECK_OK((mg_status_t)reply->status);
    mg__state_reply__free_unpacked(reply, NULL);
    mg_link_destroy(&link);
}

void
test_world_start(test_world_t *self)
{
    s_version = 0;
    const mg_state_args_t state_args = {.version = &s_version};
    CHECK_OK(mg_actor_start(&mg_state_actor, &state_args, &self->state));
    CHECK_OK(mg_actor_start(self->hasher_actor, NULL, &self->hasher));
    CHECK_OK(mg_actor_start(&test_fakes_actor, NULL, &self->fakes));
    s_seed(self);
    const mg_gateway_args_t args = {&self->config.http, &self->config.dump, &s_version};
    CHECK_OK(mg_actor_start(&mg_gateway_actor, &args, &self->gateway));
    self->link = mg_link_new(&(mg_link_options_t){
        .endpoint = MG_BUS_GATEWAY, .schema = &mg__gateway_reply__descriptor, .window = 4});
    assert_non_null(self->link);
    (void)test_world_phase(self, MG__SET_PHASE__PHASE__STARTING, 0);
}

void
test_world_open(test_world_t *self)
{
    test_world_prepare(self);
    test_world_start(self);
    (void)test_world_phase(self, MG__SET_PHASE__PHASE__READY, 0);
}

void
test_world_stop(test_world_t *self)
{
    mg_link_destroy(&self->link);
    mg_actor_stop(&self->gateway);
    mg_actor_stop(&self->fakes);
    mg_actor_stop(&self->hasher);
    mg_actor_stop(&self->state);
}

static void
s_begin_phase(const test_world_t *self,
              Mg__SetPhase__Phase phase,
              int64_t drain_ms,
              test_answer_t *answer)
{
    Mg__SetPhase set = MG__SET_PHASE__INIT;
    set.phase = phase;
    set.drain_ms = drain_ms;
    Mg__GatewayRequest request = MG__GATEWAY_REQUEST__INIT;
    request.body_case = MG__GATEWAY_REQUEST__BODY_SET_PHASE;
    request.set_phase = &set;
    test_ask_begin(self->link, &request.base, WAIT_MS, answer);
}

static uint32_t
s_end_phase(test_world_t *self, test_answer_t *answer)
{
    Mg__GatewayReply *reply = (Mg__GatewayReply *)test_ask_end(self->link, answer);
    assert_non_null(reply);
    self->port = (uint16_t)reply->port;
    uint32_t unanswered = reply->unanswered;
    mg__gateway_reply__free_unpacked(reply, NULL);
    return unanswered;
}

uint32_t
test_world_phase(test_world_t *self, Mg__SetPhase__Phase phase, int64_t drain_ms)
{
    test_answer_t answer = {0};
    s_begin_phase(self, phase, drain_ms, &answer);
    return s_end_phase(self, &answer);
}

void
test_world_begin_stopping(const test_world_t *self, int64_t drain_ms, test_answer_t *answer)
{
    s_begin_phase(self, MG__SET_PHASE__PHASE__STOPPING, drain_ms, answer);
}

bool
test_world_has_stopped(const test_world_t *self, const test_answer_t *answer)
{
    mg_link_receive(self->link);
    return answer->done;
}

uint32_t
test_world_end_stopping(test_world_t *self, test_answer_t *answer)
{
    return s_end_phase(self, answer);
}

void
test_world_swap(test_world_t *self)
{
    s_seed(self);
}

void
test_world_put(const char *collection, const bson_t *document)
{
    test_world_put_until(collection, document, 0);
}

void
test_world_put_until(const char *collection, const bson_t *document, int64_t expires_ns)
{
    mg_link_t *link = mg_state_link_new(4);
    Mg__Op op = MG__OP__INIT;
    op.collection = mg_bus_bytes(mg_slice_text(collection));
    op.body = mg_bus_bytes(mg_document_slice(document));
    op.expires_ns = expires_ns;
    Mg__Op *ops[] = {&op};
    Mg__Write write = MG__WRITE__INIT;
    write.n_ops = 1;
    write.ops = ops;
    Mg__StateRequest request = MG__STATE_REQUEST__INIT;
    request.body_case = MG__STATE_REQUEST__BODY_WRITE;
    request.write = &write;
    Mg__StateReply *reply = (Mg__StateReply *)test_ask(link, &request.base, WAIT_MS);
    CHECK_OK((mg_status_t)reply->status);
    mg__state_reply__free_unpacked(reply, NULL);
    mg_link_destroy(&link);
}

/* --- HTTP --- */

int
test_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

void
test_send(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the server has answered and closed already */
        }
        bytes += sent;
        len -= (size_t)sent;
    }
}

/* The end of the head in what was read so far; 0: not there yet. */
static size_t
s_head_len(const char *bytes)
{
    const char *end = strstr(bytes, "\r\n\r\n");
    return end ? (size_t)(end - bytes) + 4 : 0;
}

static size_t
s_content_length(const char *bytes)
{
    const char *at = strcasestr(bytes, "\r\nContent-Length:");
    return at ? strtoul(at + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

/* Reads until `enough` is there or the peer closes; false when it closed. */
static bool
s_read_more(int fd, char *bytes, size_t *len)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    assert_true(poll(&item, 1, WAIT_MS) > 0);
    ssize_t got = recv(fd, bytes + *len, ANSWER_MAX - 1 - *len, 0);
    if (got <= 0) {
        return false;
    }
    *len += (size_t)got;
    bytes[*len] = 0;
    return true;
}

void
test_receive(int fd, bool no_body, test_response_t *out)
{
    *out = (test_response_t){0};
    char *bytes = calloc(1, ANSWER_MAX);
    size_t len = 0;
    bool open = true;
    while (open && s_head_len(bytes) == 0) {
        open = s_read_more(fd, bytes, &len);
    }
    size_t head_len = s_head_len(bytes);
    if (head_len > 0) {
        size_t whole = head_len + (no_body ? 0 : s_content_length(bytes));
        while (open && len < whole) {
            open = s_read_more(fd, bytes, &len);
        }
        out->status = (unsigned)strtoul(bytes + strlen("HTTP/1.1 "), NULL, 10);
        out->head = strndup(bytes, head_len);
        out->body = strndup(bytes + head_len, whole - head_len);
    }
    const char *connection = head_len ? test_header(out, "Connection") : NULL;
    if (connection && strcasecmp(connection, "close") == 0) {
        char rest[64];
        out->closed = recv(fd, rest, sizeof rest, 0) <= 0;
    }
    free(bytes);
}

void
test_response_free(test_response_t *self)
{
    free(self->head);
    free(self->body);
    *self = (test_response_t){0};
}

const char *
test_header(const test_response_t *self, const char *name)
{
    static char value[8192];
    char needle[128];
    (void)snprintf(needle, sizeof needle, "\r\n%s: ", name);
    const char *at = self->head ? strcasestr(self->head, needle) : NULL;
    if (!at) {
        return NULL;
    }
    at += strlen(needle);
    (void)snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\r"), at);
    return value;
}

void
test_raw(uint16_t port, const char *bytes, test_response_t *out)
{
    int fd = test_connect(port);
    test_send(fd, bytes, strlen(bytes));
    test_receive(fd, false, out);
    (void)close(fd);
}

void
test_call(const test_world_t *self,
          const char *line,
          const char *token,
          const char *body,
          test_response_t *out)
{
    mg_buf_t bytes = {0};
    mg_buf_append_format(&bytes, "%s HTTP/1.1\r\nHost: 127.0.0.1\r\n", line);
    if (token) {
        mg_buf_append_format(&bytes, "Authorization: Bearer %s\r\n", token);
    }
    if (body) {
        mg_buf_append_format(&bytes, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                             strlen(body));
    }
    mg_buf_append_format(&bytes, "\r\n%s", body ? body : "");
    int fd = test_connect(self->port);
    test_send(fd, (const char *)bytes.data, bytes.len);
    test_receive(fd, strncmp(line, "HEAD ", 5) == 0, out);
    (void)close(fd);
    mg_buf_free(&bytes);
}

void
test_expect(const test_world_t *self,
            const char *line,
            const char *token,
            const char *body,
            const char *expected)
{
    test_response_t response;
    test_call(self, line, token, body, &response);
    unsigned status = (unsigned)strtoul(expected, NULL, 10);
    const char *part = strchr(expected, ' ');
    bool found = !part || (response.body && strstr(response.body, part + 1));
    if (response.status != status || !found) {
        print_error("%s: expected %s, got %u %s\n", line, expected, response.status, response.body);
    }
    assert_int_equal(response.status, status);
    assert_true(found);
    test_response_free(&response);
}

char *
test_login(const test_world_t *self, const char *login, const char *password)
{
    char body[512];
    (void)snprintf(body, sizeof body, "{\"email\":\"%s\",\"password\":\"%s\"}", login, password);
    test_response_t response;
    test_call(self, "POST /platform/authorization", NULL, body, &response);
    assert_int_equal(response.status, 200);
    static const char key[] = "\"access_token\":\"";
    const char *at = strstr(response.body, key);
    assert_non_null(at);
    at += sizeof key - 1;
    char *token = strndup(at, strcspn(at, "\""));
    test_response_free(&response);
    return token;
}
