#include "cli/client.h"

#include "actors/control.h"
#include "cli/settings.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CONNECT_MS = 3000, /* tcp: how long until a server has to answer the handshake */
    HWM = 256
};

struct mg_client {
    zsock_t *sock;
    mg_config_t config;
    mg_buf_t endpoint;
    char requester[64];
};

void
mg_client_close(mg_client_t **self_p)
{
    mg_client_t *self = *self_p;
    if (self) {
        zsock_destroy(&self->sock);
        mg_config_destroy(&self->config);
        mg_buf_free(&self->endpoint);
        free(self);
        *self_p = NULL;
    }
}

static bool
s_is_ipc(const char *endpoint)
{
    return strncmp(endpoint, "ipc://", 6) == 0;
}

/* An ipc path tells at once whether somebody serves it. */
static bool
s_nobody_there(const char *endpoint)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", endpoint + 6);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool nobody = fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return nobody;
}

static bool
s_secure(const mg_client_t *self, zsock_t *sock)
{
    const mg_config_t *config = &self->config;
    char public_key[41];
    if (s_is_ipc((const char *)self->endpoint.data)) {
        return true;
    }
    bool keys = config->control_server && config->control_client_secret &&
                zmq_curve_public(public_key, config->control_client_secret) == 0;
    if (keys) {
        zsock_set_curve_serverkey(sock, config->control_server);
        zsock_set_curve_publickey(sock, public_key);
        zsock_set_curve_secretkey(sock, config->control_client_secret);
    }
    return keys;
}

static mg_exit_t
s_fail(const char *endpoint, const char *sentence, mg_exit_t code)
{
    (void)fprintf(stderr, "memgate: %s (%s)\n", sentence, endpoint);
    return code;
}

static mg_exit_t
s_connect(mg_client_t *self)
{
    mg_status_t found = mg_config_control_endpoint(&self->config, &self->endpoint);
    if (found != MG_OK) {
        return s_fail(
            mg_buf_text(&self->endpoint),
            found == MG_ERR_TOO_BIG
                ? "the path of the control socket exceeds 107 bytes; set MEMGATE_CONTROL to "
                  "a shorter one"
                : "the folder of the control socket can not be made, or is not yours alone "
                  "(mode 0700); set XDG_RUNTIME_DIR or MEMGATE_CONTROL",
            MG_EXIT_CONFIG);
    }
    const char *endpoint = mg_buf_text(&self->endpoint);
    if (s_is_ipc(endpoint) && s_nobody_there(endpoint)) {
        return s_fail(endpoint,
                      "no server at the control socket; is `memgate serve` running with the same "
                      "PORT and user?",
                      MG_EXIT_UNAVAILABLE);
    }
    self->sock = zsock_new(ZMQ_DEALER);
    if (!self->sock || !s_secure(self, self->sock)) {
        return s_fail(endpoint,
                      "a control socket on tcp needs MEMGATE_CONTROL_SERVER and "
                      "MEMGATE_CONTROL_CLIENT_SECRET",
                      MG_EXIT_CONFIG);
    }
    zsock_set_linger(self->sock, 0);
    zsock_set_sndhwm(self->sock, HWM);
    if (!s_is_ipc(endpoint)) {
        zsock_set_immediate(self->sock, 1);
        zsock_set_sndtimeo(self->sock, CONNECT_MS);
    }
    return zsock_connect(self->sock, "%s", endpoint) == 0
               ? MG_EXIT_OK
               : s_fail(endpoint, "this is no endpoint to connect to", MG_EXIT_CONFIG);
}

mg_exit_t
mg_client_open(mg_client_t **out)
{
    mg_client_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_EXIT_NO_MEMORY;
    }
    zsys_handler_set(NULL);
    (void)snprintf(self->requester, sizeof self->requester, "cli uid=%u pid=%d", (unsigned)getuid(),
                   (int)getpid());
    mg_exit_t code = mg_settings_read(&self->config);
    if (code == MG_EXIT_OK) {
        code = s_connect(self);
    }
    if (code == MG_EXIT_OK) {
        *out = self;
    } else {
        mg_client_close(&self);
    }
    return code;
}

mg_exit_t
mg_client_send(mg_client_t *self, Mg__ControlRequest *request, uint64_t id)
{
    request->id = id;
    request->requester = self->requester;
    size_t len = mg__control_request__get_packed_size(request);
    if (len > MG_CONTROL_REQUEST_MAX) { /* the server would hang up without an answer */
        return s_fail(
            mg_buf_text(&self->endpoint),
            "the request exceeds 32 MiB, the most that a server takes; ask for less at once",
            MG_EXIT_DAMAGED);
    }
    zframe_t *frame = zframe_new(NULL, len);
    if (!frame) {
        return MG_EXIT_NO_MEMORY;
    }
    (void)mg__control_request__pack(request, zframe_data(frame));
    if (zframe_send(&frame, self->sock, 0) == -1) {
        zframe_destroy(&frame);
        return s_fail(mg_buf_text(&self->endpoint), "no server answers at the control socket",
                      MG_EXIT_UNAVAILABLE);
    }
    return MG_EXIT_OK;
}

/* Waits for a message, and notices when the server goes away meanwhile. */
static bool
s_wait(mg_client_t *self)
{
    const char *endpoint = mg_buf_text(&self->endpoint);
    zmq_pollitem_t item = {.socket = zsock_resolve(self->sock), .events = ZMQ_POLLIN};
    while (zmq_poll(&item, 1, 500) == 0) {
        if (s_is_ipc(endpoint) && s_nobody_there(endpoint)) {
            return zmq_poll(&item, 1, 0) > 0;
        }
    }
    return true;
}

mg_exit_t
mg_client_receive(mg_client_t *self, Mg__ControlReply **out)
{
    zframe_t *frame = s_wait(self) ? zframe_recv(self->sock) : NULL;
    if (!frame) {
        return s_fail(
            mg_buf_text(&self->endpoint),
            "the server went away before it answered; whether it did what was asked is not known",
            MG_EXIT_UNAVAILABLE);
    }
    *out = mg__control_reply__unpack(NULL, zframe_size(frame), zframe_data(frame));
    zframe_destroy(&frame);
    return *out ? MG_EXIT_OK
                : s_fail(mg_buf_text(&self->endpoint),
                         "the answer is not a ControlReply; is the server of another version?",
                         MG_EXIT_UNAVAILABLE);
}

mg_exit_t
mg_client_ask(mg_client_t *self,
              Mg__ControlRequest__BodyCase body_case,
              void *body,
              Mg__ControlReply **out)
{
    Mg__ControlReply *reply = NULL;
    Mg__ControlRequest request = MG__CONTROL_REQUEST__INIT;
    request.body_case = body_case;
    request.status = body; /* all members of the oneof are pointers at one place */
    mg_exit_t code = mg_client_send(self, &request, 1);
    if (code == MG_EXIT_OK) {
        code = mg_client_receive(self, &reply);
    }
    if (code == MG_EXIT_OK && reply->status != MG__CONTROL_REPLY__STATUS__OK) {
        (void)fprintf(stderr, "memgate: %s\n", reply->text);
        code = (mg_exit_t)reply->exit_code;
        mg__control_reply__free_unpacked(reply, NULL);
        return code;
    }
    if (code == MG_EXIT_OK) {
        *out = reply;
    }
    return code;
}

mg_exit_t
mg_client_ask_once(Mg__ControlRequest__BodyCase body_case, void *body, Mg__ControlReply **out)
{
    mg_client_t *client = NULL;
    mg_exit_t code = mg_client_open(&client);
    if (code == MG_EXIT_OK) {
        code = mg_client_ask(client, body_case, body, out);
        mg_client_close(&client);
    }
    return code;
}

mg_exit_t
mg_client_subscribe(mg_client_t *self, zsock_t **out)
{
    mg_buf_t endpoint = {0};
    mg_exit_t code = MG_EXIT_OK;
    mg_control_events_endpoint(mg_buf_text(&self->endpoint), &endpoint);
    zsock_t *sock = zsock_new(ZMQ_SUB);
    if (!sock || !s_secure(self, sock)) {
        code = MG_EXIT_NO_MEMORY;
    } else {
        zsock_set_linger(sock, 0);
        zsock_set_subscribe(sock, "");
        if (zsock_connect(sock, "%s", mg_buf_text(&endpoint)) != 0) {
            code =
                s_fail(mg_buf_text(&endpoint), "this is no endpoint to connect to", MG_EXIT_CONFIG);
        }
    }
    mg_buf_free(&endpoint);
    if (code != MG_EXIT_OK) {
        zsock_destroy(&sock);
        return code;
    }
    *out = sock;
    return MG_EXIT_OK;
}

bool
mg_client_is_gone(const mg_client_t *self)
{
    const char *endpoint = (const char *)self->endpoint.data; /* it was a C string in s_connect */
    return s_is_ipc(endpoint) && s_nobody_there(endpoint);
}

const mg_config_t *
mg_client_config(const mg_client_t *self)
{
    return &self->config;
}

void
mg_client_file(const char *file, mg_buf_t *out)
{
    char *absolute = file[0] == '/' ? NULL : realpath(file, NULL);
    mg_buf_append_text(out, absolute ? absolute : file);
    free(absolute);
}
