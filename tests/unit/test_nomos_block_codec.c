/* The binary form of blocks: what was written reads back, and nothing else reads. */
#include "test_nomos_support.h"

#include "nomos/block.h"

#define TXS 3

struct fixture {
    struct note outputs[TXS];
    struct signed_tx txs[TXS];
    struct block block;
    uint8_t *bytes;
    size_t size;
};

static void make(struct fixture *f, size_t tx_count, bool has_public)
{
    *f = (struct fixture){.block = {.header = {.parent = bytes32_of(1),
                                        .slot = UINT64_MAX - 1,
                                        .block_root = bytes32_of(2),
                                        .entropy = fr_from_u64(3),
                                        .leader_key = bytes32_of(4),
                                        .voucher = fr_from_u64(5),
                                        .has_leader_public = has_public},
                              .tx_count = tx_count}};
    for (size_t i = 0; i < TXS; i++) {
        f->outputs[i] = (struct note){.value = i + 1, .pk = fr_from_u64(i)};
        f->txs[i] = (struct signed_tx){.tx = {.outputs = &f->outputs[i], .output_count = 1}};
    }
    f->block.txs = f->txs;
    if (has_public)
        f->block.header.leader_public =
            (struct leader_public){6, fr_from_u64(7), 8, fr_from_u64(9), fr_from_u64(10)};
    memset(f->block.header.proof, 11, sizeof(f->block.header.proof));
    memset(f->block.signature.bytes, 12, sizeof(f->block.signature.bytes));
    f->size = block_size(&f->block);
    f->bytes = malloc(f->size);
    assert_non_null(f->bytes);
    block_encode(&f->block, f->bytes);
}

static enum nomos_status decode(const uint8_t *bytes, size_t size, struct nomos_error *err)
{
    struct block read = {.tx_count = 0};
    uint8_t *exact = malloc(size ? size : 1);

    assert_non_null(exact);
    memcpy(exact, bytes, size);
    const enum nomos_status status = block_decode(exact, size, &read, err);
    free(exact);
    block_done(&read);
    return status;
}

static void blocks_read_back_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct fixture f;
        struct block read;

        make(&f, i % 2 * TXS, i / 2);
        assert_int_equal(block_decode(f.bytes, f.size, &read, NULL), NOMOS_OK);
        assert_int_equal(read.tx_count, f.block.tx_count);
        assert_int_equal(read.header.slot, f.block.header.slot);
        assert_int_equal(read.header.leader_public.total_stake, i / 2 ? 8 : 0);
        uint8_t *again = malloc(f.size);
        assert_non_null(again);
        assert_int_equal(block_size(&read), f.size);
        block_encode(&read, again);
        assert_memory_equal(again, f.bytes, f.size);
        free(again);
        free(f.bytes);
        block_done(&read);
    }
}

static void every_truncation_is_refused(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, TXS, true);
    for (size_t size = 0; size < f.size; size++)
        assert_int_equal(decode(f.bytes, size, NULL), NOMOS_E_DATA);
    free(f.bytes);
}

static void bytes_left_over_are_refused(void **state)
{
    struct nomos_error err;
    struct fixture f;

    (void)state;
    make(&f, TXS, false);
    uint8_t *longer = realloc(f.bytes, f.size + 1);
    assert_non_null(longer);
    longer[f.size] = 0;
    assert_int_equal(decode(longer, f.size + 1, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "left over"));
    free(longer);
}

/* Offsets into the encoding of a block with leader_public. */
#define AT_HAS_PUBLIC (1 + 32 + 8 + 32 + 128 + 32 + 32 + 32)
#define AT_TX_COUNT   (AT_HAS_PUBLIC + 1 + 112 + 64)

static void broken_fields_are_refused_by_name(void **state)
{
    struct nomos_error err;
    struct fixture f;

    (void)state;
    make(&f, TXS, true);
    f.bytes[0] = 2;
    assert_int_equal(decode(f.bytes, f.size, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "unknown version"));
    f.bytes[0] = 1;
    f.bytes[AT_HAS_PUBLIC] = 2;
    assert_int_equal(decode(f.bytes, f.size, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "has_public"));
    f.bytes[AT_HAS_PUBLIC] = 1;
    f.bytes[AT_TX_COUNT + 2] = 1;
    assert_int_equal(decode(f.bytes, f.size, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "more transactions"));
    f.bytes[AT_TX_COUNT + 2] = 0;
    f.bytes[AT_TX_COUNT] = 200;
    assert_int_equal(decode(f.bytes, f.size, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "count"));
    f.bytes[AT_TX_COUNT] = TXS;
    f.bytes[AT_TX_COUNT + 4] ^= 1; /* the size of the first transaction */
    assert_int_equal(decode(f.bytes, f.size, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "signed transaction"));
    free(f.bytes);
}

static void damaged_bytes_never_read_as_something_else(void **state)
{
    uint64_t seed = 0xb10c;
    struct fixture f;

    (void)state;
    make(&f, TXS, true);
    for (size_t round = 0; round < 4000; round++) {
        const size_t at = next_number(&seed) % f.size;
        const uint8_t before = f.bytes[at];
        struct block read;

        f.bytes[at] ^= (uint8_t)(1U << (next_number(&seed) % 8));
        if (!block_decode(f.bytes, f.size, &read, NULL)) {
            uint8_t *again = malloc(f.size);

            assert_non_null(again);
            assert_int_equal(block_size(&read), f.size);
            block_encode(&read, again);
            assert_memory_equal(again, f.bytes, f.size);
            free(again);
            block_done(&read);
        }
        f.bytes[at] = before;
    }
    free(f.bytes);
}

static void done_takes_nothing_and_zeros(void **state)
{
    struct block block = {.tx_count = 0};

    (void)state;
    block_done(NULL);
    block_done(&block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_read_back_as_written),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(bytes_left_over_are_refused),
        cmocka_unit_test(broken_fields_are_refused_by_name),
        cmocka_unit_test(damaged_bytes_never_read_as_something_else),
        cmocka_unit_test(done_takes_nothing_and_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
