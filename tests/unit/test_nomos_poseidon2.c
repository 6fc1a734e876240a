/* Poseidon2 against the vectors of the node contract (3.3, 3.10). */
#include "test_nomos_support.h"

#include "nomos/poseidon2.h"
#include "nomos/poseidon2_constants.h"

static void assert_decimal(const struct fr *a, const char *expected)
{
    char text[FR_DECIMAL_SIZE];

    fr_to_decimal(a, text);
    assert_string_equal(text, expected);
}

static void permutation_gives_the_published_element(void **state)
{
    struct fr s[POSEIDON2_WIDTH] = {fr_from_u64(0), fr_from_u64(1), fr_from_u64(2)};

    (void)state;
    poseidon2_permute(s);
    /* 0x0bb61d24...4a3033, least significant byte first. */
    assert_fr(&s[0], "33304a4f0560f747f8a48ea94d333481320f65829a92b1bcee55cada241db60b");
}

static void digest_gives_the_upstream_vectors(void **state)
{
    const struct fr all[] = {fr_from_u64(0), fr_from_u64(1), fr_from_u64(2)};
    static const char *const one_input[] = {
        "14440562208246903332530876912784724937356723424375796042690034647976142142243",
        "13955187255749411516377601857453481686854514827536340092448578824571923228920",
        "9632004710537414903275898870712812796867229507472840228295932832943785232633"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct fr digest = poseidon2_digest(&all[i], 1);

        assert_decimal(&digest, one_input[i]);
    }
    const struct fr digest = poseidon2_digest(all, 3);
    assert_decimal(
        &digest, "21739021971472524335152491270920095773040444510968189350907442466992269802900");
}

static void sponge_of_zero_is_compress_of_zeros(void **state)
{
    const struct fr sponge = poseidon2_sponge(&fr_zero, 1);
    const struct fr compressed = poseidon2_compress(&fr_zero, &fr_zero);

    (void)state;
    assert_fr(&sponge, "823eaaa087cd69eaf1a5e3e9a70dc9135c0d3949ab885bd35b634db100dad12e");
    assert_fr(&compressed, "823eaaa087cd69eaf1a5e3e9a70dc9135c0d3949ab885bd35b634db100dad12e");
}

static void compress_gives_the_vector(void **state)
{
    const struct fr two = fr_from_u64(2);
    const struct fr compressed = poseidon2_compress(&fr_one, &two);

    (void)state;
    assert_fr(&compressed, "d2ff5b06fb6bed057c75a769a1d77dbad047b121dfecfeee713b66c3bdc3fa2a");
}

static void finishing_leaves_the_hasher_to_go_on(void **state)
{
    const struct fr inputs[] = {fr_from_u64(7), fr_from_u64(8), fr_from_u64(9)};
    struct poseidon2 hasher = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        poseidon2_absorb(&hasher, &inputs[i]);
        const struct fr padded = poseidon2_finish(&hasher, POSEIDON2_PADDED);
        const struct fr unpadded = poseidon2_finish(&hasher, POSEIDON2_UNPADDED);
        const struct fr digest = poseidon2_digest(inputs, i + 1);
        const struct fr sponge = poseidon2_sponge(inputs, i + 1);

        assert_true(fr_equal(&padded, &digest));
        assert_true(fr_equal(&unpadded, &sponge));
        assert_false(fr_equal(&padded, &unpadded));
    }
}

/* The permutation as the definition has it, on fully reduced elements, to check the loose
   arithmetic of the faster ones over many states. */
static void mix(struct fr s[POSEIDON2_WIDTH], uint64_t last_diagonal)
{
    const struct fr ab = fr_add(&s[0], &s[1]);
    const struct fr sum = fr_add(&ab, &s[2]);
    const struct fr last = fr_from_u64(last_diagonal);

    s[2] = fr_mul(&s[2], &last);
    for (size_t i = 0; i < POSEIDON2_WIDTH; i++)
        s[i] = fr_add(&s[i], &sum);
}

static void substitute(struct fr *a, const struct fr *constant)
{
    const struct fr x = fr_add(a, constant);
    const struct fr square = fr_sqr(&x);
    const struct fr fourth = fr_sqr(&square);

    *a = fr_mul(&fourth, &x);
}

static void permute_by_definition(struct fr s[POSEIDON2_WIDTH])
{
    mix(s, 1);
    for (size_t i = 0; i < POSEIDON2_EXTERNAL_ROUNDS; i++) {
        for (size_t j = 0; i == POSEIDON2_EXTERNAL_ROUNDS / 2 && j < POSEIDON2_INTERNAL_ROUNDS;
             j++) {
            substitute(&s[0], &poseidon2_internal[j]);
            mix(s, 2);
        }
        for (size_t j = 0; j < POSEIDON2_WIDTH; j++)
            substitute(&s[j], &poseidon2_external[i][j]);
        mix(s, 1);
    }
}

static void both_permutations_agree_with_the_definition_on_many_states(void **state)
{
    struct fr fast[POSEIDON2_WIDTH] = {fr_zero, fr_sub(&fr_zero, &fr_one), fr_one};
    struct fr portable[POSEIDON2_WIDTH];
    struct fr slow[POSEIDON2_WIDTH];

    (void)state;
    for (size_t i = 0; i < 300; i++) {
        memcpy(slow, fast, sizeof(slow));
        memcpy(portable, fast, sizeof(portable));
        poseidon2_permute(fast);
        poseidon2_permute_portable(portable);
        permute_by_definition(slow);
        for (size_t j = 0; j < POSEIDON2_WIDTH; j++) {
            assert_true(fr_equal(&fast[j], &slow[j]));
            assert_true(fr_equal(&portable[j], &slow[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(permutation_gives_the_published_element),
        cmocka_unit_test(digest_gives_the_upstream_vectors),
        cmocka_unit_test(sponge_of_zero_is_compress_of_zeros),
        cmocka_unit_test(compress_gives_the_vector),
        cmocka_unit_test(finishing_leaves_the_hasher_to_go_on),
        cmocka_unit_test(both_permutations_agree_with_the_definition_on_many_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
