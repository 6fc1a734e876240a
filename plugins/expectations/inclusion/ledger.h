/* What became of each submission of one kind on the chains of the nodes.

   The agreed chain is what all given nodes hold, up to the greatest height at which their blocks
   are the same. Each submission has a fate: the block of the agreed chain that includes it, or a
   block that only some nodes hold, or one that nobody holds any more.

   ledger_read can be called again as chains grow: it goes on where it was. One task at a time. */
#ifndef ASSAY_EXPECTATIONS_INCLUSION_LEDGER_H
#define ASSAY_EXPECTATIONS_INCLUSION_LEDGER_H

#include <assay/plugin.h>

struct fate {
    uint64_t height;          /* on the agreed chain; 0: not there */
    uint64_t height_again;    /* a second time; 0: not */
    assay_ns seen_at;         /* when the block of `height` was first seen on any node */
    uint64_t elsewhere_round; /* reading at which it was on a block above the agreed chain */
    uint32_t is_abandoned;    /* it was on a block of a fork that was given up */
    uint32_t reserved;
};

struct ledger {
    const assay_host *host;
    const char *kind; /* of submissions and items, "transaction" */
    const assay_nodes *nodes;
    const assay_blocks *blocks;
    const assay_submissions *submissions;
    struct fate *fates; /* one per submission, by its index */
    size_t count;
    const uint32_t *members; /* the nodes of the latest reading, borrowed */
    uint64_t agreed_height;
    uint64_t best_height; /* of all given nodes */
    uint64_t round;
    uint64_t unreadable;       /* blocks of the agreed chain without known contents */
    uint64_t unreadable_above; /* the same above it */
    uint32_t member_count, reserved;
    char agreed_id[ASSAY_ID_MAX]; /* of the block at agreed_height */
};

/* All submissions of the kind, a literal, that there are now. ASSAY_E_NOMEM, explained. */
assay_status ledger_init(struct ledger *ledger, const assay_host *host, const char *kind);
void ledger_done(struct ledger *ledger);

/* Brings it up to date with the chains of these nodes, at least one, which stay borrowed. */
assay_status ledger_read(struct ledger *ledger, const uint32_t *nodes, uint32_t node_count);

/* Is the submission on a block that only some of the nodes hold? As of the latest reading. */
uint32_t ledger_is_elsewhere(const struct ledger *ledger, size_t index);

/* Notes the submissions in a block that was given up; one that is not known has none. */
assay_status ledger_abandon(struct ledger *ledger, const char *id);

/* The id of the agreed block at a height up to agreed_height; "" when it is not known. */
assay_status ledger_agreed_id(
    const struct ledger *ledger, uint32_t node, uint64_t height, char id[ASSAY_ID_MAX]);

#endif
