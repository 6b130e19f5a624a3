#include "gateway/batch.h"
#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mg_op_t
s_op(const char *key, const char *body)
{
    return (mg_op_t){.kind = MG_OP_PUT,
                     .collection = mg_slice_text("things"),
                     .key = mg_slice_text(key),
                     .body = mg_slice_text(body)};
}

static void
test_operations_are_copied_in_order_and_may_get_another_body(void **state)
{
    (void)state;
    mg_batch_t batch = {0};
    for (int i = 0; i < 100; i++) {
        char key[8];
        char body[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)snprintf(body, sizeof body, "b%d", i);
        mg_op_t op = s_op(key, body);
        mg_batch_add(&batch, &op);
    }
    mg_op_t bare = {.kind = MG_OP_DELETE};
    mg_batch_add(&batch, &bare);
    uint64_t bytes = batch.bytes;
    mg_batch_replace(&batch, 7, mg_slice_text("another"));
    CHECK_OK(mg_batch_status(&batch));
    assert_int_equal(batch.count, 101);
    assert_int_equal(batch.bytes, bytes + strlen("another") - strlen("b7"));
    assert_true(mg_slice_equal(batch.ops[99].key, mg_slice_text("k99")));
    assert_true(mg_slice_equal(batch.ops[99].body, mg_slice_text("b99")));
    assert_true(mg_slice_equal(batch.ops[7].key, mg_slice_text("k7")));
    assert_true(mg_slice_equal(batch.ops[7].body, mg_slice_text("another")));
    assert_int_equal(batch.ops[100].kind, MG_OP_DELETE);
    mg_batch_free(&batch);
    assert_int_equal(batch.count, 0);
}

static void
test_a_batch_that_fits_no_message_says_so(void **state)
{
    (void)state;
    mg_batch_t batch = {.bytes = MG_BATCH_BYTES_MAX - 3};
    mg_op_t op = s_op("k", "bb");
    mg_batch_add(&batch, &op);
    CHECK_OK(mg_batch_status(&batch));
    mg_batch_add(&batch, &op);
    CHECK_STATUS(MG_ERR_TOO_BIG, mg_batch_status(&batch));
    mg_batch_free(&batch);
}

static void
test_a_batch_with_more_than_a_document_may_have_says_so(void **state)
{
    (void)state;
    uint8_t *body = calloc(1, MG_DOCUMENT_MAX + 1);
    mg_batch_t batch = {0};
    mg_op_t op = {.kind = MG_OP_PUT, .body = mg_slice(body, MG_DOCUMENT_MAX)};
    mg_batch_add(&batch, &op);
    CHECK_OK(mg_batch_status(&batch));
    mg_batch_replace(&batch, 0, mg_slice(body, MG_DOCUMENT_MAX + 1));
    CHECK_STATUS(MG_ERR_TOO_BIG, mg_batch_status(&batch));
    mg_batch_free(&batch);
    op.body.len++;
    mg_batch_add(&batch, &op);
    CHECK_STATUS(MG_ERR_TOO_BIG, mg_batch_status(&batch));
    mg_batch_free(&batch);
    free(body);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations_are_copied_in_order_and_may_get_another_body),
        cmocka_unit_test(test_a_batch_that_fits_no_message_says_so),
        cmocka_unit_test(test_a_batch_with_more_than_a_document_may_have_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
