#include "devnode/core/da_membership.h"

#include <stdlib.h>

#include "devnode/core/memory.h"

static int compare_members(const void *a, const void *b)
{
    const struct da_member *one = a;
    const struct da_member *other = b;

    return bytes32_compare(&one->key, &other->key);
}

/* The declared providers, sorted, each once. */
static void take_providers(struct da_membership *out, const struct signed_tx *genesis)
{
    uint32_t kept = 0;

    out->members = memory_new(genesis->tx.op_count, sizeof(*out->members));
    for (size_t i = 0; i < genesis->tx.op_count && out->member_count <= DA_MEMBERS_MAX; i++) {
        const struct op *op = &genesis->tx.ops[i];

        if (op->code != OP_SDP_DECLARE || op->declare.service != SDP_DA)
            continue;
        struct da_member *member = &out->members[out->member_count++];
        member->key = op->declare.provider_id;
        if (op->declare.locator_count)
            member->locator = op->declare.locators[0];
    }
    qsort(out->members, out->member_count, sizeof(*out->members), compare_members);
    for (uint32_t i = 0; i < out->member_count; i++) {
        if (!kept || !bytes32_equal(&out->members[kept - 1].key, &out->members[i].key))
            out->members[kept++] = out->members[i];
    }
    out->member_count = kept;
}

bool da_membership_init(struct da_membership *out, const struct signed_tx *genesis,
    const struct da_membership_shape *shape, const struct bytes32 *self, struct reason *why)
{
    struct da_membership made = {.self = DA_NOBODY};

    if (!shape->subnet_count || shape->subnet_count > DA_SUBNETS_MAX)
        return reason_set(why, "%llu subnetworks, this node takes 1 to %u",
            (unsigned long long)shape->subnet_count, DA_SUBNETS_MAX);
    if (!shape->replication || shape->replication > DA_REPLICATION_MAX)
        return reason_set(why, "%llu members in each subnetwork, this node takes 1 to %u",
            (unsigned long long)shape->replication, DA_REPLICATION_MAX);
    take_providers(&made, genesis);
    if (!made.member_count || made.member_count > DA_MEMBERS_MAX) {
        free(made.members);
        return reason_set(why, "genesis declares %s for data availability, this node takes 1 to %u",
            made.member_count ? "too many providers" : "no provider", DA_MEMBERS_MAX);
    }
    made.members = memory_resize(made.members, made.member_count, sizeof(*made.members));
    made.subnet_count = (uint32_t)shape->subnet_count;
    made.replication = (uint32_t)shape->replication;
    if (made.replication > made.member_count)
        made.replication = made.member_count;
    made.self = da_member_of(&made, self);
    *out = made;
    return true;
}

void da_membership_done(struct da_membership *membership)
{
    free(membership->members);
    *membership = (struct da_membership){.self = DA_NOBODY};
}

uint32_t da_member_of(const struct da_membership *membership, const struct bytes32 *key)
{
    struct da_member wanted = {.key = *key};
    const struct da_member *found = bsearch(&wanted, membership->members, membership->member_count,
        sizeof(*membership->members), compare_members);

    return found ? (uint32_t)(found - membership->members) : DA_NOBODY;
}

uint32_t da_subnet_member(const struct da_membership *membership, uint32_t subnet, uint32_t n)
{
    return (subnet * membership->replication + n) % membership->member_count;
}

bool da_is_in_subnet(const struct da_membership *membership, uint32_t member, uint32_t subnet)
{
    uint32_t first = da_subnet_member(membership, subnet, 0);

    if (member >= membership->member_count)
        return false;
    return (member + membership->member_count - first) % membership->member_count <
        membership->replication;
}

uint32_t da_subnet_of_column(const struct da_membership *membership, uint32_t column)
{
    return column % membership->subnet_count;
}

bool da_is_own_column(const struct da_membership *membership, uint32_t column)
{
    return da_is_in_subnet(membership, membership->self, da_subnet_of_column(membership, column));
}

uint32_t da_own_column_count(const struct da_membership *membership, uint32_t columns)
{
    uint32_t count = 0;

    for (uint32_t column = 0; column < columns; column++)
        count += da_is_own_column(membership, column);
    return count;
}
