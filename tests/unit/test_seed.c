/* What every state is seeded with, and that nothing is written twice. */
#include "core/document.h"
#include "core/password.h"
#include "core/seed.h"
#include "support/check.h"

#include <sodium.h>

static mg_config_t
s_config(void)
{
    return (mg_config_t){.admin_email = "admin@example.test",
                         .admin_password = "a-long-admin-password",
                         .autosave = {.enabled = true, .every_seconds = 300},
                         .http = {.local_host_bypass = true}};
}

static mg_slice_t
s_body(const mg_store_t *store, mg_collection_id_t collection, const char *key)
{
    const mg_entry_t *entry =
        mg_view_find(mg_store_current(store), (int)collection, mg_slice_text(key));
    assert_non_null(entry);
    return mg_entry_body(entry);
}

static void
test_empty_state_gets_admin_role_groups_settings_and_key(void **state)
{
    (void)state;
    mg_config_t config = s_config();
    mg_store_t *store = mg_store_new();
    bool changed = false;
    CHECK_OK(mg_seed_align(store, &config, 1, &changed));
    assert_true(changed);
    mg_slice_t admin = s_body(store, MG_COLLECTION_USERS, "admin");
    assert_true(mg_document_text_is(admin, "email", "admin@example.test"));
    bool matches = false;
    bool stale = true;
    CHECK_OK(mg_password_check(mg_slice_text(config.admin_password),
                               mg_document_text(admin, "password"), &matches, &stale));
    assert_true(matches && !stale);
    mg_slice_t role = s_body(store, MG_COLLECTION_ROLES, "admin");
    assert_true(mg_document_bool(role, "manage_tiers", false));
    assert_true(mg_document_bool(role, "manage_rate_limits", false));
    (void)s_body(store, MG_COLLECTION_GROUPS, "admin");
    (void)s_body(store, MG_COLLECTION_GROUPS, "ALL");
    mg_slice_t settings = s_body(store, MG_COLLECTION_SETTINGS, MG_SEED_SETTINGS);
    assert_true(mg_document_bool(settings, "enable_auto_save", false));
    assert_int_equal(mg_document_int(settings, "auto_save_frequency_seconds", 0), 300);
    assert_int_equal(
        mg_document_bytes(s_body(store, MG_COLLECTION_META, MG_SEED_JWT_KEY), "secret").len,
        MG_JWT_KEY_SIZE);
    mg_store_destroy(&store);
}

static void
test_what_is_right_already_is_not_written_again(void **state)
{
    (void)state;
    mg_config_t config = s_config();
    mg_store_t *store = mg_store_new();
    bool changed = false;
    CHECK_OK(mg_seed_align(store, &config, 1, &changed));
    uint64_t version = mg_view_version(mg_store_current(store));
    changed = false;
    CHECK_OK(mg_seed_align(store, &config, 2, &changed));
    assert_false(changed);
    assert_int_equal(mg_view_version(mg_store_current(store)), version);
    mg_store_destroy(&store);
}

static void
test_new_password_and_explicit_settings_win_over_what_was_restored(void **state)
{
    (void)state;
    mg_config_t config = s_config();
    mg_store_t *store = mg_store_new();
    bool changed = false;
    CHECK_OK(mg_seed_align(store, &config, 1, &changed));
    config.admin_password = "another-admin-password";
    config.autosave =
        (mg_config_autosave_t){.enabled = false, .every_seconds = 60}; /* defaults: not explicit */
    CHECK_OK(mg_seed_align(store, &config, 2, &changed));
    mg_slice_t settings = s_body(store, MG_COLLECTION_SETTINGS, MG_SEED_SETTINGS);
    assert_int_equal(mg_document_int(settings, "auto_save_frequency_seconds", 0), 300);
    config.autosave.every_set = true;
    CHECK_OK(mg_seed_align(store, &config, 3, &changed));
    settings = s_body(store, MG_COLLECTION_SETTINGS, MG_SEED_SETTINGS);
    assert_int_equal(mg_document_int(settings, "auto_save_frequency_seconds", 0), 60);
    assert_true(mg_document_bool(settings, "enable_auto_save", false));
    bool matches = false;
    bool stale = false;
    mg_slice_t hash = mg_document_text(s_body(store, MG_COLLECTION_USERS, "admin"), "password");
    CHECK_OK(mg_password_check(mg_slice_text("another-admin-password"), hash, &matches, &stale));
    assert_true(matches);
    mg_store_destroy(&store);
}

static void
test_without_admin_and_password_nobody_could_log_in(void **state)
{
    (void)state;
    mg_config_t config = s_config();
    config.admin_password = NULL;
    mg_store_t *store = mg_store_new();
    bool changed = false;
    CHECK_STATUS(MG_ERR_NOT_FOUND, mg_seed_align(store, &config, 1, &changed));
    mg_store_destroy(&store);
}

int
main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty_state_gets_admin_role_groups_settings_and_key),
        cmocka_unit_test(test_what_is_right_already_is_not_written_again),
        cmocka_unit_test(test_new_password_and_explicit_settings_win_over_what_was_restored),
        cmocka_unit_test(test_without_admin_and_password_nobody_could_log_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
