/* da_parts.h - the inside of data availability, shared by the files that make it up.
 *
 *     da.c           its life and time, what it serves
 *     da_links.c     connections, who says who they are, whom to dial
 *     da_columns.c   columns that arrive: checked, kept, offered on, blobs published
 *     da_sample.c    asking for columns: sampling, looking, fetching what is missing
 *     da_disperse.c  spreading data
 *
 * Deadlines: whoever waits for a moment says da_due(); da_tick() does nothing before the earliest of
 * them, and then looks at everything, so that nothing needs a queue of timers.
 *
 * Not for others: include da.h. */
#ifndef DEVNODE_CORE_DA_PARTS_H
#define DEVNODE_CORE_DA_PARTS_H

#include "devnode/core/da.h"
#include "devnode/core/table.h"
#include "nomos/keys.h"

struct da_peer {
    void *link;
    uint64_t since_ns;
    struct bytes32 challenge; /* ours to them */
    struct hello hello;
    bool has_hello;
    bool is_proved;   /* they are who they say */
    uint32_t dialled; /* whom we dialled, or DA_NOBODY: they dialled us */
    uint32_t member;  /* once it said hello */
};

/* How to get to a member. */
struct da_contact {
    uint64_t dial_at_ns; /* not before */
    uint32_t failures;   /* in a row */
    bool is_reaching;    /* dialled, and not yet a proved connection */
};

struct da_wait {
    void *self;
    da_dispersed_fn dispersed; /* both NULL: nobody waits (any more) */
    da_looked_fn looked;
};

/* A column of ours that arrived. */
struct da_arrival {
    uint32_t column;
    uint32_t from;        /* member, or DA_NOBODY: a client */
    uint64_t offer_at_ns; /* to the others of the subnetwork; zero: done */
};

/* A blob whose columns arrive. */
struct da_entry {
    struct da_entry *next; /* a younger one */
    struct bytes32 blob;
    struct da_header header;
    uint8_t *tx;
    size_t tx_size;
    uint64_t since_ns;
    bool is_published;
    bool
        is_settled; /* published, and all its columns offered: nothing to do until it is forgotten */
    uint32_t needed; /* columns that are ours */
    uint32_t arrived;
    struct da_arrival arrivals[]; /* `needed` of them */
};

/* A column that we asked for because it was offered. */
struct da_wish {
    struct da_place place;
    uint32_t member;
    uint64_t at_ns;
};

enum da_question_state {
    QUESTION_OPEN = 0,
    QUESTION_CONNECTING,
    QUESTION_ASKED,
    QUESTION_ANSWERED, /* with the column */
    QUESTION_FAILED,   /* nobody has it, for this round */
};

/* A column that is asked for, from one member of its subnetwork after the other. */
struct da_question {
    uint32_t column;
    enum da_question_state state;
    uint32_t member;
    uint64_t at_ns;
    uint64_t tried; /* bit n: the nth member of the subnetwork */
    uint32_t first; /* which member to begin with */
};

enum da_job_kind {
    JOB_SAMPLE, /* one for each blob, in `jobs_by_blob` */
    JOB_REPAIR, /* fetches columns of ours */
    JOB_LOOK,   /* for a client */
};

struct da_job {
    struct da_wait wait; /* the first member: a struct da_wait * is handed out for it */
    struct da_job *next;
    enum da_job_kind kind;
    struct bytes32 blob;
    struct da_header header; /* of an answer */
    uint32_t round;
    bool is_in_round;
    uint64_t round_at_ns; /* when the next one begins */
    uint64_t pause_ns;
    uint64_t end_ns;
    uint32_t question_count;
    struct da_question *questions;
};

/* A blob that was sampled. */
struct da_sampled {
    struct da_sampled *next; /* a later one */
    struct bytes32 blob;
    struct da_header header;
    uint64_t at_ns;
};

struct da_spreading; /* da_disperse.c */

struct da {
    struct da_params params; /* genesis is NULL after da_new() */
    struct da_host host;
    struct da_store store;
    struct wire wire;
    struct ed25519_key identity;
    struct ed25519_key blob_key; /* executors of this revision sign blobs with the zero-seed key */
    struct da_membership membership;
    struct da_monitor monitor;

    struct da_contact *contacts; /* by member */
    struct da_peer **peers;
    size_t peer_count;
    size_t peer_room;
    uint64_t challenge_count;
    bool is_balanced; /* every connection that should be is there */

    struct table entries; /* blob id to struct da_entry */
    struct da_entry *oldest_entry;
    struct da_entry **entries_end;
    struct da_entry *first_unsettled; /* all older ones are settled; NULL: all are */
    struct da_wish *wishes;
    size_t wish_count;
    size_t wish_room;

    struct da_job *jobs;
    size_t job_count;
    struct table jobs_by_blob; /* JOB_SAMPLE */
    struct table sampled;      /* blob id to struct da_sampled */
    struct da_sampled *oldest_sampled;
    struct da_sampled **sampled_end;
    bool has_news; /* something was sampled */

    struct da_spreading *spreadings;
    size_t spreading_count;

    uint64_t now_ns;
    uint64_t wake_ns;
    struct da_counts counts;
};

/* --- da.c ------------------------------------------------------------------------------------- */
void da_log(struct da *da, enum node_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Makes da_tick() look at everything at this time, or earlier. */
void da_due(struct da *da, uint64_t at_ns);
bool da_misbehaves(const struct da *da, enum misbehaviour kind);
/* A number that others cannot foretell, from up to 32 bytes and two numbers. */
uint64_t da_draw(const struct da *da, const struct bytes32 *about, uint64_t a, uint64_t b);

/* --- da_links.c ------------------------------------------------------------------------------- */
void da_send(struct da *da, struct da_peer *peer, const struct da_message *message);
void da_send_place(
    struct da *da, struct da_peer *peer, enum da_message_type type, const struct da_place *place);
/* The connection to a member, or NULL. */
struct da_peer *da_find_peer(const struct da *da, uint32_t member);
/* The same; dials when there is none and it is not too early, which is_reaching tells. */
struct da_peer *da_reach(struct da *da, uint32_t member);
/* Notes what a member did wrong, and blocks it when that is too much. Its connections may be gone
 * afterwards. */
void da_blame(struct da *da, uint32_t member, enum da_failure kind, const char *what);
void da_links_tick(struct da *da);
void da_links_done(struct da *da);

/* --- da_columns.c ----------------------------------------------------------------------------- */
enum da_taking {
    PARCEL_TAKEN = 0,
    PARCEL_REFUSED,
    PARCEL_IS_OFFENCE, /* no honest member sends it */
};
/* Takes a column with its transaction from a member. *out_place is set unless the share is
 * malformed. */
enum da_taking da_take_parcel(struct da *da, uint32_t from, const struct da_parcel *parcel,
    struct da_place *out_place, struct reason *why);
/* Whether our column of this place is kept. */
bool da_keeps(struct da *da, const struct da_place *place);
void da_keep(struct da *da, const struct da_place *place, const struct da_parcel *parcel);
void da_took_offer(struct da *da, struct da_peer *peer, const struct da_place *place);
void da_took_want(struct da *da, struct da_peer *peer, const struct da_place *place);
/* What was wished for came, or the member lacks it. */
void da_wish_ended(struct da *da, uint32_t member, const struct da_place *place, bool has_come);
void da_columns_tick(struct da *da);
void da_columns_done(struct da *da);

/* --- da_sample.c ------------------------------------------------------------------------------ */
void da_took_get(struct da *da, struct da_peer *peer, const struct da_place *place);
void da_took_share(struct da *da, uint32_t member, const struct da_parcel *parcel);
void da_took_lack(struct da *da, uint32_t member, const struct da_place *place);
void da_sample_tick(struct da *da);
void da_sample_done(struct da *da);

/* --- da_disperse.c ---------------------------------------------------------------------------- */
void da_took_answer(struct da *da, uint32_t member, const struct da_place *place, bool is_taken);
void da_disperse_tick(struct da *da);
void da_disperse_done(struct da *da);

#endif
