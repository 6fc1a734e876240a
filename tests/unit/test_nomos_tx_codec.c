/* The binary forms of transactions: what was written reads back, and nothing else reads. */
#include "test_nomos_support.h"

static uint8_t some_bytes[] = {1, 2, 3, 4, 5, 6, 7};
static struct bytes32 some_keys[] = {{{1}}, {{2}}};

/* One of each operation, with proofs of the kinds that the node's own form implies. */
struct everything {
    struct multiaddr locators[2];
    struct op ops[7];
    struct op_proof proofs[7];
    struct fr inputs[2];
    struct note outputs[3];
    struct signed_tx signed_tx;
};

static void fill(void *out, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)out)[i] = (uint8_t)(first + i);
}

static void everything_ops(struct everything *e)
{
    e->ops[0] = (struct op){.code = OP_CHANNEL_INSCRIBE,
        .inscribe = {bytes32_of(1), some_bytes, sizeof(some_bytes), bytes32_of(2), bytes32_of(3)}};
    e->ops[1] = (struct op){.code = OP_CHANNEL_BLOB,
        .blob = {bytes32_of(4), 5, bytes32_of(6), 7, 8, bytes32_of(9), bytes32_of(10)}};
    e->ops[2] =
        (struct op){.code = OP_CHANNEL_SET_KEYS, .set_keys = {bytes32_of(11), some_keys, 2}};
    e->ops[3] = (struct op){.code = OP_SDP_DECLARE,
        .declare = {SDP_DA, e->locators, 2, bytes32_of(12), fr_from_u64(13), fr_from_u64(14)}};
    e->ops[4] = (struct op){
        .code = OP_SDP_WITHDRAW, .withdraw = {bytes32_of(15), UINT64_MAX, fr_from_u64(16)}};
    e->ops[5] = (struct op){
        .code = OP_SDP_ACTIVE, .active = {bytes32_of(17), 18, some_bytes, sizeof(some_bytes)}};
    e->ops[6] = (struct op){.code = OP_LEADER_CLAIM,
        .leader_claim = {fr_from_u64(19), fr_from_u64(20), fr_from_u64(21)}};
}

static void everything_init(struct everything *e)
{
    static const enum op_proof_kind kinds[] = {OP_PROOF_ED25519, OP_PROOF_ED25519, OP_PROOF_ED25519,
        OP_PROOF_ZK_AND_ED25519, OP_PROOF_ZK, OP_PROOF_ZK, OP_PROOF_ZK};

    *e = (struct everything){.locators = {multiaddr_of("/ip4/127.0.0.1/udp/3300/quic-v1"),
                                 multiaddr_of("/dns4/example.org/tcp/80")}};
    everything_ops(e);
    for (size_t i = 0; i < 7; i++) {
        e->proofs[i].kind = kinds[i];
        if (kinds[i] != OP_PROOF_ED25519)
            fill(&e->proofs[i].zk, sizeof(e->proofs[i].zk), (uint8_t)i);
        if (kinds[i] != OP_PROOF_ZK)
            fill(&e->proofs[i].ed25519, sizeof(e->proofs[i].ed25519), (uint8_t)(100 + i));
    }
    for (size_t i = 0; i < 2; i++)
        e->inputs[i] = fr_from_u64(30 + i);
    for (size_t i = 0; i < 3; i++)
        e->outputs[i] = (struct note){.value = UINT64_MAX - i, .pk = fr_from_u64(40 + i)};
    e->signed_tx = (struct signed_tx){
        .tx = {e->ops, 7, e->inputs, 2, e->outputs, 3, 50, 51}, .op_proofs = e->proofs};
    fill(&e->signed_tx.ledger_proof, sizeof(e->signed_tx.ledger_proof), 200);
}

struct encoded {
    uint8_t *bytes;
    size_t size;
};

static struct encoded encode(const struct signed_tx *signed_tx, enum tx_form form)
{
    struct encoded out = {.size = signed_tx_size(signed_tx, form)};

    out.bytes = malloc(out.size);
    assert_non_null(out.bytes);
    signed_tx_encode(signed_tx, form, out.bytes);
    return out;
}

/* Decodes from a buffer of exactly the size, so that a sanitizer sees a byte read too far. */
static enum nomos_status decode(
    const uint8_t *bytes, size_t size, enum tx_form form, struct nomos_error *err)
{
    struct signed_tx read = {0};
    uint8_t *exact = malloc(size ? size : 1);

    assert_non_null(exact);
    memcpy(exact, bytes, size);
    const enum nomos_status status = signed_tx_decode(exact, size, form, &read, err);
    free(exact);
    signed_tx_done(&read);
    return status;
}

static const enum tx_form forms[] = {TX_FORM_WIRE, TX_FORM_STORE};

static void every_operation_reads_back_in_both_forms(void **state)
{
    struct everything e;

    (void)state;
    everything_init(&e);
    for (size_t i = 0; i < 2; i++) {
        struct encoded encoded = encode(&e.signed_tx, forms[i]);
        struct signed_tx read;

        assert_int_equal(
            signed_tx_decode(encoded.bytes, encoded.size, forms[i], &read, NULL), NOMOS_OK);
        struct encoded again = encode(&read, forms[i]);
        assert_int_equal(again.size, encoded.size);
        assert_memory_equal(again.bytes, encoded.bytes, encoded.size);
        signed_tx_done(&read);
        free(encoded.bytes);
        free(again.bytes);
    }
}

static void fields_keep_their_values(void **state)
{
    struct everything e;
    struct signed_tx read;

    (void)state;
    everything_init(&e);
    struct encoded encoded = encode(&e.signed_tx, TX_FORM_STORE);
    assert_int_equal(
        signed_tx_decode(encoded.bytes, encoded.size, TX_FORM_STORE, &read, NULL), NOMOS_OK);
    free(encoded.bytes);
    assert_int_equal(read.tx.op_count, 7);
    assert_int_equal(read.tx.ops[0].inscribe.data_size, sizeof(some_bytes));
    assert_memory_equal(read.tx.ops[0].inscribe.data, some_bytes, sizeof(some_bytes));
    assert_int_equal(read.tx.ops[1].blob.session, 5);
    assert_int_equal(read.tx.ops[1].blob.blob_size, 7);
    assert_int_equal(read.tx.ops[1].blob.da_storage_gas_price, 8);
    assert_int_equal(read.tx.ops[2].set_keys.key_count, 2);
    assert_int_equal(read.tx.ops[3].declare.service, SDP_DA);
    assert_int_equal(read.tx.ops[3].declare.locators[1].size, e.locators[1].size);
    assert_int_equal(read.tx.ops[4].withdraw.nonce, UINT64_MAX);
    assert_int_equal(read.tx.ops[5].active.metadata_size, sizeof(some_bytes));
    assert_true(fr_equal(
        &read.tx.ops[6].leader_claim.mantle_tx_hash, &e.ops[6].leader_claim.mantle_tx_hash));
    assert_int_equal(read.tx.outputs[2].value, UINT64_MAX - 2);
    assert_true(fr_equal(&read.tx.inputs[1], &e.inputs[1]));
    assert_int_equal(read.tx.execution_gas_price, 50);
    assert_int_equal(read.tx.storage_gas_price, 51);
    assert_int_equal(read.op_proofs[3].kind, OP_PROOF_ZK_AND_ED25519);
    assert_memory_equal(&read.ledger_proof, &e.signed_tx.ledger_proof, 128);
    signed_tx_done(&read);
}

static void unsigned_part_reads_back(void **state)
{
    struct everything e;
    struct mantle_tx read;
    uint8_t bytes[2048];

    (void)state;
    everything_init(&e);
    const size_t size = mantle_tx_size(&e.signed_tx.tx);
    assert_true(size <= sizeof(bytes));
    mantle_tx_encode(&e.signed_tx.tx, bytes);
    assert_int_equal(mantle_tx_decode(bytes, size, &read, NULL), NOMOS_OK);
    assert_int_equal(read.op_count, 7);
    mantle_tx_done(&read);
    assert_int_equal(mantle_tx_decode(bytes, size - 1, &read, NULL), NOMOS_E_DATA);
}

static void every_truncation_is_refused(void **state)
{
    struct everything e;

    (void)state;
    everything_init(&e);
    for (size_t i = 0; i < 2; i++) {
        struct encoded encoded = encode(&e.signed_tx, forms[i]);

        for (size_t size = 0; size < encoded.size; size++)
            assert_int_equal(decode(encoded.bytes, size, forms[i], NULL), NOMOS_E_DATA);
        free(encoded.bytes);
    }
}

static void bytes_left_over_are_refused(void **state)
{
    struct nomos_error err;
    struct everything e;

    (void)state;
    everything_init(&e);
    for (size_t i = 0; i < 2; i++) {
        struct encoded encoded = encode(&e.signed_tx, forms[i]);
        uint8_t *longer = realloc(encoded.bytes, encoded.size + 1);

        assert_non_null(longer);
        longer[encoded.size] = 0;
        assert_int_equal(decode(longer, encoded.size + 1, forms[i], &err), NOMOS_E_DATA);
        assert_non_null(strstr(err.text, "left over"));
        free(longer);
    }
}

/* Random damage either fails or reads as something that writes the same bytes again. */
static void damaged_bytes_never_read_as_something_else(void **state)
{
    uint64_t seed = 0xdead;
    struct everything e;

    (void)state;
    everything_init(&e);
    for (size_t i = 0; i < 2; i++) {
        struct encoded encoded = encode(&e.signed_tx, forms[i]);

        for (size_t round = 0; round < 4000; round++) {
            const size_t at = next_number(&seed) % encoded.size;
            const uint8_t before = encoded.bytes[at];
            struct signed_tx read;

            encoded.bytes[at] ^= (uint8_t)(1U << (next_number(&seed) % 8));
            if (!signed_tx_decode(encoded.bytes, encoded.size, forms[i], &read, NULL)) {
                struct encoded again = encode(&read, forms[i]);

                assert_int_equal(again.size, encoded.size);
                assert_memory_equal(again.bytes, encoded.bytes, encoded.size);
                free(again.bytes);
                signed_tx_done(&read);
            }
            encoded.bytes[at] = before;
        }
        free(encoded.bytes);
    }
}

static void random_bytes_are_survived(void **state)
{
    uint64_t seed = 0xface;
    uint8_t bytes[300];

    (void)state;
    for (size_t round = 0; round < 20000; round++) {
        const size_t size = next_number(&seed) % sizeof(bytes);

        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(next_number(&seed) >> 32);
        /* Few operations, so that the reader gets beyond their count. */
        bytes[0] = (uint8_t)(round % 3);
        (void)decode(bytes, size, forms[round % 2], NULL);
    }
}

static void count_beyond_the_bytes_is_refused_before_memory_is_taken(void **state)
{
    /* 2^32 - 1 operations, inputs or outputs, in a form with counts of four bytes. */
    static const uint8_t ops[] = {0xff, 0xff, 0xff, 0xff};
    static const uint8_t inputs[] = {0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t outputs[] = {0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};
    struct nomos_error err;

    (void)state;
    assert_int_equal(decode(ops, sizeof(ops), TX_FORM_STORE, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "count"));
    assert_int_equal(decode(inputs, sizeof(inputs), TX_FORM_STORE, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "count"));
    assert_int_equal(decode(outputs, sizeof(outputs), TX_FORM_STORE, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "count"));
}

static void refusal_names_the_byte(void **state)
{
    struct nomos_error err;
    /* One operation, of a code that does not exist, and enough after it. */
    uint8_t bytes[64] = {1, 0x77};

    (void)state;
    assert_int_equal(decode(bytes, sizeof(bytes), TX_FORM_WIRE, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "signed transaction, byte 2: unknown operation code");
}

static void element_above_r_is_refused(void **state)
{
    struct everything e;
    struct nomos_error err;

    (void)state;
    everything_init(&e);
    e.signed_tx.tx.op_count = 0;
    struct encoded encoded = encode(&e.signed_tx, TX_FORM_WIRE);
    memset(encoded.bytes + 2, 0xff, FR_SIZE); /* the first input */
    assert_int_equal(decode(encoded.bytes, encoded.size, TX_FORM_WIRE, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "signed transaction, byte 2: not a canonical field element");
    free(encoded.bytes);
}

static void unknown_service_and_proof_kind_are_refused(void **state)
{
    struct everything e;
    struct nomos_error err;

    (void)state;
    everything_init(&e);
    e.signed_tx.tx.ops = &e.ops[3];
    e.signed_tx.op_proofs = &e.proofs[3];
    e.signed_tx.tx.op_count = 1;
    struct encoded encoded = encode(&e.signed_tx, TX_FORM_STORE);
    encoded.bytes[5] = 2; /* after a count of four bytes and the code */
    assert_int_equal(decode(encoded.bytes, encoded.size, TX_FORM_STORE, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "unknown service"));
    encoded.bytes[5] = 1;
    encoded.bytes[encoded.size - 128 - 64 - 128 - 1] = 4;
    assert_int_equal(decode(encoded.bytes, encoded.size, TX_FORM_STORE, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "unknown kind"));
    free(encoded.bytes);
}

static void broken_locator_is_refused(void **state)
{
    struct everything e;
    struct nomos_error err;

    (void)state;
    everything_init(&e);
    e.signed_tx.tx.ops = &e.ops[3];
    e.signed_tx.op_proofs = &e.proofs[3];
    e.signed_tx.tx.op_count = 1;
    struct encoded encoded = encode(&e.signed_tx, TX_FORM_WIRE);
    encoded.bytes[6] = 0x05; /* code, service, count, length: the first byte of the address */
    assert_int_equal(decode(encoded.bytes, encoded.size, TX_FORM_WIRE, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "multiaddress"));
    free(encoded.bytes);
}

static void operation_without_proof_is_kept_by_the_store_form_only(void **state)
{
    struct op op = {.code = OP_CHANNEL_INSCRIBE};
    struct op_proof proof = {.kind = OP_PROOF_NONE};
    const struct signed_tx signed_tx = {.tx = {.ops = &op, .op_count = 1}, .op_proofs = &proof};
    struct encoded wire_form = encode(&signed_tx, TX_FORM_WIRE);
    struct encoded store_form = encode(&signed_tx, TX_FORM_STORE);

    (void)state;
    assert_int_equal(decode(wire_form.bytes, wire_form.size, TX_FORM_WIRE, NULL), NOMOS_E_DATA);
    assert_int_equal(decode(store_form.bytes, store_form.size, TX_FORM_STORE, NULL), NOMOS_OK);
    free(wire_form.bytes);
    free(store_form.bytes);
}

static void store_form_keeps_more_than_a_byte_counts(void **state)
{
    static struct note outputs[300];
    const struct signed_tx signed_tx = {.tx = {.outputs = outputs, .output_count = 300}};
    struct encoded wire_form = encode(&signed_tx, TX_FORM_WIRE);
    struct encoded store_form = encode(&signed_tx, TX_FORM_STORE);
    struct signed_tx read;

    (void)state;
    assert_int_equal(decode(wire_form.bytes, wire_form.size, TX_FORM_WIRE, NULL), NOMOS_E_DATA);
    assert_int_equal(
        signed_tx_decode(store_form.bytes, store_form.size, TX_FORM_STORE, &read, NULL), NOMOS_OK);
    assert_int_equal(read.tx.output_count, 300);
    signed_tx_done(&read);
    free(wire_form.bytes);
    free(store_form.bytes);
}

static void output_is_untouched_on_failure(void **state)
{
    struct signed_tx read = {.tx = {.storage_gas_price = 77}};

    (void)state;
    assert_int_equal(
        signed_tx_decode((const uint8_t *)"", 0, TX_FORM_WIRE, &read, NULL), NOMOS_E_DATA);
    assert_int_equal(read.tx.storage_gas_price, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_reads_back_in_both_forms),
        cmocka_unit_test(fields_keep_their_values),
        cmocka_unit_test(unsigned_part_reads_back),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bytes_left_over_are_refused),
        cmocka_unit_test(damaged_bytes_never_read_as_something_else),
        cmocka_unit_test(random_bytes_are_survived),
        cmocka_unit_test(count_beyond_the_bytes_is_refused_before_memory_is_taken),
        cmocka_unit_test(refusal_names_the_byte),
        cmocka_unit_test(element_above_r_is_refused),
        cmocka_unit_test(unknown_service_and_proof_kind_are_refused),
        cmocka_unit_test(broken_locator_is_refused),
        cmocka_unit_test(operation_without_proof_is_kept_by_the_store_form_only),
        cmocka_unit_test(store_form_keeps_more_than_a_byte_counts),
        cmocka_unit_test(output_is_untouched_on_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
