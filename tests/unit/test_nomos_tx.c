/* Transactions against the vectors of the node contract (3.10), and their checks. */
#include "test_nomos_support.h"

#include <stdio.h>

static struct ed25519_key key_of_seed_4(void)
{
    const struct bytes32 seed = bytes32_of(4);
    struct ed25519_key key;

    assert_true(keys_init());
    ed25519_from_seed(&seed, &key);
    return key;
}

static struct op example_blob(const struct ed25519_key *signer)
{
    return (struct op){.code = OP_CHANNEL_BLOB,
        .blob = {.channel = bytes32_of(0xaa),
            .blob = bytes32_of(0xbb),
            .blob_size = 1024,
            .da_storage_gas_price = 10,
            .signer = signer->public_key}};
}

static uint8_t hello[] = {'h', 'e', 'l', 'l', 'o'};

static struct op example_inscription(const struct ed25519_key *signer)
{
    return (struct op){.code = OP_CHANNEL_INSCRIBE,
        .inscribe = {.channel = bytes32_of(0xaa),
            .data = hello,
            .data_size = sizeof(hello),
            .parent = bytes32_of(0xbb),
            .signer = signer->public_key}};
}

static struct signature sign(
    const struct wire *wire, const struct mantle_tx *tx, const struct ed25519_key *key)
{
    const struct fr hash = tx_hash(wire, tx);
    const struct bytes32 message = tx_signing_bytes(&hash);

    return ed25519_sign(key, message.bytes, sizeof(message.bytes));
}

static void upstream_blob_signature_is_ours(void **state)
{
    const struct wire wire = test_wire();
    const struct ed25519_key key = key_of_seed_4();
    struct op op = example_blob(&key);
    const struct mantle_tx tx = {
        .ops = &op, .op_count = 1, .execution_gas_price = 100, .storage_gas_price = 50};
    const struct signature signature = sign(&wire, &tx, &key);

    (void)state;
    assert_signature(&signature,
        "26fa66800c50d65de3808c9e715f3ca2833c212d5bc31613365024689a62c029"
        "93baddd11647c11467c9bcc72335457bc28492c916a84c991b30a28eef73fc08");
}

static void upstream_inscription_signature_is_ours(void **state)
{
    const struct wire wire = test_wire();
    const struct ed25519_key key = key_of_seed_4();
    struct op op = example_inscription(&key);
    const struct mantle_tx tx = {
        .ops = &op, .op_count = 1, .execution_gas_price = 100, .storage_gas_price = 50};
    const struct signature signature = sign(&wire, &tx, &key);

    (void)state;
    assert_signature(&signature,
        "78911d4c283759b2aca32eb186c314fc966c13b08f14cffbd50c53e5d61b5ac5"
        "8f511d1c6b0b56682c7849def1bab6838427b9a3c751affd6bbe449f5926050f");
}

static void empty_transaction_gives_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    const struct mantle_tx tx = {0};
    const uint8_t zeros[19] = {0};
    uint8_t bytes[19];

    (void)state;
    assert_int_equal(mantle_tx_size(&tx), sizeof(bytes));
    mantle_tx_encode(&tx, bytes);
    assert_memory_equal(bytes, zeros, sizeof(bytes));
    const struct fr hash = tx_hash(&wire, &tx);
    const struct fr ledger_hash = tx_ledger_hash(&wire, &tx);
    assert_fr(&hash, "4983c7a9bfa2f54d94c2234d390804f25dff67441c7cf42cbd316fad7e2cd010");
    assert_fr(&ledger_hash, "fa39fd8c2d46673d8e4570aa00013cca75e9858fee03ec1e3613522371412b2b");
}

static void transfer_gives_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    struct mantle_tx tx;
    struct note output;
    struct fr input;
    struct fr id;

    (void)state;
    transfer_init(&tx, &input, &output, &wire);
    const struct fr hash = tx_hash(&wire, &tx);
    const struct fr ledger_hash = tx_ledger_hash(&wire, &tx);
    tx_output_ids(&wire, &tx, &id);
    assert_fr(&hash, "0e815d0a468d43b4efc39e3a15f13d161e84b20e7f0fa283047d74388c809008");
    assert_fr(&ledger_hash, "d9721d3044ad2f0c6ba7a100a0cbb6fd915d14f6c1290eeff9f5fad41c1c6e2e");
    assert_fr(&id, "8d4cd4783e0d5faa42c75868f949dbff1101f993eb12f90f635972b0bf2e461b");
}

static void padded_revision_gives_the_padded_note_id(void **state)
{
    struct wire wire;
    struct mantle_tx tx;
    struct note output;
    struct fr input;
    struct fr id;
    char text[HEX32_SIZE];

    (void)state;
    wire_init(&wire, &wire_revision_2025_12_padded);
    transfer_init(&tx, &input, &output, &wire);
    tx_output_ids(&wire, &tx, &id);
    hex_from_fr(&id, text);
    assert_memory_equal(text, "ab7668ba", 8);
}

static void later_upstream_note_id_follows_from_its_names(void **state)
{
    struct wire_revision later = wire_revision_2025_12_padded;
    const struct note note = {.value = 100, .pk = fr_from_u64(456)};
    char text[FR_DECIMAL_SIZE];
    struct wire wire;

    (void)state;
    later.note_id_domain = "NOTE_ID_V1";
    wire_init(&wire, &later);
    const struct fr id = note_id(&wire, &fr_zero, 0, &note);
    fr_to_decimal(&id, text);
    assert_string_equal(
        text, "7557997998773395727489806263315711564569794358720487479582958381680367418066");
}

static void note_id_gives_the_vector(void **state)
{
    const struct wire wire = test_wire();
    const struct note note = {.value = 100, .pk = fr_from_u64(5)};
    const struct fr id = note_id(&wire, &fr_one, 0, &note);

    (void)state;
    assert_fr(&id, "a4b9debb5f3b0af1389ef4afce58444be27656e9bc3909826f2a50e7fce1120f");
}

static void more_outputs_than_a_byte_counts_are_hashed_with_the_low_byte(void **state)
{
    enum {
        COUNT = 300
    };
    const struct wire wire = test_wire();
    static struct note outputs[COUNT];
    static struct fr ids[COUNT];
    const struct mantle_tx tx = {.outputs = outputs, .output_count = COUNT};

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const struct fr secret_key = wallet_secret_key(i);

        outputs[i] = (struct note){.value = 100, .pk = zk_public_key(&wire, &secret_key)};
    }
    uint8_t *bytes = malloc(mantle_tx_size(&tx));
    assert_non_null(bytes);
    mantle_tx_encode(&tx, bytes);
    /* No operations, no inputs, 300 mod 256 outputs. */
    assert_memory_equal(bytes, "\x00\x00\x2c", 3);
    free(bytes);
    const struct fr ledger_hash = tx_ledger_hash(&wire, &tx);
    assert_fr(&ledger_hash, "5ddfe006a47214a7297b0904f30bf25471c2843e662858a81e3e4cf434d8141d");
    tx_output_ids(&wire, &tx, ids);
    assert_fr(&ids[299], "b527e6f29bdaa529d8e39fbab0594f0423fedf76d164dd56b183adfb35b0200d");
}

/* The hash from the definition: the encoding in pieces of 31 bytes, and the final 1. */
static struct fr hash_by_definition(const struct wire *wire, const struct mantle_tx *tx)
{
    uint8_t bytes[1024];
    const size_t size = mantle_tx_size(tx);
    struct poseidon2 hasher = wire->tx_hash;

    assert_true(size <= sizeof(bytes));
    mantle_tx_encode(tx, bytes);
    for (size_t at = 0; at < size; at += 31) {
        const struct fr piece = fr_from_bytes_mod(bytes + at, size - at < 31 ? size - at : 31);

        poseidon2_absorb(&hasher, &piece);
    }
    return poseidon2_finish(&hasher, POSEIDON2_PADDED);
}

static void hash_cuts_every_length_into_pieces_and_adds_none(void **state)
{
    const struct wire wire = test_wire();
    static struct fr inputs[30];
    size_t whole = 0;

    (void)state;
    /* 19 bytes and 32 per input: with 12 of them that is 13 whole pieces. */
    for (size_t count = 0; count < 30; count++) {
        const struct mantle_tx tx = {.inputs = inputs, .input_count = count};
        const struct fr hash = tx_hash(&wire, &tx);
        const struct fr expected = hash_by_definition(&wire, &tx);

        whole += mantle_tx_size(&tx) % 31 == 0;
        assert_true(fr_equal(&hash, &expected));
    }
    assert_int_equal(whole, 1);
}

/* The first inscription that the data availability workload makes in its channel 0: channel
   "chn_wrkd", zeros; the text names the channel's bytes. */
static size_t workload_inscription(struct bytes32 *channel, char *text, size_t room)
{
    size_t size = (size_t)snprintf(text, room, "Test channel inscription ChannelId([");

    *channel = bytes32_of(0);
    memcpy(channel->bytes, "chn_wrkd", 8);
    for (size_t i = 0; i < sizeof(channel->bytes); i++)
        size +=
            (size_t)snprintf(text + size, room - size, "%s%d", i ? ", " : "", channel->bytes[i]);
    return size + (size_t)snprintf(text + size, room - size, "])");
}

static void workload_inscription_gives_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    struct bytes32 channel;
    struct ed25519_key key;
    char text[256];
    const size_t size = workload_inscription(&channel, text, sizeof(text));

    (void)state;
    ed25519_zero_key(&key);
    struct op op = {.code = OP_CHANNEL_INSCRIBE,
        .inscribe = {.channel = channel,
            .data = (uint8_t *)text,
            .data_size = size,
            .signer = key.public_key}};
    const struct mantle_tx tx = {.ops = &op, .op_count = 1};
    const struct bytes32 message_id = op_message_id(&op);
    const struct fr hash = tx_hash(&wire, &tx);
    const struct bytes32 signing_bytes = tx_signing_bytes(&hash);
    const struct signature signature = sign(&wire, &tx, &key);

    assert_bytes32(&message_id, "b5e164bb1eb5a2cfc1c65265485b217c168b2efd35c29b70ea5c77d05a9b019d");
    assert_fr(&hash, "422264e10bfc9f1f624f80ba5871cf853e2e5d9e9f8ce57108d18d67574fe214");
    assert_bytes32(
        &signing_bytes, "caea42acc716b32c4afbf3d1c47ca17f9a96572481e660b91262cd65c49c082f");
    assert_signature(&signature,
        "6b041ce95072048b9305812b356e99795e9160736dd1ef97d3f6563d40876f6c"
        "8335deeda01b43ccaf13da6a98783074f6ca0aeb18e212770d6d9490e135430a");
}

static void declaration_id_gives_the_vector(void **state)
{
    const struct wire wire = test_wire();
    const struct bytes32 seed = bytes32_of(1);
    struct multiaddr locator = multiaddr_of("/ip4/127.0.0.1/udp/3300/quic-v1");
    struct ed25519_key key;

    (void)state;
    ed25519_from_seed(&seed, &key);
    const struct fr secret_key = provider_secret_key(&key.public_key);
    const struct op_declare declare = {.service = SDP_DA,
        .locators = &locator,
        .locator_count = 1,
        .provider_id = key.public_key,
        .zk_id = zk_public_key(&wire, &secret_key)};
    const struct bytes32 id = op_declaration_id(&declare);
    assert_bytes32(&id, "c5a812b57b6aa6697362a4a32f4a01fe63772364ee27de97c9fdb787e20cb9fb");
}

static void declarations_of_the_two_services_differ_in_id(void **state)
{
    const struct op_declare da = {.service = SDP_DA};
    const struct op_declare blend = {.service = SDP_BLEND};
    const struct bytes32 da_id = op_declaration_id(&da);
    const struct bytes32 blend_id = op_declaration_id(&blend);

    (void)state;
    assert_false(bytes32_equal(&da_id, &blend_id));
}

/* --- checks ------------------------------------------------------------------------------- */

static enum nomos_status check_one(
    const struct wire *wire, struct op *op, struct op_proof *proof, struct nomos_error *err)
{
    const struct signed_tx signed_tx = {.tx = {.ops = op, .op_count = 1}, .op_proofs = proof};
    const struct fr hash = tx_hash(wire, &signed_tx.tx);

    return signed_tx_check_ops(&signed_tx, &hash, err);
}

static void channel_operation_with_its_signers_signature_passes(void **state)
{
    const struct wire wire = test_wire();
    const struct ed25519_key key = key_of_seed_4();
    struct op ops[] = {example_blob(&key), example_inscription(&key)};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct mantle_tx tx = {.ops = &ops[i], .op_count = 1};
        struct op_proof proof = {.kind = OP_PROOF_ED25519, .ed25519 = sign(&wire, &tx, &key)};

        assert_int_equal(check_one(&wire, &ops[i], &proof, NULL), NOMOS_OK);
    }
}

static void channel_operation_with_a_wrong_signature_fails(void **state)
{
    const struct wire wire = test_wire();
    const struct ed25519_key key = key_of_seed_4();
    struct op ops[] = {example_blob(&key), example_inscription(&key)};
    struct nomos_error err;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct mantle_tx tx = {.ops = &ops[i], .op_count = 1};
        struct op_proof proof = {.kind = OP_PROOF_ED25519, .ed25519 = sign(&wire, &tx, &key)};

        proof.ed25519.bytes[0] ^= 1;
        assert_int_equal(check_one(&wire, &ops[i], &proof, &err), NOMOS_E_DATA);
        assert_non_null(strstr(err.text, "ops_proofs[0]"));
    }
}

static void channel_operation_may_lack_a_proof_but_not_have_a_zk_one(void **state)
{
    const struct wire wire = test_wire();
    const struct ed25519_key key = key_of_seed_4();
    struct op op = example_inscription(&key);
    struct op_proof none = {.kind = OP_PROOF_NONE};
    struct op_proof zk = {.kind = OP_PROOF_ZK};
    struct op_proof both = {.kind = OP_PROOF_ZK_AND_ED25519};

    (void)state;
    assert_int_equal(check_one(&wire, &op, &none, NULL), NOMOS_OK);
    assert_int_equal(check_one(&wire, &op, &zk, NULL), NOMOS_E_DATA);
    assert_int_equal(check_one(&wire, &op, &both, NULL), NOMOS_E_DATA);
}

static void operations_outside_channels_are_not_checked_here(void **state)
{
    const struct wire wire = test_wire();
    struct op op = {.code = OP_SDP_WITHDRAW};
    struct op_proof proof = {.kind = OP_PROOF_ED25519};

    (void)state;
    assert_int_equal(check_one(&wire, &op, &proof, NULL), NOMOS_OK);
}

static void gas_is_free_at_price_zero(void **state)
{
    const struct signed_tx signed_tx = {0};
    uint64_t cost = 1;

    (void)state;
    assert_true(signed_tx_gas_cost(&signed_tx, &cost));
    assert_int_equal(cost, 0);
}

static void gas_counts_execution_storage_and_blobs(void **state)
{
    const struct ed25519_key key = key_of_seed_4();
    struct op ops[] = {example_blob(&key), example_inscription(&key), {.code = OP_CHANNEL_SET_KEYS},
        {.code = OP_SDP_DECLARE}, {.code = OP_SDP_WITHDRAW}, {.code = OP_SDP_ACTIVE},
        {.code = OP_LEADER_CLAIM}};
    struct op_proof proofs[7] = {{0}};
    struct signed_tx signed_tx = {
        .tx = {.ops = ops, .op_count = 7, .execution_gas_price = 2, .storage_gas_price = 3},
        .op_proofs = proofs};
    const uint64_t execution = 2705 + (800 + 100 * 3) + 22 + 22 + 2727 + 2705 + 2705 + 1150;
    uint64_t cost;

    (void)state;
    ops[0].blob.blob_size = 3 * 32768 + 32767;
    assert_true(signed_tx_gas_cost(&signed_tx, &cost));
    assert_int_equal(cost,
        2 * execution + 3 * signed_tx_size(&signed_tx, TX_FORM_WIRE) + 10 * (3 * 32768 + 32767));
}

static void gas_beyond_64_bits_is_refused(void **state)
{
    struct op op = {.code = OP_CHANNEL_BLOB};
    struct op_proof proof = {0};
    struct signed_tx signed_tx = {.tx = {.ops = &op, .op_count = 1}, .op_proofs = &proof};
    uint64_t cost;

    (void)state;
    signed_tx.tx.execution_gas_price = UINT64_MAX;
    assert_false(signed_tx_gas_cost(&signed_tx, &cost));
    signed_tx.tx.execution_gas_price = 0;
    signed_tx.tx.storage_gas_price = UINT64_MAX;
    assert_false(signed_tx_gas_cost(&signed_tx, &cost));
    signed_tx.tx.storage_gas_price = 0;
    op.blob.blob_size = UINT64_MAX;
    op.blob.da_storage_gas_price = 2;
    assert_false(signed_tx_gas_cost(&signed_tx, &cost));
}

static void done_takes_nothing_and_zeros(void **state)
{
    struct signed_tx signed_tx = {0};

    (void)state;
    signed_tx_done(NULL);
    mantle_tx_done(NULL);
    signed_tx_done(&signed_tx);
    signed_tx_done(&signed_tx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upstream_blob_signature_is_ours),
        cmocka_unit_test(upstream_inscription_signature_is_ours),
        cmocka_unit_test(empty_transaction_gives_the_vectors),
        cmocka_unit_test(transfer_gives_the_vectors),
        cmocka_unit_test(padded_revision_gives_the_padded_note_id),
        cmocka_unit_test(later_upstream_note_id_follows_from_its_names),
        cmocka_unit_test(note_id_gives_the_vector),
        cmocka_unit_test(more_outputs_than_a_byte_counts_are_hashed_with_the_low_byte),
        cmocka_unit_test(hash_cuts_every_length_into_pieces_and_adds_none),
        cmocka_unit_test(workload_inscription_gives_the_vectors),
        cmocka_unit_test(declaration_id_gives_the_vector),
        cmocka_unit_test(declarations_of_the_two_services_differ_in_id),
        cmocka_unit_test(channel_operation_with_its_signers_signature_passes),
        cmocka_unit_test(channel_operation_with_a_wrong_signature_fails),
        cmocka_unit_test(channel_operation_may_lack_a_proof_but_not_have_a_zk_one),
        cmocka_unit_test(operations_outside_channels_are_not_checked_here),
        cmocka_unit_test(gas_is_free_at_price_zero),
        cmocka_unit_test(gas_counts_execution_storage_and_blobs),
        cmocka_unit_test(gas_beyond_64_bits_is_refused),
        cmocka_unit_test(done_takes_nothing_and_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
