/* Durations that the environment changes. */
#include "test_nomos_support.h"

#include "nomos/node_config_env.h"

struct world {
    const char *name, *value, *slow;
};

static const char *look_up(void *self, const char *name)
{
    const struct world *world = self;

    if (strcmp(name, "SLOW_TEST_ENV") == 0)
        return world->slow;
    return world->name && strcmp(name, world->name) == 0 ? world->value : NULL;
}

static enum nomos_status read_with(
    struct world world, struct node_config_times *out, struct nomos_error *err)
{
    return node_config_times_read(look_up, &world, out, err);
}

static void without_variables_the_customary_durations_hold(void **state)
{
    struct node_config_times times, customary;

    (void)state;
    node_config_times_default(&customary);
    assert_int_equal(read_with((struct world){.slow = "TRUE"}, &times, NULL), NOMOS_OK);
    assert_memory_equal(&times, &customary, sizeof(times));
    assert_int_equal(
        read_with((struct world){"NOMOS_GRACE_PERIOD_SECS", "", NULL}, &times, NULL), NOMOS_OK);
    assert_memory_equal(&times, &customary, sizeof(times));
    assert_int_equal(times.dispersal_timeout, 20 * NODE_CONFIG_SECOND);
    assert_int_equal(times.retry_cooldown, 3 * NODE_CONFIG_SECOND);
    assert_int_equal(times.grace_period, 1200 * NODE_CONFIG_SECOND);
    assert_int_equal(times.prune_duration, 30 * NODE_CONFIG_SECOND);
    assert_int_equal(times.prune_interval, 5 * NODE_CONFIG_SECOND);
    assert_int_equal(times.share_duration, 5 * NODE_CONFIG_SECOND);
    assert_int_equal(times.commitments_wait, 1 * NODE_CONFIG_SECOND);
    assert_int_equal(times.sdp_trigger_delay, 5 * NODE_CONFIG_SECOND);
}

static void each_variable_changes_its_duration_alone(void **state)
{
    static const struct {
        const char *name;
        size_t offset;
    } settings[] = {
        {"NOMOS_DISPERSAL_TIMEOUT_SECS", offsetof(struct node_config_times, dispersal_timeout)},
        {"NOMOS_RETRY_COOLDOWN_SECS", offsetof(struct node_config_times, retry_cooldown)},
        {"NOMOS_GRACE_PERIOD_SECS", offsetof(struct node_config_times, grace_period)},
        {"NOMOS_PRUNE_DURATION_SECS", offsetof(struct node_config_times, prune_duration)},
        {"NOMOS_PRUNE_INTERVAL_SECS", offsetof(struct node_config_times, prune_interval)},
        {"NOMOS_SHARE_DURATION_SECS", offsetof(struct node_config_times, share_duration)},
        {"NOMOS_COMMITMENTS_WAIT_SECS", offsetof(struct node_config_times, commitments_wait)},
        {"NOMOS_SDP_TRIGGER_DELAY_SECS", offsetof(struct node_config_times, sdp_trigger_delay)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
        struct node_config_times times, expected;

        node_config_times_default(&expected);
        *(uint64_t *)(void *)((char *)&expected + settings[i].offset) = 77 * NODE_CONFIG_SECOND;
        assert_int_equal(
            read_with((struct world){settings[i].name, "77", NULL}, &times, NULL), NOMOS_OK);
        assert_memory_equal(&times, &expected, sizeof(times));
    }
}

static void slow_tests_wait_twice_as_long_before_sampling_a_declaration(void **state)
{
    struct node_config_times times;

    (void)state;
    assert_int_equal(
        read_with((struct world){"NOMOS_SDP_TRIGGER_DELAY_SECS", "7", "true"}, &times, NULL),
        NOMOS_OK);
    assert_int_equal(times.sdp_trigger_delay, 14 * NODE_CONFIG_SECOND);
    assert_int_equal(times.share_duration, 5 * NODE_CONFIG_SECOND);
}

static void what_is_no_number_of_seconds_is_refused_by_name(void **state)
{
    static const char *const values[] = {
        "-1", "1.5", "5s", " 5", "0x5", "31536001", "99999999", "18446744073709551616", "five"};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
        struct node_config_times times = {.retry_cooldown = 1};
        struct nomos_error err = {""};

        assert_int_equal(
            read_with((struct world){"NOMOS_RETRY_COOLDOWN_SECS", values[i], NULL}, &times, &err),
            NOMOS_E_DATA);
        assert_non_null(strstr(err.text, "NOMOS_RETRY_COOLDOWN_SECS"));
        assert_non_null(strstr(err.text, values[i]));
        assert_int_equal(times.retry_cooldown, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_variables_the_customary_durations_hold),
        cmocka_unit_test(each_variable_changes_its_duration_alone),
        cmocka_unit_test(slow_tests_wait_twice_as_long_before_sampling_a_declaration),
        cmocka_unit_test(what_is_no_number_of_seconds_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
