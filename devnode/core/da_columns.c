#include <stdlib.h>
#include <string.h>

#include "devnode/core/da_parts.h"
#include "devnode/core/memory.h"
#include "devnode/core/transaction.h"
#include "nomos/hex.h"

/* Columns come with the transaction that publishes their blob, from an executor (DISPERSE) or from
   another member of the subnetwork (REPLICA). When a member has all of its columns of a blob, or
   enough of them after a while, the transaction goes into the mempool (node contract 4.7). */

bool da_keeps(struct da *da, const struct da_place *place)
{
    uint32_t columns[DA_COLUMNS_MAX];
    size_t count = da->store.columns(da->store.self, &place->blob, columns, DA_COLUMNS_MAX);

    for (size_t i = 0; i < count; i++) {
        if (columns[i] == place->column)
            return true;
    }
    return false;
}

void da_keep(struct da *da, const struct da_place *place, const struct da_parcel *parcel)
{
    da->store.put(da->store.self, place, parcel->share, parcel->share_size);
    da->counts.columns_taken++;
}

/* --- the transaction -------------------------------------------------------------------------- */

/* Whether the operation publishes just this blob: the message it is made for, and its size. */
static bool publishes(const struct op *op, const struct da_share *share, const struct bytes32 *blob)
{
    const struct da_context context = {.channel = op->blob.channel, .parent = op->blob.parent};

    return op->code == OP_CHANNEL_BLOB && bytes32_equal(&op->blob.blob, blob) &&
        !op->blob.session && op->blob.blob_size == share->header.data_size &&
        da_column_is_of(&share->column, &context);
}

static bool is_tx_of(const struct da *da, const struct da_parcel *parcel,
    const struct da_share *share, const struct bytes32 *blob, struct reason *why)
{
    struct transaction *tx = transaction_decode(&da->wire, parcel->tx, parcel->tx_size, why);
    bool is_found = false;

    if (!tx)
        return reason_wrap(why, "the transaction with a column");
    for (size_t i = 0; i < tx->signed_tx.tx.op_count && !is_found; i++)
        is_found = publishes(&tx->signed_tx.tx.ops[i], share, blob);
    transaction_unref(tx);
    return is_found || reason_set(why, "a transaction that does not publish the column's blob");
}

/* --- blobs whose columns arrive --------------------------------------------------------------- */

static void forget_oldest(struct da *da)
{
    struct da_entry *entry = da->oldest_entry;

    da->oldest_entry = entry->next;
    if (!da->oldest_entry)
        da->entries_end = &da->oldest_entry;
    if (da->first_unsettled == entry)
        da->first_unsettled = entry->next;
    table_remove(&da->entries, entry->blob.bytes);
    free(entry->tx);
    free(entry);
}

static struct da_entry *entry_new(struct da *da, const struct da_share *share,
    const struct bytes32 *blob, const struct da_parcel *parcel)
{
    uint32_t needed = da_own_column_count(&da->membership, share->header.columns);
    struct da_entry *entry = memory_new(1, sizeof(*entry) + needed * sizeof(*entry->arrivals));

    entry->blob = *blob;
    entry->header = share->header;
    entry->tx = memory_copy(parcel->tx, parcel->tx_size);
    entry->tx_size = parcel->tx_size;
    entry->since_ns = da->now_ns;
    entry->needed = needed;
    if (da->entries.used >= DA_ENTRIES_MAX)
        forget_oldest(da);
    *da->entries_end = entry;
    da->entries_end = &entry->next;
    if (!da->first_unsettled)
        da->first_unsettled = entry;
    table_put(&da->entries, blob->bytes, entry);
    da_due(da, da->now_ns + da->params.share_duration_ns);
    da_due(da, da->now_ns + da->params.prune_ns);
    return entry;
}

static void publish(struct da *da, struct da_entry *entry)
{
    char text[HEX32_SIZE];

    entry->is_published = true;
    da->counts.blobs_published++;
    hex_from_bytes32(&entry->blob, text);
    da_log(da, NODE_DEBUG, "publishing blob %s: %u of our %u columns are here", text,
        entry->arrived, entry->needed);
    da->host.publish(da->host.self, entry->tx, entry->tx_size);
}

static bool has_arrived(const struct da_entry *entry, uint32_t column)
{
    for (uint32_t i = 0; i < entry->arrived; i++) {
        if (entry->arrivals[i].column == column)
            return true;
    }
    return false;
}

static void note_arrival(struct da *da, struct da_entry *entry, uint32_t column, uint32_t from)
{
    if (has_arrived(entry, column) || entry->arrived == entry->needed)
        return;
    entry->arrivals[entry->arrived++] = (struct da_arrival){
        .column = column, .from = from, .offer_at_ns = da->now_ns + DA_OFFER_DELAY_NS};
    da_due(da, da->now_ns + DA_OFFER_DELAY_NS);
    if (entry->is_settled) {
        entry->is_settled = false;
        da->first_unsettled = da->oldest_entry;
    }
    if (entry->arrived == entry->needed && !entry->is_published)
        publish(da, entry);
}

/* Columns of this blob that were here before, from before a restart, or fetched. */
static void note_kept(struct da *da, struct da_entry *entry)
{
    uint32_t columns[DA_COLUMNS_MAX];
    size_t count = da->store.columns(da->store.self, &entry->blob, columns, DA_COLUMNS_MAX);

    for (size_t i = 0; i < count; i++) {
        if (da_is_own_column(&da->membership, columns[i]))
            note_arrival(da, entry, columns[i], DA_NOBODY);
    }
}

/* What a well-formed share of a member is worth. */
static enum da_taking judge(struct da *da, const struct da_parcel *parcel,
    const struct da_share *share, const struct da_place *place, struct reason *why)
{
    bool is_known = table_get(&da->entries, place->blob.bytes) != NULL;
    struct nomos_error err;

    if (da_misbehaves(da, MISBEHAVE_REFUSE_COLUMNS)) {
        reason_format(why, "this node refuses every column (refuse-columns)");
        return PARCEL_REFUSED;
    }
    if (!da_is_own_column(&da->membership, place->column)) {
        reason_format(why, "column %u is not of our subnetworks", place->column);
        return PARCEL_REFUSED;
    }
    if (da_column_check(&share->header, &share->column, &err)) {
        reason_format(why, "it sent a column that is not the blob's: %s", err.text);
        return PARCEL_IS_OFFENCE;
    }
    if (!is_known && da->entries.used >= DA_ENTRIES_MAX && !da->oldest_entry->is_published) {
        reason_format(why, "columns of %u blobs are on their way", DA_ENTRIES_MAX);
        return PARCEL_REFUSED;
    }
    /* The transaction of a blob that is known was checked with the first of its columns. */
    if (!is_known && !is_tx_of(da, parcel, share, &place->blob, why)) {
        reason_prefix(why, "it sent");
        return PARCEL_IS_OFFENCE;
    }
    return PARCEL_TAKEN;
}

enum da_taking da_take_parcel(struct da *da, uint32_t from, const struct da_parcel *parcel,
    struct da_place *out_place, struct reason *why)
{
    struct nomos_error err;
    struct da_share share;
    enum da_taking taking;

    *out_place = (struct da_place){.column = 0};
    if (da_share_decode(parcel->share, parcel->share_size, &share, &err)) {
        reason_format(why, "it sent a malformed share: %s", err.text);
        return PARCEL_IS_OFFENCE;
    }
    *out_place = (struct da_place){.blob = da_blob_id(&share.header), .column = share.column.index};
    taking = judge(da, parcel, &share, out_place, why);
    if (taking == PARCEL_TAKEN) {
        struct da_entry *entry = table_get(&da->entries, out_place->blob.bytes);
        bool is_again = entry && entry->is_published && has_arrived(entry, out_place->column);

        if (!entry) {
            entry = entry_new(da, &share, &out_place->blob, parcel);
            note_kept(da, entry);
        }
        if (!da_keeps(da, out_place))
            da_keep(da, out_place, parcel);
        note_arrival(da, entry, out_place->column, from);
        /* Somebody disperses it once more, most likely because the mempool lost it: it drops what
           cannot be applied yet. The node passes over what it still has. */
        if (is_again)
            da->host.publish(da->host.self, entry->tx, entry->tx_size);
    }
    da_share_done(&share);
    return taking;
}

bool da_add_share(struct da *da, const struct da_share *share, struct reason *why)
{
    const struct da_place place = {
        .blob = da_blob_id(&share->header), .column = share->column.index};
    struct nomos_error err;
    size_t size = da_share_size(share);
    uint8_t *bytes;

    if (da_column_check(&share->header, &share->column, &err))
        return reason_set(why, "%s", err.text);
    bytes = memory_new(size, 1);
    da_share_encode(share, bytes);
    if (!da_keeps(da, &place))
        da_keep(da, &place, &(struct da_parcel){.share = bytes, .share_size = size});
    free(bytes);
    return true;
}

/* --- within the subnetwork -------------------------------------------------------------------- */

static struct da_wish *find_wish(struct da *da, const struct da_place *place)
{
    for (size_t i = 0; i < da->wish_count; i++) {
        if (da->wishes[i].place.column == place->column &&
            bytes32_equal(&da->wishes[i].place.blob, &place->blob))
            return &da->wishes[i];
    }
    return NULL;
}

void da_took_offer(struct da *da, struct da_peer *peer, const struct da_place *place)
{
    if (!da_is_own_column(&da->membership, place->column) || find_wish(da, place) ||
        da->wish_count == DA_WISHES_MAX || da_misbehaves(da, MISBEHAVE_REFUSE_COLUMNS) ||
        da_keeps(da, place))
        return;
    if (da->wish_count == da->wish_room) {
        da->wish_room = da->wish_room ? da->wish_room * 2 : 8;
        da->wishes = memory_resize(da->wishes, da->wish_room, sizeof(*da->wishes));
    }
    da->wishes[da->wish_count++] =
        (struct da_wish){.place = *place, .member = peer->member, .at_ns = da->now_ns};
    da_due(da, da->now_ns + DA_ANSWER_LIMIT_NS);
    da_send_place(da, peer, DA_WANT, place);
}

void da_wish_ended(struct da *da, uint32_t member, const struct da_place *place, bool has_come)
{
    struct da_wish *wish = find_wish(da, place);

    if (!wish || wish->member != member)
        return;
    *wish = da->wishes[--da->wish_count];
    if (!has_come)
        da_blame(da, member, DA_FAILED_REPLICATION, "it did not send the column that it offered");
}

void da_took_want(struct da *da, struct da_peer *peer, const struct da_place *place)
{
    const struct da_entry *entry = table_get(&da->entries, place->blob.bytes);
    size_t size = 0;
    uint8_t *share = entry ? da->store.get(da->store.self, place, &size) : NULL;

    if (!share) {
        da_send_place(da, peer, DA_LACKS, place);
        return;
    }
    da_send(da, peer,
        &(struct da_message){.type = DA_REPLICA,
            .as.parcel = {
                .tx = entry->tx, .tx_size = entry->tx_size, .share = share, .share_size = size}});
    free(share);
}

/* Offers a column to all others of its subnetwork that are connected. */
static void offer(struct da *da, const struct da_entry *entry, const struct da_arrival *arrival)
{
    const struct da_place place = {.blob = entry->blob, .column = arrival->column};
    uint32_t subnet = da_subnet_of_column(&da->membership, arrival->column);

    for (uint32_t n = 0; n < da->membership.replication; n++) {
        uint32_t member = da_subnet_member(&da->membership, subnet, n);
        struct da_peer *peer = member == arrival->from ? NULL : da_find_peer(da, member);

        if (peer)
            da_send_place(da, peer, DA_OFFER, &place);
    }
}

/* --- time ------------------------------------------------------------------------------------- */

static bool has_enough(const struct da *da, const struct da_entry *entry)
{
    return (uint64_t)entry->arrived * 1000 >= (uint64_t)entry->needed * da->params.publish_1000;
}

static void check_entry(struct da *da, struct da_entry *entry)
{
    uint64_t content_ns = entry->since_ns + da->params.share_duration_ns;
    bool has_offers = false;

    if (!entry->is_published && da->now_ns >= content_ns && has_enough(da, entry))
        publish(da, entry);
    if (!entry->is_published && da->now_ns < content_ns)
        da_due(da, content_ns);
    for (uint32_t i = 0; i < entry->arrived; i++) {
        struct da_arrival *arrival = &entry->arrivals[i];

        if (arrival->offer_at_ns && da->now_ns >= arrival->offer_at_ns) {
            arrival->offer_at_ns = 0;
            if (!da_misbehaves(da, MISBEHAVE_IGNORE_PEERS))
                offer(da, entry, arrival);
        } else if (arrival->offer_at_ns) {
            da_due(da, arrival->offer_at_ns);
            has_offers = true;
        }
    }
    entry->is_settled = entry->is_published && !has_offers;
}

void da_columns_tick(struct da *da)
{
    while (da->oldest_entry && da->now_ns - da->oldest_entry->since_ns >= da->params.prune_ns)
        forget_oldest(da);
    if (da->oldest_entry)
        da_due(da, da->oldest_entry->since_ns + da->params.prune_ns);
    while (da->first_unsettled && da->first_unsettled->is_settled)
        da->first_unsettled = da->first_unsettled->next;
    for (struct da_entry *entry = da->first_unsettled; entry; entry = entry->next) {
        if (!entry->is_settled)
            check_entry(da, entry);
    }
    for (size_t i = da->wish_count; i-- > 0;) {
        struct da_wish wish = da->wishes[i];

        if (da->now_ns - wish.at_ns >= DA_ANSWER_LIMIT_NS)
            da_wish_ended(da, wish.member, &wish.place, false);
        else
            da_due(da, wish.at_ns + DA_ANSWER_LIMIT_NS);
    }
}

void da_columns_done(struct da *da)
{
    while (da->oldest_entry)
        forget_oldest(da);
    table_done(&da->entries);
    free(da->wishes);
}
