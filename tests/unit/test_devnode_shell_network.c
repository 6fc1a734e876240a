/* How long a node waits for who it dials. */
#include "devnode/shell/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS_NS UINT64_C(1000000)

static void who_does_not_answer_is_waited_for_longer_each_time(void **state)
{
    uint32_t patience = NETWORK_PATIENCE_MS_MIN;
    uint32_t diallings = 0;

    (void)state;
    for (; patience < NETWORK_PATIENCE_MS_MAX; diallings++) {
        const uint32_t next = network_patience_ms(patience, patience * MS_NS, false);

        assert_true(next > patience);
        assert_true(next <= 2 * patience);
        patience = next;
    }
    assert_in_range(diallings, 1, 10);
    assert_int_equal(
        network_patience_ms(patience, patience * MS_NS, false), NETWORK_PATIENCE_MS_MAX);
}

static void who_refuses_is_near_and_waited_for_no_longer(void **state)
{
    (void)state;
    assert_int_equal(network_patience_ms(500, 500 * MS_NS - 1, false), 500);
    assert_int_equal(
        network_patience_ms(NETWORK_PATIENCE_MS_MAX, 0, false), NETWORK_PATIENCE_MS_MAX);
}

static void who_was_reached_is_waited_for_as_at_first(void **state)
{
    (void)state;
    assert_int_equal(
        network_patience_ms(NETWORK_PATIENCE_MS_MAX, 60000 * MS_NS, true), NETWORK_PATIENCE_MS_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_does_not_answer_is_waited_for_longer_each_time),
        cmocka_unit_test(who_refuses_is_near_and_waited_for_no_longer),
        cmocka_unit_test(who_was_reached_is_waited_for_as_at_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
