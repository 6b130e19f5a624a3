#include "gateway/openapi.h"
#include "gateway/openapipage.h"
#include "gateway/schema.h"
#include "support/check.h"

#include <ctype.h>
#include <string.h>

static json_t *s_document;

static int
s_make(void **state)
{
    (void)state;
    s_document = mg_openapi_new();
    return s_document ? 0 : -1;
}

static int
s_free(void **state)
{
    (void)state;
    json_decref(s_document);
    return 0;
}

/* The operation of a row; fails when there is none. */
static const json_t *
s_operation(const mg_route_t *route)
{
    char method[16] = "";
    const char *name = mg_method_name(route->method);
    for (size_t i = 0; name[i]; i++) {
        method[i] = (char)tolower((unsigned char)name[i]);
    }
    mg_buf_t path = {0};
    mg_openapi_path(route->pattern, &path);
    const json_t *item = json_object_get(json_object_get(s_document, "paths"), mg_buf_text(&path));
    const json_t *operation = json_object_get(item, method);
    if (!operation) {
        fail_msg("%s %s is not documented", method, mg_buf_text(&path));
    }
    mg_buf_free(&path);
    return operation;
}

/* True when the answer under the error's number names its code, or shows the shape of an error without one. */
static bool
s_names(const json_t *operation, mg_error_id_t error)
{
    const mg_error_row_t *row = mg_error_row(error);
    char number[12];
    (void)snprintf(number, sizeof number, "%u", row->status);
    const json_t *answer = json_object_get(json_object_get(operation, "responses"), number);
    const char *text = json_string_value(json_object_get(answer, "description"));
    bool coded = row->code && strcmp(row->code, MG_ERROR_DETAIL) != 0;
    return text && strstr(text, coded ? row->code : row->text) != NULL;
}

static void
test_every_row_is_documented_with_what_it_needs_and_refuses(void **state)
{
    (void)state;
    const mg_route_t *route = NULL;
    for (size_t i = 0; (route = mg_route_row(i)) != NULL; i++) {
        const json_t *operation = s_operation(route);
        const char *permission = json_string_value(json_object_get(operation, "x-permission"));
        bool named = route->access == MG_ACCESS_ROLE || route->access == MG_ACCESS_SELF;
        assert_int_equal(named, permission != NULL);
        assert_true(!named || strcmp(permission, mg_permission_name(route->permission)) == 0);
        bool open = json_object_get(operation, "security") != NULL;
        assert_int_equal(open, route->access == MG_ACCESS_OPEN);
        assert_true(!route->denied || s_names(operation, route->denied));
        assert_true(!route->no_login || s_names(operation, route->no_login));
        const mg_route_doc_t *doc = mg_route_doc(route);
        for (size_t j = 0; j < MG_ROUTE_DOC_ERRORS && doc->errors[j]; j++) {
            assert_true(s_names(operation, doc->errors[j]));
        }
    }
}

static void
test_nothing_is_documented_that_is_no_row(void **state)
{
    (void)state;
    size_t rows = 0;
    size_t operations = 0;
    while (mg_route_row(rows)) {
        rows++;
    }
    const char *path = NULL;
    const json_t *item = NULL;
    json_object_foreach(json_object_get(s_document, "paths"), path, item)
    {
        operations += json_object_size(item);
    }
    assert_int_equal(operations, rows);
}

/* A line that no route has would never be read. */
static void
test_every_line_of_the_docs_belongs_to_a_row(void **state)
{
    (void)state;
    const mg_route_doc_t *doc = NULL;
    for (size_t i = 0; (doc = mg_route_doc_row(i)) != NULL; i++) {
        const mg_route_t *route = NULL;
        bool found = false;
        for (size_t j = 0; (route = mg_route_row(j)) != NULL; j++) {
            found = found || mg_route_doc(route) == doc;
        }
        if (!found) {
            fail_msg("no route, or two lines for it: %s", doc->line);
        }
    }
}

/* Every error of the table can be found in some answer: those of rows, resources and handlers, and what is always possible. */
static void
test_every_error_is_documented_somewhere(void **state)
{
    (void)state;
    char *text = json_dumps(s_document, JSON_COMPACT);
    assert_non_null(text);
    for (int i = 0; i < MG_ERRORS; i++) {
        const mg_error_row_t *row = mg_error_row((mg_error_id_t)i);
        json_t *value = json_string(row->text);
        char *sentence = json_dumps(value, JSON_ENCODE_ANY);
        json_decref(value);
        sentence[strlen(sentence) - 1] = 0;
        if (!strstr(text, sentence + 1)) {
            fail_msg("nowhere: %s", row->text);
        }
        free(sentence);
    }
    free(text);
}

static void
test_paths_are_written_as_openapi_has_them(void **state)
{
    (void)state;
    mg_buf_t path = {0};
    mg_openapi_path("/a/{x}/b.c/{rest...}", &path);
    assert_string_equal(mg_buf_text(&path), "/a/{x}/b.c/{rest}");
    mg_buf_free(&path);
}

/* --- schemas --- */

static const char *const s_colours[] = {"red", "green", NULL};
static const mg_field_t s_inner[] = {{.name = "n", .type = MG_FIELD_INT, .max = 9}, {.name = NULL}};
static const mg_field_t s_fields[] = {
    {.name = "key",
     .type = MG_FIELD_TEXT,
     .min = 1,
     .max = 8,
     .flags = MG_FIELD_REQUIRED | MG_FIELD_FIXED},
    {.name = "colour", .type = MG_FIELD_TEXT, .choices = s_colours, .fallback = "\"red\""},
    {.name = "inner", .type = MG_FIELD_RECORD, .items = s_inner},
    {.name = "secret", .type = MG_FIELD_TEXT, .flags = MG_FIELD_UNSTORED},
    {.name = "start", .type = MG_FIELD_INT, .flags = MG_FIELD_ONCE},
    {.name = NULL},
};

static void
s_expect_schema(mg_schema_use_t use, const char *wanted)
{
    mg_tree_t tree = {.root = json_object()};
    json_t *schema = mg_schema_object(&tree, s_fields, use);
    json_t *expected = json_loads(wanted, 0, NULL);
    assert_non_null(expected);
    assert_false(tree.failed);
    if (!json_equal(schema, expected)) {
        fail_msg("%s", json_dumps(schema, JSON_COMPACT));
    }
    json_decref(expected);
    json_decref(schema);
    json_decref(tree.root);
}

static void
test_a_table_is_described_as_each_side_needs_it(void **state)
{
    (void)state;
    s_expect_schema(
        MG_SCHEMA_CREATE,
        "{\"type\":\"object\",\"required\":[\"key\"],\"properties\":{"
        "\"key\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":8},"
        "\"colour\":{\"type\":[\"string\",\"null\"],\"enum\":[\"red\",\"green\",null],"
        "\"default\":\"red\"},"
        "\"inner\":{\"type\":[\"object\",\"null\"],\"properties\":{\"n\":{\"type\":[\"integer\","
        "\"null\"],\"minimum\":0,\"maximum\":9}}},"
        "\"secret\":{\"type\":[\"string\",\"null\"]},"
        "\"start\":{\"type\":[\"integer\",\"null\"],\"minimum\":0}}}");
    s_expect_schema(MG_SCHEMA_UPDATE,
                    "{\"type\":\"object\",\"properties\":{"
                    "\"key\":{\"type\":[\"string\",\"null\"],\"minLength\":1,\"maxLength\":8},"
                    "\"colour\":{\"type\":[\"string\",\"null\"],\"enum\":[\"red\",\"green\",null]},"
                    "\"inner\":{\"type\":[\"object\",\"null\"],\"properties\":{\"n\":{\"type\":["
                    "\"integer\",\"null\"],\"minimum\":0,\"maximum\":9}}},"
                    "\"secret\":{\"type\":[\"string\",\"null\"]}}}");
    s_expect_schema(MG_SCHEMA_STORED,
                    "{\"type\":\"object\",\"required\":[\"key\"],\"properties\":{"
                    "\"key\":{\"type\":\"string\"},\"colour\":{\"type\":[\"string\",\"null\"]},"
                    "\"inner\":{\"type\":[\"object\",\"null\"],\"properties\":{\"n\":{\"type\":["
                    "\"integer\",\"null\"]}}},\"start\":{\"type\":[\"integer\",\"null\"]}}}");
}

static void
test_a_tree_remembers_what_failed(void **state)
{
    (void)state;
    mg_tree_t tree = {.root = json_object()};
    assert_null(mg_tree_set(&tree, tree.root, "x", NULL));
    assert_true(tree.failed);
    tree.failed = false;
    assert_null(mg_tree_parse(&tree, "{\"a\": 1, \"a\": 2}"));
    assert_true(tree.failed);
    json_decref(tree.root);
}

/* --- the page --- */

static void
test_the_page_escapes_what_it_shows(void **state)
{
    (void)state;
    json_t *document = json_loads("{\"info\":{\"title\":\"<b>&\\\"\"},\"paths\":{\"/x\":{\"get\":{"
                                  "\"operationId\":\"get_x\",\"summary\":\"1 < 2\"}}}}",
                                  0, NULL);
    mg_buf_t page = {0};
    mg_openapi_page(document, &page);
    assert_true(mg_buf_ok(&page));
    const char *text = mg_buf_text(&page);
    assert_non_null(strstr(text, "<h1>&lt;b&gt;&amp;&quot;</h1>"));
    assert_non_null(strstr(text, "<h3 id=\"get_x\"><code>GET /x</code></h3>"));
    assert_non_null(strstr(text, "<p>1 &lt; 2</p>"));
    assert_null(strstr(text, "<b>"));
    mg_buf_free(&page);
    json_decref(document);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_documented_with_what_it_needs_and_refuses),
        cmocka_unit_test(test_nothing_is_documented_that_is_no_row),
        cmocka_unit_test(test_every_line_of_the_docs_belongs_to_a_row),
        cmocka_unit_test(test_every_error_is_documented_somewhere),
        cmocka_unit_test(test_paths_are_written_as_openapi_has_them),
        cmocka_unit_test(test_a_table_is_described_as_each_side_needs_it),
        cmocka_unit_test(test_a_tree_remembers_what_failed),
        cmocka_unit_test(test_the_page_escapes_what_it_shows),
    };
    return cmocka_run_group_tests(tests, s_make, s_free);
}
