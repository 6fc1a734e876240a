#include "framework/run/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/base/path.h"
#include "framework/host/control.h"
#include "framework/host/ends.h"
#include "framework/plugin/digest.h"

void collect_points(const struct host *host, struct report *report)
{
    const uint32_t count = host_node_count(host);

    if (report->points.count + count > REPORT_POINTS_MAX)
        return; /* the chart ends early; nothing is judged by it */
    for (uint32_t node = 0; node < count; node++) {
        assay_node_status status = {.struct_size = sizeof(status)};
        struct report_point point = {.node = node, .at = host_now(host)};

        if (host_node_status(host, node, &status) || status.observed_at < 0)
            continue;
        point.height = status.height;
        (void)report_add_point(report, &point);
    }
}

assay_status collect_actor(const struct actor *actor, struct report *report)
{
    const struct report_judgement item = {.instance = (char *)(uintptr_t)actor->instance->name,
        .plugin = (char *)(uintptr_t)actor->instance->plugin_id,
        .why = (char *)(uintptr_t)actor->why,
        .outcome = actor->outcome,
        .coverage = actor->coverage};

    switch (actor->instance->kind) {
    case ASSAY_EXPECTATION:
        return report_add_expectation(report, &item);
    case ASSAY_WORKLOAD:
        return report_add_workload(report, &item);
    default:
        return actor->outcome == OUTCOME_PASS ? ASSAY_OK : report_add_infrastructure(report, &item);
    }
}

static assay_status collect_node(const struct host *host, uint32_t node, struct report *report)
{
    assay_node_info info = {.struct_size = sizeof(info)};
    assay_node_status status = {.struct_size = sizeof(status), .peers = UINT32_MAX};
    assay_coverage coverage = {.struct_size = sizeof(coverage)};
    char log[256];
    auto_free char *path = NULL;
    struct report_node item = {.log = log};

    if (host_node_info(host, node, &info))
        return ASSAY_OK;
    (void)host_node_status(host, node, &status);
    (void)host_node_coverage(host, node, &coverage);
    (void)snprintf(log, sizeof(log), "nodes/%s/output.log", info.name);
    path = path_join(report->directory, log);
    if (!path)
        return ASSAY_E_NOMEM;
    if (access(path, R_OK) != 0)
        log[0] = '\0';
    item.name = (char *)(uintptr_t)info.name;
    item.role = (char *)(uintptr_t)info.role;
    item.url = (char *)(uintptr_t)info.url;
    item.height = status.height;
    item.final_height = status.final_height;
    item.peers = status.peers;
    item.blocks_known = coverage.blocks_known;
    item.blocks_total = coverage.blocks_total;
    item.observations = coverage.observations;
    item.failures = coverage.failures;
    item.blind_longest = coverage.blind_longest;
    return report_add_node(report, &item);
}

static assay_status collect_metrics(const struct host *host, struct report *report)
{
    struct host_metric metric;
    assay_status status = ASSAY_OK;

    for (size_t i = 0; !status && host_metric_at(host, i, &metric); i++) {
        const struct report_metric item = {.instance = (char *)(uintptr_t)metric.instance,
            .name = (char *)(uintptr_t)metric.name,
            .unit = (char *)(uintptr_t)metric.unit,
            .kind = metric.kind,
            .count = metric.samples,
            .value = metric.kind == ASSAY_HISTOGRAM ? metric.mean : metric.value,
            .p50 = metric.p50,
            .p90 = metric.p90,
            .p99 = metric.p99,
            .max = metric.max};

        status = report_add_metric(report, &item);
    }
    return status;
}

/* Does some part say already that the run is no pass? Its words are better than ours. */
static bool has_spoilt_part(const struct report *report)
{
    const struct vec *groups[] = {&report->expectations, &report->workloads};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        VEC_EACH(const struct report_judgement, item, groups[i]) {
            if (item->outcome >= OUTCOME_UNDECIDED)
                return true;
        }
    }
    return false;
}

/* Takes the reason, which may be NULL without memory. */
static void leave_undecided(struct report *report, char *reason)
{
    report->outcome = OUTCOME_UNDECIDED;
    free(report->reason);
    report->reason = reason;
}

static bool is_passing(const struct report *report)
{
    return report->outcome < OUTCOME_UNDECIDED && !has_spoilt_part(report);
}

/* What held may not have been put to the test: without proof of a fault nothing is passed. */
static void doubt(struct report *report, const struct report_receipt *receipt)
{
    if (receipt->is_proven || !is_passing(report))
        return;
    leave_undecided(report,
        str_format("%s: that its %s of %s took effect is not proven, so it is not known what the "
                   "network was "
                   "put to (before: %s; after: %s)",
            receipt->instance, receipt->action, receipt->node, receipt->before, receipt->after));
}

/* A node that ends although it should run has not passed, also when somebody restarted it before
   its chain fell behind, or nobody looked any more. One that exits with a code of its own after it
   was asked to end is in the notices only: many programs do. */
static void doubt_end(const struct host *host, const assay_node_end *end, struct report *report)
{
    assay_node_info info = {.struct_size = sizeof(info), .name = ""};
    char moment[QUANTITY_TEXT_SIZE], how[END_TEXT_SIZE], words[96];

    if ((end->asked_by_signal && end->how != ASSAY_END_KILLED) || !is_passing(report))
        return;
    (void)host_node_info(host, end->node, &info);
    (void)format_span(end->at / ASSAY_MS * ASSAY_MS, moment);
    if (end->asked_by_signal)
        (void)snprintf(words, sizeof(words), "crashed at %s when it was asked to end", moment);
    else
        (void)snprintf(
            words, sizeof(words), "ended by itself at %s, though nobody asked it to", moment);
    leave_undecided(report,
        str_format("%s %s: %s; what held besides is no pass (see nodes/%s/output.log)", info.name,
            words, ends_describe(end, how), info.name));
}

static void collect_ends(const struct host *host, struct report *report)
{
    assay_node_end end = {.struct_size = sizeof(end)};

    for (size_t i = 0; host_node_end_at(host, i, &end); i++)
        doubt_end(host, &end, report);
}

static assay_status collect_receipts(const struct host *host, struct report *report)
{
    assay_receipt receipt = {.struct_size = sizeof(receipt)};
    const char *instance;
    assay_status status = ASSAY_OK;

    for (size_t i = 0; !status && host_receipt_at(host, i, &instance, &receipt); i++) {
        assay_node_info info = {.struct_size = sizeof(info), .name = ""};
        struct report_receipt item = {.instance = (char *)(uintptr_t)instance,
            .action = (char *)(uintptr_t)control_action_name(receipt.kind),
            .before = receipt.before,
            .after = receipt.after,
            .is_proven = receipt.proof == ASSAY_PROVEN,
            .asked_at = receipt.asked_at,
            .done_at = receipt.done_at};

        (void)host_node_info(host, receipt.node, &info);
        item.node = (char *)(uintptr_t)info.name;
        status = report_add_receipt(report, &item);
        doubt(report, &item);
    }
    return status;
}

static assay_status collect_notices(const struct host *host, struct report *report)
{
    struct host_note note;
    assay_status status = ASSAY_OK;

    for (size_t i = 0; !status && host_notice_at(host, i, &note); i++)
        status = report_add_notice(report, note.text);
    for (size_t i = 0; !status && host_violation_at(host, i, &note); i++) {
        auto_free char *text = str_format(
            "%s (%s) broke the plugin contract: %s", note.instance, note.plugin_id, note.text);

        status = text ? report_add_notice(report, text) : ASSAY_E_NOMEM;
    }
    return status;
}

/* The digest, or "" and a notice that says why there is none. */
static assay_status digest_or_notice(
    const struct plugin_library *library, char digest[SHA256_TEXT_SIZE], struct report *report)
{
    struct error err = {.text = ""};
    const assay_status status = library_digest(library, digest, &err);

    if (!status)
        return ASSAY_OK;
    digest[0] = '\0';
    return status == ASSAY_E_NOMEM ? status : report_add_notice(report, err.text);
}

static assay_status collect_library(const struct plugin_library *library, struct report *report)
{
    char digest[SHA256_TEXT_SIZE];
    assay_status status = digest_or_notice(library, digest, report);

    for (size_t i = 0; !status && i < library->plugin_count; i++) {
        const struct report_plugin item = {
            .id = (char *)(uintptr_t)library->plugins[i].descriptor.id,
            .version = (char *)(uintptr_t)library->plugins[i].descriptor.version,
            .path = library->path,
            .sha256 = digest,
            .is_trusted = !library->is_untrusted};

        status = report_add_plugin(report, &item);
    }
    for (size_t i = 0; !status && i < library->warning_count; i++)
        status = report_add_notice(report, library->warnings[i]);
    return status;
}

assay_status collect_plugins(const struct loader *loader, struct report *report)
{
    assay_status status = ASSAY_OK;

    for (size_t i = 0; !status && i < loader_library_count(loader); i++)
        status = collect_library(loader_library(loader, i), report);
    return status;
}

assay_status collect_run(const struct host *host, struct report *report)
{
    assay_status status = ASSAY_OK;

    collect_points(host, report); /* the chart ends at the heights that the table of nodes has */
    for (uint32_t node = 0; !status && node < host_node_count(host); node++)
        status = collect_node(host, node, report);
    if (!status)
        status = collect_metrics(host, report);
    if (!status)
        status = collect_receipts(host, report);
    if (!status)
        collect_ends(host, report);
    if (!status)
        status = collect_notices(host, report);
    return status;
}
