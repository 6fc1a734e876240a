/* Whether a file is still the one that was read. */
#include "framework/plugin/mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"

enum {
    SIZE_MAX_HERE = 100
};

static char directory[] = "mark-XXXXXX";
static char path[sizeof(directory) + 8];

/* In place of what is there: another file, and another inode. */
static void write_file(const char *content)
{
    const struct file_text text = {(char *)(uintptr_t)content, strlen(content)};

    assert_int_equal(file_write(path, &text, FILE_PLAIN, NULL), ASSAY_OK);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "mark-XXXXXX");
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/a.so", directory);
    write_file("what it has");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)dir_remove(directory, NULL);
    return 0;
}

static struct file_mark read_it(const char *wanted)
{
    struct file_text text = {.data = NULL};
    struct file_mark mark = {.size = -1};
    struct error err = {.text = ""};

    if (mark_read_file(path, SIZE_MAX_HERE, &text, &mark, &err))
        fail_msg("%s", err.text);
    assert_int_equal(text.size, strlen(wanted));
    assert_string_equal(text.data, wanted);
    free(text.data);
    return mark;
}

static void refuses(assay_status wanted, const char *why)
{
    struct file_text text = {.data = NULL};
    struct file_mark mark;
    struct error err = {.text = ""};

    assert_int_equal(mark_read_file(path, SIZE_MAX_HERE, &text, &mark, &err), wanted);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" is not in: %s", why, err.text);
    assert_null(text.data);
}

static void a_file_that_nobody_touched_has_the_same_mark(void **state)
{
    const struct file_mark first = read_it("what it has");
    const struct file_mark second = read_it("what it has");

    (void)state;
    assert_true(mark_is_same(&first, &second));
    assert_int_equal(mark_check(path, &first, NULL), ASSAY_OK);
}

static void an_empty_file_is_read_too(void **state)
{
    (void)state;
    write_file("");
    (void)read_it("");
}

static void a_file_in_its_place_has_another_mark_although_it_says_the_same(void **state)
{
    const struct file_mark mark = read_it("what it has");
    struct error err = {.text = ""};

    (void)state;
    write_file("what it has");

    const struct file_mark second = read_it("what it has");
    assert_false(mark_is_same(&mark, &second));
    assert_int_equal(mark_check(path, &mark, &err), ASSAY_E_DENIED);
    assert_non_null(strstr(err.text, "has been changed or replaced"));
}

static void a_file_that_has_grown_has_another_mark(void **state)
{
    const struct file_mark mark = read_it("what it has");
    FILE *file = fopen(path, "a");

    (void)state;
    assert_non_null(file);
    assert_true(fputs(" and more", file) >= 0);
    assert_int_equal(fclose(file), 0);

    assert_int_equal(mark_check(path, &mark, NULL), ASSAY_E_DENIED);
}

static void each_part_of_a_mark_counts(void **state)
{
    const struct file_mark mark = read_it("what it has");
    struct file_mark others[] = {mark, mark, mark, mark, mark};

    (void)state;
    others[0].device++;
    others[1].inode++;
    others[2].size++;
    others[3].modified.tv_nsec++;
    others[4].changed.tv_sec++;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(mark_is_same(&mark, &others[i]));
}

static void a_file_that_is_gone_is_no_longer_the_same(void **state)
{
    const struct file_mark mark = read_it("what it has");

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mark_check(path, &mark, NULL), ASSAY_E_NOTFOUND);
    refuses(ASSAY_E_NOTFOUND, "cannot be opened");
}

static void what_is_no_regular_file_is_not_read(void **state)
{
    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refuses(ASSAY_E_INVALID, "is not a regular file");
}

static void links_are_not_followed(void **state)
{
    struct file_text text = {.data = NULL};
    struct file_mark mark;

    (void)state;
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("b.so", path), 0);
    assert_int_not_equal(mark_read_file(path, SIZE_MAX_HERE, &text, &mark, NULL), ASSAY_OK);
}

static void a_file_has_a_size_that_it_may_not_exceed(void **state)
{
    char full[SIZE_MAX_HERE + 2];

    (void)state;
    (void)memset(full, 'x', sizeof(full));
    full[SIZE_MAX_HERE] = '\0';
    write_file(full);
    (void)read_it(full);

    full[SIZE_MAX_HERE] = 'x';
    full[SIZE_MAX_HERE + 1] = '\0';
    write_file(full);
    refuses(ASSAY_E_INVALID, "is longer than 100 bytes");
}

static void a_file_that_ends_before_its_size_is_refused(void **state)
{
    /* As when it shrinks while it is read; this one says 4,096 bytes and has a few, always. */
    static const char odd[] = "/sys/devices/system/cpu/online";
    struct file_text text = {.data = NULL};
    struct file_mark mark;
    struct error err = {.text = ""};

    (void)state;
    if (access(odd, R_OK) != 0)
        skip();
    assert_int_equal(mark_read_file(odd, 1 << 20, &text, &mark, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "is being written to"));
    assert_null(text.data);
}

static void no_memory_is_said(void **state)
{
    struct file_text text = {.data = NULL};
    struct file_mark mark;

    (void)state;
    mem_fail_at(1, MEM_FAIL_ONCE);
    const assay_status status = mark_read_file(path, SIZE_MAX_HERE, &text, &mark, NULL);
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(status, ASSAY_E_NOMEM);
    assert_null(text.data);
}

#define WITH_A_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_FILE(a_file_that_nobody_touched_has_the_same_mark),
        WITH_A_FILE(an_empty_file_is_read_too),
        WITH_A_FILE(a_file_in_its_place_has_another_mark_although_it_says_the_same),
        WITH_A_FILE(a_file_that_has_grown_has_another_mark),
        WITH_A_FILE(each_part_of_a_mark_counts),
        WITH_A_FILE(a_file_that_is_gone_is_no_longer_the_same),
        WITH_A_FILE(what_is_no_regular_file_is_not_read),
        WITH_A_FILE(links_are_not_followed),
        WITH_A_FILE(a_file_has_a_size_that_it_may_not_exceed),
        WITH_A_FILE(a_file_that_ends_before_its_size_is_refused),
        WITH_A_FILE(no_memory_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
