#include "actors/control_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void
mg_control_events_endpoint(const char *endpoint, mg_buf_t *out)
{
    const char *colon = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://", 6) == 0 && colon) {
        mg_buf_append_format(out, "%.*s:%ld", (int)(colon - endpoint), endpoint,
                             strtol(colon + 1, NULL, 10) + 1);
    } else {
        mg_buf_append_format(out, "%s.events", endpoint);
    }
}

/* tcp is served under CURVE only, to the listed keys only. */
static mg_status_t
s_start_auth(mg_control_t *self, const mg_control_args_t *args)
{
    zcertstore_t *store = zcertstore_new(NULL);
    char *keys = strdup(args->client_keys);
    mg_status_t status = store && keys ? MG_OK : MG_ERR_NO_MEMORY;
    char *rest = NULL;
    for (char *key = keys ? strtok_r(keys, " ,\n\t", &rest) : NULL; key;
         key = strtok_r(NULL, " ,\n\t", &rest)) {
        uint8_t bytes[32];
        if (strlen(key) != 40 || !zmq_z85_decode(bytes, key)) {
            status = MG_ERR_INVALID;
            break;
        }
        const uint8_t no_secret[32] = {0};
        zcert_t *cert = zcert_new_from(bytes, no_secret);
        zcertstore_insert(store, &cert);
    }
    free(keys);
    self->auth = status == MG_OK ? zactor_new(zauth, store) : NULL; /* owns the store from here */
    if (!self->auth) {
        zcertstore_destroy(&store);
    }
    return status == MG_OK && !self->auth ? MG_ERR_NO_MEMORY : status;
}

static mg_status_t
s_bind(zsock_t *sock, const char *endpoint, const mg_control_args_t *args)
{
    zsock_set_linger(sock, 1000); /* the last replies still reach their peers */
    zsock_set_maxmsgsize(sock, MG_CONTROL_REQUEST_MAX + 4096);
    if (args->secret_key) {
        zsock_set_zap_domain(sock, "memgate");
        zsock_set_curve_server(sock, 1);
        zsock_set_curve_secretkey(sock, args->secret_key);
    }
    if (zsock_bind(sock, "%s", endpoint) == -1) {
        return errno == EADDRINUSE ? MG_ERR_EXISTS : MG_ERR_INVALID;
    }
    if (strncmp(endpoint, "ipc://", 6) == 0 && endpoint[6] != '@' &&
        chmod(endpoint + 6, 0600) == -1) {
        return MG_ERR_IO;
    }
    return MG_OK;
}

/* An ipc path that answers belongs to somebody; one that does not is left over from a crash and will be replaced. */
static bool
s_is_served(const char *endpoint)
{
    if (strncmp(endpoint, "ipc://", 6) != 0) {
        return false;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", endpoint + 6);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool served = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return served;
}

mg_status_t
mg_control_open_sockets(mg_control_t *self, const mg_control_args_t *args)
{
    bool tcp = strncmp(args->endpoint, "tcp://", 6) == 0;
    if (tcp && (!args->secret_key || !args->client_keys)) {
        return MG_ERR_DENIED;
    }
    if (s_is_served(args->endpoint)) {
        return MG_ERR_EXISTS;
    }
    mg_buf_t events = {0};
    mg_control_events_endpoint(args->endpoint, &events);
    mg_status_t status = tcp ? s_start_auth(self, args) : MG_OK;
    self->inbox = zsock_new(ZMQ_ROUTER);
    self->stream = zsock_new(ZMQ_PUB);
    if (status == MG_OK && (!self->inbox || !self->stream)) {
        status = MG_ERR_NO_MEMORY;
    }
    if (status == MG_OK) {
        zsock_set_router_mandatory(self->inbox, 1);
        status = s_bind(self->inbox, args->endpoint, args);
    }
    if (status == MG_OK) {
        status = s_bind(self->stream, mg_buf_text(&events), args);
    }
    mg_buf_free(&events);
    return status;
}

/* Closes one socket and takes its file away, which libzmq leaves behind. */
static void
s_close(zsock_t **sock_p)
{
    const char *endpoint = *sock_p ? zsock_endpoint(*sock_p) : NULL;
    char *file = endpoint && strncmp(endpoint, "ipc://", 6) == 0 ? strdup(endpoint + 6) : NULL;
    mg_bus_close(sock_p);
    if (file) {
        (void)unlink(file);
        free(file);
    }
}

void
mg_control_close_sockets(mg_control_t *self)
{
    s_close(&self->stream);
    s_close(&self->inbox);
    mg_actor_stop(&self->auth);
}
