#include "framework/base/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/base/str.h"

enum {
    READ_CHUNK = 64 * 1024,
    TREE_DEPTH_MAX = 64,  /* descriptors held open at once, and stack */
    TREE_PASSES_MAX = 16, /* a directory that fills faster than it empties has a writer alive */
    LEVELS_MAX = 2048,    /* of directories above the working one: PATH_MAX has no more */
    TEMPORARY_TRIES = 64  /* names left behind by crashed processes with our id */
};

assay_status file_read_fd(int fd, size_t size_max, struct file_text *out, struct error *err)
{
    auto_str struct str text = STR_INIT(size_max);

    for (;;) {
        char chunk[READ_CHUNK];
        const ssize_t got = read(fd, chunk, sizeof chunk);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_errno(err, errno, "cannot be read");
        if (str_append_n(&text, chunk, (size_t)got) == ASSAY_E_NOMEM)
            return error_nomem(err);
        if (text.status)
            return error_set(err, ASSAY_E_INVALID, "is longer than %zu bytes", size_max);
        if (got == 0)
            break;
    }
    out->size = text.len;
    out->data = str_take(&text);
    return ASSAY_OK;
}

assay_status file_read(const char *path, size_t size_max, struct file_text *out, struct error *err)
{
    /* Without O_NONBLOCK the opening of a FIFO would wait for a writer. */
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    assay_status status = ASSAY_OK;

    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    if (fstat(fd, &info))
        return error_errno(err, errno, "%s", path);
    if (!S_ISREG(info.st_mode))
        return error_set(err, ASSAY_E_INVALID, "%s: is not a regular file", path);
    status = file_read_fd(fd, size_max, out, err);
    return status ? error_wrap(err, status, "%s", path) : ASSAY_OK;
}

assay_status file_write_fd(int fd, const void *data, size_t size, struct error *err)
{
    const char *bytes = data;

    while (size > 0) {
        const ssize_t put = write(fd, bytes, size);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_errno(err, errno, "cannot be written");
        bytes += put;
        size -= (size_t)put;
    }
    return ASSAY_OK;
}

/* A new file beside path; its name goes to *out_name. -1 with errno set on failure. */
static int open_temporary(const char *path, mode_t mode, char **out_name)
{
    static _Atomic unsigned
        counter; /* names differ between threads; the process id does the rest */

    for (int i = 0; i < TEMPORARY_TRIES; i++) {
        auto_free char *name =
            str_format("%s.%ld-%u.tmp", path, (long)getpid(), atomic_fetch_add(&counter, 1U));
        int fd = -1;

        if (!name) {
            errno = ENOMEM;
            return -1;
        }
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd >= 0)
            *out_name = take(name);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static assay_status sync_parent(const char *path, struct error *err)
{
    const char *slash = strrchr(path, '/');
    auto_free char *parent = slash ? mem_dup_n(path, (size_t)(slash - path) + 1) : mem_dup(".");
    auto_fd int fd = -1;

    if (!parent)
        return error_nomem(err);
    fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd))
        return error_errno(err, errno, "%s", parent);
    return ASSAY_OK;
}

assay_status file_write(
    const char *path, const struct file_text *text, enum file_flags flags, struct error *err)
{
    auto_free char *temporary = NULL;
    auto_fd int fd = open_temporary(path, flags & FILE_PRIVATE ? 0600 : 0666, &temporary);
    assay_status status = ASSAY_OK;

    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    status = file_write_fd(fd, text->data, text->size, err);
    if (status)
        status = error_wrap(err, status, "%s", path);
    else if (flags & FILE_SYNC && fsync(fd))
        status = error_errno(err, errno, "%s", path);
    if (!status && rename(temporary, path))
        status = error_errno(err, errno, "%s", path);
    if (status) {
        (void)unlink(temporary);
        return status;
    }
    return flags & FILE_SYNC ? sync_parent(path, err) : ASSAY_OK;
}

assay_status dir_make(const char *path, mode_t mode, struct error *err)
{
    auto_free char *walk = mem_dup(path);
    struct stat info;

    if (!walk)
        return error_nomem(err);
    for (char *end = walk; *end;) {
        char cut = '\0';

        end += strspn(end, "/");
        end += strcspn(end, "/");
        cut = *end;
        *end = '\0';
        if (mkdir(walk, mode) && errno != EEXIST)
            return error_errno(err, errno, "%s: cannot be made", walk);
        *end = cut;
    }
    if (stat(path, &info))
        return error_errno(err, errno, "%s", path);
    if (!S_ISDIR(info.st_mode))
        return error_set(err, ASSAY_E_INVALID, "%s: is not a directory", path);
    return ASSAY_OK;
}

/* ---- removing a tree ---- */

struct removal {
    dev_t device;
    int depth;
    struct error *err;
};

static assay_status remove_entries(int fd, struct removal *removal);

static assay_status remove_entry(int parent, const char *name, struct removal *removal)
{
    auto_fd int fd = -1;
    struct stat info;
    assay_status status = ASSAY_OK;

    if (!unlinkat(parent, name, 0) || errno == ENOENT)
        return ASSAY_OK;
    if (errno != EISDIR && errno != EPERM)
        return error_errno(removal->err, errno, "%s", name);
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info))
        return error_errno(removal->err, errno, "%s", name);
    if (info.st_dev != removal->device)
        return error_set(removal->err, ASSAY_E_DENIED, "%s: is on another file system", name);
    if (removal->depth >= TREE_DEPTH_MAX)
        return error_set(removal->err, ASSAY_E_INVALID, "%s: is nested too deeply", name);
    removal->depth++;
    status = remove_entries(take_fd(&fd), removal);
    removal->depth--;
    if (status)
        return error_wrap(removal->err, status, "%s", name);
    if (unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT)
        return error_errno(removal->err, errno, "%s", name);
    return ASSAY_OK;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Empties the directory; takes the descriptor. Goes over it again until a pass
   finds nothing, since what readdir shows after a removal is not promised. */
static assay_status remove_entries(int fd, struct removal *removal)
{
    DIR *dir = fdopendir(fd);
    assay_status status = ASSAY_OK;
    int found = 1;

    if (!dir) {
        (void)close(fd);
        return error_nomem(removal->err);
    }
    for (int pass = 0; found > 0 && !status && pass < TREE_PASSES_MAX; pass++) {
        const struct dirent *entry = NULL;

        found = 0;
        rewinddir(dir);
        while (!status && (entry = readdir(dir))) {
            if (is_dot(entry->d_name))
                continue;
            found++;
            status = remove_entry(fd, entry->d_name, removal);
        }
    }
    (void)closedir(dir);
    return status;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Is this the working directory or one above it? Of one that has been deleted itself, nothing is. */
static bool is_above_us(const struct stat *directory)
{
    auto_fd int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat below = {.st_ino = 0};

    for (int level = 0; fd >= 0 && level < LEVELS_MAX; level++) {
        struct stat info;
        int parent = -1;

        if (fstat(fd, &info) || is_same_file(&info, directory))
            return true;
        if (level > 0 && is_same_file(&info, &below))
            return false; /* the root is its own parent */
        below = info;
        parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        (void)close(fd);
        fd = parent;
    }
    return false;
}

/* Must this never be removed, whoever asks? */
static bool is_precious(const struct stat *directory)
{
    struct stat root;

    return stat("/", &root) || is_same_file(&root, directory) || is_above_us(directory);
}

assay_status dir_remove(const char *path, struct error *err)
{
    auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct removal removal = {.depth = 0, .err = err};
    struct stat info;
    assay_status status = ASSAY_OK;

    if (fd < 0 && errno == ENOENT)
        return ASSAY_OK;
    if (fd < 0 || fstat(fd, &info))
        return error_errno(err, errno, "%s", path);
    if (is_precious(&info))
        return error_set(err, ASSAY_E_DENIED,
            "%s: is the root or working directory, or above that, and is not removed", path);
    removal.device = info.st_dev;
    status = remove_entries(take_fd(&fd), &removal);
    if (status)
        return error_wrap(err, status, "%s", path);
    if (rmdir(path) && errno != ENOENT)
        return error_errno(err, errno, "%s", path);
    return ASSAY_OK;
}
