/* SHA-256 of a plugin file, for the report and for pinning in a manifest. Any thread. */
#ifndef ASSAY_PLUGIN_DIGEST_H
#define ASSAY_PLUGIN_DIGEST_H

#include <stddef.h>

#include "framework/plugin/loader.h"

/* As lower-case hex digits with a NUL. */
void digest_sha256(const void *data, size_t size, char out[SHA256_TEXT_SIZE]);

/* ASSAY_E_INVALID: wanted is not 64 hex digits. ASSAY_E_DENIED: it is another digest than found. */
assay_status digest_compare(const char *wanted, const char *found, struct error *err);

#endif
