#include "framework/host/pathinfo.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/file.h"

static char directory[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(directory, sizeof(directory), "/tmp/assay-pathinfo-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return dir_remove(directory, NULL);
}

static const char *in(const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    const struct file_text content = {.data = (char *)text, .size = strlen(text)};

    assert_int_equal(file_write(in(name), &content, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(chmod(in(name), mode), 0);
}

static assay_path_info look(const char *path)
{
    assay_path_info info = {.struct_size = sizeof(info), .kind = 77, .size = 77, .head_size = 77};

    pathinfo_read(path, &info);
    assert_int_equal(info.struct_size, sizeof(info));
    return info;
}

static void a_file_shows_its_size_and_first_bytes(void **state)
{
    assay_path_info info;

    (void)state;
    write_file("short", "#!/bin/sh\n", 0755);
    info = look(in("short"));
    assert_int_equal(info.kind, ASSAY_PATH_FILE);
    assert_int_equal(info.size, 10);
    assert_int_equal(info.head_size, 10);
    assert_memory_equal(info.head, "#!/bin/sh\n", 10);
    assert_true(info.access & ASSAY_PATH_RUN);
    assert_true(info.access & ASSAY_PATH_READ);
}

static void no_more_of_a_long_file_is_read_than_there_is_room(void **state)
{
    char text[1000];
    assay_path_info info;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    write_file("long", text, 0644);
    info = look(in("long"));
    assert_int_equal(info.size, 999);
    assert_int_equal(info.head_size, sizeof(info.head));
    assert_memory_equal(info.head, text, sizeof(info.head));
    assert_false(info.access & ASSAY_PATH_RUN); /* not even for root */
}

static void an_empty_file_has_no_head(void **state)
{
    assay_path_info info;

    (void)state;
    write_file("empty", "", 0644);
    info = look(in("empty"));
    assert_int_equal(info.kind, ASSAY_PATH_FILE);
    assert_int_equal(info.size, 0);
    assert_int_equal(info.head_size, 0);
}

static void directories_and_other_things_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(look(directory).kind, ASSAY_PATH_DIRECTORY);
    assert_true(look(directory).access & ASSAY_PATH_RUN);
    assert_int_equal(look(directory).head_size, 0);
    assert_int_equal(look("/dev/null").kind, ASSAY_PATH_OTHER);
    assert_int_equal(mkfifo(in("fifo"), 0600), 0);
    assert_int_equal(look(in("fifo")).kind, ASSAY_PATH_OTHER); /* and it did not block */
}

static void links_are_followed_and_dangling_ones_are_nothing(void **state)
{
    (void)state;
    write_file("target", "text", 0644);
    assert_int_equal(symlink("target", in("link")), 0);
    assert_int_equal(look(in("link")).kind, ASSAY_PATH_FILE);
    assert_int_equal(look(in("link")).size, 4);
    assert_int_equal(symlink("nowhere", in("dangling")), 0);
    assert_int_equal(look(in("dangling")).kind, ASSAY_PATH_NONE);
    assert_int_equal(symlink("loop", in("loop")), 0);
    assert_int_equal(look(in("loop")).kind, ASSAY_PATH_NONE);
}

static void what_is_not_there_is_nothing_and_leaves_nothing_of_before(void **state)
{
    const assay_path_info info = look(in("missing"));

    (void)state;
    assert_int_equal(info.kind, ASSAY_PATH_NONE);
    assert_int_equal(info.access, 0);
    assert_int_equal(info.size, 0);
    assert_int_equal(info.head_size, 0);
    write_file("file", "x", 0644);
    assert_int_equal(look(in("file/below")).kind, ASSAY_PATH_NONE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_shows_its_size_and_first_bytes),
        TEST(no_more_of_a_long_file_is_read_than_there_is_room),
        TEST(an_empty_file_has_no_head),
        TEST(directories_and_other_things_are_told_apart),
        TEST(links_are_followed_and_dangling_ones_are_nothing),
        TEST(what_is_not_there_is_nothing_and_leaves_nothing_of_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
