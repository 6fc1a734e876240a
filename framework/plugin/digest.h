/* SHA-256 of plugin files, for the report and for pinning in a manifest. Any thread. */
#ifndef ASSAY_PLUGIN_DIGEST_H
#define ASSAY_PLUGIN_DIGEST_H

#include <stddef.h>

#include "framework/plugin/loader.h"

/* As lower-case hex digits with a NUL. */
void digest_sha256(const void *data, size_t size, char out[SHA256_TEXT_SIZE]);

/* Of a loaded library's file. It takes as long as loading it (a megabyte: 3 ms), so it is made when
   it is asked for. ASSAY_E_DENIED: the file has been changed since it was loaded, so the digest of
   what runs is not known any more. ASSAY_E_NOTFOUND and others: it cannot be read. Errors name the
   path. */
assay_status library_digest(
    const struct plugin_library *library, char out[SHA256_TEXT_SIZE], struct error *err);

/* ASSAY_E_INVALID: wanted is not 64 hex digits. ASSAY_E_DENIED: it is another digest than found. */
assay_status digest_compare(const char *wanted, const char *found, struct error *err);

#endif
