#include "testnet.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <json-c/json.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "nomos/genesis.h"
#include "nomos/hex.h"
#include "nomos/json_tx.h"

/* Sanitizers on a slow shared machine included. */
#define PATIENCE_S 90
#define POLL_MS    20
/* Where ports are looked for. */
#define PORT_FIRST 16000u
#define PORT_COUNT 16000u

extern char **environ;

static void pause_ms(int ms)
{
    (void)poll(NULL, 0, ms);
}

bool testnet_until(bool (*condition)(void *self), void *self)
{
    struct timespec begin;
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        if (condition(self))
            return true;
        pause_ms(POLL_MS);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begin.tv_sec < PATIENCE_S);
    return false;
}

/* A port that nobody has. Below those that the system hands out to whoever connects, or one that was
   free a moment ago could be taken by any client; each program begins its search elsewhere. */
static uint16_t free_port(void)
{
    static unsigned next;
    bool is_free = false;

    if (!next)
        next = (unsigned)getpid() * 97 % PORT_COUNT;
    for (unsigned tries = 0; tries < PORT_COUNT && !is_free; tries++) {
        struct sockaddr_in address = {.sin_family = AF_INET};
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        next = (next + 1) % PORT_COUNT;
        address.sin_port = htons((uint16_t)(PORT_FIRST + next));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        is_free = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
        (void)close(fd);
    }
    assert_true(is_free);
    return (uint16_t)(PORT_FIRST + next);
}

static struct bytes32 seed_of(size_t node)
{
    struct bytes32 seed;

    memset(seed.bytes, (int)node + 1, sizeof(seed.bytes));
    return seed;
}

static void build_genesis(struct testnet *net)
{
    const struct testnet_params *params = &net->params;
    struct genesis_node nodes[TESTNET_NODES_MAX];
    struct note *accounts = calloc(params->wallet_count + 1, sizeof(*accounts));
    struct nomos_error err;

    for (size_t i = 0; i < params->node_count; i++) {
        char locator[64];

        nodes[i].seed = net->nodes[i].seed;
        (void)snprintf(
            locator, sizeof(locator), "/ip4/127.0.0.1/udp/%u/quic-v1", net->nodes[i].da_port);
        assert_true(multiaddr_parse(locator, &nodes[i].da_locator));
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/3400/quic-v1", &nodes[i].blend_locator));
    }
    for (size_t i = 0; i < params->wallet_count; i++) {
        struct fr sk = wallet_secret_key(i);

        accounts[i] = (struct note){.value = 100, .pk = zk_public_key(&net->wire, &sk)};
    }
    const struct genesis_spec spec = {.nodes = nodes,
        .node_count = params->node_count,
        .accounts = accounts,
        .account_count = params->wallet_count};
    assert_int_equal(genesis_build(&net->wire, &zk_scheme_dev, &spec, &net->genesis, &err), 0);
    net->genesis_ids = calloc(net->genesis.tx.output_count, sizeof(struct fr));
    tx_output_ids(&net->wire, &net->genesis.tx, net->genesis_ids);
    free(accounts);
}

static void write_wallet(FILE *file, const struct testnet *net, const char *leader_pk)
{
    fprintf(file, "wallet:\n  known_keys:\n    - \"%s\"\n", leader_pk);
    for (size_t i = 0; i < net->params.wallet_count; i++) {
        struct fr sk = wallet_secret_key(i);
        struct fr pk = zk_public_key(&net->wire, &sk);
        char text[HEX32_SIZE];

        hex_from_fr(&pk, text);
        fprintf(file, "    - \"%s\"\n", text);
    }
}

static bool is_executor(const struct testnet *net, size_t node)
{
    return node >= net->params.node_count - net->params.executor_count;
}

/* Each subnetwork has two members (or all there are); the columns go to the first ones. */
static void write_da(FILE *file, const struct testnet *net, size_t node)
{
    size_t members = net->params.node_count > 1 ? 2 : 1;

    if (!net->params.columns)
        return;
    /* On one line, so that a test can replace it. */
    fprintf(file,
        "da_network: {backend: {%slistening_address: /ip4/127.0.0.1/udp/%u/quic-v1, "
        "balancer_interval: {secs: 0, nanos: 200000000}}%s, "
        "membership: {subnetwork_size: %zu, replication_factor: %zu, session_id: 0}}\n",
        is_executor(net, node) ? "validator_settings: {" : "", net->nodes[node].da_port,
        is_executor(net, node) ? "}" : "", net->params.node_count, members);
    fprintf(file, "da_sampling: {sampling_settings: {num_samples: %u, num_subnets: %u}}\n",
        (net->params.columns + 1) / 2, net->params.columns);
    if (is_executor(net, node))
        fprintf(file,
            "da_dispersal: {backend: {encoder_settings: {num_columns: %u}, "
            "dispersal_timeout: {secs: 20, nanos: 0}, retry_cooldown: {secs: 0, nanos: 200000000}, "
            "retry_limit: 2}}\n",
            net->params.columns);
}

static void write_config(const struct testnet *net, size_t node, time_t chain_start)
{
    const struct testnet_node *self = &net->nodes[node];
    FILE *file = fopen(self->config_path, "we");
    char seed[HEX32_SIZE];
    char pk[HEX32_SIZE];
    char sk[HEX32_SIZE];
    char start[64];
    struct text genesis = {.bytes = NULL};
    struct fr leader = note_secret_key(NOTE_LEADER, &self->seed);
    struct fr leader_pk = zk_public_key(&net->wire, &leader);
    struct tm tm;

    assert_non_null(file);
    hex_from_bytes32(&self->seed, seed);
    hex_from_fr(&leader_pk, pk);
    hex_from_fr(&leader, sk);
    (void)gmtime_r(&chain_start, &tm);
    (void)strftime(start, sizeof(start), "%Y-%m-%d %H:%M:%S.000000000 +00:00:00", &tm);
    json_tx_write(&genesis, &net->genesis);
    fprintf(file,
        "network:\n  backend:\n    swarm:\n      host: 127.0.0.1\n      port: %u\n"
        "      node_key: \"%s\"\n    initial_peers:\n",
        self->gossip_port, seed);
    if (node)
        fprintf(file, "      - /ip4/127.0.0.1/udp/%u/quic-v1\n", net->nodes[0].gossip_port);
    else
        fprintf(file, "      []\n");
    fprintf(file,
        "deployment:\n  cryptarchia:\n"
        "    epoch_config: {epoch_stake_distribution_stabilization: 3, "
        "epoch_period_nonce_buffer: 3, epoch_period_nonce_stabilization: 4}\n"
        "    consensus_config: {security_param: %u, active_slot_coeff: 0.9}\n"
        "  time: {slot_duration: {secs: %llu, nanos: %llu}}\n",
        net->params.security_param, (unsigned long long)(net->params.slot_ms / 1000),
        (unsigned long long)(net->params.slot_ms % 1000 * 1000000));
    fprintf(file,
        "cryptarchia:\n  service:\n    starting_state: !Genesis\n      genesis_tx: %s\n"
        "    recovery_file: \"\"\n"
        "    bootstrap: {prolonged_bootstrap_period: \"1.000000000\", force_bootstrap: false}\n"
        "  leader: {pk: \"%s\", sk: \"%s\"}\n",
        genesis.bytes, pk, sk);
    fprintf(file, "time:\n  chain_start_time: \"%s\"\n", start);
    fprintf(file, "tracing: {logger: !Stdout , level: DEBUG}\n");
    fprintf(file,
        "http: {backend_settings: {address: \"127.0.0.1:%u\", timeout: {secs: 2, nanos: 0}}}\n",
        self->api_port);
    fprintf(file, "testing_http: {backend_settings: {address: \"127.0.0.1:%u\"}}\n",
        self->testing_port);
    fprintf(file, "storage: {db_path: \"%s/db-%zu\"}\n", net->directory, node);
    write_da(file, net, node);
    write_wallet(file, net, pk);
    text_done(&genesis);
    assert_int_equal(fclose(file), 0);
}

void testnet_init(struct testnet *net, const struct testnet_params *params)
{
    *net = (struct testnet){.params = *params};
    assert_true(params->node_count <= TESTNET_NODES_MAX);
    assert_true(keys_init());
    wire_init(&net->wire, &wire_revision_2025_12);
    (void)snprintf(net->directory, sizeof(net->directory), "devnode-test-%d-XXXXXX", (int)getpid());
    assert_non_null(mkdtemp(net->directory));
    for (size_t i = 0; i < params->node_count; i++) {
        struct testnet_node *node = &net->nodes[i];

        node->seed = seed_of(i);
        node->api_port = free_port();
        node->testing_port = free_port();
        node->gossip_port = free_port();
        node->da_port = free_port();
        (void)snprintf(
            node->config_path, sizeof(node->config_path), "%s/node-%zu.yaml", net->directory, i);
        (void)snprintf(
            node->log_path, sizeof(node->log_path), "%s/node-%zu.log", net->directory, i);
    }
    build_genesis(net);
    for (size_t i = 0; i < params->node_count; i++)
        write_config(net, i, time(NULL));
}

void testnet_rewrite(struct testnet *net, size_t node)
{
    write_config(net, node, time(NULL));
}

static char *read_file(const char *path, size_t *out_size)
{
    FILE *file = fopen(path, "re");
    char *bytes;

    assert_non_null(file);
    (void)fseek(file, 0, SEEK_END);
    *out_size = (size_t)ftell(file);
    rewind(file);
    bytes = calloc(*out_size + 1, 1);
    assert_int_equal(fread(bytes, 1, *out_size, file), *out_size);
    (void)fclose(file);
    return bytes;
}

void testnet_edit(struct testnet *net, size_t node, const char *find, const char *line)
{
    const char *path = net->nodes[node].config_path;
    size_t size;
    char *old = read_file(path, &size);
    char *at = find ? strstr(old, find) : old + size;
    FILE *file = fopen(path, "we");

    assert_non_null(at);
    assert_non_null(file);
    while (find && at > old && at[-1] != '\n')
        at--;
    fprintf(file, "%.*s%s\n", (int)(at - old), old, line);
    at = strchr(at, '\n');
    if (find && at)
        fprintf(file, "%s", at + 1);
    (void)fclose(file);
    free(old);
}

void testnet_spawn(struct testnet *net, size_t node, const char *const *arguments)
{
    struct testnet_node *self = &net->nodes[node];
    /* Dies with this program, however that ends. */
    const char *argv[12] = {"setpriv", "--pdeathsig", "KILL", NOMOS_DEVNODE, self->config_path,
        "--role", is_executor(net, node) ? "executor" : "validator"};
    posix_spawn_file_actions_t actions;

    for (size_t i = 0; arguments && arguments[i]; i++) {
        assert_true(i < 4);
        argv[7 + i] = arguments[i];
    }
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(
        &actions, 1, self->log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    assert_int_equal(
        posix_spawnp(&self->pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ),
        0);
    posix_spawn_file_actions_destroy(&actions);
}

struct waiting {
    struct testnet *net;
    size_t node;
    uint64_t number;
};

static bool answers(void *self)
{
    const struct waiting *waiting = self;
    struct testnet_info info;

    assert_int_equal(kill(waiting->net->nodes[waiting->node].pid, 0), 0);
    return testnet_info(waiting->net, waiting->node, &info);
}

void testnet_start(struct testnet *net, size_t node, const char *const *arguments)
{
    struct waiting waiting = {.net = net, .node = node};
    size_t size;

    testnet_spawn(net, node, arguments);
    if (testnet_until(answers, &waiting))
        return;
    char *log = read_file(net->nodes[node].log_path, &size);
    fail_msg("node %zu does not answer: %s", node, log + (size > 2000 ? size - 2000 : 0));
}

int testnet_wait(struct testnet *net, size_t node)
{
    int status = 0;

    assert_int_equal(waitpid(net->nodes[node].pid, &status, 0), net->nodes[node].pid);
    net->nodes[node].pid = 0;
    return status;
}

int testnet_stop(struct testnet *net, size_t node, int signal_number)
{
    assert_int_equal(kill(net->nodes[node].pid, signal_number), 0);
    return testnet_wait(net, node);
}

static int remove_entry(const char *path, const struct stat *status, int flag, struct FTW *position)
{
    (void)status;
    (void)flag;
    (void)position;
    return remove(path);
}

void testnet_done(struct testnet *net)
{
    for (size_t i = 0; i < net->params.node_count; i++) {
        if (net->nodes[i].pid > 0)
            (void)testnet_stop(net, i, SIGKILL);
    }
    signed_tx_done(&net->genesis);
    free(net->genesis_ids);
    (void)nftw(net->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- HTTP ------------------------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t count, void *self)
{
    struct reply *reply = self;

    reply->body = realloc(reply->body, reply->size + size * count + 1);
    assert_non_null(reply->body);
    memcpy(reply->body + reply->size, bytes, size * count);
    reply->size += size * count;
    reply->body[reply->size] = '\0';
    return size * count;
}

struct reply testnet_call(struct testnet *net, size_t node, bool is_testing, const char *method,
    const char *path, const char *content_type, const char *body)
{
    static CURL *curl; /* kept, so that connections are */
    struct reply reply = {.status = 0};
    struct curl_slist *headers = NULL;
    char header[160];
    char url[512];
    const char *type = NULL;

    if (!curl)
        curl = curl_easy_init();
    curl_easy_reset(curl);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u%s",
        is_testing ? net->nodes[node].testing_port : net->nodes[node].api_port, path);
    (void)snprintf(header, sizeof(header), "Content-Type:%s%s", content_type ? " " : "",
        content_type ? content_type : "");
    headers = curl_slist_append(headers, header);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    }
    if (!curl_easy_perform(curl)) {
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
        curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
        (void)snprintf(reply.type, sizeof(reply.type), "%s", type ? type : "");
    }
    curl_slist_free_all(headers);
    if (!reply.body)
        reply.body = calloc(1, 1);
    return reply;
}

struct reply testnet_get(struct testnet *net, size_t node, const char *path)
{
    return testnet_call(net, node, false, "GET", path, NULL, NULL);
}

struct reply testnet_post(struct testnet *net, size_t node, const char *path, const char *body)
{
    return testnet_call(net, node, false, "POST", path, "application/json", body);
}

struct reply testnet_misbehave(struct testnet *net, size_t node, const char *body)
{
    return testnet_call(net, node, true, "POST", "/test/misbehave", "application/json", body);
}

void reply_done(struct reply *reply)
{
    free(reply->body);
    *reply = (struct reply){.status = 0};
}

/* --- what the nodes say ----------------------------------------------------------------------- */

static void copy_text(char out[65], struct json_object *object, const char *key)
{
    (void)snprintf(out, 65, "%s", json_object_get_string(json_object_object_get(object, key)));
}

bool testnet_info(struct testnet *net, size_t node, struct testnet_info *out)
{
    struct reply reply = testnet_get(net, node, "/cryptarchia/info");
    struct json_object *json = json_tokener_parse(reply.body);
    bool is_there = reply.status == 200 && json;

    if (is_there) {
        copy_text(out->lib, json, "lib");
        copy_text(out->tip, json, "tip");
        out->slot = json_object_get_uint64(json_object_object_get(json, "slot"));
        out->height = json_object_get_uint64(json_object_object_get(json, "height"));
    }
    json_object_put(json);
    reply_done(&reply);
    return is_there;
}

static bool has_height(void *self)
{
    const struct waiting *waiting = self;
    struct testnet_info info;

    return testnet_info(waiting->net, waiting->node, &info) && info.height >= waiting->number;
}

bool testnet_wait_height(struct testnet *net, size_t node, uint64_t height)
{
    struct waiting waiting = {.net = net, .node = node, .number = height};

    return testnet_until(has_height, &waiting);
}

bool testnet_id_at(struct testnet *net, size_t node, uint64_t height, char out[65])
{
    struct reply reply;
    struct json_object *json;
    struct testnet_info info;
    bool is_there = false;
    char path[128];

    if (!testnet_info(net, node, &info) || height > info.height)
        return false;
    (void)snprintf(path, sizeof(path), "/cryptarchia/headers?from=%s", info.tip);
    reply = testnet_get(net, node, path);
    json = json_tokener_parse(reply.body);
    if (reply.status == 200 && info.height - height < json_object_array_length(json)) {
        (void)snprintf(out, 65, "%s",
            json_object_get_string(
                json_object_array_get_idx(json, (size_t)(info.height - height))));
        is_there = true;
    }
    json_object_put(json);
    reply_done(&reply);
    return is_there;
}

static bool all_agree(void *self)
{
    const struct waiting *waiting = self;
    char first[65] = "";

    for (size_t i = 0; i < waiting->net->params.node_count; i++) {
        char id[65];

        if (!waiting->net->nodes[i].pid)
            continue;
        if (!testnet_id_at(waiting->net, i, waiting->number, id))
            return false;
        if (!*first)
            (void)snprintf(first, sizeof(first), "%s", id);
        else if (strcmp(first, id) != 0)
            return false;
    }
    return true;
}

bool testnet_wait_agreement(struct testnet *net, uint64_t height)
{
    struct waiting waiting = {.net = net, .number = height};

    return testnet_until(all_agree, &waiting);
}

static bool has_peers(void *self)
{
    const struct waiting *waiting = self;
    struct reply reply = testnet_get(waiting->net, waiting->node, "/network/info");
    struct json_object *json = json_tokener_parse(reply.body);
    bool is_so = reply.status == 200 &&
        json_object_get_uint64(json_object_object_get(json, "n_peers")) == waiting->number;

    json_object_put(json);
    reply_done(&reply);
    return is_so;
}

bool testnet_wait_peers(struct testnet *net, size_t node, uint64_t count)
{
    struct waiting waiting = {.net = net, .node = node, .number = count};

    return testnet_until(has_peers, &waiting);
}

char *testnet_transfer(struct testnet *net, size_t account, struct fr *out_hash)
{
    size_t output = net->params.node_count * GENESIS_NOTES_PER_NODE + account;
    struct fr input = net->genesis_ids[output];
    struct fr sk = wallet_secret_key(account);
    struct fr pk = zk_public_key(&net->wire, &sk);
    struct note note = {.value = 100, .pk = pk};
    struct signed_tx tx = {
        .tx = {.inputs = &input, .input_count = 1, .outputs = &note, .output_count = 1}};
    struct fr hash = tx_hash(&net->wire, &tx.tx);
    struct zk_statement statement = {.message = hash, .owners = &pk, .owner_count = 1};
    struct text text = {.bytes = NULL};

    assert_int_equal(zk_scheme_dev.prove(&net->wire, &statement, &sk, &tx.ledger_proof, NULL), 0);
    json_tx_write(&text, &tx);
    assert_true(text_ok(&text));
    if (out_hash)
        *out_hash = hash;
    return text.bytes;
}
