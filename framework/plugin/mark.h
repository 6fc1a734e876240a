/* Which bytes a path had when a file was read: to know later whether it still has them.

   A file that is written to, replaced, renamed or given other rights afterwards has another mark.
   Some of that leaves its bytes alone; what counts is that the same mark means the same bytes.
   Its limit: where the kernel's file times are those of a timer tick (before Linux 6.13: 1 to 10
   ms), a second change within the tick of the first, to the same size, goes unseen.

   Any thread; no state. */
#ifndef ASSAY_PLUGIN_MARK_H
#define ASSAY_PLUGIN_MARK_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "framework/base/error.h"
#include "framework/base/file.h"

struct file_mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified, changed;
};

bool mark_is_same(const struct file_mark *a, const struct file_mark *b);

/* Reads a file whole, with the mark of what was read; the caller frees out->data. Symbolic links
   are not followed. ASSAY_E_INVALID: not a regular file, longer than size_max, or written to
   meanwhile. Errors do not name the path. */
assay_status mark_read_file(const char *path, size_t size_max, struct file_text *out,
    struct file_mark *out_mark, struct error *err);

/* ASSAY_E_DENIED: the file at path is not the one that was marked, or has been changed. Errors do
   not name the path. */
assay_status mark_check(const char *path, const struct file_mark *mark, struct error *err);

#endif
