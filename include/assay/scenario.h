/* assay/scenario.h - build and run a scenario from a C or C++ program (libassay).
 *
 * A scenario says which nodes to start, what to do to them and what must hold. This builder and
 * an INI manifest end in the same plan: whatever is built here can be written as a manifest, and
 * a manifest can be read and built upon. C11 to C23 and C++14 to C++20.
 *
 *     assay_scenario *s = assay_scenario_new("smoke");
 *     assay_scenario_topology(s, ASSAY_STAR, 3, 2);          3 validators, 2 executors
 *     assay_scenario_wallets(s, 50);
 *     assay_scenario_transactions(s, 5, 20);                 rate 5, 20 users
 *     assay_scenario_expect_consensus_liveness(s);
 *     assay_scenario_run_duration(s, 90 * ASSAY_SECOND);
 *     assay_run_result result = {sizeof result};
 *     if (assay_scenario_build(s) || assay_scenario_run(s, NULL, &result))
 *         fputs(assay_scenario_problems(s), stderr);
 *     assay_scenario_free(s);
 *     return result.exit_code;
 *
 * Errors stick. No call but build reports one: each problem is kept with the name of the call,
 * and assay_scenario_build shows them all together, as a manifest's problems are shown with file
 * and line. Out of memory sticks likewise. Every function accepts NULL for the scenario and does
 * nothing then, so the result of assay_scenario_new needs no check of its own: build refuses.
 *
 * A later call for the same thing replaces the earlier one. Strings are copied. A scenario
 * belongs to one thread at a time; different scenarios are independent.
 *
 * Options are those of the plugins: `assay plugins describe <id>` lists them with their units.
 */
#ifndef ASSAY_SCENARIO_H
#define ASSAY_SCENARIO_H

#include <assay/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ASSAY_SENTINEL __attribute__((sentinel))
#else
#define ASSAY_SENTINEL
#endif

typedef struct assay_scenario assay_scenario;

/* name: for reports; letters, digits and "._-", at most 48 bytes. NULL: "scenario". NULL is
 * returned when there is no memory. */
ASSAY_EXPORT assay_scenario *assay_scenario_new(const char *name);
ASSAY_EXPORT void assay_scenario_free(assay_scenario *s);

/* Starts from a manifest instead. Problems in it are reported by build. */
ASSAY_EXPORT assay_scenario *assay_scenario_read(const char *path);

/* ---- the network ---- */

/* Who dials whom. Nodes are counted validators first. */
enum {
    ASSAY_STAR = 0,  /* everybody dials node 0 */
    ASSAY_CHAIN = 1, /* each dials the one before it */
    ASSAY_FULL = 2   /* each dials all before it */
};
ASSAY_EXPORT void assay_scenario_topology(
    assay_scenario *s, uint32_t layout, uint32_t validators, uint32_t executors);

/* The same for a system with one kind of node: `count` of them, named "node-0" and on. */
ASSAY_EXPORT void assay_scenario_nodes(assay_scenario *s, uint32_t layout, uint32_t count);

/* One node's own settings: pairs of key and value, NULL at the end. The node is named by role and
 * number, "validator-0"; the keys are the system's node options.
 *     assay_scenario_node(s, "executor-1", "misbehave", "stop-proposing", NULL); */
ASSAY_EXPORT void assay_scenario_node(assay_scenario *s, const char *node, ...) ASSAY_SENTINEL;

/* So many funded accounts, 100 units each. */
ASSAY_EXPORT void assay_scenario_wallets(assay_scenario *s, uint32_t count);

/* Whether nodes count as ready only when they know the members of data availability and are
 * connected to some of them ([system.nomos] membership_check); non-zero: yes. */
ASSAY_EXPORT void assay_scenario_membership_check(assay_scenario *s, uint32_t is_wanted);

/* ---- what is done to it ---- */

/* Signed transfers: `rate` per block, from `users` of the accounts. Also expects them to be
 * included ([workload.transactions] and [expectation.transaction_inclusion]). rate and users must
 * not be 0, and users not more than the accounts. */
ASSAY_EXPORT void assay_scenario_transactions(assay_scenario *s, uint32_t rate, uint32_t users);

/* Data availability: `channel_rate` channels with `blob_rate` blobs a block, and `headroom_percent`
 * more channels than that (20 is customary). Also expects them on the chain ([workload.da] and
 * [expectation.da_inclusion]). The rates must not be 0; needs an executor. */
ASSAY_EXPORT void assay_scenario_da(
    assay_scenario *s, uint32_t channel_rate, uint32_t blob_rate, uint32_t headroom_percent);

/* Restarts nodes at random: after a pause between `pause_min` and `pause_max` one that has not been
 * restarted for `cooldown`. Also expects them to catch up with the others ([workload.chaos] and
 * [expectation.recovery]). Needs assay_scenario_enable_node_control. A span left 0 takes the
 * default given beside it; with both groups 0, both are restarted. NULL: all defaults. */
typedef struct assay_chaos {
    size_t struct_size;
    assay_ns pause_min;  /* 10 s */
    assay_ns pause_max;  /* 30 s; not below pause_min */
    assay_ns cooldown;   /* 60 s; not below pause_min */
    uint32_t validators; /* non-zero: restart validators, unless there is only one */
    uint32_t executors;  /* non-zero: restart executors */
} assay_chaos;
ASSAY_EXPORT void assay_scenario_chaos_restart(assay_scenario *s, const assay_chaos *chaos);

/* Allows faults on nodes; refused at build when the deployer cannot do them. */
ASSAY_EXPORT void assay_scenario_enable_node_control(assay_scenario *s);

/* ---- what must hold ---- */

/* Blocks keep coming on every node ([expectation.consensus_liveness]). */
ASSAY_EXPORT void assay_scenario_expect_consensus_liveness(assay_scenario *s);

/* ---- how it is run ---- */

ASSAY_EXPORT void assay_scenario_run_duration(assay_scenario *s, assay_ns duration);

/* Without it the seed is drawn at random; it is printed and in the report either way. */
ASSAY_EXPORT void assay_scenario_seed(assay_scenario *s, uint64_t seed);

/* ---- anything else ---- */

/* A section as a manifest has it: pairs of key and value, NULL at the end. Adds to the section
 * when it is there already. The way to plugins that this header does not know:
 *     assay_scenario_section(s, "workload.burst", "plugin", "acme.tx-burst", "rate", "50", NULL);
 *     assay_scenario_section(s, "deployer.local", "patience", "2m", NULL); */
ASSAY_EXPORT void assay_scenario_section(
    assay_scenario *s, const char *section, ...) ASSAY_SENTINEL;

/* One value of a section, for programs that compute the key. */
ASSAY_EXPORT void assay_scenario_set(
    assay_scenario *s, const char *section, const char *key, const char *value);

/* "section.key=value", as the command line's --set takes it. */
ASSAY_EXPORT void assay_scenario_override(assay_scenario *s, const char *assignment);

/* ---- ending ---- */

/* Checks everything that can be checked without loading plugins. ASSAY_E_INVALID: there are
 * problems. May be called again after further calls. What only a plugin's option table can tell is
 * checked by assay_scenario_run, before anything is started. */
ASSAY_EXPORT assay_status assay_scenario_build(assay_scenario *s);

/* All problems of the last build or run, one per line; "" when there are none. Valid until the
 * next call for this scenario. Never NULL. */
ASSAY_EXPORT const char *assay_scenario_problems(const assay_scenario *s);

/* The scenario as a manifest that reads back to the same plan; valid as above. "" before a
 * successful build. Never NULL. */
ASSAY_EXPORT const char *assay_scenario_manifest(assay_scenario *s);

enum {
    ASSAY_RUN_QUIET = 1, /* no progress; the verdict is still written */
    ASSAY_RUN_ALLOW_UNTRUSTED =
        2 /* load plugins from directories others can write; in the report */
};
typedef struct assay_run_options {
    size_t struct_size;
    const char *directory;                 /* where run directories are made; NULL: "runs" */
    const char *const *plugin_directories; /* searched first, NULL at the end; or NULL */
    uint32_t flags, reserved;              /* ASSAY_RUN_... */
} assay_run_options;

typedef struct assay_run_result {
    size_t struct_size;
    /* What a program should exit with: 0 all passed, 1 an expectation failed, 2 the scenario is not
     * valid, 3 deployment failed, 4 undecided or vacuous, 5 a plugin crashed or broke its contract,
     * 129, 130 and 143 interrupted by SIGHUP, SIGINT and SIGTERM. */
    int32_t exit_code;
    uint32_t outcome;     /* ASSAY_PASS, _FAIL, _UNDECIDED, _VACUOUS; 0: there was no verdict */
    char directory[1024]; /* the run directory; "" when none was made */
    char reason[1024];    /* one line: why the outcome is what it is, or why there is no verdict; ""
                          when nothing was started */
    /* Non-zero: not all of the run could be cleared away, whatever the verdict. `assay clean` tries
     * again, and says what it is. Unless it is quiet, the run has said so on standard error. */
    uint32_t has_leftovers, reserved;
} assay_run_result;

/* Deploys, runs, judges and cleans up; returns when all of it is over and nothing is left running.
 * ASSAY_OK: there is a result, whatever the verdict. Otherwise nothing was started, the problems
 * say why, and exit_code is set all the same. options may be NULL. One run at a time in a
 * process. */
ASSAY_EXPORT assay_status assay_scenario_run(
    assay_scenario *s, const assay_run_options *options, assay_run_result *result);

#ifdef __cplusplus
}
#endif
#endif
