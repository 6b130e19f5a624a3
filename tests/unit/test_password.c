/* Passwords: what a check costs, told by the memory that Argon2id fills, not by a clock. */
#include "core/password.h"
#include "support/check.h"

#include <sodium.h>

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORK_KIB = 60 << 10 /* a little under the 64 MiB of one hash */ };

static long
s_peak_kib(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* In a process of its own, whose peak is that of this check: true when the work of Argon2id was done. */
static bool
s_works(const char *password, const char *hash)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool matches = false;
        bool stale = false;
        long before = s_peak_kib();
        mg_status_t status =
            mg_password_check(mg_slice_text(password), mg_slice_text(hash), &matches, &stale);
        _exit(status == MG_OK && !matches && s_peak_kib() - before >= WORK_KIB ? 0 : 1);
    }
    int ended = 0;
    assert_int_equal(waitpid(child, &ended, 0), child);
    return WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
}

static void
test_nobody_costs_as_much_as_somebody(void **state)
{
    (void)state;
    /* Made elsewhere: this process must not have filled that memory before its children do. */
    static const char known[] = "$argon2id$v=19$m=65536,t=2,p=1$c29tZS1zYWx0LTEyMzQ1Ng$"
                                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_true(s_works("x", known));
    assert_true(s_works("x", ""));
    assert_true(s_works("x", "plain text"));
    assert_true(s_works("", ""));
    char longest[MG_PASSWORD_HASH_SIZE + 10];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_true(s_works("x", longest));
}

static void
test_a_hash_matches_its_password_only(void **state)
{
    (void)state;
    char hash[MG_PASSWORD_HASH_SIZE];
    bool matches = false;
    bool stale = true;
    CHECK_OK(mg_password_hash(mg_slice_text("one"), hash));
    CHECK_OK(mg_password_check(mg_slice_text("one"), mg_slice_text(hash), &matches, &stale));
    assert_true(matches && !stale);
    CHECK_OK(mg_password_check(mg_slice_text("on"), mg_slice_text(hash), &matches, &stale));
    assert_false(matches || stale);
}

/* One made with less work than today's is good, and to be made anew. */
static void
test_a_weaker_hash_is_stale(void **state)
{
    (void)state;
    char weak[crypto_pwhash_STRBYTES];
    bool matches = false;
    bool stale = false;
    assert_int_equal(
        crypto_pwhash_str(weak, "one", 3, crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
        0);
    CHECK_OK(mg_password_check(mg_slice_text("one"), mg_slice_text(weak), &matches, &stale));
    assert_true(matches && stale);
    CHECK_OK(mg_password_check(mg_slice_text("two"), mg_slice_text(weak), &matches, &stale));
    assert_false(matches || stale);
}

int
main(void)
{
    assert_true(sodium_init() >= 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_costs_as_much_as_somebody),
        cmocka_unit_test(test_a_hash_matches_its_password_only),
        cmocka_unit_test(test_a_weaker_hash_is_stale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
