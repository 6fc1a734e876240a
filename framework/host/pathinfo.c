#include "framework/host/pathinfo.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/cleanup.h"

/* As much of the beginning as fits; 0 when it cannot be read. */
static size_t read_head(const char *path, uint8_t *head, size_t room)
{
    /* Not blocking: between stat and here the file may have become a FIFO. */
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    const ssize_t size = fd < 0 ? -1 : pread(fd, head, room, 0);

    return size > 0 ? (size_t)size : 0;
}

static uint32_t access_of(const char *path)
{
    return (access(path, R_OK) == 0 ? (uint32_t)ASSAY_PATH_READ : 0u) |
        (access(path, W_OK) == 0 ? (uint32_t)ASSAY_PATH_WRITE : 0u) |
        (access(path, X_OK) == 0 ? (uint32_t)ASSAY_PATH_RUN : 0u);
}

void pathinfo_read(const char *path, assay_path_info *out)
{
    struct stat status;

    *out = (assay_path_info){.struct_size = out->struct_size, .kind = ASSAY_PATH_NONE};
    if (stat(path, &status) != 0)
        return;
    out->access = access_of(path);
    out->kind = ASSAY_PATH_OTHER;
    if (S_ISDIR(status.st_mode))
        out->kind = ASSAY_PATH_DIRECTORY;
    if (!S_ISREG(status.st_mode))
        return;
    out->kind = ASSAY_PATH_FILE;
    out->size = (uint64_t)status.st_size;
    out->head_size = read_head(path, out->head, sizeof(out->head));
}
