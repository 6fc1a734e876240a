#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"

/* A new directory for each test; *state is its path. */
static int make_scratch(void **state)
{
    char *path = mem_dup("/tmp/assay-file-XXXXXX");

    *state = path && mkdtemp(path) ? path : NULL;
    return *state ? 0 : -1;
}

static int drop_scratch(void **state)
{
    const assay_status status = dir_remove(*state, NULL);

    free(*state);
    return status;
}

static char *inside(void **state, const char *name)
{
    char *path = path_join(*state, name);

    assert_non_null(path);
    return path;
}

static void write_text(const char *path, const char *text)
{
    const struct file_text file = {.data = (char *)(uintptr_t)text, .size = strlen(text)};
    struct error err;

    if (file_write(path, &file, FILE_PLAIN, &err))
        fail_msg("%s", err.text);
}

static bool exists(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0;
}

static void what_was_written_is_read(void **state)
{
    auto_free char *path = inside(state, "a");
    auto_free char *data = NULL;
    struct file_text text = {.data = NULL};

    write_text(path, "one");
    write_text(path, "two\n");

    assert_int_equal(file_read(path, 4, &text, NULL), ASSAY_OK);
    data = text.data;
    assert_string_equal(data, "two\n");
    assert_int_equal(text.size, 4);
}

static void an_empty_file_is_an_empty_string(void **state)
{
    auto_free char *path = inside(state, "a");
    auto_free char *data = NULL;
    struct file_text text = {.data = NULL};

    write_text(path, "");
    assert_int_equal(file_read(path, 0, &text, NULL), ASSAY_OK);
    data = text.data;
    assert_string_equal(data, "");
}

static void a_file_beyond_the_limit_is_refused(void **state)
{
    auto_free char *path = inside(state, "a");
    struct file_text text = {.data = NULL};
    struct error err;

    write_text(path, "12345");
    assert_int_equal(file_read(path, 4, &text, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "is longer than 4 bytes"));
    assert_memory_equal(err.text, path, strlen(path));
    assert_null(text.data);
}

static void what_is_no_file_is_refused(void **state)
{
    auto_free char *fifo = inside(state, "fifo");
    auto_free char *none = inside(state, "none");
    struct file_text text = {.data = NULL};
    struct error err;

    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(file_read(fifo, 10, &text, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "is not a regular file"));
    assert_int_equal(file_read(*state, 10, &text, &err), ASSAY_E_INVALID);
    assert_int_equal(file_read(none, 10, &text, &err), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(err.text, "No such file"));
}

static void a_pipe_is_read_to_its_end(void **state)
{
    auto_free char *data = NULL;
    struct file_text text = {.data = NULL};
    int fds[2];

    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(file_write_fd(fds[1], "hello", 5, NULL), ASSAY_OK);
    (void)close(fds[1]);
    assert_int_equal(file_read_fd(fds[0], 100, &text, NULL), ASSAY_OK);
    (void)close(fds[0]);
    data = text.data;
    assert_string_equal(data, "hello");
}

static void a_bad_descriptor_is_an_error(void **state)
{
    struct file_text text = {.data = NULL};
    struct error err;

    (void)state;
    assert_int_equal(file_read_fd(-1, 10, &text, &err), ASSAY_E_IO);
    assert_int_equal(file_write_fd(-1, "x", 1, &err), ASSAY_E_IO);
    assert_non_null(strstr(err.text, "cannot be written"));
}

static void writing_leaves_no_second_file(void **state)
{
    auto_free char *path = inside(state, "a");
    auto_free char *dir = inside(state, "dir");
    auto_free char *nowhere = inside(state, "no/such/dir");
    const struct file_text text = {.data = (char[]){"x"}, .size = 1};
    struct error err;

    assert_int_equal(dir_make(dir, 0755, NULL), ASSAY_OK);
    assert_int_equal(file_write(path, &text, FILE_SYNC | FILE_PRIVATE, NULL), ASSAY_OK);
    assert_int_equal(file_write(dir, &text, FILE_PLAIN, &err), ASSAY_E_IO);
    assert_int_equal(file_write(nowhere, &text, FILE_PLAIN, &err), ASSAY_E_NOTFOUND);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    assert_int_equal(rmdir(*state), 0); /* nothing else is in it */
    assert_int_equal(mkdir(*state, 0700), 0);
}

static void a_private_file_is_for_the_owner(void **state)
{
    auto_free char *path = inside(state, "a");
    const struct file_text text = {.data = (char[]){"x"}, .size = 1};
    struct stat info;

    assert_int_equal(file_write(path, &text, FILE_PRIVATE, NULL), ASSAY_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void directories_are_made_with_those_above(void **state)
{
    auto_free char *deep = inside(state, "a//b/c/");
    auto_free char *file = inside(state, "file");
    auto_free char *below = inside(state, "file/x");
    struct error err;

    assert_int_equal(dir_make(deep, 0755, NULL), ASSAY_OK);
    assert_int_equal(dir_make(deep, 0755, NULL), ASSAY_OK);
    assert_true(exists(deep));
    write_text(file, "x");
    assert_int_equal(dir_make(file, 0755, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "is not a directory"));
    assert_int_equal(dir_make(below, 0755, &err), ASSAY_E_NOTFOUND);
    assert_int_equal(dir_make("", 0755, &err), ASSAY_E_NOTFOUND);
}

static void removing_takes_everything_but_follows_no_link(void **state)
{
    auto_free char *tree = inside(state, "tree/a/b");
    auto_free char *top = inside(state, "tree");
    auto_free char *file = inside(state, "tree/a/b/file");
    auto_free char *outside = inside(state, "outside");
    auto_free char *precious = inside(state, "outside/precious");
    auto_free char *link_to_dir = inside(state, "tree/a/link");

    assert_int_equal(dir_make(tree, 0755, NULL), ASSAY_OK);
    assert_int_equal(dir_make(outside, 0755, NULL), ASSAY_OK);
    write_text(file, "x");
    write_text(precious, "x");
    assert_int_equal(symlink(outside, link_to_dir), 0);

    assert_int_equal(dir_remove(top, NULL), ASSAY_OK);

    assert_false(exists(top));
    assert_true(exists(precious));
}

static void removing_many_files_leaves_none(void **state)
{
    auto_free char *top = inside(state, "many");

    assert_int_equal(dir_make(top, 0755, NULL), ASSAY_OK);
    for (int i = 0; i < 2000; i++) {
        auto_free char *path = str_format("%s/%d", top, i);
        auto_fd int fd = open(path, O_CREAT | O_WRONLY, 0600);

        assert_true(fd >= 0);
    }
    assert_int_equal(dir_remove(top, NULL), ASSAY_OK);
    assert_false(exists(top));
}

static void removing_what_is_not_there_is_fine(void **state)
{
    auto_free char *none = inside(state, "none");

    assert_int_equal(dir_remove(none, NULL), ASSAY_OK);
}

static void a_link_or_a_file_is_no_tree(void **state)
{
    auto_free char *file = inside(state, "file");
    auto_free char *target = inside(state, "target");
    auto_free char *precious = inside(state, "target/precious");
    auto_free char *link_to_dir = inside(state, "link");
    struct error err;

    write_text(file, "x");
    /* A tree of this test's own: if the code under test is broken, nothing else is lost. */
    assert_int_equal(dir_make(target, 0755, NULL), ASSAY_OK);
    write_text(precious, "x");
    assert_int_equal(symlink(target, link_to_dir), 0);
    assert_int_equal(dir_remove(file, &err), ASSAY_E_NOTFOUND);
    assert_true(dir_remove(link_to_dir, &err) < 0);
    assert_true(exists(link_to_dir));
    assert_true(exists(precious));
    assert_true(exists(file));
}

static void what_we_stand_in_is_not_removed(void **state)
{
    auto_free char *tree = inside(state, "a/b");
    auto_free char *above = inside(state, "a");
    auto_free char *file = inside(state, "a/file");
    char before[4096];
    struct error err;

    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(dir_make(tree, 0755, NULL), ASSAY_OK);
    write_text(file, "x");

    assert_int_equal(chdir(tree), 0);
    assert_int_equal(dir_remove(above, &err), ASSAY_E_DENIED);
    assert_int_equal(dir_remove(tree, &err), ASSAY_E_DENIED);
    assert_non_null(strstr(err.text, "is the root or working directory"));
    assert_int_equal(chdir(before), 0);

    assert_true(exists(tree));
    assert_true(exists(file));
    assert_int_equal(dir_remove(above, NULL), ASSAY_OK);
}

static void a_tree_too_deep_is_refused(void **state)
{
    auto_str struct str path = STR_INIT(4096);
    auto_free char *top = inside(state, "d");
    struct error err;

    (void)str_append(&path, top);
    for (int i = 0; i < 66; i++)
        (void)str_append(&path, "/d");
    assert_int_equal(dir_make(str_text(&path), 0755, NULL), ASSAY_OK);

    assert_int_equal(dir_remove(top, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "is nested too deeply"));

    /* From further down it works: this clears the way for the teardown. */
    auto_free char *lower = inside(state, "d/d/d/d");
    assert_int_equal(dir_remove(lower, NULL), ASSAY_OK);
}

static void without_memory_nothing_is_left_behind(void **state)
{
    auto_free char *path = inside(state, "a");
    auto_free char *dir = inside(state, "b");
    const struct file_text text = {.data = (char[]){"x"}, .size = 1};
    struct file_text read = {.data = NULL};

    mem_fail_at(1, MEM_FAIL_FOREVER);
    assert_int_equal(file_write(path, &text, FILE_PLAIN, NULL), ASSAY_E_NOMEM);
    assert_int_equal(dir_make(dir, 0755, NULL), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_false(exists(path));
    assert_false(exists(dir));
    write_text(path, "x");
    mem_fail_at(1, MEM_FAIL_FOREVER);
    assert_int_equal(file_read(path, 10, &read, NULL), ASSAY_E_NOMEM);
    mem_fail_at(0, MEM_FAIL_ONCE);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, make_scratch, drop_scratch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_scratch(what_was_written_is_read),
        in_scratch(an_empty_file_is_an_empty_string),
        in_scratch(a_file_beyond_the_limit_is_refused),
        in_scratch(what_is_no_file_is_refused),
        in_scratch(a_pipe_is_read_to_its_end),
        in_scratch(a_bad_descriptor_is_an_error),
        in_scratch(writing_leaves_no_second_file),
        in_scratch(a_private_file_is_for_the_owner),
        in_scratch(directories_are_made_with_those_above),
        in_scratch(removing_takes_everything_but_follows_no_link),
        in_scratch(removing_many_files_leaves_none),
        in_scratch(removing_what_is_not_there_is_fine),
        in_scratch(a_link_or_a_file_is_no_tree),
        in_scratch(what_we_stand_in_is_not_removed),
        in_scratch(a_tree_too_deep_is_refused),
        in_scratch(without_memory_nothing_is_left_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
