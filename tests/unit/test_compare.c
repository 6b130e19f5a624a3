/* What differs between two sources. The sources are lists of this test: its mg_docsource_next takes the place of the program's. */
#include "cli/compare.h"
#include "support/check.h"

#include <stdio.h>
#include <string.h>

enum { DOCUMENTS_MAX = 8, TOLD = 256 };

struct mg_docsource {
    mg_source_document_t items[DOCUMENTS_MAX];
    size_t count;
    size_t at;
    mg_exit_t end; /* what it says behind the last one */
};

mg_exit_t
mg_docsource_next(mg_docsource_t *self, const mg_source_document_t **out)
{
    bool more = self->at < self->count;
    *out = more ? &self->items[self->at++] : NULL;
    return more ? MG_EXIT_OK : self->end;
}

/* One letter each: collection, key, body, expiry, rev; "ak109" is document k of collection a. A space between two. */
static mg_docsource_t
s_source(const char *text, mg_exit_t end)
{
    mg_docsource_t source = {.end = end};
    for (; *text; text += text[5] ? 6 : 5) {
        assert_true(source.count < DOCUMENTS_MAX);
        source.items[source.count++] = (mg_source_document_t){.collection = mg_slice(text, 1),
                                                              .key = mg_slice(text + 1, 1),
                                                              .body = mg_slice(text + 2, 1),
                                                              .expires_ns = text[3] - '0',
                                                              .rev = (uint64_t)(text[4] - '0')};
    }
    return source;
}

/* Writes down what it is told, and ends the comparison at the document `enough`. */
typedef struct scribe {
    char told[TOLD];
    const char *enough; /* collection and key; NULL: never */
} scribe_t;

static mg_exit_t
s_on_difference(void *arg, const mg_source_document_t *before, const mg_source_document_t *after)
{
    scribe_t *scribe = arg;
    const mg_source_document_t *one = before ? before : after;
    size_t used = strlen(scribe->told);
    char mark = before && after ? '~' : '-';
    assert_non_null(one);
    (void)snprintf(scribe->told + used, sizeof scribe->told - used, "%c%c%c ", before ? mark : '+',
                   one->collection.data[0], one->key.data[0]);
    bool enough = scribe->enough && scribe->enough[0] == (char)one->collection.data[0] &&
                  scribe->enough[1] == (char)one->key.data[0];
    return enough ? MG_EXIT_DUMP_FAILED : MG_EXIT_OK;
}

static void
test_each_difference_is_told_once_and_in_order(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *after;
        const char *told; /* + added, - removed, ~ changed */
    } rows[] = {
        {"", "", ""},
        {"ak101 bk101", "ak101 bk101", ""},
        {"ak101", "ak107", ""}, /* when it was written does not matter */
        {"ak101", "ak201", "~ak "},
        {"ak101", "ak151", "~ak "}, /* only the expiry */
        {"", "ak101 bk101", "+ak +bk "},
        {"ak101 bk101", "", "-ak -bk "},
        {"aj101 al101", "ak101", "-aj +ak -al "},
        {"ak101 cj101", "bj101 ck101", "-ak +bj -cj +ck "},
        {"az101", "ba101", "-az +ba "}, /* the collection comes before the key */
        {"aj101 ak101 al101", "aj101 ak201 al101 am101", "~ak +am "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scribe_t scribe = {.enough = NULL};
        mg_docsource_t before = s_source(rows[i].before, MG_EXIT_OK);
        mg_docsource_t after = s_source(rows[i].after, MG_EXIT_OK);
        assert_int_equal(mg_compare_run(&before, &after, s_on_difference, &scribe), MG_EXIT_OK);
        assert_string_equal(scribe.told, rows[i].told);
    }
}

static void
test_it_ends_with_what_a_source_or_the_receiver_says(void **state)
{
    (void)state;
    static const struct {
        mg_exit_t before;
        mg_exit_t after;
        const char *enough;
        mg_exit_t expected;
        const char *told;
    } rows[] = {
        {MG_EXIT_DAMAGED, MG_EXIT_OK, NULL, MG_EXIT_DAMAGED, "-aj "},
        {MG_EXIT_OK, MG_EXIT_UNAVAILABLE, NULL, MG_EXIT_UNAVAILABLE, "-aj +ak "},
        {MG_EXIT_OK, MG_EXIT_OK, "ak", MG_EXIT_DUMP_FAILED, "-aj +ak "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        scribe_t scribe = {.enough = rows[i].enough};
        mg_docsource_t before = s_source("aj101", rows[i].before);
        mg_docsource_t after = s_source("ak101", rows[i].after);
        assert_int_equal(mg_compare_run(&before, &after, s_on_difference, &scribe),
                         rows[i].expected);
        assert_string_equal(scribe.told, rows[i].told);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_difference_is_told_once_and_in_order),
        cmocka_unit_test(test_it_ends_with_what_a_source_or_the_receiver_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
