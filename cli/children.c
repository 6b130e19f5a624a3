#include "cli/children.h"

#include "actors/autosave.h"
#include "actors/control.h"
#include "actors/dump.h"
#include "actors/hasher.h"
#include "actors/sealer.h"
#include "actors/signals.h"
#include "actors/state.h"
#include "core/clock.h"
#include "core/log.h"
#include "gateway/gateway.h"

#include <unistd.h>

static const struct {
    mg_status_t status;
    mg_exit_t code;
} s_start_codes[] = {
    {MG_ERR_EXISTS, MG_EXIT_UNAVAILABLE}, {MG_ERR_BUSY, MG_EXIT_LOCKED},
    {MG_ERR_IO, MG_EXIT_FOLDER},          {MG_ERR_INVALID, MG_EXIT_CONFIG},
    {MG_ERR_TOO_BIG, MG_EXIT_CONFIG},     {MG_ERR_DENIED, MG_EXIT_CONFIG},
};

static mg_exit_t
s_start_code(mg_status_t status)
{
    for (size_t i = 0; i < sizeof s_start_codes / sizeof *s_start_codes; i++) {
        if (s_start_codes[i].status == status) {
            return s_start_codes[i].code;
        }
    }
    return MG_EXIT_ACTOR_DIED;
}

/* Starts one actor; a failure is logged with `hint`, the way out, and is kept as the exit code. */
static bool
s_start(mg_children_t *self,
        int which,
        const mg_actor_ops_t *ops,
        const void *args,
        const char *hint)
{
    mg_status_t status = mg_actor_start(ops, args, &self->actor[which]);
    self->name[which] = ops->name;
    if (status != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "start_failed", "actor=%s status=%s msg=%s", ops->name,
               mg_status_name(status), hint);
        self->failed = s_start_code(status);
    }
    return status == MG_OK;
}

static bool
s_start_sealers(mg_children_t *self, int first, const mg_sealer_args_t *args)
{
    for (uint32_t i = 0; i < self->config->dump.sealers && i < MG_SEALERS_MAX; i++) {
        if (!s_start(self, first + (int)i, &mg_sealer_actor, args,
                     "no thread for sealing dumps could be started")) {
            return false;
        }
    }
    return true;
}

static bool
s_start_gateway(mg_children_t *self)
{
    const mg_config_http_t *http = &self->config->http;
    char hint[256];
    (void)snprintf(hint, sizeof hint,
                   "%.64s port %u can not be listened on: another program has it, or HOST is no "
                   "address of this machine; or the line before says why",
                   http->host, http->port);
    mg_gateway_args_t args = {.http = http, .dump = &self->config->dump, .version = &self->version};
    return s_start(self, MG_CHILD_GATEWAY, &mg_gateway_actor, &args, hint);
}

static bool
s_start_control(mg_children_t *self)
{
    mg_buf_t endpoint = {0};
    mg_status_t found = mg_config_control_endpoint(self->config, &endpoint);
    const char *text = mg_buf_text(&endpoint);
    if (found != MG_OK) {
        mg_log(MG_LOG_CRITICAL, "start_failed", "actor=mg-control endpoint=%s msg=%s", text,
               found == MG_ERR_TOO_BIG
                   ? "the path of the control socket exceeds 107 bytes; set MEMGATE_CONTROL to a "
                     "shorter one"
                   : "the folder of the control socket is not ours alone; set MEMGATE_CONTROL");
        self->failed = MG_EXIT_CONFIG;
    }
    mg_control_args_t args = {.endpoint = text,
                              .secret_key = self->config->control_secret,
                              .client_keys = self->config->control_clients,
                              .started_ns = self->started_ns};
    bool started =
        found == MG_OK &&
        s_start(self, MG_CHILD_CONTROL, &mg_control_actor, &args,
                "the control socket can not be served: taken, no endpoint, or tcp without "
                "MEMGATE_CONTROL_SECRET and MEMGATE_CONTROL_CLIENTS");
    mg_buf_free(&endpoint);
    return started;
}

mg_exit_t
mg_children_start_first(mg_children_t *self)
{
    mg_state_args_t state = {.version = &self->version,
                             .memory_limit = self->config->memory_max_bytes};
    mg_signals_args_t signals = {.tls = self->config->http.tls_cert != NULL};
    mg_dump_args_t dump = {.config = self->config, .host = self->host};
    mg_sealer_args_t idle = {.chunks = MG_BUS_CHUNKS, .idle = true};
    mg_sealer_args_t urgent = {.chunks = MG_BUS_URGENT_CHUNKS};
    bool started =
        s_start(self, MG_CHILD_SIGNALS, &mg_signals_actor, &signals, "signals can not be read") &&
        s_start(self, MG_CHILD_STATE, &mg_state_actor, &state, "no memory for the state") &&
        s_start_sealers(self, MG_CHILD_SEALERS, &idle) &&
        s_start_sealers(self, MG_CHILD_URGENT_SEALERS, &urgent) &&
        s_start(self, MG_CHILD_DUMP, &mg_dump_actor, &dump,
                "the dump folder can not be used; the line before says why") &&
        s_start(self, MG_CHILD_HASHER, &mg_hasher_actor, NULL,
                "no thread for hashing passwords could be started") &&
        s_start_gateway(self);
    return started ? MG_EXIT_OK : self->failed;
}

mg_exit_t
mg_children_start_rest(mg_children_t *self)
{
    mg_autosave_args_t autosave = {.after_changes = self->config->autosave.after_changes};
    bool started = s_start(self, MG_CHILD_AUTOSAVE, &mg_autosave_actor, &autosave,
                           "no thread for autosave could be started") &&
                   s_start_control(self);
    return started ? MG_EXIT_OK : self->failed;
}

void
mg_children_init(mg_children_t *self, const mg_config_t *config)
{
    *self = (mg_children_t){.config = config, .started_ns = mg_clock_wall_ns()};
    (void)gethostname(self->host, sizeof self->host - 1);
}

const char *
mg_children_stop(mg_children_t *self, int wait_ms)
{
    int64_t deadline_ms = mg_clock_mono_ms() + wait_ms;
    for (int i = MG_CHILDREN - 1; i >= 0; i--) {
        int64_t left_ms = deadline_ms - mg_clock_mono_ms();
        if (!mg_actor_try_stop(&self->actor[i], left_ms > 0 ? (int)left_ms : 0)) {
            return self->name[i];
        }
    }
    return NULL;
}
