#include "cli/execqueue.h"

#include "cli/render.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MS_PER_SECOND = 1000 };

static const char s_prefix[] = "MEMGATE_DUMP_";

/* The environment of one command: what is ours in front, then what was there. */
enum {
    VARIABLE_PATH,
    VARIABLE_GENERATION,
    VARIABLE_DOCUMENTS,
    VARIABLE_BYTES,
    VARIABLE_CREATED_AT,
    VARIABLE_TRIGGER,
    VARIABLE_KEY_ID,
    VARIABLES
};

typedef struct job {
    mg_buf_t path;
    mg_buf_t variables[VARIABLES];
} job_t;

struct mg_execqueue {
    mg_buf_t script; /* the command with its argument */
    int64_t limit_ms;
    job_t jobs[MG_EXEC_WAITING_MAX]; /* a ring */
    size_t first;
    size_t count;
    job_t running;
    pid_t child; /* 0: none; leads a group of its own */
    int64_t started_ms;
    bool late; /* it was killed for that */
};

static void
s_free_job(job_t *job)
{
    mg_buf_free(&job->path);
    for (size_t i = 0; i < VARIABLES; i++) {
        mg_buf_free(&job->variables[i]);
    }
}

mg_execqueue_t *
mg_execqueue_new(const char *command, int64_t limit_ms)
{
    mg_execqueue_t *self = calloc(1, sizeof *self);
    if (self) {
        mg_buf_append_format(&self->script, "%s \"$@\"", command);
        self->limit_ms = limit_ms;
    }
    return self;
}

void
mg_execqueue_destroy(mg_execqueue_t **self_p)
{
    mg_execqueue_t *self = *self_p;
    if (!self) {
        return;
    }
    mg_execqueue_stop(self, true);
    if (self->child) {
        (void)waitpid(self->child, NULL, 0);
    }
    s_free_job(&self->running);
    mg_buf_free(&self->script);
    free(self);
    *self_p = NULL;
}

static void
s_drop_oldest(mg_execqueue_t *self)
{
    s_free_job(&self->jobs[self->first]);
    self->first = (self->first + 1) % MG_EXEC_WAITING_MAX;
    self->count--;
}

static void
s_fill(job_t *job, const Mg__DumpInfo *dump)
{
    char created[MG_RFC3339_SIZE];
    mg_buf_t *variables = job->variables;
    mg_clock_rfc3339(dump->created_ns, created);
    mg_buf_append_text(&job->path, dump->path);
    mg_buf_append_format(&variables[VARIABLE_PATH], "MEMGATE_DUMP_PATH=%s", dump->path);
    mg_buf_append_format(&variables[VARIABLE_GENERATION], "MEMGATE_DUMP_GENERATION=%" PRIu64,
                         dump->generation);
    mg_buf_append_format(&variables[VARIABLE_DOCUMENTS], "MEMGATE_DUMP_DOCUMENTS=%" PRIu64,
                         dump->documents);
    mg_buf_append_format(&variables[VARIABLE_BYTES], "MEMGATE_DUMP_BYTES=%" PRIu64, dump->bytes);
    mg_buf_append_format(&variables[VARIABLE_CREATED_AT], "MEMGATE_DUMP_CREATED_AT=%s", created);
    mg_buf_append_format(&variables[VARIABLE_TRIGGER], "MEMGATE_DUMP_TRIGGER=%s",
                         mg_render_trigger(dump->trigger));
    mg_buf_append_format(&variables[VARIABLE_KEY_ID], "MEMGATE_DUMP_KEY_ID=%s", dump->key_id);
}

void
mg_execqueue_add(mg_execqueue_t *self, const Mg__DumpInfo *dump)
{
    if (self->count == MG_EXEC_WAITING_MAX) {
        (void)fprintf(stderr,
                      "memgate: exec %s: skipped, as %d newer dumps wait for the command already\n",
                      mg_buf_text(&self->jobs[self->first].path), MG_EXEC_WAITING_MAX);
        s_drop_oldest(self);
    }
    job_t *job = &self->jobs[(self->first + self->count) % MG_EXEC_WAITING_MAX];
    *job = (job_t){0};
    s_fill(job, dump);
    self->count++;
}

/* The environment for the running job; the caller frees the list. NULL: out of memory. */
static char **
s_environment(mg_execqueue_t *self)
{
    size_t others = 0;
    while (environ[others]) {
        others++;
    }
    char **list = calloc(VARIABLES + others + 1, sizeof(char *));
    for (size_t i = 0; list && i < VARIABLES; i++) {
        (void)mg_buf_text(&self->running.variables[i]); /* ends it with a NUL */
        list[i] = (char *)self->running.variables[i].data;
    }
    size_t used = VARIABLES;
    for (size_t i = 0; list && i < others; i++) {
        if (strncmp(environ[i], s_prefix, sizeof s_prefix - 1) != 0) {
            list[used++] = environ[i];
        }
    }
    return list;
}

/* Signals as they are by default, a group of its own. */
static int
s_set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int error = posix_spawnattr_setflags(
        attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    error = error ? error : posix_spawnattr_setpgroup(attributes, 0);
    error = error ? error : posix_spawnattr_setsigmask(attributes, &none);
    return error ? error : posix_spawnattr_setsigdefault(attributes, &all);
}

static int
s_spawn(mg_execqueue_t *self, char **environment)
{
    static char shell[] = "/bin/sh";
    static char script[] = "-c";
    static char name[] = "memgate-exec";
    char *arguments[] = {
        shell, script, (char *)self->script.data, name, (char *)self->running.path.data, NULL};
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    (void)mg_buf_text(&self->script);
    (void)mg_buf_text(&self->running.path);
    int error = posix_spawnattr_init(&attributes);
    if (error) {
        return error;
    }
    error = posix_spawn_file_actions_init(&actions);
    if (error) {
        (void)posix_spawnattr_destroy(&attributes);
        return error;
    }
    error = s_set_attributes(&attributes);
    error =
        error ? error
              : posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    error =
        error ? error : posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    arguments[2] = (char *)self->script.data;
    arguments[4] = (char *)self->running.path.data;
    error = error ? error
                  : posix_spawn(&self->child, shell, &actions, &attributes, arguments, environment);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return error;
}

static void
s_start(mg_execqueue_t *self, int64_t now_ms)
{
    s_free_job(&self->running);
    self->running = self->jobs[self->first];
    self->jobs[self->first] = (job_t){0};
    s_drop_oldest(self);
    self->started_ms = now_ms;
    self->late = false;
    char **environment = s_environment(self);
    int error = environment ? s_spawn(self, environment) : ENOMEM;
    free(environment);
    if (error) {
        self->child = 0;
        (void)fprintf(stderr, "memgate: exec %s: the command could not be started: %s\n",
                      mg_buf_text(&self->running.path), mg_fault_reason(error));
    }
}

static void
s_tell_end(mg_execqueue_t *self, int status, int64_t now_ms)
{
    const char *path = mg_buf_text(&self->running.path);
    double seconds = (double)(now_ms - self->started_ms) / MS_PER_SECOND;
    if (WIFEXITED(status)) {
        (void)fprintf(stderr, "memgate: exec %s: exit code %d after %.1f s\n", path,
                      WEXITSTATUS(status), seconds);
    } else {
        (void)fprintf(stderr, "memgate: exec %s: killed by signal %d after %.1f s%s\n", path,
                      WTERMSIG(status), seconds, self->late ? ", which was too long" : "");
    }
}

static void
s_kill(const mg_execqueue_t *self)
{
    if (self->child) {
        (void)kill(-self->child, SIGKILL); /* and what it started */
    }
}

int64_t
mg_execqueue_turn(mg_execqueue_t *self, int64_t now_ms)
{
    int status = 0;
    if (self->child && waitpid(self->child, &status, WNOHANG) == self->child) {
        s_tell_end(self, status, now_ms);
        self->child = 0;
    }
    while (!self->child && self->count) {
        s_start(self, now_ms);
    }
    if (!self->child) {
        return -1;
    }
    int64_t left_ms = self->started_ms + self->limit_ms - now_ms;
    if (left_ms > 0) {
        return left_ms;
    }
    if (!self->late) {
        self->late = true;
        s_kill(self);
    }
    return -1; /* its end is a signal */
}

bool
mg_execqueue_is_busy(const mg_execqueue_t *self)
{
    return self->child || self->count;
}

void
mg_execqueue_stop(mg_execqueue_t *self, bool kill_it)
{
    while (self->count) {
        (void)fprintf(stderr, "memgate: exec %s: skipped, as memgate events ends\n",
                      mg_buf_text(&self->jobs[self->first].path));
        s_drop_oldest(self);
    }
    if (kill_it) {
        s_kill(self);
    }
}
