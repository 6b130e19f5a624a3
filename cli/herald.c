#include "cli/herald.h"

#include "core/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { US_PER_SECOND = 1000000, WHOLE = 100 };

static const char *const s_phases[] = {"starting", "serving", "stopping"};

void
mg_herald_init(mg_herald_t *self)
{
    *self = (mg_herald_t){.percent = -1};
}

void
mg_herald_ready(mg_herald_t *self)
{
    self->phase = MG_HERALD_SERVING;
    self->doing = NULL;
    self->ready_due = true;
}

void
mg_herald_stopping(mg_herald_t *self, const char *why)
{
    if (why) {
        (void)snprintf(self->last, sizeof self->last, "%s", why);
        self->doing = NULL;
    }
    self->stopping_due = self->stopping_due || self->phase != MG_HERALD_STOPPING;
    self->progressed = false; /* what was done while nobody waited earns no more time now */
    self->phase = MG_HERALD_STOPPING;
}

void
mg_herald_beat(mg_herald_t *self)
{
    self->beat_due = true;
}

/* --- events --- */

static int
s_percent(uint64_t done, uint64_t total)
{
    if (total == 0) {
        return -1;
    }
    return done >= total ? WHOLE : (int)((double)done / (double)total * WHOLE);
}

static void
s_on_progress(mg_herald_t *self, const Mg__DumpProgress *progress)
{
    bool writes = strcmp(progress->phase, "write") == 0;
    self->progressed = self->progressed || progress->documents != self->documents ||
                       progress->bytes != self->bytes;
    self->documents = progress->documents;
    self->bytes = progress->bytes;
    self->writing = self->writing || writes;
    if (!self->writing && self->phase != MG_HERALD_STARTING) {
        return; /* a look into some file: nobody says when that has ended */
    }
    self->doing = writes ? "dumping" : self->writing ? "verifying the dump" : "restoring";
    self->percent = writes ? s_percent(progress->documents, progress->documents_total)
                           : s_percent(progress->bytes, progress->bytes_total);
}

/* `dump` is what a start would restore now. */
static void
s_remember(mg_herald_t *self, const Mg__DumpInfo *dump)
{
    char time[MG_RFC3339_SIZE];
    mg_clock_rfc3339(dump->created_ns, time);
    (void)snprintf(self->last, sizeof self->last,
                   "last dump: generation %llu of %s, %llu documents",
                   (unsigned long long)dump->generation, time, (unsigned long long)dump->documents);
}

void
mg_herald_event(mg_herald_t *self, const Mg__Event *event)
{
    switch (event->body_case) {
    case MG__EVENT__BODY_DUMP_PROGRESS:
        s_on_progress(self, event->dump_progress);
        return;
    case MG__EVENT__BODY_DUMP_DONE:
        if (!event->dump_done->elsewhere) {
            s_remember(self, event->dump_done);
        }
        break;
    case MG__EVENT__BODY_DUMP_FAILED:
        (void)snprintf(self->last, sizeof self->last, "the last dump failed: %s",
                       event->dump_failed->text);
        break;
    case MG__EVENT__BODY_RESTORE_DONE:
        if (event->restore_done->dump && !event->restore_done->imported &&
            !event->restore_done->after) {
            s_remember(self, event->restore_done->dump);
        }
        break;
    default:
        return;
    }
    self->writing = false;
    self->doing = NULL;
}

/* --- the message --- */

/* One line: what comes from elsewhere must not bring lines of its own. */
static void
s_status(const mg_herald_t *self, char out[MG_HERALD_TEXT])
{
    char doing[64];
    const char *rest = self->last;
    if (self->doing && self->percent < 0) {
        rest = self->doing;
    } else if (self->doing) {
        (void)snprintf(doing, sizeof doing, "%s %d %%", self->doing, self->percent);
        rest = doing;
    } else if (!self->last[0] && self->phase == MG_HERALD_SERVING) {
        rest = "no dump yet";
    }
    (void)snprintf(out, MG_HERALD_TEXT, "%s%s%s", s_phases[self->phase], rest[0] ? "; " : "", rest);
    for (char *at = out; *at; at++) {
        *at = iscntrl((unsigned char)*at) ? ' ' : *at;
    }
}

static bool
s_may_extend(const mg_herald_t *self, int64_t now_ms)
{
    return self->progressed && self->phase != MG_HERALD_SERVING && now_ms >= self->extend_ms;
}

bool
mg_herald_compose(mg_herald_t *self, int64_t now_ms, char out[MG_HERALD_MESSAGE])
{
    char status[MG_HERALD_TEXT];
    char extend[64] = "";
    s_status(self, status);
    bool news = strcmp(status, self->told) != 0;
    if (s_may_extend(self, now_ms)) {
        (void)snprintf(extend, sizeof extend, "EXTEND_TIMEOUT_USEC=%lld\n",
                       (long long)MG_HERALD_EXTEND_S * US_PER_SECOND);
    }
    (void)snprintf(out, MG_HERALD_MESSAGE, "%s%s%s%s%s%s%s", self->ready_due ? "READY=1\n" : "",
                   self->stopping_due ? "STOPPING=1\n" : "", extend,
                   self->beat_due ? "WATCHDOG=1\n" : "", news ? "STATUS=" : "", news ? status : "",
                   news ? "\n" : "");
    return out[0] != 0;
}

void
mg_herald_sent(mg_herald_t *self, int64_t now_ms)
{
    if (s_may_extend(self, now_ms)) {
        self->extend_ms = now_ms + MG_HERALD_EXTEND_MS;
        self->progressed = false;
    }
    self->ready_due = false;
    self->stopping_due = false;
    self->beat_due = false;
    s_status(self, self->told);
}
