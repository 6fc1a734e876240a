/* A hash index from texts to numbers, for objects that keep their texts themselves.

   Holds only the numbers: 4 bytes a slot, at most three quarters of the slots taken. The owner says
   what text a number stands for. No removal. One thread at a time. */
#ifndef ASSAY_HOST_IDTABLE_H
#define ASSAY_HOST_IDTABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/status.h"

struct idtable {
    uint32_t *slots;     /* number plus one; 0 is free */
    uint32_t slot_count; /* a power of two, or 0 */
    uint32_t count;
    const char *(*text_of)(const void *owner, uint32_t number);
    const void *owner;
};

enum {
    IDTABLE_MAX = 1 << 28
};

void idtable_init(struct idtable *table, const char *(*text_of)(const void *owner, uint32_t number),
    const void *owner);
void idtable_done(struct idtable *table);

bool idtable_find(const struct idtable *table, const char *text, uint32_t *out);

/* Adds a number whose text is in nobody's way: it must not be there yet, and text_of must already
   know it. ASSAY_E_NOMEM; ASSAY_E_LAGGED: IDTABLE_MAX. */
assay_status idtable_add(struct idtable *table, uint32_t number);

#endif
