/* Containers that end by themselves, and those that end because they were told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test_world.h"

#define PROJECT   "assay-demo-1-x-4f1a"
#define LIST      "GET /containers/json?all=1&filters="
#define VALIDATOR "GET /containers/" PROJECT "-validator-0/json"
#define EXECUTOR  "GET /containers/" PROJECT "-executor-0/json"

#define LISTED(validator, executor)                                                                \
    "[{\"State\":\"" validator "\",\"Labels\":{\"io.assay.node\":\"0\"}},"                         \
    "{\"State\":\"running\",\"Labels\":{\"io.assay.role\":\"support\"}},"                          \
    "{\"State\":\"" executor "\",\"Labels\":{\"io.assay.node\":\"1\"}}]"
#define STARTED(at)                                                                                \
    "{\"State\":{\"Status\":\"running\",\"Running\":true,\"Pid\":412,"                             \
    "\"StartedAt\":\"2025-12-12T11:46:" at "Z\"}}"
#define RUNNING STARTED("43.5")
#define EXITED(code)                                                                               \
    "{\"State\":{\"Status\":\"exited\",\"Running\":false,\"ExitCode\":" code ","                   \
    "\"StartedAt\":\"2025-12-12T11:46:43.5Z\",\"FinishedAt\":\"2025-12-12T11:46:44Z\"}}"

/* What watching told since the last time, without what it asked. */
static const char *told(void)
{
    static char lines[4096];
    static size_t seen;
    const char *story = world_story(), *line;

    if (strlen(story) < seen)
        seen = 0;
    lines[0] = '\0';
    for (line = story + seen; *line; line = strchr(line, '\n') + 1) {
        const size_t used = strlen(lines);

        if (!strncmp(line, "ended ", 6))
            (void)snprintf(lines + used, sizeof(lines) - used, "%.*s",
                (int)(strchr(line, '\n') + 1 - line), line);
    }
    seen = strlen(story);
    return lines;
}

static void watched(const char *expected)
{
    (void)told();
    assert_int_equal(world_watch(), ASSAY_OK);
    assert_string_equal(told(), expected);
}

static void prepared(void)
{
    world_answer("POST /networks/create", 201, "{}", 0);
    assert_int_equal(world_create(NULL), ASSAY_OK);
    if (world_prepare())
        fail_msg("%s", world_why());
}

static void those_of_the_run_are_asked_for_in_one_list(void **state)
{
    const char *story;

    (void)state;
    world_answer(LIST, 200, LISTED("running", "paused"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 0);
    world_answer(EXECUTOR, 200, RUNNING, 0);
    prepared();
    story = world_story() + strlen(world_story());
    assert_int_equal(world_watch(), ASSAY_OK);
    assert_string_equal(story,
        LIST "%7B%22label%22%3A%5B%22io.assay.run%3DDemo_1.x-4f1a%22%5D%7D\n" VALIDATOR
             "\n" EXECUTOR "\n");
}

static void who_crashes_is_told_of_once(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("running", "running"), 1);
    world_answer(LIST, 200, LISTED("running", "exited"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 0);
    world_answer(EXECUTOR, 200, RUNNING, 1);
    world_answer(EXECUTOR, 200, EXITED("139"), 0);
    prepared();
    watched("");
    watched("ended 1 how 3 code 11 asked 0 at 4000 ms: \n");
    watched("");
}

static void who_ends_before_anybody_looked_is_told_of_too(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("exited", "running"), 0);
    world_answer(VALIDATOR, 200, EXITED("3"), 0);
    world_answer(EXECUTOR, 200, RUNNING, 0);
    prepared();
    watched("ended 0 how 2 code 3 asked 0 at 4000 ms: \n");
}

static void want_of_memory_is_named(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("running", "exited"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 0);
    world_answer(EXECUTOR, 200,
        "{\"State\":{\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true,"
        "\"FinishedAt\":\"2025-12-12T11:46:44Z\"}}",
        0);
    prepared();
    watched("ended 1 how 3 code 9 asked 0 at 4000 ms: out of memory\n");
}

static void who_was_started_again_by_others_is_told_of_and_then_known(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("running", "running"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 0);
    world_answer(EXECUTOR, 200, RUNNING, 1);
    world_answer(EXECUTOR, 200, STARTED("50"), 2);
    world_answer(EXECUTOR, 200, STARTED("55"), 0);
    prepared();
    watched("");
    watched(
        "ended 1 how 1 code 0 asked 0 at 0 ms: its container was started again, and not by this "
        "run\n");
    watched("");
    watched(
        "ended 1 how 1 code 0 asked 0 at 0 ms: its container was started again, and not by this "
        "run\n");
}

static void who_was_removed_is_told_of_once(void **state)
{
    (void)state;
    world_answer(LIST, 200, "[{\"State\":\"running\",\"Labels\":{\"io.assay.node\":\"0\"}}]", 0);
    world_answer(VALIDATOR, 200, RUNNING, 1);
    world_answer(VALIDATOR, 404, "{}", 0); /* between list and look */
    prepared();
    watched(
        "ended 1 how 1 code 0 asked 0 at 0 ms: its container was removed, and not by this run\n");
    watched(
        "ended 0 how 1 code 0 asked 0 at 0 ms: its container was removed, and not by this run\n");
    watched("");
}

static void labels_that_are_not_ours_are_passed_over(void **state)
{
    (void)state;
    world_answer(LIST, 200,
        "[{\"State\":\"exited\",\"Labels\":{\"io.assay.node\":\"7\"}},{},"
        "{\"State\":\"running\",\"Labels\":{\"io.assay.node\":\"0\"}},"
        "{\"State\":\"running\",\"Labels\":{\"io.assay.node\":\"1\"}}]",
        0);
    world_answer("GET /containers/", 200, RUNNING, 0);
    prepared();
    watched("");
}

/* ---- node control ---- */

static void who_is_killed_or_stopped_has_not_ended_by_itself(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("exited", "exited"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 1);
    world_answer(VALIDATOR, 200, EXITED("137"), 0);
    world_answer(EXECUTOR, 200, RUNNING, 1);
    world_answer(EXECUTOR, 200, EXITED("143"), 0);
    world_answer("POST /containers/" PROJECT "-executor-0/wait", 200, "{\"StatusCode\":143}", 0);
    prepared();
    assert_int_equal(world_control(ASSAY_ACT_KILL, 0), ASSAY_OK);
    assert_int_equal(world_control(ASSAY_ACT_STOP, 1), ASSAY_OK);
    watched("");
}

static void who_crashes_after_it_was_started_again_is(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("running", "exited"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 0);
    world_answer(EXECUTOR, 200, RUNNING, 1);       /* kill */
    world_answer(EXECUTOR, 200, EXITED("137"), 1); /* start */
    world_answer(EXECUTOR, 200, EXITED("1"), 0);
    prepared();
    assert_int_equal(world_control(ASSAY_ACT_KILL, 1), ASSAY_OK);
    assert_int_equal(world_control(ASSAY_ACT_START, 1), ASSAY_OK);
    watched("ended 1 how 2 code 1 asked 0 at 4000 ms: \n");
}

static void who_was_restarted_or_replaced_by_us_is_not_taken_for_another(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("running", "running"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 2); /* watched, restarted */
    world_answer(VALIDATOR, 200, STARTED("50"), 0);
    world_answer(EXECUTOR, 200, RUNNING, 2);
    world_answer(EXECUTOR, 200, STARTED("51"), 0);
    prepared();
    watched("");
    assert_int_equal(world_control(ASSAY_ACT_RESTART, 0), ASSAY_OK);
    assert_int_equal(world_control(ASSAY_ACT_REPLACE, 1), ASSAY_OK);
    watched("");
    watched("");
}

/* What had ended is not covered up by starting it, and an action on it does not excuse it. */
static void who_had_crashed_before_it_is_acted_upon_is_told_of_first(void **state)
{
    (void)state;
    world_answer(VALIDATOR, 200, EXITED("139"), 0);
    world_answer(EXECUTOR, 200, EXITED("139"), 0);
    prepared();
    (void)told();
    assert_int_equal(world_control(ASSAY_ACT_START, 0), ASSAY_OK);
    assert_string_equal(told(), "ended 0 how 3 code 11 asked 0 at 4000 ms: \n");
    assert_int_equal(world_control(ASSAY_ACT_KILL, 1), ASSAY_E_INVALID);
    assert_string_equal(told(), "ended 1 how 3 code 11 asked 0 at 4000 ms: \n");
}

static void who_could_not_be_killed_is_not_excused(void **state)
{
    (void)state;
    world_answer(LIST, 200, LISTED("running", "exited"), 0);
    world_answer(VALIDATOR, 200, RUNNING, 0);
    world_answer(EXECUTOR, 200, RUNNING, 1);
    world_answer(EXECUTOR, 200, EXITED("139"), 0);
    world_answer("POST /containers/" PROJECT "-executor-0/kill", 409, "{}", 0);
    prepared();
    assert_int_equal(world_control(ASSAY_ACT_KILL, 1), ASSAY_E_IO);
    watched("ended 1 how 3 code 11 asked 0 at 4000 ms: \n");
}

static void stopped_with(const char *signal, const char *code, const char *expected)
{
    static char container[256], status[64];

    assert_int_equal(world_close(NULL), 0);
    assert_int_equal(world_open(NULL), 0);
    (void)snprintf(container, sizeof(container),
        "{\"State\":{\"Status\":\"running\",\"Running\":true},\"Config\":{\"StopSignal\":\"%s\"}}",
        signal);
    (void)snprintf(status, sizeof(status), "{\"StatusCode\":%s}", code);
    world_answer(VALIDATOR, 200, container, 0);
    world_answer("POST /containers/" PROJECT "-validator-0/wait", 200, status, 0);
    prepared();
    (void)told();
    assert_int_equal(world_control(ASSAY_ACT_STOP, 0), ASSAY_OK);
    assert_string_equal(told(), expected);
}

static void who_ends_otherwise_than_asked_is_told_of(void **state)
{
    (void)state;
    assert_int_equal(world_create(NULL), ASSAY_OK);
    stopped_with("", "0", "");
    stopped_with("SIGTERM", "143", "");
    stopped_with("SIGTERM", "137", "");
    stopped_with("SIGTERM", "134", "ended 0 how 3 code 6 asked 15 at 0 ms: \n");
    stopped_with("SIGTERM", "1", "ended 0 how 2 code 1 asked 15 at 0 ms: \n");
    stopped_with("SIGINT", "130", "");
    stopped_with("INT", "130", "");
    stopped_with("2", "143", "ended 0 how 3 code 15 asked 2 at 0 ms: \n");
    stopped_with("SIGRTMIN+3", "1", ""); /* what that means is the program's affair */
}

/* ---- an engine in trouble ---- */

static void an_engine_that_cannot_be_asked_is_no_end(void **state)
{
    (void)state;
    world_answer(LIST, 0, "", 1);
    world_answer(LIST, 500, "{\"message\":\"oh\"}", 1);
    world_answer(LIST, 200, "no JSON", 1);
    world_answer(LIST, 200, LISTED("running", "running"), 0);
    world_answer(VALIDATOR, 0, "", 0);
    prepared();
    (void)told();
    assert_int_equal(world_watch(), ASSAY_E_IO);
    assert_int_equal(world_watch(), ASSAY_E_IO);
    assert_int_not_equal(world_watch(), ASSAY_OK);
    assert_int_equal(world_watch(), ASSAY_E_IO);
    assert_string_equal(told(), "");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(those_of_the_run_are_asked_for_in_one_list),
        TEST(who_crashes_is_told_of_once),
        TEST(who_ends_before_anybody_looked_is_told_of_too),
        TEST(want_of_memory_is_named),
        TEST(who_was_started_again_by_others_is_told_of_and_then_known),
        TEST(who_was_removed_is_told_of_once),
        TEST(labels_that_are_not_ours_are_passed_over),
        TEST(who_is_killed_or_stopped_has_not_ended_by_itself),
        TEST(who_crashes_after_it_was_started_again_is),
        TEST(who_was_restarted_or_replaced_by_us_is_not_taken_for_another),
        TEST(who_had_crashed_before_it_is_acted_upon_is_told_of_first),
        TEST(who_could_not_be_killed_is_not_excused),
        TEST(who_ends_otherwise_than_asked_is_told_of),
        TEST(an_engine_that_cannot_be_asked_is_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
