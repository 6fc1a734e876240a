/* Networks whose genesis and transfers carry proofs of outside programs, made by a stand-in for those
   (circuits.c), on real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/scenarios/support.h"

static const char manifest[] = "[run]\nname = proofs\nduration = 4s\ncooldown = 3s\nseed = 5\n"
                               "[topology]\nvalidators = 2\nexecutors = 1\n"
                               "[wallets]\ncount = 12\n"
                               "[system.nomos]\nslot = 300ms\n"
                               "[deployer.local]\n"
                               "[workload.transactions]\nrate = 1\nusers = 8\n"
                               "[expectation.transaction_inclusion]\n";

/* Executors prove the transactions of blobs themselves: as development nodes by form alone. What real
   ones make of blobs cannot be checked, so nothing is read back. */
static const char data_availability[] =
    "[workload.da]\npatience = 4s\n"
    "[expectation.da_inclusion]\nmin_blobs = 0.02\nsamples = 0\n";

/* 2 declarations for each of 3 nodes. */
#define DECLARATIONS 6

/* ---- the circuits ---- */

static char circuits_assignment[STAGE_PATH_SIZE], cache_assignment[STAGE_PATH_SIZE],
    log_assignment[STAGE_PATH_SIZE];

static void link_to(const struct stage *stage, const char *program, const char *name)
{
    char target[STAGE_PATH_SIZE];

    (void)snprintf(target, sizeof(target), "%s/%s", ASSAY_BUILD_DIR, program);
    assert_int_equal(symlink(target, stage_path(stage, name)), 0);
}

static int setup(void **state)
{
    struct stage *stage;

    if (stage_open(state))
        return -1;
    stage = *state;
    assert_int_equal(mkdir(stage_path(stage, "circuits"), 0700), 0);
    assert_int_equal(mkdir(stage_path(stage, "circuits/zksign"), 0700), 0);
    link_to(stage, "tests/circuits_standin", "circuits/prover");
    link_to(stage, "tests/circuits_standin", "circuits/zksign/witness_generator");
    stage_write(stage, "circuits/zksign/proving_key.zkey", "zkey");
    stage_write(stage, "circuits/zksign/verification_key.json", "{}");
    (void)snprintf(circuits_assignment, sizeof(circuits_assignment), "NOMOS_CIRCUITS=%s",
        stage_path(stage, "circuits"));
    (void)snprintf(cache_assignment, sizeof(cache_assignment), "XDG_CACHE_HOME=%s",
        stage_path(stage, "cache"));
    (void)snprintf(
        log_assignment, sizeof(log_assignment), "CIRCUITS_LOG=%s", stage_path(stage, "calls"));
    stage_setenv(stage, circuits_assignment);
    stage_setenv(stage, cache_assignment);
    stage_setenv(stage, log_assignment);
    stage_manifest(stage, manifest);
    return 0;
}

/* Calls of the prover so far. */
static unsigned proved(const struct stage *stage)
{
    FILE *file = fopen(stage_path(stage, "calls"), "re");
    char line[32];
    unsigned count = 0;

    while (file && fgets(line, sizeof(line), file))
        count += strcmp(line, "prove\n") == 0;
    if (file)
        (void)fclose(file);
    return count;
}

#define GROTH16 "--set", "system.nomos.proofs=groth16"

/* ---- tests ---- */

static void a_network_runs_on_proofs_made_outside(void **state)
{
    struct stage *stage = *state;
    unsigned first;
    char *summary;

    assert_exit(stage, stage_run(stage, (const char *const[]){GROTH16, NULL}), 0);
    assert_judged(stage, "transaction_inclusion", "pass");
    first = proved(stage);
    assert_true(first > DECLARATIONS);
    summary = stage_read(stage, "summary.txt");
    assert_has(summary, "Genesis and transfers carry Groth16 proofs, made by the programs in");
    assert_has(summary, "development nodes check their form alone");
    free(summary);
    assert_int_not_equal(access(stage_path(stage, "run/scratch"), F_OK), 0);
    stage_await_nobody(stage);
}

/* The same seed makes the same notes and so the same transfers. A declaration is made for the node's
   addresses, and those are new in each run. */
static void what_was_proved_once_is_not_proved_again(void **state)
{
    struct stage *stage = *state;
    unsigned first, second;

    assert_exit(stage, stage_run(stage, (const char *const[]){GROTH16, NULL}), 0);
    first = proved(stage);
    stage_next(stage);
    assert_exit(stage, stage_run(stage, (const char *const[]){GROTH16, NULL}), 0);
    second = proved(stage) - first;
    assert_true(second >= DECLARATIONS);
    assert_true(second < first);
    stage_await_nobody(stage);
}

static void expect_failure(struct stage *stage, const char *fault, const char *why)
{
    const char *words[] = {GROTH16, "--set", "system.nomos.proof_patience=4s", NULL};

    stage_setenv(stage, fault);
    assert_exit(stage, stage_run(stage, words), 3);
    assert_has(stage->out, "a declaration of the genesis transaction cannot be proved:");
    assert_has(stage->out, why);
    assert_int_not_equal(access(stage_path(stage, "run/scratch"), F_OK), 0);
    stage_await_nobody(stage);
}

static void a_prover_that_fails_is_quoted(void **state)
{
    expect_failure(*state, "CIRCUITS_FAULT=fail",
        "/circuits/prover ended with exit code 1: stand-in: no memory for the proof");
}

static void a_prover_that_hangs_is_killed_and_named(void **state)
{
    expect_failure(
        *state, "CIRCUITS_FAULT=hang", " was not done within proof_patience; raise that");
}

static void a_prover_that_prints_garbage_is_not_believed(void **state)
{
    expect_failure(*state, "CIRCUITS_FAULT=garbage",
        "wrote into proof.json is not what it should be: not JSON");
}

static void a_prover_that_writes_nothing_is_named(void **state)
{
    expect_failure(*state, "CIRCUITS_FAULT=mute", "its proof.json is missing or too long");
}

static void without_circuits_groth16_is_refused_before_anything_starts(void **state)
{
    struct stage *stage = *state;

    stage->env[0] = "NOMOS_CIRCUITS=/nowhere"; /* instead of the stand-ins */
    assert_exit(stage, stage_run(stage, (const char *const[]){GROTH16, NULL}), 3);
    assert_has(stage->out, "no circuits: /nowhere, which NOMOS_CIRCUITS names, is no directory");
    assert_has(stage->out, "scripts/setup-nomos-circuits.sh");
    assert_int_equal(proved(stage), 0);
}

/* Under other names the development node is a real one for all that assay knows. */
static void real_nodes_get_real_proofs_by_themselves(void **state)
{
    static char node[STAGE_PATH_SIZE], executor[STAGE_PATH_SIZE], kzg[STAGE_PATH_SIZE];
    char with_data[sizeof(manifest) + sizeof(data_availability)];
    struct stage *stage = *state;
    char *summary, *yaml;

    if (!HAS_DA)
        skip(); /* real nodes have it, so they are refused */
    (void)snprintf(with_data, sizeof(with_data), "%s%s", manifest, data_availability);
    stage_manifest(stage, with_data);
    link_to(stage, "bin/nomos-devnode", "nomos-node");
    link_to(stage, "bin/nomos-devnode", "nomos-executor");
    stage_write(stage, "kzgrs_test_params", "parameters");
    (void)snprintf(node, sizeof(node), "NOMOS_NODE_BIN=%s", stage_path(stage, "nomos-node"));
    (void)snprintf(
        executor, sizeof(executor), "NOMOS_EXECUTOR_BIN=%s", stage_path(stage, "nomos-executor"));
    (void)snprintf(kzg, sizeof(kzg), "NOMOS_KZGRS_PARAMS_PATH=%s", stage->root);
    stage_setenv(stage, node);
    stage_setenv(stage, executor);
    stage_setenv(stage, kzg);
    stage_setenv(stage, "POL_PROOF_DEV_MODE=true");
    stage_setenv(stage, "NOMOS_DEVNODE_PROOFS=groth16");

    assert_exit(stage, stage_run(stage, NULL), 0);
    assert_judged(stage, "transaction_inclusion", "pass");
    assert_judged(stage, "da_inclusion", "pass");
    assert_true(proved(stage) > DECLARATIONS);
    summary = stage_read(stage, "summary.txt");
    assert_has(summary, "Groth16 proofs, made by the programs in");
    assert_lacks(summary, "development node");
    free(summary);
    yaml = stage_read(stage, "nodes/executor-0/executor.yaml");
    assert_has(yaml, "/kzgrs_test_params\"");
    assert_has(yaml, "!ZkAndEd25519Sigs");
    free(yaml);
    stage_await_nobody(stage);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_network_runs_on_proofs_made_outside),
        TEST(what_was_proved_once_is_not_proved_again),
        TEST(a_prover_that_fails_is_quoted),
        TEST(a_prover_that_hangs_is_killed_and_named),
        TEST(a_prover_that_prints_garbage_is_not_believed),
        TEST(a_prover_that_writes_nothing_is_named),
        TEST(without_circuits_groth16_is_refused_before_anything_starts),
        TEST(real_nodes_get_real_proofs_by_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
