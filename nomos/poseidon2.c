#include "nomos/poseidon2.h"

#include "nomos/field_arith.h"
#include "nomos/poseidon2_constants.h"

/* Everything below is one function to the compiler, once for each multiplication. Not so where each
   access is instrumented: gcc would think about that function for a minute. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALWAYS_INLINE __attribute__((noinline))
#else
#define ALWAYS_INLINE inline __attribute__((always_inline))
#endif

/* Between rounds the state is held below 2 r, and only the result is fully reduced. The state lives
   in three named variables, not in an array, so that compilers keep it in registers. */
struct state {
    struct fr a;
    struct fr b;
    struct fr c;
};

/* The sum of two numbers below 2 r, again below 2 r. */
static ALWAYS_INLINE struct fr add(const struct fr *a, const struct fr *b)
{
    const struct fr sum = fr_add_loose(a, b);

    return fr_reduce_double(&sum);
}

/* (x + constant)^5, for x below 2 r. The bounds in units of r, by the rule of the multiplications:
   x + constant < 3, its square < 2.71, the fourth power < 2.39, the fifth < 2.36. */
static ALWAYS_INLINE struct fr substitute(
    const struct fr *x, const struct fr *constant, fr_multiplication *multiply)
{
    const struct fr sum = fr_add_loose(x, constant);
    const struct fr square = multiply(&sum, &sum);
    const struct fr fourth = multiply(&square, &square);
    const struct fr fifth = multiply(&fourth, &sum);

    return fr_reduce_double(&fifth);
}

/* The matrix circ(2, 1, 1): everyone gets the sum of all. */
static ALWAYS_INLINE void mix_external(struct state *s)
{
    const struct fr ab = add(&s->a, &s->b);
    const struct fr sum = add(&ab, &s->c);

    s->a = add(&s->a, &sum);
    s->b = add(&s->b, &sum);
    s->c = add(&s->c, &sum);
}

/* The same with a 3 at the end of the diagonal. b + c comes first: it does not wait for the S-box
   of a. */
static ALWAYS_INLINE void mix_internal(struct state *s)
{
    const struct fr bc = add(&s->b, &s->c);
    const struct fr sum = add(&bc, &s->a);
    const struct fr twice_c = add(&s->c, &s->c);

    s->a = add(&s->a, &sum);
    s->b = add(&s->b, &sum);
    s->c = add(&twice_c, &sum);
}

static ALWAYS_INLINE void round_external(
    struct state *s, const struct fr constants[POSEIDON2_WIDTH], fr_multiplication *multiply)
{
    s->a = substitute(&s->a, &constants[0], multiply);
    s->b = substitute(&s->b, &constants[1], multiply);
    s->c = substitute(&s->c, &constants[2], multiply);
    mix_external(s);
}

static ALWAYS_INLINE void permute(struct fr state[POSEIDON2_WIDTH], fr_multiplication *multiply)
{
    const size_t half = POSEIDON2_EXTERNAL_ROUNDS / 2;
    struct state s = {state[0], state[1], state[2]};

    mix_external(&s);
    for (size_t i = 0; i < half; i++)
        round_external(&s, poseidon2_external[i], multiply);
    for (size_t i = 0; i < POSEIDON2_INTERNAL_ROUNDS; i++) {
        s.a = substitute(&s.a, &poseidon2_internal[i], multiply);
        mix_internal(&s);
    }
    for (size_t i = half; i < POSEIDON2_EXTERNAL_ROUNDS; i++)
        round_external(&s, poseidon2_external[i], multiply);
    state[0] = fr_reduce_once(&s.a);
    state[1] = fr_reduce_once(&s.b);
    state[2] = fr_reduce_once(&s.c);
}

void poseidon2_permute_portable(struct fr state[POSEIDON2_WIDTH])
{
    permute(state, fr_multiply_loose);
}

void poseidon2_permute(struct fr state[POSEIDON2_WIDTH])
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("bmi2")) {
        permute(state, fr_multiply_bmi2);
        return;
    }
#endif
    poseidon2_permute_portable(state);
}

void poseidon2_absorb(struct poseidon2 *hasher, const struct fr *input)
{
    hasher->state[0] = fr_add(&hasher->state[0], input);
    poseidon2_permute(hasher->state);
}

struct fr poseidon2_finish(const struct poseidon2 *hasher, enum poseidon2_mode mode)
{
    struct poseidon2 last = *hasher;

    if (mode == POSEIDON2_PADDED)
        poseidon2_absorb(&last, &fr_one);
    return last.state[0];
}

static struct fr hash_all(const struct fr *inputs, size_t count, enum poseidon2_mode mode)
{
    struct poseidon2 hasher = {0};

    for (size_t i = 0; i < count; i++)
        poseidon2_absorb(&hasher, &inputs[i]);
    return poseidon2_finish(&hasher, mode);
}

struct fr poseidon2_digest(const struct fr *inputs, size_t count)
{
    return hash_all(inputs, count, POSEIDON2_PADDED);
}

struct fr poseidon2_sponge(const struct fr *inputs, size_t count)
{
    return hash_all(inputs, count, POSEIDON2_UNPADDED);
}

struct fr poseidon2_compress(const struct fr *a, const struct fr *b)
{
    struct fr state[POSEIDON2_WIDTH] = {*a, *b, {{0}}};

    poseidon2_permute(state);
    return state[0];
}
