/* Proofs by outside programs: what they are given, what is taken from them, what is kept, and what is
   said when they fail. In a real host; the programs are functions of this test. */
#include "tests/unit/host_fixture.h"

#include <stdatomic.h>

#include <json-c/json.h>

#include "nomos/zksign.h"
#include "plugins/systems/nomos/prover.h"

#define CIRCUITS "/opt/circuits"

/* 5 G1, 11 G2, -9 G1. */
#define PI_A                                                                                       \
    "[\"10744596414106452074759370245733544594153395043370666422502510773307029471145\","          \
    "\"848677436511517736191562425154572367705380862894644942948681172815252343932\",\"1\"]"
#define PI_B                                                                                       \
    "[[\"8472151341754925747860535367990505955708751825377817860727104273184244800723\","          \
    "\"15624790064206502667756020446826209080711344272800176518784649088946231692936\"],"          \
    "[\"1196137947243150610106053819405501111182787323156221967342356892090037828244\","           \
    "\"19488077321171448217727198730828487286865984357780136663388739985720647978898\"],"          \
    "[\"1\",\"0\"]]"
#define PI_C                                                                                       \
    "[\"1624070059937464756887933993293429854168590106605707304006200119738501412969\","           \
    "\"18618913321234062147203172888436554457094375499307366159911936496838155747247\",\"1\"]"
static const char good_proof[] = "{\"pi_a\":" PI_A ",\"pi_b\":" PI_B ",\"pi_c\":" PI_C
                                 ",\"protocol\":\"groth16\",\"curve\":\"bn128\"}\0\0\0";

enum {
    NODES = 2,
    KEPT_MAX = 64,
    SCRATCHES_MAX = 64
};

struct assay_scratch {
    char input[16384]; /* input.json */
    bool is_open, has_witness, has_proof;
};

struct kept {
    char key[200];
    uint8_t bytes[256];
    size_t size;
};

/* How the programs behave. */
enum fault {
    FAULT_NONE,
    FAULT_GENERATOR_FAILS,
    FAULT_PROVER_FAILS,
    FAULT_PROVER_SILENT,
    FAULT_HANGS,
    FAULT_CANNOT_RUN,
    FAULT_NO_PROOF,
    FAULT_GARBAGE,
    FAULT_NO_POINT,
    FAULT_OTHER_PUBLIC,
    FAULT_NO_PUBLIC
};

struct world {
    struct fixture *fixture;
    struct nomos system;
    struct assay_scratch scratches[SCRATCHES_MAX];
    atomic_uint opened, closed, generated, proved;
    pthread_mutex_t lock; /* guards what follows: proofs are made side by side */
    struct kept kept[KEPT_MAX];
    unsigned kept_count;
    const char *verifying_key;
    atomic_int fault;
    unsigned fault_at; /* the nth proof (from 1) alone; 0: every one */
    assay_status keep_status, open_status, write_status;
    _Atomic assay_ns until; /* of the program that was started last */
};

static struct world *the_world; /* the table has no place for it */

static bool has_fault(enum fault fault)
{
    const unsigned nth = atomic_load(&the_world->generated);

    return atomic_load(&the_world->fault) == (int)fault &&
        (the_world->fault_at == 0 || nth == the_world->fault_at);
}

/* ---- the scripted host ---- */

static assay_status fake_open(const assay_host *host, assay_scratch **out)
{
    const unsigned nth = atomic_fetch_add(&the_world->opened, 1);

    (void)host;
    if (the_world->open_status)
        return the_world->open_status;
    assert_true(nth < SCRATCHES_MAX);
    the_world->scratches[nth] = (struct assay_scratch){.is_open = true};
    *out = &the_world->scratches[nth];
    return ASSAY_OK;
}

static void fake_close(assay_scratch *scratch)
{
    assert_true(scratch->is_open);
    scratch->is_open = false;
    atomic_fetch_add(&the_world->closed, 1);
}

static const char *fake_directory(const assay_scratch *scratch)
{
    static _Thread_local char path[64];

    (void)snprintf(path, sizeof(path), "/scratch/%td", scratch - the_world->scratches);
    return path;
}

static assay_status fake_write(
    const assay_host *host, const assay_scratch *scratch, const char *name, assay_bytes bytes)
{
    struct assay_scratch *own = &the_world->scratches[scratch - the_world->scratches];

    (void)host;
    assert_string_equal(name, "input.json");
    assert_true(bytes.size < sizeof(own->input));
    memcpy(own->input, bytes.data, bytes.size);
    own->input[bytes.size] = '\0';
    return the_world->write_status;
}

/* The public inputs as the circuit would compute them from what it was given. */
static void write_public(const struct assay_scratch *scratch, char *out, size_t size)
{
    struct json_object *input = json_tokener_parse(scratch->input);
    struct json_object *keys = json_object_object_get(input, "secret_keys");
    size_t used = 0;

    for (size_t i = 0; i < json_object_array_length(keys); i++) {
        struct fr secret, public_key;
        char decimal[FR_DECIMAL_SIZE];

        assert_true(
            fr_from_decimal(json_object_get_string(json_object_array_get_idx(keys, i)), &secret));
        public_key = zk_public_key(&the_world->system.wire, &secret);
        fr_to_decimal(&public_key, decimal);
        used += (size_t)snprintf(out + used, size - used, "%s\"%s\"", i ? "," : "[", decimal);
    }
    (void)snprintf(out + used, size - used, ",\"%s\"]",
        has_fault(FAULT_OTHER_PUBLIC)
            ? "7"
            : json_object_get_string(json_object_object_get(input, "msg")));
    json_object_put(input);
}

static assay_status fake_read(assay_task *task, const char *path, size_t max, assay_bytes *out)
{
    static _Thread_local char text[8192];
    unsigned nth = 0;
    char name[64] = "";

    (void)task;
    assert_int_equal(max, ZKSIGN_FILE_MAX);
    if (strcmp(path, CIRCUITS "/zksign/verification_key.json") == 0) {
        if (!the_world->verifying_key)
            return ASSAY_E_IO;
        *out = (assay_bytes){the_world->verifying_key, strlen(the_world->verifying_key)};
        return ASSAY_OK;
    }
    assert_int_equal(sscanf(path, "/scratch/%u/%63s", &nth, name), 2);
    assert_true(the_world->scratches[nth].has_proof);
    if (strcmp(name, "public.json") == 0) {
        if (has_fault(FAULT_NO_PUBLIC))
            return ASSAY_E_IO;
        write_public(&the_world->scratches[nth], text, sizeof(text));
        *out = (assay_bytes){text, strlen(text)};
        return ASSAY_OK;
    }
    assert_string_equal(name, "proof.json");
    if (has_fault(FAULT_NO_PROOF))
        return ASSAY_E_IO;
    *out = (assay_bytes){good_proof, sizeof(good_proof)};
    if (has_fault(FAULT_GARBAGE))
        *out = (assay_bytes){"Killed", 6};
    if (has_fault(FAULT_NO_POINT)) {
        (void)snprintf(text, sizeof(text),
            "{\"pi_a\":[\"1\",\"3\",\"1\"],\"pi_b\":" PI_B ",\"pi_c\":" PI_C
            ",\"protocol\":\"groth16\"}");
        *out = (assay_bytes){text, strlen(text)};
    }
    return ASSAY_OK;
}

static void assert_words(const char *const *argv, const char *const *expected)
{
    for (; *expected; argv++, expected++) {
        assert_non_null(*argv);
        assert_string_equal(*argv, *expected);
    }
    assert_null(*argv);
}

static assay_status fail_with(int32_t *exit_code, assay_bytes *output, const char *text)
{
    *exit_code = 9;
    *output = (assay_bytes){text, strlen(text)};
    return ASSAY_OK;
}

static assay_status fake_generate(
    struct assay_scratch *scratch, const char *const *argv, int32_t *exit_code, assay_bytes *output)
{
    static const char *const expected[] = {
        CIRCUITS "/zksign/witness_generator", "input.json", "witness.wtns", NULL};
    struct json_object *input = json_tokener_parse(scratch->input);

    assert_words(argv, expected);
    assert_non_null(input);
    assert_int_equal(json_object_array_length(json_object_object_get(input, "secret_keys")), 32);
    json_object_put(input);
    atomic_fetch_add(&the_world->generated, 1);
    if (has_fault(FAULT_GENERATOR_FAILS))
        return fail_with(exit_code, output, "assertion\nfailed\x01");
    scratch->has_witness = true;
    return ASSAY_OK;
}

static assay_status fake_run(assay_task *task, const assay_scratch *its, const char *const *argv,
    assay_ns until, int32_t *exit_code, assay_bytes *output)
{
    static const char *const expected[] = {CIRCUITS "/prover", CIRCUITS "/zksign/proving_key.zkey",
        "witness.wtns", "proof.json", "public.json", NULL};
    struct assay_scratch *scratch = &the_world->scratches[its - the_world->scratches];

    (void)task;
    atomic_store(&the_world->until, until);
    *exit_code = 0;
    *output = (assay_bytes){"", 0};
    if (!scratch->has_witness)
        return fake_generate(scratch, argv, exit_code, output);
    assert_words(argv, expected);
    if (has_fault(FAULT_HANGS))
        return ASSAY_E_TIMEOUT;
    if (has_fault(FAULT_CANNOT_RUN))
        return ASSAY_E_IO;
    if (has_fault(FAULT_PROVER_FAILS))
        return fail_with(exit_code, output, "out of memory");
    if (has_fault(FAULT_PROVER_SILENT))
        return fail_with(exit_code, output, "");
    atomic_fetch_add(&the_world->proved, 1);
    scratch->has_proof = true;
    return ASSAY_OK;
}

static assay_status fake_recall(
    const assay_host *host, const char *key, void *out, size_t size, size_t *out_size)
{
    assay_status s = ASSAY_E_NOTFOUND;

    assert_ptr_equal(host, the_world->system.host); /* whoever's task it is */
    (void)pthread_mutex_lock(&the_world->lock);
    for (unsigned i = 0; i < the_world->kept_count; i++) {
        const struct kept *kept = &the_world->kept[i];

        if (strcmp(kept->key, key) != 0)
            continue;
        assert_true(kept->size <= size);
        memcpy(out, kept->bytes, kept->size);
        *out_size = kept->size;
        s = ASSAY_OK;
    }
    (void)pthread_mutex_unlock(&the_world->lock);
    return s;
}

static assay_status fake_keep(const assay_host *host, const char *key, assay_bytes bytes)
{
    struct kept *kept = NULL;

    assert_ptr_equal(host, the_world->system.host);
    if (the_world->keep_status)
        return the_world->keep_status;
    (void)pthread_mutex_lock(&the_world->lock);
    assert_true(the_world->kept_count < KEPT_MAX);
    kept = &the_world->kept[the_world->kept_count++];
    (void)snprintf(kept->key, sizeof(kept->key), "%s", key);
    assert_true(bytes.size <= sizeof(kept->bytes));
    memcpy(kept->bytes, bytes.data, bytes.size);
    kept->size = bytes.size;
    (void)pthread_mutex_unlock(&the_world->lock);
    return ASSAY_OK;
}

static const assay_exec scripted_exec = {.struct_size = sizeof(assay_exec),
    .open = fake_open,
    .close = fake_close,
    .directory = fake_directory,
    .write = fake_write,
    .read = fake_read,
    .run = fake_run,
    .recall = fake_recall,
    .keep = fake_keep};

/* ---- the system ---- */

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct host_instance *instance;
    struct nomos *system;

    assert_non_null(w);
    the_world = w;
    system = &w->system;
    assert_true(keys_init());
    assert_int_equal(pthread_mutex_init(&w->lock, NULL), 0);
    assert_int_equal(pthread_mutex_init(&system->lock, NULL), 0);
    w->fixture = fixture_new(NODES);
    w->verifying_key = "{\"protocol\":\"groth16\"}";
    instance = fixture_instance(w->fixture, "system.nomos", ASSAY_SYSTEM);
    wire_init(&system->wire, &wire_revision_2025_12);
    system->host = host_instance_table(instance);
    system->clock = fixture_service(instance, ASSAY_CLOCK);
    system->tasks = fixture_service(instance, ASSAY_TASKS);
    system->exec = &scripted_exec;
    system->proofs = NOMOS_PROOFS_GROTH16;
    system->options.proof_patience = 600 * ASSAY_SECOND;
    (void)snprintf(system->assets.circuits, sizeof(system->assets.circuits), "%s", CIRCUITS);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    assert_int_equal(atomic_load(&w->opened), atomic_load(&w->closed));
    prover_done(&w->system);
    (void)pthread_mutex_destroy(&w->system.lock);
    (void)pthread_mutex_destroy(&w->lock);
    fixture_free(w->fixture);
    free(w);
    return 0;
}

static assay_status prepare_body(assay_task *task, void *arg)
{
    return prover_prepare(&((struct world *)arg)->system, task);
}

static struct host_operation_result prepare(struct world *w)
{
    return run_body(w->fixture->instances[0], prepare_body, w);
}

struct prove_call {
    struct world *world;
    struct fr secret_key;
    struct zk_proof proof;
};

static assay_status prove_body(assay_task *task, void *arg)
{
    struct prove_call *call = arg;
    struct nomos *system = &call->world->system;
    const struct fr owner = zk_public_key(&system->wire, &call->secret_key);
    const struct zk_statement statement = {fr_from_u64(99), &owner, 1};

    return prover_prove(system, task,
        &(const struct proof_wish){"a transfer", &statement, &call->secret_key}, &call->proof);
}

static struct host_operation_result prove(struct world *w, struct prove_call *call)
{
    *call = (struct prove_call){.world = w, .secret_key = wallet_secret_key(3)};
    return run_body(w->fixture->instances[0], prove_body, call);
}

static void assert_fails(struct world *w, enum fault fault, const char *why)
{
    struct prove_call call;
    struct host_operation_result result;

    atomic_store(&w->fault, (int)fault);
    result = prove(w, &call);
    assert_int_not_equal(result.status, ASSAY_OK);
    if (!strstr(result.why, why))
        fail_msg("expected \"%s\" in \"%s\"", why, result.why);
    assert_non_null(strstr(result.why, "a transfer"));
    assert_int_equal(w->kept_count, 0);
}

/* ---- tests ---- */

static void a_proof_comes_out_of_both_programs(void **state)
{
    struct world *w = *state;
    struct prove_call call;

    assert_int_equal(prepare(w).status, ASSAY_OK);
    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    assert_true(zksign_is_well_formed(&call.proof));
    assert_int_equal(atomic_load(&w->generated), 1);
    assert_int_equal(atomic_load(&w->proved), 1);
    assert_true(atomic_load(&w->until) >= 600 * ASSAY_SECOND);
}

static void a_proof_is_made_once(void **state)
{
    struct world *w = *state;
    struct prove_call first, second;

    assert_int_equal(prepare(w).status, ASSAY_OK);
    assert_int_equal(prove(w, &first).status, ASSAY_OK);
    assert_int_equal(prove(w, &second).status, ASSAY_OK);
    assert_int_equal(atomic_load(&w->proved), 1);
    assert_memory_equal(&first.proof, &second.proof, sizeof(first.proof));
}

static void other_circuits_make_it_again(void **state)
{
    struct world *w = *state;
    struct prove_call call;

    assert_int_equal(prepare(w).status, ASSAY_OK);
    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    w->verifying_key = "{\"protocol\":\"groth16\",\"version\":2}";
    assert_int_equal(prepare(w).status, ASSAY_OK);
    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    assert_int_equal(atomic_load(&w->proved), 2);
}

static void a_kept_proof_that_was_damaged_is_made_again(void **state)
{
    struct world *w = *state;
    struct prove_call call;

    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    for (size_t at = 0; at < w->kept[0].size; at += 31) {
        const unsigned before = atomic_load(&w->proved);

        w->kept_count = 1;
        w->kept[0].bytes[at] ^= 1;
        assert_int_equal(prove(w, &call).status, ASSAY_OK);
        assert_int_equal(atomic_load(&w->proved), before + 1);
        w->kept[0].bytes[at] ^= 1;
    }
    w->kept_count = 1;
    w->kept[0].size--;
    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    assert_true(w->kept_count == 2);
}

static void a_kept_proof_cannot_pass_for_another(void **state)
{
    struct world *w = *state;
    struct prove_call call;

    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    call.secret_key = wallet_secret_key(4);
    assert_int_equal(run_body(w->fixture->instances[0], prove_body, &call).status, ASSAY_OK);
    assert_int_equal(w->kept_count, 2);
    memcpy(w->kept[1].bytes, w->kept[0].bytes, w->kept[0].size);
    assert_int_equal(run_body(w->fixture->instances[0], prove_body, &call).status, ASSAY_OK);
    assert_int_equal(atomic_load(&w->proved), 3);
}

static void proofs_go_on_when_they_cannot_be_kept(void **state)
{
    struct world *w = *state;
    struct prove_call call;

    w->keep_status = ASSAY_E_IO;
    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    assert_int_equal(atomic_load(&w->proved), 2);
    assert_true(w->system.is_cache_lost);
}

static void a_program_that_fails_is_quoted(void **state)
{
    struct world *w = *state;

    assert_fails(w, FAULT_GENERATOR_FAILS,
        CIRCUITS "/zksign/witness_generator ended with exit code 9: assertion failed ");
    assert_fails(w, FAULT_PROVER_FAILS, CIRCUITS "/prover ended with exit code 9: out of memory");
    assert_fails(w, FAULT_PROVER_SILENT, "exit code 9 and said nothing");
    assert_fails(w, FAULT_CANNOT_RUN, CIRCUITS "/prover could not be run");
}

static void a_program_that_hangs_is_named_with_what_to_do(void **state)
{
    assert_fails(*state, FAULT_HANGS, "was not done within proof_patience; raise that");
}

static void what_the_prover_leaves_must_be_the_proof(void **state)
{
    struct world *w = *state;

    assert_fails(w, FAULT_NO_PROOF, "its proof.json is missing or too long");
    assert_fails(w, FAULT_GARBAGE, "wrote into proof.json is not what it should be: not JSON");
    assert_fails(w, FAULT_NO_POINT, "not a point of the curve");
    assert_fails(w, FAULT_NO_PUBLIC, "its public.json is missing or too long");
    assert_fails(w, FAULT_OTHER_PUBLIC, "are the circuits of another revision?");
}

static void a_host_that_has_no_directory_for_it_fails_the_proof(void **state)
{
    struct world *w = *state;
    struct prove_call call;

    w->open_status = ASSAY_E_IO;
    assert_int_equal(prove(w, &call).status, ASSAY_E_IO);
    atomic_store(&w->opened, 0);
    w->open_status = ASSAY_OK;
    w->write_status = ASSAY_E_IO;
    assert_int_equal(prove(w, &call).status, ASSAY_E_IO);
    assert_int_equal(atomic_load(&w->generated), 0);
}

static void development_proofs_take_no_programs(void **state)
{
    struct world *w = *state;
    struct prove_call call;

    w->system.proofs = NOMOS_PROOFS_DEVELOPMENT;
    assert_int_equal(prove(w, &call).status, ASSAY_OK);
    assert_int_equal(atomic_load(&w->opened), 0);
}

static void unreadable_circuits_are_named(void **state)
{
    struct world *w = *state;
    struct host_operation_result result;

    w->verifying_key = NULL;
    result = prepare(w);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why, CIRCUITS "/zksign/verification_key.json cannot be read"));
    assert_non_null(strstr(result.why, "scripts/setup-nomos-circuits.sh"));
    w->system.proofs = NOMOS_PROOFS_DEVELOPMENT;
    assert_int_equal(prepare(w).status, ASSAY_OK);
}

/* ---- genesis ---- */

struct genesis_world {
    struct world *world;
    struct genesis_node nodes[8];
    struct note account;
    struct genesis_spec spec;
    struct signed_tx genesis;
    struct genesis_signing signing;
};

static void begin_genesis(struct genesis_world *g, struct world *w, size_t nodes)
{
    *g = (struct genesis_world){.world = w, .account = {.value = 1, .pk = fr_one}};
    for (size_t i = 0; i < nodes; i++) {
        memset(g->nodes[i].seed.bytes, (int)i + 1, 32);
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/1/quic-v1", &g->nodes[i].da_locator));
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/2/quic-v1", &g->nodes[i].blend_locator));
    }
    g->spec = (struct genesis_spec){g->nodes, nodes, &g->account, 1, false};
    assert_int_equal(genesis_begin(&w->system.wire, &g->spec, &g->genesis, NULL), NOMOS_OK);
    g->signing =
        (struct genesis_signing){&g->spec, &g->genesis, tx_hash(&w->system.wire, &g->genesis.tx)};
}

static assay_status genesis_body(assay_task *task, void *arg)
{
    struct genesis_world *g = arg;

    return prover_sign_genesis(&g->world->system, task, &g->signing);
}

static void every_declaration_of_a_genesis_is_proved(void **state)
{
    struct world *w = *state;
    struct genesis_world g;
    struct nomos_error err = {""};

    begin_genesis(&g, w, 8);
    assert_int_equal(run_body(w->fixture->instances[0], genesis_body, &g).status, ASSAY_OK);
    assert_int_equal(atomic_load(&w->proved), 16);
    if (genesis_verify(&w->system.wire, &zk_scheme_groth16_form, &g.genesis, &err) != NOMOS_OK)
        fail_msg("%s", err.text);
    signed_tx_done(&g.genesis);
    begin_genesis(&g, w, 8); /* once more, out of what was kept */
    assert_int_equal(run_body(w->fixture->instances[0], genesis_body, &g).status, ASSAY_OK);
    assert_int_equal(atomic_load(&w->proved), 16);
    assert_int_equal(
        genesis_verify(&w->system.wire, &zk_scheme_groth16_form, &g.genesis, NULL), NOMOS_OK);
    signed_tx_done(&g.genesis);
}

static void one_proof_that_fails_fails_the_genesis(void **state)
{
    struct world *w = *state;
    struct genesis_world g;
    struct host_operation_result result;

    begin_genesis(&g, w, 2);
    w->fault_at = 3;
    atomic_store(&w->fault, FAULT_PROVER_FAILS);
    result = run_body(w->fixture->instances[0], genesis_body, &g);
    assert_int_equal(result.status, ASSAY_E_IO);
    assert_non_null(strstr(result.why, "a declaration of the genesis transaction"));
    assert_true(atomic_load(&w->proved) < 4);
    signed_tx_done(&g.genesis);
}

static void development_declarations_take_no_programs(void **state)
{
    struct world *w = *state;
    struct genesis_world g;

    w->system.proofs = NOMOS_PROOFS_DEVELOPMENT;
    begin_genesis(&g, w, 2);
    assert_int_equal(run_body(w->fixture->instances[0], genesis_body, &g).status, ASSAY_OK);
    assert_int_equal(genesis_verify(&w->system.wire, &zk_scheme_dev, &g.genesis, NULL), NOMOS_OK);
    assert_int_equal(atomic_load(&w->opened), 0);
    signed_tx_done(&g.genesis);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_proof_comes_out_of_both_programs),
        TEST(a_proof_is_made_once),
        TEST(other_circuits_make_it_again),
        TEST(a_kept_proof_that_was_damaged_is_made_again),
        TEST(a_kept_proof_cannot_pass_for_another),
        TEST(proofs_go_on_when_they_cannot_be_kept),
        TEST(a_program_that_fails_is_quoted),
        TEST(a_program_that_hangs_is_named_with_what_to_do),
        TEST(what_the_prover_leaves_must_be_the_proof),
        TEST(a_host_that_has_no_directory_for_it_fails_the_proof),
        TEST(development_proofs_take_no_programs),
        TEST(unreadable_circuits_are_named),
        TEST(every_declaration_of_a_genesis_is_proved),
        TEST(one_proof_that_fails_fails_the_genesis),
        TEST(development_declarations_take_no_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
