/* assay.da_inclusion - planned inscriptions and blobs are on the chain that all nodes hold, and the
   blobs' data is there.

   Three questions: is enough of the plan on the chain (bars.h), is what nodes accepted on it, and
   can blobs be read back from the nodes that are to keep them (readback.h). */
#include "bars.h"
#include "readback.h"

/* Defaults by the expected time between blocks, and what they are when it is not known or tiny. */
#define GRACE_INTERVALS  5
#define SETTLE_INTERVALS 10
#define SPAN_FLOOR       (10 * ASSAY_SECOND)
#define SETTLE_CEILING   (60 * ASSAY_SECOND)
#define READ_EVERY       ASSAY_SECOND
/* Heights without agreement from which on nodes hold different chains, when the system does not say
   at what depth blocks are final. */
#define DEPTH_UNKNOWN 10

struct da_inclusion_options {
    double min_inscriptions, min_blobs, min_included, min_served;
    int64_t samples, read_nodes, allow_unreachable;
    assay_ns read_limit, grace, settle, patience;
};

struct inclusion {
    const assay_host *host;
    const assay_clock *clock;
    const assay_nodes *nodes;
    const nomos_da *da;
    const struct da_inclusion_options *options;
    assay_ns grace, settle;
    uint64_t depth_max;
    uint32_t node_count, seen_count;
    const char **names; /* of nodes */
    uint32_t *seen;     /* nodes observed since the judgement began... */
    uint8_t *is_seen;   /* ...and for each node whether it is one of them */
};

/* ---- life ---- */

static void destroy(void *self)
{
    struct inclusion *inclusion = self;

    if (!inclusion)
        return;
    free(inclusion->names);
    free(inclusion->seen);
    free(inclusion->is_seen);
    free(inclusion);
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct inclusion *inclusion = calloc(1, sizeof(*inclusion));

    if (!inclusion)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    inclusion->host = host;
    inclusion->clock = assay_clock_of(host);
    inclusion->nodes = assay_nodes_of(host);
    inclusion->da = nomos_da_of(host);
    inclusion->options = given;
    *self = inclusion;
    return ASSAY_OK;
}

static assay_ns at_least(assay_ns span, assay_ns floor)
{
    return span > floor ? span : floor;
}

static assay_status choose_spans(struct inclusion *inclusion)
{
    const struct da_inclusion_options *options = inclusion->options;
    assay_run_facts facts = ASSAY_RECORD(assay_run_facts);
    assay_status s = assay_run_of(inclusion->host)->facts(inclusion->host, &facts);

    if (s)
        return s;
    inclusion->depth_max = facts.final_depth ? facts.final_depth : DEPTH_UNKNOWN;
    inclusion->grace = options->grace;
    if (!inclusion->grace)
        inclusion->grace = at_least(GRACE_INTERVALS * facts.block_interval, SPAN_FLOOR);
    inclusion->settle = options->settle;
    if (!inclusion->settle) {
        inclusion->settle = at_least(SETTLE_INTERVALS * facts.block_interval, SPAN_FLOOR);
        if (inclusion->settle > SETTLE_CEILING)
            inclusion->settle = SETTLE_CEILING;
    }
    return ASSAY_OK;
}

static assay_status prepare(void *self, assay_task *task)
{
    struct inclusion *inclusion = self;
    assay_status s = choose_spans(inclusion);

    (void)task;
    if (s)
        return s;
    inclusion->node_count = inclusion->nodes->count(inclusion->host);
    inclusion->names = calloc(inclusion->node_count + 1u, sizeof(inclusion->names[0]));
    inclusion->seen = calloc(inclusion->node_count + 1u, sizeof(inclusion->seen[0]));
    inclusion->is_seen = calloc(inclusion->node_count + 1u, sizeof(inclusion->is_seen[0]));
    if (!inclusion->names || !inclusion->seen || !inclusion->is_seen)
        return inclusion->host->fail(inclusion->host, ASSAY_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !s && i < inclusion->node_count; i++) {
        assay_node_info info = ASSAY_RECORD(assay_node_info);

        s = inclusion->nodes->info(inclusion->host, i, &info);
        inclusion->names[i] = info.name;
    }
    return s;
}

/* ---- reading chains until everything is there, or for `settle` ---- */

struct judgement {
    struct inclusion *inclusion;
    assay_task *task;
    struct bars inscriptions, blobs;
};

static assay_status find_seen(struct inclusion *inclusion, assay_ns since)
{
    inclusion->seen_count = 0;
    for (uint32_t i = 0; i < inclusion->node_count; i++) {
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = inclusion->nodes->status(inclusion->host, i, &status);

        if (s)
            return s;
        inclusion->is_seen[i] = assay_was_seen(&status, since) != 0;
        if (inclusion->is_seen[i])
            inclusion->seen[inclusion->seen_count++] = i;
    }
    return ASSAY_OK;
}

static assay_status count_one(struct bars *bars, const struct inclusion *inclusion, assay_ns due)
{
    return account_count(&bars->account, &bars->ledger, inclusion->is_seen, due);
}

static assay_status count(struct judgement *judgement, assay_ns due)
{
    assay_status s = count_one(&judgement->inscriptions, judgement->inclusion, due);

    return s ? s : count_one(&judgement->blobs, judgement->inclusion, due);
}

static assay_status read_chains(struct judgement *judgement)
{
    const struct inclusion *inclusion = judgement->inclusion;
    assay_status s =
        ledger_read(&judgement->inscriptions.ledger, inclusion->seen, inclusion->seen_count);

    return s ? s : ledger_read(&judgement->blobs.ledger, inclusion->seen, inclusion->seen_count);
}

static uint32_t is_complete(const struct judgement *judgement)
{
    return bars_is_complete(&judgement->inscriptions) && bars_is_complete(&judgement->blobs);
}

static assay_status settle(struct judgement *judgement)
{
    struct inclusion *inclusion = judgement->inclusion;
    const assay_ns began = inclusion->clock->now(inclusion->host);
    const assay_ns end = began + inclusion->settle;
    assay_status s =
        assay_await_look(inclusion->host, judgement->task, began + inclusion->options->patience);

    if (!s)
        s = find_seen(inclusion, began);
    while (!s) {
        const assay_ns now = inclusion->clock->now(inclusion->host);

        if (inclusion->seen_count)
            s = read_chains(judgement);
        if (!s)
            s = count(judgement, ASSAY_FOREVER);
        if (s || !inclusion->seen_count || is_complete(judgement) || now >= end)
            break;
        s = inclusion->clock->sleep_until(
            judgement->task, now + READ_EVERY < end ? now + READ_EVERY : end);
    }
    /* With everything included there is nobody to be lenient with. */
    if (!s && !is_complete(judgement))
        s = count(judgement, inclusion->clock->now(inclusion->host) - inclusion->grace);
    return s;
}

/* ---- judging ---- */

static void judge_seen(const struct inclusion *inclusion, assay_findings *findings)
{
    const uint32_t unseen = inclusion->node_count - inclusion->seen_count;

    if (unseen <= (uint64_t)inclusion->options->allow_unreachable && inclusion->seen_count)
        return;
    for (uint32_t i = 0; i < inclusion->node_count; i++)
        if (!inclusion->is_seen[i])
            assay_find(findings, ASSAY_UNDECIDED,
                "%s: does not answer, so what all nodes agree on is not known",
                inclusion->names[i]);
}

static void judge_coverage(const struct ledger *ledger, assay_findings *findings)
{
    if (ledger->unreadable)
        assay_find(findings, ASSAY_UNDECIDED,
            "the contents of %llu of %llu blocks on the agreed chain are not known",
            (unsigned long long)ledger->unreadable, (unsigned long long)ledger->agreed_height);
}

static assay_status judge_readback(const struct judgement *judgement, assay_findings *findings)
{
    const struct inclusion *inclusion = judgement->inclusion;
    const struct readback readback = {.host = inclusion->host,
        .clock = inclusion->clock,
        .random = assay_random_of(inclusion->host),
        .sign = assay_sign_of(inclusion->host),
        .da = inclusion->da,
        .ledger = &judgement->blobs.ledger,
        .nodes = inclusion->seen,
        .names = inclusion->names,
        .node_count = inclusion->seen_count,
        .nodes_max = (uint32_t)inclusion->options->read_nodes,
        .samples_max = (uint64_t)inclusion->options->samples,
        .min_served = inclusion->options->min_served,
        .limit = inclusion->options->read_limit};

    return inclusion->options->samples ? readback_judge(&readback, judgement->task, findings)
                                       : ASSAY_OK;
}

/* Bars of 0 are met by nothing, and nothing is no evidence. */
static void judge_presence(const struct judgement *judgement, assay_findings *findings)
{
    if (!bars_included(&judgement->inscriptions) && !bars_included(&judgement->blobs))
        assay_find(findings, ASSAY_VACUOUS,
            "no inscription and no blob is on the chain that all nodes agree on: there is nothing "
            "to judge by, whatever the bars");
}

static assay_status judge_all(struct judgement *judgement, assay_findings *findings)
{
    const struct inclusion *inclusion = judgement->inclusion;
    assay_status s = settle(judgement);

    if (s)
        return s;
    judge_seen(inclusion, findings);
    if (!inclusion->seen_count)
        return ASSAY_OK;
    judge_coverage(&judgement->blobs.ledger, findings);
    bars_judge(&judgement->inscriptions, inclusion->da, findings);
    bars_judge(&judgement->blobs, inclusion->da, findings);
    judge_presence(judgement, findings);
    return judge_readback(judgement, findings);
}

/* Nothing was accepted: there is nothing to be owed. */
static void tell_vacuous(const struct judgement *judgement, assay_findings *findings)
{
    const struct account *inscriptions = &judgement->inscriptions.account;
    const struct account *blobs = &judgement->blobs.account;

    assay_find(findings, ASSAY_VACUOUS,
        "no inscription and no blob was accepted: of %llu and %llu planned, %llu and %llu were "
        "refused, %llu and %llu had no answer, %llu and %llu were never sent",
        (unsigned long long)inscriptions->submitted, (unsigned long long)blobs->submitted,
        (unsigned long long)inscriptions->refused, (unsigned long long)blobs->refused,
        (unsigned long long)inscriptions->failed, (unsigned long long)blobs->failed,
        (unsigned long long)inscriptions->missed, (unsigned long long)blobs->missed);
}

static assay_status judge_messages(struct judgement *judgement, assay_findings *findings)
{
    assay_status s = bars_init(&judgement->inscriptions, judgement->inclusion->host);

    if (!s)
        s = bars_init(&judgement->blobs, judgement->inclusion->host);
    if (!s)
        s = count(judgement, ASSAY_FOREVER);
    if (s)
        return s;
    if (judgement->inscriptions.account.accepted || judgement->blobs.account.accepted)
        return judge_all(judgement, findings);
    tell_vacuous(judgement, findings);
    return ASSAY_OK;
}

static double coverage_of(const struct judgement *judgement)
{
    const struct ledger *ledger = &judgement->blobs.ledger;

    return ledger->agreed_height ? 1 - (double)ledger->unreadable / (double)ledger->agreed_height
                                 : 1;
}

static struct bars make_bars(const struct inclusion *inclusion, const char *kind, double planned)
{
    return (struct bars){.kind = kind,
        .min_planned = planned,
        .min_included = inclusion->options->min_included,
        .depth_max = inclusion->depth_max,
        .names = inclusion->names,
        .node_count = inclusion->node_count};
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    struct inclusion *inclusion = self;
    const struct da_inclusion_options *options = inclusion->options;
    struct judgement judgement = {.inclusion = inclusion,
        .task = task,
        .inscriptions = make_bars(inclusion, NOMOS_DA_INSCRIPTION, options->min_inscriptions),
        .blobs = make_bars(inclusion, NOMOS_DA_BLOB, options->min_blobs)};
    assay_findings findings = {0};
    assay_status s;

    if (!inclusion->is_seen)
        return inclusion->host->fail(inclusion->host, ASSAY_E_INVALID, "it was never prepared");
    s = judge_messages(&judgement, &findings);
    if (!s)
        s = assay_conclude(&findings, coverage_of(&judgement), out);
    bars_done(&judgement.inscriptions);
    bars_done(&judgement.blobs);
    return s;
}

static const assay_option options[] = {
    ASSAY_OPTION_REAL(struct da_inclusion_options, min_inscriptions, "0.8", "0..1",
        "Share of the planned inscriptions that must be on the agreed chain."),
    ASSAY_OPTION_REAL(struct da_inclusion_options, min_blobs, "0.5", "0..1",
        "Share of the planned blobs that must be on the agreed chain."),
    ASSAY_OPTION_REAL(struct da_inclusion_options, min_included, "1", "0..1",
        "Share of the accepted inscriptions, and of the accepted blobs, that must be on it."),
    ASSAY_OPTION_INT(struct da_inclusion_options, samples, "100", "0..1000000",
        "Blobs on the chain that are read back, by chance; 0: none."),
    ASSAY_OPTION_INT(struct da_inclusion_options, read_nodes, "0", "0..100000",
        "Nodes that a blob is read from, by chance, and all when these do not have it; 0: all."),
    ASSAY_OPTION_REAL(struct da_inclusion_options, min_served, "1", "0..1",
        "Share of the columns that nodes are to keep of these blobs, and must serve."),
    ASSAY_OPTION_SPAN(struct da_inclusion_options, read_limit, "30s", "1ms..1h",
        "How long reading back may take in all."),
    ASSAY_OPTION_SPAN(struct da_inclusion_options, grace, "0s", "0s..",
        "A message accepted less than this before the end is not owed inclusion; 0s: 5 expected "
        "block intervals, at least 10 s."),
    ASSAY_OPTION_SPAN(struct da_inclusion_options, settle, "0s", "0s..1h",
        "How long the judgement waits for the rest to be included; 0s: 10 expected block "
        "intervals, 10 s to 60 s."),
    ASSAY_OPTION_INT(struct da_inclusion_options, allow_unreachable, "0", "0..",
        "Nodes that may be unobservable at the judgement; the chain is then that of the others."),
    ASSAY_OPTION_SPAN(struct da_inclusion_options, patience, "10s", "0s..10m",
        "How long the judgement waits for a node that does not answer at the moment."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_RANDOM, ASSAY_SIGN, ASSAY_NODES,
    ASSAY_BLOCKS, ASSAY_SUBMISSIONS, ASSAY_RUN, ASSAY_RECEIPTS, NOMOS_DA, NULL};

ASSAY_PLUGIN(da_inclusion, ASSAY_EXPECTATION, "assay.da_inclusion", "0.1.0",
    "Inscriptions and blobs are on the chain, and the blobs' data can be read back",
    ASSAY_OPTIONS(struct da_inclusion_options, options), .needs = needs, .create = create,
    .destroy = destroy, .prepare = prepare, .judge = judge);
ASSAY_LIBRARY("assay-da-inclusion", "0.1.0", "Apache-2.0", &da_inclusion);
