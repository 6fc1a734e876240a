/* The ledger's rules: notes, proofs, channels, service declarations, epochs. */
#include "support/devnode_world.h"

#include "devnode/core/ops.h"

struct ledger_fixture {
    struct world world;
    struct ledger *ledger; /* begun on genesis, slot 1 */
    struct ledger_rules *rules;
};

static int set_up(void **state)
{
    struct ledger_fixture *fixture = calloc(1, sizeof(*fixture));
    struct world_params params = world_usual;

    params.node_count = 1;
    world_init(&fixture->world, &params);
    struct node *node = world_node(&fixture->world, 0);
    fixture->rules = &node->rules;
    fixture->ledger = ledger_begin(node->chain.tip->ledger, &node->rules, 1, NULL);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct ledger_fixture *fixture = *state;

    ledger_unref(fixture->ledger);
    world_done(&fixture->world);
    free(fixture);
    return 0;
}

/* Applies what `tx` says, which is taken over; the reason goes to `why`. */
static bool apply(struct ledger_fixture *fixture, struct signed_tx *tx, struct reason *why)
{
    struct transaction *transaction = transaction_new(&fixture->world.wire, tx, why);
    bool is_applied;

    if (!transaction)
        return false;
    is_applied = ledger_apply(fixture->ledger, fixture->rules, transaction, why);
    transaction_unref(transaction);
    return is_applied;
}

static void assert_refused(
    struct ledger_fixture *fixture, struct signed_tx *tx, const char *reason_part)
{
    struct reason why = {.text = ""};
    struct fr before = utxo_root(&fixture->ledger->utxo);

    assert_false(apply(fixture, tx, &why));
    if (!strstr(why.text, reason_part))
        fail_msg("reason is \"%s\", expected \"%s\"", why.text, reason_part);
    struct fr after = utxo_root(&fixture->ledger->utxo);
    assert_true(fr_equal(&before, &after));
}

static void assert_applied(struct ledger_fixture *fixture, struct signed_tx *tx)
{
    struct reason why = {.text = ""};

    if (!apply(fixture, tx, &why))
        fail_msg("refused: %s", why.text);
}

static void a_transfer_moves_value_and_gives_change(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 30);
    struct fr sender = world_account_pk(&fixture->world, 0);
    struct fr receiver = world_account_pk(&fixture->world, 1);

    assert_applied(fixture, &tx);

    assert_int_equal(ledger_balance_of(fixture->ledger, &sender).value, 70);
    assert_int_equal(ledger_balance_of(fixture->ledger, &receiver).value, 130);
    assert_int_equal(ledger_balance_of(fixture->ledger, &receiver).note_count, 2);
}

static void a_note_is_spent_once(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx first = world_spend(&fixture->world, 0, 1, 30);
    struct signed_tx second = world_spend(&fixture->world, 0, 1, 31);

    assert_applied(fixture, &first);
    assert_refused(fixture, &second, "is spent or never existed");
}

static void a_note_that_never_existed_cannot_be_spent(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct fr unknown = fr_from_u64(12345);
    struct signed_tx tx = world_transfer(&fixture->world, &unknown, 0, 1, 100);

    assert_refused(fixture, &tx, "is spent or never existed");
}

static void an_input_may_not_appear_twice(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);
    const size_t owners[] = {0, 0};

    tx.tx.inputs = realloc(tx.tx.inputs, 2 * sizeof(struct fr));
    tx.tx.inputs[1] = tx.tx.inputs[0];
    tx.tx.input_count = 2;
    tx.tx.outputs[0].value = 200;
    world_sign(&fixture->world, &tx, owners, 2);

    assert_refused(fixture, &tx, "spent twice in one transaction");
}

static void several_owners_sign_together(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 5, 100);
    const size_t owners[] = {0, 1};

    tx.tx.inputs = realloc(tx.tx.inputs, 2 * sizeof(struct fr));
    tx.tx.inputs[1] = world_note(&fixture->world, 1);
    tx.tx.input_count = 2;
    tx.tx.outputs[0].value = 200;
    world_sign(&fixture->world, &tx, owners, 2);

    assert_applied(fixture, &tx);
}

static void value_is_neither_made_nor_lost(void **state)
{
    struct ledger_fixture *fixture = *state;
    const uint64_t values[] = {101, 99, UINT64_MAX};

    for (size_t i = 0; i < 3; i++) {
        const size_t owner = 0;
        struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);

        tx.tx.outputs[0].value = values[i];
        world_sign(&fixture->world, &tx, &owner, 1);
        assert_refused(fixture, &tx, "unbalanced");
    }
}

static void values_that_wrap_around_are_not_balanced(void **state)
{
    struct ledger_fixture *fixture = *state;
    const size_t owner = 0;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 50);

    /* Modulo 2^64 the outputs are worth 100. */
    tx.tx.outputs[0].value = UINT64_MAX;
    tx.tx.outputs[1].value = 101;
    world_sign(&fixture->world, &tx, &owner, 1);

    assert_refused(fixture, &tx, "unbalanced");
}

static void an_output_of_zero_is_refused(void **state)
{
    struct ledger_fixture *fixture = *state;
    const size_t owner = 0;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 50);

    tx.tx.outputs[0].value = 0;
    tx.tx.outputs[1].value = 100;
    world_sign(&fixture->world, &tx, &owner, 1);

    assert_refused(fixture, &tx, "value of zero");
}

static void gas_is_paid_exactly(void **state)
{
    struct ledger_fixture *fixture = *state;
    const size_t owner = 0;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);

    tx.tx.execution_gas_price = 1; /* 2705 for a transfer, more than the note is worth */
    world_sign(&fixture->world, &tx, &owner, 1);

    assert_refused(fixture, &tx, "gas cost of 2705");
}

static void a_gas_price_that_overflows_is_refused(void **state)
{
    struct ledger_fixture *fixture = *state;
    const size_t owner = 0;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);

    tx.tx.execution_gas_price = UINT64_MAX;
    world_sign(&fixture->world, &tx, &owner, 1);

    assert_refused(fixture, &tx, "gas cost does not fit");
}

static void only_the_owner_may_spend(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct fr note = world_note(&fixture->world, 0);
    struct signed_tx tx = world_transfer(&fixture->world, &note, 7, 7, 100);

    assert_refused(fixture, &tx, "proof");
}

static void a_changed_transaction_needs_a_new_proof(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);

    tx.tx.outputs[0].pk = world_account_pk(&fixture->world, 9);

    assert_refused(fixture, &tx, "proof");
}

static void a_transaction_without_inputs_needs_a_proof_too(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx bad = world_inscription(&fixture->world, 9, &root, 1, "x");
    struct signed_tx good = world_inscription(&fixture->world, 9, &root, 1, "x");

    bad.ledger_proof.bytes[127] ^= 1;

    assert_refused(fixture, &bad, "proof");
    assert_applied(fixture, &good);
}

static void a_verdict_found_early_is_the_same(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx bad = world_spend(&fixture->world, 0, 1, 100);

    bad.ledger_proof.bytes[0] ^= 1;
    struct transaction *tx = transaction_new(&fixture->world.wire, &bad, NULL);
    ledger_prove_early(fixture->ledger, fixture->rules, tx);

    assert_int_equal(tx->proof, VERDICT_BAD);
    assert_false(ledger_apply(fixture->ledger, fixture->rules, tx, NULL));
    transaction_unref(tx);
}

/* --- channels --------------------------------------------------------------------------------- */

static struct bytes32 message_id(const struct signed_tx *tx)
{
    return op_message_id(&tx->tx.ops[0]);
}

static void a_channel_begins_at_its_root_and_follows_its_tip(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    const struct bytes32 channel = {{9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
        9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9}};
    struct signed_tx first = world_inscription(&fixture->world, 9, &root, 1, "first");
    struct bytes32 one = message_id(&first);
    struct signed_tx second = world_inscription(&fixture->world, 9, &one, 1, "second");
    struct bytes32 two = message_id(&second);
    struct signed_tx stale = world_inscription(&fixture->world, 9, &one, 1, "stale");
    struct bytes32 tip;

    assert_false(ledger_channel_tip(fixture->ledger, &channel, &tip));
    assert_applied(fixture, &first);
    assert_applied(fixture, &second);
    assert_true(ledger_channel_tip(fixture->ledger, &channel, &tip));
    assert_memory_equal(tip.bytes, two.bytes, 32);
    assert_refused(fixture, &stale, "does not follow the channel's tip");
}

static void a_new_channel_has_no_parent(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 parent = {{1}};
    struct signed_tx tx = world_inscription(&fixture->world, 9, &parent, 1, "x");

    assert_refused(fixture, &tx, "must have a parent of zeros");
}

static void only_a_channels_keys_may_write_in_it(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx first = world_inscription(&fixture->world, 9, &root, 1, "first");
    struct bytes32 tip = message_id(&first);
    struct signed_tx stranger = world_inscription(&fixture->world, 9, &tip, 2, "stranger");

    assert_applied(fixture, &first);
    assert_refused(fixture, &stranger, "is no key of channel");
}

static void a_message_without_signature_passes_reading_but_not_the_ledger(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx tx = world_inscription(&fixture->world, 9, &root, 1, "x");

    tx.op_proofs[0] = (struct op_proof){.kind = OP_PROOF_NONE};

    assert_refused(fixture, &tx, "is not signed");
}

static void a_message_with_a_wrong_signature_is_not_even_read(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx tx = world_inscription(&fixture->world, 9, &root, 1, "x");
    struct reason why = {.text = ""};

    tx.op_proofs[0].ed25519.bytes[5] ^= 1;

    assert_null(transaction_new(&fixture->world.wire, &tx, &why));
    assert_string_not_equal(why.text, "");
}

static void the_genesis_channel_takes_no_messages(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx tx = world_inscription(&fixture->world, 0, &root, 1, "x");

    assert_refused(fixture, &tx, "does not follow the channel's tip");
}

/* A transaction with one operation that sets keys, signed by the key of `signer`. */
static struct signed_tx set_keys(
    const struct world *world, uint8_t channel, uint8_t new_key, size_t key_count, uint8_t signer)
{
    struct signed_tx tx = {.tx = {.op_count = 1}};
    struct bytes32 seed;
    struct ed25519_key key;

    memset(seed.bytes, new_key, 32);
    ed25519_from_seed(&seed, &key);
    tx.tx.ops = calloc(1, sizeof(struct op));
    tx.op_proofs = calloc(1, sizeof(struct op_proof));
    tx.tx.ops[0].code = OP_CHANNEL_SET_KEYS;
    memset(tx.tx.ops[0].set_keys.channel.bytes, channel, 32);
    tx.tx.ops[0].set_keys.keys = calloc(key_count + 1, sizeof(struct bytes32));
    tx.tx.ops[0].set_keys.key_count = key_count;
    for (size_t i = 0; i < key_count; i++)
        tx.tx.ops[0].set_keys.keys[i] = key.public_key;
    memset(seed.bytes, signer, 32);
    ed25519_from_seed(&seed, &key);
    struct fr hash = tx_hash(&world->wire, &tx.tx);
    struct bytes32 message = tx_signing_bytes(&hash);
    tx.op_proofs[0].kind = OP_PROOF_ED25519;
    tx.op_proofs[0].ed25519 = ed25519_sign(&key, message.bytes, 32);
    world_sign(world, &tx, NULL, 0);
    return tx;
}

static void new_keys_of_a_channel_are_signed_by_its_first_key(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx first = world_inscription(&fixture->world, 9, &root, 1, "first");
    struct bytes32 tip = message_id(&first);
    struct signed_tx stolen = set_keys(&fixture->world, 9, 2, 1, 2);
    struct signed_tx given = set_keys(&fixture->world, 9, 2, 1, 1);
    struct signed_tx before = world_inscription(&fixture->world, 9, &tip, 1, "old key");
    struct signed_tx after = world_inscription(&fixture->world, 9, &tip, 2, "new key");

    assert_applied(fixture, &first);
    assert_refused(fixture, &stolen, "not signed by its first key");
    assert_applied(fixture, &given);
    assert_refused(fixture, &before, "is no key of channel");
    assert_applied(fixture, &after);
}

static void a_channel_is_never_without_keys(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx tx = set_keys(&fixture->world, 9, 1, 0, 1);

    assert_refused(fixture, &tx, "without keys");
}

/* --- service declarations --------------------------------------------------------------------- */

/* What account `account` declares, with provider seed 50. */
static struct signed_tx declaration(const struct world *world, size_t account, uint8_t provider)
{
    struct signed_tx tx = {.tx = {.op_count = 1}};
    struct op_declare *declare;
    struct bytes32 seed;
    struct ed25519_key key;
    struct fr sks[2];
    struct fr pks[2];

    memset(seed.bytes, provider, 32);
    ed25519_from_seed(&seed, &key);
    sks[0] = wallet_secret_key(account);
    sks[1] = provider_secret_key(&key.public_key);
    pks[0] = zk_public_key(&world->wire, &sks[0]);
    pks[1] = zk_public_key(&world->wire, &sks[1]);
    tx.tx.ops = calloc(1, sizeof(struct op));
    tx.op_proofs = calloc(1, sizeof(struct op_proof));
    tx.tx.ops[0].code = OP_SDP_DECLARE;
    declare = &tx.tx.ops[0].declare;
    declare->service = SDP_BLEND;
    declare->locators = calloc(1, sizeof(struct multiaddr));
    declare->locator_count = 1;
    assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/9000/quic-v1", declare->locators));
    declare->provider_id = key.public_key;
    declare->zk_id = pks[1];
    declare->locked_note_id = world_note(world, account);
    struct fr hash = tx_hash(&world->wire, &tx.tx);
    struct bytes32 message = tx_signing_bytes(&hash);
    struct zk_statement statement = {.message = hash, .owners = pks, .owner_count = 2};
    tx.op_proofs[0].kind = OP_PROOF_ZK_AND_ED25519;
    tx.op_proofs[0].ed25519 = ed25519_sign(&key, message.bytes, 32);
    assert_int_equal(
        zk_scheme_dev.prove(&world->wire, &statement, sks, &tx.op_proofs[0].zk, NULL), 0);
    world_sign(world, &tx, NULL, 0);
    return tx;
}

/* A withdrawal of, or activity for, what declaration() declared. */
static struct signed_tx follow_up(const struct world *world, enum op_code code,
    const struct signed_tx *declared, size_t account, uint64_t nonce)
{
    struct signed_tx tx = {.tx = {.op_count = 1}};
    struct op_declare declare = declared->tx.ops[0].declare;
    struct bytes32 id = op_declaration_id(&declare);
    struct fr sks[2] = {wallet_secret_key(account), provider_secret_key(&declare.provider_id)};
    struct fr pks[2] = {zk_public_key(&world->wire, &sks[0]), declare.zk_id};
    bool is_withdrawal = code == OP_SDP_WITHDRAW;

    tx.tx.ops = calloc(1, sizeof(struct op));
    tx.op_proofs = calloc(1, sizeof(struct op_proof));
    tx.tx.ops[0].code = code;
    if (is_withdrawal)
        tx.tx.ops[0].withdraw = (struct op_withdraw){
            .declaration_id = id, .nonce = nonce, .locked_note_id = declare.locked_note_id};
    else
        tx.tx.ops[0].active = (struct op_active){.declaration_id = id, .nonce = nonce};
    struct zk_statement statement = {.message = tx_hash(&world->wire, &tx.tx),
        .owners = is_withdrawal ? pks : pks + 1,
        .owner_count = is_withdrawal ? 2 : 1};
    tx.op_proofs[0].kind = OP_PROOF_ZK;
    assert_int_equal(zk_scheme_dev.prove(&world->wire, &statement, is_withdrawal ? sks : sks + 1,
                         &tx.op_proofs[0].zk, NULL),
        0);
    world_sign(world, &tx, NULL, 0);
    return tx;
}

static void genesis_declares_two_services_for_each_node(void **state)
{
    struct ledger_fixture *fixture = *state;
    size_t count;
    struct sdp_declaration *list = ledger_declarations(fixture->ledger, &count);

    assert_int_equal(count, 2);
    sdp_declarations_free(list, count);
}

static void a_declaration_locks_its_note(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx declare = declaration(&fixture->world, 0, 50);
    struct signed_tx again = declaration(&fixture->world, 0, 50);
    struct signed_tx other = declaration(&fixture->world, 0, 51);
    struct signed_tx spend = world_spend(&fixture->world, 0, 1, 100);
    size_t count;

    assert_applied(fixture, &declare);
    struct sdp_declaration *list = ledger_declarations(fixture->ledger, &count);
    assert_int_equal(count, 3);
    sdp_declarations_free(list, count);
    assert_refused(fixture, &again, "exists already");
    assert_refused(fixture, &other, "locks a note that is locked");
    assert_refused(fixture, &spend, "locked by a service declaration");
}

static void a_declaration_needs_its_note_and_both_signatures(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx no_note = declaration(&fixture->world, 0, 50);
    struct signed_tx no_signature = declaration(&fixture->world, 0, 50);
    struct signed_tx no_proof = declaration(&fixture->world, 0, 50);
    struct signed_tx spend = world_spend(&fixture->world, 0, 1, 100);

    no_signature.op_proofs[0].ed25519.bytes[0] ^= 1;
    no_proof.op_proofs[0].zk.bytes[0] ^= 1;

    assert_refused(fixture, &no_signature, "not signed by its provider");
    assert_refused(fixture, &no_proof, "the proof does not hold");
    assert_applied(fixture, &spend);
    assert_refused(fixture, &no_note, "a note that does not exist");
}

static void a_withdrawal_waits_and_frees_the_note(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx declare = declaration(&fixture->world, 0, 50);
    struct signed_tx early = follow_up(&fixture->world, OP_SDP_WITHDRAW, &declare, 0, 1);
    struct signed_tx replayed = follow_up(&fixture->world, OP_SDP_WITHDRAW, &declare, 0, 0);
    struct signed_tx forged = follow_up(&fixture->world, OP_SDP_WITHDRAW, &declare, 0, 1);
    struct signed_tx late = follow_up(&fixture->world, OP_SDP_WITHDRAW, &declare, 0, 1);
    struct signed_tx twice = follow_up(&fixture->world, OP_SDP_WITHDRAW, &declare, 0, 2);
    struct signed_tx spend = world_spend(&fixture->world, 0, 1, 100);

    forged.op_proofs[0].zk.bytes[0] ^= 1;
    assert_applied(fixture, &declare);
    assert_refused(fixture, &early, "is locked for 10 blocks");
    fixture->ledger->height += 10;
    assert_refused(fixture, &replayed, "nonce 0, it must be above 0");
    assert_refused(fixture, &forged, "proof does not hold");
    assert_applied(fixture, &late);
    assert_refused(fixture, &twice, "is withdrawn");
    assert_applied(fixture, &spend);
}

static void activity_counts_its_nonce_up(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx declare = declaration(&fixture->world, 0, 50);
    struct signed_tx first = follow_up(&fixture->world, OP_SDP_ACTIVE, &declare, 0, 5);
    struct signed_tx same = follow_up(&fixture->world, OP_SDP_ACTIVE, &declare, 0, 5);
    struct signed_tx forged = follow_up(&fixture->world, OP_SDP_ACTIVE, &declare, 0, 6);
    struct signed_tx unknown = follow_up(&fixture->world, OP_SDP_ACTIVE, &declare, 0, 6);
    size_t count;
    bool is_seen = false;

    forged.op_proofs[0].zk.bytes[0] ^= 1;
    unknown.tx.ops[0].active.declaration_id.bytes[0] ^= 1;
    assert_applied(fixture, &declare);
    fixture->ledger->height = 33;
    assert_applied(fixture, &first);
    assert_refused(fixture, &same, "nonce 5, it must be above 5");
    assert_refused(fixture, &forged, "proof does not hold");
    world_sign(&fixture->world, &unknown, NULL, 0);
    assert_refused(fixture, &unknown, "there is no declaration");
    struct sdp_declaration *list = ledger_declarations(fixture->ledger, &count);
    for (size_t i = 0; i < count; i++)
        is_seen = is_seen || (list[i].active == 33 && list[i].nonce == 5);
    assert_true(is_seen);
    sdp_declarations_free(list, count);
}

static void a_refused_operation_takes_back_those_before_it(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct bytes32 root = {{0}};
    struct signed_tx good = world_inscription(&fixture->world, 9, &root, 1, "a");
    struct signed_tx bad = world_inscription(&fixture->world, 10, &root, 1, "b");
    struct bytes32 channel;
    struct bytes32 tip;

    /* Both in one transaction, the second without signature; the first signs the new hash. */
    good.tx.ops = realloc(good.tx.ops, 2 * sizeof(struct op));
    good.op_proofs = realloc(good.op_proofs, 2 * sizeof(struct op_proof));
    good.tx.ops[1] = bad.tx.ops[0];
    good.op_proofs[1] = (struct op_proof){.kind = OP_PROOF_NONE};
    good.tx.op_count = 2;
    free(bad.tx.ops);
    free(bad.op_proofs);
    struct bytes32 seed;
    struct ed25519_key key;
    memset(seed.bytes, 1, 32);
    ed25519_from_seed(&seed, &key);
    struct fr hash = tx_hash(&fixture->world.wire, &good.tx);
    struct bytes32 message = tx_signing_bytes(&hash);
    good.op_proofs[0].ed25519 = ed25519_sign(&key, message.bytes, 32);
    world_sign(&fixture->world, &good, NULL, 0);

    assert_refused(fixture, &good, "operation 1");
    memset(channel.bytes, 9, 32);
    assert_false(ledger_channel_tip(fixture->ledger, &channel, &tip));
}

static void a_leader_claim_is_refused(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx tx = {.tx = {.op_count = 1}};

    tx.tx.ops = calloc(1, sizeof(struct op));
    tx.op_proofs = calloc(1, sizeof(struct op_proof));
    tx.tx.ops[0].code = OP_LEADER_CLAIM;
    world_sign(&fixture->world, &tx, NULL, 0);

    assert_refused(fixture, &tx, "voucher");
}

/* --- slots and epochs ------------------------------------------------------------------------- */

static void a_slot_must_come_after_its_parents(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct reason why = {.text = ""};

    assert_null(ledger_begin(fixture->ledger, fixture->rules, 1, &why));
    assert_non_null(strstr(why.text, "slot 1 is not after"));
}

static struct ledger *advance(
    const struct ledger *from, const struct ledger_rules *rules, uint64_t slot)
{
    struct ledger *next = ledger_begin(from, rules, slot, NULL);

    assert_non_null(next);
    ledger_seal(next, rules, &fr_zero);
    return next;
}

static void the_nonce_of_an_epoch_is_settled_in_the_middle_of_the_one_before(void **state)
{
    struct ledger_fixture *fixture = *state;
    const struct ledger_rules *rules = fixture->rules;

    /* k = 10 and f = 0.9: epochs of 110 slots, the nonce follows the chain up to slot 65. */
    struct ledger *at_65 = advance(fixture->ledger, rules, 65);
    struct ledger *at_66 = advance(at_65, rules, 66);
    struct ledger *at_100 = advance(at_66, rules, 100);
    struct ledger *at_120 = advance(at_100, rules, 120);

    assert_true(fr_equal(&at_66->next_epoch.nonce, &at_65->nonce));
    assert_true(fr_equal(&at_100->next_epoch.nonce, &at_65->nonce));
    assert_int_equal(at_120->epoch.epoch, 1);
    assert_true(fr_equal(&at_120->epoch.nonce, &at_65->nonce));
    assert_true(fr_equal(&at_120->next_epoch.nonce, &at_100->nonce));
    ledger_unref(at_65);
    ledger_unref(at_66);
    ledger_unref(at_100);
    ledger_unref(at_120);
}

static void the_notes_of_an_epoch_are_those_at_the_start_of_the_one_before(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct signed_tx tx = world_spend(&fixture->world, 0, 1, 100);
    struct fr spent = world_note(&fixture->world, 0);

    assert_applied(fixture, &tx); /* in epoch 0 */
    struct ledger *epoch_1 = advance(fixture->ledger, fixture->rules, 115);
    struct ledger *epoch_2 = advance(epoch_1, fixture->rules, 225);

    assert_true(utxo_find(&epoch_1->epoch.aged, &spent, NULL));
    assert_false(utxo_find(&epoch_2->epoch.aged, &spent, NULL));
    ledger_unref(epoch_1);
    ledger_unref(epoch_2);
}

static void an_epoch_without_blocks_takes_the_parent_as_its_snapshot(void **state)
{
    struct ledger_fixture *fixture = *state;
    struct ledger *late = advance(fixture->ledger, fixture->rules, 350);

    assert_int_equal(late->epoch.epoch, 3);
    assert_int_equal(late->next_epoch.epoch, 4);
    assert_true(fr_equal(&late->epoch.nonce, &fixture->ledger->nonce));
    ledger_unref(late);
}

int main(void)
{
#define LEDGER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LEDGER_TEST(a_transfer_moves_value_and_gives_change),
        LEDGER_TEST(a_note_is_spent_once),
        LEDGER_TEST(a_note_that_never_existed_cannot_be_spent),
        LEDGER_TEST(an_input_may_not_appear_twice),
        LEDGER_TEST(several_owners_sign_together),
        LEDGER_TEST(value_is_neither_made_nor_lost),
        LEDGER_TEST(values_that_wrap_around_are_not_balanced),
        LEDGER_TEST(an_output_of_zero_is_refused),
        LEDGER_TEST(gas_is_paid_exactly),
        LEDGER_TEST(a_gas_price_that_overflows_is_refused),
        LEDGER_TEST(only_the_owner_may_spend),
        LEDGER_TEST(a_changed_transaction_needs_a_new_proof),
        LEDGER_TEST(a_transaction_without_inputs_needs_a_proof_too),
        LEDGER_TEST(a_verdict_found_early_is_the_same),
        LEDGER_TEST(a_channel_begins_at_its_root_and_follows_its_tip),
        LEDGER_TEST(a_new_channel_has_no_parent),
        LEDGER_TEST(only_a_channels_keys_may_write_in_it),
        LEDGER_TEST(a_message_without_signature_passes_reading_but_not_the_ledger),
        LEDGER_TEST(a_message_with_a_wrong_signature_is_not_even_read),
        LEDGER_TEST(the_genesis_channel_takes_no_messages),
        LEDGER_TEST(new_keys_of_a_channel_are_signed_by_its_first_key),
        LEDGER_TEST(a_channel_is_never_without_keys),
        LEDGER_TEST(genesis_declares_two_services_for_each_node),
        LEDGER_TEST(a_declaration_locks_its_note),
        LEDGER_TEST(a_declaration_needs_its_note_and_both_signatures),
        LEDGER_TEST(a_withdrawal_waits_and_frees_the_note),
        LEDGER_TEST(activity_counts_its_nonce_up),
        LEDGER_TEST(a_refused_operation_takes_back_those_before_it),
        LEDGER_TEST(a_leader_claim_is_refused),
        LEDGER_TEST(a_slot_must_come_after_its_parents),
        LEDGER_TEST(the_nonce_of_an_epoch_is_settled_in_the_middle_of_the_one_before),
        LEDGER_TEST(the_notes_of_an_epoch_are_those_at_the_start_of_the_one_before),
        LEDGER_TEST(an_epoch_without_blocks_takes_the_parent_as_its_snapshot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
