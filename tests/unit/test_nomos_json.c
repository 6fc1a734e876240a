/* The JSON forms: what the writers write reads back, and what does not fit is refused by name. */
#include "test_nomos_support.h"

#include <json-c/json.h>
#include <stdio.h>

#include "nomos/json_block.h"
#include "nomos/json_sdp.h"
#include "nomos/json_tx.h"
#include "nomos/proof.h"

/* A transfer as a node would get it, written by hand from the node contract (2.7). %s is a place
   for a changed part: inputs, outputs, the rest of mantle_tx, ops_proofs, pi_a. */
#define NUMBERS_32                                                                                 \
    "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"
#define INPUT "\"0500000000000000000000000000000000000000000000000000000000000000\""
#define OUTPUT                                                                                     \
    "{\"value\":100,\"pk\":\"29b67531bb6456772e2d0aaef94bbe48df0c6fdcfe03c56e9ce86b3c104e861a\"}"
#define ID32 "\"abababababababababababababababababababababababababababababababab\""
#define KEY  "\"3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\""

struct parts {
    const char *ops;
    const char *inputs;
    const char *outputs;
    const char *prices;
    const char *proofs;
    const char *pi_a;
};

static const struct parts transfer = {.ops = "",
    .inputs = INPUT,
    .outputs = OUTPUT,
    .prices = "\"execution_gas_price\":0,\"storage_gas_price\":0",
    .proofs = "",
    .pi_a = NUMBERS_32};

static char *compose(const struct parts *parts)
{
    char *text = NULL;

    assert_true(asprintf(&text,
                    "{\"mantle_tx\":{\"ops\":[%s],\"ledger_tx\":{\"inputs\":[%s],\"outputs\":[%s]},"
                    "%s},\"ops_proofs\":[%s],\"ledger_tx_proof\":{\"pi_a\":[%s],\"pi_b\":[%s,%s],"
                    "\"pi_c\":[%s]}}",
                    parts->ops, parts->inputs, parts->outputs, parts->prices, parts->proofs,
                    parts->pi_a, NUMBERS_32, NUMBERS_32, NUMBERS_32) > 0);
    return text;
}

static enum nomos_status parse(const char *text, struct nomos_error *err)
{
    struct signed_tx read = {0};
    const enum nomos_status status = json_tx_parse(text, strlen(text), &read, err);

    signed_tx_done(&read);
    return status;
}

static void assert_refused(const struct parts *parts, const char *why)
{
    struct nomos_error err;
    char *text = compose(parts);

    assert_int_equal(parse(text, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, why);
    free(text);
}

/* --- reading transactions ----------------------------------------------------------------- */

static void transfer_reads_and_hashes_as_the_vector(void **state)
{
    const struct wire wire = test_wire();
    char *text = compose(&transfer);
    struct signed_tx read;

    (void)state;
    assert_int_equal(json_tx_parse(text, strlen(text), &read, NULL), NOMOS_OK);
    const struct fr hash = tx_hash(&wire, &read.tx);
    assert_fr(&hash, "0e815d0a468d43b4efc39e3a15f13d161e84b20e7f0fa283047d74388c809008");
    for (size_t i = 0; i < 128; i++)
        assert_int_equal(read.ledger_proof.bytes[i], i % 32);
    signed_tx_done(&read);
    free(text);
}

static void what_is_not_json_is_a_syntax_error(void **state)
{
    static const char *const texts[] = {"", " ", "{", "{\"a\":}", "{} {}", "{}x", "nul", "[1,2",
        "{'a':1}", "{\"a\":\"\xff\"}", "{\"a\":1,}", "\"abc", "[NaN]", "[-Infinity]", "[\"a\nb\"]",
        "[\"\\", "[01]", "[+1]", "[1 2]", "{a:1}"};
    struct nomos_error err;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(parse(texts[i], &err), NOMOS_E_SYNTAX);
        assert_memory_equal(err.text, "not JSON", 8);
    }
}

static void json_that_is_too_deep_is_refused(void **state)
{
    char text[201] = "";

    (void)state;
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    assert_int_equal(parse(text, NULL), NOMOS_E_SYNTAX);
}

static void text_need_not_be_terminated_and_may_end_in_blanks(void **state)
{
    char *text = compose(&transfer);
    const size_t size = strlen(text);
    char *exact = malloc(size + 3);
    struct signed_tx read;

    (void)state;
    assert_non_null(exact);
    memcpy(exact, text, size);
    memcpy(exact + size, " \r\n", 3);
    free(text);
    assert_int_equal(json_tx_parse(exact, size + 3, &read, NULL), NOMOS_OK);
    signed_tx_done(&read);
    free(exact);
}

static void zero_byte_after_the_document_is_refused(void **state)
{
    char *text = compose(&transfer);

    (void)state;
    assert_int_equal(json_tx_parse(text, strlen(text) + 1, NULL, NULL), NOMOS_E_SYNTAX);
    free(text);
}

static void json_of_another_kind_is_a_data_error(void **state)
{
    struct nomos_error err;

    (void)state;
    assert_int_equal(parse("null", &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "not an object");
    assert_int_equal(parse("[]", &err), NOMOS_E_DATA);
    assert_int_equal(parse("1", &err), NOMOS_E_DATA);
    assert_int_equal(parse("{}", &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `mantle_tx`: missing");
    assert_int_equal(parse("{\"mantle_tx\":7,\"ledger_tx_proof\":0}", &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `mantle_tx`: not an object");
}

static void unknown_keys_are_ignored(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.prices = "\"execution_gas_price\":0,\"storage_gas_price\":0,\"comment\":[1]";
    char *text = compose(&parts);
    assert_int_equal(parse(text, NULL), NOMOS_OK);
    free(text);
}

static void bad_note_id_is_named_by_its_place(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.inputs = INPUT "," INPUT "," INPUT
                         ",\"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"";
    assert_refused(&parts, "field `mantle_tx.ledger_tx.inputs[3]`: not a canonical field element");
    parts.inputs = INPUT ",\"05\"";
    assert_refused(&parts, "field `mantle_tx.ledger_tx.inputs[1]`: not 64 hexadecimal digits");
    parts.inputs = "\"0x0500000000000000000000000000000000000000000000000000000000000000\"";
    assert_refused(&parts, "field `mantle_tx.ledger_tx.inputs[0]`: not 64 hexadecimal digits");
    parts.inputs = "5";
    assert_refused(&parts, "field `mantle_tx.ledger_tx.inputs[0]`: not a string");
    parts.inputs = "null";
    assert_refused(&parts, "field `mantle_tx.ledger_tx.inputs[0]`: not a string");
}

static void values_are_integers_of_64_bits(void **state)
{
    static const char *const refused[] = {"-1", "1.0", "1e3", "\"1\"", "null", "true"};
    struct parts parts = transfer;
    char outputs[200];

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        (void)snprintf(outputs, sizeof(outputs), "{\"value\":%s,\"pk\":" INPUT "}", refused[i]);
        parts.outputs = outputs;
        if (strcmp(refused[i], "null") == 0)
            assert_refused(&parts, "field `mantle_tx.ledger_tx.outputs[0].value`: missing");
        else
            assert_refused(&parts,
                "field `mantle_tx.ledger_tx.outputs[0].value`: not an unsigned "
                "integer of 64 bits");
    }
}

static void largest_value_reads_exactly(void **state)
{
    struct parts parts = transfer;
    struct signed_tx read;

    (void)state;
    parts.outputs = "{\"value\":18446744073709551615,\"pk\":" INPUT "},"
                    "{\"value\":9223372036854775808,\"pk\":" INPUT "},"
                    "{\"value\":9007199254740993,\"pk\":" INPUT "}";
    char *text = compose(&parts);
    assert_int_equal(json_tx_parse(text, strlen(text), &read, NULL), NOMOS_OK);
    assert_true(read.tx.outputs[0].value == UINT64_MAX);
    assert_true(read.tx.outputs[1].value == UINT64_C(9223372036854775808));
    assert_true(read.tx.outputs[2].value == UINT64_C(9007199254740993));
    signed_tx_done(&read);
    free(text);
}

static void value_beyond_64_bits_is_refused_not_bent(void **state)
{
    static const char *const values[] = {"18446744073709551616", "99999999999999999999",
        "100000000000000000000", "-9223372036854775809", "18446744073709551615.5"};
    struct parts parts = transfer;
    char outputs[200];

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        (void)snprintf(outputs, sizeof(outputs), "{\"value\":%s,\"pk\":" INPUT "}", values[i]);
        parts.outputs = outputs;
        char *text = compose(&parts);
        assert_int_equal(parse(text, NULL), NOMOS_E_DATA);
        free(text);
    }
}

static void long_numbers_in_strings_and_fractions_are_let_be(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.prices = "\"execution_gas_price\":0,\"storage_gas_price\":0,"
                   "\"99999999999999999999\":[1.99999999999999999999,\"\\\"'NI\",1e5]";
    char *text = compose(&parts);
    assert_int_equal(parse(text, NULL), NOMOS_OK);
    free(text);
}

static void proof_of_the_wrong_size_or_with_no_bytes_is_refused(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.pi_a = "1,2,3";
    assert_refused(&parts, "field `ledger_tx_proof.pi_a`: not an array of 32 numbers");
    parts.pi_a = NUMBERS_32 ",32";
    assert_refused(&parts, "field `ledger_tx_proof.pi_a`: not an array of 32 numbers");
    parts.pi_a = "256,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,"
                 "29,30,31";
    assert_refused(&parts, "field `ledger_tx_proof.pi_a[0]`: not a byte (0 to 255)");
}

static void number_of_proofs_is_that_of_operations(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.proofs = "\"NoProof\"";
    assert_refused(&parts, "field `ops_proofs`: not as many proofs as operations");
}

static void unknown_operation_and_proofs_are_refused(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.ops = "{\"opcode\":3,\"payload\":{}}";
    parts.proofs = "\"NoProof\"";
    assert_refused(&parts, "field `mantle_tx.ops[0].opcode`: unknown operation code");
    parts.ops = "{\"opcode\":2,\"payload\":{\"channel\":" ID32 ",\"keys\":[]}}";
    parts.proofs = "\"Proof\"";
    assert_refused(
        &parts, "field `ops_proofs[0]`: not one of NoProof, Ed25519Sig, ZkSig, ZkAndEd25519Sigs");
    parts.proofs = "{\"RsaSig\":[]}";
    assert_refused(
        &parts, "field `ops_proofs[0]`: not one of NoProof, Ed25519Sig, ZkSig, ZkAndEd25519Sigs");
    parts.proofs = "{\"Ed25519Sig\":[],\"ZkSig\":{}}";
    assert_refused(&parts, "field `ops_proofs[0]`: not a single kind of proof");
    parts.proofs = "7";
    assert_refused(&parts, "field `ops_proofs[0]`: not an object");
    parts.proofs = "{\"Ed25519Sig\":[1]}";
    assert_refused(&parts, "field `ops_proofs[0].Ed25519Sig`: not an array of 64 numbers");
    parts.proofs = "{\"ZkSig\":{}}";
    assert_refused(&parts, "field `ops_proofs[0].ZkSig.pi_a`: missing");
    parts.proofs = "{\"ZkAndEd25519Sigs\":{}}";
    assert_refused(&parts, "field `ops_proofs[0].ZkAndEd25519Sigs.zk_sig`: missing");
}

static void operations_are_checked_field_by_field(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.proofs = "\"NoProof\"";
    parts.ops = "{\"opcode\":0,\"payload\":{\"channel_id\":" ID32 ",\"inscription\":[1,300],"
                "\"parent\":" ID32 ",\"signer\":" KEY "}}";
    assert_refused(
        &parts, "field `mantle_tx.ops[0].payload.inscription[1]`: not a byte (0 to 255)");
    parts.ops =
        "{\"opcode\":0,\"payload\":{\"channel_id\":" ID32 ",\"inscription\":[1],"
        "\"parent\":" ID32
        ",\"signer\":\"0200000000000000000000000000000000000000000000000000000000000000\"}}";
    assert_refused(&parts, "field `mantle_tx.ops[0].payload.signer`: not an Ed25519 public key");
    parts.ops = "{\"opcode\":2,\"payload\":{\"channel\":" ID32 ",\"keys\":7}}";
    assert_refused(&parts, "field `mantle_tx.ops[0].payload.keys`: not an array");
    parts.ops = "{\"opcode\":32,\"payload\":{\"service_type\":\"XX\"}}";
    assert_refused(
        &parts, "field `mantle_tx.ops[0].payload.service_type`: neither \"BN\" nor \"DA\"");
    parts.ops = "{\"opcode\":32,\"payload\":{\"service_type\":\"BN\",\"locators\":[\"/ip4/1\"]}}";
    assert_refused(&parts,
        "field `mantle_tx.ops[0].payload.locators[0]`: not a multiaddress of known protocols");
    parts.ops = "{\"opcode\":34,\"payload\":{\"declaration_id\":[" NUMBERS_32
                "],\"nonce\":0,\"metadata\":{\"Blend\":{}}}}";
    assert_refused(&parts, "field `mantle_tx.ops[0].payload.metadata`: not an array");
}

static void ids_and_keys_take_0x(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.proofs = "\"NoProof\"";
    parts.ops = "{\"opcode\":0,\"payload\":{\"channel_id\":"
                "\"0xabababababababababababababababababababababababababababababababab\","
                "\"inscription\":[],\"parent\":" ID32 ",\"signer\":"
                "\"0x3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29\"}}";
    char *text = compose(&parts);
    assert_int_equal(parse(text, NULL), NOMOS_OK);
    free(text);
}

static void string_with_a_zero_inside_is_refused(void **state)
{
    struct parts parts = transfer;

    (void)state;
    parts.proofs = "\"NoProof\"";
    parts.ops = "{\"opcode\":32,\"payload\":{\"service_type\":\"BN\\u0000\"}}";
    assert_refused(&parts, "field `mantle_tx.ops[0].payload.service_type`: not a string");
}

static void path_of_a_part_begins_with_the_callers(void **state)
{
    struct json_object *object = json_tokener_parse("{}");
    struct nomos_error err;
    struct signed_tx read;

    (void)state;
    assert_int_equal(json_tx_from_object(object, "genesis_tx", &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `genesis_tx.mantle_tx`: missing");
    (void)json_object_put(object);
}

static void damaged_documents_are_survived(void **state)
{
    uint64_t seed = 0x15;
    char *text = compose(&transfer);
    const size_t size = strlen(text);

    (void)state;
    for (size_t round = 0; round < 5000; round++) {
        const size_t at = next_number(&seed) % size;
        const char before = text[at];

        text[at] = (char)(next_number(&seed) % 128);
        struct signed_tx read = {0};
        (void)json_tx_parse(text, next_number(&seed) % 4 ? size : at, &read, NULL);
        signed_tx_done(&read);
        text[at] = before;
    }
    free(text);
}

/* --- writing and reading back ------------------------------------------------------------- */

static uint8_t some_bytes[] = {0, 9, 10, 99, 100, 255};

struct everything {
    struct multiaddr locator;
    struct bytes32 key;
    struct op ops[7];
    struct op_proof proofs[7];
    struct fr input;
    struct note output;
    struct signed_tx signed_tx;
};

static void everything_init(struct everything *e)
{
    struct ed25519_key key;

    assert_true(keys_init());
    ed25519_zero_key(&key);
    *e = (struct everything){.locator = multiaddr_of("/dns4/a.b/udp/3300/quic-v1"),
        .key = key.public_key,
        .input = fr_from_u64(1),
        .output = {.value = UINT64_MAX, .pk = fr_from_u64(2)}};
    e->ops[0] = (struct op){.code = OP_CHANNEL_INSCRIBE,
        .inscribe = {bytes32_of(1), some_bytes, sizeof(some_bytes), bytes32_of(2), e->key}};
    e->ops[1] = (struct op){.code = OP_CHANNEL_BLOB,
        .blob = {bytes32_of(4), 5, bytes32_of(6), 7, 8, bytes32_of(9), e->key}};
    e->ops[2] = (struct op){.code = OP_CHANNEL_SET_KEYS, .set_keys = {bytes32_of(11), &e->key, 1}};
    e->ops[3] = (struct op){.code = OP_SDP_DECLARE,
        .declare = {SDP_BLEND, &e->locator, 1, e->key, fr_from_u64(13), fr_from_u64(14)}};
    e->ops[4] = (struct op){
        .code = OP_SDP_WITHDRAW, .withdraw = {bytes32_of(15), UINT64_MAX, fr_from_u64(16)}};
    e->ops[5] = (struct op){
        .code = OP_SDP_ACTIVE, .active = {bytes32_of(17), 18, some_bytes, sizeof(some_bytes)}};
    e->ops[6] = (struct op){.code = OP_LEADER_CLAIM,
        .leader_claim = {fr_from_u64(19), fr_from_u64(20), fr_from_u64(21)}};
    for (size_t i = 0; i < 7; i++) {
        e->proofs[i].kind = (enum op_proof_kind)(i % 4);
        if (e->proofs[i].kind == OP_PROOF_ZK || e->proofs[i].kind == OP_PROOF_ZK_AND_ED25519)
            memset(&e->proofs[i].zk, (int)i, 128);
        if (e->proofs[i].kind == OP_PROOF_ED25519 || e->proofs[i].kind == OP_PROOF_ZK_AND_ED25519)
            memset(&e->proofs[i].ed25519, (int)(200 + i), 64);
    }
    e->signed_tx = (struct signed_tx){
        .tx = {e->ops, 7, &e->input, 1, &e->output, 1, 50, 51}, .op_proofs = e->proofs};
    memset(&e->signed_tx.ledger_proof, 77, 128);
}

static void assert_same_tx(const struct signed_tx *a, const struct signed_tx *b)
{
    const size_t size = signed_tx_size(a, TX_FORM_STORE);
    uint8_t *bytes_a = malloc(size);
    uint8_t *bytes_b = malloc(size);

    assert_non_null(bytes_a);
    assert_non_null(bytes_b);
    assert_int_equal(signed_tx_size(b, TX_FORM_STORE), size);
    signed_tx_encode(a, TX_FORM_STORE, bytes_a);
    signed_tx_encode(b, TX_FORM_STORE, bytes_b);
    assert_memory_equal(bytes_a, bytes_b, size);
    free(bytes_a);
    free(bytes_b);
}

static void every_operation_and_proof_reads_back_as_written(void **state)
{
    struct everything e;
    struct signed_tx read;
    struct text text = {0};
    struct nomos_error err = {""};

    (void)state;
    everything_init(&e);
    json_tx_write(&text, &e.signed_tx);
    assert_true(text_ok(&text));
    if (json_tx_parse(text.bytes, text.size, &read, &err))
        fail_msg("%s", err.text);
    assert_same_tx(&read, &e.signed_tx);
    signed_tx_done(&read);
    text_done(&text);
}

static void written_transfer_is_the_text_of_the_contract(void **state)
{
    char *expected = compose(&transfer);
    struct text text = {0};
    struct signed_tx read;

    (void)state;
    assert_int_equal(json_tx_parse(expected, strlen(expected), &read, NULL), NOMOS_OK);
    json_tx_write(&text, &read);
    assert_string_equal(text.bytes, expected);
    signed_tx_done(&read);
    text_done(&text);
    free(expected);
}

static struct block example_block(struct signed_tx *txs, size_t count, bool has_public)
{
    struct block block = {.header = {.parent = bytes32_of(1),
                              .slot = UINT64_MAX,
                              .block_root = bytes32_of(2),
                              .entropy = fr_from_u64(3),
                              .voucher = fr_from_u64(4),
                              .has_leader_public = has_public},
        .txs = txs,
        .tx_count = count};

    memset(block.header.proof, 5, sizeof(block.header.proof));
    memset(block.signature.bytes, 6, sizeof(block.signature.bytes));
    if (has_public)
        block.header.leader_public =
            (struct leader_public){7, fr_from_u64(8), 9, fr_from_u64(10), fr_from_u64(11)};
    return block;
}

static void assert_same_block(const struct block *a, const struct block *b)
{
    const size_t size = block_size(a);
    uint8_t *bytes_a = malloc(size);
    uint8_t *bytes_b = malloc(size);

    assert_non_null(bytes_a);
    assert_non_null(bytes_b);
    assert_int_equal(block_size(b), size);
    block_encode(a, bytes_a);
    block_encode(b, bytes_b);
    assert_memory_equal(bytes_a, bytes_b, size);
    free(bytes_a);
    free(bytes_b);
}

static void blocks_read_back_as_written(void **state)
{
    struct everything e;
    struct signed_tx txs[2];

    (void)state;
    everything_init(&e);
    txs[0] = e.signed_tx;
    txs[1] = (struct signed_tx){0};
    for (size_t i = 0; i < 4; i++) {
        const struct block block = example_block(txs, i % 2 * 2, i / 2);
        struct text text = {0};
        struct block read;

        json_block_write(&text, &block);
        assert_int_equal(json_block_parse(text.bytes, text.size, &read, NULL), NOMOS_OK);
        assert_same_block(&read, &block);
        block_done(&read);
        text_done(&text);
    }
}

static void block_without_its_parts_is_refused_by_name(void **state)
{
    static const char *const cuts[] = {"\"header\"", "\"version\"", "\"slot\"", "\"proof\"",
        "\"signature\"", "\"transactions\"", "\"leader_key\"", "\"aged_root\""};
    const struct block block = example_block(NULL, 0, true);
    struct text text = {0};

    (void)state;
    json_block_write(&text, &block);
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        struct nomos_error err;
        struct block read;
        char *at = strstr(text.bytes, cuts[i]);
        char name[32];

        assert_non_null(at);
        at[1] = '_'; /* a name that nobody knows */
        assert_int_equal(json_block_parse(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
        (void)snprintf(name, sizeof(name), "%.*s`: missing", (int)strlen(cuts[i]) - 2, cuts[i] + 1);
        assert_non_null(strstr(err.text, name));
        at[1] = cuts[i][1];
    }
    text_done(&text);
}

static void block_of_an_unknown_version_is_refused(void **state)
{
    const struct block block = example_block(NULL, 0, false);
    struct text text = {0};
    struct nomos_error err;
    struct block read;

    (void)state;
    json_block_write(&text, &block);
    memcpy(strstr(text.bytes, "Bedrock"), "Bedrick", 7);
    assert_int_equal(json_block_parse(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `header.version`: not \"Bedrock\"");
    text_done(&text);
}

static void transaction_in_a_block_is_named_by_its_place(void **state)
{
    struct signed_tx txs[2] = {0};
    const struct block block = example_block(txs, 2, false);
    struct text text = {0};
    struct nomos_error err;
    struct block read;

    (void)state;
    json_block_write(&text, &block);
    char *first = strstr(text.bytes, "ledger_tx\"");
    assert_non_null(first);
    char *second = strstr(first + 1, "ledger_tx\"");
    assert_non_null(second);
    *second = '_';
    assert_int_equal(json_block_parse(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `transactions[1].mantle_tx.ledger_tx`: missing");
    text_done(&text);
}

static void block_with_too_many_transactions_is_refused(void **state)
{
    static struct signed_tx txs[BLOCK_TXS_MAX + 1];
    const struct block block = example_block(txs, BLOCK_TXS_MAX + 1, false);
    struct text text = {0};
    struct nomos_error err;
    struct block read;

    (void)state;
    json_block_write(&text, &block);
    assert_int_equal(json_block_parse(text.bytes, text.size, &read, &err), NOMOS_E_DATA);
    assert_string_equal(err.text, "field `transactions`: more transactions than a block may have");
    text_done(&text);
}

static void null_in_place_of_a_block_is_refused(void **state)
{
    struct block read;

    (void)state;
    assert_int_equal(json_block_parse("null", 4, &read, NULL), NOMOS_E_DATA);
    assert_int_equal(json_block_parse("nil", 3, &read, NULL), NOMOS_E_SYNTAX);
}

static void explorer_form_has_id_and_hashes_and_no_version(void **state)
{
    struct signed_tx txs[1] = {0};
    const struct block block = example_block(txs, 1, false);
    const struct bytes32 id = bytes32_of(0xcd);
    const struct fr hash = fr_from_u64(1);
    struct text text = {0};

    (void)state;
    json_block_write_api(&text, &block, &id, &hash);
    assert_null(strstr(text.bytes, "Bedrock"));
    assert_memory_equal(text.bytes, "{\"header\":{\"id\":\"cdcd", 21);
    assert_non_null(strstr(text.bytes, "{\"mantle_tx\":{\"hash\":\"0100000000"));
    struct json_object *object = json_tokener_parse(text.bytes);
    assert_non_null(object);
    (void)json_object_put(object);
    text_done(&text);
}

/* --- declarations ------------------------------------------------------------------------- */

static void declarations_read_back_as_written(void **state)
{
    struct everything e;
    struct sdp_declaration list[2];
    struct sdp_declaration *read;
    struct text text = {0};
    struct text again = {0};
    size_t count;

    (void)state;
    everything_init(&e);
    list[0] = (struct sdp_declaration){.declare = e.ops[3].declare, .created = 1, .active = 2};
    list[1] = (struct sdp_declaration){
        .declare = e.ops[3].declare, .is_withdrawn = true, .withdrawn = 3, .nonce = UINT64_MAX};
    list[1].declare.service = SDP_DA;
    json_sdp_write(&text, list, 2);
    assert_int_equal(json_sdp_parse(text.bytes, text.size, &read, &count, NULL), NOMOS_OK);
    assert_int_equal(count, 2);
    assert_false(read[0].is_withdrawn);
    assert_true(read[1].is_withdrawn);
    json_sdp_write(&again, read, count);
    assert_string_equal(again.bytes, text.bytes);
    sdp_declarations_free(read, count);
    text_done(&text);
    text_done(&again);
}

static void broken_declarations_are_refused(void **state)
{
    static const char *const texts[] = {"{}", "[7]", "[{}]", "[{\"service_type\":\"DA\"}]"};
    struct sdp_declaration *read;
    size_t count;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            json_sdp_parse(texts[i], strlen(texts[i]), &read, &count, NULL), NOMOS_E_DATA);
    assert_int_equal(json_sdp_parse("[", 1, &read, &count, NULL), NOMOS_E_SYNTAX);
    assert_int_equal(json_sdp_parse("[]", 2, &read, &count, NULL), NOMOS_OK);
    assert_int_equal(count, 0);
    sdp_declarations_free(read, count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfer_reads_and_hashes_as_the_vector),
        cmocka_unit_test(what_is_not_json_is_a_syntax_error),
        cmocka_unit_test(json_that_is_too_deep_is_refused),
        cmocka_unit_test(text_need_not_be_terminated_and_may_end_in_blanks),
        cmocka_unit_test(zero_byte_after_the_document_is_refused),
        cmocka_unit_test(json_of_another_kind_is_a_data_error),
        cmocka_unit_test(unknown_keys_are_ignored),
        cmocka_unit_test(bad_note_id_is_named_by_its_place),
        cmocka_unit_test(values_are_integers_of_64_bits),
        cmocka_unit_test(largest_value_reads_exactly),
        cmocka_unit_test(value_beyond_64_bits_is_refused_not_bent),
        cmocka_unit_test(long_numbers_in_strings_and_fractions_are_let_be),
        cmocka_unit_test(proof_of_the_wrong_size_or_with_no_bytes_is_refused),
        cmocka_unit_test(number_of_proofs_is_that_of_operations),
        cmocka_unit_test(unknown_operation_and_proofs_are_refused),
        cmocka_unit_test(operations_are_checked_field_by_field),
        cmocka_unit_test(ids_and_keys_take_0x),
        cmocka_unit_test(string_with_a_zero_inside_is_refused),
        cmocka_unit_test(path_of_a_part_begins_with_the_callers),
        cmocka_unit_test(damaged_documents_are_survived),
        cmocka_unit_test(every_operation_and_proof_reads_back_as_written),
        cmocka_unit_test(written_transfer_is_the_text_of_the_contract),
        cmocka_unit_test(blocks_read_back_as_written),
        cmocka_unit_test(block_without_its_parts_is_refused_by_name),
        cmocka_unit_test(block_of_an_unknown_version_is_refused),
        cmocka_unit_test(transaction_in_a_block_is_named_by_its_place),
        cmocka_unit_test(block_with_too_many_transactions_is_refused),
        cmocka_unit_test(null_in_place_of_a_block_is_refused),
        cmocka_unit_test(explorer_form_has_id_and_hashes_and_no_version),
        cmocka_unit_test(declarations_read_back_as_written),
        cmocka_unit_test(broken_declarations_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
