/* What plugins keep for later runs: recall and keep of assay.exec/1.

   A plugin has a directory, below $XDG_CACHE_HOME/assay or ~/.cache/assay, of CACHE_SLOTS files at
   most. A text names the slot (by its hash) and stands in the file before the bytes, so a slot
   that another text has taken since is a miss and nothing else. So the directory cannot grow beyond
   64 MiB, and nothing needs to be tidied up. Files are replaced whole; runs may share it. */
#ifndef ASSAY_HOST_CACHE_H
#define ASSAY_HOST_CACHE_H

#include "framework/base/error.h"
#include "framework/base/file.h"

enum {
    CACHE_SLOTS = 16384,
    CACHE_KEY_MAX = 200,
    CACHE_BYTES_MAX = 4000 /* with its key and the newline between them: a block of a disk */
};

/* Printable ASCII, 1 to CACHE_KEY_MAX bytes. */
bool cache_key_is_good(const char *key);

/* ASSAY_E_NOTFOUND: it is not there, or cannot be read. The caller frees out->data. */
assay_status cache_recall(const char *plugin_id, const char *key, struct file_text *out);

/* ASSAY_E_IO and the like, with the reason: it was not kept. ASSAY_E_UNSUPPORTED: neither HOME nor
   XDG_CACHE_HOME is set. */
assay_status cache_keep(
    const char *plugin_id, const char *key, assay_bytes bytes, struct error *err);

#endif
