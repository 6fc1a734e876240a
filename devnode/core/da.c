#include "devnode/core/da.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/da_parts.h"
#include "devnode/core/memory.h"
#include "nomos/hash.h"

void da_log(struct da *da, enum node_level level, const char *format, ...)
{
    char text[REASON_BYTES_MAX + 256];
    va_list arguments;

    if (!da->host.log)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    da->host.log(da->host.self, level, text);
}

void da_due(struct da *da, uint64_t at_ns)
{
    if (at_ns < da->wake_ns)
        da->wake_ns = at_ns;
}

bool da_misbehaves(const struct da *da, enum misbehaviour kind)
{
    return da->params.misbehaviours->is_on[kind];
}

uint64_t da_draw(const struct da *da, const struct bytes32 *about, uint64_t a, uint64_t b)
{
    struct {
        struct bytes32 chance;
        struct bytes32 about;
        uint64_t numbers[2];
    } text = {.chance = da->params.chance, .about = *about, .numbers = {a, b}};
    struct bytes32 hash = hash_of(&text, sizeof(text));
    uint64_t drawn;

    memcpy(&drawn, hash.bytes, sizeof(drawn));
    return drawn;
}

/* --- life ------------------------------------------------------------------------------------- */

static bool check_params(const struct da_params *params, struct reason *why)
{
    if (!params->column_count || params->column_count > DA_COLUMNS_MAX)
        return reason_set(why, "%u columns of a blob, this node takes 1 to %u",
            params->column_count, DA_COLUMNS_MAX);
    if (!params->sample_count || params->sample_count > params->column_count)
        return reason_set(why, "%u columns to sample, of %u columns that a blob has",
            params->sample_count, params->column_count);
    if (params->publish_1000 > 1000)
        return reason_set(why, "a publish threshold above 1");
    return true;
}

struct da *da_new(const struct da_params *params, const struct da_host *host,
    const struct da_store *store, struct reason *why)
{
    struct da *da = memory_new(1, sizeof(*da));

    ed25519_from_seed(&params->identity, &da->identity);
    if (!check_params(params, why) ||
        !da_membership_init(
            &da->membership, params->genesis, &params->shape, &da->identity.public_key, why)) {
        free(da);
        return NULL;
    }
    da->params = *params;
    da->params.genesis = NULL;
    da->host = *host;
    da->store = *store;
    wire_init(&da->wire, params->revision);
    ed25519_zero_key(&da->blob_key);
    da_monitor_init(&da->monitor, &params->monitor, da->membership.member_count);
    da->contacts = memory_new(da->membership.member_count, sizeof(*da->contacts));
    da->entries_end = &da->oldest_entry;
    da->sampled_end = &da->oldest_sampled;
    return da;
}

void da_free(struct da *da)
{
    if (!da)
        return;
    da_disperse_done(da);
    da_sample_done(da);
    da_columns_done(da);
    da_links_done(da);
    da_monitor_done(&da->monitor);
    da_membership_done(&da->membership);
    free(da);
}

void da_tick(struct da *da, uint64_t now_ns)
{
    da->now_ns = now_ns;
    if (now_ns < da->wake_ns)
        return;
    da->wake_ns = UINT64_MAX;
    da_links_tick(da);
    da_disperse_tick(da);
    da_columns_tick(da);
    da_sample_tick(da);
    if (da->has_news) {
        da->has_news = false;
        da->host.sampled(da->host.self);
    }
}

uint64_t da_next_wake(const struct da *da)
{
    return da->wake_ns;
}

void da_forget(struct da_wait *wait)
{
    *wait = (struct da_wait){.self = NULL};
}

/* --- queries ---------------------------------------------------------------------------------- */

const struct da_membership *da_membership(const struct da *da)
{
    return &da->membership;
}

const struct da_monitor *da_monitor(const struct da *da)
{
    return &da->monitor;
}

uint64_t da_commitments_wait(const struct da *da)
{
    return da->params.commitments_wait_ns;
}

struct da_balance da_balance_of(const struct da *da, uint32_t subnet)
{
    const struct da_membership *membership = &da->membership;
    struct da_balance balance = {.inbound = 0};

    for (size_t i = 0; i < da->peer_count; i++) {
        const struct da_peer *peer = da->peers[i];

        if (!peer->is_proved || !da_is_in_subnet(membership, peer->member, subnet))
            continue;
        if (peer->dialled == DA_NOBODY)
            balance.inbound++;
        else
            balance.outbound++;
    }
    if (membership->replication == 1 && da_is_in_subnet(membership, membership->self, subnet))
        balance.outbound++;
    return balance;
}

bool da_is_connected(const struct da *da, uint32_t member)
{
    return da_find_peer(da, member) != NULL;
}

size_t da_kept_columns(struct da *da, const struct bytes32 *blob, uint32_t out[DA_COLUMNS_MAX])
{
    return da->store.columns(da->store.self, blob, out, DA_COLUMNS_MAX);
}

/* As it is in the store. */
static bool load_share(struct da *da, const struct da_place *place, struct da_share *out)
{
    size_t size = 0;
    uint8_t *bytes = da->store.get(da->store.self, place, &size);
    bool is_read = bytes && da_share_decode(bytes, size, out, NULL) == NOMOS_OK;

    free(bytes);
    return is_read;
}

bool da_kept_share(struct da *da, const struct da_place *place, struct da_share *out)
{
    if (!load_share(da, place, out))
        return false;
    if (da_misbehaves(da, MISBEHAVE_SERVE_CORRUPTED))
        out->column.elements[0] ^= 1;
    return true;
}

bool da_kept_header(struct da *da, const struct bytes32 *blob, struct da_header *out)
{
    struct da_place place = {.blob = *blob};
    struct da_share share;

    if (!da->store.columns(da->store.self, blob, &place.column, 1) ||
        !load_share(da, &place, &share))
        return false;
    *out = share.header;
    da_share_done(&share);
    return true;
}

bool da_header_of(struct da *da, const struct bytes32 *blob, struct da_header *out)
{
    const struct da_sampled *sampled = table_get(&da->sampled, blob->bytes);

    if (sampled)
        *out = sampled->header;
    return sampled || da_kept_header(da, blob, out);
}

struct da_counts da_counts(const struct da *da)
{
    struct da_counts counts = da->counts;

    for (size_t i = 0; i < da->peer_count; i++)
        counts.connections += da->peers[i]->is_proved;
    return counts;
}
