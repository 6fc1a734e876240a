/* verdict.json. Fields are added, never
   renamed; a change of meaning raises REPORT_SCHEMA_VERSION. */
#include "framework/run/report.h"

#include <stdio.h>
#include <time.h>

#include "framework/base/json_out.h"
#include "framework/run/version.h"

static void write_moment(struct json_out *json, const char *key, int64_t unix_ns)
{
    const time_t seconds = (time_t)(unix_ns / ASSAY_SECOND);
    char text[sizeof("2026-01-01T00:00:00Z") + 16] = "";
    struct tm utc;

    if (gmtime_r(&seconds, &utc))
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc);
    json_out_text(json, key, text);
}

static void write_phases(struct json_out *json, const struct report *report)
{
    json_out_begin(json, "phases", '[');
    VEC_EACH(struct report_phase, phase, &report->phases) {
        json_out_begin(json, NULL, '{');
        json_out_text(json, "name", phase->name);
        json_out_seconds(json, "start_s", phase->start);
        json_out_seconds(json, "duration_s", phase->end - phase->start);
        json_out_end(json, '}');
    }
    json_out_end(json, ']');
}

static void write_judgements(
    struct json_out *json, const char *key, const struct vec *items, bool has_coverage)
{
    json_out_begin(json, key, '[');
    VEC_EACH(struct report_judgement, item, items) {
        json_out_begin(json, NULL, '{');
        json_out_text(json, "instance", item->instance);
        json_out_text(json, "plugin", item->plugin);
        json_out_text(json, "outcome", outcome_name(item->outcome));
        if (has_coverage)
            json_out_real(json, "coverage", item->coverage);
        json_out_text(json, "why", item->why);
        json_out_end(json, '}');
    }
    json_out_end(json, ']');
}

static void write_nodes(struct json_out *json, const struct report *report)
{
    json_out_begin(json, "nodes", '[');
    VEC_EACH(struct report_node, node, &report->nodes) {
        json_out_begin(json, NULL, '{');
        json_out_text(json, "name", node->name);
        json_out_text(json, "role", node->role);
        json_out_text(json, "url", node->url);
        json_out_text(json, "log", node->log);
        json_out_uint(json, "height", node->height);
        json_out_uint(json, "final_height", node->final_height);
        if (node->peers != UINT32_MAX)
            json_out_uint(json, "peers", node->peers);
        json_out_uint(json, "blocks_known", node->blocks_known);
        json_out_uint(json, "blocks_total", node->blocks_total);
        json_out_uint(json, "observations", node->observations);
        json_out_uint(json, "observation_failures", node->failures);
        json_out_seconds(json, "blind_longest_s", node->blind_longest);
        json_out_end(json, '}');
    }
    json_out_end(json, ']');
}

static void write_metrics(struct json_out *json, const struct report *report)
{
    static const char *const kinds[] = {"", "counter", "gauge", "histogram"};

    json_out_begin(json, "metrics", '[');
    VEC_EACH(struct report_metric, metric, &report->metrics) {
        json_out_begin(json, NULL, '{');
        json_out_text(json, "instance", metric->instance);
        json_out_text(json, "name", metric->name);
        json_out_text(json, "kind", metric->kind <= ASSAY_HISTOGRAM ? kinds[metric->kind] : "");
        json_out_text(json, "unit", metric->unit);
        if (metric->kind == ASSAY_HISTOGRAM) {
            json_out_uint(json, "count", metric->count);
            json_out_real(json, "mean", metric->value);
            json_out_real(json, "p50", metric->p50);
            json_out_real(json, "p90", metric->p90);
            json_out_real(json, "p99", metric->p99);
            json_out_real(json, "max", metric->max);
        } else {
            json_out_real(json, "value", metric->value);
        }
        json_out_end(json, '}');
    }
    json_out_end(json, ']');
}

static void write_receipts(struct json_out *json, const struct report *report)
{
    json_out_begin(json, "receipts", '[');
    VEC_EACH(struct report_receipt, receipt, &report->receipts) {
        json_out_begin(json, NULL, '{');
        json_out_text(json, "node", receipt->node);
        json_out_text(json, "action", receipt->action);
        json_out_text(json, "instance", receipt->instance);
        json_out_bool(json, "proven", receipt->is_proven);
        json_out_seconds(json, "asked_s", receipt->asked_at);
        json_out_seconds(json, "done_s", receipt->done_at);
        json_out_text(json, "before", receipt->before);
        json_out_text(json, "after", receipt->after);
        json_out_end(json, '}');
    }
    json_out_end(json, ']');
}

static void write_plugins(struct json_out *json, const struct report *report)
{
    json_out_begin(json, "plugins", '[');
    VEC_EACH(struct report_plugin, plugin, &report->plugins) {
        json_out_begin(json, NULL, '{');
        json_out_text(json, "id", plugin->id);
        json_out_text(json, "version", plugin->version);
        json_out_text(json, "path", plugin->path);
        json_out_text(json, "sha256", plugin->sha256);
        json_out_bool(json, "trusted", plugin->is_trusted);
        json_out_end(json, '}');
    }
    json_out_end(json, ']');
}

static void write_header(struct json_out *json, const struct report *report)
{
    json_out_uint(json, "schema_version", REPORT_SCHEMA_VERSION);
    json_out_text(json, "assay", ASSAY_VERSION);
    json_out_text(json, "run_id", report->run_id ? report->run_id : "");
    json_out_text(json, "name", report->name ? report->name : "");
    json_out_text(json, "outcome", outcome_name(report->outcome));
    json_out_int(json, "exit_code", report->exit_code);
    json_out_text(json, "reason", report->reason ? report->reason : "");
    json_out_bool(json, "interrupted", report->interrupted_by != 0);
    json_out_uint(json, "seed", report->seed);
    write_moment(json, "started_at", report->started_unix_ns);
    json_out_seconds(json, "duration_s", report->duration);
    json_out_seconds(json, "window_s", report->window_end - report->window_start);
}

void report_json(const struct report *report, struct str *out)
{
    struct json_out json;

    json_out_init(&json, out, JSON_PRETTY);
    json_out_begin(&json, NULL, '{');
    write_header(&json, report);
    write_phases(&json, report);
    write_judgements(&json, "expectations", &report->expectations, true);
    write_judgements(&json, "workloads", &report->workloads, false);
    write_judgements(&json, "infrastructure", &report->infrastructure, false);
    write_nodes(&json, report);
    write_metrics(&json, report);
    write_receipts(&json, report);
    json_out_begin(&json, "notices", '[');
    VEC_EACH(struct report_notice, notice, &report->notices) {
        json_out_text(&json, NULL, notice->text);
    }
    json_out_end(&json, ']');
    write_plugins(&json, report);
    json_out_end(&json, '}');
}
