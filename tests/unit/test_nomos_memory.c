/* Out of memory, at every allocation in turn: the library says so, leaks nothing and leaves what
 * it was given as it was. This program's nomos_alloc and nomos_resize take the place of the
 * library's. */
#include "test_nomos_support.h"

#include "nomos/block.h"
#include "nomos/genesis.h"
#include "nomos/json_block.h"
#include "nomos/json_sdp.h"
#include "nomos/json_tx.h"
#include "nomos/memory.h"
#include "nomos/utxo.h"

/* Allocations to let through before one fails; SIZE_MAX: all. */
static size_t allowed = SIZE_MAX;
static bool has_failed;

static bool may_allocate(void)
{
    if (allowed == SIZE_MAX)
        return true;
    if (allowed-- > 0)
        return true;
    allowed = SIZE_MAX;
    has_failed = true;
    return false;
}

void *nomos_alloc(size_t count, size_t size)
{
    return may_allocate() ? calloc(count ? count : 1, size) : NULL;
}

void *nomos_resize(void *block, size_t size)
{
    return may_allocate() ? realloc(block, size ? size : 1) : NULL;
}

/* What is done with the nth allocation failing. It returns NOMOS_E_MEMORY or, for some n beyond its
   last allocation, NOMOS_OK. */
typedef enum nomos_status scenario(void *context);

static void fail_each_allocation(scenario *run, void *context)
{
    size_t n = 0;

    do {
        allowed = n++;
        has_failed = false;
        const enum nomos_status status = run(context);
        allowed = SIZE_MAX;
        assert_int_equal(status, has_failed ? NOMOS_E_MEMORY : NOMOS_OK);
        assert_true(n < 1000);
    } while (has_failed);
    assert_true(n > 1); /* it did allocate */
}

/* --- an input with everything in it ------------------------------------------------------- */

struct fixture {
    struct wire wire;
    struct genesis_node nodes[2];
    struct note account;
    struct genesis_spec spec;
    struct signed_tx genesis;
    struct op ops[2];
    struct op_proof proofs[2];
    struct block block;
    uint8_t *bytes;
    size_t size;
    struct text json;
};

static uint8_t metadata[] = {1, 2, 3};
static struct bytes32 set_key;

static int setup(void **state)
{
    static struct fixture f;

    f = (struct fixture){.wire = test_wire(), .account = {.value = 1, .pk = fr_from_u64(2)}};
    for (size_t i = 0; i < 2; i++)
        f.nodes[i] = (struct genesis_node){.seed = bytes32_of((uint8_t)i),
            .da_locator = multiaddr_of("/udp/1"),
            .blend_locator = multiaddr_of("/udp/2")};
    f.spec = (struct genesis_spec){f.nodes, 2, &f.account, 1, false};
    assert_int_equal(genesis_build(&f.wire, &zk_scheme_dev, &f.spec, &f.genesis, NULL), NOMOS_OK);
    f.block = (struct block){.txs = &f.genesis, .tx_count = 1};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    signed_tx_done(&f->genesis);
    text_done(&f->json);
    free(f->bytes);
    return 0;
}

static void encode_block(struct fixture *f)
{
    f->size = block_size(&f->block);
    f->bytes = malloc(f->size);
    assert_non_null(f->bytes);
    block_encode(&f->block, f->bytes);
}

/* --- scenarios ---------------------------------------------------------------------------- */

static enum nomos_status decode_block(void *context)
{
    const struct fixture *f = context;
    struct block read = {.tx_count = 0};
    const enum nomos_status status = block_decode(f->bytes, f->size, &read, NULL);

    block_done(&read);
    return status;
}

static void decoding_a_block_survives(void **state)
{
    encode_block(*state);
    fail_each_allocation(decode_block, *state);
}

static enum nomos_status decode_ops(void *context)
{
    const struct fixture *f = context;
    struct signed_tx read = {0};
    const enum nomos_status status =
        signed_tx_decode(f->bytes, f->size, TX_FORM_STORE, &read, NULL);

    signed_tx_done(&read);
    return status;
}

/* The operations with arrays that a genesis does not have. */
static void other_operations(struct fixture *f)
{
    f->ops[0] =
        (struct op){.code = OP_SDP_ACTIVE, .active = {.metadata = metadata, .metadata_size = 3}};
    f->ops[1] =
        (struct op){.code = OP_CHANNEL_SET_KEYS, .set_keys = {.keys = &set_key, .key_count = 1}};
}

static void decoding_the_other_operations_survives(void **state)
{
    struct fixture *f = *state;
    struct fr input = fr_one;

    other_operations(f);
    const struct signed_tx signed_tx = {
        .tx = {.ops = f->ops, .op_count = 2, .inputs = &input, .input_count = 1},
        .op_proofs = f->proofs};
    f->size = signed_tx_size(&signed_tx, TX_FORM_STORE);
    f->bytes = malloc(f->size);
    assert_non_null(f->bytes);
    signed_tx_encode(&signed_tx, TX_FORM_STORE, f->bytes);
    fail_each_allocation(decode_ops, f);
}

static enum nomos_status parse_block(void *context)
{
    const struct fixture *f = context;
    struct block read = {.tx_count = 0};
    const enum nomos_status status = json_block_parse(f->json.bytes, f->json.size, &read, NULL);

    block_done(&read);
    return status;
}

static void parsing_a_block_survives(void **state)
{
    struct fixture *f = *state;

    json_block_write(&f->json, &f->block);
    fail_each_allocation(parse_block, f);
}

static enum nomos_status parse_tx(void *context)
{
    const struct fixture *f = context;
    struct signed_tx read = {0};
    const enum nomos_status status = json_tx_parse(f->json.bytes, f->json.size, &read, NULL);

    signed_tx_done(&read);
    return status;
}

static void parsing_the_other_operations_survives(void **state)
{
    struct fixture *f = *state;
    struct fr input = fr_one;

    other_operations(f);
    const struct signed_tx signed_tx = {
        .tx = {.ops = f->ops, .op_count = 2, .inputs = &input, .input_count = 1},
        .op_proofs = f->proofs};
    json_tx_write(&f->json, &signed_tx);
    fail_each_allocation(parse_tx, f);
}

static enum nomos_status parse_declarations(void *context)
{
    const struct fixture *f = context;
    struct sdp_declaration *list = NULL;
    size_t count = 0;
    const enum nomos_status status =
        json_sdp_parse(f->json.bytes, f->json.size, &list, &count, NULL);

    sdp_declarations_free(list, count);
    return status;
}

static void parsing_declarations_survives(void **state)
{
    struct fixture *f = *state;
    const struct sdp_declaration list[] = {
        {.declare = f->genesis.tx.ops[1].declare}, {.declare = f->genesis.tx.ops[2].declare}};

    json_sdp_write(&f->json, list, 2);
    fail_each_allocation(parse_declarations, f);
}

static enum nomos_status build_genesis(void *context)
{
    const struct fixture *f = context;
    struct signed_tx built = {0};
    const enum nomos_status status =
        genesis_build(&f->wire, &zk_scheme_dev, &f->spec, &built, NULL);

    signed_tx_done(&built);
    return status;
}

static void building_a_genesis_survives(void **state)
{
    fail_each_allocation(build_genesis, *state);
}

static enum nomos_status check_genesis(void *context)
{
    const struct fixture *f = context;

    return genesis_verify(&f->wire, &zk_scheme_dev, &f->genesis, NULL);
}

static void checking_a_genesis_survives(void **state)
{
    fail_each_allocation(check_genesis, *state);
}

static enum nomos_status write_json(void *context)
{
    struct fixture *f = context;
    struct text text = {0};

    json_block_write(&text, &f->block);
    const bool is_whole = text_ok(&text);
    text_done(&text);
    return is_whole ? NOMOS_OK : NOMOS_E_MEMORY;
}

static void writing_text_survives(void **state)
{
    fail_each_allocation(write_json, *state);
}

/* --- the UTXO set ------------------------------------------------------------------------- */

/* Two versions that share everything, so that each change must copy; ids that part late. */
struct versions {
    struct utxo first;
    struct utxo second;
    struct fr root;
};

static struct fr late_id(uint64_t i)
{
    return (struct fr){{7, 7, i, 0}};
}

static void versions_init(struct versions *v, uint64_t count)
{
    *v = (struct versions){.root = fr_zero};
    for (uint64_t i = 0; i < count; i++) {
        const struct fr id = i % 2 ? late_id(i) : fr_from_u64(1000 + i);
        const struct note note = {.value = i};

        assert_int_equal(utxo_insert(&v->first, &id, &note), UTXO_OK);
    }
    v->second = utxo_copy(&v->first);
    v->root = utxo_root(&v->first);
}

/* Whatever happened to one version, the other is as it was, and both give back all they took. */
static void versions_done(struct versions *v)
{
    const struct fr root = utxo_root(&v->first);

    assert_true(fr_equal(&root, &v->root));
    utxo_done(&v->first);
    utxo_done(&v->second);
}

static void inserting_survives_and_leaves_the_set_as_it_was(void **state)
{
    const struct note note = {.value = 77};
    const struct fr id = late_id(1000);

    (void)state;
    for (uint64_t count = 0; count <= 9; count++) {
        for (size_t n = 0;; n++) {
            struct versions v;

            versions_init(&v, count);
            allowed = n;
            has_failed = false;
            const enum utxo_result result = utxo_insert(&v.second, &id, &note);
            allowed = SIZE_MAX;
            assert_int_equal(result, has_failed ? UTXO_NO_MEMORY : UTXO_OK);
            assert_int_equal(v.second.count, has_failed ? count : count + 1);
            assert_true(utxo_find(&v.second, &id, NULL) == !has_failed);
            if (has_failed) {
                const struct fr root = utxo_root(&v.second);

                assert_true(fr_equal(&root, &v.root));
                /* And it works when there is memory again. */
                assert_int_equal(utxo_insert(&v.second, &id, &note), UTXO_OK);
            }
            versions_done(&v);
            if (!has_failed)
                break;
        }
    }
}

static void removing_survives_and_leaves_the_set_as_it_was(void **state)
{
    const struct fr id = late_id(3);

    (void)state;
    for (uint64_t count = 4; count <= 9; count++) {
        for (size_t n = 0;; n++) {
            struct versions v;

            versions_init(&v, count);
            allowed = n;
            has_failed = false;
            const enum utxo_result result = utxo_remove(&v.second, &id, NULL);
            allowed = SIZE_MAX;
            assert_int_equal(result, has_failed ? UTXO_NO_MEMORY : UTXO_OK);
            if (has_failed) {
                const struct fr root = utxo_root(&v.second);

                assert_true(fr_equal(&root, &v.root));
                assert_int_equal(v.second.count, count);
                assert_int_equal(utxo_remove(&v.second, &id, NULL), UTXO_OK);
            }
            versions_done(&v);
            if (!has_failed)
                break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(decoding_a_block_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(decoding_the_other_operations_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(parsing_a_block_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(parsing_the_other_operations_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(parsing_declarations_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(building_a_genesis_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(checking_a_genesis_survives, setup, teardown),
        cmocka_unit_test_setup_teardown(writing_text_survives, setup, teardown),
        cmocka_unit_test(inserting_survives_and_leaves_the_set_as_it_was),
        cmocka_unit_test(removing_survives_and_leaves_the_set_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
