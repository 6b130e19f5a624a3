/* Which dumps may go, and how dumps hang together. */
#include "core/chain.h"
#include "core/clock.h"
#include "core/retention.h"
#include "support/check.h"

#include <string.h>

enum { MAX = 8 };

static const uint8_t s_store[MG_STORE_ID_SIZE] = {1};
static const uint8_t s_foreign[MG_STORE_ID_SIZE] = {2};

/* One good dump of our store. */
static mg_candidate_t
s_good(uint64_t generation, int64_t created_at)
{
    mg_candidate_t candidate = {
        .is_own = true, .has_header = true, .authenticated = true, .has_footer = true};
    candidate.header.generation = generation;
    candidate.header.created_at = created_at;
    memcpy(candidate.header.store_id, s_store, sizeof s_store);
    memset(candidate.footer.file_check, (int)generation, MG_CHECK_SIZE);
    if (generation > 1) {
        candidate.header.parent_generation = generation - 1;
        candidate.header.has_parent_check = true;
        memset(candidate.header.parent_check, (int)generation - 1, MG_CHECK_SIZE);
    }
    return candidate;
}

/* Newest first: generations MAX .. 1, a day between two. */
static void
s_fill(mg_candidate_t items[MAX])
{
    for (int i = 0; i < MAX; i++) {
        items[i] = s_good((uint64_t)(MAX - i), (MAX - i) * 86400LL * MG_NS_PER_SECOND);
    }
}

/* The generations that may go, one bit each. */
static unsigned
s_removable(const mg_retention_t *rules, mg_candidate_t items[MAX])
{
    unsigned mask = 0;
    mg_candidates_t candidates = {.items = items, .count = MAX};
    for (size_t i = 0; i < MAX; i++) {
        if (mg_retention_may_remove(rules, &candidates, i)) {
            mask |= 1u << items[i].header.generation;
        }
    }
    return mask;
}

static void
test_the_newest_good_dumps_stay(void **state)
{
    (void)state;
    static const struct {
        uint32_t keep;
        uint32_t keep_days;
        uint64_t pinned;
        unsigned expected; /* bit g: generation g may go */
    } rows[] = {
        {10, 0, 0, 0},   {8, 0, 0, 0},    {5, 0, 0, 0x0e}, {2, 0, 0, 0x7e},
        {1, 0, 0, 0x7e}, {0, 0, 0, 0x7e}, /* two stay in any case */
        {2, 0, 3, 0x76}, {2, 4, 0, 0x1e}, {2, 100, 0, 0},  {5, 1, 0, 0x0e},
    };
    mg_candidate_t items[MAX];
    s_fill(items);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mg_retention_t rules = {.store_id = s_store,
                                .keep = rows[i].keep,
                                .keep_days = rows[i].keep_days,
                                .pinned = rows[i].pinned,
                                .now_ns = (MAX + 1) * 86400LL * MG_NS_PER_SECOND};
        assert_int_equal(s_removable(&rules, items), rows[i].expected);
    }
}

static void
test_a_dump_made_after_the_listing_counts_as_kept(void **state)
{
    (void)state;
    mg_retention_t rules = {.store_id = s_store, .keep = 5, .newer = 1};
    mg_candidate_t items[MAX];
    s_fill(items);
    assert_int_equal(s_removable(&rules, items), 0x1e); /* 8 to 5 stay, and the new one */
    rules.keep = 0;
    assert_int_equal(s_removable(&rules, items), 0xfe); /* 8 and the new one */
}

static void
test_what_is_not_good_and_ours_stays_and_does_not_count(void **state)
{
    (void)state;
    mg_retention_t rules = {.store_id = s_store, .keep = 2};
    mg_candidate_t items[MAX];
    s_fill(items);
    items[0].authenticated = false;                                /* 8: under another key */
    items[1].has_footer = false;                                   /* 7: cut off */
    memcpy(items[2].header.store_id, s_foreign, sizeof s_foreign); /* 6: of another store */
    items[6].is_own = false;                                       /* 2: another user's file */
    assert_int_equal(s_removable(&rules, items),
                     1u << 3 | 1u << 1); /* 5 and 4 are the newest good */
}

static void
test_a_chain_is_followed_by_check_values(void **state)
{
    (void)state;
    mg_candidate_t items[MAX];
    mg_candidates_t candidates = {.items = items, .count = MAX};
    s_fill(items);
    assert_int_equal(mg_chain_of(&candidates, 0), MG_CHAIN_OK);
    assert_int_equal(mg_chain_of(&candidates, MAX - 1), MG_CHAIN_FIRST);
    items[1].header.generation = 77; /* removed by retention, as seen from its child */
    assert_int_equal(mg_chain_of(&candidates, 0), MG_CHAIN_ABSENT);
    s_fill(items);
    items[1].footer.file_check[0] ^= 1;
    assert_int_equal(mg_chain_of(&candidates, 0), MG_CHAIN_MISMATCH);
    items[1].header.has_resealed_from = true; /* the same content, under a new key */
    memcpy(items[1].header.resealed_from, items[0].header.parent_check, MG_CHECK_SIZE);
    assert_int_equal(mg_chain_of(&candidates, 0), MG_CHAIN_OK);
    items[1].header.resealed_from[0] ^=
        1; /* and under one more: what it was at first is not known */
    assert_int_equal(mg_chain_of(&candidates, 0), MG_CHAIN_ABSENT);
    items[0].authenticated = false;
    assert_int_equal(mg_chain_of(&candidates, 0), MG_CHAIN_UNKNOWN);
    assert_string_equal(mg_chain_name(MG_CHAIN_MISMATCH), "mismatch");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_good_dumps_stay),
        cmocka_unit_test(test_a_dump_made_after_the_listing_counts_as_kept),
        cmocka_unit_test(test_what_is_not_good_and_ours_stays_and_does_not_count),
        cmocka_unit_test(test_a_chain_is_followed_by_check_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
