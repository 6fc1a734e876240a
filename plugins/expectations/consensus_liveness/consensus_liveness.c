/* assay.consensus_liveness - every node's chain grows, without a long stall, and none stays behind.

   Each node is followed through the block feed from before the window opens. What counts is its own
   chain: its height at the end of the window less that at the start, and the longest time in which
   it reached no new height. A node that restarts and catches up from nothing gains only what lies
   beyond where it was. Time in which it was down on purpose, as receipts of node control prove, is
   no stall. The bars are fixed before the run and nothing observed lowers them. */
#include "trail.h"

#include <assay/sdk.h>

/* Defaults that follow from the expected time between blocks. Were blocks a Poisson process, a gap
   of 15 mean intervals would come once in three million blocks; real lotteries by slot have
   thinner tails. The floor is for chains faster than a loaded machine is to be held to. */
#define STALL_INTERVALS 15
#define STALL_FLOOR     (10 * ASSAY_SECOND)
/* Not being able to see a node for less than this is part of observing; longer may hide a block. */
#define BLIND_USUAL (2 * ASSAY_SECOND)

struct liveness_options {
    int64_t min_blocks, lag_max;
    double fraction, min_coverage;
    assay_ns stall_max, patience;
    const char *unreachable;
};

/* What one node is judged by, gathered at the judgement. */
struct look {
    assay_node_status status;
    assay_coverage coverage;
    uint32_t is_seen, reserved;
};

struct bars {
    uint64_t blocks;      /* 0: not known */
    uint64_t lost;        /* observations that the feed dropped */
    assay_ns stall_max;   /* 0: not known */
    assay_ns blind_usual; /* a blindness beyond this may hide a block */
    struct window window; /* as far as it has gone */
};

struct liveness {
    const assay_host *host;
    const assay_clock *clock;
    const assay_nodes *nodes;
    const assay_blocks *blocks;
    const assay_receipts *receipts;
    const struct liveness_options *options;
    assay_run_facts facts;
    assay_feed *feed;
    struct trail *trails;
    struct look *looks;
    uint32_t node_count, is_watched; /* to the end of the window */
};

static double in_seconds(assay_ns span)
{
    return (double)span / (double)ASSAY_SECOND;
}

static assay_ns later(assay_ns a, assay_ns b)
{
    return a > b ? a : b;
}

/* ---- following ---- */

static void destroy(void *self)
{
    struct liveness *liveness = self;

    if (!liveness)
        return;
    liveness->blocks->unsubscribe(liveness->feed);
    for (uint32_t i = 0; liveness->trails && i < liveness->node_count; i++)
        trail_done(&liveness->trails[i]);
    free(liveness->trails);
    free(liveness->looks);
    free(liveness);
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct liveness *liveness = calloc(1, sizeof(*liveness));

    if (!liveness)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    liveness->host = host;
    liveness->clock = assay_clock_of(host);
    liveness->nodes = assay_nodes_of(host);
    liveness->blocks = assay_blocks_of(host);
    liveness->receipts = assay_receipts_of(host);
    liveness->options = given;
    *self = liveness;
    return ASSAY_OK;
}

/* 0: not known. */
static assay_ns stall_max_of(const struct liveness *liveness)
{
    const assay_ns interval = liveness->facts.block_interval;

    if (liveness->options->stall_max)
        return liveness->options->stall_max;
    return interval ? later(STALL_INTERVALS * interval, STALL_FLOOR) : 0;
}

/* Where each node is before the load begins. */
static assay_status take_baseline(struct liveness *liveness)
{
    for (uint32_t i = 0; i < liveness->node_count; i++) {
        struct trail *trail = &liveness->trails[i];
        assay_node_info info = ASSAY_RECORD(assay_node_info);
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = liveness->nodes->info(liveness->host, i, &info);

        if (!s)
            s = liveness->nodes->status(liveness->host, i, &status);
        if (s)
            return s;
        trail->name = info.name;
        trail->index = i;
        trail->kept_from = stall_max_of(liveness) / 2;
        trail->start_height = trail->end_height = trail->best_height = status.height;
    }
    return ASSAY_OK;
}

static assay_status prepare(void *self, assay_task *task)
{
    struct liveness *liveness = self;
    assay_status s;

    (void)task;
    liveness->facts = ASSAY_RECORD(assay_run_facts);
    s = assay_run_of(liveness->host)->facts(liveness->host, &liveness->facts);
    if (s)
        return s;
    liveness->node_count = liveness->nodes->count(liveness->host);
    liveness->trails = calloc(liveness->node_count + 1u, sizeof(liveness->trails[0]));
    liveness->looks = calloc(liveness->node_count + 1u, sizeof(liveness->looks[0]));
    if (!liveness->trails || !liveness->looks)
        return liveness->host->fail(liveness->host, ASSAY_E_NOMEM, "out of memory");
    /* The feed first: a block between the two is noted twice, which is harmless. */
    s = liveness->blocks->subscribe(liveness->host, ASSAY_ANY_NODE, &liveness->feed);
    return s ? s : take_baseline(liveness);
}

static struct window window_of(const struct liveness *liveness)
{
    return (struct window){.start = liveness->clock->window_start(liveness->host),
        .end = liveness->clock->window_end(liveness->host)};
}

/* A node that was not seen shortly before the window opened: what is above its tip at the first look
   inside the window surely came inside. */
static assay_status start_late(struct liveness *liveness, struct trail *trail)
{
    assay_node_status status = ASSAY_RECORD(assay_node_status);
    assay_status s = liveness->nodes->status(liveness->host, trail->index, &status);

    if (!s && assay_was_seen(&status, liveness->clock->window_start(liveness->host))) {
        trail->late_height = status.height;
        trail->is_start_known = 1;
    }
    return s;
}

/* Takes what comes until the moment; ASSAY_OK: it has passed. */
static assay_status follow(struct liveness *liveness, assay_task *task, assay_ns until)
{
    for (;;) {
        assay_block *block = NULL;
        const assay_block_info *info;
        assay_status s = liveness->blocks->next(task, liveness->feed, until, &block);

        if (s == ASSAY_E_TIMEOUT)
            return ASSAY_OK;
        if (s == ASSAY_E_LAGGED)
            continue; /* judge asks how many were lost */
        if (s)
            return s;
        info = liveness->blocks->info(block);
        if (info->node < liveness->node_count) {
            struct trail *trail = &liveness->trails[info->node];
            struct window window = window_of(liveness);

            trail_note(trail, info->height, info->seen_at, &window);
            if (!trail->is_start_known)
                s = start_late(liveness, trail);
        }
        liveness->blocks->release(block);
        if (s)
            return s;
    }
}

/* Was the node observed lately, or may blocks from before the window be seen only inside it? */
static assay_status look_at_start(struct liveness *liveness)
{
    assay_ns since =
        liveness->clock->now(liveness->host) - later(liveness->facts.block_interval, BLIND_USUAL);

    for (uint32_t i = 0; i < liveness->node_count; i++) {
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = liveness->nodes->status(liveness->host, i, &status);

        if (s)
            return s;
        liveness->trails[i].is_start_known = assay_was_seen(&status, since);
    }
    return ASSAY_OK;
}

/* The feed does not tell of a node that went back to where it had been, or to genesis. */
static assay_status look_at_end(struct liveness *liveness)
{
    for (uint32_t i = 0; i < liveness->node_count; i++) {
        struct trail *trail = &liveness->trails[i];
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = liveness->nodes->status(liveness->host, i, &status);

        if (s)
            return s;
        if (status.height < trail->end_height)
            trail->end_height = status.height;
    }
    return ASSAY_OK;
}

static assay_status run(void *self, assay_task *task)
{
    struct liveness *liveness = self;
    assay_status s = look_at_start(liveness);

    if (!s)
        s = follow(liveness, task, liveness->clock->window_end(liveness->host));
    if (!s)
        s = look_at_end(liveness);
    if (s)
        return s;
    liveness->is_watched = 1;
    return follow(liveness, task, ASSAY_FOREVER); /* so that the queue does not overflow */
}

/* ---- judging ---- */

static struct bars bars_of(const struct liveness *liveness, assay_ns judged_at)
{
    const struct liveness_options *options = liveness->options;
    const assay_run_facts *facts = &liveness->facts;
    struct bars bars = {
        .blocks = (uint64_t)options->min_blocks,
        .stall_max = stall_max_of(liveness),
        .lost = liveness->blocks->lost(liveness->feed),
        .blind_usual = later(facts->block_interval, BLIND_USUAL),
        .window = window_of(liveness),
    };

    if (bars.window.end > judged_at)
        bars.window.end = judged_at;
    if (!bars.blocks && facts->expected_blocks) {
        bars.blocks = (uint64_t)(options->fraction * (double)facts->expected_blocks);
        if (!bars.blocks)
            bars.blocks = 1; /* a bar of nothing would be passed by a dead network */
    }
    return bars;
}

static void judge_setup(
    const struct liveness *liveness, const struct bars *bars, assay_findings *findings)
{
    if (!bars->blocks)
        assay_find(findings, ASSAY_UNDECIDED,
            "no bar: the system does not say how many blocks to expect; set min_blocks");
    if (!bars->stall_max)
        assay_find(findings, ASSAY_UNDECIDED,
            "no bound for stalls: the system does not say how often blocks come; set stall_max");
    if (!liveness->is_watched)
        assay_find(findings, ASSAY_UNDECIDED,
            "the run was cut short after %.1f s of its window of %.1f s",
            in_seconds(bars->window.end - bars->window.start),
            in_seconds(liveness->facts.duration));
    if (bars->lost)
        assay_find(findings, ASSAY_UNDECIDED,
            "%llu observations of blocks were lost, so stalls cannot be told",
            (unsigned long long)bars->lost);
}

/* Is it down at the moment, because somebody wanted it? */
static uint32_t is_away(const struct liveness *liveness, uint32_t node)
{
    const assay_ns now = liveness->clock->now(liveness->host);

    return liveness->receipts->away(liveness->host, node, now - 1, now) > 0;
}

static void judge_unseen(
    const struct liveness *liveness, uint32_t node, uint32_t is_any_seen, assay_findings *findings)
{
    const assay_node_status *status = &liveness->looks[node].status;
    uint32_t is_failure = is_any_seen && !strcmp(liveness->options->unreachable, "fail");

    if (is_away(liveness, node))
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: was taken down on purpose and not brought back (height %llu then)",
            liveness->trails[node].name, (unsigned long long)status->height);
    else if (status->observed_at < 0)
        assay_find(
            findings, ASSAY_UNDECIDED, "%s: could never be observed", liveness->trails[node].name);
    else
        assay_find(findings, is_failure ? ASSAY_FAIL : ASSAY_UNDECIDED,
            "%s: has not answered since %.1f s (height %llu then), %s", liveness->trails[node].name,
            in_seconds(status->observed_at), (unsigned long long)status->height,
            is_any_seen ? "although others do" : "and no other node answers either");
}

/* Returns non-zero when the node surely gained too little. */
static uint32_t judge_growth(const struct liveness *liveness, const struct trail *trail,
    const struct bars *bars, assay_findings *findings)
{
    const struct look *look = &liveness->looks[trail->index];
    const struct hold_up hold_up = trail_hold_up(trail, liveness->host, &bars->window);
    const assay_ns away = liveness->receipts->away(
        liveness->host, trail->index, bars->window.start, bars->window.end);
    const uint64_t gained = trail_gained(trail);
    uint64_t gained_until_now =
        look->status.height > trail->start_height ? look->status.height - trail->start_height : 0;
    assay_ns blind = look->coverage.blind_unasked;

    if (gained >= bars->blocks) {
        if (trail_surely_gained(trail) < bars->blocks)
            assay_find(findings, ASSAY_UNDECIDED,
                "%s: could not be observed when the window opened, so %llu of its %llu blocks may "
                "be older, bar %llu",
                trail->name, (unsigned long long)(gained - trail_surely_gained(trail)),
                (unsigned long long)gained, (unsigned long long)bars->blocks);
        return 0;
    }
    if (gained_until_now >= bars->blocks && (blind > bars->blind_usual || bars->lost)) {
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: %llu blocks seen in %.1f s, bar %llu; more may have come unseen (it could not be "
            "observed for %.1f s)",
            trail->name, (unsigned long long)gained,
            in_seconds(bars->window.end - bars->window.start), (unsigned long long)bars->blocks,
            in_seconds(blind));
        return 0;
    }
    if (gained_until_now >= bars->blocks && away > 0) {
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: %llu blocks in %.1f s, bar %llu, and the rest after the window; it was down on "
            "purpose for %.1f s of it",
            trail->name, (unsigned long long)gained,
            in_seconds(bars->window.end - bars->window.start), (unsigned long long)bars->blocks,
            in_seconds(away));
        return 0;
    }
    assay_find(findings, ASSAY_FAIL,
        "%s: %llu block%s in %.1f s, bar %llu; longest stall %.1f s after height %llu", trail->name,
        (unsigned long long)gained, gained == 1 ? "" : "s",
        in_seconds(bars->window.end - bars->window.start), (unsigned long long)bars->blocks,
        in_seconds(hold_up.span), (unsigned long long)hold_up.height);
    return 1;
}

/* A block is seen at the first look after it came, and looks are at most `blind` apart: the true
   stall is between what was seen less that and what was seen plus that. */
static void judge_stall(const struct liveness *liveness, const struct trail *trail,
    const struct bars *bars, assay_findings *findings)
{
    const assay_ns blind = liveness->looks[trail->index].coverage.blind_unasked;
    const struct hold_up hold_up = trail_hold_up(trail, liveness->host, &bars->window);
    char away[64] = "";

    if (hold_up.away)
        (void)snprintf(
            away, sizeof(away), " (and %.1f s down on purpose)", in_seconds(hold_up.away));
    if (hold_up.span - blind > bars->stall_max)
        assay_find(findings, ASSAY_FAIL,
            "%s: no new block for %.1f s%s after height %llu, bound %.1f s", trail->name,
            in_seconds(hold_up.span), away, (unsigned long long)hold_up.height,
            in_seconds(bars->stall_max));
    else if (hold_up.span + blind > bars->stall_max)
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: longest stall %.1f s%s after height %llu, bound %.1f s, but it could not be "
            "observed for up to %.1f s",
            trail->name, in_seconds(hold_up.span), away, (unsigned long long)hold_up.height,
            in_seconds(bars->stall_max), in_seconds(blind));
}

static void judge_node(const struct liveness *liveness, uint32_t node, const struct bars *bars,
    assay_findings *findings)
{
    const struct trail *trail = &liveness->trails[node];
    uint32_t is_short = 0;

    /* Cut short, the window has not given the node the time that its bar is for. */
    if (bars->blocks && liveness->is_watched)
        is_short = judge_growth(liveness, trail, bars, findings);
    if (bars->stall_max && !is_short && !bars->lost)
        judge_stall(liveness, trail, bars, findings);
}

/* Returns the node that is furthest ahead among those seen, or node_count. */
static uint32_t leader_of(const struct liveness *liveness)
{
    uint32_t leader = liveness->node_count;

    for (uint32_t i = 0; i < liveness->node_count; i++)
        if (liveness->looks[i].is_seen &&
            (leader == liveness->node_count ||
                liveness->looks[i].status.height > liveness->looks[leader].status.height))
            leader = i;
    return leader;
}

static void judge_lag(
    const struct liveness *liveness, uint32_t node, uint32_t leader, assay_findings *findings)
{
    uint64_t best = liveness->looks[leader].status.height;
    uint64_t height = liveness->looks[node].status.height;

    if (best - height > (uint64_t)liveness->options->lag_max)
        assay_find(findings, ASSAY_FAIL,
            "%s: height %llu is %llu behind %s (%llu) at the judgement, bound %lld",
            liveness->trails[node].name, (unsigned long long)height,
            (unsigned long long)(best - height), liveness->trails[leader].name,
            (unsigned long long)best, (long long)liveness->options->lag_max);
}

/* Returns which share of the node's blocks is known. */
static double judge_coverage(
    const struct liveness *liveness, uint32_t node, assay_findings *findings)
{
    const assay_coverage *coverage = &liveness->looks[node].coverage;
    double share = coverage->blocks_total
        ? (double)coverage->blocks_known / (double)coverage->blocks_total
        : 1;

    if (share < liveness->options->min_coverage)
        assay_find(findings, ASSAY_UNDECIDED, "%s: %llu of %llu blocks are known, needed %.0f %%",
            liveness->trails[node].name, (unsigned long long)coverage->blocks_known,
            (unsigned long long)coverage->blocks_total, 100 * liveness->options->min_coverage);
    return share;
}

static assay_status look_at_all(struct liveness *liveness, assay_ns since)
{
    for (uint32_t i = 0; i < liveness->node_count; i++) {
        struct look *look = &liveness->looks[i];
        assay_status s;

        look->status = ASSAY_RECORD(assay_node_status);
        look->coverage = ASSAY_RECORD(assay_coverage);
        s = liveness->nodes->status(liveness->host, i, &look->status);
        if (!s)
            s = liveness->blocks->coverage(liveness->host, i, &look->coverage);
        if (s)
            return s;
        look->is_seen = assay_was_seen(&look->status, since);
    }
    return ASSAY_OK;
}

/* What a reader of a passed run wants to know: how far from the bars it was. */
static void tell_pass(
    const struct liveness *liveness, const struct bars *bars, assay_findings *findings)
{
    const struct trail *least = &liveness->trails[0], *slowest = least;
    struct hold_up longest = {0};

    for (uint32_t i = 0; i < liveness->node_count; i++) {
        const struct trail *trail = &liveness->trails[i];
        const struct hold_up hold_up = trail_hold_up(trail, liveness->host, &bars->window);

        if (!i || hold_up.span > longest.span) {
            longest = hold_up;
            slowest = trail;
        }
        if (trail_surely_gained(trail) < trail_surely_gained(least))
            least = trail;
    }
    assay_find(findings, ASSAY_PASS,
        "every node gained at least %llu blocks in %.1f s (%s), bar %llu; longest stall %.1f s "
        "(%s, after height %llu), bound %.1f s; none is more than %lld behind",
        (unsigned long long)trail_surely_gained(least),
        in_seconds(bars->window.end - bars->window.start), least->name,
        (unsigned long long)bars->blocks, in_seconds(longest.span), slowest->name,
        (unsigned long long)longest.height, in_seconds(bars->stall_max),
        (long long)liveness->options->lag_max);
}

static double judge_all(
    const struct liveness *liveness, const struct bars *bars, assay_findings *findings)
{
    uint32_t leader = leader_of(liveness);
    double coverage = 1;

    judge_setup(liveness, bars, findings);
    for (uint32_t i = 0; i < liveness->node_count; i++) {
        double share = judge_coverage(liveness, i, findings);

        if (share < coverage)
            coverage = share;
        if (!liveness->looks[i].is_seen) {
            judge_unseen(liveness, i, leader < liveness->node_count, findings);
            continue;
        }
        judge_node(liveness, i, bars, findings);
        judge_lag(liveness, i, leader, findings);
    }
    if (!findings->gravity)
        tell_pass(liveness, bars, findings);
    return coverage;
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    struct liveness *liveness = self;
    assay_ns judged_at = liveness->clock->now(liveness->host);
    assay_findings findings = {0};
    struct bars bars;
    assay_status s;

    if (!liveness->feed || liveness->clock->window_start(liveness->host) > judged_at)
        return assay_verdict_f(out, ASSAY_UNDECIDED, 0, "the window never opened");
    if (!liveness->node_count)
        return assay_verdict_f(out, ASSAY_VACUOUS, 1, "there are no nodes");
    s = assay_await_look(liveness->host, task, judged_at + liveness->options->patience);
    if (!s)
        s = follow(liveness, task, judged_at);
    if (!s)
        s = look_at_all(liveness, judged_at);
    if (s)
        return s;
    bars = bars_of(liveness, judged_at);
    return assay_conclude(&findings, judge_all(liveness, &bars, &findings), out);
}

static const assay_option options[] = {
    ASSAY_OPTION_INT(struct liveness_options, min_blocks, "0", "0..",
        "Blocks that each node has to gain in the window; 0: from fraction."),
    ASSAY_OPTION_REAL(struct liveness_options, fraction, "0.5", "0.01..1",
        "Share of the expected blocks that each node has to gain, rounded down, at least 1."),
    ASSAY_OPTION_SPAN(struct liveness_options, stall_max, "0s", "0s..",
        "Longest time in the window without a new block, per node; 0s: 15 expected block "
        "intervals, at least 10 s."),
    ASSAY_OPTION_INT(struct liveness_options, lag_max, "5", "0..",
        "Blocks that a node may be behind the best one at the judgement."),
    ASSAY_OPTION_REAL(struct liveness_options, min_coverage, "0.9", "0..1",
        "Share of each node's blocks that must be known for a verdict."),
    ASSAY_OPTION_SPAN(struct liveness_options, patience, "10s", "0s..10m",
        "How long the judgement waits for a node that does not answer at the moment."),
    ASSAY_OPTION_CHOICE(struct liveness_options, unreachable, "fail", "fail|undecided",
        "What a node means that does not answer at the judgement although others do."),
};
static const char *const needs[] = {
    ASSAY_CLOCK, ASSAY_NODES, ASSAY_BLOCKS, ASSAY_RUN, ASSAY_RECEIPTS, NULL};

ASSAY_PLUGIN(consensus_liveness, ASSAY_EXPECTATION, "assay.consensus_liveness", "0.1.0",
    "Every node's chain grows without long stalls", ASSAY_OPTIONS(struct liveness_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .run = run,
    .judge = judge);
ASSAY_LIBRARY("assay-consensus-liveness", "0.1.0", "Apache-2.0", &consensus_liveness);
