#include "nomos/lottery.h"

#include <math.h>

/* N and the formulas around it are in units of this. */
#define FIXED_POINT UINT64_C(1000000000000000000)

/* --- integers of 512 bits, for the two constants ------------------------------------------- */

#define BIG_LIMBS 16
#define BIG_BITS  (32 * BIG_LIMBS)

/* Least significant limb first. The largest number here is r * N^2, 382 bits. */
struct big {
    uint32_t limb[BIG_LIMBS];
};

static void big_multiply(struct big *a, uint32_t factor)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < BIG_LIMBS; i++) {
        carry += (uint64_t)a->limb[i] * factor;
        a->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static struct big big_add_shifted(const struct big *a, const struct big *b)
{
    struct big sum;
    uint64_t carry = 0;

    for (size_t i = 0; i < BIG_LIMBS; i++) {
        carry += (uint64_t)a->limb[i] + (i ? b->limb[i - 1] : 0);
        sum.limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return sum;
}

static void big_multiply_u64(struct big *a, uint64_t factor)
{
    struct big high = *a;

    big_multiply(a, (uint32_t)factor);
    big_multiply(&high, (uint32_t)(factor >> 32));
    *a = big_add_shifted(a, &high);
}

/* a - b into *out; false, and nothing written, when that is negative. */
static bool big_subtract(const struct big *a, const struct big *b, struct big *out)
{
    struct big difference;
    uint64_t borrow = 0;

    for (size_t i = 0; i < BIG_LIMBS; i++) {
        const uint64_t wide = (uint64_t)a->limb[i] - b->limb[i] - borrow;

        difference.limb[i] = (uint32_t)wide;
        borrow = wide >> 63;
    }
    if (!borrow)
        *out = difference;
    return !borrow;
}

/* floor(a / b), bit by bit: this runs twice in the life of a node. b is below 2^511. */
static struct big big_divide(const struct big *a, const struct big *b)
{
    struct big quotient = {{0}};
    struct big rest = {{0}};

    for (size_t i = BIG_BITS; i-- > 0;) {
        big_multiply(&rest, 2);
        rest.limb[0] |= a->limb[i / 32] >> (i % 32) & 1;
        if (big_subtract(&rest, b, &rest))
            quotient.limb[i / 32] |= UINT32_C(1) << (i % 32);
    }
    return quotient;
}

static struct fr big_to_fr(const struct big *a)
{
    uint8_t bytes[4 * BIG_LIMBS];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(a->limb[i / 4] >> (8 * (i % 4)));
    return fr_from_bytes_mod(bytes, sizeof(bytes));
}

/* r itself, which no field element can hold: r - 1, plus 1. */
static struct big big_modulus(void)
{
    const struct fr last = fr_sub(&fr_zero, &fr_one);
    struct big modulus = {{0}};
    uint64_t limbs[4];

    fr_to_limbs(&last, limbs);
    for (size_t i = 0; i < 8; i++)
        modulus.limb[i] = (uint32_t)(limbs[i / 2] >> (32 * (i % 2)));
    modulus.limb[0]++; /* r - 1 is even */
    return modulus;
}

/* --- the lottery -------------------------------------------------------------------------- */

enum nomos_status lottery_init(struct lottery *lottery, double active_slot_coefficient,
    uint64_t total_stake, struct nomos_error *err)
{
    const double f = active_slot_coefficient;
    const double n = f > 0 && f < 1 ? round(-log1p(-f) * (double)FIXED_POINT) : 0;
    struct big numerator = big_modulus();
    struct big denominator = {{1}};

    if (!(n >= 1) || n >= 0x1p64)
        return nomos_fail(err, NOMOS_E_DATA,
            "active slot coefficient %g: must be above 0 and below 0.99999999", f);
    if (total_stake == 0)
        return nomos_fail(err, NOMOS_E_DATA, "the total stake is 0, so nobody could ever win");
    *lottery = (struct lottery){.total_stake = total_stake, .n = (uint64_t)n};

    big_multiply_u64(&numerator, lottery->n);
    big_multiply_u64(&denominator, total_stake);
    big_multiply_u64(&denominator, FIXED_POINT);
    struct big quotient = big_divide(&numerator, &denominator);
    lottery->t0 = big_to_fr(&quotient);

    big_multiply_u64(&numerator, lottery->n);
    big_multiply_u64(&denominator, total_stake);
    big_multiply_u64(&denominator, FIXED_POINT);
    big_multiply(&denominator, 2);
    quotient = big_divide(&numerator, &denominator);
    const struct fr subtrahend = big_to_fr(&quotient);
    lottery->t1 = fr_sub(&fr_zero, &subtrahend);
    return NOMOS_OK;
}

struct fr lottery_threshold(const struct lottery *lottery, uint64_t value)
{
    const struct fr v = fr_from_u64(value);
    const struct fr linear = fr_mul(&lottery->t1, &v);
    const struct fr sum = fr_add(&lottery->t0, &linear);

    return fr_mul(&v, &sum);
}

struct fr lottery_ticket(const struct lottery_draw *draw)
{
    const struct fr inputs[] = {
        draw->note_id, draw->secret_key, draw->epoch_nonce, fr_from_u64(draw->slot)};

    return poseidon2_digest(inputs, sizeof(inputs) / sizeof(inputs[0]));
}

bool lottery_wins(const struct lottery *lottery, const struct lottery_draw *draw, uint64_t value)
{
    const struct fr ticket = lottery_ticket(draw);
    const struct fr threshold = lottery_threshold(lottery, value);

    return fr_compare(&ticket, &threshold) < 0;
}

struct fr lottery_next_nonce(
    const struct wire *wire, const struct fr *nonce, const struct fr *entropy, uint64_t slot)
{
    const struct fr slot_element = fr_from_u64(slot);
    struct poseidon2 hasher = wire->epoch_nonce;

    poseidon2_absorb(&hasher, nonce);
    poseidon2_absorb(&hasher, entropy);
    poseidon2_absorb(&hasher, &slot_element);
    return poseidon2_finish(&hasher, wire->revision->epoch_nonce_mode);
}

/* --- epochs ------------------------------------------------------------------------------- */

enum nomos_status epochs_init(
    struct epochs *epochs, const struct epoch_config *config, struct nomos_error *err)
{
    const double f = config->active_slot_coefficient;
    const uint64_t nonce_periods = (uint64_t)config->stake_stabilization + config->nonce_buffer;
    const uint64_t periods = nonce_periods + config->nonce_stabilization;
    uint64_t length;

    if (!(f > 0 && f <= 1))
        return nomos_fail(
            err, NOMOS_E_DATA, "active slot coefficient %g: must be above 0 and at most 1", f);
    if (config->security_param == 0 || config->stake_stabilization == 0 ||
        config->nonce_buffer == 0 || config->nonce_stabilization == 0)
        return nomos_fail(err, NOMOS_E_DATA,
            "the security parameter and the three parts of the epoch must not be 0");
    const double base = floor(config->security_param / f);
    if (base >= 0x1p63 || __builtin_mul_overflow((uint64_t)base, periods, &length))
        return nomos_fail(err, NOMOS_E_DATA,
            "an epoch would have more slots than 64 bits can count: the active slot coefficient "
            "%g is too small",
            f);
    *epochs = (struct epochs){
        .base_period = (uint64_t)base,
        .length = length,
        .nonce_contrib = (uint64_t)base * nonce_periods,
    };
    return NOMOS_OK;
}

uint64_t epochs_of_slot(const struct epochs *epochs, uint64_t slot)
{
    return slot / epochs->length;
}

uint64_t epochs_first_slot(const struct epochs *epochs, uint64_t epoch)
{
    uint64_t slot;

    return __builtin_mul_overflow(epoch, epochs->length, &slot) ? UINT64_MAX : slot;
}
