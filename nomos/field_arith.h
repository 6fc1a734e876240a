/* The arithmetic under field.h, inlined into the files that need its speed (field.c, poseidon2.c).
 *
 * Numbers here are four limbs, least significant first, and not always fully reduced: each function
 * says which bound it asks for and gives. In units of r, 2^256 is 5.29 r. */
#ifndef NOMOS_FIELD_ARITH_H
#define NOMOS_FIELD_ARITH_H

#include "nomos/field.h"

__extension__ typedef unsigned __int128 fr_wide;

/* r itself, and -1/r mod 2^64. */
#define FR_R0      UINT64_C(0x43e1f593f0000001)
#define FR_R1      UINT64_C(0x2833e84879b97091)
#define FR_R2      UINT64_C(0xb85045b68181585d)
#define FR_R3      UINT64_C(0x30644e72e131a029)
#define FR_INVERSE UINT64_C(0xc2e1f593efffffff)
/* 2 r. */
#define FR_2R0 UINT64_C(0x87c3eb27e0000002)
#define FR_2R1 UINT64_C(0x5067d090f372e122)
#define FR_2R2 UINT64_C(0x70a08b6d0302b0ba)
#define FR_2R3 UINT64_C(0x60c89ce5c2634053)

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

/* One round of the multiplication: t = (t + a * b + m * r) / 2^64, m chosen to make that exact. */
static inline void fr_multiply_step(uint64_t t[4], const uint64_t a[4], uint64_t b)
{
    uint64_t carry_a = 0;
    uint64_t carry_r = 0;

    t[0] = fr_multiply_add(t[0], a[0], b, &carry_a);
    const uint64_t m = t[0] * FR_INVERSE;
    (void)fr_multiply_add(t[0], m, FR_R0, &carry_r);
    t[1] = fr_multiply_add(t[1], a[1], b, &carry_a);
    t[0] = fr_multiply_add(t[1], m, FR_R1, &carry_r);
    t[2] = fr_multiply_add(t[2], a[2], b, &carry_a);
    t[1] = fr_multiply_add(t[2], m, FR_R2, &carry_r);
    t[3] = fr_multiply_add(t[3], a[3], b, &carry_a);
    t[2] = fr_multiply_add(t[3], m, FR_R3, &carry_r);
    t[3] = carry_a + carry_r;
}

/* Montgomery product, a * b / 2^256 mod r, for a + r < 2^256 (a below 4.29 r) and any b.
 *
 * The bound: every step leaves t at most a + r. Before it t <= a + r, so t + a * b + m * r is at
 * most (a + r) + (2^64 - 1)(a + r) = 2^64 (a + r). So t never needs a fifth limb. In the end
 * t < a * b / 2^256 + r: for a and b below 2 r that is below 1.76 r, in general below
 * (a' * b' / 5.29 + 1) r with a', b' in units of r. */
static inline struct fr fr_multiply_loose(const struct fr *a, const struct fr *b)
{
    uint64_t t[4] = {0};

    fr_multiply_step(t, a->limb, b->limb[0]);
    fr_multiply_step(t, a->limb, b->limb[1]);
    fr_multiply_step(t, a->limb, b->limb[2]);
    fr_multiply_step(t, a->limb, b->limb[3]);
    return (struct fr){{t[0], t[1], t[2], t[3]}};
}

/* a - m if that is not negative, else a; without a branch, which would be mispredicted half of the
   time. */
static inline struct fr fr_subtract_if(
    const struct fr *a, uint64_t m0, uint64_t m1, uint64_t m2, uint64_t m3)
{
    uint64_t borrow = 0;
    const uint64_t t0 = fr_sub_borrow(a->limb[0], m0, &borrow);
    const uint64_t t1 = fr_sub_borrow(a->limb[1], m1, &borrow);
    const uint64_t t2 = fr_sub_borrow(a->limb[2], m2, &borrow);
    const uint64_t t3 = fr_sub_borrow(a->limb[3], m3, &borrow);

    return (struct fr){{borrow ? a->limb[0] : t0, borrow ? a->limb[1] : t1,
        borrow ? a->limb[2] : t2, borrow ? a->limb[3] : t3}};
}

/* From below 2 r to fully reduced. */
static inline struct fr fr_reduce_once(const struct fr *a)
{
    return fr_subtract_if(a, FR_R0, FR_R1, FR_R2, FR_R3);
}

/* From below 4 r to below 2 r. */
static inline struct fr fr_reduce_double(const struct fr *a)
{
    return fr_subtract_if(a, FR_2R0, FR_2R1, FR_2R2, FR_2R3);
}

/* The plain sum, for a + b < 2^256. */
static inline struct fr fr_add_loose(const struct fr *a, const struct fr *b)
{
    uint64_t carry = 0;
    const uint64_t t0 = fr_add_carry(a->limb[0], b->limb[0], &carry);
    const uint64_t t1 = fr_add_carry(a->limb[1], b->limb[1], &carry);
    const uint64_t t2 = fr_add_carry(a->limb[2], b->limb[2], &carry);

    return (struct fr){{t0, t1, t2, a->limb[3] + b->limb[3] + carry}};
}

#endif
