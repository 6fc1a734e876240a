/* The arithmetic under field.h, inlined into the files that need its speed (field.c, poseidon2.c).
 *
 * Numbers here are four limbs, least significant first, and not always fully reduced: each
 * function says which bound it asks for and gives. In units of r, 2^256 is 5.29 r. Internal to
 * the library. */
#ifndef NOMOS_FIELD_ARITH_H
#define NOMOS_FIELD_ARITH_H

#include "nomos/field.h"
#ifdef __x86_64__
#include "nomos/field_x86_64.h"
#endif

__extension__ typedef unsigned __int128 fr_wide;

static const struct fr fr_modulus = {
    {0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029}};
static const struct fr fr_twice_modulus = {
    {0x87c3eb27e0000002, 0x5067d090f372e122, 0x70a08b6d0302b0ba, 0x60c89ce5c2634053}};
/* -1 / r mod 2^64. */
#define FR_INVERSE UINT64_C(0xc2e1f593efffffff)

/* sum + x * y + carry, which always fits; returns the low half and leaves the high one in carry. */
static inline uint64_t fr_multiply_add(uint64_t sum, uint64_t x, uint64_t y, uint64_t *carry)
{
    fr_wide wide = (fr_wide)x * y + sum + *carry;

    *carry = (uint64_t)(wide >> 64);
    return (uint64_t)wide;
}

static inline uint64_t fr_add_carry(uint64_t x, uint64_t y, uint64_t *carry)
{
    fr_wide wide = (fr_wide)x + y + *carry;

    *carry = (uint64_t)(wide >> 64);
    return (uint64_t)wide;
}

static inline uint64_t fr_sub_borrow(uint64_t x, uint64_t y, uint64_t *borrow)
{
    fr_wide wide = (fr_wide)x - y - *borrow;

    *borrow = (uint64_t)(wide >> 64) & 1;
    return (uint64_t)wide;
}

/* The plain sum, for a + b < 2^256. */
static inline struct fr fr_add_loose(const struct fr *a, const struct fr *b)
{
#ifdef __x86_64__
    return fr_add_chain(a, b);
#else
    uint64_t carry = 0;
    const uint64_t t0 = fr_add_carry(a->limb[0], b->limb[0], &carry);
    const uint64_t t1 = fr_add_carry(a->limb[1], b->limb[1], &carry);
    const uint64_t t2 = fr_add_carry(a->limb[2], b->limb[2], &carry);

    return (struct fr){{t0, t1, t2, a->limb[3] + b->limb[3] + carry}};
#endif
}

/* a - m if that is not negative, else a; without a branch, which would be mispredicted half of the
   time. */
static inline struct fr fr_subtract_if(const struct fr *a, const struct fr *m)
{
#ifdef __x86_64__
    return fr_subtract_chain(a, m);
#else
    uint64_t borrow = 0;
    const uint64_t t0 = fr_sub_borrow(a->limb[0], m->limb[0], &borrow);
    const uint64_t t1 = fr_sub_borrow(a->limb[1], m->limb[1], &borrow);
    const uint64_t t2 = fr_sub_borrow(a->limb[2], m->limb[2], &borrow);
    const uint64_t t3 = fr_sub_borrow(a->limb[3], m->limb[3], &borrow);

    return (struct fr){{borrow ? a->limb[0] : t0, borrow ? a->limb[1] : t1,
        borrow ? a->limb[2] : t2, borrow ? a->limb[3] : t3}};
#endif
}

/* From below 2 r to fully reduced. */
static inline struct fr fr_reduce_once(const struct fr *a)
{
    return fr_subtract_if(a, &fr_modulus);
}

/* From below 4 r to below 2 r. */
static inline struct fr fr_reduce_double(const struct fr *a)
{
    return fr_subtract_if(a, &fr_twice_modulus);
}

/* Montgomery product, a * b / 2^256 mod r, for a + r < 2^256 (a below 4.29 r) and any b.
 *
 * Four steps of t = (t + a * b[i] + m * r) / 2^64, m chosen to make the division exact. Every step
 * leaves t at most a + r: if t <= a + r before it, then t + a * b[i] + m * r is at most
 * (a + r) + (2^64 - 1)(a + r) = 2^64 (a + r). So t never needs a fifth limb. In the end
 * t < a * b / 2^256 + r: with a and b in units of r, below (a * b / 5.29 + 1) r. */
typedef struct fr fr_multiplication(const struct fr *a, const struct fr *b);

static inline void fr_multiply_step(uint64_t t[4], const struct fr *a, uint64_t b)
{
    uint64_t carry_a = 0;
    uint64_t carry_r = 0;

    t[0] = fr_multiply_add(t[0], a->limb[0], b, &carry_a);
    const uint64_t m = t[0] * FR_INVERSE;
    (void)fr_multiply_add(t[0], m, fr_modulus.limb[0], &carry_r);
    t[1] = fr_multiply_add(t[1], a->limb[1], b, &carry_a);
    t[0] = fr_multiply_add(t[1], m, fr_modulus.limb[1], &carry_r);
    t[2] = fr_multiply_add(t[2], a->limb[2], b, &carry_a);
    t[1] = fr_multiply_add(t[2], m, fr_modulus.limb[2], &carry_r);
    t[3] = fr_multiply_add(t[3], a->limb[3], b, &carry_a);
    t[2] = fr_multiply_add(t[3], m, fr_modulus.limb[3], &carry_r);
    t[3] = carry_a + carry_r;
}

static inline struct fr fr_multiply_loose(const struct fr *a, const struct fr *b)
{
    uint64_t t[4] = {0};

    fr_multiply_step(t, a, b->limb[0]);
    fr_multiply_step(t, a, b->limb[1]);
    fr_multiply_step(t, a, b->limb[2]);
    fr_multiply_step(t, a, b->limb[3]);
    return (struct fr){{t[0], t[1], t[2], t[3]}};
}

#ifdef __x86_64__
/* One step of the same, where the processor has the BMI2 instructions. `t` is what the step before
   left, the limb of weight 2^-64, now 0, still in front. */
static inline __attribute__((always_inline)) struct fr_five fr_multiply_step_bmi2(
    const struct fr_five *t, const struct fr *a, uint64_t b)
{
    const struct fr_five shifted = {{t->limb[1], t->limb[2], t->limb[3], t->limb[4], 0}};
    const struct fr_five product = fr_times_limb(a, b);
    const struct fr_five sum = fr_add_five(&product, &shifted);
    const struct fr_five multiple = fr_times_limb(&fr_modulus, sum.limb[0] * FR_INVERSE);

    return fr_add_five(&sum, &multiple);
}

static inline __attribute__((always_inline)) struct fr fr_multiply_bmi2(
    const struct fr *a, const struct fr *b)
{
    struct fr_five t = {{0}};

    t = fr_multiply_step_bmi2(&t, a, b->limb[0]);
    t = fr_multiply_step_bmi2(&t, a, b->limb[1]);
    t = fr_multiply_step_bmi2(&t, a, b->limb[2]);
    t = fr_multiply_step_bmi2(&t, a, b->limb[3]);
    return (struct fr){{t.limb[1], t.limb[2], t.limb[3], t.limb[4]}};
}
#endif

#endif
