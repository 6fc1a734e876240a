#include "framework/run/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "tests/unit/support/scratch.h"

static const char hostile[] = "]]> <script>alert(1)</script> \"&' \x01\x1b[31m \xff\xfe line\nnext";

static void give_identity(struct report *report)
{
    report_init(report);
    report->run_id = mem_dup("20260101-aaaa");
    report->name = mem_dup("demo");
    assert_non_null(report->run_id);
    assert_non_null(report->name);
    report->seed = UINT64_MAX;
    report->started_unix_ns = 1767225600LL * ASSAY_SECOND; /* 2026-01-01T00:00:00Z */
    report->duration = 61 * ASSAY_SECOND + 1;
    report->window_start = ASSAY_SECOND;
    report->window_end = 31 * ASSAY_SECOND;
}

static void add_expectation(struct report *report, const char *name, enum outcome outcome)
{
    char instance[] = "expectation.x", plugin[] = "assay.x";
    struct report_judgement item = {.instance = instance,
        .plugin = plugin,
        .why = (char *)(uintptr_t)name,
        .outcome = outcome,
        .coverage = 1.0};

    assert_int_equal(report_add_expectation(report, &item), ASSAY_OK);
}

/* One of everything, every text hostile. */
static void fill(struct report *report)
{
    char *text = (char *)(uintptr_t)hostile;
    const struct report_node node = {.name = text,
        .role = text,
        .url = text,
        .log = text,
        .height = 7,
        .peers = UINT32_MAX,
        .failures = 3,
        .observations = 9};
    const struct report_metric histogram = {.instance = text,
        .name = text,
        .unit = text,
        .kind = ASSAY_HISTOGRAM,
        .count = 2,
        .p99 = 0.5};
    const struct report_metric seconds = {.instance = NULL,
        .name = text,
        .unit = (char *)(uintptr_t) "seconds",
        .value = 1.5,
        .kind = ASSAY_GAUGE};
    const struct report_receipt receipt = {
        .node = text, .action = text, .before = text, .after = text, .asked_at = ASSAY_SECOND};
    const struct report_plugin plugin = {.id = text, .version = text, .path = text, .sha256 = text};
    const struct report_phase phase = {.name = "deploy", .start = 0, .end = ASSAY_SECOND};

    add_expectation(report, hostile, OUTCOME_FAIL);
    assert_int_equal(report_add_node(report, &node), ASSAY_OK);
    assert_int_equal(report_add_metric(report, &histogram), ASSAY_OK);
    assert_int_equal(report_add_metric(report, &seconds), ASSAY_OK);
    assert_int_equal(report_add_receipt(report, &receipt), ASSAY_OK);
    assert_int_equal(report_add_plugin(report, &plugin), ASSAY_OK);
    assert_int_equal(report_add_phase(report, &phase), ASSAY_OK);
    assert_int_equal(report_add_notice(report, hostile), ASSAY_OK);
    for (uint64_t i = 0; i < 3; i++) {
        const struct report_point point = {.at = (assay_ns)i * ASSAY_SECOND, .height = i};

        assert_int_equal(report_add_point(report, &point), ASSAY_OK);
    }
}

static void conclude_takes_the_worst_outcome_and_its_reason(void **state)
{
    (void)state;
    static const struct {
        enum outcome first, second;
        enum outcome outcome;
        int exit_code;
    } rows[] = {
        {OUTCOME_PASS, OUTCOME_PASS, OUTCOME_PASS, 0},
        {OUTCOME_PASS, OUTCOME_VACUOUS, OUTCOME_VACUOUS, 4},
        {OUTCOME_VACUOUS, OUTCOME_UNDECIDED, OUTCOME_UNDECIDED, 4},
        {OUTCOME_FAIL, OUTCOME_UNDECIDED, OUTCOME_FAIL, 1},
        {OUTCOME_FAIL, OUTCOME_ERROR, OUTCOME_ERROR, 5},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct report report;

        give_identity(&report);
        add_expectation(&report, "first", rows[i].first);
        add_expectation(&report, "second\nmore", rows[i].second);
        assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);

        assert_int_equal(report.outcome, rows[i].outcome);
        assert_int_equal(report.exit_code, rows[i].exit_code);
        if (rows[i].outcome != OUTCOME_PASS && rows[i].outcome != rows[i].first)
            assert_string_equal(report.reason, "expectation.x: second");
        report_done(&report);
    }
}

static void a_scenario_that_expects_nothing_is_vacuous(void **state)
{
    (void)state;
    struct report report;

    give_identity(&report);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);

    assert_int_equal(report.outcome, OUTCOME_VACUOUS);
    assert_int_equal(report.exit_code, 4);
    assert_non_null(strstr(report.reason, "expects nothing"));
    report_done(&report);
}

static void a_failed_workload_keeps_a_run_from_passing(void **state)
{
    (void)state;
    struct report report;
    char instance[] = "workload.w", why[] = "no accounts";
    const struct report_judgement workload = {
        .instance = instance, .why = why, .outcome = OUTCOME_UNDECIDED};

    give_identity(&report);
    add_expectation(&report, "", OUTCOME_PASS);
    assert_int_equal(report_add_workload(&report, &workload), ASSAY_OK);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);

    assert_int_equal(report.exit_code, 4);
    assert_string_equal(report.reason, "workload.w: no accounts");
    report_done(&report);
}

static void an_outcome_set_before_is_never_made_better(void **state)
{
    (void)state;
    struct report report;

    give_identity(&report);
    report.outcome = OUTCOME_UNDECIDED;
    report.exit_code = 3;
    report.reason = mem_dup("the network did not come up");
    add_expectation(&report, "", OUTCOME_PASS);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);

    assert_int_equal(report.outcome, OUTCOME_UNDECIDED);
    assert_int_equal(report.exit_code, 3);
    assert_string_equal(report.reason, "the network did not come up");
    report_done(&report);
}

static void json_reads_back_whatever_the_texts_are(void **state)
{
    (void)state;
    struct report report;
    struct str text;
    struct json_object *json;
    struct json_object *value;

    give_identity(&report);
    fill(&report);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
    str_init(&text, REPORT_FILE_MAX);
    report_json(&report, &text);

    json = json_tokener_parse(str_text(&text));
    assert_non_null(json);
    assert_true(json_object_object_get_ex(json, "seed", &value));
    assert_true(json_object_get_uint64(value) == UINT64_MAX);
    assert_true(json_object_object_get_ex(json, "started_at", &value));
    assert_string_equal(json_object_get_string(value), "2026-01-01T00:00:00Z");
    assert_true(json_object_object_get_ex(json, "expectations", &value));
    assert_int_equal(json_object_array_length(value), 1);
    assert_true(json_object_object_get_ex(json, "outcome", &value));
    assert_string_equal(json_object_get_string(value), "fail");
    json_object_put(json);
    str_done(&text);
    report_done(&report);
}

static void markup_is_never_broken_by_texts(void **state)
{
    (void)state;
    struct report report;
    struct str junit, html;

    give_identity(&report);
    fill(&report);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
    str_init(&junit, REPORT_FILE_MAX);
    str_init(&html, REPORT_FILE_MAX);
    report_junit(&report, &junit);
    report_html(&report, &html);

    assert_int_equal(junit.status, ASSAY_OK);
    assert_int_equal(html.status, ASSAY_OK);
    assert_null(strstr(str_text(&junit), "<script>"));
    assert_null(strstr(str_text(&html), "<script>"));
    assert_null(strchr(str_text(&junit), '\x1b'));
    assert_null(strchr(str_text(&html), '\xff'));
    assert_non_null(strstr(str_text(&junit), "failures=\"1\""));
    assert_non_null(strstr(str_text(&html), "<path"));
    str_done(&junit);
    str_done(&html);
    report_done(&report);
}

static void seconds_are_told_as_finely_as_they_were_measured(void **state)
{
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0.0000804, "80us"}, {0.263672, "263.672ms"}, {1.164063, "1.164s"}, {90.0, "1m30s"},
        {-1.5, "-1.5s"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        auto_str struct str text = STR_INIT(64);

        report_value(&text, rows[i].value, "seconds");
        assert_string_equal(str_text(&text), rows[i].text);
    }
}

static void summary_cannot_drive_a_terminal(void **state)
{
    (void)state;
    struct report report;
    struct str text;

    give_identity(&report);
    add_expectation(&report, hostile, OUTCOME_FAIL);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
    str_init(&text, REPORT_FILE_MAX);
    report_summary(&report, &text, false);

    assert_null(strchr(str_text(&text), '\x1b'));
    assert_non_null(strstr(str_text(&text), "expectation.x"));
    str_done(&text);
    report_done(&report);
}

static void junit_shows_a_run_that_failed_without_a_case(void **state)
{
    (void)state;
    struct report report;
    struct str text;

    give_identity(&report);
    report.outcome = OUTCOME_UNDECIDED;
    report.exit_code = 3;
    report.reason = mem_dup("validator-1 did not answer");
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
    str_init(&text, REPORT_FILE_MAX);
    report_junit(&report, &text);

    assert_non_null(strstr(str_text(&text), "tests=\"1\" failures=\"0\" errors=\"1\""));
    assert_non_null(strstr(str_text(&text), "validator-1 did not answer"));
    str_done(&text);
    report_done(&report);
}

static void a_reason_is_one_line_and_the_rest_is_told_with_who_said_it(void **state)
{
    (void)state;
    struct report report;
    struct str summary, junit;
    char instance[] = "deployer.d";
    char why[] = "prepare: validator-1 ended\nthe end of its log:\n    no disk";
    const struct report_judgement deployer = {
        .instance = instance, .why = why, .outcome = OUTCOME_UNDECIDED};

    give_identity(&report);
    add_expectation(&report, "", OUTCOME_PASS);
    assert_int_equal(report_add_infrastructure(&report, &deployer), ASSAY_OK);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
    str_init(&summary, REPORT_FILE_MAX);
    str_init(&junit, REPORT_FILE_MAX);
    report_summary(&report, &summary, false);
    report_junit(&report, &junit);

    assert_string_equal(report.reason, "deployer.d: prepare: validator-1 ended");
    assert_non_null(strstr(str_text(&summary), "\nInfrastructure\n  undecided deployer.d\n"));
    assert_non_null(strstr(str_text(&summary), "no disk"));
    assert_non_null(strstr(str_text(&junit), "message=\"prepare: validator-1 ended\">prepare: "));
    assert_non_null(strstr(str_text(&junit), ".infrastructure\""));
    str_done(&summary);
    str_done(&junit);
    report_done(&report);
}

static void a_reason_does_not_announce_what_is_not_in_it(void **state)
{
    (void)state;
    char *announced = report_reason("system.s", "4 things are to be mended:\n- one");
    char *plain = report_reason("system.s", "what it is:");

    assert_string_equal(announced, "system.s: 4 things are to be mended");
    assert_string_equal(plain, "system.s: what it is:");
    free(announced);
    free(plain);
}

static void files_are_written_and_failures_name_the_path(void **state)
{
    (void)state;
    char directory[] = "/tmp/assay-report-XXXXXX";
    struct report report;
    struct error err = {0};
    auto_free char *verdict = NULL;

    assert_non_null(mkdtemp(directory));
    give_identity(&report);
    report.directory = mem_dup(directory);
    fill(&report);
    assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
    assert_int_equal(report_write(&report, &err), ASSAY_OK);
    verdict = path_join(directory, "verdict.json");
    assert_non_null(verdict);
    assert_int_equal(access(verdict, R_OK), 0);

    assert_int_equal(dir_remove(directory, NULL), ASSAY_OK);
    assert_int_not_equal(report_write(&report, &err), ASSAY_OK);
    assert_non_null(strstr(err.text, directory));
    report_done(&report);
}

/* A directory of that name is in the way. */
static void when_one_file_cannot_be_written_no_other_says_pass(void **state)
{
    static const char *const names[] = {"summary.txt", "report.html", "junit.xml", "verdict.json"};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct scratch *scratch = scratch_new("report");
        char path[SCRATCH_PATH_SIZE];
        struct report report;
        struct error err = {0};

        scratch_path(path, scratch, names[i]);
        assert_int_equal(mkdir(path, 0755), 0);
        give_identity(&report);
        report.directory = mem_dup(scratch->root);
        add_expectation(&report, "", OUTCOME_PASS);
        assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
        assert_int_equal(report.outcome, OUTCOME_PASS);
        assert_int_not_equal(report_write(&report, &err), ASSAY_OK);

        assert_int_equal(report.outcome, OUTCOME_ERROR);
        assert_int_equal(report.exit_code, EXIT_CODE_ERROR);
        assert_non_null(strstr(err.text, names[i]));
        for (size_t j = 0; j < 4; j++) {
            if (j != i)
                scratch_has(scratch, names[j], "the report cannot be written");
        }
        report_done(&report);
        scratch_free(scratch);
    }
}

/* Summary and page are written when memory runs out. */
static void a_file_that_cannot_be_corrected_is_removed(void **state)
{
    struct scratch *scratch = scratch_new("report");
    bool was_removed = false;
    uint64_t n = 0;

    (void)state;
    do {
        struct report report;
        assay_status status;

        give_identity(&report);
        report.directory = mem_dup(scratch->root);
        add_expectation(&report, "", OUTCOME_PASS);
        assert_int_equal(report_conclude(&report, NULL), ASSAY_OK);
        mem_fail_at(++n, MEM_FAIL_FOREVER);
        status = report_write(&report, NULL);
        mem_fail_at(0, MEM_FAIL_FOREVER);
        if (status) {
            assert_int_equal(report.outcome, OUTCOME_ERROR);
            assert_string_equal(scratch_get(scratch, "verdict.json"), "");
            assert_string_equal(scratch_get(scratch, "summary.txt"), "");
            was_removed = true;
        } else {
            n = 0;
        }
        report_done(&report);
    } while (n > 0);
    assert_true(was_removed);
    scratch_has(scratch, "verdict.json", "\"outcome\": \"pass\"");
    scratch_free(scratch);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    uint64_t n = 0;

    do {
        struct report report;
        char name[] = "n";
        const struct report_node node = {.name = name, .role = name, .url = name, .log = name};

        report_init(&report);
        mem_fail_at(++n, MEM_FAIL_ONCE);
        if (report_add_node(&report, &node) == ASSAY_OK)
            assert_int_equal(report.nodes.count, 1);
        else
            assert_int_equal(report.nodes.count, 0);
        report_done(&report);
    } while (mem_has_failed());
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(n > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conclude_takes_the_worst_outcome_and_its_reason),
        cmocka_unit_test(a_scenario_that_expects_nothing_is_vacuous),
        cmocka_unit_test(a_failed_workload_keeps_a_run_from_passing),
        cmocka_unit_test(an_outcome_set_before_is_never_made_better),
        cmocka_unit_test(json_reads_back_whatever_the_texts_are),
        cmocka_unit_test(markup_is_never_broken_by_texts),
        cmocka_unit_test(seconds_are_told_as_finely_as_they_were_measured),
        cmocka_unit_test(summary_cannot_drive_a_terminal),
        cmocka_unit_test(junit_shows_a_run_that_failed_without_a_case),
        cmocka_unit_test(a_reason_is_one_line_and_the_rest_is_told_with_who_said_it),
        cmocka_unit_test(a_reason_does_not_announce_what_is_not_in_it),
        cmocka_unit_test(files_are_written_and_failures_name_the_path),
        cmocka_unit_test(when_one_file_cannot_be_written_no_other_says_pass),
        cmocka_unit_test(a_file_that_cannot_be_corrected_is_removed),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
