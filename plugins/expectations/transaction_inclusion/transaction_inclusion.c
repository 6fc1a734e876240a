/* assay.transaction_inclusion - what nodes accepted is on the chain that all of them hold.

   Counts by transaction id. A transaction that a node accepted is owed inclusion: it must be in a
   block that all nodes agree on, once. Only blocks that everybody holds count; what is merely on
   some node's chain leaves the verdict open, and what is on no chain makes it a failure. */
#include "plugins/expectations/inclusion/account.h"
#include "plugins/expectations/inclusion/ledger.h"
#include "plugins/expectations/inclusion/sightings.h"

#include <assay/sdk.h>

/* Defaults by the expected time between blocks, and what they are when it is not known or tiny. */
#define GRACE_INTERVALS  5
#define SETTLE_INTERVALS 10
#define SPAN_FLOOR       (10 * ASSAY_SECOND)
#define SETTLE_CEILING   (60 * ASSAY_SECOND)
#define READ_EVERY       ASSAY_SECOND
/* From how many heights without agreement on nodes hold different chains and are not merely about
   to agree, when the system does not say at what depth blocks are final. */
#define DEPTH_UNKNOWN 10

static const char kind[] = "transaction";

struct inclusion_options {
    double min_included, min_sent, min_taken;
    int64_t min_accepted, allow_unreachable;
    assay_ns grace, settle, latency_p99_max, patience;
};

struct inclusion {
    const assay_host *host;
    const assay_clock *clock;
    const assay_nodes *nodes;
    const assay_blocks *blocks;
    const assay_submissions *submissions;
    const struct inclusion_options *options;
    assay_ns grace, settle;
    uint64_t depth_max; /* heights without agreement beyond which there is no common chain */
    assay_feed *feed;
    struct sightings sightings;
    uint32_t node_count, seen_count;
    const char **names; /* of nodes */
    uint32_t *seen;     /* nodes observed since the judgement began... */
    uint8_t *is_seen;   /* ...and for each node whether it is one of them */
};

static double in_seconds(assay_ns span)
{
    return (double)span / (double)ASSAY_SECOND;
}

/* ---- life ---- */

static void destroy(void *self)
{
    struct inclusion *inclusion = self;

    if (!inclusion)
        return;
    inclusion->blocks->unsubscribe(inclusion->feed);
    sightings_done(&inclusion->sightings);
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
    inclusion->blocks = assay_blocks_of(host);
    inclusion->submissions = assay_submissions_of(host);
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
    const struct inclusion_options *options = inclusion->options;
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
    if (!s)
        s = inclusion->blocks->subscribe(inclusion->host, ASSAY_ANY_NODE, &inclusion->feed);
    return s;
}

/* Notes every block that any node adopts, until the moment. */
static assay_status watch(struct inclusion *inclusion, assay_task *task, assay_ns until)
{
    for (;;) {
        assay_block *block = NULL;
        const assay_block_info *info;
        assay_status s = inclusion->blocks->next(task, inclusion->feed, until, &block);

        if (s == ASSAY_E_TIMEOUT)
            return ASSAY_OK;
        if (s == ASSAY_E_LAGGED)
            continue; /* the verdict says that forks may be missing */
        if (s)
            return s;
        info = inclusion->blocks->info(block);
        s = sightings_add(&inclusion->sightings, info->height, info->id);
        inclusion->blocks->release(block);
        if (s)
            return inclusion->host->fail(inclusion->host, s, "out of memory");
    }
}

static assay_status run(void *self, assay_task *task)
{
    return watch(self, task, ASSAY_FOREVER);
}

/* ---- counting ---- */

/* Blocks up to the agreed height that are not on the agreed chain. */
static assay_status note_abandoned(struct inclusion *inclusion, struct ledger *ledger)
{
    for (uint64_t height = 1; height <= ledger->agreed_height; height++) {
        const struct sighting *sighting = sightings_at(&inclusion->sightings, height);
        char id[ASSAY_ID_MAX];
        assay_status s;

        if (!sighting || !sighting->next)
            continue; /* one block at this height: no fork */
        s = ledger_agreed_id(ledger, inclusion->seen[0], height, id);
        for (; !s && sighting; sighting = sighting->next)
            if (strcmp(sighting->id, id) != 0)
                s = ledger_abandon(ledger, sighting->id);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

/* ---- reading until everything is there, or for `settle` ---- */

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

static assay_status settle(
    struct inclusion *inclusion, assay_task *task, struct ledger *ledger, struct account *account)
{
    assay_ns began = inclusion->clock->now(inclusion->host);
    assay_ns end = began + inclusion->settle;
    assay_status s = assay_await_look(inclusion->host, task, began + inclusion->options->patience);

    if (!s)
        s = find_seen(inclusion, began);
    while (!s) {
        assay_ns now = inclusion->clock->now(inclusion->host);

        if (inclusion->seen_count)
            s = ledger_read(ledger, inclusion->seen, inclusion->seen_count);
        if (!s)
            s = account_count(account, ledger, inclusion->is_seen, ASSAY_FOREVER);
        if (s || !inclusion->seen_count || account->included == account->accepted || now >= end)
            break;
        s = inclusion->clock->sleep_until(task, now + READ_EVERY < end ? now + READ_EVERY : end);
    }
    if (!s)
        s = watch(inclusion, task, 0); /* takes what is in the queue */
    if (!s && inclusion->seen_count)
        s = note_abandoned(inclusion, ledger);
    /* With everything included there is nobody to be lenient with. */
    if (!s && account->included < account->accepted)
        s = account_count(account, ledger, inclusion->is_seen,
            inclusion->clock->now(inclusion->host) - inclusion->grace);
    return s;
}

/* ---- judging ---- */

static void judge_seen(const struct inclusion *inclusion, assay_findings *findings)
{
    uint32_t unseen = inclusion->node_count - inclusion->seen_count;

    if (unseen <= (uint64_t)inclusion->options->allow_unreachable && inclusion->seen_count)
        return;
    for (uint32_t i = 0; i < inclusion->node_count; i++)
        if (!inclusion->is_seen[i])
            assay_find(findings, ASSAY_UNDECIDED,
                "%s: does not answer, so what all nodes agree on is not known",
                inclusion->names[i]);
}

static void judge_twice(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    assay_submission submission = ASSAY_RECORD_WITH(assay_submission, .id = "one");
    size_t index = account->first_twice;

    if (!account->twice)
        return;
    /* The name is for the reader; without it the finding stands. */
    (void)inclusion->submissions->get(inclusion->host, kind, index, &submission);
    assay_find(findings, ASSAY_FAIL,
        "%llu transaction%s on the agreed chain twice: %s at heights %llu and %llu",
        (unsigned long long)account->twice, account->twice == 1 ? " is" : "s are", submission.id,
        (unsigned long long)ledger->fates[index].height,
        (unsigned long long)ledger->fates[index].height_again);
}

/* "; first: 3fa9..., accepted by validator-1 at 31.2 s". */
static void name_lost(
    const struct inclusion *inclusion, const struct account *account, char text[256])
{
    assay_submission submission = ASSAY_RECORD(assay_submission);
    const char *node = "?";

    text[0] = '\0';
    if (account->first_lost == SIZE_MAX ||
        inclusion->submissions->get(inclusion->host, kind, account->first_lost, &submission) !=
            ASSAY_OK)
        return;
    if (submission.node < inclusion->node_count)
        node = inclusion->names[submission.node];
    (void)snprintf(text, 256, "; the first is %s, accepted by %s at %.1f s", submission.id, node,
        in_seconds(submission.done));
}

/* Transactions that may be on the agreed chain after all, or get there. When nodes have not agreed
   for long, what one of them accepted may have no place on the chain of another: no common chain,
   no loss from it. */
static uint64_t open_count(
    const struct inclusion *inclusion, const struct ledger *ledger, const struct account *account)
{
    uint64_t absent = account->owed - account->included;

    if (ledger->unreadable || ledger->unreadable_above ||
        ledger->best_height - ledger->agreed_height > inclusion->depth_max)
        return absent;
    return account->elsewhere + account->excused + account->cut_off;
}

/* Why absent transactions are no loss yet. */
static void tell_open(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    uint64_t apart = ledger->best_height - ledger->agreed_height;

    if (account->elsewhere)
        assay_find(findings, ASSAY_UNDECIDED, "%llu more are on blocks that only some nodes hold",
            (unsigned long long)account->elsewhere);
    if (account->excused)
        assay_find(findings, ASSAY_UNDECIDED,
            "%llu more were accepted by nodes that no longer answer",
            (unsigned long long)account->excused);
    if (account->cut_off)
        assay_find(findings, ASSAY_UNDECIDED,
            "%llu more were accepted by nodes that were taken down on purpose within %.0f s, "
            "before they had to have passed them on",
            (unsigned long long)account->cut_off, in_seconds(ACCOUNT_PASS_ON));
    if (ledger->unreadable_above)
        assay_find(findings, ASSAY_UNDECIDED,
            "the contents of %llu blocks above the agreed height are not known",
            (unsigned long long)ledger->unreadable_above);
    if (apart > inclusion->depth_max)
        assay_find(findings, ASSAY_UNDECIDED,
            "nodes have not agreed for %llu blocks, so there is no common chain to be on",
            (unsigned long long)apart);
}

static void judge_share(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    double wanted = inclusion->options->min_included * (double)account->owed;
    uint64_t open = open_count(inclusion, ledger, account);
    uint64_t lost = account->owed - account->included - open;
    uint32_t is_lost = (double)(account->included + open) < wanted;
    char example[256] = "";

    if ((double)account->included >= wanted)
        return;
    if (is_lost)
        name_lost(inclusion, account, example);
    assay_find(findings, is_lost ? ASSAY_FAIL : ASSAY_UNDECIDED,
        "%llu of %llu accepted transactions are on the chain that all nodes agree on (%.2f %%, up "
        "to height %llu of %llu), bar %.2f %%",
        (unsigned long long)account->included, (unsigned long long)account->owed,
        100 * (double)account->included / (double)account->owed,
        (unsigned long long)ledger->agreed_height, (unsigned long long)ledger->best_height,
        100 * inclusion->options->min_included);
    if (is_lost)
        assay_find(findings, ASSAY_FAIL,
            "%llu are on no chain (%llu of them were on forks given up)%s",
            (unsigned long long)lost, (unsigned long long)account->abandoned, example);
    else
        tell_open(inclusion, ledger, account, findings);
}

static void judge_latency(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    assay_ns bound = inclusion->options->latency_p99_max;
    assay_ns p99 = account_latency(account, account->owed, 0.99);
    uint32_t outcome = open_count(inclusion, ledger, account) ? ASSAY_UNDECIDED : ASSAY_FAIL;

    if (!bound || p99 <= bound)
        return;
    if (p99 == ASSAY_FOREVER)
        assay_find(findings, outcome,
            "latency p99 is without limit, bound %.2f s: more than 1 %% are not included",
            in_seconds(bound));
    else
        assay_find(findings, outcome, "latency p99 is %.2f s, bound %.2f s", in_seconds(p99),
            in_seconds(bound));
}

/* Whatever holds under a lighter load was not asked. That nothing could be sent to a node that was
   down on purpose is a part of what was asked. */
static void judge_load(
    const struct inclusion *inclusion, const struct account *account, assay_findings *findings)
{
    uint64_t sent = account->submitted - account->missed;

    if ((double)(sent + account->missed_away) <
        inclusion->options->min_sent * (double)account->submitted)
        assay_find(findings, ASSAY_UNDECIDED,
            "only %llu of %llu planned transactions were sent (%.2f %%), bar %.2f %%: the network "
            "was "
            "not under the load asked for; the workload's warnings say why",
            (unsigned long long)sent, (unsigned long long)account->submitted,
            100 * (double)sent / (double)account->submitted, 100 * inclusion->options->min_sent);
}

/* A network that takes next to nothing owes next to nothing, and yet it is not well. */
static void judge_taken(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    const uint64_t asked = account->submitted - account->missed - account->failed_away;
    const uint64_t taken = account->accepted + account->unsure_included + account->refused_included;
    const uint32_t is_open = ledger->unreadable || ledger->unreadable_above;

    if ((double)taken >= inclusion->options->min_taken * (double)asked)
        return;
    assay_find(findings, is_open ? ASSAY_UNDECIDED : ASSAY_FAIL,
        "nodes took only %llu of %llu transactions that were sent (%.2f %%), bar %.2f %%: %llu "
        "were refused, %llu had no answer; see the nodes' logs",
        (unsigned long long)taken, (unsigned long long)asked, 100 * (double)taken / (double)asked,
        100 * inclusion->options->min_taken, (unsigned long long)account->refused,
        (unsigned long long)(account->failed - account->failed_away));
}

static void judge_account(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    if (!account->owed) {
        assay_find(findings, ASSAY_UNDECIDED,
            "all %llu accepted transactions were accepted in the last %.1f s: too late to be owed "
            "inclusion; raise cooldown, or lower grace",
            (unsigned long long)account->accepted, in_seconds(inclusion->grace));
        return;
    }
    if (ledger->unreadable)
        assay_find(findings, ASSAY_UNDECIDED,
            "the contents of %llu of %llu blocks on the agreed chain are not known",
            (unsigned long long)ledger->unreadable, (unsigned long long)ledger->agreed_height);
    judge_twice(inclusion, ledger, account, findings);
    judge_share(inclusion, ledger, account, findings);
    judge_latency(inclusion, ledger, account, findings);
}

/* ---- telling ---- */

static void tell_latency(
    const struct inclusion *inclusion, const struct account *account, assay_findings *findings)
{
    const assay_metrics *metrics = assay_metrics_of(inclusion->host);
    uint32_t metric = metrics->define(inclusion->host, "latency", ASSAY_HISTOGRAM, "seconds");
    uint64_t n = account->included;

    for (uint64_t i = 0; metric != ASSAY_NO_METRIC && i < n; i++)
        metrics->record(inclusion->host, metric, in_seconds(account->latencies[i]));
    if (n)
        assay_find(findings, ASSAY_PASS,
            "from planned to first seen in a block: p50 %.2f s, p90 %.2f s, p99 %.2f s, max %.2f s",
            in_seconds(account_latency(account, n, 0.5)),
            in_seconds(account_latency(account, n, 0.9)),
            in_seconds(account_latency(account, n, 0.99)), in_seconds(account->latencies[n - 1]));
}

static void tell_counts(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    if (!findings->gravity)
        assay_find(findings, ASSAY_PASS,
            "%llu of %llu accepted transactions are on the chain that %u nodes agree on up to "
            "height %llu, bar %.2f %%",
            (unsigned long long)account->included, (unsigned long long)account->owed,
            inclusion->seen_count, (unsigned long long)ledger->agreed_height,
            100 * inclusion->options->min_included);
    if (account->young)
        assay_find(findings, ASSAY_PASS,
            "%llu more were accepted less than %.1f s before the end and are not counted (%llu are "
            "included)",
            (unsigned long long)account->young, in_seconds(inclusion->grace),
            (unsigned long long)account->young_included);
    if (account->failed || account->refused)
        assay_find(findings, ASSAY_PASS,
            "%llu never had an answer (%llu of them are included), %llu were always refused "
            "(%llu included)",
            (unsigned long long)account->failed, (unsigned long long)account->unsure_included,
            (unsigned long long)account->refused, (unsigned long long)account->refused_included);
    if (account->missed)
        assay_find(findings, ASSAY_PASS, "%llu were planned and never sent",
            (unsigned long long)account->missed);
    if (account->missed_away)
        assay_find(findings, ASSAY_PASS, "%llu of these were for nodes that were down on purpose",
            (unsigned long long)account->missed_away);
    if (inclusion->sightings.is_full || inclusion->blocks->lost(inclusion->feed))
        assay_find(findings, ASSAY_PASS, "not all blocks were noted: forks may be missing");
}

static void judge_all(const struct inclusion *inclusion, const struct ledger *ledger,
    const struct account *account, assay_findings *findings)
{
    if (account->accepted < (uint64_t)inclusion->options->min_accepted) {
        assay_find(findings, ASSAY_VACUOUS,
            "%llu transactions were accepted, needed %lld: of %llu planned, %llu were refused, "
            "%llu "
            "had no answer, %llu were never sent",
            (unsigned long long)account->accepted, (long long)inclusion->options->min_accepted,
            (unsigned long long)account->submitted, (unsigned long long)account->refused,
            (unsigned long long)account->failed, (unsigned long long)account->missed);
        return;
    }
    judge_load(inclusion, account, findings);
    judge_seen(inclusion, findings);
    if (!inclusion->seen_count)
        return;
    judge_taken(inclusion, ledger, account, findings);
    judge_account(inclusion, ledger, account, findings);
    tell_counts(inclusion, ledger, account, findings);
    tell_latency(inclusion, account, findings);
}

/* Counts what was accepted, and waits for the chain only when that is enough to judge. */
static assay_status judge_ledger(
    struct inclusion *inclusion, assay_task *task, struct ledger *ledger, assay_findings *findings)
{
    struct account account;
    assay_status s = account_init(&account, ledger);

    if (!s)
        s = account_count(&account, ledger, inclusion->is_seen, ASSAY_FOREVER);
    if (!s && account.accepted >= (uint64_t)inclusion->options->min_accepted)
        s = settle(inclusion, task, ledger, &account);
    if (!s)
        judge_all(inclusion, ledger, &account, findings);
    account_done(&account);
    return s;
}

static double coverage_of(const struct ledger *ledger)
{
    return ledger->agreed_height ? 1 - (double)ledger->unreadable / (double)ledger->agreed_height
                                 : 1;
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    struct inclusion *inclusion = self;
    assay_findings findings = {0};
    struct ledger ledger;
    assay_status s;

    if (!inclusion->feed)
        return inclusion->host->fail(inclusion->host, ASSAY_E_INVALID, "it was never prepared");
    s = ledger_init(&ledger, inclusion->host, kind);
    if (!s)
        s = judge_ledger(inclusion, task, &ledger, &findings);
    if (!s)
        s = assay_conclude(&findings, coverage_of(&ledger), out);
    ledger_done(&ledger);
    return s;
}

static const assay_option options[] = {
    ASSAY_OPTION_REAL(struct inclusion_options, min_included, "1", "0.0001..1",
        "Share of the accepted transactions that must be on the agreed chain."),
    ASSAY_OPTION_INT(struct inclusion_options, min_accepted, "1", "1..",
        "Transactions that nodes must have accepted; fewer: vacuous."),
    ASSAY_OPTION_REAL(struct inclusion_options, min_sent, "0.9", "0..1",
        "Share of the planned transactions that must have been sent; less: undecided."),
    ASSAY_OPTION_REAL(struct inclusion_options, min_taken, "0.5", "0..1",
        "Share of the transactions sent that a node must have accepted, or that are on the chain "
        "all the same; less: fail."),
    ASSAY_OPTION_SPAN(struct inclusion_options, grace, "0s", "0s..",
        "A transaction accepted less than this before the end is not owed inclusion; 0s: 5 "
        "expected "
        "block intervals, at least 10 s."),
    ASSAY_OPTION_SPAN(struct inclusion_options, settle, "0s", "0s..1h",
        "How long the judgement waits for the rest to be included; 0s: 10 expected block "
        "intervals, "
        "10 s to 60 s."),
    ASSAY_OPTION_SPAN(struct inclusion_options, latency_p99_max, "0s", "0s..",
        "Bound for the 99th percentile of the time from planned to seen in a block; 0s: none."),
    ASSAY_OPTION_INT(struct inclusion_options, allow_unreachable, "0", "0..",
        "Nodes that may be unobservable at the judgement; the chain is then that of the others."),
    ASSAY_OPTION_SPAN(struct inclusion_options, patience, "10s", "0s..10m",
        "How long the judgement waits for a node that does not answer at the moment."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_NODES, ASSAY_BLOCKS, ASSAY_SUBMISSIONS,
    ASSAY_METRICS, ASSAY_RUN, ASSAY_RECEIPTS, NULL};

ASSAY_PLUGIN(transaction_inclusion, ASSAY_EXPECTATION, "assay.transaction_inclusion", "0.1.0",
    "Accepted transactions are on the chain that all nodes hold",
    ASSAY_OPTIONS(struct inclusion_options, options), .needs = needs, .create = create,
    .destroy = destroy, .prepare = prepare, .run = run, .judge = judge);
ASSAY_LIBRARY("assay-transaction-inclusion", "0.1.0", "Apache-2.0", &transaction_inclusion);
