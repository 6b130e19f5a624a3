/* The service manager's address, and what it is told: words, order, and when more time is asked for. */
#include "cli/herald.h"
#include "cli/notify.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- addresses --- */

static void
test_a_path_ends_with_a_nul_and_an_abstract_name_does_not(void **state)
{
    (void)state;
    struct sockaddr_un address;
    socklen_t len = 0;
    CHECK_OK(mg_notify_address("/run/systemd/notify", &address, &len));
    assert_string_equal(address.sun_path, "/run/systemd/notify");
    assert_int_equal(len,
                     offsetof(struct sockaddr_un, sun_path) + strlen("/run/systemd/notify") + 1);
    CHECK_OK(mg_notify_address("@memgate", &address, &len));
    assert_memory_equal(address.sun_path, "\0memgate", 8);
    assert_int_equal(len, offsetof(struct sockaddr_un, sun_path) + 8);
}

static void
test_what_is_no_address(void **state)
{
    (void)state;
    struct sockaddr_un address;
    socklen_t len = 0;
    char longest[sizeof address.sun_path + 1];
    memset(longest, 'x', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = 0;
    const char *bad[] = {"/", "@", "run/notify", "vsock:2:1", longest};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_STATUS(MG_ERR_INVALID, mg_notify_address(bad[i], &address, &len));
    }
    longest[sizeof longest - 2] = 0;
    CHECK_OK(mg_notify_address(longest, &address, &len));
    assert_int_equal(len, sizeof address);
}

static void
test_a_full_queue_is_told_from_a_missing_manager(void **state)
{
    (void)state;
    mg_notify_t notify;
    char name[64];
    struct sockaddr_un address;
    socklen_t len = 0;
    assert_false(mg_notify_open(&notify, NULL));
    assert_false(mg_notify_open(&notify, "nowhere"));
    (void)snprintf(name, sizeof name, "@memgate-test-%d", (int)getpid());
    assert_true(mg_notify_open(&notify, name));
    assert_true(mg_notify_send(&notify, "lost")); /* nobody listens: no use to try again */
    CHECK_OK(mg_notify_address(name, &address, &len));
    int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(manager, (struct sockaddr *)&address, len), 0);
    int sent = 0;
    while (mg_notify_send(&notify, "x")) {
        assert_true(++sent < 100000);
    }
    char byte = 0;
    assert_int_equal(recv(manager, &byte, 1, 0), 1);
    assert_true(mg_notify_send(&notify, "x"));
    (void)close(manager);
    mg_notify_close(&notify);
}

/* --- what is told --- */

typedef struct told {
    mg_herald_t herald;
    int64_t now_ms;
    char message[MG_HERALD_MESSAGE];
} told_t;

static const char *
s_tell(told_t *self)
{
    if (!mg_herald_compose(&self->herald, self->now_ms, self->message)) {
        return "";
    }
    mg_herald_sent(&self->herald, self->now_ms);
    return self->message;
}

static void
s_progress(told_t *self, const char *phase, uint64_t done, uint64_t total)
{
    bool writes = strcmp(phase, "write") == 0;
    Mg__DumpProgress progress = MG__DUMP_PROGRESS__INIT;
    progress.phase = (char *)phase;
    progress.documents = writes ? done : 0;
    progress.documents_total = writes ? total : 0;
    progress.bytes = done;
    progress.bytes_total = writes ? 0 : total;
    Mg__Event event = MG__EVENT__INIT;
    event.body_case = MG__EVENT__BODY_DUMP_PROGRESS;
    event.dump_progress = &progress;
    mg_herald_event(&self->herald, &event);
}

static void
s_done(told_t *self, uint64_t generation, bool elsewhere)
{
    Mg__DumpInfo dump = MG__DUMP_INFO__INIT;
    dump.generation = generation;
    dump.documents = 7;
    dump.elsewhere = elsewhere;
    Mg__Event event = MG__EVENT__INIT;
    event.body_case = MG__EVENT__BODY_DUMP_DONE;
    event.dump_done = &dump;
    mg_herald_event(&self->herald, &event);
}

static void
s_failed(told_t *self, const char *text)
{
    Mg__DumpFailed failed = MG__DUMP_FAILED__INIT;
    failed.text = (char *)text;
    Mg__Event event = MG__EVENT__INIT;
    event.body_case = MG__EVENT__BODY_DUMP_FAILED;
    event.dump_failed = &failed;
    mg_herald_event(&self->herald, &event);
}

#define MORE "EXTEND_TIMEOUT_USEC=120000000\n"
#define LAST "last dump: generation 4 of 1970-01-01T00:00:00.000Z, 7 documents"

static void
test_a_life_in_messages(void **state)
{
    (void)state;
    told_t told = {0};
    mg_herald_init(&told.herald);
    assert_string_equal(s_tell(&told), "STATUS=starting\n");
    assert_string_equal(s_tell(&told), "");
    s_progress(&told, "read", 43, 100);
    assert_string_equal(s_tell(&told), MORE "STATUS=starting; restoring 43 %\n");
    mg_herald_ready(&told.herald);
    assert_string_equal(s_tell(&told), "READY=1\nSTATUS=serving; no dump yet\n");
    mg_herald_beat(&told.herald);
    assert_string_equal(s_tell(&told), "WATCHDOG=1\n");
    s_progress(&told, "write", 1, 3);
    assert_string_equal(s_tell(&told), "STATUS=serving; dumping 33 %\n");
    s_progress(&told, "read", 500, 1000);
    assert_string_equal(s_tell(&told), "STATUS=serving; verifying the dump 50 %\n");
    s_done(&told, 4, false);
    assert_string_equal(s_tell(&told), "STATUS=serving; " LAST "\n");
    mg_herald_stopping(&told.herald, NULL);
    assert_string_equal(s_tell(&told), "STOPPING=1\nSTATUS=stopping; " LAST "\n");
    told.now_ms += MG_HERALD_EXTEND_MS;
    s_progress(&told, "write", 2, 2);
    assert_string_equal(s_tell(&told), MORE "STATUS=stopping; dumping 100 %\n");
    mg_herald_stopping(&told.herald, NULL);
    assert_string_equal(s_tell(&told), "");
}

static void
test_more_time_is_only_for_progress_and_only_where_somebody_waits(void **state)
{
    (void)state;
    told_t told = {0};
    mg_herald_init(&told.herald);
    mg_herald_ready(&told.herald);
    s_progress(&told, "write", 10, 100);
    assert_null(strstr(s_tell(&told), "EXTEND")); /* nobody waits for a server that serves */
    mg_herald_stopping(&told.herald, NULL);
    assert_null(strstr(s_tell(&told), "EXTEND")); /* nothing was done since */
    s_progress(&told, "write", 10, 100);
    assert_string_equal(s_tell(&told), ""); /* it stands still */
    s_progress(&told, "write", 11, 100);
    assert_string_equal(s_tell(&told), MORE "STATUS=stopping; dumping 11 %\n");
    s_progress(&told, "write", 12, 100);
    assert_string_equal(s_tell(&told), "STATUS=stopping; dumping 12 %\n"); /* too soon */
    told.now_ms += MG_HERALD_EXTEND_MS;
    assert_string_equal(s_tell(&told), MORE); /* and not forgotten */
    told.now_ms += MG_HERALD_EXTEND_MS;
    assert_string_equal(s_tell(&told), "");
    s_progress(&told, "read", 5, 0);
    assert_string_equal(s_tell(&told), MORE "STATUS=stopping; verifying the dump\n");
}

static void
test_a_message_that_was_not_sent_is_composed_again(void **state)
{
    (void)state;
    told_t told = {0};
    mg_herald_init(&told.herald);
    mg_herald_ready(&told.herald);
    mg_herald_beat(&told.herald);
    assert_true(mg_herald_compose(&told.herald, 0, told.message));
    assert_string_equal(s_tell(&told), "READY=1\nWATCHDOG=1\nSTATUS=serving; no dump yet\n");
}

static void
test_only_what_a_start_would_restore_is_the_last_dump(void **state)
{
    (void)state;
    told_t told = {0};
    mg_herald_init(&told.herald);
    mg_herald_ready(&told.herald);
    s_done(&told, 4, false);
    (void)s_tell(&told);
    s_done(&told, 5, true);
    assert_string_equal(s_tell(&told), ""); /* a copy elsewhere */
    s_progress(&told, "read", 1, 2);
    assert_string_equal(s_tell(&told), ""); /* a look into some file */
    s_failed(&told, "No space\nREADY=1");
    assert_string_equal(s_tell(&told), "STATUS=serving; the last dump failed: No space READY=1\n");
}

static void
test_a_long_reason_is_cut_and_the_first_stays(void **state)
{
    (void)state;
    told_t told = {0};
    char reason[2 * MG_HERALD_MESSAGE];
    memset(reason, 'r', sizeof reason);
    reason[sizeof reason - 1] = 0;
    mg_herald_init(&told.herald);
    s_progress(&told, "read", 1, 2);
    mg_herald_stopping(&told.herald, reason);
    mg_herald_stopping(&told.herald, NULL);
    const char *message = s_tell(&told);
    assert_memory_equal(message, "STOPPING=1\nSTATUS=stopping; rrr", 30);
    assert_int_equal(message[strlen(message) - 1], '\n');
    assert_true(strlen(message) < MG_HERALD_TEXT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path_ends_with_a_nul_and_an_abstract_name_does_not),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_a_full_queue_is_told_from_a_missing_manager),
        cmocka_unit_test(test_a_life_in_messages),
        cmocka_unit_test(test_more_time_is_only_for_progress_and_only_where_somebody_waits),
        cmocka_unit_test(test_a_message_that_was_not_sent_is_composed_again),
        cmocka_unit_test(test_only_what_a_start_would_restore_is_the_last_dump),
        cmocka_unit_test(test_a_long_reason_is_cut_and_the_first_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
