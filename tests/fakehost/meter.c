/* Metrics and chance. Histograms keep every sample, so quantiles are exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

static struct fake_metric *metric_named(const struct fakehost *f, const char *name)
{
    for (uint32_t i = 0; i < f->metric_count; i++)
        if (!strcmp(f->metrics[i]->name, name))
            return f->metrics[i];
    return NULL;
}

static uint32_t metrics_define(
    const assay_host *host, const char *name, uint32_t kind, const char *unit)
{
    struct fakehost *f = fake_of(host);
    struct fake_metric *metric;

    assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
    assert_non_null(unit);
    for (uint32_t i = 0; i < f->metric_count; i++)
        if (!strcmp(f->metrics[i]->name, name))
            return f->metrics[i]->kind == kind ? i : ASSAY_NO_METRIC;
    metric = fake_alloc(1, sizeof(*metric));
    (void)snprintf(metric->name, sizeof(metric->name), "%s", name);
    metric->kind = kind;
    f->metrics = fake_grow(f->metrics, f->metric_count, sizeof(f->metrics[0]));
    f->metrics[f->metric_count] = metric;
    return f->metric_count++;
}

static void metrics_record(const assay_host *host, uint32_t id, double value)
{
    struct fakehost *f = fake_of(host);
    struct fake_metric *metric;

    assert_true(id < f->metric_count);
    metric = f->metrics[id];
    assert_true(metric->kind == ASSAY_GAUGE || value >= 0);
    metric->value = metric->kind == ASSAY_GAUGE ? value : metric->value + value;
    metric->samples = fake_grow(metric->samples, metric->count, sizeof(metric->samples[0]));
    metric->samples[metric->count++] = value;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static assay_status metrics_value(const assay_host *host, uint32_t id, double q, double *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "value");
    struct fake_metric *metric;

    if (s)
        return s;
    assert_true(id < f->metric_count);
    metric = f->metrics[id];
    if (!metric->count)
        return ASSAY_E_NOTFOUND;
    qsort(metric->samples, metric->count, sizeof(metric->samples[0]), by_value);
    *out = metric->kind == ASSAY_HISTOGRAM
        ? metric->samples[(size_t)(q * (double)(metric->count - 1))]
        : metric->value;
    return ASSAY_OK;
}

static double presence_now(const struct fakehost *f, bool is_scraped)
{
    double count = f->node_count;

    for (size_t i = 0; i < f->presence_count; i++) {
        if (f->presences[i].at <= f->now)
            count = is_scraped ? f->presences[i].scraped : f->presences[i].pushed;
    }
    return count;
}

static assay_status answer_presence(struct fakehost *f, const char *expression, double *out)
{
    const double count = presence_now(f, !strncmp(expression, "count(up{", 9));

    (void)snprintf(f->asked_presence, sizeof(f->asked_presence), "%s", expression);
    if (count <= 0)
        return ASSAY_E_NOTFOUND; /* nothing to count is nothing, and not zero */
    *out = count;
    return ASSAY_OK;
}

static assay_status metrics_query_fresh(
    assay_task *task, const char *expression, assay_ns age_max, double *out)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "query");
    double value = 0;

    assert_true(expression && expression[0]);
    if (s)
        return s;
    if (!strncmp(expression, "count(up{job", 12) ||
        !strncmp(expression, "count(count by (job)", 20))
        return answer_presence(f, expression, out);
    (void)snprintf(f->asked, sizeof(f->asked), "%s", expression);
    f->asked_age_max = age_max;
    s = ASSAY_E_UNSUPPORTED;
    for (size_t i = 0; i < f->query_count; i++) {
        if (f->queries[i].at <= f->now) {
            s = f->queries[i].status;
            value = f->queries[i].value;
        }
    }
    if (!s)
        *out = value;
    return s;
}

static assay_status metrics_query(assay_task *task, const char *expression, double *out)
{
    return metrics_query_fresh(task, expression, 0, out);
}

void fake_query(struct fakehost *f, assay_ns at, assay_status status, double value)
{
    assert_true(f->query_count < FAKE_QUERIES_MAX);
    f->queries[f->query_count].at = at;
    f->queries[f->query_count].status = status;
    f->queries[f->query_count++].value = value;
}

void fake_presence(struct fakehost *f, assay_ns at, uint32_t scraped, uint32_t pushed)
{
    assert_true(f->presence_count < FAKE_QUERIES_MAX);
    f->presences[f->presence_count].at = at;
    f->presences[f->presence_count].scraped = scraped;
    f->presences[f->presence_count++].pushed = pushed;
}

const char *fake_asked(const struct fakehost *f, assay_ns *age_max)
{
    *age_max = f->asked_age_max;
    return f->asked;
}

const char *fake_asked_presence(const struct fakehost *f)
{
    return f->asked_presence;
}

static const assay_metrics metrics_table = {.struct_size = sizeof(metrics_table),
    .define = metrics_define,
    .record = metrics_record,
    .value = metrics_value,
    .query = metrics_query,
    .query_fresh = metrics_query_fresh};

double fake_metric(const struct fakehost *f, const char *name)
{
    const struct fake_metric *metric = metric_named(f, name);

    return metric ? metric->value : 0;
}

size_t fake_metric_samples(const struct fakehost *f, const char *name)
{
    const struct fake_metric *metric = metric_named(f, name);

    return metric ? metric->count : 0;
}

/* ---- assay.random/1: a multiplicative walk; even enough for tests ---- */

static uint64_t draw(struct fakehost *f)
{
    f->chance = f->chance * 6364136223846793005u + 1442695040888963407u;
    return f->chance >> 33;
}

void fake_chance(struct fakehost *f, uint64_t seed)
{
    f->chance = seed;
}

static uint64_t random_below(assay_task *task, uint64_t bound)
{
    struct fakehost *f = fake_of_task(task);
    const uint64_t drawn = draw(f);

    assert_true(bound > 0);
    return (bound >> 31 ? drawn << 31 | draw(f) : drawn) % bound;
}

static void random_fill(assay_task *task, void *out, size_t size)
{
    uint8_t *at = out;

    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)random_below(task, 256);
}

static const assay_random random_table = {
    .struct_size = sizeof(random_table), .below = random_below, .fill = random_fill};

const void *fake_meter_service(const char *id)
{
    if (!strcmp(id, ASSAY_METRICS))
        return &metrics_table;
    if (!strcmp(id, ASSAY_RANDOM))
        return &random_table;
    return NULL;
}

void fake_meter_done(struct fakehost *f)
{
    for (uint32_t i = 0; i < f->metric_count; i++) {
        free(f->metrics[i]->samples);
        free(f->metrics[i]);
    }
    free(f->metrics);
}
