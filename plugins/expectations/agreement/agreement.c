/* assay.agreement - all nodes hold the same chain.

   Blocks that nodes call final must be the same at every height, and no node may take one back. What
   is not final yet may differ, but only so deep and by so many heights as the bounds allow. Blocks
   are compared by id at each height; nothing else makes two chains the same. */
#include <assay/sdk.h>

#define ID_SHOWN   16 /* of an id: enough to find it, short enough for two in a line */
#define SIDES_MAX  4  /* distinct ids named at one height */
#define SIDES_SIZE 420

struct agreement_options {
    int64_t fork_depth_max, spread_max, allow_unreachable;
    double min_coverage;
    assay_ns patience;
};

struct member {
    const char *name;
    assay_node_status status;
    assay_coverage coverage;
    uint32_t is_seen; /* observed since the judgement began */
    uint32_t index;
};

struct agreement {
    const assay_host *host;
    const assay_clock *clock;
    const assay_nodes *nodes;
    const assay_blocks *blocks;
    const struct agreement_options *options;
    uint64_t fork_depth_max; /* 0: not known */
    struct member *members;
    uint32_t count, seen_count;
};

/* Looks a block up on one node: blocks->at or blocks->final_at. */
typedef assay_status (*lookup)(const assay_host *, uint32_t node, uint64_t height, assay_block **);

/* How much of what should be compared could be. */
struct evidence {
    uint64_t wanted, found;
};

/* ---- life ---- */

static void destroy(void *self)
{
    struct agreement *agreement = self;

    if (!agreement)
        return;
    free(agreement->members);
    free(agreement);
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct agreement *agreement = calloc(1, sizeof(*agreement));

    if (!agreement)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    agreement->host = host;
    agreement->clock = assay_clock_of(host);
    agreement->nodes = assay_nodes_of(host);
    agreement->blocks = assay_blocks_of(host);
    agreement->options = given;
    *self = agreement;
    return ASSAY_OK;
}

static assay_status prepare(void *self, assay_task *task)
{
    struct agreement *agreement = self;
    assay_run_facts facts = ASSAY_RECORD(assay_run_facts);
    assay_status s = assay_run_of(agreement->host)->facts(agreement->host, &facts);

    (void)task;
    if (s)
        return s;
    agreement->fork_depth_max = agreement->options->fork_depth_max
        ? (uint64_t)agreement->options->fork_depth_max
        : facts.final_depth;
    agreement->count = agreement->nodes->count(agreement->host);
    agreement->members = calloc(agreement->count + 1u, sizeof(agreement->members[0]));
    if (!agreement->members)
        return agreement->host->fail(agreement->host, ASSAY_E_NOMEM, "out of memory");
    for (uint32_t i = 0; !s && i < agreement->count; i++) {
        assay_node_info info = ASSAY_RECORD(assay_node_info);

        s = agreement->nodes->info(agreement->host, i, &info);
        agreement->members[i].name = info.name;
        agreement->members[i].index = i;
    }
    return s;
}

/* ---- looking ---- */

static assay_status look_at_all(struct agreement *agreement, assay_ns since)
{
    agreement->seen_count = 0;
    for (uint32_t i = 0; i < agreement->count; i++) {
        struct member *member = &agreement->members[i];
        assay_status s;

        member->status = ASSAY_RECORD(assay_node_status);
        member->coverage = ASSAY_RECORD(assay_coverage);
        s = agreement->nodes->status(agreement->host, i, &member->status);
        if (!s)
            s = agreement->blocks->coverage(agreement->host, i, &member->coverage);
        if (s)
            return s;
        member->is_seen = assay_was_seen(&member->status, since);
        agreement->seen_count += member->is_seen;
    }
    return ASSAY_OK;
}

/* The id of the node's block at that height, "" when it is not known. */
static assay_status id_at(const struct agreement *agreement, lookup look, uint32_t node,
    uint64_t height, char id[ASSAY_ID_MAX])
{
    assay_block *block = NULL;
    assay_status s = look(agreement->host, node, height, &block);

    id[0] = '\0';
    if (s)
        return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
    (void)snprintf(id, ASSAY_ID_MAX, "%s", agreement->blocks->info(block)->id);
    agreement->blocks->release(block);
    return ASSAY_OK;
}

/* ---- who holds what at one height ---- */

struct sides {
    char ids[SIDES_MAX][ASSAY_ID_MAX];
    uint32_t count;
};

/* The side that holds this id, made if there is room; count when there is none. */
static uint32_t side_of(struct sides *sides, const char *id)
{
    for (uint32_t i = 0; i < sides->count; i++)
        if (!strcmp(sides->ids[i], id))
            return i;
    if (sides->count == SIDES_MAX)
        return SIDES_MAX;
    (void)snprintf(sides->ids[sides->count], ASSAY_ID_MAX, "%s", id);
    return sides->count++;
}

static void append(char text[SIDES_SIZE], const char *more)
{
    size_t used = strlen(text);

    (void)snprintf(text + used, SIDES_SIZE - used, "%s", more);
}

/* "3fa9... on validator-0, validator-1; 77c0... on validator-2". */
static assay_status describe_sides(
    const struct agreement *agreement, lookup look, uint64_t height, char text[SIDES_SIZE])
{
    struct sides sides = {.count = 0};
    char id[ASSAY_ID_MAX];

    text[0] = '\0';
    for (uint32_t i = 0; i < agreement->count; i++) {
        assay_status s = id_at(agreement, look, i, height, id);

        if (s)
            return s;
        if (id[0])
            (void)side_of(&sides, id);
    }
    for (uint32_t side = 0; side < sides.count; side++) {
        char words[ASSAY_ID_MAX + 8];
        const char *gap = "";

        (void)snprintf(
            words, sizeof(words), "%s%.*s on ", side ? "; " : "", ID_SHOWN, sides.ids[side]);
        append(text, words);
        for (uint32_t i = 0; i < agreement->count; i++) {
            assay_status s = id_at(agreement, look, i, height, id);

            if (s)
                return s;
            if (strcmp(id, sides.ids[side]) != 0)
                continue;
            append(text, gap);
            append(text, agreement->members[i].name);
            gap = ", ";
        }
    }
    return ASSAY_OK;
}

/* ---- final blocks ---- */

/* Sets *differs when two nodes call different blocks of this height final. */
static assay_status compare_final(const struct agreement *agreement, uint64_t height,
    struct evidence *evidence, uint32_t *differs)
{
    char first[ASSAY_ID_MAX] = "";
    char id[ASSAY_ID_MAX];

    for (uint32_t i = 0; i < agreement->count; i++) {
        assay_status s;

        if (agreement->members[i].status.final_height < height)
            continue;
        s = id_at(agreement, agreement->blocks->final_at, i, height, id);
        if (s)
            return s;
        evidence->wanted++;
        if (!id[0])
            continue;
        evidence->found++;
        if (!first[0])
            (void)snprintf(first, sizeof(first), "%s", id);
        else if (strcmp(first, id) != 0)
            *differs = 1;
    }
    return ASSAY_OK;
}

static uint64_t final_height_max(const struct agreement *agreement)
{
    uint64_t height = 0;

    for (uint32_t i = 0; i < agreement->count; i++)
        if (agreement->members[i].status.final_height > height)
            height = agreement->members[i].status.final_height;
    return height;
}

static assay_status judge_final(
    const struct agreement *agreement, struct evidence *evidence, assay_findings *findings)
{
    uint64_t last = final_height_max(agreement);
    char sides[SIDES_SIZE];

    for (uint64_t height = 1; height <= last; height++) {
        uint32_t differs = 0;
        assay_status s = compare_final(agreement, height, evidence, &differs);

        if (!s && differs)
            s = describe_sides(agreement, agreement->blocks->final_at, height, sides);
        if (s)
            return s;
        if (differs) {
            assay_find(findings, ASSAY_FAIL, "final blocks differ from height %llu on: %s",
                (unsigned long long)height, sides);
            return ASSAY_OK; /* above it everything differs */
        }
    }
    return ASSAY_OK;
}

/* The greatest height at which the node is known to have called a block final, by now or before, and
   that block's id; 0: there is none. What a node says now may be less than what it has said. */
static assay_status last_final(const struct agreement *agreement, const struct member *member,
    uint64_t *height, char id[ASSAY_ID_MAX])
{
    const uint64_t said = member->status.final_height, highest = member->coverage.blocks_total;
    assay_status s = ASSAY_OK;

    id[0] = '\0';
    for (*height = said > highest ? said : highest; !s && *height > 0; --*height) {
        s = id_at(agreement, agreement->blocks->final_at, member->index, *height, id);
        if (id[0])
            break;
    }
    return s;
}

/* A node that begins again has taken its final blocks back as soon as its chain is another one, and
   long before it calls that final. One that is on its way back along the same chain has not. */
static assay_status judge_left_final(
    const struct agreement *agreement, const struct member *member, assay_findings *findings)
{
    char final[ASSAY_ID_MAX], held[ASSAY_ID_MAX] = "";
    uint64_t last = 0, height = 0;
    assay_status s = last_final(agreement, member, &last, final);

    height = last < member->status.height ? last : member->status.height;
    if (!s && height > 0)
        s = id_at(agreement, agreement->blocks->final_at, member->index, height, final);
    if (!s && height > 0)
        s = id_at(agreement, agreement->blocks->at, member->index, height, held);
    if (!s && held[0] && final[0] && strcmp(held, final) != 0)
        assay_find(findings, ASSAY_FAIL,
            "%s: called blocks up to height %llu final and is not on them any more: at height %llu "
            "it holds %.*s, and had called %.*s final",
            member->name, (unsigned long long)last, (unsigned long long)height, ID_SHOWN, held,
            ID_SHOWN, final);
    return s;
}

static assay_status judge_kept_final(const struct agreement *agreement, assay_findings *findings)
{
    assay_status s = ASSAY_OK;

    for (uint32_t i = 0; !s && i < agreement->count; i++) {
        const struct member *member = &agreement->members[i];

        if (!member->coverage.final_changed)
            s = judge_left_final(agreement, member, findings);
        else
            assay_find(findings, ASSAY_FAIL,
                "%s: took back final blocks at %llu heights; its chain is now %llu high, %llu "
                "final",
                member->name, (unsigned long long)member->coverage.final_changed,
                (unsigned long long)member->status.height,
                (unsigned long long)member->status.final_height);
    }
    return s;
}

/* ---- tips ---- */

/* Where a node's chain leaves another one: after a height in [known, possible], as far as the known
   blocks tell. */
struct parting {
    uint32_t is_fork; /* they differ at some height */
    uint64_t known;   /* the greatest height at which they are seen to be the same */
    uint64_t possible;
};

static assay_status find_parting(const struct agreement *agreement, const struct member *a,
    const struct member *b, struct parting *out)
{
    uint64_t height = a->status.height < b->status.height ? a->status.height : b->status.height;
    char id_a[ASSAY_ID_MAX];
    char id_b[ASSAY_ID_MAX];

    *out = (struct parting){.possible = height};
    for (; height > 0; height--) {
        assay_status s = id_at(agreement, agreement->blocks->at, a->index, height, id_a);

        if (!s)
            s = id_at(agreement, agreement->blocks->at, b->index, height, id_b);
        if (s)
            return s;
        if (!id_a[0] || !id_b[0])
            continue;
        if (!strcmp(id_a, id_b))
            break;
        out->is_fork = 1;
        out->possible = height - 1;
    }
    out->known = height;
    return ASSAY_OK;
}

static const struct member *tip_of(const struct agreement *agreement, uint32_t is_highest)
{
    const struct member *best = NULL;

    for (uint32_t i = 0; i < agreement->count; i++) {
        const struct member *member = &agreement->members[i];

        if (member->is_seen &&
            (!best ||
                (is_highest ? member->status.height > best->status.height
                            : member->status.height < best->status.height)))
            best = member;
    }
    return best;
}

static assay_status report_fork(const struct agreement *agreement, const struct parting *parting,
    uint64_t tip, assay_findings *findings)
{
    uint64_t depth_min = tip - parting->possible;
    char sides[SIDES_SIZE];
    assay_status s = describe_sides(agreement, agreement->blocks->at, parting->possible + 1, sides);

    if (s)
        return s;
    if (depth_min > agreement->fork_depth_max)
        assay_find(findings, ASSAY_FAIL,
            "chains part after height %llu and have not met in %llu blocks, bound %llu; height "
            "%llu is %s",
            (unsigned long long)parting->possible, (unsigned long long)depth_min,
            (unsigned long long)agreement->fork_depth_max,
            (unsigned long long)parting->possible + 1, sides);
    else
        assay_find(findings, ASSAY_UNDECIDED,
            "chains part between heights %llu and %llu, bound for a fork's depth %llu; the blocks "
            "between are not known",
            (unsigned long long)parting->known, (unsigned long long)parting->possible,
            (unsigned long long)agreement->fork_depth_max);
    return ASSAY_OK;
}

/* Unknown blocks at the top are no fork as far as anybody can tell, and no agreement either. */
static void judge_unknown_top(const struct agreement *agreement, const struct member *member,
    const struct parting *parting, assay_findings *findings)
{
    const struct member *highest = tip_of(agreement, 1);

    if (member == highest || parting->is_fork || parting->known == parting->possible ||
        highest->status.height - parting->known <= agreement->fork_depth_max)
        return;
    assay_find(findings, ASSAY_UNDECIDED,
        "%s and %s hold the same chain up to height %llu, and may part after it: the blocks from "
        "there to height %llu are not known",
        member->name, highest->name, (unsigned long long)parting->known,
        (unsigned long long)parting->possible);
}

/* Compares every node with the one that is furthest ahead. If all of them are within the bound of
   that one, then so are any two of them: where two part, at least one has left the highest chain, no
   higher than that, and neither tip is above the highest. */
static assay_status judge_forks(
    const struct agreement *agreement, uint64_t *depth_max, assay_findings *findings)
{
    const struct member *highest = tip_of(agreement, 1);
    struct parting deepest = {.is_fork = 0};

    for (uint32_t i = 0; i < agreement->count; i++) {
        struct parting parting;
        assay_status s;

        if (!agreement->members[i].is_seen)
            continue;
        s = find_parting(agreement, &agreement->members[i], highest, &parting);
        if (s)
            return s;
        judge_unknown_top(agreement, &agreement->members[i], &parting, findings);
        if (!parting.is_fork)
            continue;
        if (!deepest.is_fork || parting.known < deepest.known)
            deepest.known = parting.known;
        if (!deepest.is_fork || parting.possible < deepest.possible)
            deepest.possible = parting.possible;
        deepest.is_fork = 1;
    }
    if (!deepest.is_fork)
        return ASSAY_OK;
    *depth_max = highest->status.height - deepest.known;
    if (!agreement->fork_depth_max) {
        assay_find(findings, ASSAY_UNDECIDED,
            "tips differ, and the system does not say how deep a fork may be: set fork_depth_max");
        return ASSAY_OK;
    }
    return *depth_max > agreement->fork_depth_max
        ? report_fork(agreement, &deepest, highest->status.height, findings)
        : ASSAY_OK;
}

static void judge_spread(const struct agreement *agreement, assay_findings *findings)
{
    const struct member *highest = tip_of(agreement, 1);
    const struct member *lowest = tip_of(agreement, 0);
    uint64_t spread = highest->status.height - lowest->status.height;

    if (spread > (uint64_t)agreement->options->spread_max)
        assay_find(findings, ASSAY_FAIL,
            "tips are %llu heights apart: %s at %llu, %s at %llu; bound %lld",
            (unsigned long long)spread, lowest->name, (unsigned long long)lowest->status.height,
            highest->name, (unsigned long long)highest->status.height,
            (long long)agreement->options->spread_max);
}

/* ---- what was seen ---- */

static void judge_seen(const struct agreement *agreement, assay_findings *findings)
{
    uint32_t unseen = agreement->count - agreement->seen_count;

    if (unseen <= (uint64_t)agreement->options->allow_unreachable && agreement->seen_count > 1)
        return;
    for (uint32_t i = 0; i < agreement->count; i++) {
        const struct member *member = &agreement->members[i];

        if (!member->is_seen)
            assay_find(findings, ASSAY_UNDECIDED,
                "%s: does not answer, last height %llu, %llu final", member->name,
                (unsigned long long)member->status.height,
                (unsigned long long)member->status.final_height);
    }
}

/* Of the final blocks that were to be compared; without any, of all blocks. */
static double judge_coverage(
    const struct agreement *agreement, struct evidence evidence, assay_findings *findings)
{
    double share;

    for (uint32_t i = 0; !final_height_max(agreement) && i < agreement->count; i++) {
        evidence.wanted += agreement->members[i].coverage.blocks_total;
        evidence.found += agreement->members[i].coverage.blocks_known;
    }
    share = evidence.wanted ? (double)evidence.found / (double)evidence.wanted : 1;
    if (share < agreement->options->min_coverage || (evidence.wanted && !evidence.found))
        assay_find(findings, ASSAY_UNDECIDED,
            "%llu of %llu blocks to compare are known, needed %.0f %%",
            (unsigned long long)evidence.found, (unsigned long long)evidence.wanted,
            100 * agreement->options->min_coverage);
    return share;
}

static void tell_pass(
    const struct agreement *agreement, uint64_t depth_max, assay_findings *findings)
{
    uint64_t last_final = final_height_max(agreement);
    uint64_t highest = tip_of(agreement, 1)->status.height;
    uint64_t lowest = tip_of(agreement, 0)->status.height;
    char basis[96];

    if (!highest) {
        assay_find(findings, ASSAY_VACUOUS,
            "no node has a block beyond genesis: there is nothing to agree on");
        return;
    }
    (void)snprintf(basis, sizeof(basis), "the same final blocks up to height %llu",
        (unsigned long long)last_final);
    if (!last_final)
        (void)snprintf(basis, sizeof(basis), "no block is final yet, chains compared as they are");
    assay_find(findings, ASSAY_PASS,
        "%u nodes: %s; tips at %llu to %llu, bound %lld apart; deepest fork %llu, bound %llu",
        agreement->seen_count, basis, (unsigned long long)lowest, (unsigned long long)highest,
        (long long)agreement->options->spread_max, (unsigned long long)depth_max,
        (unsigned long long)agreement->fork_depth_max);
}

static assay_status judge_all(
    const struct agreement *agreement, assay_findings *findings, double *coverage)
{
    struct evidence evidence = {0, 0};
    uint64_t depth_max = 0;
    assay_status s = judge_final(agreement, &evidence, findings);

    if (!s)
        s = judge_kept_final(agreement, findings);
    judge_seen(agreement, findings);
    if (!s && agreement->seen_count) {
        judge_spread(agreement, findings);
        s = judge_forks(agreement, &depth_max, findings);
    }
    *coverage = judge_coverage(agreement, evidence, findings);
    if (!s && !findings->gravity)
        tell_pass(agreement, depth_max, findings);
    return s;
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    struct agreement *agreement = self;
    assay_ns judged_at = agreement->clock->now(agreement->host);
    assay_findings findings = {0};
    double coverage = 0;
    assay_status s;

    if (agreement->count < 2)
        return assay_verdict_f(out, ASSAY_VACUOUS, 1,
            "there is nothing to compare: the network has %u node%s", agreement->count,
            agreement->count == 1 ? "" : "s");
    s = assay_await_look(agreement->host, task, judged_at + agreement->options->patience);
    if (!s)
        s = look_at_all(agreement, judged_at);
    if (!s)
        s = judge_all(agreement, &findings, &coverage);
    return s ? s : assay_conclude(&findings, coverage, out);
}

static const assay_option options[] = {
    ASSAY_OPTION_INT(struct agreement_options, fork_depth_max, "0", "0..",
        "Blocks from the highest tip back to where chains part; 0: the depth at which the system "
        "calls blocks final."),
    ASSAY_OPTION_INT(struct agreement_options, spread_max, "5", "0..",
        "Heights between the lowest and the highest tip."),
    ASSAY_OPTION_INT(struct agreement_options, allow_unreachable, "0", "0..",
        "Nodes that may be unobservable at the judgement; the others are compared."),
    ASSAY_OPTION_REAL(struct agreement_options, min_coverage, "0.9", "0..1",
        "Share of the blocks to compare that must be known for a verdict."),
    ASSAY_OPTION_SPAN(struct agreement_options, patience, "10s", "0s..10m",
        "How long the judgement waits for a node that does not answer at the moment."),
};
static const char *const needs[] = {ASSAY_CLOCK, ASSAY_NODES, ASSAY_BLOCKS, ASSAY_RUN, NULL};

ASSAY_PLUGIN(agreement, ASSAY_EXPECTATION, "assay.agreement", "0.1.0",
    "All nodes hold the same chain", ASSAY_OPTIONS(struct agreement_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .judge = judge);
ASSAY_LIBRARY("assay-agreement", "0.1.0", "Apache-2.0", &agreement);
