#include <stdlib.h>
#include <string.h>

#include "devnode/core/da_parts.h"
#include "devnode/core/memory.h"
#include "nomos/hex.h"

/* Data becomes a blob; each of its columns goes to every member of the column's subnetwork, with the
   transaction that publishes the blob. It is spread when each column was taken by somebody and
   nobody is left to wait for: the subnetwork passes it on to the rest. If some column was taken by
   nobody, those who did not are tried again, some times, within a limit (node contract 4.7). */

enum delivery_state {
    DELIVERY_OPEN = 0,
    DELIVERY_CONNECTING,
    DELIVERY_SENT,
    DELIVERY_TAKEN,
    DELIVERY_FAILED, /* refused, not reached or not answered */
};

/* One column for one member. */
struct delivery {
    uint32_t column;
    uint32_t member;
    enum delivery_state state;
    uint64_t at_ns;
};

struct da_spreading {
    struct da_wait wait; /* the first member: a struct da_wait * is handed out for it */
    struct da_spreading *next;
    struct da_blob blob;
    uint8_t *tx;
    size_t tx_size;
    uint64_t end_ns;
    uint64_t again_ns; /* when the next try begins; zero: one is going on */
    uint32_t tries;
    size_t delivery_count;
    struct delivery *deliveries;
};

/* --- the transaction -------------------------------------------------------------------------- */

/* Makes the transaction that publishes a blob; false and a reason when it cannot be proved. */
static bool make_tx(
    const struct da *da, const struct op *op, struct da_spreading *out, struct reason *why)
{
    struct op_proof op_proof = {.kind = OP_PROOF_ED25519};
    struct signed_tx tx = {
        .tx = {.ops = (struct op *)(uintptr_t)op, .op_count = 1}, .op_proofs = &op_proof};
    struct zk_statement statement = {.message = tx_hash(&da->wire, &tx.tx)};
    struct bytes32 message = tx_signing_bytes(&statement.message);
    struct nomos_error err;

    op_proof.ed25519 = ed25519_sign(&da->blob_key, message.bytes, sizeof(message.bytes));
    if (da->params.scheme->prove(&da->wire, &statement, NULL, &tx.ledger_proof, &err))
        return reason_set(why, "%s", err.text);
    out->tx_size = signed_tx_size(&tx, TX_FORM_STORE);
    out->tx = memory_new(out->tx_size, 1);
    signed_tx_encode(&tx, TX_FORM_STORE, out->tx);
    return true;
}

/* --- delivering ------------------------------------------------------------------------------- */

/* The bytes of a column's share, to be freed; with MISBEHAVE_CORRUPT_COLUMNS not the real ones. */
static uint8_t *share_bytes(
    const struct da *da, const struct da_spreading *spreading, uint32_t column, size_t *out_size)
{
    const struct da_share share = {
        .header = spreading->blob.header, .column = da_blob_column(&spreading->blob, column)};
    uint8_t *bytes;

    *out_size = da_share_size(&share);
    bytes = memory_new(*out_size, 1);
    da_share_encode(&share, bytes);
    if (da_misbehaves(da, MISBEHAVE_CORRUPT_COLUMNS))
        bytes[*out_size - 2] ^= 1; /* within the last element; its last byte is always zero */
    return bytes;
}

static void send_column(struct da *da, const struct da_spreading *spreading,
    struct delivery *delivery, struct da_peer *peer)
{
    struct da_message message = {
        .type = DA_DISPERSE, .as.parcel = {.tx = spreading->tx, .tx_size = spreading->tx_size}};
    uint8_t *bytes = share_bytes(da, spreading, delivery->column, &message.as.parcel.share_size);

    message.as.parcel.share = bytes;
    delivery->state = DELIVERY_SENT;
    delivery->at_ns = da->now_ns;
    if (!da_misbehaves(da, MISBEHAVE_IGNORE_PEERS))
        da_send(da, peer, &message);
    free(bytes);
}

static void take_own(struct da *da, const struct da_spreading *spreading, struct delivery *delivery)
{
    struct da_parcel parcel = {.tx = spreading->tx, .tx_size = spreading->tx_size};
    uint8_t *bytes = share_bytes(da, spreading, delivery->column, &parcel.share_size);
    struct reason why;
    struct da_place place;

    parcel.share = bytes;
    delivery->state = da_take_parcel(da, da->membership.self, &parcel, &place, &why) == PARCEL_TAKEN
        ? DELIVERY_TAKEN
        : DELIVERY_FAILED;
    free(bytes);
}

static void begin_delivery(
    struct da *da, const struct da_spreading *spreading, struct delivery *delivery)
{
    struct da_peer *peer;

    if (delivery->member == da->membership.self) {
        take_own(da, spreading, delivery);
        return;
    }
    peer = da_reach(da, delivery->member);
    if (peer) {
        send_column(da, spreading, delivery, peer);
    } else if (da->contacts[delivery->member].is_reaching) {
        delivery->state = DELIVERY_CONNECTING;
        delivery->at_ns = da->now_ns;
    } else {
        delivery->state = DELIVERY_FAILED;
    }
}

static void fail_delivery(struct da *da, struct delivery *delivery, const char *why)
{
    delivery->state = DELIVERY_FAILED;
    da_blame(da, delivery->member, DA_FAILED_DISPERSAL, why);
}

/* Brings a delivery on; whether it is still waiting. */
static bool go_on(struct da *da, const struct da_spreading *spreading, struct delivery *delivery)
{
    struct da_peer *peer;

    if (delivery->state == DELIVERY_OPEN)
        begin_delivery(da, spreading, delivery);
    if (delivery->state == DELIVERY_TAKEN || delivery->state == DELIVERY_FAILED)
        return false;
    peer = da_find_peer(da, delivery->member);
    if (delivery->state == DELIVERY_CONNECTING && peer)
        send_column(da, spreading, delivery, peer);
    if (delivery->state == DELIVERY_CONNECTING) {
        if (!da->contacts[delivery->member].is_reaching ||
            da->now_ns - delivery->at_ns >= DA_CONNECT_LIMIT_NS)
            fail_delivery(da, delivery, "it cannot be reached");
        else
            da_due(da, delivery->at_ns + DA_CONNECT_LIMIT_NS);
    } else if (!peer || peer->since_ns > delivery->at_ns) {
        fail_delivery(da, delivery, "the connection broke");
    } else if (da->now_ns - delivery->at_ns >= DA_ANSWER_LIMIT_NS) {
        fail_delivery(da, delivery, "no answer in time");
    } else {
        da_due(da, delivery->at_ns + DA_ANSWER_LIMIT_NS);
    }
    return delivery->state != DELIVERY_FAILED;
}

void da_took_answer(struct da *da, uint32_t member, const struct da_place *place, bool is_taken)
{
    for (struct da_spreading *spreading = da->spreadings; spreading; spreading = spreading->next) {
        if (!bytes32_equal(&spreading->blob.id, &place->blob))
            continue;
        for (size_t i = 0; i < spreading->delivery_count; i++) {
            struct delivery *delivery = &spreading->deliveries[i];

            if (delivery->state != DELIVERY_SENT || delivery->member != member ||
                delivery->column != place->column)
                continue;
            if (is_taken)
                delivery->state = DELIVERY_TAKEN;
            else
                fail_delivery(da, delivery, "it refused a column");
            da_due(da, da->now_ns);
        }
    }
}

/* --- spreading -------------------------------------------------------------------------------- */

static void plan(const struct da *da, struct da_spreading *spreading)
{
    const struct da_membership *membership = &da->membership;
    uint32_t columns = spreading->blob.header.columns;

    spreading->deliveries =
        memory_new((size_t)columns * membership->replication, sizeof(*spreading->deliveries));
    for (uint32_t column = 0; column < columns; column++) {
        uint32_t subnet = da_subnet_of_column(membership, column);

        for (uint32_t n = 0; n < membership->replication; n++)
            spreading->deliveries[spreading->delivery_count++] = (struct delivery){
                .column = column, .member = da_subnet_member(membership, subnet, n)};
    }
}

static void spreading_free(struct da_spreading *spreading)
{
    da_blob_done(&spreading->blob);
    free(spreading->tx);
    free(spreading->deliveries);
    free(spreading);
}

struct da_wait *da_disperse(
    struct da *da, const struct da_dispersing *dispersing, uint64_t now_ns, struct reason *why)
{
    const struct da_dispersal *dispersal = dispersing->dispersal;
    const struct da_source source = {.context = dispersal->context,
        .data = dispersal->data,
        .size = dispersal->size,
        .columns = da->params.column_count};
    struct op op = {.code = OP_CHANNEL_BLOB};
    struct da_spreading *spreading;
    struct nomos_error err;
    struct da_blob blob;

    da->now_ns = now_ns;
    if (da->spreading_count >= DA_DISPERSALS_MAX) {
        reason_format(why, "%u dispersals are under way", DA_DISPERSALS_MAX);
        return NULL;
    }
    if (da_encode(&source, &blob, &err)) {
        reason_format(why, "%s", err.text);
        return NULL;
    }
    spreading = memory_new(1, sizeof(*spreading));
    *spreading = (struct da_spreading){
        .wait = {.dispersed = dispersing->dispersed, .self = dispersing->self},
        .blob = blob,
        .end_ns = now_ns + da->params.dispersal_timeout_ns};
    op.blob = (struct op_blob){.channel = dispersal->context.channel,
        .blob = blob.id,
        .blob_size = dispersal->size,
        .parent = dispersal->context.parent,
        .signer = da->blob_key.public_key};
    if (!make_tx(da, &op, spreading, why)) {
        spreading_free(spreading);
        return NULL;
    }
    plan(da, spreading);
    spreading->next = da->spreadings;
    da->spreadings = spreading;
    da->spreading_count++;
    da_due(da, now_ns);
    return &spreading->wait;
}

/* Whether each column was taken by somebody. */
static bool is_spread(const struct da_spreading *spreading)
{
    bool is_taken[DA_COLUMNS_MAX] = {false};

    for (size_t i = 0; i < spreading->delivery_count; i++) {
        if (spreading->deliveries[i].state == DELIVERY_TAKEN)
            is_taken[spreading->deliveries[i].column] = true;
    }
    for (uint32_t column = 0; column < spreading->blob.header.columns; column++) {
        if (!is_taken[column])
            return false;
    }
    return true;
}

/* The deliveries that failed are open again. */
static void try_again(struct da *da, struct da_spreading *spreading)
{
    (void)da;
    spreading->again_ns = 0;
    spreading->tries++;
    for (size_t i = 0; i < spreading->delivery_count; i++) {
        if (spreading->deliveries[i].state == DELIVERY_FAILED)
            spreading->deliveries[i].state = DELIVERY_OPEN;
    }
}

/* Whether the dispersal is over; *out_why is NULL when it succeeded. */
static bool look_at(struct da *da, struct da_spreading *spreading, const char **out_why)
{
    bool is_waiting = false;

    *out_why = NULL;
    if (da_misbehaves(da, MISBEHAVE_DROP_SHARES))
        return true;
    if (spreading->again_ns && da->now_ns >= spreading->again_ns)
        try_again(da, spreading);
    for (size_t i = 0; i < spreading->delivery_count && !spreading->again_ns; i++)
        is_waiting = go_on(da, spreading, &spreading->deliveries[i]) || is_waiting;
    bool is_late = da->now_ns >= spreading->end_ns;
    /* Nobody who commits to columns that do not verify is bothered by refusals. */
    if (!is_waiting || is_late) {
        if (is_spread(spreading) || da_misbehaves(da, MISBEHAVE_CORRUPT_COLUMNS))
            return true;
    }
    *out_why = is_late ? "deadline has elapsed" : "Retry limit reached";
    if (is_late ||
        (!is_waiting && !spreading->again_ns && spreading->tries >= da->params.retry_limit))
        return true;
    if (!is_waiting && !spreading->again_ns)
        spreading->again_ns = da->now_ns + da->params.retry_cooldown_ns;
    if (spreading->again_ns)
        da_due(da, spreading->again_ns);
    da_due(da, spreading->end_ns);
    return false;
}

static void finish(struct da *da, struct da_spreading *spreading, const char *why)
{
    char text[HEX32_SIZE];

    hex_from_bytes32(&spreading->blob.id, text);
    if (why)
        da->counts.dispersals_failed++;
    else
        da->counts.blobs_dispersed++;
    da_log(da, why ? NODE_WARN : NODE_DEBUG, "dispersal of blob %s: %s", text, why ? why : "done");
    if (spreading->wait.dispersed)
        spreading->wait.dispersed(spreading->wait.self, why ? NULL : &spreading->blob.id, why);
    spreading_free(spreading);
    da->spreading_count--;
}

void da_disperse_tick(struct da *da)
{
    for (struct da_spreading **at = &da->spreadings; *at;) {
        struct da_spreading *spreading = *at;
        const char *why;

        if (look_at(da, spreading, &why)) {
            *at = spreading->next;
            finish(da, spreading, why);
        } else {
            at = &spreading->next;
        }
    }
}

void da_disperse_done(struct da *da)
{
    struct da_spreading *next;

    for (struct da_spreading *spreading = da->spreadings; spreading; spreading = next) {
        next = spreading->next;
        spreading_free(spreading);
    }
}
