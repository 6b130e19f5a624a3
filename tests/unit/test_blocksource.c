/* A file read in blocks past the page cache gives the bytes that any other way of reading gives. */
#include "core/blocksource.h"
#include "support/check.h"
#include "support/faultio.h"
#include "support/random.h"
#include "support/tempdir.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1024 * 1024, PAGE = 4096, MOST = 3 * MIB };

typedef struct fixture {
    char dir[KIT_PATH];
    uint8_t *bytes;
    int fd;
} fixture_t;

static test_random_t s_random;
static size_t s_most; /* what one pread gives at most; 0: no limit */

static ssize_t
s_short_pread(int fd, void *out, size_t len, off_t at)
{
    return pread(fd, out, s_most && s_most < len ? s_most : len, at);
}

static int
setup(void **state)
{
    fixture_t *self = calloc(1, sizeof *self);
    assert_non_null(self);
    kit_tempdir_make(self->dir);
    self->bytes = malloc(MOST);
    assert_non_null(self->bytes);
    for (size_t i = 0; i < MOST; i++) {
        self->bytes[i] = (uint8_t)test_random_next(&s_random);
    }
    self->fd = -1;
    fault_reset();
    s_most = 0;
    *state = self;
    return 0;
}

static int
teardown(void **state)
{
    fixture_t *self = *state;
    if (self->fd >= 0) {
        close(self->fd);
    }
    kit_tempdir_remove(self->dir);
    free(self->bytes);
    free(self);
    return 0;
}

/* A file with the first `len` bytes, open for reading. */
static void
s_open(fixture_t *self, size_t len)
{
    char path[KIT_PATH];
    kit_path(self->dir, "file", path);
    kit_write_file(path, self->bytes, len);
    if (self->fd >= 0) {
        close(self->fd);
    }
    self->fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(self->fd >= 0);
}

/* Reads it to its end in steps of random size; the error that ended it, or 0 with every byte compared. */
static ssize_t
s_read_all(fixture_t *self, const mg_file_ops_t *io, size_t len)
{
    enum { STEP = 200000 };
    static uint8_t out[STEP];
    mg_blocksource_t *blocks = mg_blocksource_new(io, self->fd);
    assert_non_null(blocks);
    mg_source_t source = mg_blocksource_source(blocks);
    size_t got = 0;
    ssize_t step = 0;
    while ((step = source.read(source.arg, out, 1 + test_random_below(&s_random, STEP))) > 0) {
        assert_true(got + (size_t)step <= len);
        assert_memory_equal(self->bytes + got, out, (size_t)step);
        got += (size_t)step;
    }
    if (step == 0) {
        assert_int_equal(got, len);
        assert_int_equal(source.read(source.arg, out, 1), 0); /* an end stays one */
    }
    mg_blocksource_destroy(&blocks);
    assert_null(blocks);
    return step;
}

static void
test_every_size_is_read_whole(void **state)
{
    static const size_t sizes[] = {0,   1,       PAGE - 1, PAGE,     PAGE + 1,      MIB - 1,
                                   MIB, MIB + 1, 2 * MIB,  MOST - 7, MIB + PAGE / 2};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        s_open(*state, sizes[i]);
        assert_int_equal(s_read_all(*state, &mg_file_system, sizes[i]), 0);
    }
}

static void
test_short_reads_are_no_end(void **state)
{
    mg_file_ops_t io = mg_file_system;
    io.pread = s_short_pread;
    s_open(*state, MOST - 7);
    s_most = (size_t)40 * PAGE;
    assert_int_equal(s_read_all(*state, &io, MOST - 7), 0);
    s_most = (size_t)40 * PAGE + 123; /* not where a block may begin */
    io.set_direct = fault_io.set_direct;
    fault_plan(FAULT_SET_DIRECT, 1, 1, EINVAL);
    assert_int_equal(s_read_all(*state, &io, MOST - 7), 0);
}

static void
test_a_file_system_without_direct_reads_is_read_all_the_same(void **state)
{
    s_open(*state, MOST);
    fault_plan(FAULT_SET_DIRECT, 1, 1, EINVAL);
    assert_int_equal(s_read_all(*state, &fault_io, MOST), 0);
    assert_int_equal(fault_calls(FAULT_SET_DIRECT), 2); /* on; off at the end */
    fault_reset();
    fault_plan(FAULT_PREAD, 2, 1, EINVAL); /* it takes the flag, and not the reads */
    assert_int_equal(s_read_all(*state, &fault_io, MOST), 0);
    assert_int_equal(fault_calls(FAULT_SET_DIRECT), 3);
    assert_int_equal(fcntl(((fixture_t *)*state)->fd, F_GETFL) & O_DIRECT, 0);
}

static void
test_an_error_is_told(void **state)
{
    s_open(*state, MOST);
    fault_plan(FAULT_PREAD, 2, 1, EIO);
    assert_int_equal(s_read_all(*state, &fault_io, MOST), -EIO);
}

int
main(void)
{
    s_random = test_random_new();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_size_is_read_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_reads_are_no_end, setup, teardown),
        cmocka_unit_test_setup_teardown(
            test_a_file_system_without_direct_reads_is_read_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_error_is_told, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
