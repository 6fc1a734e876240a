/* report.html: one file, no script, nothing fetched, light and dark. Every text that comes from a
   node, a plugin or a manifest goes through markup_text. */
#include "framework/run/report.h"

#include <inttypes.h>

#include "framework/base/markup.h"
#include "framework/base/parse.h"
#include "framework/run/report_chart.h"

static const char style[] =
    ":root{--fg:#1b1f24;--bg:#fff;--soft:#6a737d;--line:#d8dee4;--card:#f6f8fa;--pass:#1a7f37;"
    "--fail:#cf222e;--open:#9a6700}"
    "@media(prefers-color-scheme:dark){:root{--fg:#e6edf3;--bg:#0d1117;--soft:#8b949e;"
    "--line:#30363d;--card:#161b22;--pass:#3fb950;--fail:#f85149;--open:#d29922}}"
    "body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);"
    "max-width:62rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;"
    "padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}"
    "th{color:var(--soft);font-weight:500}td.n,th.n{text-align:right;"
    "font-variant-numeric:tabular-nums}pre{white-space:pre-wrap;margin:0;font:inherit}"
    ".badge{display:inline-block;padding:.1rem .6rem;border-radius:1rem;color:#fff;"
    "font-weight:600}.pass{background:var(--pass)}.fail,.error{background:var(--fail)}"
    "table.judged td:nth-child(1){width:6rem}table.judged td:nth-child(2){width:18rem}"
    ".undecided,.vacuous{background:var(--open)}.soft{color:var(--soft)}"
    "svg{width:100%;height:auto;background:var(--card);border-radius:.5rem}"
    "svg text{fill:var(--soft);font:11px system-ui,sans-serif}code{font-size:.9em}";

static void write_badge(struct str *out, enum outcome outcome)
{
    (void)str_appendf(
        out, "<span class=\"badge %s\">%s</span>", outcome_name(outcome), outcome_name(outcome));
}

static void write_span(struct str *out, assay_ns span)
{
    char text[QUANTITY_TEXT_SIZE];

    (void)str_append(out, format_span(span / ASSAY_MS * ASSAY_MS, text));
}

static void write_value(struct str *out, double value, const char *unit)
{
    (void)str_append(out, "<td class=\"n\">");
    report_value(out, value, unit);
    (void)str_append(out, "</td>");
}

static void write_cell(struct str *out, const char *text)
{
    (void)str_append(out, "<td>");
    markup_text(out, text);
    (void)str_append(out, "</td>");
}

static void write_head(struct str *out, const struct report *report)
{
    (void)str_append(out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    markup_text(out, report->name);
    (void)str_appendf(out, ": %s</title><style>%s</style></head><body><h1>",
        outcome_name(report->outcome), style);
    write_badge(out, report->outcome);
    (void)str_append(out, " ");
    markup_text(out, report->name);
    (void)str_append(out, "</h1><p>");
    markup_text(out, report->reason);
    (void)str_appendf(out, "</p><p class=\"soft\">seed %" PRIu64 " &middot; took ", report->seed);
    write_span(out, report->duration);
    (void)str_append(out, " &middot; window ");
    write_span(out, report->window_end - report->window_start);
    (void)str_append(out, " &middot; run <code>");
    markup_text(out, report->run_id);
    (void)str_append(out, "</code></p>");
}

static void write_judgements(struct str *out, const char *title, const struct vec *items)
{
    if (items->count == 0)
        return;
    (void)str_appendf(out, "<h2>%s</h2><table class=\"judged\">", title);
    VEC_EACH(struct report_judgement, item, items) {
        (void)str_append(out, "<tr><td>");
        write_badge(out, item->outcome);
        (void)str_append(out, "</td><td><b>");
        markup_text(out, item->instance);
        (void)str_append(out, "</b><br><span class=\"soft\">");
        markup_text(out, item->plugin);
        (void)str_append(out, "</span></td><td><pre>");
        markup_text(out, item->why);
        (void)str_append(out, "</pre></td></tr>");
    }
    (void)str_append(out, "</table>");
}

static void write_metrics(struct str *out, const struct report *report)
{
    if (report->metrics.count == 0)
        return;
    (void)str_append(out,
        "<h2>Measured</h2><table><tr><th>what</th><th class=\"n\">count or value"
        "</th><th class=\"n\">p50</th><th class=\"n\">p90</th>"
        "<th class=\"n\">p99</th><th class=\"n\">max</th></tr>");
    VEC_EACH(struct report_metric, metric, &report->metrics) {
        (void)str_append(out, "<tr><td><span class=\"soft\">");
        markup_text(out, metric->instance);
        (void)str_append(out, "</span> ");
        markup_text(out, metric->name);
        (void)str_append(out, "</td>");
        if (metric->kind == ASSAY_HISTOGRAM) {
            write_value(out, (double)metric->count, "");
            write_value(out, metric->p50, metric->unit);
            write_value(out, metric->p90, metric->unit);
            write_value(out, metric->p99, metric->unit);
            write_value(out, metric->max, metric->unit);
        } else {
            write_value(out, metric->value, metric->unit);
            (void)str_append(out, "<td colspan=\"4\"></td>");
        }
        (void)str_append(out, "</tr>");
    }
    (void)str_append(out, "</table>");
}

static void write_nodes(struct str *out, const struct report *report)
{
    if (report->nodes.count == 0)
        return;
    (void)str_append(out,
        "<h2>Nodes</h2><table><tr><th>node</th><th class=\"n\">height</th>"
        "<th class=\"n\">final</th><th class=\"n\">peers</th><th class=\"n\">"
        "blocks seen</th><th class=\"n\">failed looks</th><th>log</th></tr>");
    VEC_EACH(struct report_node, node, &report->nodes) {
        (void)str_append(out, "<tr>");
        write_cell(out, node->name);
        write_value(out, (double)node->height, "");
        write_value(out, (double)node->final_height, "");
        if (node->peers == UINT32_MAX)
            (void)str_append(out, "<td class=\"n\">?</td>");
        else
            write_value(out, (double)node->peers, "");
        (void)str_appendf(out,
            "<td class=\"n\">%" PRIu64 " of %" PRIu64 "</td><td class=\"n\">%" PRIu64 " of %" PRIu64
            "</td><td>",
            node->blocks_known, node->blocks_total, node->failures, node->observations);
        if (node->log[0] != '\0') {
            (void)str_append(out, "<a href=\"");
            markup_text(out, node->log);
            (void)str_append(out, "\">log</a>");
        }
        (void)str_append(out, "</td></tr>");
    }
    (void)str_append(out, "</table>");
}

static void write_receipts(struct str *out, const struct report *report)
{
    if (report->receipts.count == 0)
        return;
    (void)str_append(out,
        "<h2>Faults</h2><table><tr><th>at</th><th>what</th><th>node</th>"
        "<th>proven</th><th>before</th><th>after</th></tr>");
    VEC_EACH(struct report_receipt, receipt, &report->receipts) {
        (void)str_append(out, "<tr><td class=\"n\">");
        write_span(out, receipt->asked_at);
        (void)str_append(out, "</td>");
        write_cell(out, receipt->action);
        write_cell(out, receipt->node);
        write_cell(out, receipt->is_proven ? "yes" : "NO");
        write_cell(out, receipt->before);
        write_cell(out, receipt->after);
        (void)str_append(out, "</tr>");
    }
    (void)str_append(out, "</table>");
}

static void write_tail(struct str *out, const struct report *report)
{
    (void)str_append(out, "<h2>Phases</h2><table>");
    VEC_EACH(struct report_phase, phase, &report->phases) {
        (void)str_append(out, "<tr>");
        write_cell(out, phase->name);
        (void)str_append(out, "<td class=\"n\">");
        write_span(out, phase->end - phase->start);
        (void)str_append(out, "</td></tr>");
    }
    (void)str_append(out, "</table>");
    if (report->notices.count > 0)
        (void)str_append(out, "<h2>Notes</h2>");
    VEC_EACH(struct report_notice, notice, &report->notices) {
        (void)str_append(out, "<p>");
        markup_text(out, notice->text);
        (void)str_append(out, "</p>");
    }
    (void)str_append(out, "<h2>Plugins</h2><table>");
    VEC_EACH(struct report_plugin, plugin, &report->plugins) {
        (void)str_append(out, "<tr>");
        write_cell(out, plugin->id);
        write_cell(out, plugin->version);
        write_cell(out, plugin->is_trusted ? "" : "UNTRUSTED location");
        (void)str_append(out, "<td><code>");
        markup_text(out, plugin->sha256);
        (void)str_append(out, "</code></td></tr>");
    }
    (void)str_append(out, "</table></body></html>\n");
}

void report_html(const struct report *report, struct str *out)
{
    write_head(out, report);
    write_judgements(out, "Expectations", &report->expectations);
    write_judgements(out, "Workloads", &report->workloads);
    write_judgements(out, "Infrastructure", &report->infrastructure);
    report_chart(report, out);
    write_metrics(out, report);
    write_nodes(out, report);
    write_receipts(out, report);
    write_tail(out, report);
}
