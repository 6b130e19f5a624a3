#include "actors/signals.h"

#include "core/clock.h"
#include "core/log.h"
#include "messages/dump.pb-c.h"
#include "messages/gateway.pb-c.h"
#include "messages/supervisor.pb-c.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    LINK_WINDOW = 64,            /* signals that wait for their answers */
    DUMP_REPLY_MS = 24 * 3600000 /* a dump takes as long as it takes */
};

typedef struct signals_actor {
    int fd;
    mg_link_t *dump;
    mg_link_t *supervisor;
    mg_link_t *gateway; /* NULL: there is no certificate to be read again */
} signals_actor_t;

static const struct {
    int number;
    const char *name;
    Mg__Trigger trigger;
} s_signals[] = {
    {SIGUSR1, "SIGUSR1", MG__TRIGGER__TRIGGER_SIGUSR1},
    {SIGTERM, "SIGTERM", MG__TRIGGER__TRIGGER_SIGTERM},
    {SIGINT, "SIGINT", MG__TRIGGER__TRIGGER_SIGINT},
    {SIGHUP, "SIGHUP",
     MG__TRIGGER__TRIGGER_OTHER}, /* without TLS: the terminal is gone, end as by SIGTERM */
    {SIGQUIT, "SIGQUIT", MG__TRIGGER__TRIGGER_OTHER},
};

enum { SIGNALS = sizeof s_signals / sizeof *s_signals };

/* SIGHUP that was ignored when the program began stays ignored: nohup means it. Shells ignore SIGINT and SIGQUIT for what
 * runs in the background; those are sent on purpose and are taken all the same. */
static bool
s_is_ignored(int number)
{
    struct sigaction action;
    return number == SIGHUP && sigaction(number, NULL, &action) == 0 &&
           action.sa_handler == SIG_IGN;
}

static void
s_fill(sigset_t *set)
{
    (void)sigemptyset(set);
    for (size_t i = 0; i < SIGNALS; i++) {
        if (!s_is_ignored(s_signals[i].number)) {
            (void)sigaddset(set, s_signals[i].number);
        }
    }
}

mg_status_t
mg_signals_block(void)
{
    static const int others[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,  SIGABRT, SIGTRAP,
                                 SIGSYS,  SIGTSTP, SIGCONT, SIGTTIN, SIGTTOU, SIGPROF};
    sigset_t set;
    (void)sigfillset(&set); /* a stray SIGUSR2 or SIGALRM must not cost the state */
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        (void)sigdelset(&set, others[i]);
    }
    return pthread_sigmask(SIG_BLOCK, &set, NULL) == 0 ? MG_OK : MG_ERR_IO;
}

static void
s_destroy(void *arg)
{
    signals_actor_t *self = arg;
    mg_link_destroy(&self->dump);
    mg_link_destroy(&self->supervisor);
    mg_link_destroy(&self->gateway);
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    free(self);
}

/* The dump actor logs how it went. */
static void
s_on_dumped(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    (void)arg;
    (void)reply;
    if (status != MG_OK && status != MG_ERR_CLOSED) {
        mg_log(MG_LOG_WARN, "dump_unanswered", "trigger=SIGUSR1 status=%s", mg_status_name(status));
    }
}

/* Who is told does what is to be done, and logs it. */
static void
s_on_told(void *arg, mg_status_t status, const ProtobufCMessage *reply)
{
    (void)arg;
    (void)status;
    (void)reply;
}

static mg_status_t
s_ask_dump(signals_actor_t *self, Mg__Trigger trigger, char *requester)
{
    Mg__DumpRequest dump = MG__DUMP_REQUEST__INIT;
    dump.trigger = trigger;
    dump.requester = requester;
    Mg__DumpMessage message = MG__DUMP_MESSAGE__INIT;
    message.body_case = MG__DUMP_MESSAGE__BODY_DUMP;
    message.dump = &dump;
    return mg_link_ask(self->dump, &message.base, mg_clock_mono_ms() + DUMP_REPLY_MS, s_on_dumped,
                       NULL);
}

static mg_status_t
s_ask_stop(signals_actor_t *self, Mg__Trigger trigger, char *requester, bool no_dump)
{
    Mg__StopRequest stop = MG__STOP_REQUEST__INIT;
    stop.trigger = trigger;
    stop.requester = requester;
    stop.no_dump = no_dump;
    Mg__SupervisorRequest request = MG__SUPERVISOR_REQUEST__INIT;
    request.body_case = MG__SUPERVISOR_REQUEST__BODY_STOP;
    request.stop = &stop;
    return mg_link_ask(self->supervisor, &request.base, INT64_MAX, s_on_told, NULL);
}

static mg_status_t
s_ask_reload(signals_actor_t *self)
{
    Mg__ReloadTls reload = MG__RELOAD_TLS__INIT;
    Mg__GatewayRequest request = MG__GATEWAY_REQUEST__INIT;
    request.body_case = MG__GATEWAY_REQUEST__BODY_RELOAD_TLS;
    request.reload_tls = &reload;
    return mg_link_ask(self->gateway, &request.base, INT64_MAX, s_on_told, NULL);
}

static mg_status_t
s_ask(signals_actor_t *self, size_t which, char *requester)
{
    int number = s_signals[which].number;
    if (number == SIGUSR1) {
        return s_ask_dump(self, s_signals[which].trigger, requester);
    }
    if (number == SIGHUP && self->gateway) {
        return s_ask_reload(self);
    }
    return s_ask_stop(self, s_signals[which].trigger, requester, number == SIGQUIT);
}

static void
s_handle_signal(signals_actor_t *self, size_t which, const struct signalfd_siginfo *info)
{
    char requester[64];
    (void)snprintf(requester, sizeof requester, "signal pid=%u uid=%u", info->ssi_pid,
                   info->ssi_uid);
    mg_log(MG_LOG_INFO, "signal", "name=%s pid=%u uid=%u", s_signals[which].name, info->ssi_pid,
           info->ssi_uid);
    mg_status_t status = s_ask(self, which, requester);
    if (status != MG_OK) {
        mg_log(MG_LOG_WARN, "signal_lost", "name=%s status=%s", s_signals[which].name,
               mg_status_name(status));
    }
}

static void
s_on_signal(void *arg)
{
    signals_actor_t *self = arg;
    struct signalfd_siginfo info;
    while (read(self->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        for (size_t i = 0; i < SIGNALS; i++) {
            if ((int)info.ssi_signo == s_signals[i].number) {
                s_handle_signal(self, i, &info);
            }
        }
    }
}

static mg_status_t
s_create(const void *arg, mg_loop_t *loop, void **out_self)
{
    const mg_signals_args_t *args = arg;
    signals_actor_t *self = calloc(1, sizeof *self);
    if (!self) {
        return MG_ERR_NO_MEMORY;
    }
    sigset_t set;
    s_fill(&set);
    self->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    self->dump = mg_link_new(&(mg_link_options_t){
        .endpoint = MG_BUS_DUMP, .schema = &mg__dump_reply__descriptor, .window = LINK_WINDOW});
    self->supervisor = mg_link_new(&(mg_link_options_t){.endpoint = MG_BUS_SUPERVISOR,
                                                        .schema = &mg__supervisor_reply__descriptor,
                                                        .window = LINK_WINDOW});
    if (args->tls) {
        self->gateway = mg_link_new(&(mg_link_options_t){.endpoint = MG_BUS_GATEWAY,
                                                         .schema = &mg__gateway_reply__descriptor,
                                                         .window = LINK_WINDOW});
    }
    bool whole = self->fd >= 0 && self->dump && self->supervisor && (self->gateway || !args->tls);
    mg_status_t status = whole ? MG_OK : MG_ERR_NO_MEMORY;
    if (status == MG_OK) {
        status = mg_loop_watch_fd(loop, self->fd, s_on_signal);
    }
    if (status == MG_OK) {
        status = mg_loop_watch_link(loop, self->dump);
    }
    if (status == MG_OK) {
        status = mg_loop_watch_link(loop, self->supervisor);
    }
    if (status == MG_OK && self->gateway) {
        status = mg_loop_watch_link(loop, self->gateway);
    }
    if (status != MG_OK) {
        s_destroy(self);
        return status;
    }
    *out_self = self;
    return MG_OK;
}

const mg_actor_ops_t mg_signals_actor = {
    .name = "mg-signals",
    .prompt = true,
    .create = s_create,
    .destroy = s_destroy,
};
