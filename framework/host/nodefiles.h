/* Files in a directory, written without ever leaving it.

   Paths come from plugins: each part is opened by itself, relative to the one before, and symbolic
   links are refused, so that neither ".." nor a link that a node left there leads elsewhere. */
#ifndef ASSAY_HOST_NODEFILES_H
#define ASSAY_HOST_NODEFILES_H

#include "framework/base/error.h"

/* Writes file->bytes to directory/file->path with its mode, making what directories it needs. What
   was in the file before is gone. ASSAY_E_INVALID: the path is no good (spec_path_is_good). */
assay_status nodefiles_write(const char *directory, const assay_file *file, struct error *err);

/* Removes all that is in the directory but the file of that name; fine if the directory is not
   there. Symbolic links are removed, never followed. */
assay_status nodefiles_clear(const char *directory, const char *keep, struct error *err);

/* The last lines of a file, indented for a message: at most 15 lines of 200 bytes. What cannot be
   shown becomes "?". "" when there is no such file, or nothing in it. */
enum {
    TAIL_SIZE = 15 * 208
};
void nodefiles_tail(const char *path, char out[TAIL_SIZE]);

#endif
