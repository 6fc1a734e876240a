#include "plugins/systems/nomos/prover.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "nomos/hash.h"
#include "nomos/zksign.h"

enum {
    WORKERS_MAX = 16,   /* tasks that prove side by side; the host runs fewer programs at a time */
    OUTPUT_SHOWN = 400, /* bytes of what a program has printed, from its end */
    KEY_SIZE = 160,     /* "zksign/", two hashes in hex */
    KEPT_SIZE = 32 + 128, /* a checksum, and the proof */
    PATH_SIZE = NOMOS_PATH_SIZE + 64
};

static const char input_name[] = "input.json";
static const char witness_name[] = "witness.wtns";
static const char proof_name[] = "proof.json";
static const char public_name[] = "public.json";

/* ---- preparing ---- */

assay_status prover_prepare(struct nomos *self, assay_task *task)
{
    char path[PATH_SIZE];
    assay_bytes key = {.data = NULL};
    struct hash hash;
    assay_status s;

    if (self->proofs != NOMOS_PROOFS_GROTH16)
        return ASSAY_OK;
    (void)snprintf(path, sizeof(path), "%s/" ZKSIGN_VERIFYING_KEY, self->assets.circuits);
    s = self->exec->read(task, path, ZKSIGN_FILE_MAX, &key);
    if (s)
        return assay_fail_f(self->host, s,
            "%s cannot be read; install the circuits anew with scripts/setup-nomos-circuits.sh",
            path);
    hash_begin(&hash);
    hash_add(&hash, key.data, key.size);
    self->circuits_name = hash_end(&hash);
    return ASSAY_OK;
}

/* ---- keeping ---- */

static void name_proof(const struct nomos *self, const struct proof_wish *wish, char out[KEY_SIZE])
{
    const struct bytes32 name = zksign_name(wish->statement);
    char circuits[HEX32_SIZE], statement[HEX32_SIZE];

    hex_from_bytes32(&self->circuits_name, circuits);
    hex_from_bytes32(&name, statement);
    (void)snprintf(out, KEY_SIZE, "zksign/%s/%s", circuits, statement);
}

/* Over the name as well, so that a proof cannot pass for another's. */
static struct bytes32 checksum_of(const char *key, const struct zk_proof *proof)
{
    struct hash hash;

    hash_begin(&hash);
    hash_add(&hash, key, strlen(key));
    hash_add(&hash, proof->bytes, sizeof(proof->bytes));
    return hash_end(&hash);
}

static bool recall(struct nomos *self, const char *key, struct zk_proof *out)
{
    uint8_t kept[KEPT_SIZE];
    struct bytes32 checksum;
    struct zk_proof proof;
    size_t size = 0;

    if (self->exec->recall(self->host, key, kept, sizeof(kept), &size) || size != sizeof(kept))
        return false;
    memcpy(proof.bytes, kept + 32, sizeof(proof.bytes));
    checksum = checksum_of(key, &proof);
    if (memcmp(kept, checksum.bytes, sizeof(checksum.bytes)) != 0)
        return false;
    *out = proof;
    return true;
}

/* When it cannot be kept it is made again next time; that is all. */
static void keep(struct nomos *self, const char *key, const struct zk_proof *proof)
{
    const struct bytes32 checksum = checksum_of(key, proof);
    uint8_t kept[KEPT_SIZE];

    memcpy(kept, checksum.bytes, 32);
    memcpy(kept + 32, proof->bytes, sizeof(proof->bytes));
    if (self->exec->keep(self->host, key, (assay_bytes){.data = kept, .size = sizeof(kept)}) ==
        ASSAY_OK)
        return;
    (void)pthread_mutex_lock(&self->lock);
    if (!self->is_cache_lost)
        self->host->log(self->host, ASSAY_WARN,
            "proofs cannot be kept for later runs; each run makes them anew");
    self->is_cache_lost = true;
    (void)pthread_mutex_unlock(&self->lock);
}

/* ---- making ---- */

/* One proof under way. */
struct making {
    struct nomos *self;
    assay_task *task;
    const struct proof_wish *wish;
    assay_scratch *scratch;
    assay_ns until;
};

/* The end of what a program printed, on one line. */
static void quote_output(assay_bytes output, char out[OUTPUT_SHOWN + 1])
{
    const size_t shown = output.size < OUTPUT_SHOWN ? output.size : OUTPUT_SHOWN;

    memcpy(out, (const char *)output.data + output.size - shown, shown);
    out[shown] = '\0';
    for (size_t i = 0; i < shown; i++) {
        if ((unsigned char)out[i] < ' ' || out[i] == 0x7F)
            out[i] = ' ';
    }
}

static assay_status run_program(const struct making *making, const char *const *argv)
{
    struct nomos *self = making->self;
    int32_t exit_code = 0;
    assay_bytes output = {.data = ""};
    char shown[OUTPUT_SHOWN + 1];
    const assay_status s =
        self->exec->run(making->task, making->scratch, argv, making->until, &exit_code, &output);

    if (s == ASSAY_E_CANCELLED)
        return s;
    if (s == ASSAY_E_TIMEOUT)
        return assay_fail_f(self->host, s,
            "%s cannot be proved: %s was not done within proof_patience; raise that in "
            "[system.nomos], or run fewer nodes",
            making->wish->what, argv[0]);
    if (s)
        return assay_fail_f(
            self->host, s, "%s cannot be proved: %s could not be run", making->wish->what, argv[0]);
    if (exit_code == 0)
        return ASSAY_OK;
    quote_output(output, shown);
    return assay_fail_f(self->host, ASSAY_E_IO,
        "%s cannot be proved: %s ended with exit code %" PRId32 "%s%s", making->wish->what, argv[0],
        exit_code, shown[0] ? ": " : " and said nothing", shown);
}

static assay_status write_input(const struct making *making)
{
    struct nomos *self = making->self;
    struct text text = {0};
    struct nomos_error err = {""};
    const enum nomos_status status =
        zksign_input(&self->wire, making->wish->statement, making->wish->secret_keys, &text, &err);
    assay_status s = ASSAY_OK;

    if (status != NOMOS_OK)
        s = nomos_fail_with(self, status, making->wish->what, err.text);
    else
        s = self->exec->write(self->host, making->scratch, input_name,
            (assay_bytes){.data = text.bytes, .size = text.size});
    text_done(&text);
    return s;
}

/* The programs run in the directory of their files. */
static assay_status run_programs(const struct making *making)
{
    const char *circuits = making->self->assets.circuits;
    char generator[PATH_SIZE], prover[PATH_SIZE], key[PATH_SIZE];
    const char *const generate[] = {generator, input_name, witness_name, NULL};
    const char *const prove[] = {prover, key, witness_name, proof_name, public_name, NULL};
    assay_status s;

    (void)snprintf(generator, sizeof(generator), "%s/" ZKSIGN_GENERATOR, circuits);
    (void)snprintf(prover, sizeof(prover), "%s/" ZKSIGN_PROVER, circuits);
    (void)snprintf(key, sizeof(key), "%s/" ZKSIGN_PROVING_KEY, circuits);
    s = run_program(making, generate);
    return s ? s : run_program(making, prove);
}

/* A file that the prover was to write. */
static assay_status read_output(const struct making *making, const char *name, assay_bytes *out)
{
    struct nomos *self = making->self;
    char path[PATH_SIZE];
    assay_status s;

    (void)snprintf(path, sizeof(path), "%s/%s", self->exec->directory(making->scratch), name);
    s = self->exec->read(making->task, path, ZKSIGN_FILE_MAX, out);
    if (!s || s == ASSAY_E_CANCELLED)
        return s;
    return assay_fail_f(self->host, s,
        "%s cannot be proved: %s/" ZKSIGN_PROVER " ended well, but its %s is missing or too long",
        making->wish->what, self->assets.circuits, name);
}

static assay_status refuse_output(
    const struct making *making, enum nomos_status status, const char *name, const char *why)
{
    return assay_fail_f(making->self->host,
        status == NOMOS_E_MEMORY ? ASSAY_E_NOMEM : ASSAY_E_INVALID,
        "%s cannot be proved: what %s/" ZKSIGN_PROVER " wrote into %s is not what it should be: %s",
        making->wish->what, making->self->assets.circuits, name, why);
}

static assay_status read_proof(const struct making *making, struct zk_proof *out)
{
    struct nomos *self = making->self;
    assay_bytes json = {.data = NULL};
    struct nomos_error err = {""};
    enum nomos_status status;
    assay_status s = read_output(making, proof_name, &json);

    if (s)
        return s;
    status = zksign_read_proof(json.data, json.size, out, &err);
    if (status != NOMOS_OK)
        return refuse_output(making, status, proof_name, err.text);
    s = read_output(making, public_name, &json);
    if (s)
        return s;
    status = zksign_check_public(&self->wire, making->wish->statement, json.data, json.size, &err);
    return status == NOMOS_OK ? ASSAY_OK : refuse_output(making, status, public_name, err.text);
}

static assay_status make_groth16(
    struct nomos *self, assay_task *task, const struct proof_wish *wish, struct zk_proof *out)
{
    struct making making = {.self = self,
        .task = task,
        .wish = wish,
        .until = self->clock->now(self->host) + self->options.proof_patience};
    assay_status s = self->exec->open(self->host, &making.scratch);

    if (s)
        return s;
    s = write_input(&making);
    if (!s)
        s = run_programs(&making);
    if (!s)
        s = read_proof(&making, out);
    self->exec->close(making.scratch);
    return s;
}

assay_status prover_prove(
    struct nomos *self, assay_task *task, const struct proof_wish *wish, struct zk_proof *out)
{
    struct nomos_error err = {""};
    char key[KEY_SIZE];
    enum nomos_status status;
    assay_status s;

    if (self->proofs == NOMOS_PROOFS_DEVELOPMENT) {
        status = zk_scheme_dev.prove(&self->wire, wish->statement, wish->secret_keys, out, &err);
        return status == NOMOS_OK ? ASSAY_OK : nomos_fail_with(self, status, wish->what, err.text);
    }
    name_proof(self, wish, key);
    if (recall(self, key, out))
        return ASSAY_OK;
    s = make_groth16(self, task, wish, out);
    if (!s)
        keep(self, key, out);
    return s;
}

/* ---- genesis ---- */

/* The declarations, handed out one by one. The system's, since tasks that are cancelled may outlive
   the call that spawned them. */
struct signers {
    struct nomos *self;
    const struct genesis_signing *signing;
    pthread_mutex_t lock; /* guards what follows */
    size_t next;
    assay_status status; /* of the first that failed: the others stop */
};

static bool take_declaration(struct signers *signers, size_t *out)
{
    bool is_taken;

    (void)pthread_mutex_lock(&signers->lock);
    is_taken =
        !signers->status && signers->next < genesis_declaration_count(signers->signing->spec);
    if (is_taken)
        *out = signers->next++;
    (void)pthread_mutex_unlock(&signers->lock);
    return is_taken;
}

static assay_status sign_declarations(assay_task *task, void *arg)
{
    struct signers *signers = arg;
    assay_status s = ASSAY_OK;
    size_t index = 0;

    while (!s && take_declaration(signers, &index)) {
        struct genesis_agreement agreement;
        struct zk_proof proof;

        genesis_agreement(signers->signing, index, &agreement);
        s = prover_prove(signers->self, task,
            &(const struct proof_wish){"a declaration of the genesis transaction",
                &agreement.statement, agreement.secret_keys},
            &proof);
        if (!s)
            genesis_agree(signers->signing, index, &proof);
    }
    if (s) {
        (void)pthread_mutex_lock(&signers->lock);
        signers->status = signers->status ? signers->status : s;
        (void)pthread_mutex_unlock(&signers->lock);
    }
    return s;
}

static assay_status sign_side_by_side(struct signers *signers, assay_task *task)
{
    const assay_tasks *tasks = signers->self->tasks;
    const size_t count = genesis_declaration_count(signers->signing->spec);
    assay_child *children[WORKERS_MAX];
    size_t started = 0;
    assay_status s = ASSAY_OK;

    while (!s && started < WORKERS_MAX && started < count) {
        s = tasks->spawn(task, "proof", sign_declarations, signers, &children[started]);
        started += !s;
    }
    for (size_t i = 0; i < started; i++) {
        assay_status result = ASSAY_OK;
        const assay_status joined = tasks->join(task, children[i], ASSAY_FOREVER, &result);

        if (joined)
            return joined; /* cancelled, and so are the children */
        s = s ? s : result;
    }
    return s;
}

assay_status prover_sign_genesis(
    struct nomos *self, assay_task *task, const struct genesis_signing *signing)
{
    prover_done(self);
    self->signers = calloc(1, sizeof(*self->signers));
    if (!self->signers || pthread_mutex_init(&self->signers->lock, NULL) != 0) {
        free(self->signers);
        self->signers = NULL;
        return ASSAY_E_NOMEM;
    }
    self->signers->self = self;
    self->signers->signing = signing;
    if (self->proofs == NOMOS_PROOFS_DEVELOPMENT)
        return sign_declarations(task, self->signers); /* microseconds each */
    return sign_side_by_side(self->signers, task);
}

void prover_done(struct nomos *self)
{
    if (self->signers)
        (void)pthread_mutex_destroy(&self->signers->lock);
    free(self->signers);
    self->signers = NULL;
}
