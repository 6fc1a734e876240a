#include "nomos/genesis.h"

#include <assert.h>
#include <string.h>

#include "nomos/keys.h"
#include "nomos/memory.h"

static const char inscription[] = "genesis";
#define INSCRIPTION_SIZE (sizeof(inscription) - 1)

/* What a declaration follows from. */
struct declaration {
    const struct genesis_node *node;
    enum sdp_service service;
    size_t note_index; /* the output it locks */
};

size_t genesis_notes_per_node(const struct genesis_spec *spec)
{
    return spec->is_without_da ? GENESIS_NOTES_PER_NODE - 1 : GENESIS_NOTES_PER_NODE;
}

/* Declarations come service by service: data availability for every node, then blend. */
static struct declaration declaration_at(const struct genesis_spec *spec, size_t i)
{
    const size_t node = i % spec->node_count;
    const size_t notes = genesis_notes_per_node(spec);
    const bool is_da = !spec->is_without_da && i < spec->node_count;

    return (struct declaration){
        .node = &spec->nodes[node],
        .service = is_da ? SDP_DA : SDP_BLEND,
        .note_index = node * notes + (is_da ? 1 : notes - 1),
    };
}

static struct note node_note(
    const struct wire *wire, const struct bytes32 *seed, enum note_purpose purpose, uint64_t value)
{
    const struct fr secret_key = note_secret_key(purpose, seed);

    return (struct note){.value = value, .pk = zk_public_key(wire, &secret_key)};
}

static enum nomos_status fill_outputs(const struct wire *wire, const struct genesis_spec *spec,
    struct mantle_tx *tx, struct nomos_error *err)
{
    struct note *out = tx->outputs;
    uint64_t sum = 0;

    for (size_t i = 0; i < spec->node_count; i++) {
        const struct bytes32 *seed = &spec->nodes[i].seed;

        *out++ = node_note(wire, seed, NOTE_LEADER, GENESIS_LEADER_NOTE);
        if (!spec->is_without_da)
            *out++ = node_note(wire, seed, NOTE_DA, GENESIS_SERVICE_NOTE);
        *out++ = node_note(wire, seed, NOTE_BLEND, GENESIS_SERVICE_NOTE);
    }
    for (size_t i = 0; i < spec->account_count; i++) {
        if (spec->accounts[i].value == 0)
            return nomos_fail(err, NOMOS_E_DATA, "wallet account %zu is worth 0", i);
        *out++ = spec->accounts[i];
    }
    for (size_t i = 0; i < tx->output_count; i++)
        if (__builtin_add_overflow(sum, tx->outputs[i].value, &sum))
            return nomos_fail(err, NOMOS_E_DATA, "the genesis values exceed 64 bits in sum");
    return NOMOS_OK;
}

static enum nomos_status fill_inscription(struct op *op, struct nomos_error *err)
{
    uint8_t *data = nomos_alloc(INSCRIPTION_SIZE, 1);

    if (!data)
        return nomos_fail_memory(err);
    memcpy(data, inscription, INSCRIPTION_SIZE);
    op->code = OP_CHANNEL_INSCRIBE;
    op->inscribe = (struct op_inscribe){.data = data, .data_size = INSCRIPTION_SIZE};
    return NOMOS_OK;
}

static enum nomos_status fill_declaration(const struct wire *wire,
    const struct declaration *declaration, struct op *op, struct nomos_error *err)
{
    struct multiaddr *locator = nomos_alloc(1, sizeof(*locator));
    struct ed25519_key provider;

    if (!locator)
        return nomos_fail_memory(err);
    *locator = declaration->service == SDP_DA ? declaration->node->da_locator
                                              : declaration->node->blend_locator;
    ed25519_from_seed(&declaration->node->seed, &provider);
    const struct fr zk_secret_key = provider_secret_key(&provider.public_key);
    op->code = OP_SDP_DECLARE;
    op->declare = (struct op_declare){
        .service = declaration->service,
        .locators = locator,
        .locator_count = 1,
        .provider_id = provider.public_key,
        .zk_id = zk_public_key(wire, &zk_secret_key),
    };
    return NOMOS_OK;
}

static enum nomos_status fill_ops(const struct wire *wire, const struct genesis_spec *spec,
    struct mantle_tx *tx, struct nomos_error *err)
{
    const struct fr ledger_hash = tx_ledger_hash(wire, tx);
    enum nomos_status status = fill_inscription(&tx->ops[0], err);

    for (size_t i = 1; !status && i < tx->op_count; i++) {
        const struct declaration declaration = declaration_at(spec, i - 1);
        const size_t index = declaration.note_index;

        status = fill_declaration(wire, &declaration, &tx->ops[i], err);
        if (!status)
            tx->ops[i].declare.locked_note_id =
                note_id(wire, &ledger_hash, index, &tx->outputs[index]);
    }
    return status;
}

size_t genesis_declaration_count(const struct genesis_spec *spec)
{
    return spec->is_without_da ? spec->node_count : 2 * spec->node_count;
}

void genesis_agreement(
    const struct genesis_signing *signing, size_t index, struct genesis_agreement *out)
{
    const struct declaration declaration = declaration_at(signing->spec, index);
    const enum note_purpose purpose = declaration.service == SDP_DA ? NOTE_DA : NOTE_BLEND;
    const struct mantle_tx *tx = &signing->genesis->tx;
    const struct op_declare *op = &tx->ops[1 + index].declare;

    out->owners[0] = tx->outputs[declaration.note_index].pk;
    out->owners[1] = op->zk_id;
    out->secret_keys[0] = note_secret_key(purpose, &declaration.node->seed);
    out->secret_keys[1] = provider_secret_key(&op->provider_id);
    out->statement = (struct zk_statement){signing->hash, out->owners, GENESIS_DECLARATION_OWNERS};
}

void genesis_agree(
    const struct genesis_signing *signing, size_t index, const struct zk_proof *proof)
{
    const struct declaration declaration = declaration_at(signing->spec, index);
    const struct bytes32 message = tx_signing_bytes(&signing->hash);
    struct op_proof *out = &signing->genesis->op_proofs[1 + index];
    struct ed25519_key provider;

    ed25519_from_seed(&declaration.node->seed, &provider);
    out->kind = OP_PROOF_ZK_AND_ED25519;
    out->zk = *proof;
    out->ed25519 = ed25519_sign(&provider, message.bytes, sizeof(message.bytes));
}

static enum nomos_status sign(const struct wire *wire, const struct zk_scheme *scheme,
    const struct genesis_signing *signing, struct nomos_error *err)
{
    for (size_t i = 0; i < genesis_declaration_count(signing->spec); i++) {
        struct genesis_agreement agreement;
        struct zk_proof proof;
        enum nomos_status status;

        genesis_agreement(signing, i, &agreement);
        status = scheme->prove(wire, &agreement.statement, agreement.secret_keys, &proof, err);
        if (status)
            return status;
        genesis_agree(signing, i, &proof);
    }
    return NOMOS_OK;
}

/* All arrays of the transaction, zeroed. */
static enum nomos_status allocate(
    const struct genesis_spec *spec, struct signed_tx *out, struct nomos_error *err)
{
    const size_t op_count = 1 + genesis_declaration_count(spec);
    const size_t output_count =
        genesis_notes_per_node(spec) * spec->node_count + spec->account_count;

    if (output_count == 0)
        return nomos_fail(err, NOMOS_E_DATA, "a genesis needs a node or a wallet account");
    out->op_proofs = nomos_alloc(op_count, sizeof(*out->op_proofs));
    out->tx.ops = nomos_alloc(op_count, sizeof(*out->tx.ops));
    out->tx.op_count = out->tx.ops ? op_count : 0;
    out->tx.outputs = nomos_alloc(output_count, sizeof(*out->tx.outputs));
    out->tx.output_count = out->tx.outputs ? output_count : 0;
    if (!out->op_proofs || !out->tx.ops || !out->tx.outputs)
        return nomos_fail_memory(err);
    return NOMOS_OK;
}

enum nomos_status genesis_begin(const struct wire *wire, const struct genesis_spec *spec,
    struct signed_tx *out, struct nomos_error *err)
{
    struct signed_tx built = {0};
    enum nomos_status status = allocate(spec, &built, err);

    if (!status) {
        assert(built.tx.ops);
        assert(built.tx.outputs);
        status = fill_outputs(wire, spec, &built.tx, err);
    }
    if (!status)
        status = fill_ops(wire, spec, &built.tx, err);
    if (status)
        signed_tx_done(&built);
    else
        *out = built;
    return status;
}

enum nomos_status genesis_build(const struct wire *wire, const struct zk_scheme *scheme,
    const struct genesis_spec *spec, struct signed_tx *out, struct nomos_error *err)
{
    struct signed_tx built = {0};
    enum nomos_status status = genesis_begin(wire, spec, &built, err);

    if (!status) {
        const struct genesis_signing signing = {spec, &built, tx_hash(wire, &built.tx)};

        status = sign(wire, scheme, &signing, err);
    }
    if (status)
        signed_tx_done(&built);
    else
        *out = built;
    return status;
}

uint64_t genesis_total_stake(const struct signed_tx *genesis)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < genesis->tx.output_count; i++) {
        assert(genesis->tx.outputs[i].value <= UINT64_MAX - sum); /* built or verified */
        sum += genesis->tx.outputs[i].value;
    }
    return sum;
}
