/* The chaos workload: whom it takes down, when, how, and what it says when it cannot. */
#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define START      (10 * ASSAY_SECOND)
#define SECONDS(n) ((n)*ASSAY_SECOND)

enum {
    NODES_MAX = 8
};

static struct fakehost *network(uint32_t validators, uint32_t executors, assay_ns duration)
{
    struct fakehost *f = fake_new();

    fake_window(f, START, START + duration);
    fake_advance(f, START);
    fake_nodes(f, "validator", validators);
    fake_nodes(f, "executor", executors);
    fake_acts(f, ASSAY_SECOND, ASSAY_OK, ASSAY_PROVEN);
    return f;
}

static void run_to_end(struct fakehost *f)
{
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_run(f), ASSAY_OK);
    assert_int_equal(fake_finish(f), ASSAY_OK);
}

/* How often each node was acted upon. */
static void count_acts(const struct fakehost *f, size_t counts[NODES_MAX])
{
    memset(counts, 0, NODES_MAX * sizeof(counts[0]));
    for (size_t i = 0; i < fake_act_count(f); i++)
        counts[fake_act(f, i)->node]++;
}

/* ---- whom ---- */

static void everybody_is_restarted_about_equally_often(void **state)
{
    struct fakehost *f = network(3, 2, SECONDS(8000));
    size_t counts[NODES_MAX];

    (void)state;
    assert_int_equal(
        fake_create(f, "pause_min=5s", "pause_max=15s", "cooldown=5s", NULL), ASSAY_OK);
    run_to_end(f);

    count_acts(f, counts);
    assert_true(fake_act_count(f) > 500);
    for (size_t node = 0; node < 5; node++)
        assert_in_range(counts[node], fake_act_count(f) / 7, fake_act_count(f) / 3);
    for (size_t i = 0; i < fake_act_count(f); i++)
        assert_int_equal(fake_act(f, i)->kind, ASSAY_ACT_RESTART);
    assert_true(fake_metric(f, "actions") == (double)fake_act_count(f));
    assert_non_null(strstr(fake_log(f), "INFO 5 of 5 nodes were taken down, "));
    fake_free(f);
}

static void a_lone_validator_is_left_alone(void **state)
{
    struct fakehost *f = network(1, 1, SECONDS(2000));
    size_t counts[NODES_MAX];

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    run_to_end(f);

    count_acts(f, counts);
    assert_int_equal(counts[0], 0);
    assert_true(counts[1] > 10);
    fake_free(f);
}

static void a_role_that_is_switched_off_is_left_alone(void **state)
{
    static const char *const settings[] = {"validators=no", "executors=no"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fakehost *f = network(2, 2, SECONDS(2000));
        size_t counts[NODES_MAX];

        assert_int_equal(fake_create(f, settings[i], NULL), ASSAY_OK);
        run_to_end(f);
        count_acts(f, counts);
        assert_int_equal(counts[0] + counts[1] > 0, i == 1);
        assert_int_equal(counts[2] + counts[3] > 0, i == 0);
        fake_free(f);
    }
}

static void nodes_of_a_network_of_one_kind_count_as_validators(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= 2; count++) {
        struct fakehost *f = network(0, 0, SECONDS(2000));

        fake_nodes(f, "node", count);
        assert_int_equal(fake_create(f, NULL), ASSAY_OK);
        assert_int_equal(fake_prepare(f), count > 1 ? ASSAY_OK : ASSAY_E_INVALID);
        if (count > 1)
            assert_int_equal(fake_run(f), ASSAY_OK);
        assert_int_equal(fake_act_count(f) > 10, count > 1);
        fake_free(f);
    }
}

static void without_anybody_to_take_down_it_cannot_work(void **state)
{
    (void)state;
    for (uint32_t executors = 0; executors < 2; executors++) {
        struct fakehost *f = network(1, executors, SECONDS(60));

        assert_int_equal(fake_create(f, executors ? "executors=no" : "executors=yes", NULL), 0);
        assert_int_equal(fake_prepare(f), ASSAY_E_INVALID);
        assert_non_null(strstr(fake_why(f), "a lone validator is left alone"));
        fake_free(f);
    }
}

/* ---- when ---- */

static void pauses_lie_within_their_bounds_and_use_them(void **state)
{
    struct fakehost *f = network(40, 0, SECONDS(10000));
    assay_ns shortest = ASSAY_FOREVER, longest = 0;

    (void)state;
    assert_int_equal(
        fake_create(f, "pause_min=10s", "pause_max=20s", "cooldown=10s", NULL), ASSAY_OK);
    run_to_end(f);

    for (size_t i = 0; i < fake_act_count(f); i++) {
        const assay_ns before = i ? fake_act(f, i - 1)->at + ASSAY_SECOND : START;
        const assay_ns pause = fake_act(f, i)->at - before;

        shortest = pause < shortest ? pause : shortest;
        longest = pause > longest ? pause : longest;
    }
    assert_in_range(shortest, SECONDS(10), SECONDS(10) + 200 * ASSAY_MS);
    assert_in_range(longest, SECONDS(20) - 200 * ASSAY_MS, SECONDS(20));
    fake_free(f);
}

static void the_defaults_are_ten_to_thirty_seconds_and_a_minute(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(5000));

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    run_to_end(f);

    assert_in_range(fake_act(f, 0)->at - START, SECONDS(10), SECONDS(30));
    for (size_t i = 1; i < fake_act_count(f); i++) {
        const struct fake_act *act = fake_act(f, i);

        assert_true(act->at - fake_act(f, i - 1)->at >= SECONDS(11));
        for (size_t j = 0; j < i; j++) {
            if (fake_act(f, j)->node == act->node) /* it came back a second later */
                assert_true(act->at - fake_act(f, j)->at >= SECONDS(61));
        }
    }
    fake_free(f);
}

static void the_cooldown_is_each_targets_own(void **state)
{
    struct fakehost *f = network(3, 0, SECONDS(100));

    (void)state;
    assert_int_equal(fake_create(f, "pause_min=2s", "pause_max=2s", "cooldown=1h", NULL), ASSAY_OK);
    run_to_end(f);

    /* Each once, without waiting for the others' cooldowns, and then nobody. */
    assert_int_equal(fake_act_count(f), 3);
    assert_int_equal(fake_act(f, 0)->node + fake_act(f, 1)->node + fake_act(f, 2)->node, 3);
    assert_int_equal(fake_act(f, 2)->at, START + SECONDS(3 * 2 + 2));
    fake_free(f);
}

static void when_all_are_in_their_cooldown_the_first_one_out_of_it_is_next(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(60));

    (void)state;
    assert_int_equal(
        fake_create(f, "pause_min=1s", "pause_max=1s", "cooldown=20s", NULL), ASSAY_OK);
    run_to_end(f);

    assert_int_equal(fake_act(f, 2)->node, fake_act(f, 0)->node);
    assert_int_equal(fake_act(f, 2)->at, fake_act(f, 0)->at + SECONDS(1 + 20));
    fake_free(f);
}

static void nothing_begins_after_the_window(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(20));

    (void)state;
    assert_int_equal(fake_create(f, "pause_min=5s", "pause_max=5s", "cooldown=5s", NULL), ASSAY_OK);
    run_to_end(f);

    for (size_t i = 0; i < fake_act_count(f); i++)
        assert_true(fake_act(f, i)->at < START + SECONDS(20));
    assert_int_equal(fake_act_count(f), 3);
    fake_free(f);
}

static void chaos_that_never_comes_is_said_before_and_fails_after(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(10));

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_run(f), ASSAY_E_INVALID);

    assert_int_equal(fake_act_count(f), 0);
    assert_int_equal(fake_metric_samples(f, "actions"), 1);
    assert_true(fake_metric(f, "actions") == 0);
    assert_non_null(strstr(fake_log(f),
        "WARN nothing will be done: the first pause is at least 10.0 s, the window 10.0 s"));
    assert_non_null(strstr(fake_why(f), "no node was taken down: "));
    assert_non_null(strstr(fake_why(f), "make the window longer"));
    fake_free(f);
}

/* ---- how ---- */

static void an_outage_ends_with_the_node_being_brought_back(void **state)
{
    static const struct {
        const char *setting;
        uint32_t down, up;
    } cases[] = {{"actions=kill", ASSAY_ACT_KILL, ASSAY_ACT_START},
        {"actions=stop", ASSAY_ACT_STOP, ASSAY_ACT_START},
        {"actions=pause", ASSAY_ACT_PAUSE, ASSAY_ACT_RESUME}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fakehost *f = network(2, 0, SECONDS(300));

        assert_int_equal(fake_create(f, cases[i].setting, "outage=7s", NULL), ASSAY_OK);
        run_to_end(f);
        assert_true(fake_act_count(f) >= 4 && fake_act_count(f) % 2 == 0);
        for (size_t j = 0; j < fake_act_count(f); j += 2) {
            assert_int_equal(fake_act(f, j)->kind, cases[i].down);
            assert_int_equal(fake_act(f, j + 1)->kind, cases[i].up);
            assert_int_equal(fake_act(f, j)->node, fake_act(f, j + 1)->node);
            assert_int_equal(fake_act(f, j + 1)->at, fake_act(f, j)->at + SECONDS(1 + 7));
        }
        assert_int_equal(fake_metric_samples(f, "down"), fake_act_count(f) / 2);
        fake_free(f);
    }
}

static void at_the_end_of_the_window_everybody_is_brought_back(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(12));

    (void)state;
    assert_int_equal(fake_create(f, "actions=pause", "outage=1h", "pause_max=10s", NULL), ASSAY_OK);
    run_to_end(f);

    assert_int_equal(fake_act_count(f), 2);
    assert_int_equal(fake_act(f, 1)->kind, ASSAY_ACT_RESUME);
    assert_int_equal(fake_act(f, 1)->at, START + SECONDS(12));
    fake_free(f);
}

static void several_actions_are_mixed(void **state)
{
    struct fakehost *f = network(4, 0, SECONDS(20000));
    size_t kinds[12] = {0};

    (void)state;
    assert_int_equal(fake_create(f, "actions=restart, kill, pause, replace, kill", "outage=0s",
                         "cooldown=10s", NULL),
        ASSAY_OK);
    run_to_end(f);

    for (size_t i = 0; i < fake_act_count(f); i++)
        kinds[fake_act(f, i)->kind]++;
    assert_true(kinds[ASSAY_ACT_RESTART] > 100);
    assert_in_range(kinds[ASSAY_ACT_KILL], kinds[ASSAY_ACT_RESTART] / 2,
        kinds[ASSAY_ACT_RESTART] * 3 / 2); /* said twice, it is not twice as likely */
    assert_int_equal(kinds[ASSAY_ACT_KILL], kinds[ASSAY_ACT_START]);
    assert_true(kinds[ASSAY_ACT_REPLACE] > 100);
    assert_int_equal(kinds[ASSAY_ACT_PAUSE], kinds[ASSAY_ACT_RESUME]);
    fake_free(f);
}

static void every_action_has_a_deadline(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(200));

    (void)state;
    assert_int_equal(fake_create(f, "actions=kill", "patience=42s", NULL), ASSAY_OK);
    run_to_end(f);

    for (size_t i = 0; i < fake_act_count(f); i++)
        assert_int_equal(fake_act(f, i)->until, fake_act(f, i)->at + SECONDS(42));
    fake_free(f);
}

/* ---- failing ---- */

static void nonsense_is_refused_with_a_way_out(void **state)
{
    static const char *const cases[][3] = {
        {"pause_min=40s", NULL, "pause_max must not be below pause_min"},
        {"cooldown=5s", NULL, "cooldown must not be below pause_min"},
        {"validators=no", "executors=no", "nobody is left"},
        {"actions=restart, explode", NULL,
            "'explode' is not known; there are restart, stop, kill, pause and replace"},
        {"actions=", NULL, "leave it out for restart"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fakehost *f = network(2, 0, SECONDS(60));

        assert_int_equal(fake_create(f, cases[i][0], cases[i][1], NULL), ASSAY_E_INVALID);
        assert_non_null(strstr(fake_why(f), cases[i][2]));
        fake_free(f);
    }
}

static void what_the_deployer_cannot_do_is_refused_before_the_window(void **state)
{
    static const uint32_t missing[] = {ASSAY_ACT_PAUSE, ASSAY_ACT_RESUME};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fakehost *f = network(2, 0, SECONDS(60));

        fake_supports(f, ~((uint64_t)1 << missing[i]));
        assert_int_equal(fake_create(f, "actions=restart, pause", NULL), ASSAY_OK);
        assert_int_equal(fake_prepare(f), ASSAY_E_UNSUPPORTED);
        assert_non_null(strstr(fake_why(f), "the deployer cannot pause nodes; choose other"));
        fake_free(f);
    }
}

static void an_action_that_fails_fails_the_workload(void **state)
{
    static const assay_status statuses[] = {ASSAY_E_IO, ASSAY_E_TIMEOUT, ASSAY_E_INVALID};

    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        struct fakehost *f = network(2, 0, SECONDS(200));

        fake_acts(f, ASSAY_SECOND, statuses[i], ASSAY_UNPROVEN);
        assert_int_equal(fake_create(f, NULL), ASSAY_OK);
        assert_int_equal(fake_prepare(f), ASSAY_OK);
        assert_int_equal(fake_run(f), statuses[i]);
        assert_string_equal(fake_why(f), "the node does not come back");
        assert_int_equal(fake_act_count(f), 1);
        fake_free(f);
    }
}

static void an_action_that_is_not_proven_fails_the_workload(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(200));

    (void)state;
    fake_acts(f, ASSAY_SECOND, ASSAY_OK, ASSAY_UNPROVEN);
    assert_int_equal(fake_create(f, "actions=kill", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_run(f), ASSAY_E_IO);
    assert_non_null(strstr(fake_why(f), "the kill of validator-"));
    assert_non_null(strstr(fake_why(f), " is not proven within 60.0 s (patience); "));
    assert_non_null(strstr(fake_why(f), "before: as it was; after: as it is"));
    assert_int_equal(fake_act_count(f), 1);
    assert_true(fake_metric(f, "actions") == 0);
    fake_free(f);
}

/* ---- torture ---- */

static struct fakehost *created_network(void)
{
    struct fakehost *f = network(2, 0, SECONDS(100));

    assert_int_equal(fake_create(f, "actions=kill", NULL), ASSAY_OK);
    return f;
}

static struct fakehost *prepared_network(void)
{
    struct fakehost *f = created_network();

    assert_int_equal(fake_prepare(f), ASSAY_OK);
    return f;
}

static assay_status prepare_and_run(struct fakehost *f, assay_verdict *verdict)
{
    const assay_status s = fake_prepare(f);

    (void)verdict;
    return s ? s : fake_run(f);
}

static assay_status run_it(struct fakehost *f, assay_verdict *verdict)
{
    (void)verdict;
    return fake_run(f);
}

static void reports_each_failure_as_it_is(void **state)
{
    const struct fake_life life = {.make = created_network, .live = prepare_and_run};

    (void)state;
    assert_true(fake_fail_each_call(&life, ASSAY_E_IO) > 10);
}

static void stops_at_once_when_cancelled(void **state)
{
    const struct fake_life life = {.make = prepared_network, .live = run_it};

    (void)state;
    assert_true(fake_cancel_each_wait(&life) > 5);
}

static void is_cancelled_in_the_midst_of_an_action_too(void **state)
{
    struct fakehost *f = network(2, 0, SECONDS(100));

    (void)state;
    fake_acts(f, SECONDS(30), ASSAY_OK, ASSAY_PROVEN);
    assert_int_equal(fake_create(f, "pause_max=10s", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_cancel_at(f, START + SECONDS(15));
    assert_int_equal(fake_run(f), ASSAY_E_CANCELLED);
    assert_int_equal(fake_now(f), START + SECONDS(15));
    fake_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_restarted_about_equally_often),
        cmocka_unit_test(a_lone_validator_is_left_alone),
        cmocka_unit_test(a_role_that_is_switched_off_is_left_alone),
        cmocka_unit_test(nodes_of_a_network_of_one_kind_count_as_validators),
        cmocka_unit_test(without_anybody_to_take_down_it_cannot_work),
        cmocka_unit_test(pauses_lie_within_their_bounds_and_use_them),
        cmocka_unit_test(the_defaults_are_ten_to_thirty_seconds_and_a_minute),
        cmocka_unit_test(the_cooldown_is_each_targets_own),
        cmocka_unit_test(when_all_are_in_their_cooldown_the_first_one_out_of_it_is_next),
        cmocka_unit_test(nothing_begins_after_the_window),
        cmocka_unit_test(chaos_that_never_comes_is_said_before_and_fails_after),
        cmocka_unit_test(an_outage_ends_with_the_node_being_brought_back),
        cmocka_unit_test(at_the_end_of_the_window_everybody_is_brought_back),
        cmocka_unit_test(several_actions_are_mixed),
        cmocka_unit_test(every_action_has_a_deadline),
        cmocka_unit_test(nonsense_is_refused_with_a_way_out),
        cmocka_unit_test(what_the_deployer_cannot_do_is_refused_before_the_window),
        cmocka_unit_test(an_action_that_fails_fails_the_workload),
        cmocka_unit_test(an_action_that_is_not_proven_fails_the_workload),
        cmocka_unit_test(reports_each_failure_as_it_is),
        cmocka_unit_test(stops_at_once_when_cancelled),
        cmocka_unit_test(is_cancelled_in_the_midst_of_an_action_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
