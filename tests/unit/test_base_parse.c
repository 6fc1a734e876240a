#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/parse.h"

enum {
    ROUNDS = 20000,
    SEED = 20251
};

/* xorshift: the same numbers in every run. */
static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* Numbers of all magnitudes, not only huge ones. */
static uint64_t next_magnitude(uint64_t *x)
{
    const uint64_t value = next_random(x);

    return value >> (next_random(x) % 64);
}

#define assert_refused(call, part)                                                                 \
    do {                                                                                           \
        struct error refused = {.code = ASSAY_OK};                                                 \
        struct error *err = &refused;                                                              \
        assert_int_equal(call, ASSAY_E_INVALID);                                                   \
        if (!strstr(refused.text, part))                                                           \
            fail_msg("'%s' does not say '%s'", refused.text, part);                                \
    } while (0)

static void whole_numbers_are_read(void **state)
{
    uint64_t natural = 0;
    int64_t integer = 0;

    (void)state;
    assert_int_equal(parse_u64("18446744073709551615", &natural, NULL), ASSAY_OK);
    assert_true(natural == UINT64_MAX);
    assert_int_equal(parse_u64("007", &natural, NULL), ASSAY_OK);
    assert_true(natural == 7);
    assert_int_equal(parse_i64("-9223372036854775808", &integer, NULL), ASSAY_OK);
    assert_true(integer == INT64_MIN);
    assert_int_equal(parse_i64("9223372036854775807", &integer, NULL), ASSAY_OK);
    assert_true(integer == INT64_MAX);
}

static void other_texts_are_no_whole_numbers(void **state)
{
    static const char *const texts[] = {"", " ", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x10", "a",
        "1a", "--1", "- 1", "1\n", "\xD9\xA1"};
    uint64_t natural = 77;
    int64_t integer = 77;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_refused(parse_u64(texts[i], &natural, err), "is not a whole number");
        assert_refused(parse_i64(texts[i], &integer, err), "is not a whole number");
    }
    assert_refused(parse_u64("-1", &natural, err), "is not a whole number");
    assert_true(natural == 77 && integer == 77); /* written only on success */
}

static void too_large_whole_numbers_are_refused(void **state)
{
    uint64_t natural = 0;
    int64_t integer = 0;

    (void)state;
    assert_refused(parse_u64("18446744073709551616", &natural, err), "larger than");
    assert_refused(parse_u64("99999999999999999999999", &natural, err), "larger than");
    assert_refused(parse_i64("9223372036854775808", &integer, err), "between");
    assert_refused(parse_i64("-9223372036854775809", &integer, err), "between");
}

static void a_range_names_its_bounds(void **state)
{
    const struct u64_range ports = {.min = 1, .max = 65535};
    uint64_t port = 0;

    (void)state;
    assert_int_equal(parse_u64_in("65535", ports, &port, NULL), ASSAY_OK);
    assert_int_equal(parse_u64_in("1", ports, &port, NULL), ASSAY_OK);
    assert_refused(parse_u64_in("0", ports, &port, err), "from 1 to 65535");
    assert_refused(parse_u64_in("65536", ports, &port, err), "from 1 to 65535");
    assert_refused(parse_u64_in("http", ports, &port, err), "'http'");
}

static void reals_are_read_and_oddities_refused(void **state)
{
    static const char *const odd[] = {
        "", "nan", "inf", "-inf", "0x1p3", " 1", "1 ", "1,5", "+1", "e", ".", "1e", "1.5.2", "--1"};
    double value = 0;

    (void)state;
    assert_int_equal(parse_real("-2.5e-3", &value, NULL), ASSAY_OK);
    assert_true(value == -2.5e-3);
    assert_int_equal(parse_real("1e-400", &value, NULL), ASSAY_OK);
    assert_true(value == 0);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        assert_refused(parse_real(odd[i], &value, err), "is not a number");
    assert_refused(parse_real("1e400", &value, err), "too large");
    assert_refused(parse_real("1000000000000000000000000000000000000000000000000000000000000000000",
                       &value, err),
        "is not a number");
}

static void truth_has_six_words(void **state)
{
    bool value = false;

    (void)state;
    assert_int_equal(parse_bool("Yes", &value, NULL), ASSAY_OK);
    assert_true(value);
    assert_int_equal(parse_bool("OFF", &value, NULL), ASSAY_OK);
    assert_false(value);
    assert_refused(parse_bool("1", &value, err), "neither true nor false");
    assert_refused(parse_bool("", &value, err), "neither true nor false");
}

static void spans_are_read(void **state)
{
    static const struct {
        const char *text;
        assay_ns expected;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"10ms", 10000000},
        {"1.5s", 1500000000},
        {"2m", 120000000000},
        {"1h", 3600000000000},
        {"500us", 500000},
        {"7ns", 7},
        {"1h30m", 5400000000000},
        {"1d", 86400000000000},
        {"1m0.5s", 60500000000},
        {"0.000000001s", 1},
        {"0.25h", 900000000000},
        {"1.50000000000000000000000000s", 1500000000},
        {"9223372036854775807ns", INT64_MAX},
    };
    assay_ns span = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse_span(cases[i].text, &span, NULL), ASSAY_OK);
        assert_true(span == cases[i].expected);
    }
}

static void spans_that_are_none_say_what_is_expected(void **state)
{
    assay_ns span = 5;

    (void)state;
    assert_refused(parse_span("", &span, err), "a time such as");
    assert_refused(parse_span("fast", &span, err), "a time such as");
    assert_refused(parse_span("-1s", &span, err), "a time such as");
    assert_refused(parse_span(".5s", &span, err), "a time such as");
    assert_refused(parse_span("5.s", &span, err), "a time such as");
    assert_refused(parse_span("10", &span, err), "'10' has no unit; the units are d h m s ms us");
    assert_refused(parse_span("00", &span, err), "has no unit");
    assert_refused(parse_span("1h30", &span, err), "has no unit");
    assert_refused(parse_span("10 s", &span, err), "has no known unit");
    assert_refused(parse_span("10sec", &span, err), "has no known unit");
    assert_refused(parse_span("10S", &span, err), "has no known unit");
    assert_refused(parse_span("1s ", &span, err), "a time such as");
    assert_refused(parse_span("30m1h", &span, err), "from large units to small");
    assert_refused(parse_span("1s1s", &span, err), "from large units to small");
    assert_refused(parse_span("0.5ns", &span, err), "more decimals than the unit allows");
    assert_refused(parse_span("1.0000000001s", &span, err), "more decimals");
    assert_true(span == 5);
}

static void spans_beyond_the_range_are_refused(void **state)
{
    assay_ns span = 0;

    (void)state;
    assert_refused(parse_span("9223372036854775808ns", &span, err), "too large");
    assert_refused(parse_span("99999999999999999999999999999s", &span, err), "too large");
    assert_refused(parse_span("18446744073709551615.9d", &span, err), "too large");
    assert_refused(parse_span("106751d24h", &span, err), "too large");
}

static void sizes_are_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t expected;
    } cases[] = {
        {"0", 0},
        {"512B", 512},
        {"16KiB", 16384},
        {"10kB", 10000},
        {"4MiB", 4194304},
        {"1.5GiB", 1610612736},
        {"2TB", 2000000000000},
        {"0.001kB", 1},
        {"9223372036854775807B", INT64_MAX},
    };
    uint64_t size = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse_size(cases[i].text, &size, NULL), ASSAY_OK);
        assert_true(size == cases[i].expected);
    }
}

static void sizes_that_are_none_say_what_is_expected(void **state)
{
    uint64_t size = 0;

    (void)state;
    assert_refused(parse_size("big", &size, err), "a size such as");
    assert_refused(parse_size("10", &size, err), "has no unit; the units are B kB KiB");
    assert_refused(parse_size("10K", &size, err), "has no known unit");
    assert_refused(parse_size("1.5B", &size, err), "more decimals");
    assert_refused(parse_size("1KiB1B", &size, err), "a size such as");
    assert_refused(parse_size("9223372036854775808B", &size, err), "too large");
    assert_refused(parse_size("8388608TiB", &size, err), "too large");
}

static void quantities_are_written_as_people_would(void **state)
{
    char text[QUANTITY_TEXT_SIZE];

    (void)state;
    assert_string_equal(format_span(0, text), "0s");
    assert_string_equal(format_span(90 * ASSAY_SECOND, text), "1m30s");
    assert_string_equal(format_span(1500 * ASSAY_MS, text), "1.5s");
    assert_string_equal(format_span(2500000, text), "2.5ms");
    assert_string_equal(format_span(999, text), "999ns");
    assert_string_equal(format_span(86400 * ASSAY_SECOND, text), "1d");
    assert_string_equal(format_span(60 * ASSAY_SECOND + 5 * ASSAY_MS, text), "1m5ms");
    assert_string_equal(format_span(-1500 * ASSAY_MS, text), "-1.5s");
    assert_string_equal(format_span(INT64_MIN, text), "-106751d23h47m16.854775808s");
    assert_string_equal(format_size(0, text), "0B");
    assert_string_equal(format_size(16384, text), "16KiB");
    assert_string_equal(format_size(10000, text), "10kB");
    assert_string_equal(format_size(1023, text), "1023B");
    assert_string_equal(format_real(0.1, text), "0.1");
    assert_string_equal(format_real(1.0 / 3, text), "0.3333333333333333");
}

static void formatted_quantities_parse_back(void **state)
{
    uint64_t x = SEED;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        const assay_ns span = (assay_ns)(next_magnitude(&x) >> 1);
        const uint64_t size = next_magnitude(&x) >> 1;
        const double real = (double)(int64_t)next_magnitude(&x) / 1000.0;
        char text[QUANTITY_TEXT_SIZE];
        assay_ns span_again = 0;
        uint64_t size_again = 0;
        double real_again = 0;

        assert_int_equal(parse_span(format_span(span, text), &span_again, NULL), ASSAY_OK);
        assert_true(span_again == span);
        assert_int_equal(parse_size(format_size(size, text), &size_again, NULL), ASSAY_OK);
        assert_true(size_again == size);
        assert_int_equal(parse_real(format_real(real, text), &real_again, NULL), ASSAY_OK);
        assert_true(real_again == real);
    }
}

/* Texts out of the letters that the parsers care about: none may crash, and what
   is taken must be written and taken again as the same. */
static void random_texts_are_taken_exactly_or_refused(void **state)
{
    static const char letters[] = "0123456789..--+eEmshdunskKMGTiB \t";
    uint64_t x = SEED;
    int taken = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        char text[16];
        char again[QUANTITY_TEXT_SIZE];
        const size_t len = next_random(&x) % sizeof text;
        uint64_t natural = 0;
        int64_t integer = 0;
        double real = 0;
        assay_ns span = 0;
        bool truth = false;

        for (size_t k = 0; k < len; k++)
            text[k] = letters[next_random(&x) % (sizeof letters - 1)];
        text[len] = '\0';
        (void)parse_bool(text, &truth, NULL);
        (void)parse_i64(text, &integer, NULL);
        (void)parse_real(text, &real, NULL);
        if (!parse_u64(text, &natural, NULL)) {
            assert_int_equal(strspn(text, "0123456789"), len);
            taken++;
        }
        if (!parse_span(text, &span, NULL)) {
            assay_ns same = -1;

            assert_true(span >= 0);
            assert_int_equal(parse_span(format_span(span, again), &same, NULL), ASSAY_OK);
            assert_true(same == span);
            taken++;
        }
        if (!parse_size(text, &natural, NULL)) {
            assert_true(natural <= INT64_MAX);
            taken++;
        }
    }
    assert_true(taken > 100); /* else the letters test nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_are_read),
        cmocka_unit_test(other_texts_are_no_whole_numbers),
        cmocka_unit_test(too_large_whole_numbers_are_refused),
        cmocka_unit_test(a_range_names_its_bounds),
        cmocka_unit_test(reals_are_read_and_oddities_refused),
        cmocka_unit_test(truth_has_six_words),
        cmocka_unit_test(spans_are_read),
        cmocka_unit_test(spans_that_are_none_say_what_is_expected),
        cmocka_unit_test(spans_beyond_the_range_are_refused),
        cmocka_unit_test(sizes_are_read),
        cmocka_unit_test(sizes_that_are_none_say_what_is_expected),
        cmocka_unit_test(quantities_are_written_as_people_would),
        cmocka_unit_test(formatted_quantities_parse_back),
        cmocka_unit_test(random_texts_are_taken_exactly_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
