/* Files and directories, whole and safe.

   Errors name the path and the system's reason. Descriptors are close-on-exec.
   Any thread; two writers of one path: the last rename wins, readers see one or
   the other, never a mixture. */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "framework/base/error.h"

/* Content; a NUL stands behind data, which size does not count. The caller frees data. */
struct file_text {
    char *data;
    size_t size;
};

/* Reads all of a file into memory. ASSAY_E_INVALID: not a regular file, or
   longer than size_max. */
assay_status file_read(const char *path, size_t size_max, struct file_text *out, struct error *err);

/* Everything that is left to read from a descriptor, with the same limits. */
assay_status file_read_fd(int fd, size_t size_max, struct file_text *out, struct error *err);

enum file_flags {
    FILE_PLAIN = 0,
    FILE_SYNC = 1,   /* on disk, with its directory entry, before the call returns */
    FILE_PRIVATE = 2 /* readable by the owner alone */
};

/* Writes a new file beside path and renames it to path: after a crash there is
   the old content or the new, whole. */
assay_status file_write(
    const char *path, const struct file_text *text, enum file_flags flags, struct error *err);

/* write(2) until everything is written. */
assay_status file_write_fd(int fd, const void *data, size_t size, struct error *err);

/* Makes a directory and those above it; fine if it is there already. */
assay_status dir_make(const char *path, mode_t mode, struct error *err);

/* Removes a directory with all that is in it; fine if it is not there. Symbolic
   links are removed, never followed, also when somebody swaps a directory for a
   link meanwhile. Other file systems mounted inside are not entered: that is an
   error. Deeper than 64 levels is an error. ASSAY_E_DENIED, with nothing touched:
   path is the root directory, the working directory, or one above that. */
assay_status dir_remove(const char *path, struct error *err);

#endif
