/* How often a client may ask. */
#include "support/devnode_world.h"

#include "devnode/shell/http_parts.h"

#define S ((uint64_t)SECOND_NS)

static const uint8_t one[16] = {1};
static const uint8_t other[16] = {2};

static void without_a_limit_nobody_waits(void **state)
{
    struct http_limit limit = {.burst = 0};

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(http_limit_take(&limit, one, 5), 0);
    http_limit_done(&limit);
}

static void a_burst_is_taken_and_then_one_request_after_each_interval(void **state)
{
    struct http_limit limit = {.interval_ns = 10 * S, .burst = 3};
    uint64_t now = 100 * S;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(http_limit_take(&limit, one, now), 0);
    assert_int_equal(http_limit_take(&limit, one, now), 10);
    assert_int_equal(http_limit_take(&limit, one, now + 9 * S + 1), 1);
    assert_int_equal(http_limit_take(&limit, one, now + 10 * S), 0);
    assert_int_equal(http_limit_take(&limit, one, now + 10 * S), 10);
    /* What is earned while nobody asks is never more than the burst. */
    now += 1000 * S;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(http_limit_take(&limit, one, now), 0);
    assert_true(http_limit_take(&limit, one, now) > 0);
    http_limit_done(&limit);
}

static void each_address_has_a_limit_of_its_own(void **state)
{
    struct http_limit limit = {.interval_ns = S, .burst = 1};

    (void)state;
    assert_int_equal(http_limit_take(&limit, one, S), 0);
    assert_int_equal(http_limit_take(&limit, one, S), 1);
    assert_int_equal(http_limit_take(&limit, other, S), 0);
    assert_int_equal(http_limit_take(&limit, other, S), 1);
    http_limit_done(&limit);
}

static void the_address_that_asked_longest_ago_is_forgotten(void **state)
{
    struct http_limit limit = {.interval_ns = 100000 * S, .burst = 1};
    uint64_t now = S;

    (void)state;
    assert_int_equal(http_limit_take(&limit, one, now), 0);
    for (uint32_t i = 0; i < HTTP_CLIENTS_MAX - 1; i++) {
        uint8_t ip[16] = {9};

        memcpy(ip + 4, &i, sizeof(i));
        assert_int_equal(http_limit_take(&limit, ip, ++now), 0);
    }
    assert_int_equal(limit.count, HTTP_CLIENTS_MAX);
    assert_true(http_limit_take(&limit, one, ++now) > 0); /* and has asked just now */
    assert_int_equal(http_limit_take(&limit, other, ++now), 0);
    assert_int_equal(limit.count, HTTP_CLIENTS_MAX);
    assert_true(http_limit_take(&limit, one, ++now) > 0);
    uint8_t first[16] = {9};
    assert_int_equal(http_limit_take(&limit, first, ++now), 0); /* forgotten for `other` */
    http_limit_done(&limit);
}

static void the_largest_numbers_do_not_overflow(void **state)
{
    struct http_limit limit = {.interval_ns = (uint64_t)UINT32_MAX * S, .burst = UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(http_limit_take(&limit, one, (1000 + i) * S), 0);
    http_limit_done(&limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_limit_nobody_waits),
        cmocka_unit_test(a_burst_is_taken_and_then_one_request_after_each_interval),
        cmocka_unit_test(each_address_has_a_limit_of_its_own),
        cmocka_unit_test(the_address_that_asked_longest_ago_is_forgotten),
        cmocka_unit_test(the_largest_numbers_do_not_overflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
