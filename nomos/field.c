#include "nomos/field.h"

#include <string.h>

#include "nomos/field_arith.h"

/* 2^256 mod r: the element 1. */
#define ONE                                                                                        \
    {                                                                                              \
        {                                                                                          \
            UINT64_C(0xac96341c4ffffffb), UINT64_C(0x36fc76959f60cd29),                            \
                UINT64_C(0x666ea36f7879462e), UINT64_C(0x0e0a77c19a07df2f)                         \
        }                                                                                          \
    }
/* 2^512 mod r: multiplying by it brings an integer into Montgomery form. */
static const struct fr r_squared = {{UINT64_C(0x1bb8e645ae216da7), UINT64_C(0x53fe3ab1e35c59e3),
    UINT64_C(0x8c49833d53bb8085), UINT64_C(0x0216d0b17f4e44a5)}};

/* Digits that one 64-bit division takes off the end of a decimal number. */
#define DECIMAL_STEP        19
#define DECIMAL_STEP_FACTOR UINT64_C(10000000000000000000)

const struct fr fr_zero = {{0}};
const struct fr fr_one = ONE;

static int compare_limbs(const uint64_t a[4], const uint64_t b[4])
{
    for (size_t i = 4; i-- > 0;)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

static uint64_t load64(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static void store_limbs(const uint64_t limbs[4], uint8_t out[FR_SIZE])
{
    for (size_t i = 0; i < FR_SIZE; i++)
        out[i] = (uint8_t)(limbs[i / 8] >> (8 * (i % 8)));
}

struct fr fr_from_limbs_mod(const uint64_t limbs[4])
{
    const struct fr raw = {{limbs[0], limbs[1], limbs[2], limbs[3]}};
    /* r_squared < r, so any raw value gives less than 2 r. */
    const struct fr loose = fr_multiply_loose(&r_squared, &raw);

    return fr_reduce_once(&loose);
}

void fr_to_limbs(const struct fr *a, uint64_t out[4])
{
    const struct fr integer_one = {{1}};
    const struct fr loose = fr_multiply_loose(a, &integer_one);
    const struct fr reduced = fr_reduce_once(&loose);

    memcpy(out, reduced.limb, sizeof(reduced.limb));
}

struct fr fr_from_u64(uint64_t value)
{
    return fr_from_limbs_mod((const uint64_t[4]){value});
}

bool fr_from_le32(const uint8_t bytes[FR_SIZE], struct fr *out)
{
    const uint64_t limbs[4] = {
        load64(bytes, 8), load64(bytes + 8, 8), load64(bytes + 16, 8), load64(bytes + 24, 8)};

    if (compare_limbs(limbs, fr_modulus.limb) > 0)
        return false;
    *out = fr_from_limbs_mod(limbs);
    return true;
}

/* At most 32 bytes. */
static struct fr from_short_bytes(const uint8_t *bytes, size_t size)
{
    uint64_t limbs[4] = {0};

    for (size_t i = 0; i < 4 && size > 8 * i; i++)
        limbs[i] = load64(bytes + 8 * i, size - 8 * i < 8 ? size - 8 * i : 8);
    return fr_from_limbs_mod(limbs);
}

struct fr fr_from_bytes_mod(const uint8_t *bytes, size_t size)
{
    struct fr sum = from_short_bytes(bytes + size / FR_SIZE * FR_SIZE, size % FR_SIZE);

    /* Horner from the top, 32 bytes at a time. Multiplying by the element 2^256, which is
       r_squared, moves what was read so far up by 32 bytes. */
    for (size_t at = size / FR_SIZE * FR_SIZE; at > 0; at -= FR_SIZE) {
        const struct fr low = from_short_bytes(bytes + at - FR_SIZE, FR_SIZE);
        const struct fr high = fr_mul(&sum, &r_squared);

        sum = fr_add(&high, &low);
    }
    return sum;
}

void fr_to_le32(const struct fr *a, uint8_t out[FR_SIZE])
{
    uint64_t limbs[4];

    fr_to_limbs(a, limbs);
    store_limbs(limbs, out);
}

void fr_to_montgomery_le32(const struct fr *a, uint8_t out[FR_SIZE])
{
    store_limbs(a->limb, out);
}

bool fr_from_decimal(const char *text, struct fr *out)
{
    const size_t length = strnlen(text, FR_DECIMAL_SIZE);
    uint64_t limbs[4] = {0};

    if (length == 0 || length == FR_DECIMAL_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        uint64_t carry = (uint64_t)(text[i] - '0');
        for (size_t j = 0; j < 4; j++)
            limbs[j] = fr_multiply_add(0, limbs[j], 10, &carry);
        /* A carry would be 2^256 or more; what is r or more only grows with further digits. */
        if (carry != 0 || compare_limbs(limbs, fr_modulus.limb) >= 0)
            return false;
    }
    *out = fr_from_limbs_mod(limbs);
    return true;
}

/* Divides by DECIMAL_STEP_FACTOR in place and returns the remainder. */
static uint64_t divide_step(uint64_t limbs[4])
{
    uint64_t remainder = 0;

    for (size_t i = 4; i-- > 0;) {
        const fr_wide wide = (fr_wide)remainder << 64 | limbs[i];

        limbs[i] = (uint64_t)(wide / DECIMAL_STEP_FACTOR);
        remainder = (uint64_t)(wide % DECIMAL_STEP_FACTOR);
    }
    return remainder;
}

void fr_to_decimal(const struct fr *a, char out[FR_DECIMAL_SIZE])
{
    /* Five steps cover 95 digits; written from the right, leading zeros skipped. */
    char digits[5 * DECIMAL_STEP];
    uint64_t limbs[4];
    size_t start = 0;

    fr_to_limbs(a, limbs);
    for (size_t step = 5; step-- > 0;) {
        uint64_t part = divide_step(limbs);

        for (size_t i = DECIMAL_STEP; i-- > 0; part /= 10)
            digits[step * DECIMAL_STEP + i] = (char)('0' + part % 10);
    }
    while (start < sizeof(digits) - 1 && digits[start] == '0')
        start++;
    memcpy(out, digits + start, sizeof(digits) - start);
    out[sizeof(digits) - start] = '\0';
}

struct fr fr_add(const struct fr *a, const struct fr *b)
{
    const struct fr loose = fr_add_loose(a, b);

    return fr_reduce_once(&loose);
}

struct fr fr_sub(const struct fr *a, const struct fr *b)
{
    struct fr out;
    uint64_t borrow = 0;
    uint64_t carry = 0;

    for (size_t i = 0; i < 4; i++)
        out.limb[i] = fr_sub_borrow(a->limb[i], b->limb[i], &borrow);
    /* Back into range when it went below zero. */
    for (size_t i = 0; i < 4; i++)
        out.limb[i] = fr_add_carry(out.limb[i], borrow ? fr_modulus.limb[i] : 0, &carry);
    return out;
}

struct fr fr_mul(const struct fr *a, const struct fr *b)
{
    const struct fr loose = fr_multiply_loose(a, b);

    return fr_reduce_once(&loose);
}

struct fr fr_sqr(const struct fr *a)
{
    return fr_mul(a, a);
}

bool fr_equal(const struct fr *a, const struct fr *b)
{
    return memcmp(a->limb, b->limb, sizeof(a->limb)) == 0;
}

bool fr_is_zero(const struct fr *a)
{
    return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

int fr_compare(const struct fr *a, const struct fr *b)
{
    uint64_t limbs_a[4];
    uint64_t limbs_b[4];

    fr_to_limbs(a, limbs_a);
    fr_to_limbs(b, limbs_b);
    return compare_limbs(limbs_a, limbs_b);
}
