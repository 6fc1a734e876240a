/* Bytes that several hold: counted, constant, freed with the last. Any thread. */
#ifndef ASSAY_HOST_BLOB_H
#define ASSAY_HOST_BLOB_H

#include <assay/plugin.h>

struct blob;

struct blob *blob_new(assay_bytes bytes); /* a copy, with one reference; NULL without memory */
struct blob *blob_ref(struct blob *blob); /* NULL is fine, here and below */
void blob_unref(struct blob *blob);
assay_bytes blob_bytes(const struct blob *blob);

#endif
