/* memgate events - what happens in the server, a line each; with --exec a command after each verified dump. */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/execqueue.h"
#include "cli/options.h"
#include "cli/render.h"
#include "messages/event.pb-c.h"

#include <sys/signalfd.h>
#include <unistd.h>

enum { LIMIT_SECONDS = 600, LIMIT_SECONDS_MAX = 86400, LOOK_MS = 1000, MS_PER_SECOND = 1000 };

typedef struct events {
    bool json;
    mg_client_t *client;
    zsock_t *stream;
    mg_execqueue_t *queue; /* NULL without --exec */
    int signals;
    unsigned asked_to_end;
    bool gone; /* the server */
} events_t;

/* ---- what is told ---- */

static json_t *
s_pack(const Mg__Event *event)
{
    switch (event->body_case) {
    case MG__EVENT__BODY_DUMP_PROGRESS: {
        const Mg__DumpProgress *progress = event->dump_progress;
        return json_pack(
            "{s:s, s:s, s:I, s:I, s:I, s:I}", "trigger", mg_render_trigger(progress->trigger),
            "phase", progress->phase, "documents", (json_int_t)progress->documents,
            "documents_total", (json_int_t)progress->documents_total, "bytes",
            (json_int_t)progress->bytes, "bytes_total", (json_int_t)progress->bytes_total);
    }
    case MG__EVENT__BODY_DUMP_DONE:
        return mg_render_dump(event->dump_done);
    case MG__EVENT__BODY_DUMP_FAILED:
        return json_pack("{s:s, s:s, s:s}", "trigger",
                         mg_render_trigger(event->dump_failed->trigger), "requester",
                         event->dump_failed->requester, "text", event->dump_failed->text);
    case MG__EVENT__BODY_RESTORE_DONE:
        return json_pack("{s:o, s:o, s:o}", "restored", mg_render_dump(event->restore_done->dump),
                         "before", mg_render_dump(event->restore_done->before), "after",
                         mg_render_dump(event->restore_done->after));
    default:
        return json_object();
    }
}

static void
s_print_progress(const Mg__DumpProgress *progress, const char *time)
{
    bool writes = progress->documents_total > 0;
    (void)printf("%s  dump_progress  %s, %llu of %llu %s\n", time, progress->phase,
                 (unsigned long long)(writes ? progress->documents : progress->bytes),
                 (unsigned long long)(writes ? progress->documents_total : progress->bytes_total),
                 writes ? "documents" : "bytes");
}

static void
s_print_text(const Mg__Event *event, const char *time)
{
    switch (event->body_case) {
    case MG__EVENT__BODY_DUMP_PROGRESS:
        s_print_progress(event->dump_progress, time);
        break;
    case MG__EVENT__BODY_DUMP_DONE:
        (void)printf("%s  dump_done      generation %llu, %llu documents, by %s, %s  %s\n", time,
                     (unsigned long long)event->dump_done->generation,
                     (unsigned long long)event->dump_done->documents,
                     mg_render_trigger(event->dump_done->trigger),
                     event->dump_done->verified ? "verified" : "not verified",
                     event->dump_done->path);
        break;
    case MG__EVENT__BODY_DUMP_FAILED:
        (void)printf("%s  dump_failed    by %s: %s\n", time,
                     mg_render_trigger(event->dump_failed->trigger), event->dump_failed->text);
        break;
    case MG__EVENT__BODY_RESTORE_DONE:
        (void)printf("%s  restore_done   %s\n", time,
                     event->restore_done->dump ? event->restore_done->dump->path : "");
        break;
    default:
        (void)printf("%s  unknown to this version\n", time);
        break;
    }
}

static void
s_print(const events_t *self, const char *name, const Mg__Event *event)
{
    char time[MG_RFC3339_SIZE];
    mg_clock_rfc3339(event->time_ns, time);
    if (self->json) {
        mg_render_print(
            json_pack("{s:s, s:s, s:o}", "time", time, "event", name, "data", s_pack(event)));
    } else {
        s_print_text(event, time);
    }
}

/* ---- what comes in ---- */

static bool
s_is_to_copy(const Mg__Event *event)
{
    return event->body_case == MG__EVENT__BODY_DUMP_DONE && event->dump_done->verified &&
           !event->dump_done->elsewhere;
}

/* One event, if there is one. False when standard output is closed. */
static bool
s_take_event(events_t *self)
{
    zmsg_t *frames = zmsg_recv(self->stream);
    char *name = frames ? zmsg_popstr(frames) : NULL;
    zframe_t *body = frames ? zmsg_first(frames) : NULL;
    Mg__Event *event = body ? mg__event__unpack(NULL, zframe_size(body), zframe_data(body)) : NULL;
    if (name && event) {
        s_print(self, name, event);
    }
    if (event && self->queue && self->asked_to_end == 0 && s_is_to_copy(event)) {
        mg_execqueue_add(self->queue, event->dump_done);
    }
    if (event) {
        mg__event__free_unpacked(event, NULL);
    }
    zstr_free(&name);
    zmsg_destroy(&frames);
    return fflush(stdout) == 0;
}

static void
s_take_signal(events_t *self)
{
    struct signalfd_siginfo info;
    if (read(self->signals, &info, sizeof info) != (ssize_t)sizeof info ||
        info.ssi_signo == SIGCHLD) {
        return; /* the queue looks after its child on every turn */
    }
    self->asked_to_end++;
    if (self->queue) {
        mg_execqueue_stop(self->queue, self->asked_to_end > 1);
    }
}

static bool
s_is_done(const events_t *self)
{
    bool busy = self->queue && mg_execqueue_is_busy(self->queue);
    return (self->asked_to_end || self->gone) && !busy;
}

/* How long to wait: until a command is late, and not longer than a look at the server takes. */
static long
s_wait_ms(int64_t queue_ms)
{
    return queue_ms >= 0 && queue_ms < LOOK_MS ? (long)queue_ms : LOOK_MS;
}

static mg_exit_t
s_loop(events_t *self)
{
    for (;;) {
        int64_t queue_ms = self->queue ? mg_execqueue_turn(self->queue, mg_clock_mono_ms()) : -1;
        if (s_is_done(self)) {
            break;
        }
        zmq_pollitem_t items[] = {{.socket = zsock_resolve(self->stream), .events = ZMQ_POLLIN},
                                  {.fd = self->signals, .events = ZMQ_POLLIN}};
        int ready = zmq_poll(items, 2, s_wait_ms(queue_ms));
        if (ready == 0 && !self->gone && mg_client_is_gone(self->client)) {
            self->gone = true;
            (void)fprintf(stderr, "memgate: the server has ended\n");
        }
        if (items[1].revents & ZMQ_POLLIN) {
            s_take_signal(self);
        }
        if ((items[0].revents & ZMQ_POLLIN) && !s_take_event(self)) {
            (void)fprintf(stderr, "memgate: standard output can not be written\n");
            return MG_EXIT_DUMP_FAILED;
        }
    }
    return self->asked_to_end ? MG_EXIT_OK : MG_EXIT_UNAVAILABLE;
}

/* ---- begin and end ---- */

/* Before libzmq starts its threads, so that the signals come here. */
static bool
s_open_signals(events_t *self)
{
    sigset_t wanted;
    (void)sigemptyset(&wanted);
    (void)sigaddset(&wanted, SIGINT);
    (void)sigaddset(&wanted, SIGTERM);
    (void)sigaddset(&wanted, SIGCHLD);
    (void)signal(SIGPIPE, SIG_IGN); // NOLINT(concurrency-mt-unsafe): before any other thread
    (void)sigprocmask(SIG_BLOCK, &wanted, NULL); // NOLINT(concurrency-mt-unsafe): likewise
    self->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return self->signals >= 0;
}

static mg_exit_t
s_run(events_t *self, const char *command, uint32_t seconds)
{
    mg_exit_t code = s_open_signals(self) ? MG_EXIT_OK : MG_EXIT_NO_MEMORY;
    if (code == MG_EXIT_OK && command) {
        self->queue = mg_execqueue_new(command, (int64_t)seconds * MS_PER_SECOND);
        code = self->queue ? MG_EXIT_OK : MG_EXIT_NO_MEMORY;
    }
    if (code == MG_EXIT_OK) {
        code = mg_client_open(&self->client);
    }
    if (code == MG_EXIT_OK) {
        code = mg_client_subscribe(self->client, &self->stream);
    }
    if (code == MG_EXIT_OK) {
        code = s_loop(self);
    }
    mg_execqueue_destroy(&self->queue);
    zsock_destroy(&self->stream);
    mg_client_close(&self->client);
    if (self->signals >= 0) {
        (void)close(self->signals);
    }
    return code;
}

mg_exit_t
mg_command_events(int argc, char **argv)
{
    events_t self = {.signals = -1};
    const char *command = NULL;
    const char *limit = NULL;
    uint32_t seconds = LIMIT_SECONDS;
    const mg_option_t options[] = {
        {"json", NULL, &self.json, "one JSON object a line"},
        {"exec", &command, NULL,
         "run this after each verified dump, with the dump's path as last argument"},
        {"exec-timeout", &limit, NULL, "seconds after which the command is killed (600)"},
        {0}};
    mg_options_t table = {.usage = "memgate events [--json] [--exec CMD [--exec-timeout S]]",
                          .options = options};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&table, argc, argv, &code)) {
        return code;
    }
    bool good = !limit || (command && mg_options_number(limit, &seconds) && seconds > 0 &&
                           seconds <= LIMIT_SECONDS_MAX);
    if (!good) {
        (void)fprintf(
            stderr,
            "memgate: --exec-timeout goes with --exec, and takes seconds from 1 to 86400.\n");
        return MG_EXIT_USAGE;
    }
    return s_run(&self, command, seconds);
}
