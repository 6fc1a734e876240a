/* Failures, offences and blocked peers. */
#include "support/devnode_world.h"

#include "devnode/core/da_monitor.h"

#define S ((uint64_t)SECOND_NS)

static const struct da_monitor_settings strict = {.window_ns = 5 * S};

static void a_rate_is_failures_per_second_of_the_window(void **state)
{
    struct da_monitor monitor;

    (void)state;
    da_monitor_init(&monitor, &strict, 2);
    assert_int_equal(da_monitor_rate(&monitor, 0, DA_FAILED_SAMPLING, 100 * S), 0);
    for (uint64_t i = 0; i < 10; i++)
        (void)da_monitor_note(&monitor, 0, DA_FAILED_SAMPLING, 100 * S);
    assert_int_equal(da_monitor_rate(&monitor, 0, DA_FAILED_SAMPLING, 100 * S), 2 * 128);
    assert_int_equal(da_monitor_rate(&monitor, 0, DA_FAILED_SAMPLING, 105 * S - 1), 2 * 128);
    assert_int_equal(da_monitor_rate(&monitor, 0, DA_FAILED_SAMPLING, 105 * S), 0);
    assert_int_equal(da_monitor_rate(&monitor, 0, DA_FAILED_DISPERSAL, 100 * S), 0);
    assert_int_equal(da_monitor_rate(&monitor, 1, DA_FAILED_SAMPLING, 100 * S), 0);
    da_monitor_done(&monitor);
}

static void a_decaying_failure_weighs_less_as_it_ages(void **state)
{
    const struct da_monitor_settings decaying = {.window_ns = 5 * S, .decay_128 = 128};
    uint64_t last = UINT64_MAX;
    struct da_monitor monitor;

    (void)state;
    da_monitor_init(&monitor, &decaying, 1);
    for (uint64_t i = 0; i < 5; i++)
        (void)da_monitor_note(&monitor, 0, DA_FAILED_REPLICATION, 100 * S);
    for (uint64_t age = 0; age < 5; age++) {
        uint64_t rate = da_monitor_rate(&monitor, 0, DA_FAILED_REPLICATION, (100 + age) * S);

        assert_true(rate < last);
        assert_in_range(rate, 128 * (5 - age) / 5 - 2, 128 * (5 - age) / 5 + 2);
        last = rate;
    }
    da_monitor_done(&monitor);
}

static void only_the_latest_failures_are_remembered(void **state)
{
    struct da_monitor monitor;

    (void)state;
    da_monitor_init(&monitor, &strict, 1);
    for (uint64_t i = 0; i < 1000; i++)
        (void)da_monitor_note(&monitor, 0, DA_FAILED_DISPERSAL, 100 * S);
    assert_int_equal(da_monitor_rate(&monitor, 0, DA_FAILED_DISPERSAL, 100 * S),
        DA_FAILURES_KEPT * (uint64_t)128 / 5);
    da_monitor_done(&monitor);
}

static void a_member_is_healthy_within_what_is_forgiven(void **state)
{
    const struct da_monitor_settings lenient = {
        .window_ns = 5 * S, .max = {[DA_FAILED_SAMPLING] = 2}};
    struct da_monitor monitor;

    (void)state;
    da_monitor_init(&monitor, &lenient, 1);
    assert_true(da_monitor_is_healthy(&monitor, 0, 100 * S));
    (void)da_monitor_note(&monitor, 0, DA_FAILED_SAMPLING, 100 * S);
    (void)da_monitor_note(&monitor, 0, DA_FAILED_SAMPLING, 100 * S);
    assert_true(da_monitor_is_healthy(&monitor, 0, 100 * S));
    (void)da_monitor_note(&monitor, 0, DA_FAILED_SAMPLING, 100 * S);
    assert_false(da_monitor_is_healthy(&monitor, 0, 100 * S));
    assert_true(da_monitor_is_healthy(&monitor, 0, 106 * S));
    (void)da_monitor_note(&monitor, 0, DA_FAILED_DISPERSAL, 106 * S);
    assert_false(da_monitor_is_healthy(&monitor, 0, 106 * S));
    da_monitor_done(&monitor);
}

static void failures_never_block_and_offences_do(void **state)
{
    struct da_monitor monitor;

    (void)state;
    da_monitor_init(&monitor, &strict, 1);
    for (uint64_t i = 0; i < 100; i++)
        assert_false(da_monitor_note(&monitor, 0, DA_FAILED_SAMPLING, 100 * S));
    assert_true(da_monitor_note(&monitor, 0, DA_OFFENCE, 100 * S));
    da_monitor_done(&monitor);
}

static struct bytes32 key_of(uint64_t n)
{
    struct bytes32 key = {{0}};

    /* Spread over the whole order, in an order of its own. */
    n = n * 0x9E3779B97F4A7C15u;
    memcpy(key.bytes, &n, sizeof(n));
    return key;
}

static void blocked_keys_are_found_and_listed_in_order(void **state)
{
    struct da_monitor monitor;

    (void)state;
    da_monitor_init(&monitor, &strict, 1);
    for (uint64_t i = 0; i < 200; i++) {
        struct bytes32 key = key_of(i);

        assert_false(da_monitor_is_blocked(&monitor, &key));
        assert_int_equal(da_monitor_block(&monitor, &key), DA_BLOCKING_CHANGED);
        assert_int_equal(da_monitor_block(&monitor, &key), DA_BLOCKING_SAME);
    }
    for (uint64_t i = 0; i < 200; i += 2) {
        struct bytes32 key = key_of(i);

        assert_true(da_monitor_unblock(&monitor, &key, DA_NOBODY));
        assert_false(da_monitor_unblock(&monitor, &key, DA_NOBODY));
    }
    assert_int_equal(monitor.blocked_count, 100);
    for (uint64_t i = 0; i < 200; i++) {
        struct bytes32 key = key_of(i);

        assert_int_equal(da_monitor_is_blocked(&monitor, &key), i % 2);
    }
    for (size_t i = 1; i < monitor.blocked_count; i++)
        assert_true(bytes32_compare(&monitor.blocked[i - 1], &monitor.blocked[i]) < 0);
    da_monitor_done(&monitor);
}

static void there_is_room_for_so_many_blocked_keys_and_no_more(void **state)
{
    struct da_monitor monitor;
    struct bytes32 key;

    (void)state;
    da_monitor_init(&monitor, &strict, 1);
    for (uint64_t i = 0; i < DA_BLOCKED_MAX; i++) {
        key = key_of(i);
        assert_int_equal(da_monitor_block(&monitor, &key), DA_BLOCKING_CHANGED);
    }
    assert_int_equal(da_monitor_block(&monitor, &key), DA_BLOCKING_SAME);
    key = key_of(DA_BLOCKED_MAX);
    assert_int_equal(da_monitor_block(&monitor, &key), DA_BLOCKING_FULL);
    assert_false(da_monitor_is_blocked(&monitor, &key));
    da_monitor_done(&monitor);
}

static void unblocking_forgets_the_offences(void **state)
{
    const struct da_monitor_settings lenient = {.window_ns = 5 * S, .max = {[DA_OFFENCE] = 1}};
    struct da_monitor monitor;
    struct bytes32 key = {{1}};

    (void)state;
    da_monitor_init(&monitor, &lenient, 1);
    assert_false(da_monitor_note(&monitor, 0, DA_OFFENCE, 100 * S));
    assert_true(da_monitor_note(&monitor, 0, DA_OFFENCE, 100 * S));
    assert_int_equal(da_monitor_block(&monitor, &key), DA_BLOCKING_CHANGED);
    assert_true(da_monitor_unblock(&monitor, &key, 0));
    assert_false(da_monitor_note(&monitor, 0, DA_OFFENCE, 100 * S));
    da_monitor_done(&monitor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_failures_per_second_of_the_window),
        cmocka_unit_test(a_decaying_failure_weighs_less_as_it_ages),
        cmocka_unit_test(only_the_latest_failures_are_remembered),
        cmocka_unit_test(a_member_is_healthy_within_what_is_forgiven),
        cmocka_unit_test(failures_never_block_and_offences_do),
        cmocka_unit_test(blocked_keys_are_found_and_listed_in_order),
        cmocka_unit_test(there_is_room_for_so_many_blocked_keys_and_no_more),
        cmocka_unit_test(unblocking_forgets_the_offences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
