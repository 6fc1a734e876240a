/* Hexadecimal, growing text and error texts. */
#include "test_nomos_support.h"

#include "nomos/error.h"
#include "nomos/text.h"

static void hex_reads_back_in_either_case(void **state)
{
    const uint8_t bytes[] = {0x00, 0x9a, 0xff};
    uint8_t read[3];
    char text[7];

    (void)state;
    hex_write(bytes, sizeof(bytes), text);
    assert_string_equal(text, "009aff");
    assert_true(hex_read("009aff", 6, read, 3));
    assert_memory_equal(read, bytes, 3);
    assert_true(hex_read("009AfF", 6, read, 3));
    assert_memory_equal(read, bytes, 3);
}

static void hex_of_another_length_or_character_is_refused(void **state)
{
    uint8_t read[2] = {7, 7};

    (void)state;
    assert_false(hex_read("00ff0", 5, read, 2));
    assert_false(hex_read("00", 2, read, 2));
    assert_false(hex_read("00ff00", 6, read, 2));
    assert_false(hex_read("00fg", 4, read, 2));
    assert_false(hex_read("00f:", 4, read, 2));
    assert_false(hex_read("00f@", 4, read, 2));
    assert_false(hex_read("00f`", 4, read, 2));
    assert_false(hex_read("00 f", 4, read, 2));
    assert_int_equal(read[0], 7);
}

static void ids_take_0x_and_elements_do_not(void **state)
{
    static const char digits[] = "0500000000000000000000000000000000000000000000000000000000000000";
    char prefixed[HEX32_SIZE + 2] = "0x";
    struct bytes32 id;
    struct fr element;

    (void)state;
    memcpy(prefixed + 2, digits, sizeof(digits));
    assert_true(hex_to_bytes32(digits, &id));
    assert_true(hex_to_bytes32(prefixed, &id));
    assert_int_equal(id.bytes[0], 5);
    assert_true(hex_to_fr(digits, &element));
    assert_false(hex_to_fr(prefixed, &element));
    assert_false(
        hex_to_fr("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", &element));
    assert_false(hex_to_bytes32("0x", &id));
    assert_false(hex_to_bytes32("", &id));
}

static void ids_are_ordered_by_their_first_byte(void **state)
{
    const struct bytes32 low = {{1, 9}};
    const struct bytes32 high = {{2, 0}};
    const struct bytes32 zero = {{0}};

    (void)state;
    assert_true(bytes32_compare(&low, &high) < 0);
    assert_true(bytes32_compare(&high, &low) > 0);
    assert_true(bytes32_compare(&low, &low) == 0);
    assert_true(bytes32_is_zero(&zero));
    assert_false(bytes32_is_zero(&low));
}

static void text_grows_and_stays_terminated(void **state)
{
    const uint8_t bytes[] = {0, 9, 10, 99, 100, 255};
    struct text text = {0};

    (void)state;
    text_add(&text, "a");
    text_add_u64(&text, 0);
    text_add_u64(&text, UINT64_MAX);
    text_add_hex(&text, bytes, 2);
    text_add_numbers(&text, bytes, sizeof(bytes));
    text_add_numbers(&text, bytes, 0);
    text_add_bytes(&text, "zz", 1);
    assert_true(text_ok(&text));
    assert_string_equal(text.bytes, "a0184467440737095516150009[0,9,10,99,100,255][]z");
    assert_int_equal(text.size, strlen(text.bytes));
    text_clear(&text);
    assert_string_equal(text.bytes, "");
    for (size_t i = 0; i < 5000; i++)
        text_add(&text, "0123456789");
    assert_true(text_ok(&text));
    assert_int_equal(text.size, 50000);
    assert_int_equal(strlen(text.bytes), 50000);
    text_done(&text);
    assert_null(text.bytes);
}

static void text_stops_at_its_limit_and_says_so(void **state)
{
    struct text text = {.max = 10};

    (void)state;
    text_add(&text, "123456789");
    assert_true(text_ok(&text));
    text_add(&text, "x");
    assert_false(text_ok(&text));
    text_add_u64(&text, 1);
    text_add_hex(&text, (const uint8_t *)"", 1);
    text_add_numbers(&text, (const uint8_t *)"", 1);
    assert_string_equal(text.bytes, "123456789");
    text_clear(&text);
    text_add(&text, "again");
    assert_true(text_ok(&text));
    text_done(&text);
    assert_int_equal(text.max, 10);
}

static void long_error_text_is_cut_and_terminated(void **state)
{
    char long_text[2 * NOMOS_ERROR_SIZE];
    struct nomos_error err;

    (void)state;
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(nomos_fail(&err, NOMOS_E_DATA, "%s", long_text), NOMOS_E_DATA);
    assert_int_equal(strlen(err.text), NOMOS_ERROR_SIZE - 1);
    assert_int_equal(nomos_fail(NULL, NOMOS_E_SYNTAX, "nobody reads this"), NOMOS_E_SYNTAX);
    assert_int_equal(nomos_fail_memory(&err), NOMOS_E_MEMORY);
    assert_string_equal(err.text, "out of memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_reads_back_in_either_case),
        cmocka_unit_test(hex_of_another_length_or_character_is_refused),
        cmocka_unit_test(ids_take_0x_and_elements_do_not),
        cmocka_unit_test(ids_are_ordered_by_their_first_byte),
        cmocka_unit_test(text_grows_and_stays_terminated),
        cmocka_unit_test(text_stops_at_its_limit_and_says_so),
        cmocka_unit_test(long_error_text_is_cut_and_terminated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
