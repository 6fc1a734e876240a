/* A purse: the notes of some users, and what becomes of them.

     free -> spent by a transaction -> its outputs wait for confirmation -> free

   A transaction spends one note of one user, back to the same user: in two halves while the user
   has fewer notes than wanted, so that soon as many can be on their way as the load needs. A note
   is free again only when the transaction that made it is in a block with enough blocks behind it
   on the longest chain seen: a note of a block that is abandoned would make its successor invalid,
   which a node drops without a word. Nothing else is guessed: a transaction that was sent and never
   seen again keeps its note for ever, and shows as missing.

   All functions but purse_open are called with the system's lock held. */
#ifndef PLUGINS_SYSTEMS_NOMOS_PURSE_H
#define PLUGINS_SYSTEMS_NOMOS_PURSE_H

#include "plugins/systems/nomos/nomos.h"

enum {
    SENT_OUTPUTS_MAX = 2,
    SENT_PLACES_MAX = 8,  /* sibling blocks with the same transaction; more are the same slot's */
    PURSE_BUCKETS = 8192, /* by input; power of two */
    PURSE_SENT_MAX = 1 << 20, /* on their way; a purse that is never paid back stops there */
    PURSE_USERS_MAX = 1 << 20
};

struct coin {
    struct coin *next;
    struct fr id;
    uint64_t value;
};

struct user {
    struct fr secret_key, public_key;
    struct coin *free; /* first in, first out */
    struct coin **free_end;
    uint64_t notes; /* free ones, and outputs that are to come */
};

/* A transaction from when it is made until its outputs are confirmed. */
struct sent {
    struct sent *bucket_next;
    struct sent *prev, *next; /* of the included ones */
    struct fr input;
    uint64_t value;
    struct note outputs[SENT_OUTPUTS_MAX];
    struct fr output_ids[SENT_OUTPUTS_MAX];
    uint32_t output_count, user;
    struct block_place places[SENT_PLACES_MAX];
    uint32_t place_count;
    bool is_handed_out; /* its assay_transaction has not been settled */
    bool is_confirmed;
    char id[HEX32_SIZE];
};

struct assay_purse {
    struct assay_purse *next;
    struct nomos *system;
    struct user *users;
    uint32_t user_count, turn;
    struct sent *buckets[PURSE_BUCKETS];
    struct sent *included; /* list: in a block, not yet confirmed */
    size_t sent_count;
    uint64_t checked_version; /* of the best chain, when included ones were last looked through */
    struct assay_transaction *ready, *ready_last; /* made ahead, oldest first (ahead.h) */
    uint32_t ahead;                               /* of those, and of those being made */
};

/* Makes a purse over accounts first... of genesis, and puts it on the system's list. */
assay_status purse_open(
    struct nomos *system, uint32_t first, uint32_t count, struct assay_purse **out);

/* Frees what has been confirmed since the last time. */
void purse_confirm(struct assay_purse *purse);

/* Takes the next free note, users in turn, and makes the entry for its transaction, with outputs
   but without ids. NULL: no note is free, or there is no memory (then *is_short is set). */
struct sent *purse_take(struct assay_purse *purse, bool *is_short);

/* The note goes back: the transaction never reached a node, or was refused. */
void purse_give_back(struct assay_purse *purse, struct sent *sent);

/* Its assay_transaction is gone; frees the entry when that was the last use. */
void purse_let_go(struct assay_purse *purse, struct sent *sent);

void purse_free(struct assay_purse *purse);

#endif
