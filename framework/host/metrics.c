#include "framework/host/metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>

#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/base/str.h"
#include "framework/host/histogram.h"
#include "framework/host/query.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"
#include "framework/topology/topology.h"

enum {
    SERIES_TEXT_MAX = 64 * 1024 * 1024 /* one second of METRICS_MAX metrics is 1 MiB */
};

struct metric {
    const char *instance; /* the host's */
    char name[METRIC_NAME_SIZE], unit[METRIC_NAME_SIZE];
    uint32_t kind;
    bool has_offended; /* a bad value was reported already */
    double value;
    struct histogram *all,
        *recent; /* histograms alone; recent: since the last line of the series */
};

struct metrics {
    struct host *host;
    pthread_mutex_t lock; /* guards everything */
    struct vec list;      /* struct metric * */
    char *url, *dashboard;
    int series; /* descriptor; -1: not yet written to */
};

struct metrics *metrics_new(struct host *host)
{
    struct metrics *metrics = mem_new(sizeof(*metrics));

    if (!metrics)
        return NULL;
    metrics->host = host;
    metrics->series = -1;
    (void)pthread_mutex_init(&metrics->lock, NULL);
    vec_init(&metrics->list, sizeof(struct metric *), METRICS_MAX);
    return metrics;
}

static void metric_free(struct metric *metric)
{
    if (!metric)
        return;
    if (metric->all)
        histogram_done(metric->all);
    if (metric->recent)
        histogram_done(metric->recent);
    free(metric->all);
    free(metric->recent);
    free(metric);
}

void metrics_free(struct metrics *metrics)
{
    if (!metrics)
        return;
    VEC_EACH(struct metric *, metric, &metrics->list) {
        metric_free(*metric);
    }
    vec_done(&metrics->list);
    if (metrics->series >= 0)
        (void)close(metrics->series);
    free(metrics->url);
    free(metrics->dashboard);
    (void)pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static assay_status set_address(
    const assay_host *table, char **place, const char *url, const char *function)
{
    struct metrics *metrics = host_of(table)->metrics;
    auto_free char *copy = NULL;
    char *old = NULL;

    if (!url || strnlen(url, METRIC_URL_MAX + 1) > METRIC_URL_MAX ||
        (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        return instance_fail(table, ASSAY_E_INVALID,
            "deployment.%s: \"%.100s\" is no http or https address", function, url ? url : "");
    copy = mem_dup(url);
    if (!copy)
        return instance_fail(table, ASSAY_E_NOMEM, "out of memory");
    (void)pthread_mutex_lock(&metrics->lock);
    old = *place;
    *place = take(copy);
    (void)pthread_mutex_unlock(&metrics->lock);
    free(old);
    return ASSAY_OK;
}

assay_status metrics_set_url(const assay_host *table, const char *url)
{
    return set_address(table, &host_of(table)->metrics->url, url, "metrics_at");
}

assay_status metrics_set_dashboard(const assay_host *table, const char *url)
{
    return set_address(table, &host_of(table)->metrics->dashboard, url, "dashboard_at");
}

static char *get_address(struct metrics *metrics, char *const *place)
{
    char *copy = NULL;

    (void)pthread_mutex_lock(&metrics->lock);
    copy = mem_dup(*place);
    (void)pthread_mutex_unlock(&metrics->lock);
    return copy;
}

char *host_metrics_url(const struct host *host)
{
    return get_address(host->metrics, &host->metrics->url);
}

char *host_dashboard_url(const struct host *host)
{
    return get_address(host->metrics, &host->metrics->dashboard);
}

/* ---- defining ---- */

static bool name_is_good(const char *name, bool may_be_empty)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
    const size_t len = name ? strnlen(name, METRIC_NAME_SIZE) : METRIC_NAME_SIZE;

    return len < METRIC_NAME_SIZE && (may_be_empty || len > 0) && strspn(name, allowed) == len;
}

static bool metric_make_histograms(struct metric *metric)
{
    metric->all = mem_new(sizeof(*metric->all));
    metric->recent = mem_new(sizeof(*metric->recent));
    return metric->all && metric->recent;
}

/* The metric of that name, or ASSAY_NO_METRIC. Lock held. */
static uint32_t find(const struct metrics *metrics, const char *instance, const char *name)
{
    for (uint32_t i = 0; i < metrics->list.count; i++) {
        const struct metric *metric = *(struct metric **)vec_at(&metrics->list, i);

        if (strcmp(metric->instance, instance) == 0 && strcmp(metric->name, name) == 0)
            return i;
    }
    return ASSAY_NO_METRIC;
}

/* What the plugin asks for. */
struct definition {
    const char *name, *unit;
    uint32_t kind;
};

static uint32_t add(
    struct metrics *metrics, const struct host_instance *instance, const struct definition *wanted)
{
    struct metric *metric = mem_new(sizeof(*metric));

    if (!metric)
        return ASSAY_NO_METRIC;
    metric->instance = instance->name;
    memcpy(metric->name, wanted->name, strlen(wanted->name));
    memcpy(metric->unit, wanted->unit, strlen(wanted->unit));
    metric->kind = wanted->kind;
    if ((metric->kind == ASSAY_HISTOGRAM && !metric_make_histograms(metric)) ||
        vec_push(&metrics->list, &metric)) {
        metric_free(metric);
        return ASSAY_NO_METRIC;
    }
    return (uint32_t)metrics->list.count - 1;
}

static uint32_t service_define(
    const assay_host *table, const char *name, uint32_t kind, const char *unit)
{
    const struct host_instance *instance = instance_of(table);
    struct metrics *metrics = host_of(table)->metrics;
    const struct definition wanted = {.name = name, .unit = unit ? unit : "", .kind = kind};
    uint32_t id = ASSAY_NO_METRIC;
    bool is_other = false;

    if (!name_is_good(name, false) || !name_is_good(wanted.unit, true) || kind < ASSAY_COUNTER ||
        kind > ASSAY_HISTOGRAM) {
        log_write(LOG_LEVEL_WARN, instance->name,
            "metric \"%.100s\" refused: name and unit are of a-z 0-9 _, up to %d, and the kind is "
            "1 to 3",
            name ? name : "", METRIC_NAME_SIZE - 1);
        return ASSAY_NO_METRIC;
    }
    (void)pthread_mutex_lock(&metrics->lock);
    id = find(metrics, instance->name, name);
    if (id == ASSAY_NO_METRIC) {
        id = add(metrics, instance, &wanted);
    } else if ((*(struct metric **)vec_at(&metrics->list, id))->kind != kind) {
        id = ASSAY_NO_METRIC;
        is_other = true;
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    if (id == ASSAY_NO_METRIC)
        log_write(LOG_LEVEL_WARN, instance->name, "metric %s refused: %s", name,
            is_other ? "there is one of that name and another kind"
                     : "out of memory, or more metrics than a run may have");
    return id;
}

/* ---- recording ---- */

/* False: the value is none for this kind. Lock held. */
static bool metric_record(struct metric *metric, double value)
{
    if (!isfinite(value) || (metric->kind != ASSAY_GAUGE && value < 0))
        return false;
    if (metric->kind == ASSAY_GAUGE) {
        metric->value = value;
    } else if (metric->kind == ASSAY_COUNTER) {
        metric->value += value;
    } else {
        /* Without memory for another part of a histogram the sample is lost; the run goes on. */
        (void)histogram_add(metric->all, value);
        (void)histogram_add(metric->recent, value);
    }
    return true;
}

static void service_record(const assay_host *table, uint32_t id, double value)
{
    struct metrics *metrics = host_of(table)->metrics;
    bool is_offence = false;
    char name[METRIC_NAME_SIZE] = "";

    (void)pthread_mutex_lock(&metrics->lock);
    if (id < metrics->list.count) {
        struct metric *metric = *(struct metric **)vec_at(&metrics->list, id);

        if (!metric_record(metric, value) && !metric->has_offended) {
            is_offence = metric->has_offended = true;
            memcpy(name, metric->name, sizeof(name));
        }
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    if (is_offence)
        host_violation(instance_of(table), "metrics.record: %g is no value for %s", value, name);
}

static assay_status service_value(const assay_host *table, uint32_t id, double q, double *out)
{
    struct metrics *metrics = host_of(table)->metrics;
    assay_status s = ASSAY_E_NOTFOUND;

    (void)pthread_mutex_lock(&metrics->lock);
    if (id < metrics->list.count) {
        const struct metric *metric = *(struct metric **)vec_at(&metrics->list, id);

        s = ASSAY_OK;
        if (metric->kind == ASSAY_HISTOGRAM)
            s = histogram_quantile(metric->all, q, out);
        else
            *out = metric->value;
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    return s;
}

static assay_status ask_store(assay_task *task, const struct query *query, double *out)
{
    struct metrics *metrics = host_of(task_host(task))->metrics;
    auto_free char *url = NULL;
    bool has_url = false;
    const assay_status s = task_enter(task);

    if (s)
        return s;
    (void)pthread_mutex_lock(&metrics->lock);
    has_url = metrics->url != NULL;
    url = mem_dup(metrics->url);
    (void)pthread_mutex_unlock(&metrics->lock);
    if (!has_url)
        return task_fail(task, ASSAY_E_UNSUPPORTED, "this deployment has no metrics store");
    if (!url)
        return task_fail(task, ASSAY_E_NOMEM, "out of memory");
    if (!query->expression || !query->expression[0])
        return task_fail(task, ASSAY_E_INVALID, "metrics.query: the expression is empty");
    return query_run(task, url, query, out);
}

static assay_status service_query(assay_task *task, const char *expression, double *out)
{
    return ask_store(task, &(const struct query){.expression = expression}, out);
}

static assay_status service_query_fresh(
    assay_task *task, const char *expression, assay_ns age_max, double *out)
{
    if (age_max < ASSAY_MS)
        return task_fail(
            task, ASSAY_E_INVALID, "metrics.query_fresh: no sample is fresher than a millisecond");
    return ask_store(
        task, &(const struct query){.expression = expression, .age_max = age_max}, out);
}

const assay_metrics metrics_table = {
    .struct_size = sizeof(assay_metrics),
    .define = service_define,
    .record = service_record,
    .value = service_value,
    .query = service_query,
    .query_fresh = service_query_fresh,
};

/* ---- for the report ---- */

static void describe_histogram(const struct histogram *histogram, struct host_metric *out)
{
    out->value = histogram->sum;
    out->samples = histogram->count;
    if (histogram->count == 0)
        return;
    out->min = histogram->min;
    out->max = histogram->max;
    out->mean = histogram->sum / (double)histogram->count;
    (void)histogram_quantile(histogram, 0.5, &out->p50);
    (void)histogram_quantile(histogram, 0.9, &out->p90);
    (void)histogram_quantile(histogram, 0.99, &out->p99);
}

bool host_metric_at(const struct host *host, size_t index, struct host_metric *out)
{
    struct metrics *metrics = host->metrics;
    bool is_there = false;

    (void)pthread_mutex_lock(&metrics->lock);
    is_there = index < metrics->list.count;
    if (is_there) {
        /* Metrics never move and never go, so their names may be lent. */
        const struct metric *metric = *(struct metric **)vec_at(&metrics->list, index);

        *out = (struct host_metric){.instance = metric->instance,
            .name = metric->name,
            .unit = metric->unit,
            .kind = metric->kind,
            .value = metric->value};
        if (metric->kind == ASSAY_HISTOGRAM)
            describe_histogram(metric->all, out);
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    return is_there;
}

/* ---- the series ---- */

/* What a line says beside when. */
struct point {
    const char *instance, *name, *kind;
    double value, p50, p99;
    bool has_quantiles;
};

static void point_write(struct str *text, assay_ns now, const struct point *point)
{
    char value[QUANTITY_TEXT_SIZE], p50[QUANTITY_TEXT_SIZE], p99[QUANTITY_TEXT_SIZE];

    (void)str_appendf(text, "%lld.%03lld,%s,%s,%s,%s,%s,%s\n", (long long)(now / ASSAY_SECOND),
        (long long)(now % ASSAY_SECOND / ASSAY_MS), point->instance, point->name, point->kind,
        format_real(point->value, value), point->has_quantiles ? format_real(point->p50, p50) : "",
        point->has_quantiles ? format_real(point->p99, p99) : "");
}

static void metric_write(struct str *text, assay_ns now, struct metric *metric)
{
    static const char *const kinds[] = {"", "counter", "gauge", "histogram"};
    struct point point = {.instance = metric->instance,
        .name = metric->name,
        .kind = kinds[metric->kind],
        .value = metric->value};

    if (metric->kind == ASSAY_HISTOGRAM) {
        point.value = (double)metric->recent->count;
        point.has_quantiles = metric->recent->count > 0;
        (void)histogram_quantile(metric->recent, 0.5, &point.p50);
        (void)histogram_quantile(metric->recent, 0.99, &point.p99);
        histogram_done(metric->recent);
    }
    point_write(text, now, &point);
}

static void nodes_write(struct str *text, assay_ns now, const struct host *host)
{
    for (uint32_t node = 0; node < host_node_count(host); node++) {
        assay_node_status status = {.struct_size = sizeof(status)};
        struct point point = {
            .instance = host->config.topology->nodes[node].name, .name = "height", .kind = "gauge"};

        if (host_node_status(host, node, &status) || status.observed_at < 0)
            continue;
        point.value = (double)status.height;
        point_write(text, now, &point);
    }
}

static assay_status series_open(struct metrics *metrics, struct str *text, struct error *err)
{
    auto_free char *path = NULL;

    if (metrics->series >= 0)
        return ASSAY_OK;
    path = str_format("%s/series.csv", metrics->host->config.run_dir);
    if (!path)
        return error_nomem(err);
    metrics->series =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (metrics->series < 0)
        return error_errno(err, errno, "cannot write %s", path);
    (void)str_append(text, "seconds,instance,metric,kind,value,p50,p99\n");
    return ASSAY_OK;
}

assay_status host_series_write(struct host *host, struct error *err)
{
    struct metrics *metrics = host->metrics;
    const assay_ns now = host_now(host);
    auto_str struct str text = STR_INIT(SERIES_TEXT_MAX);
    assay_status s = ASSAY_OK;

    s = series_open(metrics, &text, err);
    if (s)
        return s;
    nodes_write(&text, now, host);
    (void)pthread_mutex_lock(&metrics->lock);
    VEC_EACH(struct metric *, metric, &metrics->list) {
        metric_write(&text, now, *metric);
    }
    (void)pthread_mutex_unlock(&metrics->lock);
    if (text.status)
        return error_set(err, text.status, "series.csv: %s", status_text(text.status));
    return file_write_fd(metrics->series, text.data, text.len, err);
}
