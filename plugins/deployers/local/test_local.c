#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fakehost *two_nodes(void)
{
    struct fakehost *f = fake_new();

    fake_nodes(f, "validator", 2);
    return f;
}

static void binds_renders_writes_starts_and_waits_in_that_order(void **state)
{
    struct fakehost *f = two_nodes();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_finish(f), ASSAY_OK);

    assert_string_equal(fake_story(f),
        "free_port tcp\nbind 0 0 127.0.0.1:20000\n"
        "free_port udp\nbind 0 1 127.0.0.1:20001\n"
        "free_port tcp\nbind 1 0 127.0.0.1:20002\n"
        "free_port udp\nbind 1 1 127.0.0.1:20003\n"
        "render\n"
        "write_files 0\nwrite_files 1\n"
        "release_ports\n"
        "start 0\nstart 1\n"
        "await_ready 60000 ms, limit 0 ms\n"
        "end_all 0 ms\n");
    fake_free(f);
}

static void passes_its_options_on(void **state)
{
    struct fakehost *f = two_nodes();

    (void)state;
    assert_int_equal(fake_create(f, "patience=5s", "limit=2m", "grace=1.5s", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_int_equal(fake_finish(f), ASSAY_OK);

    assert_non_null(strstr(fake_story(f), "await_ready 5000 ms, limit 120000 ms\n"));
    assert_non_null(strstr(fake_story(f), "end_all 1500 ms\n"));
    fake_free(f);
}

static void patience_with(const char *value, const char *expected)
{
    struct fakehost *f = two_nodes();

    fake_variable(f, "SLOW_TEST_ENV", value);
    assert_int_equal(fake_create(f, "patience=7s", NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    assert_non_null(strstr(fake_story(f), expected));
    fake_free(f);
}

static void has_twice_the_patience_only_when_the_variable_is_exactly_true(void **state)
{
    (void)state;
    patience_with("true", "await_ready 14000 ms");
    patience_with("TRUE", "await_ready 7000 ms");
    patience_with("1", "await_ready 7000 ms");
    patience_with("", "await_ready 7000 ms");
}

static void a_network_without_nodes_is_deployed_all_the_same(void **state)
{
    struct fakehost *f = fake_new();

    (void)state;
    assert_int_equal(fake_create(f, NULL), ASSAY_OK);
    assert_int_equal(fake_prepare(f), ASSAY_OK);
    fake_free(f);
}

static void reports_each_failure_as_it_is_and_stops_there(void **state)
{
    uint64_t nth = 1;

    (void)state;
    for (;; nth++) {
        struct fakehost *f = two_nodes();
        assay_status s;

        assert_int_equal(fake_create(f, NULL), ASSAY_OK);
        fake_fail_call(f, nth, ASSAY_E_IO);
        s = fake_prepare(f);
        if (!fake_failed_call(f)[0]) {
            assert_int_equal(s, ASSAY_OK);
            fake_free(f);
            break;
        }
        assert_int_equal(s, ASSAY_E_IO);
        assert_int_equal(fake_calls(f), nth); /* nothing was tried after it */
        assert_int_equal(fake_finish(f), ASSAY_OK);
        assert_non_null(strstr(fake_story(f), "end_all")); /* what was started is ended */
        fake_free(f);
    }
    assert_int_equal(nth - 1, 4 + 4 + 1 + 2 + 2 + 1);
}

static void stops_at_once_when_cancelled(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth <= 2; nth++) {
        struct fakehost *f = two_nodes();

        assert_int_equal(fake_create(f, NULL), ASSAY_OK);
        fake_cancel_call(f, nth);
        assert_int_equal(fake_prepare(f), ASSAY_E_CANCELLED);
        assert_int_equal(fake_blocking_calls(f), nth);
        assert_int_equal(fake_finish(f), ASSAY_OK); /* teardown is on a fresh task */
        fake_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds_renders_writes_starts_and_waits_in_that_order),
        cmocka_unit_test(passes_its_options_on),
        cmocka_unit_test(has_twice_the_patience_only_when_the_variable_is_exactly_true),
        cmocka_unit_test(a_network_without_nodes_is_deployed_all_the_same),
        cmocka_unit_test(reports_each_failure_as_it_is_and_stops_there),
        cmocka_unit_test(stops_at_once_when_cancelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
