/* assay.json/1: reading JSON. The only user of json-c. Writing is base/json_out.

   Strict: one value, valid UTF-8 without NUL bytes, at most 64 deep and 64 MiB long, no comments,
   no NaN, no whole numbers beyond 64 bits. One thread at a time per document. */
#ifndef ASSAY_HOST_JSON_H
#define ASSAY_HOST_JSON_H

#include "framework/base/error.h"

enum {
    JSON_DEPTH_MAX = 64,
    JSON_BYTES_MAX = 64 * 1024 * 1024
};

/* The same without an instance, for the host's own use; read with json_table's accessors. */
assay_status json_parse(assay_bytes text, assay_json **out, struct error *err);

extern const assay_json_table json_table;

#endif
