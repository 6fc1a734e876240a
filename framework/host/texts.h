/* Many small strings that live until the end: each costs its bytes and its NUL, nothing more.

   pool.h of base aligns for any type, which is a quarter more for a hash in hexadecimal; here there
   may be millions. One thread at a time; what is in it may be read by any. */
#ifndef ASSAY_HOST_TEXTS_H
#define ASSAY_HOST_TEXTS_H

#include <stddef.h>

struct texts_chunk;

struct texts {
    struct texts_chunk *chunks; /* the newest first */
    size_t used, room;          /* of the newest */
};

/* Zero is empty. */
void texts_done(struct texts *texts);

/* A copy of size bytes with a NUL behind; NULL without memory. */
const char *texts_add(struct texts *texts, const char *text, size_t size);

#endif
