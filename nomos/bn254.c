#include "nomos/bn254.h"

#include <stddef.h>
#include <string.h>

__extension__ typedef unsigned __int128 fq_wide;

#define FLAG_NEGATIVE 0x80
#define FLAG_INFINITY 0x40
#define FLAGS         (FLAG_NEGATIVE | FLAG_INFINITY)

#define LIMBS(a, b, c, d)                                                                          \
    {                                                                                              \
        {                                                                                          \
            UINT64_C(a), UINT64_C(b), UINT64_C(c), UINT64_C(d)                                     \
        }                                                                                          \
    }

/* q, and -1/q modulo 2^64. */
static const struct fq modulus =
    LIMBS(0x3c208c16d87cfd47, 0x97816a916871ca8d, 0xb85045b68181585d, 0x30644e72e131a029);
#define INVERSE UINT64_C(0x87d20782e4866389)
/* 2^512 mod q: multiplying by it brings an integer into Montgomery form. */
static const struct fq r_squared =
    LIMBS(0xf32cfc5b538afa89, 0xb5e71911d44501fb, 0x47ab1eff0a417ff6, 0x06d89f71cab8351f);
/* (q + 1) / 4: q is 3 modulo 4, so the power by it is a root of every square. */
static const uint64_t root_exponent[4] = {UINT64_C(0x4f082305b61f3f52),
    UINT64_C(0x65e05aa45a1c72a3), UINT64_C(0x6e14116da0605617), UINT64_C(0x0c19139cb84c680a)};
/* In Montgomery form: 3, 1/2, and 3/(9+u). */
static const struct fq three =
    LIMBS(0x7a17caa950ad28d7, 0x1f6ac17ae15521b9, 0x334bea4e696bd284, 0x2a1f6744ce179d8e);
static const struct fq half =
    LIMBS(0x87bee7d24f060572, 0xd0fd2add2f1c6ae5, 0x8f5f7492fcfd4f44, 0x1f37631a3d9cbfac);
static const struct fq2 twist = {
    LIMBS(0x3bf938e377b802a8, 0x020b1b273633535d, 0x26b7edf049755260, 0x2514c6324384a86d),
    LIMBS(0x38e7ecccd1dcff67, 0x65f0b37d93ce0d3e, 0xd749d0dd22ac00aa, 0x0141b9ce4a688d4d)};

/* ---- Fq ---- */

static int compare(const uint64_t a[4], const uint64_t b[4])
{
    for (size_t i = 4; i-- > 0;) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

/* a - b modulo 2^256; the return says whether that was below zero. */
static bool subtract(const uint64_t a[4], const uint64_t b[4], uint64_t out[4])
{
    uint64_t borrow = 0;

    for (size_t i = 0; i < 4; i++) {
        const fq_wide difference = (fq_wide)a[i] - b[i] - borrow;

        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

/* a + b modulo 2^256: of two elements, always less. */
static void add_integers(const uint64_t a[4], const uint64_t b[4], uint64_t out[4])
{
    uint64_t carry = 0;

    for (size_t i = 0; i < 4; i++) {
        const fq_wide sum = (fq_wide)a[i] + b[i] + carry;

        out[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
}

static struct fq reduce_once(const struct fq *a)
{
    struct fq reduced;

    return subtract(a->limb, modulus.limb, reduced.limb) ? *a : reduced;
}

static struct fq add(const struct fq *a, const struct fq *b)
{
    struct fq sum;

    add_integers(a->limb, b->limb, sum.limb);
    return reduce_once(&sum);
}

static struct fq sub(const struct fq *a, const struct fq *b)
{
    struct fq difference;

    if (subtract(a->limb, b->limb, difference.limb))
        add_integers(difference.limb, modulus.limb, difference.limb);
    return difference;
}

/* Montgomery product, word by word: t = (t + a * b[i] + m * q) / 2^64 with m chosen to make the
   division exact, which leaves t below 2 q. */
static struct fq mul(const struct fq *a, const struct fq *b)
{
    uint64_t t[5] = {0};
    struct fq product;

    for (size_t i = 0; i < 4; i++) {
        uint64_t carry = 0, m;
        fq_wide wide;

        for (size_t j = 0; j < 4; j++) {
            wide = (fq_wide)a->limb[j] * b->limb[i] + t[j] + carry;
            t[j] = (uint64_t)wide;
            carry = (uint64_t)(wide >> 64);
        }
        t[4] += carry;
        m = t[0] * INVERSE;
        wide = (fq_wide)m * modulus.limb[0] + t[0];
        carry = (uint64_t)(wide >> 64);
        for (size_t j = 1; j < 4; j++) {
            wide = (fq_wide)m * modulus.limb[j] + t[j] + carry;
            t[j - 1] = (uint64_t)wide;
            carry = (uint64_t)(wide >> 64);
        }
        t[3] = t[4] + carry; /* below 2 q, so it fits */
        t[4] = 0;
    }
    memcpy(product.limb, t, sizeof(product.limb));
    return reduce_once(&product);
}

static struct fq power(const struct fq *a, const uint64_t exponent[4])
{
    const struct fq integer_one = {{1}};
    struct fq result = mul(&r_squared, &integer_one); /* 1 */

    for (size_t i = 256; i-- > 0;) {
        result = mul(&result, &result);
        if (exponent[i / 64] >> (i % 64) & 1)
            result = mul(&result, a);
    }
    return result;
}

/* By Fermat: a to the power of q - 2. */
static struct fq inverse(const struct fq *a)
{
    const uint64_t exponent[4] = {
        modulus.limb[0] - 2, modulus.limb[1], modulus.limb[2], modulus.limb[3]};

    return power(a, exponent);
}

static bool is_equal(const struct fq *a, const struct fq *b)
{
    return compare(a->limb, b->limb) == 0;
}

static bool is_zero(const struct fq *a)
{
    return is_equal(a, &(const struct fq){{0}});
}

static struct fq negate(const struct fq *a)
{
    return sub(&(const struct fq){{0}}, a);
}

/* The element of an integer below q. */
static struct fq from_integer(const uint64_t limbs[4])
{
    const struct fq raw = {{limbs[0], limbs[1], limbs[2], limbs[3]}};

    return mul(&raw, &r_squared);
}

static void to_integer(const struct fq *a, uint64_t out[4])
{
    const struct fq integer_one = {{1}};
    const struct fq integer = mul(a, &integer_one);

    memcpy(out, integer.limb, sizeof(integer.limb));
}

/* Is a the larger of a and -a? Of 0 it is not. */
static bool is_large(const struct fq *a)
{
    const struct fq negative = negate(a);
    uint64_t own[4], other[4];

    to_integer(a, own);
    to_integer(&negative, other);
    return compare(own, other) > 0;
}

static bool root(const struct fq *a, struct fq *out)
{
    const struct fq candidate = power(a, root_exponent);
    const struct fq square = mul(&candidate, &candidate);

    if (!is_equal(&square, a))
        return false;
    *out = candidate;
    return true;
}

bool fq_from_decimal(const char *text, struct fq *out)
{
    uint64_t limbs[4] = {0};

    if (!*text)
        return false;
    for (; *text; text++) {
        uint64_t carry = (uint64_t)(*text - '0');

        if (*text < '0' || *text > '9')
            return false;
        for (size_t i = 0; i < 4; i++) {
            const fq_wide wide = (fq_wide)limbs[i] * 10 + carry;

            limbs[i] = (uint64_t)wide;
            carry = (uint64_t)(wide >> 64);
        }
        if (carry || compare(limbs, modulus.limb) >= 0)
            return false;
    }
    *out = from_integer(limbs);
    return true;
}

/* ---- Fq2 ---- */

static struct fq2 add2(const struct fq2 *a, const struct fq2 *b)
{
    return (struct fq2){add(&a->c0, &b->c0), add(&a->c1, &b->c1)};
}

static struct fq2 mul2(const struct fq2 *a, const struct fq2 *b)
{
    const struct fq low = mul(&a->c0, &b->c0), high = mul(&a->c1, &b->c1);
    const struct fq left = mul(&a->c0, &b->c1), right = mul(&a->c1, &b->c0);

    return (struct fq2){sub(&low, &high), add(&left, &right)};
}

static bool is_equal2(const struct fq2 *a, const struct fq2 *b)
{
    return is_equal(&a->c0, &b->c0) && is_equal(&a->c1, &b->c1);
}

static bool is_large2(const struct fq2 *a)
{
    return is_zero(&a->c1) ? is_large(&a->c0) : is_large(&a->c1);
}

/* The root of a number without u: a root of c0, or u times one of -c0. */
static bool root_of_real(const struct fq *a, struct fq2 *out)
{
    const struct fq negative = negate(a);

    *out = (struct fq2){.c0 = {{0}}};
    return root(a, &out->c0) || root(&negative, &out->c1);
}

/* With s a root of the norm c0^2 + c1^2, one of (c0 + s) / 2 and (c0 - s) / 2 is a square, x^2 say,
   and x + c1 / (2 x) u is the root. */
static bool root2(const struct fq2 *a, struct fq2 *out)
{
    const struct fq square0 = mul(&a->c0, &a->c0), square1 = mul(&a->c1, &a->c1);
    const struct fq norm = add(&square0, &square1);
    struct fq s, sum, delta;
    struct fq2 candidate, square;

    if (is_zero(&a->c1))
        return root_of_real(&a->c0, out);
    if (!root(&norm, &s))
        return false;
    sum = add(&a->c0, &s);
    delta = mul(&sum, &half);
    if (!root(&delta, &candidate.c0)) {
        sum = sub(&a->c0, &s);
        delta = mul(&sum, &half);
        if (!root(&delta, &candidate.c0))
            return false;
    }
    sum = add(&candidate.c0, &candidate.c0);
    sum = inverse(&sum);
    candidate.c1 = mul(&a->c1, &sum);
    square = mul2(&candidate, &candidate);
    if (!is_equal2(&square, a))
        return false;
    *out = candidate;
    return true;
}

/* ---- the curves ---- */

static struct fq g1_right_side(const struct fq *x)
{
    const struct fq square = mul(x, x), cube = mul(&square, x);

    return add(&cube, &three);
}

static struct fq2 g2_right_side(const struct fq2 *x)
{
    const struct fq2 square = mul2(x, x), cube = mul2(&square, x);

    return add2(&cube, &twist);
}

bool bn254_g1_is_on_curve(const struct bn254_g1 *point)
{
    const struct fq left = mul(&point->y, &point->y), right = g1_right_side(&point->x);

    return is_equal(&left, &right);
}

bool bn254_g2_is_on_curve(const struct bn254_g2 *point)
{
    const struct fq2 left = mul2(&point->y, &point->y), right = g2_right_side(&point->x);

    return is_equal2(&left, &right);
}

/* ---- bytes ---- */

static void store(const struct fq *a, uint8_t out[32])
{
    uint64_t limbs[4];

    to_integer(a, limbs);
    for (size_t i = 0; i < 32; i++)
        out[i] = (uint8_t)(limbs[i / 8] >> (8 * (i % 8)));
}

/* Without the bits in `ignored` of the last byte. False when it is not below q. */
static bool load(const uint8_t bytes[32], uint8_t ignored, struct fq *out)
{
    uint64_t limbs[4] = {0};

    for (size_t i = 0; i < 32; i++) {
        const uint8_t byte = i == 31 ? (uint8_t)(bytes[i] & ~ignored) : bytes[i];

        limbs[i / 8] |= (uint64_t)byte << (8 * (i % 8));
    }
    if (compare(limbs, modulus.limb) >= 0)
        return false;
    *out = from_integer(limbs);
    return true;
}

void bn254_g1_compress(const struct bn254_g1 *point, uint8_t out[BN254_G1_SIZE])
{
    store(&point->x, out);
    if (is_large(&point->y))
        out[BN254_G1_SIZE - 1] |= FLAG_NEGATIVE;
}

void bn254_g2_compress(const struct bn254_g2 *point, uint8_t out[BN254_G2_SIZE])
{
    store(&point->x.c0, out);
    store(&point->x.c1, out + 32);
    if (is_large2(&point->y))
        out[BN254_G2_SIZE - 1] |= FLAG_NEGATIVE;
}

bool bn254_g1_decompress(const uint8_t bytes[BN254_G1_SIZE], struct bn254_g1 *out)
{
    const uint8_t flags = bytes[BN254_G1_SIZE - 1] & FLAGS;
    struct bn254_g1 point;
    struct fq right;

    if (flags & FLAG_INFINITY || !load(bytes, FLAGS, &point.x))
        return false;
    right = g1_right_side(&point.x);
    if (!root(&right, &point.y))
        return false;
    if (is_large(&point.y) != (flags == FLAG_NEGATIVE))
        point.y = negate(&point.y);
    *out = point;
    return true;
}

bool bn254_g2_decompress(const uint8_t bytes[BN254_G2_SIZE], struct bn254_g2 *out)
{
    const uint8_t flags = bytes[BN254_G2_SIZE - 1] & FLAGS;
    struct bn254_g2 point;
    struct fq2 right;

    if (flags & FLAG_INFINITY || !load(bytes, 0, &point.x.c0) ||
        !load(bytes + 32, FLAGS, &point.x.c1))
        return false;
    right = g2_right_side(&point.x);
    if (!root2(&right, &point.y))
        return false;
    if (is_large2(&point.y) != (flags == FLAG_NEGATIVE))
        point.y = (struct fq2){negate(&point.y.c0), negate(&point.y.c1)};
    *out = point;
    return true;
}
