/* What sightings before and after an action prove, and how they are put into words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "framework/host/sighting.h"

enum {
    RUN = ASSAY_PROCESS_RUNNING,
    EXIT = ASSAY_PROCESS_EXITED,
    KILL = ASSAY_PROCESS_KILLED,
    HELD = 77 /* running, but stopped */
};

/* A sighting in short: state and pid as the deployer says, state as the kernel says (' ': it was
   not asked, '-': it knows of no such process), and the answer: 'y', 'n' or ' '. */
struct seen {
    uint32_t state;
    int64_t pid;
    char kernel, answer;
};

static struct sighting sighting_of(const struct seen *seen)
{
    return (struct sighting){.process = {.struct_size = sizeof(assay_process),
                                 .state = seen->state == HELD ? RUN : seen->state,
                                 .is_stopped = seen->state == HELD,
                                 .pid = seen->pid,
                                 .started_at = seen->pid * 10},
        .has_kernel = seen->kernel != ' ',
        .kernel = {.state = seen->kernel == '-' ? '\0' : seen->kernel,
            .start_time = seen->kernel == '-' ? 0 : (uint64_t)seen->pid * 7},
        .answer = seen->answer == 'y' ? ANSWER_YES
            : seen->answer == 'n'     ? ANSWER_NO
                                      : ANSWER_UNKNOWN};
}

static const struct effect {
    uint32_t kind;
    struct seen before, after;
    bool is_proven;
} effects[] = {
    {ASSAY_ACT_START, {EXIT, 1, ' ', ' '}, {RUN, 2, ' ', 'y'}, true},
    {ASSAY_ACT_START, {EXIT, 1, '-', ' '}, {RUN, 2, 'S', 'y'}, true},
    {ASSAY_ACT_START, {RUN, 1, ' ', 'y'}, {RUN, 1, ' ', 'y'}, false},
    {ASSAY_ACT_START, {EXIT, 1, ' ', ' '}, {EXIT, 1, ' ', ' '}, false},
    {ASSAY_ACT_START, {EXIT, 1, ' ', ' '}, {RUN, 2, ' ', 'n'}, false},
    {ASSAY_ACT_STOP, {RUN, 1, ' ', 'y'}, {EXIT, 1, ' ', ' '}, true},
    {ASSAY_ACT_STOP, {RUN, 1, 'S', 'y'}, {KILL, 1, '-', ' '}, true},
    {ASSAY_ACT_STOP, {RUN, 1, 'S', 'y'}, {EXIT, 1, 'Z', ' '}, true},
    {ASSAY_ACT_STOP, {RUN, 1, 'S', 'y'}, {EXIT, 1, 'S', ' '}, false},
    {ASSAY_ACT_STOP, {RUN, 1, ' ', 'y'}, {RUN, 1, ' ', 'n'}, false},
    {ASSAY_ACT_STOP, {EXIT, 1, ' ', ' '}, {EXIT, 1, ' ', ' '}, false},
    {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', 'y'}, true},
    {ASSAY_ACT_RESTART, {RUN, 1, 'S', 'y'}, {RUN, 2, 'R', 'y'}, true},
    {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'y'}, {RUN, 1, ' ', 'y'}, false},
    {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'y'}, {EXIT, 2, ' ', ' '}, false},
    {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', 'n'}, false},
    {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', ' '}, false},
    {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'y'}, {HELD, 2, ' ', 'y'}, false},
    {ASSAY_ACT_REPLACE, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', 'y'}, true},
    {ASSAY_ACT_REPLACE, {RUN, 1, ' ', 'y'}, {RUN, 1, ' ', 'y'}, false},
    {ASSAY_ACT_KILL, {RUN, 1, ' ', 'y'}, {KILL, 1, ' ', ' '}, true},
    {ASSAY_ACT_KILL, {RUN, 1, 'S', 'y'}, {KILL, 1, '-', ' '}, true},
    {ASSAY_ACT_KILL, {RUN, 1, 'S', 'y'}, {KILL, 1, 'S', ' '}, false},
    {ASSAY_ACT_KILL, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', 'n'}, true},
    {ASSAY_ACT_KILL, {RUN, 1, ' ', 'y'}, {RUN, 1, ' ', 'n'}, false},
    {ASSAY_ACT_KILL, {RUN, 1, ' ', 'y'}, {EXIT, 1, ' ', ' '}, false},
    {ASSAY_ACT_KILL, {KILL, 1, ' ', ' '}, {KILL, 1, ' ', ' '}, false},
    {ASSAY_ACT_PAUSE, {RUN, 1, ' ', 'y'}, {HELD, 1, ' ', 'n'}, true},
    {ASSAY_ACT_PAUSE, {RUN, 1, 'S', 'y'}, {HELD, 1, 'T', 'n'}, true},
    {ASSAY_ACT_PAUSE, {RUN, 1, 'S', 'y'}, {HELD, 1, 'S', 'n'}, false},
    {ASSAY_ACT_PAUSE, {RUN, 1, 'S', 'y'}, {HELD, 1, 'T', 'y'}, false},
    {ASSAY_ACT_PAUSE, {RUN, 1, ' ', 'y'}, {RUN, 1, ' ', 'n'}, false},
    {ASSAY_ACT_PAUSE, {RUN, 1, 'S', 'y'}, {RUN, 1, 'T', 'n'}, false},
    {ASSAY_ACT_PAUSE, {HELD, 1, ' ', 'n'}, {HELD, 1, ' ', 'n'}, false},
    {ASSAY_ACT_PAUSE, {RUN, 1, ' ', 'y'}, {HELD, 2, ' ', 'n'}, false},
    {ASSAY_ACT_PAUSE, {RUN, 1, ' ', 'y'}, {KILL, 1, ' ', ' '}, false},
    {ASSAY_ACT_RESUME, {HELD, 1, ' ', 'n'}, {RUN, 1, ' ', 'y'}, true},
    {ASSAY_ACT_RESUME, {HELD, 1, 'T', 'n'}, {RUN, 1, 'S', 'y'}, true},
    {ASSAY_ACT_RESUME, {HELD, 1, 'T', 'n'}, {RUN, 1, 'T', 'y'}, false},
    {ASSAY_ACT_RESUME, {HELD, 1, 'T', 'n'}, {RUN, 1, 'S', 'n'}, false},
    {ASSAY_ACT_RESUME, {RUN, 1, ' ', 'y'}, {RUN, 1, ' ', 'y'}, false},
    {ASSAY_ACT_RESUME, {HELD, 1, ' ', 'n'}, {HELD, 1, ' ', 'n'}, false},
    {ASSAY_ACT_RESUME, {HELD, 1, ' ', 'n'}, {RUN, 2, ' ', 'y'}, false},
    /* Pid 0: it runs, but nobody could say as which process; that may well be the old one. */
    {ASSAY_ACT_START, {RUN, 0, ' ', 'y'}, {RUN, 2, ' ', 'y'}, false},
    {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'y'}, {RUN, 0, ' ', 'y'}, false},
    {ASSAY_ACT_RESTART, {RUN, 0, ' ', 'y'}, {RUN, 2, ' ', 'y'}, false},
    {ASSAY_ACT_RESTART, {EXIT, 0, ' ', ' '}, {RUN, 2, ' ', 'y'}, true},
    {ASSAY_ACT_KILL, {RUN, 1, ' ', 'y'}, {RUN, 0, ' ', 'n'}, false},
    /* No known state is not an end. */
    {ASSAY_ACT_STOP, {RUN, 1, ' ', 'y'}, {0, 0, ' ', ' '}, false},
    {ASSAY_ACT_RESTART, {0, 0, ' ', ' '}, {RUN, 2, ' ', 'y'}, false},
    {ASSAY_ACT_CUT, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', 'n'}, false},
    {ASSAY_ACT_SHAPE, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', 'y'}, false},
    {78, {RUN, 1, ' ', 'y'}, {RUN, 2, ' ', 'y'}, false},
};

static void an_effect_is_proven_by_what_was_seen_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(effects) / sizeof(effects[0]); i++) {
        struct sighting before = sighting_of(&effects[i].before);
        struct sighting after = sighting_of(&effects[i].after);

        if (sighting_proves(effects[i].kind, &before, &after, true) != effects[i].is_proven)
            fail_msg("case %zu", i);
        after.status = ASSAY_E_IO;
        assert_false(sighting_proves(effects[i].kind, &before, &after, true));
        after.status = ASSAY_OK;
        before.status = ASSAY_E_IO;
        assert_false(sighting_proves(effects[i].kind, &before, &after, true));
    }
}

static void a_node_that_never_answered_need_not_answer(void **state)
{
    static const struct {
        uint32_t kind;
        struct seen before, after;
    } cases[] = {
        {ASSAY_ACT_START, {EXIT, 1, ' ', ' '}, {RUN, 2, ' ', 'n'}},
        {ASSAY_ACT_RESTART, {RUN, 1, ' ', 'n'}, {RUN, 2, ' ', ' '}},
        {ASSAY_ACT_PAUSE, {RUN, 1, ' ', ' '}, {HELD, 1, ' ', ' '}},
        {ASSAY_ACT_RESUME, {HELD, 1, ' ', 'n'}, {RUN, 1, ' ', 'n'}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sighting before = sighting_of(&cases[i].before);
        const struct sighting after = sighting_of(&cases[i].after);

        assert_true(sighting_proves(cases[i].kind, &before, &after, false));
        assert_false(sighting_proves(cases[i].kind, &before, &after, true));
    }
}

static void the_kernel_tells_apart_who_got_the_same_pid(void **state)
{
    struct sighting before = sighting_of(&(struct seen){RUN, 1, 'S', 'y'});
    struct sighting after = before;

    (void)state;
    after.process.started_at++; /* what the deployer says does not count against the kernel */
    assert_false(sighting_proves(ASSAY_ACT_RESTART, &before, &after, true));
    after.kernel.start_time++;
    assert_true(sighting_proves(ASSAY_ACT_RESTART, &before, &after, true));
    before.has_kernel = false;
    assert_true(sighting_proves(ASSAY_ACT_RESTART, &before, &after, true));
    after.process.started_at--;
    assert_false(sighting_proves(ASSAY_ACT_RESTART, &before, &after, true));
}

static void sightings_are_described_in_a_line(void **state)
{
    struct sighting sighting = sighting_of(&(struct seen){HELD, 412, 'T', 'n'});
    char text[160];

    (void)state;
    sighting.process.started_at = 3100 * ASSAY_MS + 17;
    sighting_describe(&sighting, text);
    assert_string_equal(text, "pid 412 running since 3.1s, stopped, state T, does not answer");
    sighting = sighting_of(&(struct seen){RUN, 412, ' ', 'y'});
    (void)snprintf(sighting.detail, sizeof(sighting.detail), "healthy");
    sighting_describe(&sighting, text);
    assert_string_equal(text, "pid 412 running since 0s, answers, healthy");
    sighting = sighting_of(&(struct seen){KILL, 412, '-', ' '});
    sighting.process.code = 9;
    sighting.process.ended_at = ASSAY_SECOND;
    sighting_describe(&sighting, text);
    assert_string_equal(text, "pid 412 killed by signal 9 at 1s");
    sighting.process.state = EXIT;
    sighting_describe(&sighting, text);
    assert_string_equal(text, "pid 412 exited with 9 at 1s");
    sighting.process.state = 0;
    sighting_describe(&sighting, text);
    assert_string_equal(text, "in no known state");
    sighting.status = ASSAY_E_IO;
    sighting_describe(&sighting, text);
    assert_string_equal(text, "could not be inspected: input or output failed");
}

static void a_long_detail_is_cut(void **state)
{
    struct sighting sighting = sighting_of(&(struct seen){HELD, INT64_MAX / 10, 'T', 'n'});
    char text[160];

    (void)state;
    memset(sighting.detail, 'd', sizeof(sighting.detail) - 1);
    sighting_describe(&sighting, text);
    assert_non_null(strstr(text, "does not answer, ddd"));
    assert_true(strlen(text) < sizeof(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_effect_is_proven_by_what_was_seen_alone),
        cmocka_unit_test(a_node_that_never_answered_need_not_answer),
        cmocka_unit_test(the_kernel_tells_apart_who_got_the_same_pid),
        cmocka_unit_test(sightings_are_described_in_a_line),
        cmocka_unit_test(a_long_detail_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
