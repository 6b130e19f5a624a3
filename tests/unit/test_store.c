/* The store's rules, one at a time; test_storemodel.c compares it with a model. */
#include "core/btree.h"
#include "core/document.h"
#include "core/store.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>

/* The user of this number, under its natural key. */
static void
s_body(bson_t *out, int number)
{
    char name[16];
    (void)snprintf(name, sizeof name, "user%05d", number);
    bson_init(out);
    BSON_APPEND_UTF8(out, "username", name);
    BSON_APPEND_INT64(out, "number", number);
}

static mg_status_t
s_put_one(mg_store_t *store, const char *collection, int number)
{
    bson_t body;
    s_body(&body, number);
    mg_op_t put = {.collection = mg_slice_text(collection), .body = mg_document_slice(&body)};
    if (mg_collection_by_name(put.collection) == NULL) {
        put.key = mg_document_text(put.body, "username");
    }
    size_t failed_at = 0;
    mg_status_t status = mg_store_apply(store, &put, 1, 0, &failed_at);
    bson_destroy(&body);
    return status;
}

static void
test_write_without_a_view_copies_no_node(void **state)
{
    (void)state;
    mg_store_t *store = mg_store_new();
    for (int i = 0; i < 5000; i++) {
        CHECK_OK(s_put_one(store, "users", (i * 7919) % 5000));
    }
    mg_store_stats_t stats;
    mg_store_stats(store, &stats);
    assert_int_equal(stats.nodes_copied, 0);
    assert_int_equal(stats.dead, 0);
    mg_view_t *view = mg_store_open_view(store);
    CHECK_OK(s_put_one(store, "users", 17));
    CHECK_OK(s_put_one(store, "users", 17));
    mg_store_stats(store, &stats);
    assert_in_range(stats.nodes_copied, 2, 4); /* one path, once */
    mg_store_release_view(store, &view);
    mg_store_destroy(&store);
}

static void
test_view_between_two_others_frees_what_only_it_saw(void **state)
{
    (void)state;
    mg_store_t *store = mg_store_new();
    CHECK_OK(s_put_one(store, "users", 1));
    mg_view_t *old = mg_store_open_view(store);
    CHECK_OK(s_put_one(store, "users", 1));
    mg_view_t *middle = mg_store_open_view(store);
    CHECK_OK(s_put_one(store, "users", 1));
    mg_store_stats_t both;
    mg_store_stats(store, &both);
    mg_store_release_view(store, &middle);
    while (mg_store_reclaim(store, 10)) {
    }
    mg_store_stats_t one;
    mg_store_stats(store, &one);
    assert_true(one.dead < both.dead);
    assert_true(one.dead > 0);
    assert_int_equal(
        mg_entry_body(mg_view_find(old, MG_COLLECTION_USERS, mg_slice_text("user00001"))).len,
        mg_entry_body(
            mg_view_find(mg_store_current(store), MG_COLLECTION_USERS, mg_slice_text("user00001")))
            .len);
    mg_store_release_view(store, &old);
    mg_store_destroy(&store);
}

static void
test_imported_collections_are_made_by_their_first_put(void **state)
{
    (void)state;
    mg_store_t *store = mg_store_new();
    assert_int_equal(mg_view_slot(mg_store_current(store), mg_slice_text("zebras")), MG_SLOT_NONE);
    for (int i = 0; i < 40; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "zoo%02d", i);
        CHECK_OK(s_put_one(store, name, i));
    }
    const mg_view_t *view = mg_store_current(store);
    int slots[MG_COLLECTIONS_MAX];
    int count = mg_view_slots_by_name(view, slots);
    assert_int_equal(count, MG_COLLECTIONS_KNOWN - 1 + 40);
    for (int i = 1; i < count; i++) {
        assert_true(mg_slice_compare(mg_view_slot_name(view, slots[i - 1]),
                                     mg_view_slot_name(view, slots[i])) < 0);
    }
    mg_store_destroy(&store);
}

static void
test_registry_names_ascend_so_that_they_can_be_searched(void **state)
{
    (void)state;
    for (int i = 1; i < MG_COLLECTIONS_KNOWN; i++) {
        mg_slice_t name = mg_slice_text(mg_collection((mg_collection_id_t)i)->name);
        assert_ptr_equal(mg_collection_by_name(name), mg_collection((mg_collection_id_t)i));
    }
    assert_null(mg_collection_by_name(mg_slice_text("")));
}

static void
test_swap_keeps_old_views_and_raises_the_version(void **state)
{
    (void)state;
    mg_store_t *store = mg_store_new();
    for (int i = 0; i < 3000; i++) {
        CHECK_OK(s_put_one(store, "users", i));
    }
    mg_view_t *before = mg_store_open_view(store);
    mg_store_t *loaded = mg_store_new();
    mg_store_set_version(loaded, 50);
    int slot = mg_store_slot(loaded, mg_slice_text("accounts"));
    bson_t body;
    s_body(&body, 1);
    mg_op_t put = {.key = mg_slice_text("a"), .body = mg_document_slice(&body)};
    CHECK_OK(mg_store_load(loaded, slot, &put, 7));
    CHECK_STATUS(MG_ERR_INVALID, mg_store_load(loaded, slot, &put, 8));
    bson_destroy(&body);
    mg_store_swap(store, &loaded, true);
    assert_null(loaded);
    assert_int_equal(mg_view_total(before), 3000);
    assert_int_equal(mg_view_total(mg_store_current(store)), 1);
    assert_int_equal(mg_view_version(mg_store_current(store)), 3002);
    CHECK_OK(s_put_one(store, "users", 5));
    assert_int_equal(mg_view_total(before), 3000);
    mg_store_release_view(store, &before);
    unsigned turns = 0;
    while (mg_store_reclaim(store, 100)) {
        turns++;
    }
    assert_true(turns > 20); /* a little at a time */
    mg_store_stats_t stats;
    mg_store_stats(store, &stats);
    assert_int_equal(stats.dead, 0);
    assert_int_equal(stats.documents, 2);
    mg_store_destroy(&store);
}

/* Loads a document without fields under this key. */
static mg_status_t
s_load_key(mg_store_t *store, int slot, mg_slice_t key)
{
    bson_t body = BSON_INITIALIZER;
    mg_entry_t *entry = mg_entry_new(key, mg_document_slice(&body), 0, 1);
    assert_non_null(entry);
    return mg_store_load_entry(store, slot, entry);
}

static void
test_load_appends_and_refuses_keys_that_do_not_ascend(void **state)
{
    (void)state;
    enum { MANY = 40000 }; /* four levels of nodes */
    mg_store_t *store = mg_store_new();
    int slot = mg_store_slot(store, mg_slice_text("accounts"));
    char key[16];
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof key, "k%07d", i);
        CHECK_OK(s_load_key(store, slot, mg_slice_text(key)));
        if (i % 31 == 0) {
            CHECK_STATUS(MG_ERR_INVALID, s_load_key(store, slot, mg_slice_text(key)));
            CHECK_STATUS(MG_ERR_INVALID, s_load_key(store, slot, mg_slice_text("k")));
        }
    }
    const mg_view_t *view = mg_store_current(store);
    assert_int_equal(mg_view_count(view, slot), MANY);
    mg_cursor_t cursor;
    mg_cursor_seek(&cursor, view, slot, mg_slice(NULL, 0));
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(key, sizeof key, "k%07d", i);
        assert_true(mg_slice_equal(mg_entry_key(mg_cursor_next(&cursor)), mg_slice_text(key)));
        assert_non_null(mg_view_find(view, slot, mg_slice_text(key)));
    }
    assert_null(mg_cursor_next(&cursor));
    mg_store_destroy(&store);
}

static void
s_free_tree(mg_node_t *node) // NOLINT(misc-no-recursion): as deep as the tree
{
    for (unsigned i = 0; i < node->count; i++) {
        if (node->height) {
            s_free_tree(node->slot[i].child);
            mg_entry_free(mg_node_bounds(node)[i].entry);
        } else {
            mg_entry_free(node->slot[i].entry);
        }
    }
    free(node);
}

/* A last leaf that was emptied keeps its bound, and what comes next may belong in front of it. */
static void
test_append_behind_an_emptied_leaf_finds_its_place(void **state)
{
    (void)state;
    mg_graves_t graves = {0};
    mg_tree_writer_t writer = {.version = 1, .graves = &graves};
    mg_node_t *root = NULL;
    char key[8];
    for (int i = 0; i <= MG_FANOUT; i++) { /* one entry in the second leaf */
        (void)snprintf(key, sizeof key, "%03d", 2 * i);
        CHECK_OK(mg_btree_append(&root, mg_entry_new(mg_slice_text(key), mg_slice(NULL, 0), 0, 1),
                                 &writer));
    }
    assert_int_equal(root->height, 1);
    mg_entry_t *removed = NULL;
    CHECK_OK(mg_btree_remove(&root, mg_slice_text(key), &writer, &removed));
    mg_entry_free(removed);
    (void)snprintf(key, sizeof key, "%03d", 2 * MG_FANOUT - 1);
    mg_entry_t *last = mg_entry_new(mg_slice_text(key), mg_slice(NULL, 0), 0, 1);
    CHECK_OK(mg_btree_append(&root, last, &writer));
    assert_ptr_equal(mg_btree_find(root, mg_slice_text(key)), last);
    assert_ptr_equal(mg_btree_last(root), last);
    s_free_tree(root);
}

static void
test_key_that_contradicts_the_body_is_refused(void **state)
{
    (void)state;
    mg_store_t *store = mg_store_new();
    bson_t body;
    s_body(&body, 1);
    mg_op_t put = {.collection = mg_slice_text("users"),
                   .key = mg_slice_text("user00002"),
                   .body = mg_document_slice(&body)};
    size_t failed_at = 99;
    CHECK_STATUS(MG_ERR_INVALID, mg_store_apply(store, &put, 1, 0, &failed_at));
    assert_int_equal(failed_at, 0);
    put.collection =
        mg_slice_text("things"); /* keyed by _id, which the body lacks: the given key counts */
    CHECK_OK(mg_store_apply(store, &put, 1, 0, &failed_at));
    put.key = mg_slice(NULL, 0);
    CHECK_STATUS(MG_ERR_INVALID, mg_store_apply(store, &put, 1, 0, &failed_at));
    put.body = mg_slice(NULL, 0);
    CHECK_STATUS(MG_ERR_INVALID, mg_store_apply(store, &put, 1, 0, &failed_at));
    bson_destroy(&body);
    mg_store_destroy(&store);
}

static void
test_natural_keys_of_two_documents_never_meet(void **state)
{
    (void)state;
    mg_slice_t one[] = {mg_slice_text("a/b"), mg_slice_text("c")};
    mg_slice_t two[] = {mg_slice_text("a"), mg_slice_text("b/c")};
    mg_buf_t key_one = {0};
    mg_buf_t key_two = {0};
    mg_collection_join_key(one, 2, &key_one);
    mg_collection_join_key(two, 2, &key_two);
    assert_string_equal(mg_buf_text(&key_one), "a%2Fb/c");
    assert_string_equal(mg_buf_text(&key_two), "a/b/c");
    mg_buf_free(&key_one);
    mg_buf_free(&key_two);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write_without_a_view_copies_no_node),
        cmocka_unit_test(test_view_between_two_others_frees_what_only_it_saw),
        cmocka_unit_test(test_imported_collections_are_made_by_their_first_put),
        cmocka_unit_test(test_registry_names_ascend_so_that_they_can_be_searched),
        cmocka_unit_test(test_swap_keeps_old_views_and_raises_the_version),
        cmocka_unit_test(test_load_appends_and_refuses_keys_that_do_not_ascend),
        cmocka_unit_test(test_append_behind_an_emptied_leaf_finds_its_place),
        cmocka_unit_test(test_key_that_contradicts_the_body_is_refused),
        cmocka_unit_test(test_natural_keys_of_two_documents_never_meet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
