/* The genesis transaction: built as the node contract has it (4.8, 5.3), and checked before use. */
#include "test_nomos_support.h"

#include "nomos/genesis.h"
#include "nomos/utxo.h"

#define NODES    2
#define ACCOUNTS 3

struct network {
    struct wire wire;
    struct genesis_node nodes[NODES];
    struct note accounts[ACCOUNTS];
    struct genesis_spec spec;
    struct signed_tx genesis;
};

static int setup(void **state)
{
    static struct network network;

    network = (struct network){.wire = test_wire()};
    for (size_t i = 0; i < NODES; i++)
        network.nodes[i] = (struct genesis_node){.seed = bytes32_of((uint8_t)(i + 1)),
            .da_locator = multiaddr_of("/ip4/127.0.0.1/udp/3300/quic-v1"),
            .blend_locator = multiaddr_of("/ip4/127.0.0.1/udp/3400/quic-v1")};
    for (size_t i = 0; i < ACCOUNTS; i++) {
        const struct fr secret_key = wallet_secret_key(i);

        network.accounts[i] =
            (struct note){.value = 100, .pk = zk_public_key(&network.wire, &secret_key)};
    }
    network.spec = (struct genesis_spec){network.nodes, NODES, network.accounts, ACCOUNTS, false};
    assert_int_equal(
        genesis_build(&network.wire, &zk_scheme_dev, &network.spec, &network.genesis, NULL),
        NOMOS_OK);
    *state = &network;
    return 0;
}

static int teardown(void **state)
{
    signed_tx_done(&((struct network *)*state)->genesis);
    return 0;
}

static enum nomos_status verify(const struct network *network, struct nomos_error *err)
{
    return genesis_verify(&network->wire, &zk_scheme_dev, &network->genesis, err);
}

static void assert_refused(const struct network *network, const char *why)
{
    struct nomos_error err;

    assert_int_equal(verify(network, &err), NOMOS_E_DATA);
    if (!strstr(err.text, why))
        fail_msg("expected \"%s\" in \"%s\"", why, err.text);
}

static void built_genesis_is_accepted(void **state)
{
    assert_int_equal(verify(*state, NULL), NOMOS_OK);
}

static void outputs_are_three_per_node_and_then_the_accounts(void **state)
{
    const struct network *network = *state;
    const struct mantle_tx *tx = &network->genesis.tx;
    static const uint64_t expected[] = {1000, 1, 1, 1000, 1, 1, 100, 100, 100};

    assert_int_equal(tx->output_count, 9);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(tx->outputs[i].value, expected[i]);
    assert_fr(
        &tx->outputs[0].pk, "83bae89470e642ea6970450dfd899affdb26dea7187396db178a76eb7661a023");
    assert_fr(
        &tx->outputs[6].pk, "29b67531bb6456772e2d0aaef94bbe48df0c6fdcfe03c56e9ce86b3c104e861a");
    assert_int_equal(genesis_total_stake(&network->genesis), 2 * 1002 + 300);
}

static void declarations_are_all_da_then_all_blend(void **state)
{
    const struct network *network = *state;
    const struct mantle_tx *tx = &network->genesis.tx;
    static const enum sdp_service services[] = {SDP_DA, SDP_DA, SDP_BLEND, SDP_BLEND};
    static const size_t notes[] = {1, 4, 2, 5};
    struct fr ids[9];

    tx_output_ids(&network->wire, tx, ids);
    assert_int_equal(tx->op_count, 5);
    assert_int_equal(tx->ops[0].inscribe.data_size, 7);
    assert_memory_equal(tx->ops[0].inscribe.data, "genesis", 7);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(tx->ops[1 + i].declare.service, services[i]);
        assert_true(fr_equal(&tx->ops[1 + i].declare.locked_note_id, &ids[notes[i]]));
    }
    assert_fr(&tx->ops[1].declare.zk_id,
        "a50c8377b76c7f5046770075e719130407301b856eda0b6c7618b5113e45d50b");
}

static void declaration_of_the_first_node_has_the_id_of_the_vector(void **state)
{
    const struct network *network = *state;
    const struct bytes32 id = op_declaration_id(&network->genesis.tx.ops[1].declare);

    assert_bytes32(&id, "c5a812b57b6aa6697362a4a32f4a01fe63772364ee27de97c9fdb787e20cb9fb");
}

static void two_builders_make_the_same_transaction(void **state)
{
    const struct network *network = *state;
    struct signed_tx other;

    assert_int_equal(
        genesis_build(&network->wire, &zk_scheme_dev, &network->spec, &other, NULL), NOMOS_OK);
    const size_t size = signed_tx_size(&network->genesis, TX_FORM_STORE);
    uint8_t *a = malloc(size);
    uint8_t *b = malloc(size);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(signed_tx_size(&other, TX_FORM_STORE), size);
    signed_tx_encode(&network->genesis, TX_FORM_STORE, a);
    signed_tx_encode(&other, TX_FORM_STORE, b);
    assert_memory_equal(a, b, size);
    free(a);
    free(b);
    signed_tx_done(&other);
}

static void genesis_of_accounts_alone_or_nodes_alone_builds(void **state)
{
    const struct network *network = *state;
    struct genesis_spec spec = network->spec;
    struct signed_tx built;

    spec.node_count = 0;
    assert_int_equal(genesis_build(&network->wire, &zk_scheme_dev, &spec, &built, NULL), NOMOS_OK);
    assert_int_equal(genesis_verify(&network->wire, &zk_scheme_dev, &built, NULL), NOMOS_OK);
    signed_tx_done(&built);
    spec = network->spec;
    spec.accounts = NULL;
    spec.account_count = 0;
    assert_int_equal(genesis_build(&network->wire, &zk_scheme_dev, &spec, &built, NULL), NOMOS_OK);
    assert_int_equal(genesis_verify(&network->wire, &zk_scheme_dev, &built, NULL), NOMOS_OK);
    signed_tx_done(&built);
}

static void genesis_cannot_be_built_from_nothing_or_from_bad_values(void **state)
{
    struct network *network = *state;
    struct signed_tx built;
    struct genesis_spec spec = {0};

    assert_int_equal(
        genesis_build(&network->wire, &zk_scheme_dev, &spec, &built, NULL), NOMOS_E_DATA);
    network->accounts[1].value = 0;
    assert_int_equal(
        genesis_build(&network->wire, &zk_scheme_dev, &network->spec, &built, NULL), NOMOS_E_DATA);
    network->accounts[1].value = UINT64_MAX;
    assert_int_equal(
        genesis_build(&network->wire, &zk_scheme_dev, &network->spec, &built, NULL), NOMOS_E_DATA);
}

static void genesis_of_many_nodes_exceeds_what_a_byte_counts_and_still_verifies(void **state)
{
    enum {
        MANY = 130
    };
    const struct network *network = *state;
    static struct genesis_node nodes[MANY];
    const struct genesis_spec spec = {.nodes = nodes, .node_count = MANY};
    struct signed_tx built;

    for (size_t i = 0; i < MANY; i++) {
        nodes[i] = network->nodes[0];
        nodes[i].seed = bytes32_of((uint8_t)(i + 1));
    }
    assert_int_equal(genesis_build(&network->wire, &zk_scheme_dev, &spec, &built, NULL), NOMOS_OK);
    assert_int_equal(built.tx.op_count, 261);
    assert_int_equal(genesis_verify(&network->wire, &zk_scheme_dev, &built, NULL), NOMOS_OK);
    signed_tx_done(&built);
}

static void wrong_shapes_are_refused(void **state)
{
    struct network *network = *state;
    struct mantle_tx *tx = &network->genesis.tx;
    const struct op_inscribe inscription = tx->ops[0].inscribe;
    struct fr input = fr_one;

    tx->execution_gas_price = 1;
    assert_refused(network, "gas prices");
    tx->execution_gas_price = 0;
    tx->storage_gas_price = 1;
    assert_refused(network, "gas prices");
    tx->storage_gas_price = 0;
    tx->inputs = &input;
    tx->input_count = 1;
    assert_refused(network, "no inputs");
    tx->inputs = NULL;
    tx->input_count = 0;
    tx->ops[0].inscribe.channel = bytes32_of(1);
    assert_refused(network, "channel zero");
    tx->ops[0].inscribe = inscription;
    tx->ops[0].inscribe.parent = bytes32_of(1);
    assert_refused(network, "channel zero");
    tx->ops[0].inscribe = inscription;
    tx->ops[0].inscribe.signer = bytes32_of(1);
    assert_refused(network, "channel zero");
    tx->ops[0].inscribe = inscription;
    network->genesis.op_proofs[0].kind = OP_PROOF_ED25519;
    assert_refused(network, "no proof");
}

static void missing_parts_are_refused(void **state)
{
    struct network *network = *state;
    struct mantle_tx *tx = &network->genesis.tx;

    const size_t output_count = tx->output_count;
    tx->output_count = 0;
    assert_refused(network, "no outputs");
    tx->output_count = output_count;
    const size_t op_count = tx->op_count;
    tx->op_count = 0;
    assert_refused(network, "ops[0] must be an inscription");
    tx->op_count = op_count;
    const struct op declaration = tx->ops[2];
    tx->ops[2] = (struct op){.code = OP_SDP_WITHDRAW};
    assert_refused(network, "ops[2] is not a service declaration");
    tx->ops[2] = declaration;
    assert_int_equal(verify(network, NULL), NOMOS_OK);
}

static void wrong_values_are_refused(void **state)
{
    struct network *network = *state;
    struct mantle_tx *tx = &network->genesis.tx;

    tx->outputs[6].value = 0;
    assert_refused(network, "outputs[6] is worth 0");
    tx->outputs[6].value = UINT64_MAX;
    assert_refused(network, "64 bits");
    tx->outputs[6].value = 101;
    /* Another value is another transaction, whose notes the declarations do not lock. */
    assert_refused(network, "no output of this transaction");
}

static void note_locked_twice_is_refused(void **state)
{
    struct network *network = *state;
    struct mantle_tx *tx = &network->genesis.tx;

    tx->ops[3].declare.locked_note_id = tx->ops[1].declare.locked_note_id;
    /* The first declaration's signatures no longer fit either: sign anew, all but the lock. */
    const struct fr hash = tx_hash(&network->wire, tx);
    const struct bytes32 message = tx_signing_bytes(&hash);
    for (size_t i = 0; i < 4; i++) {
        const struct genesis_node *node = &network->nodes[i % NODES];
        const struct op_declare *declare = &tx->ops[1 + i].declare;
        struct ed25519_key key;

        ed25519_from_seed(&node->seed, &key);
        const size_t note = (i % NODES) * 3 + (i < NODES || i == 2 ? 1 : 2);
        const struct fr owners[] = {tx->outputs[note].pk, declare->zk_id};
        const struct fr keys[] = {
            note_secret_key(i < NODES || i == 2 ? NOTE_DA : NOTE_BLEND, &node->seed),
            provider_secret_key(&declare->provider_id)};
        const struct zk_statement statement = {hash, owners, 2};

        assert_int_equal(zk_scheme_dev.prove(&network->wire, &statement, keys,
                             &network->genesis.op_proofs[1 + i].zk, NULL),
            NOMOS_OK);
        network->genesis.op_proofs[1 + i].ed25519 =
            ed25519_sign(&key, message.bytes, sizeof(message.bytes));
    }
    assert_refused(network, "ops[3] locks a note that is locked already");
}

static void wrong_signatures_are_refused(void **state)
{
    struct network *network = *state;
    struct op_proof *proof = &network->genesis.op_proofs[4];

    proof->ed25519.bytes[5] ^= 1;
    assert_refused(network, "ops_proofs[4]: the Ed25519 signature");
    proof->ed25519.bytes[5] ^= 1;
    proof->zk.bytes[100] ^= 1;
    assert_refused(network, "ops_proofs[4]: ");
    proof->zk.bytes[100] ^= 1;
    proof->kind = OP_PROOF_ZK;
    assert_refused(network, "ops_proofs[4] needs");
}

static void built_in_steps_it_is_the_same(void **state)
{
    const struct network *network = *state;
    const struct fr expected = tx_hash(&network->wire, &network->genesis.tx);
    struct signed_tx built = {0};
    struct genesis_signing signing = {.spec = &network->spec, .genesis = &built};

    assert_int_equal(genesis_begin(&network->wire, &network->spec, &built, NULL), NOMOS_OK);
    signing.hash = tx_hash(&network->wire, &built.tx);
    assert_true(fr_equal(&signing.hash, &expected));
    assert_int_equal(genesis_declaration_count(&network->spec), 2 * NODES);
    for (size_t i = genesis_declaration_count(&network->spec); i-- > 0;) { /* in any order */
        struct genesis_agreement agreement;
        struct zk_proof proof;

        genesis_agreement(&signing, i, &agreement);
        assert_int_equal(zk_scheme_dev.prove(&network->wire, &agreement.statement,
                             agreement.secret_keys, &proof, NULL),
            NOMOS_OK);
        genesis_agree(&signing, i, &proof);
    }
    assert_int_equal(genesis_verify(&network->wire, &zk_scheme_dev, &built, NULL), NOMOS_OK);
    for (size_t i = 0; i < built.tx.op_count; i++)
        assert_memory_equal(&built.op_proofs[i].zk, &network->genesis.op_proofs[i].zk,
            sizeof(built.op_proofs[i].zk));
    signed_tx_done(&built);
}

static void without_data_availability_there_are_two_notes_and_one_declaration_per_node(void **state)
{
    const struct network *network = *state;
    struct genesis_spec spec = network->spec;
    struct signed_tx built = {0};

    spec.is_without_da = true;
    assert_int_equal(genesis_notes_per_node(&spec), 2);
    assert_int_equal(genesis_build(&network->wire, &zk_scheme_dev, &spec, &built, NULL), NOMOS_OK);
    assert_int_equal(built.tx.output_count, 2 * NODES + ACCOUNTS);
    assert_int_equal(built.tx.op_count, 1 + NODES);
    for (size_t i = 0; i < NODES; i++) {
        const struct fr ledger_hash = tx_ledger_hash(&network->wire, &built.tx);
        const struct fr note =
            note_id(&network->wire, &ledger_hash, 2 * i + 1, &built.tx.outputs[2 * i + 1]);
        const struct op_declare *declare = &built.tx.ops[1 + i].declare;

        assert_int_equal(built.tx.outputs[2 * i].value, GENESIS_LEADER_NOTE);
        assert_int_equal(built.tx.outputs[2 * i + 1].value, GENESIS_SERVICE_NOTE);
        assert_int_equal(declare->service, SDP_BLEND);
        assert_true(fr_equal(&declare->locked_note_id, &note));
    }
    assert_int_equal(genesis_verify(&network->wire, &zk_scheme_dev, &built, NULL), NOMOS_OK);
    signed_tx_done(&built);
}

static void without_agreements_it_does_not_verify(void **state)
{
    const struct network *network = *state;
    struct signed_tx built = {0};

    assert_int_equal(genesis_begin(&network->wire, &network->spec, &built, NULL), NOMOS_OK);
    assert_int_equal(genesis_verify(&network->wire, &zk_scheme_dev, &built, NULL), NOMOS_E_DATA);
    signed_tx_done(&built);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(built_genesis_is_accepted, setup, teardown),
        cmocka_unit_test_setup_teardown(
            outputs_are_three_per_node_and_then_the_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(declarations_are_all_da_then_all_blend, setup, teardown),
        cmocka_unit_test_setup_teardown(
            declaration_of_the_first_node_has_the_id_of_the_vector, setup, teardown),
        cmocka_unit_test_setup_teardown(two_builders_make_the_same_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(
            genesis_of_accounts_alone_or_nodes_alone_builds, setup, teardown),
        cmocka_unit_test_setup_teardown(
            genesis_cannot_be_built_from_nothing_or_from_bad_values, setup, teardown),
        cmocka_unit_test_setup_teardown(
            genesis_of_many_nodes_exceeds_what_a_byte_counts_and_still_verifies, setup, teardown),
        cmocka_unit_test_setup_teardown(built_in_steps_it_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(without_agreements_it_does_not_verify, setup, teardown),
        cmocka_unit_test_setup_teardown(
            without_data_availability_there_are_two_notes_and_one_declaration_per_node, setup,
            teardown),
        cmocka_unit_test_setup_teardown(wrong_shapes_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_parts_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_values_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(note_locked_twice_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_signatures_are_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
