/* check - cmocka with the headers it wants, in the order it wants them, and our own few asserts. */
#ifndef MG_TESTS_SUPPORT_CHECK_H
#define MG_TESTS_SUPPORT_CHECK_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include "core/status.h"

/* Fails the test with the status' name, so that a log says NOT_FOUND rather than 5. */
#define CHECK_STATUS(expected, actual)                                                             \
    assert_string_equal(mg_status_name(expected), mg_status_name(actual))
#define CHECK_OK(actual) CHECK_STATUS(MG_OK, actual)

#endif
