/* nomos.da/1 (assay/nomos_da.h): what its parts share.

     da.c           the table that is offered, and messages: making, sending's outcome
     da_records.c   which messages are known
     da_members.c   which columns each node is to keep
     da_read.c      reading a blob back
     da_copies.c    what nodes served of a blob: checks, counts, and puts it together

   The rest of the system sees the four functions below and nothing else; without ASSAY_DA they do
   nothing. */
#ifndef PLUGINS_SYSTEMS_NOMOS_DA_H
#define PLUGINS_SYSTEMS_NOMOS_DA_H

#include "plugins/systems/nomos/nomos.h"

#ifdef ASSAY_DA

assay_status da_init(struct nomos *self);
void da_done(struct nomos *self);

/* The service's table when that is the id, else NULL. */
const void *da_service(struct nomos *self, const char *id);

/* A block was seen for the first time, on any node. */
void da_see_block(struct nomos *self, const struct block *block);

#else

static inline assay_status da_init(struct nomos *self)
{
    (void)self;
    return ASSAY_OK;
}

static inline void da_done(struct nomos *self)
{
    (void)self;
}

static inline const void *da_service(struct nomos *self, const char *id)
{
    (void)self;
    (void)id;
    return NULL;
}

static inline void da_see_block(struct nomos *self, const struct block *block)
{
    (void)self;
    (void)block;
}

#endif
#endif
