#include "framework/config/manifest_tables.h"

#include "framework/base/number.h"
#include "framework/config/manifest.h"

/* The struct has raw texts for what a type cannot express: "random" and "auto". */
#define RUN(field)      offsetof(struct run_options, field)
#define TOPOLOGY(field) offsetof(struct topology_options, field)
#define WALLET(field)   offsetof(struct wallet_options, field)

static const assay_option run_options[] = {
    {"name", ASSAY_TEXT, 0, RUN(name), NULL, NULL,
        "Name of the scenario in reports; the manifest's file name without .ini if not given."},
    {"duration", ASSAY_SPAN, 0, RUN(duration), "60s", "1ms..30d",
        "Length of the window in which workloads run; raised to two block intervals if shorter."},
    {"seed", ASSAY_TEXT, 0, RUN(seed_text), "random", NULL,
        "Whole number that decides all that chance decides, or random to draw one; it is printed "
        "either way, and the same manifest with the same seed makes the same plan."},
    {"cooldown", ASSAY_TEXT, 0, RUN(cooldown_text), "auto", NULL,
        "Time after the window in which workloads still run down, or auto: five block intervals "
        "or as many as a block needs to be final, and at least 30s with node control."},
    {"settle", ASSAY_TEXT, 0, RUN(settle_text), "auto", NULL,
        "Quiet time between the end of the workloads and the judgement, or auto: one block "
        "interval, at least 2s."},
    {"grace", ASSAY_SPAN, 0, RUN(grace), "5s", "0s..10m",
        "Time that a cancelled operation of a plugin has to return before the run goes on without "
        "it."},
    {"operation_limit", ASSAY_SPAN, 0, RUN(operation_limit), "2m", "1s..1d",
        "Time that one plugin has to prepare, to judge or to finish."},
    {"keep", ASSAY_CHOICE, 0, RUN(keep), "failed", "never|failed|always",
        "Which runs leave the directories of their nodes behind; NOMOS_TESTS_KEEP_LOGS in the "
        "environment means always."},
    {"node_control", ASSAY_BOOL, 0, RUN(node_control), "no", NULL,
        "Whether workloads may do harm to nodes: stop, restart, cut off."},
};

static const assay_option topology_options[] = {
    {"validators", ASSAY_INT, 0, TOPOLOGY(validators), "1", "0..10000",
        "Number of validators, named validator-0 and on."},
    {"executors", ASSAY_INT, 0, TOPOLOGY(executors), "0", "0..10000",
        "Number of executors, named executor-0 and on."},
    {"nodes", ASSAY_INT, 0, TOPOLOGY(nodes), "0", "0..10000",
        "Number of nodes, named node-0 and on, of a system with one kind of node: instead of "
        "validators and executors."},
    {"layout", ASSAY_CHOICE, 0, TOPOLOGY(layout), "star", "star|chain|full",
        "Who dials whom: star, everybody the first node; chain, each the one before it; full, each "
        "all before it."},
};

static const assay_option wallet_options[] = {
    {"count", ASSAY_INT, 0, WALLET(count), "0", "0..1000000",
        "Number of accounts that have funds from the first block on."},
    {"funds", ASSAY_INT, 0, WALLET(funds), "100", "1..1000000000",
        "Funds of each account, in the network's smallest unit."},
};

#define SCHEMA(table, type)                                                                        \
    {                                                                                              \
        .options = (table), .stride = sizeof(assay_option), .count = ARRAY_COUNT(table),           \
        .struct_size = sizeof(type)                                                                \
    }

const struct schema manifest_run_schema = SCHEMA(run_options, struct run_options);
const struct schema manifest_topology_schema = SCHEMA(topology_options, struct topology_options);
const struct schema manifest_wallet_schema = SCHEMA(wallet_options, struct wallet_options);
