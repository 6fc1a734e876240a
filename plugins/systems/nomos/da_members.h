/* Which columns of a blob each node is to keep, as the nodes themselves say.

   Members are named by peer id; subnetwork s has some of them, and column c belongs to subnetwork
   c modulo their number. It is asked for once, when it is first needed, as it does not change while
   a network lives (node contract 4.7: session 0 from genesis).

   Any task may call; under a lock of its own, which is not held while a node is asked. */
#ifndef PLUGINS_SYSTEMS_NOMOS_DA_MEMBERS_H
#define PLUGINS_SYSTEMS_NOMOS_DA_MEMBERS_H

#include "plugins/systems/nomos/nomos.h"

struct da_members {
    pthread_mutex_t lock;
    uint32_t node_count, subnet_count; /* subnet_count 0: not known yet */
    bool *is_member;                   /* of node n and subnetwork s at n * subnet_count + s */
};

assay_status da_members_init(struct da_members *members);
void da_members_done(struct da_members *members);

/* Asks this node, unless it is known already. On failure what the node did instead is in `why`, but
   for ASSAY_E_NOMEM and ASSAY_E_CANCELLED. */
assay_status da_members_learn(
    struct nomos *self, struct da_members *members, assay_task *task, uint32_t node, char why[256]);

/* Whether the node is to keep the column. Only once it is known. */
bool da_members_keeps(struct da_members *members, uint32_t node, uint32_t column);

#endif
