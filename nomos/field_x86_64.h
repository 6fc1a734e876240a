/* The same arithmetic as field_arith.h in x86-64 instructions, where compilers make poor use of the
 * carry flag: it makes a Poseidon2 permutation more than twice as fast.
 *
 * Three idioms, each one chain of carries that must not be torn apart, hence one asm statement
 * each. No memory is written and nothing but the flags is clobbered. Included by field_arith.h
 * only. */
#ifndef NOMOS_FIELD_X86_64_H
#define NOMOS_FIELD_X86_64_H

#include "nomos/field.h"

static inline __attribute__((always_inline)) struct fr fr_add_chain(
    const struct fr *a, const struct fr *b)
{
    struct fr sum = *a;

    __asm__("addq %[b0], %[s0]\n\t"
            "adcq %[b1], %[s1]\n\t"
            "adcq %[b2], %[s2]\n\t"
            "adcq %[b3], %[s3]"
            : [s0] "+&r"(sum.limb[0]), [s1] "+&r"(sum.limb[1]), [s2] "+&r"(sum.limb[2]),
            [s3] "+&r"(sum.limb[3])
            : [b0] "r"(b->limb[0]), [b1] "r"(b->limb[1]), [b2] "r"(b->limb[2]), [b3] "r"(b->limb[3])
            : "cc");
    return sum;
}

/* a - m, or a where that is negative: the last borrow decides, by conditional moves. */
static inline __attribute__((always_inline)) struct fr fr_subtract_chain(
    const struct fr *a, const struct fr *m)
{
    struct fr difference = *a;

    __asm__(
        "subq %[m0], %[d0]\n\t"
        "sbbq %[m1], %[d1]\n\t"
        "sbbq %[m2], %[d2]\n\t"
        "sbbq %[m3], %[d3]\n\t"
        "cmovcq %[a0], %[d0]\n\t"
        "cmovcq %[a1], %[d1]\n\t"
        "cmovcq %[a2], %[d2]\n\t"
        "cmovcq %[a3], %[d3]"
        : [d0] "+&r"(difference.limb[0]), [d1] "+&r"(difference.limb[1]),
        [d2] "+&r"(difference.limb[2]), [d3] "+&r"(difference.limb[3])
        : [m0] "m"(m->limb[0]), [m1] "m"(m->limb[1]), [m2] "m"(m->limb[2]), [m3] "m"(m->limb[3]),
        [a0] "r"(a->limb[0]), [a1] "r"(a->limb[1]), [a2] "r"(a->limb[2]), [a3] "r"(a->limb[3])
        : "cc");
    return difference;
}

struct fr_five {
    uint64_t limb[5];
};

/* a * b, five limbs. mulx leaves the flags alone, so the products are added up as they come. */
static inline __attribute__((always_inline)) struct fr_five fr_times_limb(
    const struct fr *a, uint64_t b)
{
    struct fr_five p;
    uint64_t low;

    __asm__("mulxq %[a0], %[p0], %[p1]\n\t"
            "mulxq %[a1], %[low], %[p2]\n\t"
            "addq %[low], %[p1]\n\t"
            "mulxq %[a2], %[low], %[p3]\n\t"
            "adcq %[low], %[p2]\n\t"
            "mulxq %[a3], %[low], %[p4]\n\t"
            "adcq %[low], %[p3]\n\t"
            "adcq $0, %[p4]"
            : [p0] "=&r"(p.limb[0]), [p1] "=&r"(p.limb[1]), [p2] "=&r"(p.limb[2]),
            [p3] "=&r"(p.limb[3]), [p4] "=&r"(p.limb[4]), [low] "=&r"(low)
            : "d"(b), [a0] "rm"(a->limb[0]), [a1] "rm"(a->limb[1]), [a2] "rm"(a->limb[2]),
            [a3] "rm"(a->limb[3])
            : "cc");
    return p;
}

/* a + b, which the caller knows to fit. */
static inline __attribute__((always_inline)) struct fr_five fr_add_five(
    const struct fr_five *a, const struct fr_five *b)
{
    struct fr_five sum = *a;

    __asm__("addq %[b0], %[s0]\n\t"
            "adcq %[b1], %[s1]\n\t"
            "adcq %[b2], %[s2]\n\t"
            "adcq %[b3], %[s3]\n\t"
            "adcq %[b4], %[s4]"
            : [s0] "+&r"(sum.limb[0]), [s1] "+&r"(sum.limb[1]), [s2] "+&r"(sum.limb[2]),
            [s3] "+&r"(sum.limb[3]), [s4] "+&r"(sum.limb[4])
            : [b0] "r"(b->limb[0]), [b1] "r"(b->limb[1]), [b2] "r"(b->limb[2]),
            [b3] "r"(b->limb[3]), [b4] "r"(b->limb[4])
            : "cc");
    return sum;
}

#endif
