/* Exchanges by time: the next one whose moment comes is on top.

   A binary heap of pointers; each exchange knows its place in it, so that one in the middle can be
   taken out. Equal moments come out in the order in which exchanges were submitted. One thread. */
#ifndef ASSAY_HOST_HTTP_HEAP_H
#define ASSAY_HOST_HTTP_HEAP_H

#include "framework/host/http_exchange.h"

struct http_heap {
    struct http_exchange **items;
    size_t count, capacity;
};

void http_heap_done(struct http_heap *heap);

/* Sets the moment and puts it in. ASSAY_E_NOMEM leaves it out. */
assay_status http_heap_add(struct http_heap *heap, struct http_exchange *exchange, assay_ns when);
/* Changes the moment of one that is in. */
void http_heap_move(struct http_heap *heap, struct http_exchange *exchange, assay_ns when);
/* Takes it out. */
void http_heap_remove(struct http_heap *heap, struct http_exchange *exchange);

/* The first one; NULL when empty. */
struct http_exchange *http_heap_top(const struct http_heap *heap);

#endif
