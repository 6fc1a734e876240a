/* Messages of channels: made, sent by somebody, and settled by what the node answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "nomos/da_request.h"
#include "nomos/hash.h"
#include "nomos/json_tx.h"
#include "plugins/systems/nomos/da_state.h"
#include "plugins/systems/nomos/prover.h"

#define REPLY_MAX (64 * 1024) /* answers are ids, or a line of text */

struct nomos_da_message {
    struct da_state *da;
    struct op op;
    struct da_record record; /* what is known of it; id and blob of a blob from settle on */
    uint8_t *data;           /* of an inscription, which the operation points to */
    struct text body;
    char channel[HEX32_SIZE], parent[HEX32_SIZE], id[HEX32_SIZE], blob[HEX32_SIZE];
    assay_request request;
    nomos_da_info info;
};

/* ---- making ---- */

static assay_status read_place(
    const assay_host *user, const nomos_da_place *place, struct da_record *out)
{
    const char *parent = place->parent ? place->parent : "";

    if (!place->channel || !hex_to_bytes32(place->channel, &out->channel))
        return user->fail(user, ASSAY_E_INVALID, "a channel is named by 64 hexadecimal digits");
    if (parent[0] != '\0' && !hex_to_bytes32(parent, &out->parent))
        return user->fail(
            user, ASSAY_E_INVALID, "a parent is a message's id, 64 hexadecimal digits, or nothing");
    return ASSAY_OK;
}

void da_release(nomos_da_message *message)
{
    if (!message)
        return;
    text_done(&message->body);
    free(message->data);
    free(message);
}

/* NULL: *status says why, and the user knows. */
static nomos_da_message *new_message(
    struct da_state *da, const assay_host *user, const nomos_da_place *place, assay_status *status)
{
    nomos_da_message *message = calloc(1, sizeof(*message));

    if (!message) {
        *status = user->fail(user, ASSAY_E_NOMEM, "no memory for a message");
        return NULL;
    }
    message->da = da;
    *status = read_place(user, place, &message->record);
    if (*status) {
        da_release(message);
        return NULL;
    }
    return message;
}

/* The channel's signature and the proof that nobody's notes are spent. */
static assay_status sign_inscription(nomos_da_message *message, assay_task *task)
{
    struct nomos *system = message->da->system;
    struct op_proof proof = {.kind = OP_PROOF_ED25519};
    struct signed_tx tx = {.tx = {.ops = &message->op, .op_count = 1}, .op_proofs = &proof};
    const struct zk_statement statement = {.message = tx_hash(&system->wire, &tx.tx)};
    const struct bytes32 signing_bytes = tx_signing_bytes(&statement.message);
    const struct proof_wish wish = {"an inscription", &statement, NULL};
    assay_status s;

    proof.ed25519 =
        ed25519_sign(&message->da->signer, signing_bytes.bytes, sizeof(signing_bytes.bytes));
    s = prover_prove(system, task, &wish, &tx.ledger_proof);
    if (!s)
        json_tx_write(&message->body, &tx);
    return s;
}

static void fill_info(nomos_da_message *message, const char *kind, const char *path)
{
    const struct da_record *record = &message->record;

    hex_from_bytes32(&record->channel, message->channel);
    if (!bytes32_is_zero(&record->parent))
        hex_from_bytes32(&record->parent, message->parent);
    message->request = (assay_request){.struct_size = sizeof(assay_request),
        .port = PORT_API,
        .method = "POST",
        .path = path,
        .content_type = "application/json",
        .body = {.data = message->body.bytes, .size = message->body.size},
        .reply_max = REPLY_MAX};
    message->info = (nomos_da_info){.struct_size = sizeof(nomos_da_info),
        .kind = kind,
        .channel = message->channel,
        .parent = message->parent,
        .id = message->id,
        .blob = message->blob,
        .size = record->size,
        .request = &message->request};
}

/* Hands the message out when its body was written. */
static assay_status hand_out(
    nomos_da_message *message, const assay_host *user, assay_status s, nomos_da_message **out)
{
    if (!s && !text_ok(&message->body))
        s = user->fail(user, ASSAY_E_NOMEM, "no memory for a message");
    if (s) {
        da_release(message);
        return s;
    }
    *out = message;
    return ASSAY_OK;
}

assay_status da_inscribe(void *provider, assay_task *task, const assay_host *user,
    const nomos_da_place *place, assay_bytes data, nomos_da_message **out)
{
    struct da_state *da = provider;
    nomos_da_message *message;
    assay_status s;

    if (data.size == 0 || data.size > NOMOS_DA_INSCRIPTION_MAX)
        return assay_fail_f(user, ASSAY_E_INVALID, "an inscription has 1 to %u bytes, not %zu",
            NOMOS_DA_INSCRIPTION_MAX, data.size);
    message = new_message(da, user, place, &s);
    if (!message)
        return s;
    message->data = malloc(data.size);
    if (!message->data)
        return hand_out(
            message, user, user->fail(user, ASSAY_E_NOMEM, "no memory for a message"), out);
    memcpy(message->data, data.data, data.size);
    message->op = (struct op){.code = OP_CHANNEL_INSCRIBE,
        .inscribe = {.channel = message->record.channel,
            .data = message->data,
            .data_size = data.size,
            .parent = message->record.parent,
            .signer = da->signer.public_key}};
    message->record.id = op_message_id(&message->op);
    message->record.size = data.size;
    message->record.checksum = hash_of(data.data, data.size);
    hex_from_bytes32(&message->record.id, message->id);
    s = sign_inscription(message, task);
    fill_info(message, NOMOS_DA_INSCRIPTION, "/mempool/add/tx");
    return hand_out(message, user, s, out);
}

assay_status da_make_blob(void *provider, const assay_host *user, const nomos_da_place *place,
    assay_bytes data, nomos_da_message **out)
{
    struct da_state *da = provider;
    struct nomos_error err = {""};
    nomos_da_message *message;
    struct da_dispersal dispersal;
    assay_status s;

    if (da_check_data_size(data.size, &err) != NOMOS_OK)
        return user->fail(user, ASSAY_E_INVALID, err.text);
    message = new_message(da, user, place, &s);
    if (!message)
        return s;
    message->record.size = data.size;
    message->record.checksum = hash_of(data.data, data.size);
    message->record.is_blob = true;
    dispersal = (struct da_dispersal){
        .context = {.channel = message->record.channel, .parent = message->record.parent},
        .signer = da->signer.public_key,
        .data = (uint8_t *)(uintptr_t)data.data, /* written, not changed */
        .size = data.size};
    da_dispersal_write_json(&message->body, &dispersal);
    fill_info(message, NOMOS_DA_BLOB, "/disperse-data");
    return hand_out(message, user, ASSAY_OK, out);
}

const nomos_da_info *da_message_info(const nomos_da_message *message)
{
    return &message->info;
}

/* ---- settling ---- */

/* The executor makes the operation; what it will be follows from what it was asked for (4.7). */
static void learn_blob(nomos_da_message *message, const struct bytes32 *blob)
{
    struct da_record *record = &message->record;

    message->op = (struct op){.code = OP_CHANNEL_BLOB,
        .blob = {.channel = record->channel,
            .blob = *blob,
            .blob_size = record->size,
            .parent = record->parent,
            .signer = message->da->signer.public_key}};
    record->blob = *blob;
    record->id = op_message_id(&message->op);
    hex_from_bytes32(&record->id, message->id);
    hex_from_bytes32(&record->blob, message->blob);
}

uint32_t da_settle(void *provider, nomos_da_message *message, const assay_reply_info *reply)
{
    struct da_state *da = provider;
    const uint32_t outcome = nomos_judge_answer(reply);
    struct bytes32 blob;

    if (outcome != ASSAY_SUBMIT_ACCEPTED)
        return outcome;
    if (message->record.is_blob) {
        if (da_blob_id_parse_json(reply->body.data, reply->body.size, &blob, NULL) != NOMOS_OK)
            return ASSAY_SUBMIT_FAILED; /* it said yes, but not to what */
        learn_blob(message, &blob);
    }
    message->record.is_ours = true;
    da_records_add(&da->records, &message->record);
    return outcome;
}
