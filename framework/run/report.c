#include "framework/run/report.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/base/path.h"

enum {
    PHASES_MAX = 64,
    PLUGINS_MAX = 65536 /* all of all libraries, though a manifest names a handful */
};

void report_init(struct report *report)
{
    *report = (struct report){.outcome = OUTCOME_PASS};
    vec_init(&report->phases, sizeof(struct report_phase), PHASES_MAX);
    vec_init(&report->expectations, sizeof(struct report_judgement), REPORT_JUDGEMENTS_MAX);
    vec_init(&report->workloads, sizeof(struct report_judgement), REPORT_JUDGEMENTS_MAX);
    vec_init(&report->infrastructure, sizeof(struct report_judgement), REPORT_JUDGEMENTS_MAX);
    vec_init(&report->nodes, sizeof(struct report_node), REPORT_NODES_MAX);
    vec_init(&report->metrics, sizeof(struct report_metric), REPORT_METRICS_MAX);
    vec_init(&report->receipts, sizeof(struct report_receipt), REPORT_RECEIPTS_MAX);
    vec_init(&report->plugins, sizeof(struct report_plugin), PLUGINS_MAX);
    vec_init(&report->points, sizeof(struct report_point), REPORT_POINTS_MAX);
    vec_init(&report->notices, sizeof(struct report_notice), REPORT_NOTICES_MAX);
}

/* The records own the strings at these offsets; one table per record serves copy and release. */
struct fields {
    const size_t *offsets;
    size_t count;
};

#define FIELDS(name, ...)                                                                          \
    static const size_t name##_offsets[] = {__VA_ARGS__};                                          \
    static const struct fields name = {name##_offsets, ARRAY_COUNT(name##_offsets)}

FIELDS(judgement_fields, offsetof(struct report_judgement, instance),
    offsetof(struct report_judgement, plugin), offsetof(struct report_judgement, why));
FIELDS(node_fields, offsetof(struct report_node, name), offsetof(struct report_node, role),
    offsetof(struct report_node, url), offsetof(struct report_node, log));
FIELDS(metric_fields, offsetof(struct report_metric, instance),
    offsetof(struct report_metric, name), offsetof(struct report_metric, unit));
FIELDS(receipt_fields, offsetof(struct report_receipt, instance),
    offsetof(struct report_receipt, node), offsetof(struct report_receipt, action),
    offsetof(struct report_receipt, before), offsetof(struct report_receipt, after));
FIELDS(plugin_fields, offsetof(struct report_plugin, id), offsetof(struct report_plugin, version),
    offsetof(struct report_plugin, path), offsetof(struct report_plugin, sha256));
FIELDS(notice_fields, offsetof(struct report_notice, text));

static char **field_at(void *record, size_t offset)
{
    return (char **)(void *)((char *)record + offset);
}

static void release_fields(void *record, const struct fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        free(*field_at(record, fields->offsets[i]));
}

/* Appends a copy of *record that owns copies of its strings; NULL becomes "". */
static assay_status add_copy(struct vec *vec, const void *record, const struct fields *fields)
{
    void *copy = vec_add(vec);

    if (!copy)
        return vec->count < vec->count_max ? ASSAY_E_NOMEM : ASSAY_E_INVALID;
    memcpy(copy, record, vec->item_size);
    for (size_t i = 0; i < fields->count; i++) {
        char **field = field_at(copy, fields->offsets[i]);

        *field = mem_dup(*field ? *field : "");
        if (!*field) {
            for (size_t j = i + 1; j < fields->count; j++)
                *field_at(copy, fields->offsets[j]) = NULL;
            release_fields(copy, fields);
            vec_remove(vec, vec->count - 1);
            return ASSAY_E_NOMEM;
        }
    }
    return ASSAY_OK;
}

static void release_all(struct vec *vec, const struct fields *fields)
{
    for (size_t i = 0; i < vec->count; i++)
        release_fields(vec_at(vec, i), fields);
    vec_done(vec);
}

void report_done(struct report *report)
{
    release_all(&report->expectations, &judgement_fields);
    release_all(&report->workloads, &judgement_fields);
    release_all(&report->infrastructure, &judgement_fields);
    release_all(&report->nodes, &node_fields);
    release_all(&report->metrics, &metric_fields);
    release_all(&report->receipts, &receipt_fields);
    release_all(&report->plugins, &plugin_fields);
    release_all(&report->notices, &notice_fields);
    vec_done(&report->phases);
    vec_done(&report->points);
    free(report->run_id);
    free(report->name);
    free(report->directory);
    free(report->reason);
    *report = (struct report){0};
}

assay_status report_add_expectation(struct report *report, const struct report_judgement *item)
{
    return add_copy(&report->expectations, item, &judgement_fields);
}

assay_status report_add_workload(struct report *report, const struct report_judgement *item)
{
    return add_copy(&report->workloads, item, &judgement_fields);
}

assay_status report_add_infrastructure(struct report *report, const struct report_judgement *item)
{
    return add_copy(&report->infrastructure, item, &judgement_fields);
}

assay_status report_add_node(struct report *report, const struct report_node *item)
{
    return add_copy(&report->nodes, item, &node_fields);
}

assay_status report_add_metric(struct report *report, const struct report_metric *item)
{
    return add_copy(&report->metrics, item, &metric_fields);
}

assay_status report_add_receipt(struct report *report, const struct report_receipt *item)
{
    return add_copy(&report->receipts, item, &receipt_fields);
}

assay_status report_add_plugin(struct report *report, const struct report_plugin *item)
{
    return add_copy(&report->plugins, item, &plugin_fields);
}

/* In the place of the last notice. */
static assay_status count_left_out(struct report *report)
{
    auto_free char *text =
        str_format("%u more notices are left out; events.ndjson has those of plugins",
            report->notices_left_out + 1);
    const struct report_notice notice = {.text = text};
    struct report_notice *last;

    if (!text)
        return ASSAY_E_NOMEM;
    report->notices_left_out++;
    if (report->notices.count < REPORT_NOTICES_MAX)
        return add_copy(&report->notices, &notice, &notice_fields);
    last = vec_at(&report->notices, REPORT_NOTICES_MAX - 1);
    free(last->text);
    last->text = take(text);
    return ASSAY_OK;
}

assay_status report_add_notice(struct report *report, const char *text)
{
    const struct report_notice notice = {.text = (char *)(uintptr_t)text};

    VEC_EACH(struct report_notice, known, &report->notices) {
        if (strcmp(known->text, text) == 0)
            return ASSAY_OK;
    }
    if (report->notices.count < REPORT_NOTICES_MAX - 1)
        return add_copy(&report->notices, &notice, &notice_fields);
    return count_left_out(report);
}

assay_status report_add_point(struct report *report, const struct report_point *point)
{
    return vec_push(&report->points, point);
}

assay_status report_add_phase(struct report *report, const struct report_phase *phase)
{
    return vec_push(&report->phases, phase);
}

/* ---- conclusion ---- */

char *report_reason(const char *instance, const char *why)
{
    size_t length = strcspn(why, "\n");

    if (why[length] == '\n' && length > 0 && why[length - 1] == ':')
        length--; /* what it announces is not shown */
    return str_format("%s: %.*s", instance, (int)length, why);
}

/* The first judgement that has the run's outcome is its reason. */
static char *find_reason(const struct report *report)
{
    const struct vec *groups[] = {
        &report->expectations, &report->workloads, &report->infrastructure};

    for (size_t g = 0; g < ARRAY_COUNT(groups); g++) {
        VEC_EACH(struct report_judgement, item, groups[g]) {
            if (item->outcome == report->outcome)
                return report_reason(item->instance, item->why);
        }
    }
    return mem_dup("out of memory when the reason was written down; see the notices");
}

assay_status report_conclude(struct report *report, struct error *err)
{
    const enum outcome before = report->outcome;
    const struct vec *groups[] = {
        &report->expectations, &report->workloads, &report->infrastructure};

    for (size_t g = 0; g < ARRAY_COUNT(groups); g++) {
        VEC_EACH(struct report_judgement, item, groups[g]) {
            report->outcome = outcome_worst(report->outcome, item->outcome);
        }
    }
    if (report->expectations.count == 0)
        report->outcome = outcome_worst(report->outcome, OUTCOME_VACUOUS);

    if (report->exit_code == 0 || report->outcome != before)
        report->exit_code = (int)outcome_exit_code(report->outcome);
    if (report->reason && report->outcome == before)
        return ASSAY_OK;
    free(report->reason);
    if (report->outcome == OUTCOME_PASS)
        report->reason = mem_dup("every expectation held");
    else if (report->expectations.count == 0 && report->outcome == OUTCOME_VACUOUS)
        report->reason = mem_dup("the scenario expects nothing: add an [expectation.*] section");
    else
        report->reason = find_reason(report);
    return report->reason ? ASSAY_OK : error_nomem(err);
}

/* ---- files ---- */

static assay_status write_one(
    const struct report *report, const char *name, struct str *text, struct error *err)
{
    auto_free char *path = path_join(report->directory, name);
    struct file_text content;

    if (!path)
        return error_nomem(err);
    if (text->status)
        return error_set(
            err, text->status, "%s: the report does not fit: %s", path, status_text(text->status));
    content = (struct file_text){.data = text->data, .size = text->len};
    return file_write(path, &content, FILE_PLAIN, err);
}

static void write_plain_summary(const struct report *report, struct str *out)
{
    report_summary(report, out, false);
}

/* Without memory, since that may be what is lacking. */
static void remove_one(const struct report *report, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof(path), "%s/%s", report->directory, name);

    if (length > 0 && (size_t)length < sizeof(path))
        (void)unlink(path);
}

/* Ends at the first file that cannot be written, unless it is to go on: then such a file is rather not
   there at all than as it was. */
static assay_status write_files(const struct report *report, bool goes_on, struct error *err)
{
    static const struct {
        const char *name;
        void (*write)(const struct report *, struct str *);
    } files[] = {
        {"summary.txt", write_plain_summary},
        {"report.html", report_html},
        {"junit.xml", report_junit},
        {"verdict.json", report_json},
    };
    assay_status first = ASSAY_OK;

    for (size_t i = 0; i < ARRAY_COUNT(files) && (goes_on || !first); i++) {
        auto_str struct str text = STR_INIT(REPORT_FILE_MAX);
        assay_status status;

        files[i].write(report, &text);
        status = write_one(report, files[i].name, &text, first ? NULL : err);
        if (status && goes_on)
            remove_one(report, files[i].name);
        first = first ? first : status;
    }
    return first;
}

assay_status report_write(struct report *report, struct error *err)
{
    struct error mine = {0};
    const assay_status status = write_files(report, false, &mine);

    if (!status)
        return ASSAY_OK;
    report->outcome = OUTCOME_ERROR;
    report->exit_code = EXIT_CODE_ERROR;
    free(report->reason);
    report->reason = str_format("the report cannot be written: %s", mine.text);
    (void)write_files(report, true, NULL);
    return err ? error_set(err, status, "%s", mine.text) : status;
}
