/* Proofs for the genesis by programs: shell scripts here, which do as told. What a real proof looks like
   and what is refused of it: test_nomos_zksign.c. */
#include "cfgsync_world.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cfgsync/circuits.h"
#include "nomos/keys.h"
#include "nomos/zksign.h"

#define NODES 3

#define PROOF                                                                                      \
    "{\"pi_a\":[\"1\",\"2\",\"1\"],\"pi_b\":[["                                                    \
    "\"10857046999023057135944570762232829481370756359578"                                         \
    "518086990519993285655852781\",\"11559732032986387107991004021392285783925812861821192530917"  \
    "403151452391805634\"],[\"849565392312343141760497324748927243841819058726360014877028064930"  \
    "6958101930\",\"40823678758634336813322034031454355683168513275934012081057410762141200935"    \
    "31\"],[\"1\",\"0\"]],\"pi_c\":[\"1\",\"2\",\"1\"],\"protocol\":\"groth16\"}"

struct world {
    char root[128];
    struct circuits circuits;
    char directory[160], scratch[160];
    struct wire wire;
    struct genesis_node nodes[NODES];
    struct note account;
    struct genesis_spec spec;
    struct signed_tx genesis;
    struct genesis_signing signing;
};

static void write_file(const struct world *w, const char *name, const char *text, mode_t mode)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", w->root, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* The public inputs of every declaration, as files of the circuits' directory named after the first
   secret key, which the scripts find them by. */
static void write_publics(struct world *w)
{
    const struct fr padding = zk_public_key(&w->wire, &fr_zero);

    for (size_t i = 0; i < genesis_declaration_count(&w->spec); i++) {
        struct genesis_agreement agreement;
        char name[160], decimal[FR_DECIMAL_SIZE];
        struct text text = {.bytes = NULL};

        genesis_agreement(&w->signing, i, &agreement);
        for (size_t k = 0; k < ZKSIGN_OWNERS_MAX; k++) {
            fr_to_decimal(k < 2 ? &agreement.owners[k] : &padding, decimal);
            text_add(&text, k ? ",\"" : "[\"");
            text_add(&text, decimal);
            text_add(&text, "\"");
        }
        fr_to_decimal(&agreement.statement.message, decimal);
        text_add(&text, ",\"");
        text_add(&text, decimal);
        text_add(&text, "\"]");
        fr_to_decimal(&agreement.secret_keys[0], decimal);
        (void)snprintf(name, sizeof(name), "circuits/public-%s", decimal);
        write_file(w, name, text.bytes, 0600);
        text_done(&text);
    }
}

/* Puts the key that names the public inputs into the witness. */
static const char generator[] =
    "#!/bin/sh\nset -e\n[ $# = 2 ]\n[ \"$(stat -c %a .)\" = 700 ]\n"
    "sed 's/.*secret_keys\":\\[\"\\([0-9]*\\)\".*/\\1/' \"$1\" > \"$2\"\n";
static const char prover[] =
    "#!/bin/sh\nset -e\n[ $# = 4 ]\ncd_=${1%/zksign/proving_key.zkey}\n[ -f \"$1\" ]\n"
    "echo '" PROOF
    "' > \"$3\"\ncp \"$cd_/public-$(cat \"$2\")\" \"$4\"\necho x >> \"$cd_/calls\"\n";

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const char *base = getenv("TMPDIR");
    char path[256];

    assert_non_null(w);
    assert_true(keys_init());
    (void)snprintf(
        w->root, sizeof(w->root), "%.80s/assay-test-circuits-XXXXXX", base ? base : "/tmp");
    assert_non_null(mkdtemp(w->root));
    (void)snprintf(w->directory, sizeof(w->directory), "%s/circuits", w->root);
    (void)snprintf(w->scratch, sizeof(w->scratch), "%s/scratch", w->root);
    write_file(w, "mark", "", 0600);
    assert_int_equal(mkdir(w->directory, 0700), 0);
    assert_int_equal(mkdir(w->scratch, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/zksign", w->directory);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(w, "circuits/zksign/witness_generator", generator, 0700);
    write_file(w, "circuits/zksign/proving_key.zkey", "key", 0600);
    write_file(w, "circuits/prover", prover, 0700);
    w->circuits = (struct circuits){.directory = w->directory,
        .scratch = w->scratch,
        .patience_ns = UINT64_C(120) * 1000000000,
        .processes_max = 3};
    wire_init(&w->wire, &wire_revision_2025_12);
    for (uint8_t i = 0; i < NODES; i++) {
        memset(w->nodes[i].seed.bytes, i + 1, 32);
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/1/quic-v1", &w->nodes[i].da_locator));
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/2/quic-v1", &w->nodes[i].blend_locator));
    }
    w->account = (struct note){.value = 1, .pk = fr_one};
    w->spec = (struct genesis_spec){
        .nodes = w->nodes, .node_count = NODES, .accounts = &w->account, .account_count = 1};
    assert_int_equal(genesis_begin(&w->wire, &w->spec, &w->genesis, NULL), NOMOS_OK);
    w->signing = (struct genesis_signing){&w->spec, &w->genesis, tx_hash(&w->wire, &w->genesis.tx)};
    write_publics(w);
    *state = w;
    return 0;
}

/* How many entries a directory has. */
static unsigned count_entries(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    unsigned count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    (void)closedir(directory);
    return count;
}

static void remove_entries(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(directory), entry->d_name, 0);
    }
    (void)closedir(directory);
}

static int teardown(void **state)
{
    struct world *w = *state;
    char path[256];

    assert_int_equal(count_entries(w->scratch), 0); /* nothing is left, whatever happened */
    (void)snprintf(path, sizeof(path), "%s/zksign", w->directory);
    remove_entries(path);
    assert_int_equal(rmdir(path), 0);
    remove_entries(w->directory);
    assert_int_equal(rmdir(w->directory), 0);
    assert_int_equal(rmdir(w->scratch), 0);
    remove_entries(w->root);
    assert_int_equal(rmdir(w->root), 0);
    signed_tx_done(&w->genesis);
    free(w);
    return 0;
}

static void assert_fails(struct world *w, const char *part)
{
    struct reason why = {""};

    assert_false(circuits_sign(&w->circuits, &w->wire, &w->signing, &why));
    if (!strstr(why.text, part))
        fail_msg("expected \"%s\" in \"%s\"", part, why.text);
}

static void every_declaration_is_proved(void **state)
{
    struct world *w = *state;
    struct reason why = {""};
    struct nomos_error err = {""};
    char path[256];
    struct stat status;

    if (!circuits_sign(&w->circuits, &w->wire, &w->signing, &why))
        fail_msg("%s", why.text);
    if (genesis_verify(&w->wire, &zk_scheme_groth16_form, &w->genesis, &err) != NOMOS_OK)
        fail_msg("%s", err.text);
    (void)snprintf(path, sizeof(path), "%s/calls", w->directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 2 * (2 * NODES)); /* a line for each */
}

static void one_process_at_a_time_does_as_well(void **state)
{
    struct world *w = *state;
    struct reason why = {""};

    w->circuits.processes_max = 1;
    if (!circuits_sign(&w->circuits, &w->wire, &w->signing, &why))
        fail_msg("%s", why.text);
}

static void a_program_that_fails_is_quoted(void **state)
{
    struct world *w = *state;

    write_file(w, "circuits/prover", "#!/bin/sh\necho 'no\tmemory'\nexit 7\n", 0700);
    assert_fails(w, "prover ended with exit code 7: no memory");
    write_file(w, "circuits/prover", "#!/bin/sh\nexit 8\n", 0700);
    assert_fails(w, "prover ended with exit code 8: it said nothing");
    write_file(w, "circuits/zksign/witness_generator", "#!/bin/sh\nkill -SEGV $$\n", 0700);
    assert_fails(w, "zksign/witness_generator ended with signal 11");
}

static void a_program_that_is_missing_is_named(void **state)
{
    struct world *w = *state;
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/prover", w->directory);
    assert_int_equal(chmod(path, 0600), 0);
    assert_fails(w, "/circuits/prover cannot be run");
    write_file(w, "circuits/prover", prover, 0700);
}

static void a_program_that_hangs_is_killed_with_what_it_started(void **state)
{
    struct world *w = *state;

    w->circuits.patience_ns = UINT64_C(1000000000);
    write_file(w, "circuits/prover", "#!/bin/sh\nsleep 1000\n", 0700);
    assert_fails(w, "a program was not done within 1 s");
}

static void what_is_no_proof_is_refused(void **state)
{
    struct world *w = *state;

    write_file(w, "circuits/prover", "#!/bin/sh\necho nonsense > \"$3\"\necho [] > \"$4\"\n", 0700);
    assert_fails(w, "what the prover wrote is no proof: not JSON");
    write_file(w, "circuits/prover", "#!/bin/sh\ntrue\n", 0700);
    assert_fails(w, "its proof.json is empty");
    write_file(
        w, "circuits/prover", "#!/bin/sh\necho '" PROOF "' > \"$3\"\necho [] > \"$4\"\n", 0700);
    assert_fails(w, "the prover proved something else");
    write_file(w, "circuits/prover", "#!/bin/sh\necho '" PROOF "' > \"$3\"\n", 0700);
    assert_fails(w, "its public.json is empty");
}

static volatile sig_atomic_t stops;

static void on_stop(int signal_number)
{
    (void)signal_number;
    stops++;
}

static void a_signal_ends_the_programs_before_this_one(void **state)
{
    struct world *w = *state;
    struct sigaction action = {.sa_handler = on_stop}, before;

    stops = 0;
    assert_int_equal(sigaction(SIGTERM, &action, &before), 0);
    write_file(w, "circuits/prover", "#!/bin/sh\nkill -TERM $PPID\nsleep 1000\n", 0700);
    assert_fails(w, "a signal asked to stop");
    assert_int_equal(stops, 1);
    assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
}

static void a_program_gets_signals_as_usual(void **state)
{
    struct world *w = *state;
    struct reason why = {""};
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);

    /* In the bit masks: none blocked, SIGPIPE (bit 12) not ignored. */
    write_file(w, "circuits/zksign/witness_generator",
        "#!/bin/sh\nset -e\ngrep -q '^SigBlk:.0*$' /proc/self/status\n"
        "grep -q '^SigIgn:.*[0-9a-f][02468ace][0-9a-f][0-9a-f][0-9a-f]$' /proc/self/status\n"
        "sed 's/.*secret_keys\":\\[\"\\([0-9]*\\)\".*/\\1/' \"$1\" > \"$2\"\n",
        0700);
    if (!circuits_sign(&w->circuits, &w->wire, &w->signing, &why))
        fail_msg("%s", why.text);
    (void)signal(SIGPIPE, before);
}

static void without_room_for_files_it_says_where(void **state)
{
    struct world *w = *state;

    w->circuits.scratch = "/nowhere/at/all";
    assert_fails(w, "/nowhere/at/all");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_declaration_is_proved),
        TEST(one_process_at_a_time_does_as_well),
        TEST(a_program_that_fails_is_quoted),
        TEST(a_program_that_is_missing_is_named),
        TEST(a_program_that_hangs_is_killed_with_what_it_started),
        TEST(what_is_no_proof_is_refused),
        TEST(a_signal_ends_the_programs_before_this_one),
        TEST(a_program_gets_signals_as_usual),
        TEST(without_room_for_files_it_says_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
