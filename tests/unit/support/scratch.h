/* A directory of a test's own, for tests of what reads and writes files and prints.

       struct scratch *scratch = scratch_new("front");      /tmp/assay-test-front-XXXXXX
       scratch_put(scratch, "m.ini", "[run]\n");
       scratch_capture(scratch, STDERR_FILENO, "stderr");   what is printed goes there...
       ...
       scratch_release(scratch);                            ...until here
       scratch_has(scratch, "stderr", "m.ini:1");
       scratch_free(scratch);                               and all of it is gone

   A header of inline functions, as the tests that use it link nothing in common. */
#ifndef ASSAY_TESTS_SCRATCH_H
#define ASSAY_TESTS_SCRATCH_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/file.h"

enum {
    SCRATCH_PATH_SIZE = 256,
    SCRATCH_TEXT_SIZE = 65536, /* of a file that is read; more is cut */
    SCRATCH_CAPTURED_MAX = 4   /* descriptors 0 to 3 */
};

struct scratch {
    char root[64];
    struct {
        bool is_on;
        int saved; /* a copy of what it was; -1: it was not open */
    } captured[SCRATCH_CAPTURED_MAX];
};

static inline struct scratch *scratch_new(const char *name)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));

    assert_non_null(scratch);
    (void)snprintf(scratch->root, sizeof(scratch->root), "/tmp/assay-test-%s-XXXXXX", name);
    assert_non_null(mkdtemp(scratch->root));
    return scratch;
}

static inline void scratch_path(
    char out[static SCRATCH_PATH_SIZE], const struct scratch *scratch, const char *name)
{
    const int size = snprintf(out, SCRATCH_PATH_SIZE, "%s/%s", scratch->root, name);

    assert_in_range(size, 1, SCRATCH_PATH_SIZE - 1);
}

static inline void scratch_put(const struct scratch *scratch, const char *name, const char *text)
{
    const struct file_text content = {.data = (char *)(uintptr_t)text, .size = strlen(text)};
    char path[SCRATCH_PATH_SIZE];

    scratch_path(path, scratch, name);
    assert_int_equal(file_write(path, &content, FILE_PLAIN, NULL), ASSAY_OK);
}

/* What a file has; "" when it is not there. Overwritten by the next call but one. */
static inline const char *scratch_get(const struct scratch *scratch, const char *name)
{
    static char texts[2][SCRATCH_TEXT_SIZE];
    static unsigned turn;
    char *text = texts[turn++ % 2];
    char path[SCRATCH_PATH_SIZE];
    size_t size = 0;
    FILE *file;

    scratch_path(path, scratch, name);
    file = fopen(path, "re");
    if (file) {
        size = fread(text, 1, SCRATCH_TEXT_SIZE - 1, file);
        (void)fclose(file);
    }
    text[size] = '\0';
    return text;
}

/* Fails, and prints the file, unless it has the part. */
static inline void scratch_has(const struct scratch *scratch, const char *name, const char *part)
{
    const char *text = scratch_get(scratch, name);

    if (!strstr(text, part))
        fail_msg("'%s' is not in %s: '%s'", part, name, text);
}

static inline void scratch_capture(struct scratch *scratch, int fd, const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    int file;

    assert_true(fd >= 0 && fd < SCRATCH_CAPTURED_MAX && !scratch->captured[fd].is_on);
    (void)fflush(NULL);
    scratch_path(path, scratch, name);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(file >= 0);
    scratch->captured[fd].is_on = true;
    scratch->captured[fd].saved = file == fd ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 20);
    if (file == fd)
        return;
    assert_int_equal(dup2(file, fd), fd);
    (void)close(file);
}

/* Standard output and standard error, to files of these names. */
static inline void scratch_capture_output(struct scratch *scratch)
{
    scratch_capture(scratch, STDOUT_FILENO, "stdout");
    scratch_capture(scratch, STDERR_FILENO, "stderr");
}

static inline void scratch_release(struct scratch *scratch)
{
    (void)fflush(NULL);
    for (int fd = 0; fd < SCRATCH_CAPTURED_MAX; fd++) {
        if (!scratch->captured[fd].is_on)
            continue;
        scratch->captured[fd].is_on = false;
        if (scratch->captured[fd].saved < 0) {
            (void)close(fd);
            continue;
        }
        (void)dup2(scratch->captured[fd].saved, fd);
        (void)close(scratch->captured[fd].saved);
    }
}

static inline void scratch_free(struct scratch *scratch)
{
    scratch_release(scratch);
    (void)dir_remove(scratch->root, NULL);
    free(scratch);
}

#endif
