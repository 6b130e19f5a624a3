/* The address filter's rules: read once per version of the security settings, and anew with the next. */
#include "core/document.h"
#include "gateway/service.h"
#include "support/check.h"

static mg_entry_t *
s_settings(bool bypass, uint64_t rev)
{
    bson_t body = BSON_INITIALIZER;
    BSON_APPEND_BOOL(&body, "allow_localhost_bypass", bypass);
    mg_entry_t *entry =
        mg_entry_new(mg_slice_text("security_settings"), mg_document_slice(&body), 0, rev);
    bson_destroy(&body);
    assert_non_null(entry);
    return entry;
}

static void
test_each_version_of_the_settings_counts(void **state)
{
    (void)state;
    mg_service_t service = {0};
    mg_entry_t *closed = s_settings(false, 1);
    mg_entry_t *open = s_settings(true, 2);
    assert_false(mg_service_ipfilter(&service, NULL)->set);
    assert_true(mg_service_ipfilter(&service, closed)->set);
    assert_false(mg_service_ipfilter(&service, closed)->local_bypass);
    assert_true(mg_service_ipfilter(&service, open)->local_bypass);
    assert_true(mg_service_ipfilter(&service, open)->local_bypass);
    open->rev = 3;                       /* another document in the place of one that is gone */
    open->bytes[open->body_len - 2] = 0; /* false: the value stands before the closing NUL */
    assert_false(mg_service_ipfilter(&service, open)->local_bypass);
    assert_false(mg_service_ipfilter(&service, NULL)->set);
    assert_true(mg_service_ipfilter(&service, closed)->set);
    mg_entry_free(open);
    mg_entry_free(closed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_each_version_of_the_settings_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
