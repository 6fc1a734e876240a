/* Fr: the algebra holds, and every form of an element reads back as what was written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nomos/field.h"
#include "nomos/field_arith.h"

/* r - 1, the largest element, as LE32. */
static const uint8_t largest[FR_SIZE] = {0x00, 0x00, 0x00, 0xf0, 0x93, 0xf5, 0xe1, 0x43, 0x91, 0x70,
    0xb9, 0x79, 0x48, 0xe8, 0x33, 0x28, 0x5d, 0x58, 0x81, 0x81, 0xb6, 0x45, 0x50, 0xb8, 0x29, 0xa0,
    0x31, 0xe1, 0x72, 0x4e, 0x64, 0x30};
static const char largest_decimal[] =
    "21888242871839275222246405745257275088548364400416034343698204186575808495616";

/* A sequence of elements that is the same in every run (xorshift, fixed seed). */
static struct fr next_element(uint64_t *state)
{
    uint8_t bytes[40];

    for (size_t i = 0; i < sizeof(bytes); i++) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        bytes[i] = (uint8_t)(*state >> 32);
    }
    return fr_from_bytes_mod(bytes, sizeof(bytes));
}

/* Elements where carries and reductions go wrong first. */
static size_t edge_elements(struct fr out[8])
{
    size_t count = 0;

    out[count++] = fr_zero;
    out[count++] = fr_one;
    out[count++] = fr_from_u64(2);
    out[count++] = fr_from_u64(UINT64_MAX);
    assert_true(fr_from_le32(largest, &out[count++]));
    out[count++] = fr_from_limbs_mod((const uint64_t[4]){0, 0, 0, 1});
    out[count++] = fr_from_limbs_mod((const uint64_t[4]){0, 1, 0, 0});
    out[count++] = fr_from_limbs_mod((const uint64_t[4]){UINT64_MAX, UINT64_MAX, UINT64_MAX, 0});
    return count;
}

static void assert_equal(const struct fr *a, const struct fr *b)
{
    char text_a[FR_DECIMAL_SIZE];
    char text_b[FR_DECIMAL_SIZE];

    fr_to_decimal(a, text_a);
    fr_to_decimal(b, text_b);
    assert_string_equal(text_a, text_b);
    assert_true(fr_equal(a, b));
}

static void check_laws(const struct fr *a, const struct fr *b, const struct fr *c)
{
    const struct fr a_plus_b = fr_add(a, b);
    const struct fr b_plus_a = fr_add(b, a);
    const struct fr ab = fr_mul(a, b);
    const struct fr ba = fr_mul(b, a);
    const struct fr bc = fr_mul(b, c);
    const struct fr ac = fr_mul(a, c);

    assert_equal(&a_plus_b, &b_plus_a);
    assert_equal(&ab, &ba);
    const struct fr back = fr_sub(&a_plus_b, b);
    assert_equal(&back, a);
    const struct fr ab_c = fr_mul(&ab, c);
    const struct fr a_bc = fr_mul(a, &bc);
    assert_equal(&ab_c, &a_bc);
    const struct fr sum_times_c = fr_mul(&a_plus_b, c);
    const struct fr sum_of_products = fr_add(&ac, &bc);
    assert_equal(&sum_times_c, &sum_of_products);
    const struct fr square = fr_sqr(a);
    const struct fr product = fr_mul(a, a);
    assert_equal(&square, &product);
}

static void arithmetic_obeys_the_laws_of_a_field(void **state)
{
    uint64_t seed = 0x5eed;
    struct fr edges[8];
    const size_t count = edge_elements(edges);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            for (size_t k = 0; k < count; k++)
                check_laws(&edges[i], &edges[j], &edges[k]);
    for (size_t i = 0; i < 500; i++) {
        const struct fr a = next_element(&seed);
        const struct fr b = next_element(&seed);
        const struct fr c = next_element(&seed);

        check_laws(&a, &b, &c);
    }
}

static void every_element_but_zero_has_the_inverse_that_fermat_gives(void **state)
{
    uint64_t seed = 7;
    uint64_t exponent[4];
    const struct fr minus_one = fr_sub(&fr_zero, &fr_one);
    struct fr a = next_element(&seed);
    struct fr power = fr_one;

    (void)state;
    /* a^(r-1) = 1, by square and multiply from the top bit. */
    fr_to_limbs(&minus_one, exponent);
    for (size_t i = 256; i-- > 0;) {
        power = fr_sqr(&power);
        if (exponent[i / 64] >> (i % 64) & 1)
            power = fr_mul(&power, &a);
    }
    assert_equal(&power, &fr_one);
}

static void le32_reads_back_what_was_written(void **state)
{
    uint64_t seed = 99;
    uint8_t bytes[FR_SIZE];
    struct fr edges[8];
    struct fr read;

    (void)state;
    for (size_t i = 0, count = edge_elements(edges); i < count; i++) {
        fr_to_le32(&edges[i], bytes);
        assert_true(fr_from_le32(bytes, &read));
        assert_equal(&read, &edges[i]);
    }
    for (size_t i = 0; i < 200; i++) {
        const struct fr a = next_element(&seed);

        fr_to_le32(&a, bytes);
        assert_true(fr_from_le32(bytes, &read));
        assert_equal(&read, &a);
    }
}

static void le32_takes_r_itself_as_zero_and_nothing_above(void **state)
{
    uint8_t bytes[FR_SIZE];
    struct fr read = fr_one;

    (void)state;
    memcpy(bytes, largest, sizeof(bytes));
    bytes[0] = 1; /* r */
    assert_true(fr_from_le32(bytes, &read));
    assert_true(fr_is_zero(&read));

    read = fr_one;
    bytes[0] = 2; /* r + 1 */
    assert_false(fr_from_le32(bytes, &read));
    memset(bytes, 0xff, sizeof(bytes));
    assert_false(fr_from_le32(bytes, &read));
    assert_equal(&read, &fr_one); /* untouched */
}

static void bytes_of_any_length_read_modulo_r(void **state)
{
    uint8_t bytes[100];
    struct fr expected = fr_zero;
    const struct fr base = fr_from_u64(256);

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(255 - i);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        /* The schoolbook way: from the top, times 256, plus the next byte. */
        expected = fr_zero;
        for (size_t i = size; i-- > 0;) {
            const struct fr digit = fr_from_u64(bytes[i]);

            expected = fr_mul(&expected, &base);
            expected = fr_add(&expected, &digit);
        }
        const struct fr read = fr_from_bytes_mod(bytes, size);
        assert_equal(&read, &expected);
    }
}

static void decimal_reads_back_what_was_written(void **state)
{
    uint64_t seed = 3;
    char text[FR_DECIMAL_SIZE];
    struct fr read;

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        const struct fr a = next_element(&seed);

        fr_to_decimal(&a, text);
        assert_true(fr_from_decimal(text, &read));
        assert_true(fr_equal(&read, &a));
    }
    fr_to_decimal(&fr_zero, text);
    assert_string_equal(text, "0");
    assert_true(fr_from_le32(largest, &read));
    fr_to_decimal(&read, text);
    assert_string_equal(text, largest_decimal);
}

static void decimal_refuses_what_is_no_element(void **state)
{
    static const char *const refused[] = {"", "-1", "+1", " 1", "1 ", "0x10", "1.0", "12a",
        /* r */ "21888242871839275222246405745257275088548364400416034343698204186575808495617",
        /* 2^256 */
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        /* 78 digits, all of them zeros */
        "000000000000000000000000000000000000000000000000000000000000000000000000000000",
        "99999999999999999999999999999999999999999999999999999999999999999999999999999"};
    struct fr read;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(fr_from_decimal(refused[i], &read));
}

static void order_is_that_of_the_integers_not_of_the_montgomery_form(void **state)
{
    struct fr top;
    const struct fr one = fr_from_u64(1);
    const struct fr two = fr_from_u64(2);
    const struct fr high = fr_from_limbs_mod((const uint64_t[4]){0, 0, 0, 1});

    (void)state;
    assert_true(fr_from_le32(largest, &top));
    assert_true(fr_compare(&one, &two) < 0);
    assert_true(fr_compare(&two, &one) > 0);
    assert_true(fr_compare(&two, &two) == 0);
    assert_true(fr_compare(&two, &high) < 0);
    assert_true(fr_compare(&high, &top) < 0);
    assert_true(fr_compare(&fr_zero, &one) < 0);
}

static void montgomery_bytes_are_the_element_times_two_to_the_256(void **state)
{
    uint64_t seed = 12;
    uint8_t montgomery[FR_SIZE];
    uint8_t shifted[FR_SIZE + 32] = {0};

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        const struct fr a = next_element(&seed);

        fr_to_le32(&a, shifted + 32);
        const struct fr product = fr_from_bytes_mod(shifted, sizeof(shifted));
        uint8_t expected[FR_SIZE];
        fr_to_le32(&product, expected);
        fr_to_montgomery_le32(&a, montgomery);
        assert_memory_equal(montgomery, expected, sizeof(expected));
    }
}

/* Limbs that are not reduced, up to the bounds of field_arith.h: r - 1, r, 2r - 1, 3r - 1, 4r -
   1 and 2^256 - 1 - r, the largest first factor. */
static const struct fr loose[] = {
    {{0x43e1f593f0000000, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029}},
    {{0x43e1f593f0000001, 0x2833e84879b97091, 0xb85045b68181585d, 0x30644e72e131a029}},
    {{0x87c3eb27e0000001, 0x5067d090f372e122, 0x70a08b6d0302b0ba, 0x60c89ce5c2634053}},
    {{0xcba5e0bbd0000002, 0x789bb8d96d2c51b3, 0x28f0d12384840917, 0x912ceb58a394e07d}},
    {{0x0f87d64fc0000003, 0xa0cfa121e6e5c245, 0xe14116da06056174, 0xc19139cb84c680a6}},
    {{0xbc1e0a6c0ffffffe, 0xd7cc17b786468f6e, 0x47afba497e7ea7a2, 0xcf9bb18d1ece5fd6}},
};
static const struct fr all_ones = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

/* A Montgomery product lacks a factor of 2^256; with it, it is the product. */
static void check_product(fr_multiplication *multiply, const struct fr *a, const struct fr *b)
{
    const struct fr product = multiply(a, b);
    const struct fr as_element = fr_from_limbs_mod(product.limb);
    const struct fr last = fr_from_limbs_mod(all_ones.limb);
    const struct fr radix = fr_add(&last, &fr_one);
    const struct fr scaled = fr_mul(&as_element, &radix);
    const struct fr element_a = fr_from_limbs_mod(a->limb);
    const struct fr element_b = fr_from_limbs_mod(b->limb);
    const struct fr expected = fr_mul(&element_a, &element_b);

    assert_equal(&scaled, &expected);
}

static void products_of_loose_numbers_are_right_up_to_the_bound(void **state)
{
    const size_t count = sizeof(loose) / sizeof(loose[0]);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        check_product(fr_multiply_loose, &loose[i], &all_ones);
        for (size_t j = 0; j < count; j++)
            check_product(fr_multiply_loose, &loose[i], &loose[j]);
    }
#ifdef __x86_64__
    if (!__builtin_cpu_supports("bmi2"))
        return;
    for (size_t i = 0; i < count; i++) {
        check_product(fr_multiply_bmi2, &loose[i], &all_ones);
        for (size_t j = 0; j < count; j++)
            check_product(fr_multiply_bmi2, &loose[i], &loose[j]);
    }
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_obeys_the_laws_of_a_field),
        cmocka_unit_test(every_element_but_zero_has_the_inverse_that_fermat_gives),
        cmocka_unit_test(le32_reads_back_what_was_written),
        cmocka_unit_test(le32_takes_r_itself_as_zero_and_nothing_above),
        cmocka_unit_test(bytes_of_any_length_read_modulo_r),
        cmocka_unit_test(decimal_reads_back_what_was_written),
        cmocka_unit_test(decimal_refuses_what_is_no_element),
        cmocka_unit_test(order_is_that_of_the_integers_not_of_the_montgomery_form),
        cmocka_unit_test(products_of_loose_numbers_are_right_up_to_the_bound),
        cmocka_unit_test(montgomery_bytes_are_the_element_times_two_to_the_256),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
