/* What the tests of the nomos library share: values written as the node contract's tables have
 * them, and one wire. Each test program includes it once. */
#ifndef TEST_NOMOS_SUPPORT_H
#define TEST_NOMOS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nomos/hex.h"
#include "nomos/keys.h"
#include "nomos/tx.h"
#include "nomos/wire.h"

/* An element from LE32 hex. */
static inline struct fr fr_hex(const char *text)
{
    struct fr out;

    assert_true(hex_to_fr(text, &out));
    return out;
}

static inline struct bytes32 bytes32_hex(const char *text)
{
    struct bytes32 out;

    assert_true(hex_to_bytes32(text, &out));
    return out;
}

/* 32 times the same byte. */
static inline struct bytes32 bytes32_of(uint8_t byte)
{
    struct bytes32 out;

    memset(out.bytes, byte, sizeof(out.bytes));
    return out;
}

static inline void assert_fr(const struct fr *a, const char *expected)
{
    char text[HEX32_SIZE];

    hex_from_fr(a, text);
    assert_string_equal(text, expected);
}

static inline void assert_bytes32(const struct bytes32 *a, const char *expected)
{
    char text[HEX32_SIZE];

    hex_from_bytes32(a, text);
    assert_string_equal(text, expected);
}

static inline void assert_signature(const struct signature *a, const char *expected)
{
    char text[2 * sizeof(a->bytes) + 1];

    hex_write(a->bytes, sizeof(a->bytes), text);
    assert_string_equal(text, expected);
}

static inline struct wire test_wire(void)
{
    struct wire wire;

    assert_true(keys_init());
    wire_init(&wire, &wire_revision_2025_12);
    return wire;
}

/* Numbers that are the same in every run (xorshift). */
static inline uint64_t next_number(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline struct multiaddr multiaddr_of(const char *text)
{
    struct multiaddr out;

    assert_true(multiaddr_parse(text, &out));
    return out;
}

/* The transfer of the contract's vectors: one input, note id 5; 100 to wallet-user-0. */
static inline void transfer_init(
    struct mantle_tx *tx, struct fr *input, struct note *output, const struct wire *wire)
{
    const struct fr secret_key = wallet_secret_key(0);

    *input = fr_from_u64(5);
    *output = (struct note){.value = 100, .pk = zk_public_key(wire, &secret_key)};
    *tx =
        (struct mantle_tx){.inputs = input, .input_count = 1, .outputs = output, .output_count = 1};
}

#endif
