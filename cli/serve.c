/* memgate serve - the server, in the foreground; may be PID 1. */
#include "actors/signals.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/supervisor.h"
#include "core/log.h"

#include <sodium.h>

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Each line of `text` as a log line of its own. */
static void
s_log_lines(mg_log_level_t level, const char *event, const char *text)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        mg_log(level, event, "msg=%.*s", (int)len, text);
        text += len + (text[len] == '\n');
    }
}

/* The process holds keys: nobody of the same user may attach, and no core file is written. */
static void
s_harden(void)
{
    const struct rlimit none = {0};
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

/* Keys live in pages that are locked, where that is allowed: else they may be written to swap. */
static void
s_check_locking(void)
{
    void *page = sodium_malloc(1);
    if (!page || sodium_mlock(page, 1) != 0) {
        mg_log(MG_LOG_WARN, "memory_unlocked", "msg=%s",
               "keys can not be locked in memory (RLIMIT_MEMLOCK): switch swap off, or raise the "
               "limit");
    }
    sodium_free(page);
}

/* As PID 1 nobody else reaps; and a peer that closes early must not end the process. */
static void
s_set_dispositions(void)
{
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* Chunks of a dump come and go in buffers of a MiB each: they stay in the heap, instead of going back to the kernel and coming
 * anew, page by page, with each chunk. And each thread has a heap of its own on a small machine too: an idle one that was stopped while it holds
 * a heap would stop others. */
static void
s_keep_buffers(void)
{
    enum { MAPPED = 4 << 20, KEPT = 16 << 20, HEAPS = 64 };
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED); // NOLINT(concurrency-mt-unsafe): no other thread yet
    (void)mallopt(M_TRIM_THRESHOLD, KEPT);   // NOLINT(concurrency-mt-unsafe)
    (void)mallopt(M_ARENA_MAX, HEAPS);       // NOLINT(concurrency-mt-unsafe)
}

static mg_exit_t
s_serve(const mg_config_t *config)
{
    if (!config->dump.dumpable) {
        s_harden();
    }
    s_set_dispositions();
    s_keep_buffers();
    s_check_locking();
    zsys_handler_set(NULL);
    mg_log(MG_LOG_INFO, "starting", "version=%s", MG_VERSION);
    mg_exit_t code = mg_supervise(config);
    zsys_shutdown();
    mg_log(MG_LOG_INFO, "exit", "code=%d", (int)code);
    return code;
}

mg_exit_t
mg_command_serve(int argc, char **argv)
{
    const mg_option_t options[] = {{0}};
    mg_exit_t code = MG_EXIT_OK;
    if (!mg_options_read(&(mg_options_t){.usage = "memgate serve", .options = options}, argc, argv,
                         &code)) {
        return code;
    }
    if (mg_signals_block() !=
        MG_OK) { /* before anything else: a signal that comes now is served later */
        return MG_EXIT_ACTOR_DIED;
    }
    mg_config_t config;
    mg_buf_t problems = {0};
    mg_buf_t warnings = {0};
    mg_status_t status = mg_config_read(&config, true, &problems, &warnings);
    mg_log_setup((mg_log_level_t)config.log_level, config.log_format == 1);
    s_log_lines(MG_LOG_WARN, "config_warning", mg_buf_text(&warnings));
    s_log_lines(MG_LOG_CRITICAL, "config_error", mg_buf_text(&problems));
    mg_buf_free(&problems);
    mg_buf_free(&warnings);
    code = status == MG_OK ? s_serve(&config) : MG_EXIT_CONFIG;
    mg_config_destroy(&config);
    return code;
}
