/* summary.txt, and what the command prints at the end: one screen that answers, from top to
   bottom, did it hold, if not why, on what evidence, and what to do next. */
#include "framework/run/report.h"

#include <inttypes.h>
#include <string.h>

#include "framework/base/parse.h"
#include "framework/base/path.h"

static const char *colour_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_PASS:
        return "\033[32m";
    case OUTCOME_VACUOUS:
    case OUTCOME_UNDECIDED:
        return "\033[33m";
    case OUTCOME_FAIL:
    case OUTCOME_ERROR:
        return "\033[31m";
    }
    return "";
}

static void write_outcome(struct str *out, enum outcome outcome, bool has_colour)
{
    if (has_colour)
        (void)str_append(out, colour_of(outcome));
    (void)str_appendf(out, "%-9s", outcome_name(outcome));
    if (has_colour)
        (void)str_append(out, "\033[0m");
}

/* Several lines, each behind the same indentation. Control bytes other than line ends could
   drive a terminal and are shown as "?". */
static void write_block(struct str *out, const char *text, const char *indent)
{
    for (; *text != '\0'; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '\n')
            (void)str_appendf(out, "\n%s", indent);
        else
            (void)str_append_char(out, c < 0x20 || c == 0x7f ? '?' : (char)c);
    }
    (void)str_append_char(out, '\n');
}

/* Nothing for a group without items. */
static void write_group(
    struct str *out, const char *title, const struct vec *items, bool has_colour)
{
    if (items->count > 0)
        (void)str_append(out, title);
    VEC_EACH(struct report_judgement, item, items) {
        (void)str_append(out, "  ");
        write_outcome(out, item->outcome, has_colour);
        (void)str_appendf(out, " %s", item->instance);
        if (item->why[0] != '\0') {
            (void)str_append(out, "\n            ");
            write_block(out, item->why, "            ");
        } else {
            (void)str_append_char(out, '\n');
        }
    }
}

void report_value(struct str *out, double value, const char *unit)
{
    const double step = value < 1.0 ? 1e-6 : 1e-3; /* finer is noise: histograms are 1 % coarse */
    char text[QUANTITY_TEXT_SIZE];

    if (strcmp(unit, "seconds") != 0)
        (void)str_appendf(out, "%.6g", value);
    else if (value >= 0.0 && value < 1e9)
        (void)str_append(
            out, format_span((assay_ns)(value / step + 0.5) * (assay_ns)(step * 1e9), text));
    else
        (void)str_appendf(out, "%.6gs", value);
}

static void write_metric(struct str *out, const struct report_metric *metric)
{
    (void)str_appendf(out, "  %s %s: ", metric->instance, metric->name);
    if (metric->kind != ASSAY_HISTOGRAM) {
        report_value(out, metric->value, metric->unit);
    } else {
        (void)str_append(out, "p50 ");
        report_value(out, metric->p50, metric->unit);
        (void)str_append(out, ", p99 ");
        report_value(out, metric->p99, metric->unit);
        (void)str_append(out, ", max ");
        report_value(out, metric->max, metric->unit);
        (void)str_appendf(out, " (%" PRIu64 ")", metric->count);
    }
    (void)str_append_char(out, '\n');
}

static void write_node(struct str *out, const struct report_node *node)
{
    (void)str_appendf(out, "  %-14s height %" PRIu64 ", final %" PRIu64, node->name, node->height,
        node->final_height);
    if (node->peers != UINT32_MAX)
        (void)str_appendf(
            out, ", %" PRIu32 " %s", node->peers, node->peers == 1 ? "peer" : "peers");
    (void)str_appendf(
        out, ", %" PRIu64 "/%" PRIu64 " blocks seen", node->blocks_known, node->blocks_total);
    if (node->failures > 0)
        (void)str_appendf(
            out, ", %" PRIu64 " of %" PRIu64 " looks failed", node->failures, node->observations);
    (void)str_append_char(out, '\n');
}

static void write_receipt(struct str *out, const struct report_receipt *receipt)
{
    char when[QUANTITY_TEXT_SIZE];

    (void)str_appendf(out, "  %s %s %s at %s: %s -> %s\n",
        receipt->is_proven ? "proven  " : "UNPROVEN", receipt->action, receipt->node,
        format_span(receipt->asked_at / ASSAY_MS * ASSAY_MS, when), receipt->before,
        receipt->after);
}

static void write_sections(const struct report *report, struct str *out)
{
    if (report->metrics.count > 0)
        (void)str_append(out, "\nMeasured\n");
    VEC_EACH(struct report_metric, metric, &report->metrics) {
        write_metric(out, metric);
    }
    if (report->nodes.count > 0)
        (void)str_append(out, "\nNodes\n");
    VEC_EACH(struct report_node, node, &report->nodes) {
        write_node(out, node);
    }
    if (report->receipts.count > 0)
        (void)str_append(out, "\nFaults\n");
    VEC_EACH(struct report_receipt, receipt, &report->receipts) {
        write_receipt(out, receipt);
    }
    if (report->notices.count > 0)
        (void)str_append(out, "\nNotes\n");
    VEC_EACH(struct report_notice, notice, &report->notices) {
        (void)str_append(out, "  ");
        write_block(out, notice->text, "  ");
    }
}

void report_summary(const struct report *report, struct str *out, bool has_colour)
{
    char text[QUANTITY_TEXT_SIZE];

    write_outcome(out, report->outcome, has_colour);
    (void)str_appendf(out, " %s: ", report->name ? report->name : "run");
    write_block(out, report->reason ? report->reason : "", "  ");
    (void)str_appendf(out, "  seed %" PRIu64 ", %s, run %s\n\n", report->seed,
        format_span(report->duration / ASSAY_MS * ASSAY_MS, text),
        report->run_id ? report->run_id : "");
    write_group(out, "Expectations\n", &report->expectations, has_colour);
    write_group(out, "\nWorkloads\n", &report->workloads, has_colour);
    write_group(out, "\nInfrastructure\n", &report->infrastructure, has_colour);
    write_sections(report, out);
    if (report->directory)
        (void)str_appendf(out,
            "\nReport: %s/report.html, verdict.json, junit.xml; logs: %s/nodes\n",
            path_shown(report->directory), path_shown(report->directory));
}
