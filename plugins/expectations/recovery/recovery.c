/* assay.recovery - whoever was taken down comes back and catches up with the others.

   Follows the receipts of node control as they come. A node that was brought back has a deadline,
   which starts anew whenever it comes closer. What was done must be proven, and who dies without
   being asked has not recovered from anything: it has failed. */
#include <assay/sdk.h>

#include "patient.h"

#define LOOK_EVERY (200 * ASSAY_MS) /* a fraction of the time in which a block comes */

struct recovery_options {
    int64_t lag_max;
    assay_ns patience, settle;
};

struct recovery {
    const assay_host *host;
    const assay_clock *clock;
    const assay_receipts *receipts;
    const assay_metrics *metrics;
    const struct recovery_options *options;
    struct ward ward;
    size_t read; /* receipts */
    uint32_t metric_catch_up, reserved;
    assay_ns slowest; /* to catch up; -1: nobody has */
    const char *slowest_name, *slowest_hurt;
    assay_ns slowest_hurt_at;
};

static double in_seconds(assay_ns span)
{
    return (double)span / (double)ASSAY_SECOND;
}

/* ---- life ---- */

static void destroy(void *self)
{
    struct recovery *recovery = self;

    if (!recovery)
        return;
    free(recovery->ward.patients);
    free(recovery);
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct recovery *recovery = calloc(1, sizeof(*recovery));

    if (!recovery)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    recovery->host = host;
    recovery->clock = assay_clock_of(host);
    recovery->receipts = assay_receipts_of(host);
    recovery->metrics = assay_metrics_of(host);
    recovery->options = given;
    recovery->slowest = -1;
    recovery->ward = (struct ward){.host = host,
        .nodes = assay_nodes_of(host),
        .blocks = assay_blocks_of(host),
        .lag_max = (uint64_t)recovery->options->lag_max,
        .patience = recovery->options->patience};
    *self = recovery;
    return ASSAY_OK;
}

static assay_status prepare(void *self, assay_task *task)
{
    struct recovery *recovery = self;
    struct ward *ward = &recovery->ward;
    assay_status s = ASSAY_OK;

    (void)task;
    ward->count = ward->nodes->count(recovery->host);
    ward->patients = calloc(ward->count + 1u, sizeof(ward->patients[0]));
    if (!ward->patients)
        return recovery->host->fail(recovery->host, ASSAY_E_NOMEM, "out of memory");
    recovery->metric_catch_up =
        recovery->metrics->define(recovery->host, "catch_up", ASSAY_HISTOGRAM, "seconds");
    for (uint32_t i = 0; !s && i < ward->count; i++) {
        assay_node_info info = ASSAY_RECORD(assay_node_info);

        s = ward->nodes->info(recovery->host, i, &info);
        ward->patients[i] = (struct patient){.name = info.name, .index = i};
    }
    return s;
}

/* ---- watching ---- */

static uint32_t is_hurtful(uint32_t kind)
{
    return kind >= ASSAY_ACT_START && kind <= ASSAY_ACT_REPLACE;
}

static assay_status read_receipts(struct recovery *recovery)
{
    for (; recovery->read < recovery->receipts->count(recovery->host); recovery->read++) {
        assay_receipt receipt = ASSAY_RECORD(assay_receipt);
        assay_status s = recovery->receipts->get(recovery->host, recovery->read, &receipt);

        if (s)
            return s;
        if (receipt.node < recovery->ward.count)
            ward_note(&recovery->ward, &receipt);
    }
    return ASSAY_OK;
}

static void note_caught_up(struct recovery *recovery, const struct patient *patient, assay_ns now)
{
    const assay_ns took = now - patient->back_at;

    recovery->metrics->record(recovery->host, recovery->metric_catch_up, in_seconds(took));
    if (took <= recovery->slowest)
        return;
    recovery->slowest = took;
    recovery->slowest_name = patient->name;
    recovery->slowest_hurt = patient_hurt(patient);
    recovery->slowest_hurt_at = patient->hurt_at;
}

/* One look at everybody; *rising: how many are still on their way. */
static assay_status look(struct recovery *recovery, uint32_t *rising)
{
    const assay_ns now = recovery->clock->now(recovery->host);
    assay_status s = read_receipts(recovery);

    *rising = 0;
    for (uint32_t i = 0; !s && i < recovery->ward.count; i++) {
        struct patient *patient = &recovery->ward.patients[i];

        if (patient->condition != PATIENT_RISING)
            continue;
        s = ward_look(&recovery->ward, patient, now);
        if (!s && patient->condition == PATIENT_WELL)
            note_caught_up(recovery, patient, now);
        *rising += patient->condition == PATIENT_RISING;
    }
    return s;
}

static assay_status run(void *self, assay_task *task)
{
    struct recovery *recovery = self;
    uint32_t rising;
    assay_status s = ASSAY_OK;

    while (!s) {
        s = look(recovery, &rising);
        if (!s)
            s = recovery->clock->sleep_until(
                task, recovery->clock->now(recovery->host) + LOOK_EVERY);
    }
    return s;
}

/* ---- judging ---- */

static void judge_lost(
    const struct recovery *recovery, const struct patient *patient, assay_findings *findings)
{
    const double patience = in_seconds(recovery->options->patience);
    char begin[96];

    (void)snprintf(begin, sizeof(begin), "%.40s: was %s at %.1f s", patient->name,
        patient_hurt(patient), in_seconds(patient->hurt_at));
    if (patient->seen_at < 0)
        assay_find(findings, ASSAY_FAIL,
            "%s and has not answered since; it should have been back at %.1f s, and had %.1f s "
            "more",
            begin, in_seconds(patient->back_at), patience);
    else if (recovery->ward.count == 1)
        assay_find(findings, ASSAY_FAIL,
            "%s and is back, but made no block in %.1f s (height %llu)", begin, patience,
            (unsigned long long)patient->height);
    else
        assay_find(findings, ASSAY_FAIL,
            "%s and has not caught up: what it shares with %s ends %llu blocks below that one's "
            "tip, at height %llu of %llu, and grew no more in %.1f s; its own tip is at %llu",
            begin, patient->best_name, (unsigned long long)(patient->best_height - patient->common),
            (unsigned long long)patient->common, (unsigned long long)patient->best_height, patience,
            (unsigned long long)patient->height);
}

static void judge_rising(
    const struct recovery *recovery, const struct patient *patient, assay_findings *findings)
{
    const char *hurt = patient_hurt(patient);
    const double at = in_seconds(patient->hurt_at);

    if (!patient->best_name)
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: was %s at %.1f s, and there is no other node that answers and could be caught up "
            "with",
            patient->name, hurt, at);
    else if (patient->seen_at < 0)
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: was %s at %.1f s and has not answered since; the judgement waited for %.1f s "
            "(settle; "
            "a longer one, or chaos that ends sooner, would tell)",
            patient->name, hurt, at, in_seconds(recovery->options->settle));
    else if (!patient->target || patient->best_height < patient->target)
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: was %s at %.1f s; no block has come since it was back, by which it could show "
            "that it follows the others: have the network live on for longer after it",
            patient->name, hurt, at);
    else
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: was %s at %.1f s and is still catching up after %.1f s of the judgement (settle; "
            "a "
            "longer one, or chaos that ends sooner, would tell): height %llu, %s is at %llu",
            patient->name, hurt, at, in_seconds(recovery->options->settle),
            (unsigned long long)patient->height, patient->best_name,
            (unsigned long long)patient->best_height);
}

static void judge_patients(const struct recovery *recovery, assay_findings *findings)
{
    for (uint32_t i = 0; i < recovery->ward.count; i++) {
        const struct patient *patient = &recovery->ward.patients[i];

        switch ((enum condition)patient->condition) {
        case PATIENT_WELL:
            break;
        case PATIENT_DOWN:
            assay_find(findings, ASSAY_UNDECIDED,
                "%s: was %s at %.1f s, and nobody has brought it back", patient->name,
                patient_hurt(patient), in_seconds(patient->hurt_at));
            break;
        case PATIENT_RISING:
            judge_rising(recovery, patient, findings);
            break;
        case PATIENT_LOST:
            judge_lost(recovery, patient, findings);
            break;
        }
    }
}

static uint32_t has_recovered(const struct patient *patient)
{
    return patient->condition == PATIENT_WELL && patient->begun;
}

/* Who has caught up and is gone again has not recovered for good, unless all are gone. */
static assay_status judge_presence(
    const struct recovery *recovery, assay_ns since, assay_findings *findings)
{
    assay_node_status status = ASSAY_RECORD(assay_node_status);
    uint32_t outcome = ASSAY_UNDECIDED;

    for (uint32_t i = 0; i < recovery->ward.count; i++) {
        const assay_status s = recovery->ward.nodes->status(recovery->host, i, &status);

        if (s)
            return s;
        if (assay_was_seen(&status, since))
            outcome = ASSAY_FAIL;
    }
    for (uint32_t i = 0; i < recovery->ward.count; i++) {
        const struct patient *patient = &recovery->ward.patients[i];
        const assay_status s = recovery->ward.nodes->status(recovery->host, i, &status);

        if (s)
            return s;
        if (has_recovered(patient) && !assay_was_seen(&status, since))
            assay_find(findings, outcome,
                "%s: was %s at %.1f s and had caught up, but has not answered since %.1f s",
                patient->name, patient_hurt(patient), in_seconds(patient->hurt_at),
                in_seconds(status.observed_at));
    }
    return ASSAY_OK;
}

static const char *how_of(const assay_node_end *end, char out[48])
{
    switch (end->how) {
    case ASSAY_END_KILLED:
        (void)snprintf(out, 48, "killed by signal %u", end->code);
        break;
    case ASSAY_END_EXITED:
        (void)snprintf(out, 48, "exit code %u", end->code);
        break;
    default:
        (void)snprintf(out, 48, "nobody saw how");
    }
    return out;
}

/* A code of its own after being asked to end is bad manners, and in the report; a crash is more. */
static assay_status judge_ends(const struct recovery *recovery, assay_findings *findings)
{
    const size_t count = recovery->receipts->end_count(recovery->host);

    for (size_t i = 0; i < count; i++) {
        assay_node_end end = ASSAY_RECORD(assay_node_end);
        char how[48];
        assay_status s = recovery->receipts->end(recovery->host, i, &end);

        if (s)
            return s;
        if (end.node >= recovery->ward.count ||
            (end.asked_by_signal && end.how == ASSAY_END_EXITED))
            continue;
        assay_find(findings, ASSAY_FAIL, "%s: %s at %.1f s: %s",
            recovery->ward.patients[end.node].name,
            end.asked_by_signal ? "crashed when it was asked to end" : "ended by itself",
            in_seconds(end.at), how_of(&end, how));
    }
    return ASSAY_OK;
}

static const char *word_of(uint32_t kind)
{
    static const char *const words[] = {
        "", "start", "stop", "restart", "kill", "pause", "resume", "replacement"};

    return words[kind];
}

static assay_status judge_proofs(const struct recovery *recovery, assay_findings *findings)
{
    for (size_t i = 0; i < recovery->read; i++) {
        assay_receipt receipt = ASSAY_RECORD(assay_receipt);
        assay_status s = recovery->receipts->get(recovery->host, i, &receipt);

        if (s)
            return s;
        if (receipt.proof == ASSAY_PROVEN || !is_hurtful(receipt.kind) ||
            receipt.node >= recovery->ward.count)
            continue;
        assay_find(findings, ASSAY_UNDECIDED,
            "%s: its %s at %.1f s is not proven; before: %s; after: %s",
            recovery->ward.patients[receipt.node].name, word_of(receipt.kind),
            in_seconds(receipt.asked_at), receipt.before, receipt.after);
    }
    return ASSAY_OK;
}

/* Looks on until nobody is on the way any more, or the time for that is over. */
static assay_status await_patients(struct recovery *recovery, assay_task *task, assay_ns until)
{
    for (;;) {
        uint32_t rising = 0;
        assay_status s = look(recovery, &rising);

        if (s || !rising || recovery->clock->now(recovery->host) >= until)
            return s;
        s = recovery->clock->sleep_until(task, recovery->clock->now(recovery->host) + LOOK_EVERY);
        if (s)
            return s;
    }
}

/* Looks on until everybody who has recovered has been seen since then. Nobody waits for the others:
   one that has ended will not be seen, and of those it is not judged whether they are there. */
static assay_status await_presence(
    const struct recovery *recovery, assay_task *task, assay_ns since, assay_ns until)
{
    for (uint32_t i = 0; i < recovery->ward.count;) {
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = recovery->ward.nodes->status(recovery->host, i, &status);

        if (s)
            return s;
        if (!has_recovered(&recovery->ward.patients[i]) || assay_was_seen(&status, since)) {
            i++;
            continue;
        }
        if (recovery->clock->now(recovery->host) >= until)
            return ASSAY_OK;
        s = recovery->clock->sleep_until(
            task, recovery->clock->now(recovery->host) + ASSAY_SDK_LOOK_EVERY);
        if (s)
            return s;
    }
    return ASSAY_OK;
}

static double judged_share(const struct recovery *recovery)
{
    uint32_t begun = 0, known = 0;

    for (uint32_t i = 0; i < recovery->ward.count; i++) {
        begun += recovery->ward.patients[i].begun;
        known += recovery->ward.patients[i].caught_up +
            (recovery->ward.patients[i].condition == PATIENT_LOST);
    }
    return begun ? (double)known / (double)begun : 1;
}

static void tell_pass(const struct recovery *recovery, assay_findings *findings)
{
    uint32_t caught_up = 0, nodes = 0;

    for (uint32_t i = 0; i < recovery->ward.count; i++) {
        caught_up += recovery->ward.patients[i].caught_up;
        nodes += recovery->ward.patients[i].caught_up > 0;
    }
    assay_find(findings, ASSAY_PASS,
        "%u node%s caught up with the others, %u time%s in all; the slowest was %s, %s at %.1f s: "
        "%.1f s after it was back",
        nodes, nodes == 1 ? "" : "s", caught_up, caught_up == 1 ? "" : "s", recovery->slowest_name,
        recovery->slowest_hurt, in_seconds(recovery->slowest_hurt_at),
        in_seconds(recovery->slowest));
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    struct recovery *recovery = self;
    const assay_ns judged_at = recovery->clock->now(recovery->host);
    const assay_ns until = judged_at + recovery->options->settle;
    assay_findings findings = {0};
    assay_status s = await_patients(recovery, task, until);

    if (!s)
        s = await_presence(recovery, task, judged_at, until);
    if (!s)
        s = judge_ends(recovery, &findings);
    if (!s)
        s = judge_proofs(recovery, &findings);
    if (!s)
        s = judge_presence(recovery, judged_at, &findings);
    if (s)
        return s;
    judge_patients(recovery, &findings);
    if (!findings.gravity && recovery->slowest < 0)
        assay_find(&findings, ASSAY_VACUOUS,
            "no node was restarted, killed or paused, so there was nothing to recover from: no "
            "workload does that, or it did not come to it within the window");
    if (!findings.gravity)
        tell_pass(recovery, &findings);
    return assay_conclude(&findings, judged_share(recovery), out);
}

static const assay_option options[] = {
    ASSAY_OPTION_INT(struct recovery_options, lag_max, "5", "0..",
        "Blocks that a node may be behind the others when it has caught up."),
    ASSAY_OPTION_SPAN(struct recovery_options, patience, "30s", "1s..1h",
        "How long a node that is back may go without coming closer to the others."),
    ASSAY_OPTION_SPAN(struct recovery_options, settle, "90s", "0s..1h",
        "How long the judgement waits at most for nodes that are still catching up."),
};
static const char *const needs[] = {
    ASSAY_CLOCK, ASSAY_NODES, ASSAY_BLOCKS, ASSAY_RECEIPTS, ASSAY_METRICS, NULL};

ASSAY_PLUGIN(recovery, ASSAY_EXPECTATION, "assay.recovery", "0.1.0",
    "Nodes that were taken down catch up again", ASSAY_OPTIONS(struct recovery_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .run = run,
    .judge = judge);
ASSAY_LIBRARY("assay-recovery", "0.1.0", "Apache-2.0", &recovery);
