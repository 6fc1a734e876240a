/* da_membership.h - who takes part in data availability, and in which subnetworks.
 *
 * Members are the providers that the genesis transaction declares for data availability, sorted by
 * key, which is how their peer ids sort. Subnetwork s has the next `replication` of them after those
 * of s - 1, going round (node contract 5.3). Column c of a blob belongs to subnetwork c modulo the
 * number of subnetworks. There is one session, 0, for as long as the network lives. Never changes
 * once made; any thread. */
#ifndef DEVNODE_CORE_DA_MEMBERSHIP_H
#define DEVNODE_CORE_DA_MEMBERSHIP_H

#include "devnode/core/da_limits.h"
#include "devnode/core/reason.h"
#include "nomos/tx.h"

/* In place of a member's number. */
#define DA_NOBODY UINT32_MAX

struct da_member {
    struct bytes32 key;
    struct multiaddr locator; /* as declared */
};

struct da_membership {
    struct da_member *members; /* sorted by key */
    uint32_t member_count;
    uint32_t subnet_count;
    uint32_t replication; /* members of each subnetwork, no member twice */
    uint32_t self;        /* DA_NOBODY: this node is no member */
};

struct da_membership_shape {
    uint64_t subnet_count;
    uint64_t replication;
};

/* False and a reason when the shape is beyond the limits or nobody is declared. */
bool da_membership_init(struct da_membership *out, const struct signed_tx *genesis,
    const struct da_membership_shape *shape, const struct bytes32 *self, struct reason *why);
void da_membership_done(struct da_membership *membership);

/* The member with this key, or DA_NOBODY. */
uint32_t da_member_of(const struct da_membership *membership, const struct bytes32 *key);

/* The nth member of a subnetwork, n < replication. */
uint32_t da_subnet_member(const struct da_membership *membership, uint32_t subnet, uint32_t n);
bool da_is_in_subnet(const struct da_membership *membership, uint32_t member, uint32_t subnet);
uint32_t da_subnet_of_column(const struct da_membership *membership, uint32_t column);
/* Whether this node is to keep the column. */
bool da_is_own_column(const struct da_membership *membership, uint32_t column);
/* How many of a blob's columns this node is to keep. */
uint32_t da_own_column_count(const struct da_membership *membership, uint32_t columns);

#endif
