/* The lottery and epochs against the node contract (3.10, 4.1, 4.2). */
#include "test_nomos_support.h"

#include <math.h>

#include "nomos/lottery.h"

static void next_nonces_give_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    const struct fr at_slot_0 = lottery_next_nonce(&wire, &fr_zero, &fr_zero, 0);
    const struct fr at_slot_5 = lottery_next_nonce(&wire, &fr_zero, &fr_zero, 5);

    (void)state;
    assert_fr(&at_slot_0, "e4e46174cf7ee3dc802b3e3bd944855c5fdb99b4a4a78fa4a9a7c79389294e1f");
    assert_fr(&at_slot_5, "34c6848480f20b42ed46c7afec3028f2141260743780d3e1be1d295c5d35db03");
}

static void padded_revision_gives_the_digest(void **state)
{
    struct wire wire;
    const struct fr nonce = fr_from_u64(1);
    const struct fr entropy = fr_from_u64(2);

    (void)state;
    wire_init(&wire, &wire_revision_2025_12_padded);
    struct poseidon2 hasher = wire.epoch_nonce;
    const struct fr slot = fr_from_u64(3);
    poseidon2_absorb(&hasher, &nonce);
    poseidon2_absorb(&hasher, &entropy);
    poseidon2_absorb(&hasher, &slot);
    const struct fr expected = poseidon2_finish(&hasher, POSEIDON2_PADDED);
    const struct fr next = lottery_next_nonce(&wire, &nonce, &entropy, 3);
    assert_true(fr_equal(&next, &expected));
}

static void ticket_gives_the_vector(void **state)
{
    const struct lottery_draw draw = {.note_id = fr_from_u64(7),
        .secret_key = fr_from_u64(8),
        .epoch_nonce = fr_from_u64(9),
        .slot = 10};
    const struct fr ticket = lottery_ticket(&draw);

    (void)state;
    assert_fr(&ticket, "eb1baf0f3abefe2098fdb2ea8a12468f48daba2ba6188066c3f4cffcbb437712");
}

/* --- the threshold ------------------------------------------------------------------------ */

/* The numbers come from exact arithmetic outside of this library; 0x97ee7381... and
   0x30644d84... are the contract's example. */
static void constants_are_exact(void **state)
{
    struct lottery lottery;

    (void)state;
    assert_int_equal(lottery_init(&lottery, 0.9, 3004, NULL), NOMOS_OK);
    assert_int_equal(lottery.n, UINT64_C(2302585092994045952));
    assert_fr(&lottery.t0, "a67aeea842059584c8f9ec191017c0b3c22fc6d829b15296a8021d38e77e0900");
    assert_fr(&lottery.t1, "0c44dcc28bee5d247bcee10681dc7c6747164df9df05188d483e7d60844d6430");

    assert_int_equal(lottery_init(&lottery, 0.9, UINT64_C(0xfedcba9876543210), NULL), NOMOS_OK);
    assert_fr(&lottery.t0, "ec0e526abd275a563215ba4dd68aff37348882695c79ec6f0000000000000000");
    assert_fr(&lottery.t1, "85cf31bb4525f931723ca4022f43c5a65c588181b64550b829a031e1724e6430");
}

/* A field element as a part of r. */
static double share(const struct fr *a)
{
    uint64_t limbs[4];

    fr_to_limbs(a, limbs);
    return ((double)limbs[3] * 0x1p64 + (double)limbs[2]) / (0x30644e72e131a029p0 * 0x1p64);
}

static void threshold_is_that_of_the_contracts_example(void **state)
{
    struct lottery lottery;

    (void)state;
    assert_int_equal(lottery_init(&lottery, 0.9, 3004, NULL), NOMOS_OK);
    const struct fr threshold = lottery_threshold(&lottery, 1000);
    assert_true(fabs(share(&threshold) - 0.47274) < 0.00001);
}

static void threshold_follows_its_formula_for_other_coefficients(void **state)
{
    static const double coefficients[] = {0.05, 0.5, 0.9, 0.99};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const double n = -log1p(-coefficients[i]);
        struct lottery lottery;

        assert_int_equal(lottery_init(&lottery, coefficients[i], 1000000, NULL), NOMOS_OK);
        for (uint64_t value = 1000; value <= 100000; value *= 10) {
            const double x = (double)value / 1000000;
            const struct fr threshold = lottery_threshold(&lottery, value);

            assert_true(fabs(share(&threshold) - (n * x - n * n * x * x / 2)) < 1e-9);
        }
    }
}

static void stake_of_one_wraps_around_and_is_still_defined(void **state)
{
    struct lottery lottery;

    (void)state;
    assert_int_equal(lottery_init(&lottery, 0.9, 1, NULL), NOMOS_OK);
    /* N above 1: t0 exceeds r and wraps; 2.3026 - 2 = 0.3026 of r. */
    assert_true(fabs(share(&lottery.t0) - 0.302585) < 0.000001);
}

static void parameters_without_a_lottery_are_refused(void **state)
{
    static const double coefficients[] = {0, 1, -0.5, 1.5, 1e-19, 0.999999999, (double)NAN};
    struct lottery lottery;

    (void)state;
    for (size_t i = 0; i < sizeof(coefficients) / sizeof(coefficients[0]); i++)
        assert_int_equal(lottery_init(&lottery, coefficients[i], 1000, NULL), NOMOS_E_DATA);
    assert_int_equal(lottery_init(&lottery, 0.9, 0, NULL), NOMOS_E_DATA);
}

static void about_as_many_tickets_win_as_the_threshold_says(void **state)
{
    enum {
        DRAWS = 2000
    };
    struct lottery lottery;
    size_t wins = 0;

    (void)state;
    assert_int_equal(lottery_init(&lottery, 0.9, 3004, NULL), NOMOS_OK);
    for (uint64_t slot = 0; slot < DRAWS; slot++) {
        const struct lottery_draw draw = {.note_id = fr_from_u64(1), .slot = slot};

        wins += lottery_wins(&lottery, &draw, 1000);
    }
    /* The draws are fixed, so this is no gamble: 0.47274 of 2000 are 945, give or take 4 sigma. */
    assert_in_range(wins, 945 - 90, 945 + 90);
}

static void note_worth_nothing_never_wins(void **state)
{
    struct lottery lottery;

    (void)state;
    assert_int_equal(lottery_init(&lottery, 0.9, 10, NULL), NOMOS_OK);
    for (uint64_t slot = 0; slot < 50; slot++) {
        const struct lottery_draw draw = {.slot = slot};

        assert_false(lottery_wins(&lottery, &draw, 0));
    }
}

/* --- epochs ------------------------------------------------------------------------------- */

static const struct epoch_config test_defaults = {.security_param = 10,
    .active_slot_coefficient = 0.9,
    .stake_stabilization = 3,
    .nonce_buffer = 3,
    .nonce_stabilization = 4};

static void epochs_of_the_test_defaults_have_110_slots(void **state)
{
    struct epochs epochs;

    (void)state;
    assert_int_equal(epochs_init(&epochs, &test_defaults, NULL), NOMOS_OK);
    assert_int_equal(epochs.base_period, 11);
    assert_int_equal(epochs.length, 110);
    assert_int_equal(epochs.nonce_contrib, 66);
    assert_int_equal(epochs_of_slot(&epochs, 109), 0);
    assert_int_equal(epochs_of_slot(&epochs, 110), 1);
    assert_int_equal(epochs_first_slot(&epochs, 2), 220);
    assert_int_equal(epochs_first_slot(&epochs, UINT64_MAX), UINT64_MAX);
}

static void epochs_that_make_no_sense_are_refused(void **state)
{
    struct epoch_config configs[8];
    struct epochs epochs;

    (void)state;
    for (size_t i = 0; i < 8; i++)
        configs[i] = test_defaults;
    configs[0].active_slot_coefficient = 0;
    configs[1].active_slot_coefficient = 1.1;
    configs[2].security_param = 0;
    configs[3].stake_stabilization = 0;
    configs[4].nonce_buffer = 0;
    configs[5].nonce_stabilization = 0;
    configs[6].active_slot_coefficient = 1e-18; /* more than 2^63 slots in a base period */
    configs[7].active_slot_coefficient = 1e-9;  /* fits, but not times 2^33 */
    configs[7].security_param = UINT32_MAX;
    configs[7].stake_stabilization = UINT32_MAX;
    configs[7].nonce_buffer = UINT32_MAX;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(epochs_init(&epochs, &configs[i], NULL), NOMOS_E_DATA);
}

static void coefficient_of_one_is_an_epoch_too(void **state)
{
    struct epoch_config config = test_defaults;
    struct epochs epochs;

    (void)state;
    config.active_slot_coefficient = 1;
    assert_int_equal(epochs_init(&epochs, &config, NULL), NOMOS_OK);
    assert_int_equal(epochs.length, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_nonces_give_the_vectors),
        cmocka_unit_test(padded_revision_gives_the_digest),
        cmocka_unit_test(ticket_gives_the_vector),
        cmocka_unit_test(constants_are_exact),
        cmocka_unit_test(threshold_is_that_of_the_contracts_example),
        cmocka_unit_test(threshold_follows_its_formula_for_other_coefficients),
        cmocka_unit_test(stake_of_one_wraps_around_and_is_still_defined),
        cmocka_unit_test(parameters_without_a_lottery_are_refused),
        cmocka_unit_test(about_as_many_tickets_win_as_the_threshold_says),
        cmocka_unit_test(note_worth_nothing_never_wins),
        cmocka_unit_test(epochs_of_the_test_defaults_have_110_slots),
        cmocka_unit_test(epochs_that_make_no_sense_are_refused),
        cmocka_unit_test(coefficient_of_one_is_an_epoch_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
