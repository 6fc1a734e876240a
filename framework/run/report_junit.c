/* junit.xml in the dialect that Jenkins and GitLab read alike: message both as attribute and as
   text, times in seconds, classname "scenario.kind". A network that misbehaved is a failure, a
   broken tool an error. What is undecided or vacuous is an error too, since a CI system shows
   nothing else as "not passed". */
#include "framework/run/report.h"

#include <inttypes.h>
#include <string.h>

#include "framework/base/cleanup.h"
#include "framework/base/markup.h"
#include "framework/base/mem.h"
#include "framework/base/number.h"

struct totals {
    size_t tests, failures, errors;
};

static void write_seconds(struct str *out, assay_ns span)
{
    (void)str_appendf(
        out, "%" PRId64 ".%03" PRId64, span / ASSAY_SECOND, span % ASSAY_SECOND / ASSAY_MS);
}

static void count(const struct vec *items, struct totals *totals)
{
    VEC_EACH(struct report_judgement, item, items) {
        totals->tests++;
        if (item->outcome == OUTCOME_FAIL)
            totals->failures++;
        else if (item->outcome != OUTCOME_PASS)
            totals->errors++;
    }
}

/* What CI systems show in a list. */
static void write_first_line(struct str *out, const char *text)
{
    auto_free char *line = mem_dup_n(text, text ? strcspn(text, "\n") : 0);

    markup_text(out, line ? line : text);
}

static void write_problem(struct str *out, enum outcome outcome, const char *why)
{
    const char *element = outcome == OUTCOME_FAIL ? "failure" : "error";

    (void)str_appendf(out, "      <%s type=\"%s\" message=\"", element, outcome_name(outcome));
    write_first_line(out, why);
    (void)str_append(out, "\">");
    markup_text(out, why);
    (void)str_appendf(out, "</%s>\n", element);
}

static void write_case(struct str *out, const struct report *report, const char *group,
    const struct report_judgement *item)
{
    (void)str_append(out, "    <testcase classname=\"");
    markup_text(out, report->name);
    (void)str_appendf(out, ".%s\" name=\"", group);
    markup_text(out, item->instance);
    (void)str_append(out, "\" time=\"");
    write_seconds(out, report->window_end - report->window_start);
    (void)str_append(out, "\">\n");
    if (item->outcome != OUTCOME_PASS)
        write_problem(out, item->outcome, item->why);
    else if (item->why[0] != '\0') {
        (void)str_append(out, "      <system-out>");
        markup_text(out, item->why);
        (void)str_append(out, "</system-out>\n");
    }
    (void)str_append(out, "    </testcase>\n");
}

/* What went wrong with the run as such: a deployment that failed, an interruption. */
static bool needs_run_case(const struct report *report, const struct totals *totals)
{
    return report->outcome != OUTCOME_PASS && totals->failures == 0 && totals->errors == 0;
}

static void write_run_case(struct str *out, const struct report *report)
{
    char name[] = "run";
    const struct report_judgement run = {
        .instance = name, .why = report->reason, .outcome = report->outcome};

    write_case(out, report, "run", &run);
}

static void write_suite_attributes(
    struct str *out, const struct report *report, const struct totals *totals)
{
    (void)str_append(out, " name=\"");
    markup_text(out, report->name);
    (void)str_appendf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"0\" time=\"",
        totals->tests, totals->failures, totals->errors);
    write_seconds(out, report->duration);
    (void)str_append(out, "\"");
}

void report_junit(const struct report *report, struct str *out)
{
    struct totals totals = {0};
    bool has_run_case;

    count(&report->expectations, &totals);
    count(&report->workloads, &totals);
    count(&report->infrastructure, &totals);
    has_run_case = needs_run_case(report, &totals);
    if (has_run_case) {
        totals.tests++;
        if (report->outcome == OUTCOME_FAIL)
            totals.failures++;
        else
            totals.errors++;
    }

    (void)str_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    write_suite_attributes(out, report, &totals);
    (void)str_append(out, ">\n  <testsuite");
    write_suite_attributes(out, report, &totals);
    (void)str_appendf(out,
        ">\n    <properties>\n      <property name=\"seed\" value=\"%" PRIu64
        "\"/>\n      <property name=\"run_id\" value=\"",
        report->seed);
    markup_text(out, report->run_id);
    (void)str_append(out, "\"/>\n    </properties>\n");
    VEC_EACH(struct report_judgement, item, &report->expectations) {
        write_case(out, report, "expectation", item);
    }
    VEC_EACH(struct report_judgement, item, &report->workloads) {
        write_case(out, report, "workload", item);
    }
    VEC_EACH(struct report_judgement, item, &report->infrastructure) {
        write_case(out, report, "infrastructure", item);
    }
    if (has_run_case)
        write_run_case(out, report);
    (void)str_append(out, "  </testsuite>\n</testsuites>\n");
}
