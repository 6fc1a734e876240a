/* Takes records over from the other side of the ABI, whatever minor it was built with.

   A record opens with its size as its maker knew it. What both sides know is copied; fields that
   the maker did not know are zero; fields that this host does not know are left behind. Any
   thread; no state. */
#ifndef ASSAY_PLUGIN_RECORD_H
#define ASSAY_PLUGIN_RECORD_H

#include <stddef.h>

#include "framework/base/error.h"

enum {
    RECORD_SIZE_MAX = 4096 /* ten times what the largest has today; beyond it is no size */
};

/* How large a record is up to and with a field: what minor 0 has ends with its last field. (The
   struct keeps the analyzer from taking the size of a pointer for a mistake.) */
#define RECORD_END(type, field)                                                                    \
    (offsetof(type, field) + sizeof(struct { __typeof__(((type *)0)->field) it; }))

struct record_shape {
    const char *name; /* "assay_plugin", for messages */
    size_t size_min;  /* of minor 0 */
    size_t size;      /* of this host */
};

/* Copies *theirs to *out, which has shape->size bytes, and sets its struct_size to that.
   ASSAY_E_INVALID: theirs is NULL or misaligned, or its struct_size cannot be. */
assay_status record_adopt(
    const void *theirs, const struct record_shape *shape, void *out, struct error *err);

/* The same for an array whose items carry no size but have a stride. */
struct record_array {
    const void *items;
    size_t stride, count;
};
assay_status record_take_array(const struct record_array *theirs, const struct record_shape *shape,
    void *out, struct error *err);

#endif
