/* The page that outlives the worker, the reasons made of it, and the verdict that is written when
   the worker left none. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/base/str.h"
#include "framework/run/crumb.h"
#include "framework/run/fallback.h"

struct scene {
    char directory[64];
    struct crumb_page *page;
    int fd;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    (void)snprintf(scene->directory, sizeof scene->directory, "/tmp/assay-crumb-XXXXXX");
    assert_non_null(mkdtemp(scene->directory));
    assert_int_equal(crumb_new(&scene->fd, &scene->page, NULL), ASSAY_OK);
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    crumb_unmap(scene->page);
    (void)close(scene->fd);
    (void)dir_remove(scene->directory, NULL);
    free(scene);
    return 0;
}

/* ---- the page ---- */

static void a_fresh_page_says_nothing(void **state)
{
    const struct scene *scene = *state;
    struct crumb_report report;

    crumb_read(scene->page, &report);
    assert_false(report.has_phase || report.has_operation || report.has_crash);
    assert_int_equal(report.crash_signal, 0);
    crumb_read(NULL, &report);
    assert_false(report.has_phase);
}

static void the_latest_note_holds_and_is_seen_through_another_mapping(void **state)
{
    const struct scene *scene = *state;
    struct crumb_page *other = NULL;
    struct crumb_report report;

    assert_int_equal(crumb_map(scene->fd, &other, NULL), ASSAY_OK);
    for (int i = 0; i < 5; i++) {
        char operation[16];

        (void)snprintf(operation, sizeof operation, "run-%d", i);
        crumb_operation(scene->page, "workload.burst", "acme.tx-burst", operation);
        crumb_phase(scene->page, operation);
        crumb_read(other, &report);
        assert_string_equal(report.operation.operation, operation);
        assert_string_equal(report.phase.operation, operation);
    }
    assert_string_equal(report.operation.instance, "workload.burst");
    assert_string_equal(report.operation.plugin, "acme.tx-burst");
    crumb_unmap(other);
}

static void long_names_are_cut(void **state)
{
    const struct scene *scene = *state;
    char name[1000];
    struct crumb_report report;

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    crumb_operation(scene->page, name, NULL, name);
    crumb_read(scene->page, &report);
    assert_int_equal(strlen(report.operation.instance), CRUMB_TEXT_SIZE - 1);
    assert_string_equal(report.operation.plugin, "");
}

static void a_page_full_of_rubbish_is_read_safely(void **state)
{
    const struct scene *scene = *state;
    struct crumb_report report;

    memset((void *)scene->page, 0xff, sizeof *scene->page);
    crumb_read(scene->page, &report);
    assert_false(report.has_phase || report.has_operation || report.has_crash);
    atomic_store(&scene->page->operation.current, 2);
    crumb_read(scene->page, &report);
    assert_int_equal(strlen(report.operation.instance), CRUMB_TEXT_SIZE - 1);
}

/* A note is written where the former one is not, so a death in the middle spoils nothing. */
static void a_writer_that_dies_halfway_leaves_the_former_note(void **state)
{
    const struct scene *scene = *state;
    struct crumb_cell *cell = &scene->page->operation;
    struct crumb_report report;

    for (int i = 0; i < 4; i++) {
        char name[16];
        uint32_t before = atomic_load(&cell->current);

        (void)snprintf(name, sizeof name, "workload.%d", i);
        crumb_operation(scene->page, name, "p", "run");
        assert_int_not_equal(atomic_load(&cell->current), before);
        memset(&cell->copies[2 - atomic_load(&cell->current)], 'z', 20);
        crumb_read(scene->page, &report);
        assert_string_equal(report.operation.instance, name);
    }
}

static void what_is_no_page_is_refused(void **state)
{
    struct crumb_page *page = NULL;
    FILE *file = tmpfile();

    (void)state;
    assert_int_equal(crumb_map(fileno(file), &page, NULL), ASSAY_E_INVALID);
    assert_int_not_equal(crumb_map(-1, &page, NULL), ASSAY_OK);
    (void)fclose(file);
    crumb_unmap(NULL);
    crumb_phase(NULL, "run");
    crumb_operation(NULL, "a", "b", "c");
    crumb_crash(NULL, SIGSEGV, NULL);
}

/* ---- exit codes ---- */

static int status_of_exit(int code)
{
    return code << 8; /* as wait(2) encodes it */
}

static void put(const struct scene *scene, const char *name, const char *text)
{
    auto_free char *path = str_format("%s/%s", scene->directory, name);
    auto_free char *copy = strdup(text);
    const struct file_text content = {copy, strlen(text)};

    assert_int_equal(file_write(path, &content, FILE_PLAIN, NULL), ASSAY_OK);
}

static void a_worker_is_believed_if_it_ended_well_and_left_a_verdict(void **state)
{
    static const struct {
        int noted, status, code;
    } rows[] = {{0, 0 << 8, 0}, {4, 4 << 8, 4}, {130, 130 << 8, 130}, {6, 6 << 8, -1},
        {255, 255 << 8, -1}, {0, SIGSEGV, -1}, {1, 0 << 8, -1}, {0, 1 << 8, -1}};
    const struct scene *scene = *state;

    crumb_verdict(scene->page, 0);
    assert_int_equal(fallback_worker_code(scene->directory, status_of_exit(0), scene->page), -1);
    put(scene, "verdict.json", "{}");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        crumb_verdict(scene->page, rows[i].noted);
        assert_int_equal(
            fallback_worker_code(scene->directory, rows[i].status, scene->page), rows[i].code);
    }
}

static void a_verdict_that_nobody_noted_is_not_the_workers(void **state)
{
    const struct scene *scene = *state;

    put(scene, "verdict.json", "{}");
    assert_int_equal(fallback_worker_code(scene->directory, status_of_exit(0), scene->page), -1);
    assert_int_equal(fallback_worker_code(scene->directory, status_of_exit(0), NULL), -1);
}

/* ---- verdicts ---- */

static void write_fallback(const struct scene *scene, const struct fallback *wanted, int code)
{
    struct fallback fallback = *wanted;
    struct error err = {0};
    int got = -1;

    fallback.run_id = "demo-1";
    fallback.name = "demo";
    fallback.directory = scene->directory;
    fallback.seed = 42;
    fallback.page = scene->page;
    if (fallback_write(&fallback, &got, &err))
        fail_msg("%s", err.text);
    assert_int_equal(got, code);
}

static void expect(const struct scene *scene, const char *name, const char *wanted)
{
    auto_free char *path = str_format("%s/%s", scene->directory, name);
    struct file_text text = {0};

    assert_int_equal(file_read(path, 1024 * 1024, &text, NULL), ASSAY_OK);
    if (!strstr(text.data, wanted))
        fail_msg("%s has no \"%s\":\n%s", name, wanted, text.data);
    free(text.data);
}

static void a_crash_is_named_by_its_plugin_in_every_file(void **state)
{
    static const char reason[] = "workload.burst (acme.tx-burst) crashed in run: SIGSEGV";
    const struct scene *scene = *state;
    struct crumb_note where;

    crumb_fill(&where, "workload.burst", "acme.tx-burst", "run");
    crumb_crash(scene->page, SIGSEGV, &where);
    write_fallback(
        scene, &(struct fallback){.cause = FALLBACK_WORKER_ENDED, .wait_status = SIGSEGV}, 5);

    expect(scene, "verdict.json", reason);
    expect(scene, "verdict.json", "\"outcome\": \"error\"");
    expect(scene, "verdict.json", "\"exit_code\": 5");
    expect(scene, "verdict.json", "\"seed\": 42");
    expect(scene, "verdict.json", "\"interrupted\": false");
    expect(scene, "junit.xml", reason);
    expect(scene, "junit.xml", "<error");
    expect(scene, "summary.txt", reason);
}

static void a_crash_that_a_sanitizer_turned_into_an_exit_code_is_named(void **state)
{
    const struct scene *scene = *state;
    struct crumb_note where;

    crumb_fill(&where, "expectation.x", "acme.x", "judge");
    crumb_crash(scene->page, SIGABRT, &where);
    write_fallback(scene,
        &(struct fallback){.cause = FALLBACK_WORKER_ENDED, .wait_status = status_of_exit(1)}, 5);
    expect(scene, "verdict.json", "expectation.x (acme.x) crashed in judge: SIGABRT");
}

static void a_crash_outside_of_plugins_says_where_the_worker_was(void **state)
{
    const struct scene *scene = *state;

    crumb_phase(scene->page, "deploy");
    crumb_operation(scene->page, "deployer.local", "assay.local", "prepare");
    crumb_crash(scene->page, SIGBUS, NULL);
    write_fallback(
        scene, &(struct fallback){.cause = FALLBACK_WORKER_ENDED, .wait_status = SIGBUS}, 5);
    expect(scene, "verdict.json",
        "the worker was ended by SIGBUS, in phase deploy; the operation begun last was prepare of "
        "deployer.local (assay.local)");
}

static void an_exit_without_a_verdict_is_explained(void **state)
{
    const struct scene *scene = *state;

    write_fallback(scene,
        &(struct fallback){.cause = FALLBACK_WORKER_ENDED, .wait_status = status_of_exit(0)}, 5);
    expect(scene, "verdict.json",
        "the worker ended with exit code 0 without a verdict; did a plugin call exit?");
}

static void an_exit_with_another_code_than_the_verdicts_is_explained(void **state)
{
    const struct scene *scene = *state;

    crumb_verdict(scene->page, 1);
    write_fallback(scene,
        &(struct fallback){.cause = FALLBACK_WORKER_ENDED, .wait_status = status_of_exit(0)}, 5);
    expect(scene, "verdict.json",
        "the worker ended with exit code 0 after a verdict with exit code 1; does a plugin end the "
        "process");
}

static void an_interruption_is_undecided(void **state)
{
    const struct scene *scene = *state;

    write_fallback(
        scene, &(struct fallback){.cause = FALLBACK_INTERRUPTED, .signal_number = SIGINT}, 130);
    expect(scene, "verdict.json", "\"outcome\": \"undecided\"");
    expect(scene, "verdict.json", "\"interrupted\": true");
    expect(scene, "verdict.json", "interrupted by SIGINT");
}

static void every_other_cause_has_its_words(void **state)
{
    static const struct {
        enum fallback_cause cause;
        int code;
        const char *text;
    } rows[] = {{FALLBACK_LIMIT, 5, "longer than its limit"},
        {FALLBACK_PROTOCOL, 5, "broke the supervisor's protocol"},
        {FALLBACK_FRONT_END_GONE, 4, "the program that started the run ended"},
        {FALLBACK_SUPERVISOR_GONE, 5, "the supervisor ended unexpectedly"}};
    const struct scene *scene = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        write_fallback(scene, &(struct fallback){.cause = rows[i].cause}, rows[i].code);
        expect(scene, "verdict.json", rows[i].text);
    }
}

static void a_verdict_that_does_not_count_is_kept_aside(void **state)
{
    const struct scene *scene = *state;

    put(scene, "verdict.json", "{\"outcome\": \"pass\"}");
    write_fallback(
        scene, &(struct fallback){.cause = FALLBACK_WORKER_ENDED, .wait_status = SIGSEGV}, 5);
    expect(scene, "verdict.json", "\"outcome\": \"error\"");
    expect(scene, "verdict.json", "verdict.unconfirmed.json");
    expect(scene, "verdict.unconfirmed.json", "\"outcome\": \"pass\"");
}

static void a_directory_that_is_gone_is_an_error_with_an_exit_code(void **state)
{
    const struct fallback fallback = {.run_id = "x",
        .name = "x",
        .directory = "/no/such/directory",
        .cause = FALLBACK_SUPERVISOR_GONE};
    struct error err = {0};
    int code = 0;

    (void)state;
    assert_int_not_equal(fallback_write(&fallback, &code, &err), ASSAY_OK);
    assert_int_equal(code, 5);
    assert_non_null(strstr(err.text, "/no/such/directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fresh_page_says_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_latest_note_holds_and_is_seen_through_another_mapping, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_names_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_page_full_of_rubbish_is_read_safely, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_writer_that_dies_halfway_leaves_the_former_note, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_page_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_worker_is_believed_if_it_ended_well_and_left_a_verdict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_verdict_that_nobody_noted_is_not_the_workers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_exit_with_another_code_than_the_verdicts_is_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_crash_is_named_by_its_plugin_in_every_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_crash_that_a_sanitizer_turned_into_an_exit_code_is_named, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_crash_outside_of_plugins_says_where_the_worker_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_exit_without_a_verdict_is_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_interruption_is_undecided, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_other_cause_has_its_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_verdict_that_does_not_count_is_kept_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_directory_that_is_gone_is_an_error_with_an_exit_code, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
