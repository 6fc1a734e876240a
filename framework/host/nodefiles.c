#include "framework/host/nodefiles.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/path.h"
#include "framework/base/utf8.h"
#include "framework/host/spec.h"

enum {
    TAIL_LINES = 15,
    TAIL_LINE_MAX = 200,
    TAIL_INDENT = 4
};

/* Opens (and makes) the directory of that name in `parent`. */
static int enter(int parent, const char *name)
{
    if (mkdirat(parent, name, 0755) != 0 && errno != EEXIST)
        return -1;
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static assay_status write_to(
    int directory, const char *name, const assay_file *file, const char *where, struct error *err)
{
    auto_fd int fd = openat(
        directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, (mode_t)file->mode);
    assay_status s = ASSAY_OK;

    if (fd < 0)
        return error_errno(err, errno, "cannot write %s/%s", where, file->path);
    s = file_write_fd(fd, file->bytes.data, file->bytes.size, err);
    if (s)
        return error_wrap(err, s, "while writing %s/%s", where, file->path);
    /* The umask took something away from the mode that was asked for. */
    if (fchmod(fd, (mode_t)file->mode) != 0)
        return error_errno(err, errno, "cannot set the mode of %s/%s", where, file->path);
    return ASSAY_OK;
}

assay_status nodefiles_write(const char *directory, const assay_file *file, struct error *err)
{
    char path[SPEC_PATH_MAX + 1];
    char *part = path, *slash = NULL;
    auto_fd int at = -1;

    if (!spec_path_is_good(file->path))
        return error_set(err, ASSAY_E_INVALID, "\"%.200s\" is no path below a node's directory",
            file->path ? file->path : "");
    (void)snprintf(path, sizeof(path), "%s", file->path);
    at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return error_errno(err, errno, "cannot open directory %s", directory);
    while ((slash = strchr(part, '/'))) {
        int next = -1;

        *slash = '\0';
        next = enter(at, part);
        if (next < 0)
            return error_errno(
                err, errno, "cannot enter the directories of %s/%s", directory, file->path);
        (void)close(at);
        at = next;
        part = slash + 1;
    }
    return write_to(at, part, file, directory, err);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory);
}

static assay_status remove_entry(
    DIR *directory, const char *name, const char *where, struct error *err)
{
    auto_free char *path = NULL;

    if (unlinkat(dirfd(directory), name, 0) == 0)
        return ASSAY_OK;
    if (errno != EISDIR)
        return error_errno(err, errno, "cannot remove %s/%s", where, name);
    path = path_join(where, name);
    return path ? dir_remove(path, err) : error_nomem(err);
}

assay_status nodefiles_clear(const char *directory, const char *keep, struct error *err)
{
    __attribute__((cleanup(close_directory))) DIR *entries = opendir(directory);
    assay_status s = ASSAY_OK;

    if (!entries)
        return errno == ENOENT ? ASSAY_OK
                               : error_errno(err, errno, "cannot open directory %s", directory);
    for (const struct dirent *entry = readdir(entries); !s && entry; entry = readdir(entries)) {
        const char *name = entry->d_name;

        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && strcmp(name, keep) != 0)
            s = remove_entry(entries, name, directory, err);
    }
    return s;
}

/* ---- the end of a log ---- */

/* Where the last TAIL_LINES lines of the text begin. */
static const char *tail_start(const char *text, size_t size)
{
    size_t at = size;
    unsigned lines = 0;

    while (at > 0 && text[at - 1] == '\n')
        at--;
    while (at > 0) {
        if (text[at - 1] == '\n' && ++lines == TAIL_LINES)
            break;
        at--;
    }
    return text + at;
}

/* One line, cut to size, with what a terminal might take for a command replaced. */
static size_t tail_line(const char *line, size_t len, char *out)
{
    size_t n = len < TAIL_LINE_MAX ? len : TAIL_LINE_MAX;

    memset(out, ' ', TAIL_INDENT);
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)line[i];

        out[TAIL_INDENT + i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    n = utf8_valid_prefix(out + TAIL_INDENT, n);
    out[TAIL_INDENT + n] = '\n';
    return TAIL_INDENT + n + 1;
}

void nodefiles_tail(const char *path, char out[TAIL_SIZE])
{
    char text[8192]; /* 15 lines are rarely longer; longer ones lose their first lines */
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    const off_t from = size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) : 0;
    const ssize_t n = size > 0 ? pread(fd, text, sizeof(text), from) : 0;
    const char *line = NULL, *end = NULL;
    size_t used = 0;

    out[0] = '\0';
    if (n <= 0)
        return;
    end = text + n;
    while (end > text && end[-1] == '\n')
        end--;
    line = tail_start(text, (size_t)n);
    while (line < end && used + TAIL_INDENT + TAIL_LINE_MAX + 2 < TAIL_SIZE) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const size_t len = (size_t)((newline ? newline : end) - line);

        used += tail_line(line, len, out + used);
        line += len + 1;
    }
    if (used > 0)
        out[used - 1] = '\0';
}
