/* assay.metric - what the nodes' metrics say, by any query of the deployment's metrics store.

   The query yields one number, which is compared with a bar: at the judgement, at every sample of the
   window, or at one at least. A store that cannot be asked, has nothing, or nothing fresh, is no
   evidence, and neither is a good number from which nodes are missing: then the verdict is undecided,
   never a pass. metric.md has the details. */
#include <assay/sdk.h>

#include "presence.h"

struct metric_options {
    const char *query, *compare, *when, *nodes;
    double value, min_coverage;
    assay_ns every, after, patience, max_age;
};

enum comparison {
    AT_LEAST,
    AT_MOST,
    ABOVE,
    BELOW,
    EQUAL,
    UNEQUAL
};

static const struct {
    const char *name, *words;
} comparisons[] = {[AT_LEAST] = {"at_least", "at least"},
    [AT_MOST] = {"at_most", "at most"},
    [ABOVE] = {"above", "above"},
    [BELOW] = {"below", "below"},
    [EQUAL] = {"equal", "equal to"},
    [UNEQUAL] = {"unequal", "other than"}};

/* One sample that is told in the verdict. */
struct sample {
    double value;
    assay_ns at; /* since the window opened */
};

struct metric {
    const assay_host *host;
    const assay_clock *clock;
    const assay_metrics *metrics;
    const struct metric_options *options; /* valid until destroy */
    enum comparison comparison;
    uint32_t is_watched; /* at every sample of the window, or at one at least */
    uint32_t needs_all;
    uint32_t is_for_all_nodes;
    struct presence presence;

    /* Of the window. */
    uint64_t asked, answered, held;
    struct sample first_broken, first_held, lowest, highest;
    assay_status last_status; /* of the last query that failed */
    uint64_t partial;         /* samples that would hold, without some nodes; not answered */
    uint32_t nodes_seen;      /* at the last of these */
};

/* ---- life ---- */

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct metric *metric = calloc(1, sizeof(*metric));

    if (!metric)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    metric->host = host;
    metric->clock = assay_clock_of(host);
    metric->metrics = assay_metrics_of(host);
    metric->options = given;
    for (int i = AT_LEAST; i <= UNEQUAL; i++) {
        if (!strcmp(metric->options->compare, comparisons[i].name))
            metric->comparison = (enum comparison)i;
    }
    metric->needs_all = !strcmp(metric->options->when, "always");
    metric->is_for_all_nodes = !strcmp(metric->options->nodes, "all");
    metric->is_watched = metric->needs_all || !strcmp(metric->options->when, "once");
    *self = metric;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    free(self);
}

static assay_status prepare(void *self, assay_task *task)
{
    struct metric *metric = self;

    (void)task;
    return metric->is_for_all_nodes
        ? presence_init(&metric->presence, metric->host, metric->options->max_age)
        : ASSAY_OK;
}

/* ---- samples ---- */

static uint32_t holds(const struct metric *metric, double value)
{
    const double bar = metric->options->value;

    switch (metric->comparison) {
    case AT_LEAST:
        return value >= bar;
    case AT_MOST:
        return value <= bar;
    case ABOVE:
        return value > bar;
    case BELOW:
        return value < bar;
    case EQUAL:
        return value >= bar && value <= bar;
    case UNEQUAL:
        return !(value >= bar && value <= bar);
    }
    return 0;
}

static void note(struct metric *metric, struct sample sample)
{
    const uint32_t is_held = holds(metric, sample.value);

    if (is_held && metric->held == 0)
        metric->first_held = sample;
    if (!is_held && metric->held == metric->answered)
        metric->first_broken = sample;
    if (metric->answered == 0 || sample.value < metric->lowest.value)
        metric->lowest = sample;
    if (metric->answered == 0 || sample.value > metric->highest.value)
        metric->highest = sample;
    metric->answered++;
    metric->held += is_held;
}

/* Is this good number one of all nodes? ASSAY_E_NOTFOUND: some are missing. */
static assay_status check_presence(struct metric *metric, assay_task *task)
{
    uint32_t seen = 0;
    assay_status s;

    if (!metric->is_for_all_nodes)
        return ASSAY_OK;
    s = presence_ask(&metric->presence, task, &seen);
    if (s || seen >= metric->presence.node_count)
        return s;
    metric->partial++;
    metric->nodes_seen = seen;
    return ASSAY_E_NOTFOUND;
}

/* ASSAY_E_CANCELLED, or OK: a query that yields nothing counts as asked and not answered. */
static assay_status ask(struct metric *metric, assay_task *task, assay_ns zero)
{
    const struct metric_options *options = metric->options;
    double value = 0;
    assay_status s = metric->metrics->query_fresh(task, options->query, options->max_age, &value);

    if (!s && holds(metric, value))
        s = check_presence(metric, task);
    if (s == ASSAY_E_CANCELLED)
        return s;
    metric->asked++;
    if (s)
        metric->last_status = s;
    else
        note(
            metric, (struct sample){.value = value, .at = metric->clock->now(metric->host) - zero});
    return ASSAY_OK;
}

static assay_status run(void *self, assay_task *task)
{
    struct metric *metric = self;
    const assay_ns start = metric->clock->window_start(metric->host);
    const assay_ns end = metric->clock->window_end(metric->host);
    assay_ns next = start + metric->options->after;
    assay_status s = ASSAY_OK;

    if (!metric->is_watched)
        return ASSAY_OK;
    for (; !s && next <= end; next += metric->options->every) {
        s = metric->clock->sleep_until(task, next);
        if (!s)
            s = ask(metric, task, start);
    }
    return s;
}

/* ---- judgement ---- */

static const char *why_nothing(assay_status status)
{
    switch (status) {
    case ASSAY_E_UNSUPPORTED:
        return "the deployment has no metrics store (deployers compose and k8s have one, if its "
               "image "
               "is there)";
    case ASSAY_E_NOTFOUND:
        return "the query yields nothing: is it spelt right, had the metric been gathered by then, "
               "and not longer ago than max_age?";
    case ASSAY_E_INVALID:
        return "the store refuses the query, or it does not yield one number: sum() it";
    default:
        return "the store does not answer";
    }
}

static double seconds(assay_ns span)
{
    return (double)span / (double)ASSAY_SECOND;
}

/* The number was good when nodes were missing from it, and never otherwise. */
static assay_status tell_partial(const struct metric *metric, assay_verdict *out)
{
    return assay_verdict_f(out, ASSAY_UNDECIDED, 0,
        "%s: the store had fresh samples (max_age) of %u of %u nodes only, and the number leaves "
        "the others out; if it is not meant to be of all nodes, say nodes = any",
        metric->options->query, metric->nodes_seen, metric->presence.node_count);
}

/* Asks until the bar holds, or patience is over: what nodes did a moment ago is scraped a little later. */
static assay_status judge_at_end(struct metric *metric, assay_task *task, assay_verdict *out)
{
    const assay_ns zero = metric->clock->now(metric->host);
    const assay_ns until = zero + metric->options->patience;
    const char *words = comparisons[metric->comparison].words;
    assay_status s;

    for (;;) {
        s = ask(metric, task, zero);
        if (!s && metric->held == 0 && metric->clock->now(metric->host) < until)
            s = metric->clock->sleep_until(
                task, metric->clock->now(metric->host) + metric->options->every);
        else
            break;
        if (s)
            break;
    }
    if (s)
        return s;
    if (metric->partial && !metric->held)
        return tell_partial(metric, out);
    if (metric->answered == 0)
        return assay_verdict_f(out, ASSAY_UNDECIDED, 0, "%s: %s", metric->options->query,
            why_nothing(metric->last_status));
    if (metric->held)
        return assay_verdict_f(out, ASSAY_PASS, 1, "%s is %.10g, %s %.10g", metric->options->query,
            metric->first_held.value, words, metric->options->value);
    return assay_verdict_f(out, ASSAY_FAIL, 1, "%s is %.10g, and should be %s %.10g",
        metric->options->query, metric->highest.value, words, metric->options->value);
}

/* Samples that the whole window has room for. One at its very end may be cut off by it, and is not
   asked for. */
static uint64_t wanted_samples(const struct metric *metric)
{
    const struct metric_options *options = metric->options;
    const assay_ns room = metric->clock->window_end(metric->host) -
        metric->clock->window_start(metric->host) - options->after;

    return room > 0 ? (uint64_t)((room - 1) / options->every) + 1 : 0;
}

/* Too little was seen to judge by what was not. */
static assay_status tell_unseen(const struct metric *metric, uint64_t wanted, assay_verdict *out)
{
    const double coverage = (double)metric->answered / (double)wanted;

    if (metric->asked < wanted)
        return assay_verdict_f(out, ASSAY_UNDECIDED, coverage,
            "%s: only %llu of %llu samples were taken, and %llu had an answer; needed are %.0f %% "
            "(min_coverage). The run was cut short, or the store is too slow for samples every "
            "%.1f s: raise `every`",
            metric->options->query, (unsigned long long)metric->asked, (unsigned long long)wanted,
            (unsigned long long)metric->answered, 100 * metric->options->min_coverage,
            seconds(metric->options->every));
    return assay_verdict_f(out, ASSAY_UNDECIDED, coverage,
        "%s: %llu of %llu queries had an answer, below min_coverage %.2f: %s",
        metric->options->query, (unsigned long long)metric->answered, (unsigned long long)wanted,
        metric->options->min_coverage, why_nothing(metric->last_status));
}

static assay_status judge_window(const struct metric *metric, assay_verdict *out)
{
    const char *words = comparisons[metric->comparison].words, *query = metric->options->query;
    const double bar = metric->options->value;
    const uint64_t room = wanted_samples(metric);
    const uint64_t wanted = metric->asked > room ? metric->asked : room;
    const double coverage = wanted ? (double)metric->answered / (double)wanted : 0;

    if (wanted == 0)
        return assay_verdict_f(out, ASSAY_VACUOUS, 0,
            "%s was never asked for: the window is shorter than `after`", query);
    if (metric->asked > 0 && metric->answered == 0)
        return metric->partial ? tell_partial(metric, out)
                               : assay_verdict_f(out, ASSAY_UNDECIDED, 0, "%s: %s", query,
                                     why_nothing(metric->last_status));
    /* One sample decides these, whatever was not seen. */
    if (metric->needs_all && metric->held < metric->answered)
        return assay_verdict_f(out, ASSAY_FAIL, coverage,
            "%s was %.10g at %.1f s of the window, and should always be %s %.10g (%llu of %llu "
            "samples are not)",
            query, metric->first_broken.value, seconds(metric->first_broken.at), words, bar,
            (unsigned long long)(metric->answered - metric->held),
            (unsigned long long)metric->answered);
    if (!metric->needs_all && metric->held)
        return assay_verdict_f(out, ASSAY_PASS, coverage,
            "%s was %.10g at %.1f s of the window, %s %.10g", query, metric->first_held.value,
            seconds(metric->first_held.at), words, bar);
    if (metric->partial && (!metric->needs_all || coverage < metric->options->min_coverage))
        return tell_partial(metric, out);
    if (metric->answered == 0 || coverage < metric->options->min_coverage)
        return tell_unseen(metric, wanted, out);
    return assay_verdict_f(out, metric->needs_all ? ASSAY_PASS : ASSAY_FAIL, coverage,
        "%s was %.10g to %.10g in %llu samples of the window, %s %s %.10g", query,
        metric->lowest.value, metric->highest.value, (unsigned long long)metric->answered,
        metric->needs_all ? "always" : "never", words, bar);
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    struct metric *metric = self;

    return metric->is_watched ? judge_window(metric, out) : judge_at_end(metric, task, out);
}

static const assay_option options[] = {
    ASSAY_OPTION(TEXT, struct metric_options, query, ASSAY_REQUIRED, NULL, NULL,
        "What to ask for, in PromQL; it must yield one number."),
    ASSAY_OPTION_CHOICE(struct metric_options, compare, "at_least",
        "at_least|at_most|above|below|equal|unequal", "How the number should be to `value`."),
    ASSAY_OPTION(
        REAL, struct metric_options, value, ASSAY_REQUIRED, NULL, NULL, "What to compare with."),
    ASSAY_OPTION_CHOICE(struct metric_options, when, "end", "end|always|once",
        "When it should be so: at the judgement, at every sample of the window, or at one at "
        "least."),
    ASSAY_OPTION_SPAN(struct metric_options, every, "1s", "100ms..1h", "Time between two samples."),
    ASSAY_OPTION_SPAN(struct metric_options, after, "0s", "0s..24h",
        "With always and once: how far into the window the first sample is taken."),
    ASSAY_OPTION_SPAN(struct metric_options, patience, "5s", "0s..1h",
        "With end: how long the judgement waits for the number to be so; metrics are gathered now "
        "and then."),
    ASSAY_OPTION_SPAN(struct metric_options, max_age, "15s", "1ms..1h",
        "Samples that are older say nothing. More than the time between two scrapes or pushes."),
    ASSAY_OPTION_CHOICE(struct metric_options, nodes, "all", "all|any",
        "all: a number that holds counts only while the store hears of every node (label job); "
        "any: whatever nodes there are."),
    ASSAY_OPTION_REAL(struct metric_options, min_coverage, "0.9", "0..1",
        "With always and once: share of samples that there must be to judge by what was not seen."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_METRICS, ASSAY_NODES, NULL};

ASSAY_PLUGIN(metric_expectation, ASSAY_EXPECTATION, "assay.metric", "0.1.0",
    "The nodes' metrics, by any query", ASSAY_OPTIONS(struct metric_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .run = run,
    .judge = judge);
ASSAY_LIBRARY("assay-metric", "0.1.0", "Apache-2.0", &metric_expectation);
