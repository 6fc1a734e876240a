/* assay/nomos_da.h - "nomos.da/1", data availability as the system assay.nomos offers it.
 *
 * A service of one system, apart from the plugin ABI and with a revision of its own: a plugin that
 * needs it names NOMOS_DA in its `needs` and works with that system alone. The rules of plugin.h
 * hold (blocking, ownership, growth, errors), and as with every table that a plugin offers, its
 * provider's context comes first: pass table->provider.
 *
 * A channel is a chain of messages: inscriptions (some bytes, in the transaction itself) and blobs
 * (data that is spread over nodes; only its id is in the transaction). A message names the one
 * before it in its channel, its parent; the first of a channel has none. So a channel's messages go
 * out one after the other, each when the one before is in a block.
 *
 *     nomos_da_place place = {sizeof(place), channel, NULL};        NULL: the channel's first
 *     nomos_da_message *message = NULL;
 *     s = da->inscribe(da->provider, task, host, &place, text, &message);
 *     ... send da->info(message)->request to any node, by assay.http/1 ...
 *     outcome = da->settle(da->provider, message, reply);
 *     ... wait for an item of kind NOMOS_DA_INSCRIPTION with da->info(message)->id ...
 *     place.parent = da->info(message)->id;
 *     s = da->blob(da->provider, host, &place, data, &blob);         to one of the dispersers
 *     ...
 *     da->release(message);
 *
 * In blocks (assay.blocks/1) every message is an item of kind NOMOS_DA_INSCRIPTION or
 * NOMOS_DA_BLOB, beside the item of the transaction that it came in; its id is the message's.
 * Workloads report to assay.submissions/1 under the same kinds and ids. Ids are lower-case
 * hexadecimal, 64 digits.
 *
 * A message may be sent more than once, as after a reply that never came: it is the same message
 * each time, and nodes take it once. */
#ifndef ASSAY_NOMOS_DA_H
#define ASSAY_NOMOS_DA_H

#include <assay/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NOMOS_DA "nomos.da/1"

#define NOMOS_DA_INSCRIPTION "inscription"
#define NOMOS_DA_BLOB        "blob"

/* Data of a blob is whole chunks, from one to so many bytes. */
#define NOMOS_DA_CHUNK_SIZE 31u
#define NOMOS_DA_DATA_MAX   (31u * 16384u)
/* A transaction with more is too large for nodes to pass on. */
#define NOMOS_DA_INSCRIPTION_MAX 32768u

typedef struct nomos_da_message nomos_da_message; /* signed and ready to send */
typedef struct nomos_da_reading nomos_da_reading; /* what nodes served of a blob */

/* Where a message goes. */
typedef struct nomos_da_place {
    size_t struct_size;
    const char *channel; /* id */
    const char *parent;  /* message id; NULL or "": the first of the channel */
} nomos_da_place;

typedef struct nomos_da_info {
    size_t struct_size;
    const char *kind; /* NOMOS_DA_INSCRIPTION or NOMOS_DA_BLOB */
    const char *channel;
    const char *parent; /* "": the first of the channel */
    /* The message's id. Of a blob it is "" until an answer was settled as accepted: it depends on
     * the blob's id, which the node finds. The blob's id; "" for an inscription. */
    const char *id, *blob;
    uint64_t size;                /* of the data, in bytes */
    const assay_request *request; /* all but node, timeout, at and tag are filled */
} nomos_da_info;

/* A message that is known: one that was settled as accepted, or was seen in a block. */
typedef struct nomos_da_record {
    size_t struct_size;
    uint64_t size;             /* of the data, in bytes */
    uint32_t is_ours, is_blob; /* ours: sent through this service and accepted */
    uint8_t checksum[32];      /* Blake2b-256 of the data when it is ours, else zeros */
    char channel[ASSAY_ID_MAX];
    char parent[ASSAY_ID_MAX]; /* "": the first of the channel */
    char blob[ASSAY_ID_MAX];   /* "" for an inscription */
} nomos_da_record;

/* What is to be read. */
typedef struct nomos_da_query {
    size_t struct_size;
    const char *blob;      /* the blob's id, not the message's */
    const uint32_t *nodes; /* to be asked, each for all that it has; at least one */
    uint32_t node_count, reserved;
    assay_ns until; /* who has not answered by then was not asked */
} nomos_da_query;

typedef struct nomos_da_reading_info {
    size_t struct_size;
    /* OK: here is the data. ASSAY_E_NOTFOUND: the columns that came are not enough, or no node knew
     * the blob. ASSAY_E_DENIED: they are the blob's, but do not fit each other: it never was
     * data. */
    assay_status status;
    uint32_t columns, needed; /* of the blob, and to read it; 0 when no node knew it */
    uint32_t held;            /* columns that came from any node and are the blob's */
    assay_bytes data;         /* empty unless OK; lives as long as the reading */
    const char *why;          /* unless OK */
} nomos_da_reading_info;

/* What one of the nodes served. */
typedef struct nomos_da_served {
    size_t struct_size;
    uint32_t node;
    /* OK: the node answered, whatever it said. ASSAY_E_IO or ASSAY_E_TIMEOUT: it could not be
     * asked, and nothing can be said of what it has. */
    assay_status status;
    uint32_t held;     /* columns that it served and that are the blob's */
    uint32_t wrong;    /* answers that are not what the blob's id was made for */
    uint32_t assigned; /* columns that the network gave this node to keep... */
    uint32_t missing;  /* ...and that it did not serve */
    char why[240];     /* the first thing that was not as it should be; "" if all was */
} nomos_da_served;

typedef struct nomos_da {
    size_t struct_size;
    void *provider;

    /* The nodes that take blobs (executors), by number from 0; their index among all nodes. */
    uint32_t (*disperser_count)(void *provider);
    uint32_t (*disperser)(void *provider, uint32_t nth);

    /* Make a message. `data` is copied. ASSAY_E_INVALID, explained to `user`, when an id is none or
     * the data's size is not allowed. The message is the receiver's: release. An inscription is
     * signed here, which takes seconds where proofs are real. */
    assay_status (*inscribe)(void *provider, assay_task *, const assay_host *user,
        const nomos_da_place *, assay_bytes data, nomos_da_message **);
    assay_status (*blob)(void *provider, const assay_host *user, const nomos_da_place *,
        assay_bytes data, nomos_da_message **);
    /* Lives as long as the message; id and blob may change with settle. */
    const nomos_da_info *(*info)(const nomos_da_message *);
    /* Takes in what came of sending it (NULL: it was never sent), and answers with
     * ASSAY_SUBMIT_...: what the node's answer means. As often as it was sent; a message once
     * accepted stays known (`find`) after its release. */
    uint32_t (*settle)(void *provider, nomos_da_message *, const assay_reply_info *);
    void (*release)(nomos_da_message *);

    /* ASSAY_E_NOTFOUND: no such message is known. At most 1 Mi are kept, the first ones. */
    assay_status (*find)(void *provider, const char *id, nomos_da_record *out);

    /* Asks nodes for all they have of a blob, checks each column against the blob's id, and puts
     * the data together. ASSAY_E_UNSUPPORTED, explained to `user`: one of them is no development
     * node, whose blobs alone can be checked. That nodes cannot be asked, or serve nothing or wrong
     * columns, is no error of this call but what the reading says. */
    assay_status (*read)(void *provider, assay_task *, const assay_host *user,
        const nomos_da_query *, nomos_da_reading **);
    const nomos_da_reading_info *(*reading_info)(const nomos_da_reading *);
    /* Of the nth node of the query. */
    assay_status (*served)(const nomos_da_reading *, uint32_t nth, nomos_da_served *out);
    void (*release_reading)(nomos_da_reading *);
} nomos_da;

static inline const nomos_da *nomos_da_of(const assay_host *host)
{
    return (const nomos_da *)host->service(host, NOMOS_DA);
}

#ifdef __cplusplus
}
#endif
#endif
