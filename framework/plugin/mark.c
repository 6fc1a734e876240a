#include "framework/plugin/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"

static struct file_mark mark_of(const struct stat *found)
{
    return (struct file_mark){.device = found->st_dev,
        .inode = found->st_ino,
        .size = found->st_size,
        .modified = found->st_mtim,
        .changed = found->st_ctim};
}

static bool is_same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool mark_is_same(const struct file_mark *a, const struct file_mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
        is_same_time(&a->modified, &b->modified) && is_same_time(&a->changed, &b->changed);
}

static assay_status mark_fd(int fd, struct file_mark *out, struct error *err)
{
    struct stat found;

    if (fstat(fd, &found) != 0)
        return error_errno(err, errno, "cannot be looked at");
    if (!S_ISREG(found.st_mode))
        return error_set(err, ASSAY_E_INVALID, "is not a regular file");
    *out = mark_of(&found);
    return ASSAY_OK;
}

/* Reads `size` bytes, which data has room for; *out_got is less when the file ends before. */
static assay_status read_bytes(int fd, char *data, size_t size, size_t *out_got, struct error *err)
{
    size_t done = 0;

    while (done < size) {
        const ssize_t got = read(fd, data + done, size - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, errno, "cannot be read");
        if (got == 0)
            break;
        done += (size_t)got;
    }
    *out_got = done;
    return ASSAY_OK;
}

assay_status mark_read_file(const char *path, size_t size_max, struct file_text *out,
    struct file_mark *out_mark, struct error *err)
{
    /* Without O_NONBLOCK, opening a FIFO that took the file's place would wait for a writer. */
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct file_mark before = {0};
    struct file_mark after = {0};
    size_t got = 0;

    if (fd < 0)
        return error_errno(err, errno, "cannot be opened");
    assay_status status = mark_fd(fd, &before, err);
    if (status)
        return status;
    const size_t size = (size_t)before.size;
    if (size > size_max)
        return error_set(err, ASSAY_E_INVALID, "is longer than %zu bytes", size_max);
    auto_free char *data = mem_grow(NULL, size + 1, 1);
    if (!data)
        return error_nomem(err);
    status = read_bytes(fd, data, size, &got, err);
    if (!status)
        status = mark_fd(fd, &after, err);
    if (status)
        return status;
    if (got != size || !mark_is_same(&before, &after))
        return error_set(
            err, ASSAY_E_INVALID, "is being written to; wait until that is done, then start again");
    data[size] = '\0';
    *out = (struct file_text){.data = take(data), .size = size};
    *out_mark = after;
    return ASSAY_OK;
}

assay_status mark_check(const char *path, const struct file_mark *mark, struct error *err)
{
    struct stat found;

    if (lstat(path, &found) != 0)
        return error_errno(err, errno, "cannot be looked at");
    const struct file_mark now = mark_of(&found);
    if (!mark_is_same(&now, mark))
        return error_set(err, ASSAY_E_DENIED, "has been changed or replaced meanwhile");
    return ASSAY_OK;
}
