/* The environment as configuration: values, files, aliases, every problem at once, unknown names, secrets that leave. */
#include "core/config.h"
#include "core/configidle.h"
#include "core/configtable.h"
#include "support/check.h"

#include <sodium.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static mg_config_t s_config;
static mg_buf_t s_problems;
static mg_buf_t s_warnings;

static int
s_clear(void **state)
{
    (void)state;
    for (size_t i = 0; mg_config_row(i); i++) {
        char file[128];
        (void)snprintf(file, sizeof file, "%s_FILE", mg_config_row(i)->name);
        (void)unsetenv(mg_config_row(i)->name);
        (void)unsetenv(file);
        if (mg_config_row(i)->alias) {
            (void)unsetenv(mg_config_row(i)->alias);
        }
    }
    (void)setenv("MEM_ENCRYPTION_KEY", "correct horse battery staple", 1);
    (void)setenv("MEMGATE_ADMIN_PASSWORD", "a-long-admin-password", 1);
    mg_buf_clear(&s_problems);
    mg_buf_clear(&s_warnings);
    return 0;
}

static int
s_free(void **state)
{
    (void)state;
    mg_config_destroy(&s_config);
    mg_buf_free(&s_problems);
    mg_buf_free(&s_warnings);
    return 0;
}

static mg_status_t
s_read(void)
{
    return mg_config_read(&s_config, true, &s_problems, &s_warnings);
}

static void
s_expect_problem(const char *word)
{
    CHECK_STATUS(MG_ERR_INVALID, s_read());
    assert_non_null(strstr(mg_buf_text(&s_problems), word));
    assert_null(strstr(mg_buf_text(&s_problems), "battery staple"));
}

static void
test_defaults_are_those_of_the_table(void **state)
{
    (void)state;
    CHECK_OK(s_read());
    assert_string_equal(s_config.http.host, "127.0.0.1");
    assert_int_equal(s_config.http.port, 3001);
    assert_int_equal(s_config.http.access_seconds, 1800);
    assert_int_equal(s_config.http.refresh_seconds, 7 * 86400);
    assert_int_equal(s_config.autosave.every_seconds, 900);
    assert_false(s_config.autosave.every_set);
    assert_int_equal(s_config.dump.compression, 1);
    assert_int_equal(s_config.dump.verify, MG_VERIFY_FULL);
    assert_string_equal(s_config.dump.path_hint, "backend-services/generated/memory_dump.bin");
    assert_int_equal(s_config.shutdown_grace_seconds, 110);
    assert_null(s_config.http.jwt_secret);
    assert_in_range(s_config.dump.sealers, 1, 4);
}

static void
test_secrets_leave_the_environment(void **state)
{
    (void)state;
    CHECK_OK(s_read());
    assert_string_equal(s_config.dump.secret, "correct horse battery staple");
    assert_null(getenv("MEM_ENCRYPTION_KEY"));
    assert_null(getenv("MEMGATE_ADMIN_PASSWORD"));
}

static void
test_file_gives_a_value_without_its_last_line_end(void **state)
{
    (void)state;
    char path[] = "/tmp/memgate-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "secret from a file\r\n", 20), 20);
    (void)close(fd);
    (void)unsetenv("MEM_ENCRYPTION_KEY");
    (void)setenv("MEM_ENCRYPTION_KEY_FILE", path, 1);
    CHECK_OK(s_read());
    assert_string_equal(s_config.dump.secret, "secret from a file");
    (void)unlink(path);
}

static void
test_value_and_file_together_are_refused(void **state)
{
    (void)state;
    (void)setenv("MEM_ENCRYPTION_KEY_FILE", "/dev/null", 1);
    s_expect_problem("MEM_ENCRYPTION_KEY and MEM_ENCRYPTION_KEY_FILE are both set");
}

static void
test_alias_counts_and_must_not_contradict(void **state)
{
    (void)state;
    (void)setenv("DOORMAN_ADMIN_EMAIL", "old@example.test", 1);
    CHECK_OK(s_read());
    assert_string_equal(s_config.admin_email, "old@example.test");
    assert_true(s_config.admin_email_set);
    mg_config_destroy(&s_config);
    (void)s_clear(NULL);
    (void)setenv("DOORMAN_ADMIN_EMAIL", "old@example.test", 1);
    (void)setenv("MEMGATE_ADMIN_EMAIL", "new@example.test", 1);
    s_expect_problem("set differently");
}

static void
test_every_problem_is_listed(void **state)
{
    (void)state;
    (void)setenv("PORT", "70000", 1);
    (void)setenv("THREADS", "2", 1);
    (void)setenv("MEM_AUTO_SAVE_ENABLED", "perhaps", 1);
    (void)setenv("MEM_DUMP_VERIFY", "twice", 1);
    (void)setenv("AUTH_EXPIRE_TIME_FREQ", "fortnights", 1);
    CHECK_STATUS(MG_ERR_INVALID, s_read());
    const char *text = mg_buf_text(&s_problems);
    static const char *const names[] = {"PORT", "THREADS", "MEM_AUTO_SAVE_ENABLED",
                                        "MEM_DUMP_VERIFY", "AUTH_EXPIRE_TIME_FREQ"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_non_null(strstr(text, names[i]));
    }
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 5);
}

static void
test_numbers_are_whole_and_in_their_range(void **state)
{
    (void)state;
    static const char *const bad[] = {"0",   "-1", "1.5", "1s", " 1", "", "99999999999999999999",
                                      "0x10"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)s_clear(NULL);
        (void)setenv("MEM_AUTO_SAVE_FREQ", bad[i], 1);
        bool empty = bad[i][0] == 0; /* counts as not set */
        CHECK_STATUS(empty ? MG_OK : MG_ERR_INVALID, s_read());
        mg_config_destroy(&s_config);
    }
    (void)s_clear(NULL);
    (void)setenv("MEM_AUTO_SAVE_FREQ", "1", 1);
    CHECK_OK(s_read());
    assert_int_equal(s_config.autosave.every_seconds, 1);
    assert_true(s_config.autosave.every_set);
}

static void
s_set_production(const char *key)
{
    mg_config_destroy(&s_config);
    (void)s_clear(NULL);
    (void)setenv("ENV", "production", 1);
    (void)setenv("HTTPS_ONLY", "true", 1);
    (void)setenv("MEM_ENCRYPTION_KEY", key, 1);
}

static void
test_production_wants_real_secrets(void **state)
{
    (void)state;
    static const char good[] =
        "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    s_set_production("a short passphrase");
    s_expect_problem("at least 32 characters");
    s_set_production(good);
    CHECK_OK(s_read());
    s_set_production(good);
    (void)setenv("JWT_SECRET_KEY", "change-me-change-me-change-me-change-me", 1);
    s_expect_problem("JWT_SECRET_KEY");
    s_set_production(good);
    (void)setenv("HTTPS_ONLY", "false", 1);
    s_expect_problem("HTTPS_ONLY");
}

static void
test_unknown_names_are_warned_of(void **state)
{
    (void)state;
    (void)setenv("MEM_DUMP_PAHT", "x", 1);
    CHECK_OK(s_read());
    assert_non_null(
        strstr(mg_buf_text(&s_warnings),
               "MEM_DUMP_PAHT is not a setting of memgate; did you mean MEM_DUMP_PATH?"));
    (void)unsetenv("MEM_DUMP_PAHT");
}

static void
test_settings_without_effect_are_warned_of_with_the_reason(void **state)
{
    (void)state;
    (void)setenv("LOGS_DIR", "", 1); /* as not set */
    CHECK_OK(s_read());
    assert_null(strstr(mg_buf_text(&s_warnings), "LOGS_DIR"));
    for (size_t i = 0; mg_config_idle(i); i++) {
        char sentence[256];
        mg_config_destroy(&s_config);
        mg_buf_clear(&s_warnings);
        (void)s_clear(NULL);
        (void)setenv(mg_config_idle(i)->name, "no number, no switch", 1);
        CHECK_OK(s_read());
        (void)snprintf(sentence, sizeof sentence, "%s has no effect: %s.\n",
                       mg_config_idle(i)->name, mg_config_idle(i)->reason);
        assert_non_null(strstr(mg_buf_text(&s_warnings), sentence));
        (void)unsetenv(mg_config_idle(i)->name);
        for (size_t j = 0; mg_config_row(j); j++) {
            assert_string_not_equal(mg_config_row(j)->name, mg_config_idle(i)->name);
        }
    }
}

static void
test_ranges_that_match_nobody_are_refused(void **state)
{
    (void)state;
    (void)setenv("PROMETHEUS_ALLOWLIST", " 10.0.0.0/8,192.0.2.7 ,, 2001:db8::/128,::1", 1);
    CHECK_OK(s_read());
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0/8",   "prometheus", "10.0.0.0/",
                                        "10.0.0.1 2",  "::1/129",    "10.0.0.0/x", "/8",
                                        "1.2.3.4/8/8", "10.0.0.0/-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char list[64];
        char sentence[128];
        mg_config_destroy(&s_config);
        (void)s_clear(NULL);
        (void)snprintf(list, sizeof list, "::1 , %s , 127.0.0.1", wrong[i]);
        (void)snprintf(sentence, sizeof sentence, "PROMETHEUS_ALLOWLIST holds \"%s\"", wrong[i]);
        (void)setenv("PROMETHEUS_ALLOWLIST", list, 1);
        s_expect_problem(sentence);
    }
}

static void
test_control_endpoint_follows_the_run_folder(void **state)
{
    (void)state;
    char folder[] = "/tmp/memgate-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    (void)setenv("XDG_RUNTIME_DIR", folder, 1);
    (void)setenv("PORT", "4711", 1);
    CHECK_OK(s_read());
    mg_buf_t endpoint = {0};
    char expected[96];
    (void)snprintf(expected, sizeof expected, "ipc://%s/memgate/4711.sock", folder);
    CHECK_OK(mg_config_control_endpoint(&s_config, &endpoint));
    assert_string_equal(mg_buf_text(&endpoint), expected);
    mg_buf_free(&endpoint);
    char run[64];
    (void)snprintf(run, sizeof run, "%s/memgate", folder);
    assert_int_equal(chmod(run, 0755), 0); /* others could put a socket there */
    CHECK_STATUS(MG_ERR_IO, mg_config_control_endpoint(&s_config, &endpoint));
    mg_buf_free(&endpoint);
    (void)rmdir(run);
    (void)rmdir(folder);
}

/* What examples and templates put where a secret belongs is refused, whatever its case; a secret that only looks alike is not. */
static void
test_placeholders_are_refused_and_nothing_else(void **state)
{
    (void)state;
    static const char *const names[] = {"MEM_ENCRYPTION_KEY", "MEMGATE_ADMIN_PASSWORD"};
    static const char *const placeholders[] = {
        "changeme-changeme",   "CHANGE-ME-please", "Placeholder-1234",    "your-strong-key",
        "YOUR_ADMIN_PASSWORD", "replace this one", "example-password-12", "<a long passphrase>"};
    static const char *const secrets[] = {"unchanged since 1999",  "a placeholder inside",
                                          "in your-self we trust", "yours truly, 1234",
                                          "no-example-at-all",     "a < b and b < c"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (size_t j = 0; j < sizeof placeholders / sizeof *placeholders; j++) {
            char sentence[128];
            (void)s_clear(NULL);
            (void)setenv(names[i], placeholders[j], 1);
            (void)snprintf(sentence, sizeof sentence, "%s is a placeholder", names[i]);
            s_expect_problem(sentence);
            assert_null(strstr(mg_buf_text(&s_problems), placeholders[j]));
            mg_config_destroy(&s_config);
        }
        for (size_t j = 0; j < sizeof secrets / sizeof *secrets; j++) {
            (void)s_clear(NULL);
            (void)setenv(names[i], secrets[j], 1);
            CHECK_OK(s_read());
            mg_config_destroy(&s_config);
        }
    }
}

static void
test_service_manager_variables(void **state)
{
    (void)state;
    CHECK_OK(s_read());
    assert_null(s_config.service.notify_socket);
    assert_int_equal(s_config.service.watchdog_us, 0);
    mg_config_destroy(&s_config);
    (void)s_clear(NULL);
    (void)setenv("NOTIFY_SOCKET", "@manager", 1);
    (void)setenv("WATCHDOG_USEC", "30000000", 1);
    (void)setenv("WATCHDOG_PID", "4711", 1);
    CHECK_OK(s_read());
    assert_string_equal(s_config.service.notify_socket, "@manager");
    assert_int_equal(s_config.service.watchdog_us, 30000000);
    assert_int_equal(s_config.service.watchdog_pid, 4711);
    mg_config_destroy(&s_config);
    (void)s_clear(NULL);
    (void)setenv("WATCHDOG_USEC", "soon", 1);
    s_expect_problem("WATCHDOG_USEC");
}

int
main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_defaults_are_those_of_the_table, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_secrets_leave_the_environment, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_file_gives_a_value_without_its_last_line_end, s_clear,
                                        s_free),
        cmocka_unit_test_setup_teardown(test_value_and_file_together_are_refused, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_alias_counts_and_must_not_contradict, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_every_problem_is_listed, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_numbers_are_whole_and_in_their_range, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_production_wants_real_secrets, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_placeholders_are_refused_and_nothing_else, s_clear,
                                        s_free),
        cmocka_unit_test_setup_teardown(test_service_manager_variables, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_unknown_names_are_warned_of, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_settings_without_effect_are_warned_of_with_the_reason,
                                        s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_ranges_that_match_nobody_are_refused, s_clear, s_free),
        cmocka_unit_test_setup_teardown(test_control_endpoint_follows_the_run_folder, s_clear,
                                        s_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
