/* Chance: streams that repeat, differ, split and are fair. */
#include "framework/host/random.h"
#include "host_fixture.h"

static struct random_stream stream_of(uint64_t seed, const char *instance, const char *operation)
{
    struct random_stream stream;

    random_root(&stream,
        &(struct random_origin){.seed = seed, .instance = instance, .operation = operation});
    return stream;
}

static void the_same_origin_gives_the_same_numbers(void **state)
{
    struct random_stream a = stream_of(1, "workload.a", "run");
    struct random_stream b = stream_of(1, "workload.a", "run");

    (void)state;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(random_next(&a), random_next(&b));
}

/* These numbers are a promise: a seed printed in an old report must mean the same today. */
static void the_first_numbers_never_change(void **state)
{
    struct random_stream stream = stream_of(42, "workload.burst", "run");
    struct random_stream child;

    (void)state;
    random_split(&child, &stream, 0);
    assert_int_equal(random_next(&stream), 0x675441eba99b6e60u);
    assert_int_equal(random_next(&child), 0xf41f402ac3e1eb3u);
}

static void other_origins_give_other_numbers(void **state)
{
    struct random_stream streams[] = {stream_of(1, "workload.a", "run"),
        stream_of(2, "workload.a", "run"), stream_of(1, "workload.b", "run"),
        stream_of(1, "workload.a", "finish"), stream_of(1, "workload.ar", "un")};
    uint64_t numbers[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        numbers[i] = random_next(&streams[i]);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(numbers[i], numbers[j]);
    }
}

static void a_child_does_not_depend_on_what_its_parent_drew(void **state)
{
    struct random_stream parent = stream_of(1, "workload.a", "run"), before, after, other;

    (void)state;
    random_split(&before, &parent, 3);
    (void)random_next(&parent);
    random_split(&after, &parent, 3);
    random_split(&other, &parent, 4);
    assert_int_equal(random_next(&before), random_next(&after));
    assert_int_not_equal(random_next(&before), random_next(&other));
}

static void numbers_stay_below_the_bound(void **state)
{
    static const uint64_t bounds[] = {1, 2, 3, 7, 1000, (uint64_t)1 << 63, UINT64_MAX};
    struct random_stream stream = stream_of(1, "workload.a", "run");

    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        for (int n = 0; n < 1000; n++)
            assert_true(random_below(&stream, bounds[i]) < bounds[i]);
    }
}

/* Chi-square with 9 degrees of freedom stays below 33 but for one in ten thousand seeds; the seed
   is fixed. */
static void all_numbers_are_equally_likely(void **state)
{
    struct random_stream stream = stream_of(7, "workload.a", "run");
    double counts[10] = {0}, chi = 0;

    (void)state;
    for (int i = 0; i < 100000; i++)
        counts[random_below(&stream, 10)]++;
    for (int i = 0; i < 10; i++)
        chi += (counts[i] - 10000) * (counts[i] - 10000) / 10000;
    assert_true(chi < 33);
}

/* Where 2^64 is no multiple of the bound, plain division would give the lowest third half of all. */
static void a_large_bound_is_as_fair(void **state)
{
    struct random_stream stream = stream_of(7, "workload.a", "run");
    const uint64_t third = (uint64_t)1 << 62;
    unsigned low = 0;

    (void)state;
    for (int i = 0; i < 30000; i++)
        low += random_below(&stream, 3 * third) < third;
    assert_in_range(low, 9600, 10400); /* five standard deviations; the seed is fixed */
}

static void filling_writes_exactly_the_bytes_asked_for(void **state)
{
    struct random_stream stream = stream_of(1, "workload.a", "run");
    uint8_t bytes[64], ors[64] = {0};

    (void)state;
    for (size_t size = 0; size < 40; size++) {
        memset(bytes, 0, sizeof(bytes));
        random_fill(&stream, bytes, size);
        for (size_t i = 0; i < sizeof(bytes); i++) {
            ors[i] |= bytes[i];
            assert_true(i < size || bytes[i] == 0);
        }
    }
    for (size_t i = 0; i < 30; i++)
        assert_int_not_equal(ors[i], 0);
}

/* ---- through the service ---- */

struct draw {
    const assay_random *random;
    const assay_tasks *tasks;
    uint64_t bound, number;
    uint8_t bytes[8];
};

static assay_status draw_one(assay_task *task, void *arg)
{
    struct draw *draw = arg;

    draw->number = draw->random->below(task, draw->bound);
    draw->random->fill(task, draw->bytes, sizeof(draw->bytes));
    return ASSAY_OK;
}

static void adding_an_instance_does_not_shift_anothers_numbers(void **state)
{
    uint64_t numbers[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct fixture *fixture = fixture_new(1);
        struct draw draw = {.bound = UINT64_MAX};

        if (i == 1) {
            struct host_instance *other = fixture_instance(fixture, "workload.0", ASSAY_WORKLOAD);

            draw.random = fixture_service(other, ASSAY_RANDOM);
            assert_int_equal(run_body(other, draw_one, &draw).status, ASSAY_OK);
        }
        struct host_instance *instance = fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD);

        draw.random = fixture_service(instance, ASSAY_RANDOM);
        assert_int_equal(run_body(instance, draw_one, &draw).status, ASSAY_OK);
        numbers[i] = draw.number;
        fixture_free(fixture);
    }
    assert_int_equal(numbers[0], numbers[1]);
}

static void a_bound_of_zero_breaks_the_contract(void **state)
{
    struct fixture *fixture = fixture_new(1);
    struct host_instance *instance = fixture_instance(fixture, "workload.a", ASSAY_WORKLOAD);
    struct draw draw = {.random = fixture_service(instance, ASSAY_RANDOM)};

    (void)state;
    assert_int_equal(run_body(instance, draw_one, &draw).status, ASSAY_OK);
    assert_int_equal(draw.number, 0);
    assert_true(has_violation(fixture->host, "bound is 0"));
    fixture_free(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_origin_gives_the_same_numbers),
        cmocka_unit_test(the_first_numbers_never_change),
        cmocka_unit_test(other_origins_give_other_numbers),
        cmocka_unit_test(a_child_does_not_depend_on_what_its_parent_drew),
        cmocka_unit_test(numbers_stay_below_the_bound),
        cmocka_unit_test(all_numbers_are_equally_likely),
        cmocka_unit_test(a_large_bound_is_as_fair),
        cmocka_unit_test(filling_writes_exactly_the_bytes_asked_for),
        cmocka_unit_test(adding_an_instance_does_not_shift_anothers_numbers),
        cmocka_unit_test(a_bound_of_zero_breaks_the_contract),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
