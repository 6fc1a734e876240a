/* What a block includes, packed: a thousand transaction ids of 64 hexadecimal digits take 32 KiB
   instead of 80.

   A body is made once from a plugin's list and is constant then. Readers expand it back into a
   list; the expansion is shared by all readers that hold it at the time. Bodies are counted:
   whoever holds one gives it back with body_unref. Any thread. */
#ifndef ASSAY_HOST_BODY_H
#define ASSAY_HOST_BODY_H

#include "framework/base/error.h"

struct body;

enum {
    BODY_ITEMS_MAX = 1 << 20, /* of one block; a block of the node has at most 1,024 */
    BODY_KINDS_MAX = 255      /* distinct kinds in one block */
};

/* ASSAY_E_INVALID: too many items or kinds, an item without kind or id, an id too long, a stride
   smaller than an item. Starts with one reference. */
assay_status body_new(const assay_block_info *info, struct body **out, struct error *err);

struct body *body_ref(struct body *body);
void body_unref(struct body *body); /* NULL is fine */

size_t body_item_count(const struct body *body);

/* The list, as long as it is held. NULL without memory. Each hold takes one drop. */
const assay_item *body_hold(struct body *body);
void body_drop(struct body *body);

#endif
