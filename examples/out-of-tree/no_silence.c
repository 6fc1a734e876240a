/* acme.no-silence: no node may be silent for longer than a bound. A node is silent while looking at
   it fails: observed_at of its status stays behind the clock. */
#include <assay/sdk.h>

struct silence_options {
    assay_ns bound;
    assay_ns every;
};

static const assay_option options[] = {
    ASSAY_OPTION_SPAN(struct silence_options, bound, "10s", "1s..1h", "Longest silence allowed."),
    ASSAY_OPTION_SPAN(
        struct silence_options, every, "500ms", "10ms..1m", "Time between two looks."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_NODES, NULL};

struct silence {
    const assay_host *host;
    const struct silence_options *options;
    const assay_clock *clock;
    const assay_nodes *nodes;
    uint64_t looks;
    uint32_t node;    /* the one that was silent longest... */
    assay_ns longest; /* ...for so long */
};

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct silence *silence = calloc(1, sizeof(*silence));

    if (!silence)
        return host->fail(host, ASSAY_E_NOMEM, "no memory for an instance");
    silence->host = host;
    silence->options = given;
    silence->clock = assay_clock_of(host);
    silence->nodes = assay_nodes_of(host);
    *self = silence;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    free(self);
}

/* Looks at all nodes once. */
static assay_status look(struct silence *silence)
{
    const assay_ns now = silence->clock->now(silence->host);
    const assay_ns start = silence->clock->window_start(silence->host);

    if (now < start)
        return ASSAY_OK;
    silence->looks++;
    for (uint32_t node = 0; node < silence->nodes->count(silence->host); node++) {
        assay_node_status seen = ASSAY_RECORD(assay_node_status);
        const assay_status status = silence->nodes->status(silence->host, node, &seen);

        if (status)
            return status;
        const assay_ns since = seen.observed_at > start ? seen.observed_at : start;
        if (now - since > silence->longest) {
            silence->longest = now - since;
            silence->node = node;
        }
    }
    return ASSAY_OK;
}

/* Runs beside the workloads until it is cancelled; that is how it ends. */
static assay_status run(void *self, assay_task *task)
{
    struct silence *silence = self;

    for (;;) {
        const assay_ns next = silence->clock->now(silence->host) + silence->options->every;
        const assay_status looked = look(silence);
        const assay_status slept = looked ? looked : silence->clock->sleep_until(task, next);

        if (slept)
            return slept;
    }
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    struct silence *silence = self;
    assay_node_info info = ASSAY_RECORD(assay_node_info);

    (void)task;
    if (silence->looks == 0)
        return assay_verdict_f(out, ASSAY_UNDECIDED, 0, "never got to look at the nodes");
    const assay_status status = silence->nodes->info(silence->host, silence->node, &info);
    if (status)
        return status;
    return assay_verdict_f(out,
        silence->longest > silence->options->bound ? ASSAY_FAIL : ASSAY_PASS, 1,
        "the longest silence was %.1f s, of %s; the bound is %.1f s (%llu looks)",
        (double)silence->longest / 1e9, info.name, (double)silence->options->bound / 1e9,
        (unsigned long long)silence->looks);
}

ASSAY_PLUGIN(no_silence, ASSAY_EXPECTATION, "acme.no-silence", "1.0.0",
    "No node is silent for longer than a bound", ASSAY_OPTIONS(struct silence_options, options),
    .needs = needs, .create = create, .destroy = destroy, .run = run, .judge = judge);

ASSAY_LIBRARY("acme-no-silence", "1.0.0", "Apache-2.0", &no_silence);
