/* The configuration that is generated for a node: every key of node contract 5.2 and no other, with
 * its value, in YAML and in JSON; and the development node reads it. */
#include "support/devnode_world.h"

#include <json-c/json.h>
#include <stdio.h>

#include "devnode/shell/config.h"
#include "devnode/shell/yaml_tree.h"
#include "nomos/genesis.h"
#include "nomos/hex.h"
#include "nomos/json_tx.h"
#include "nomos/keys.h"
#include "nomos/node_config.h"

#define SEED_1 "0101010101010101010101010101010101010101010101010101010101010101"
#define PEER_1 "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"
/* Node contract 3.10, of the seed 01 x 32. */
#define IDENTITY_1 "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
#define ZK_ID_1    "a50c8377b76c7f5046770075e719130407301b856eda0b6c7618b5113e45d50b"
#define LEADER_SK  "6c64010101010101010101010101010100000000000000000000000000000000"
#define LEADER_PK  "83bae89470e642ea6970450dfd899affdb26dea7187396db178a76eb7661a023"
#define WALLET_SK  "776c000000000000000000000000000000000000000000000000000000000000"
#define WALLET_PK  "29b67531bb6456772e2d0aaef94bbe48df0c6fdcfe03c56e9ce86b3c104e861a"

#define START_NS INT64_C(1765879200123456789)

struct fixture {
    struct wire wire;
    struct signed_tx genesis;
    struct node_config_key wallet[1];
    struct bytes32 keys[2];
    struct node_config_membership membership;
    struct node_config_peer peers[2];
    struct node_config_network network;
    struct node_config config;
};

static struct bytes32 seed_of(uint8_t byte)
{
    struct bytes32 seed;

    memset(seed.bytes, byte, sizeof(seed.bytes));
    return seed;
}

static void make_genesis(struct fixture *f)
{
    struct genesis_node nodes[2];
    const struct note account = {.value = 100, .pk = f->wallet[0].public_key};
    const struct genesis_spec spec = {nodes, 2, &account, 1, false};

    for (uint8_t i = 0; i < 2; i++) {
        nodes[i].seed = seed_of((uint8_t)(i + 1));
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/3300/quic-v1", &nodes[i].da_locator));
        assert_true(multiaddr_parse("/ip4/127.0.0.1/udp/3400/quic-v1", &nodes[i].blend_locator));
    }
    assert_int_equal(genesis_build(&f->wire, &zk_scheme_dev, &spec, &f->genesis, NULL), NOMOS_OK);
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct ed25519_key key;

    assert_true(keys_init());
    *f = (struct fixture){.keys = {{{0}}}};
    wire_init(&f->wire, &wire_revision_2025_12);
    f->wallet[0].secret_key = wallet_secret_key(0);
    f->wallet[0].public_key = zk_public_key(&f->wire, &f->wallet[0].secret_key);
    make_genesis(f);
    for (uint8_t i = 0; i < 2; i++) {
        const struct bytes32 seed = seed_of((uint8_t)(2 - i));

        ed25519_from_seed(&seed, &key);
        f->keys[i] = key.public_key;
    }
    f->membership = (struct node_config_membership){f->keys, 2};
    f->network = (struct node_config_network){.wire = &f->wire,
        .slot_duration = 2 * NODE_CONFIG_SECOND,
        .active_slot_coeff = 0.9,
        .security_param = 10,
        .chain_start_unix_ns = START_NS,
        .genesis = &f->genesis,
        .has_da = true,
        .wallet_keys = f->wallet,
        .wallet_key_count = 1,
        .has_wallet_keys = true,
        .rate_limit_interval = 10000,
        .rate_limit_burst = 10000};
    node_config_times_default(&f->network.times);
    node_config_da_default(&f->network.da, 2);
    f->network.da.params_path = "/kzg/params";
    f->peers[0] = (struct node_config_peer){.at = {"127.0.0.1", 3001}};
    f->peers[1] = (struct node_config_peer){.at = {"10.0.0.2", 3002}, .public_key = &f->keys[1]};
    f->config = (struct node_config){.network = &f->network,
        .seed = seed_of(1),
        .swarm = {"0.0.0.0", 3000},
        .da = {"127.0.0.1", 3300},
        .blend = {"127.0.0.1", 3400},
        .http = {"127.0.0.1", 18080},
        .testing_http = {"127.0.0.1", 18081},
        .announced = {"127.0.0.1", 3000},
        .peers = f->peers,
        .peer_count = 2,
        .tracing = {.logger = NODE_CONFIG_STDOUT, .level = "INFO", .host_identifier = "node-0"},
        .db_path = "/run/node/db",
        .blob_directory = "/run/node"};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    signed_tx_done(&((struct fixture *)*state)->genesis);
    return 0;
}

/* ---- keys and values ---- */

/* A key by its path, where a tag stands before the keys below it, and its value as written: quoted
   text in quotes. NULL: any value. */
struct leaf {
    const char *path, *value;
};

#define SPAN(path, seconds)                                                                        \
    {path ".secs", seconds},                                                                       \
    {                                                                                              \
        path ".nanos", "0"                                                                         \
    }

static const struct leaf common_leaves[] = {
    {"network.backend.swarm.host", "\"0.0.0.0\""},
    {"network.backend.swarm.port", "3000"},
    {"network.backend.swarm.node_key", "\"" SEED_1 "\""},
    {"network.backend.swarm.chain_sync_config.peer_response_timeout", "60000"},
    {"network.backend.swarm.nat_config.type", "\"static\""},
    {"network.backend.swarm.nat_config.external_address", "\"/ip4/127.0.0.1/udp/3000/quic-v1\""},
    {"network.backend.initial_peers[0]", "\"/ip4/127.0.0.1/udp/3001/quic-v1\""},
    {"network.backend.initial_peers[1]", "\"/ip4/10.0.0.2/udp/3002/quic-v1/p2p/" PEER_1 "\""},
    {"blend.non_ephemeral_signing_key", "\"" SEED_1 "\""},
    {"blend.recovery_path_prefix", "\"./recovery/blend\""},
    {"blend.core.backend.listening_address", "\"/ip4/127.0.0.1/udp/3400/quic-v1\""},
    {"blend.core.backend.core_peering_degree.start", "1"},
    {"blend.core.backend.core_peering_degree.end", "3"},
    SPAN("blend.core.backend.edge_node_connection_timeout", "1"),
    {"blend.core.backend.max_edge_node_incoming_connections", "300"},
    {"blend.core.backend.max_dial_attempts_per_peer", "3"},
    {"blend.core.zk.secret_key_kms_id", "\"" ZK_ID_1 "\""},
    {"blend.edge.backend.max_dial_attempts_per_peer_per_message", "1"},
    {"blend.edge.backend.replication_factor", "1"},
    {"deployment.blend.common.num_blend_layers", "1"},
    {"deployment.blend.common.timing.rounds_per_session", "648000"},
    {"deployment.blend.common.timing.rounds_per_interval", "30"},
    {"deployment.blend.common.timing.round_duration", "\"1.000000000\""},
    {"deployment.blend.common.timing.rounds_per_observation_window", "30"},
    {"deployment.blend.common.timing.rounds_per_session_transition_period", "30"},
    {"deployment.blend.common.timing.epoch_transition_period_in_slots", "2600"},
    {"deployment.blend.common.minimum_network_size", "1"},
    {"deployment.blend.common.protocol_name", "\"/blend/integration-tests\""},
    {"deployment.blend.core.scheduler.cover.message_frequency_per_round", "1.0"},
    {"deployment.blend.core.scheduler.cover.intervals_for_safety_buffer", "100"},
    {"deployment.blend.core.scheduler.delayer.maximum_release_delay_in_rounds", "3"},
    {"deployment.blend.core.minimum_messages_coefficient", "1"},
    {"deployment.blend.core.normalization_constant", "1.03"},
    {"deployment.network.kademlia_protocol_name", "\"/integration/nomos/kad/1.0.0\""},
    {"deployment.network.identify_protocol_name", "\"/integration/nomos/identify/1.0.0\""},
    {"deployment.cryptarchia.epoch_config.epoch_stake_distribution_stabilization", "3"},
    {"deployment.cryptarchia.epoch_config.epoch_period_nonce_buffer", "3"},
    {"deployment.cryptarchia.epoch_config.epoch_period_nonce_stabilization", "4"},
    {"deployment.cryptarchia.consensus_config.security_param", "10"},
    {"deployment.cryptarchia.consensus_config.active_slot_coeff", "0.9"},
    {"deployment.cryptarchia.sdp_config.service_params.BN.lock_period", "10"},
    {"deployment.cryptarchia.sdp_config.service_params.BN.inactivity_period", "20"},
    {"deployment.cryptarchia.sdp_config.service_params.BN.retention_period", "100"},
    {"deployment.cryptarchia.sdp_config.service_params.BN.timestamp", "0"},
    {"deployment.cryptarchia.sdp_config.service_params.BN.session_duration", "1000"},
    {"deployment.cryptarchia.sdp_config.min_stake.threshold", "1"},
    {"deployment.cryptarchia.sdp_config.min_stake.timestamp", "0"},
    {"deployment.cryptarchia.gossipsub_protocol", "\"/cryptarchia/proto\""},
    SPAN("deployment.time.slot_duration", "2"),
    {"deployment.mempool.pubsub_topic", "\"mantle\""},
    {"cryptarchia.service.starting_state!Genesis.genesis_tx", NULL},
    {"cryptarchia.service.recovery_file", "\"\""},
    {"cryptarchia.service.bootstrap.prolonged_bootstrap_period", "\"1.000000000\""},
    {"cryptarchia.service.bootstrap.force_bootstrap", "false"},
    {"cryptarchia.service.bootstrap.offline_grace_period.grace_period", "\"1200.000000000\""},
    {"cryptarchia.service.bootstrap.offline_grace_period.state_recording_interval",
        "\"60.000000000\""},
    {"cryptarchia.network.bootstrap.ibd.peers", "[]"},
    SPAN("cryptarchia.network.bootstrap.ibd.delay_before_new_download", "10"),
    {"cryptarchia.network.sync.orphan.max_orphan_cache_size", "5"},
    {"cryptarchia.leader.pk", "\"" LEADER_PK "\""},
    {"cryptarchia.leader.sk", "\"" LEADER_SK "\""},
    {"time.backend.ntp_server", "\"pool.ntp.org\""},
    {"time.backend.ntp_client_settings.timeout", "\"5.000000000\""},
    {"time.backend.ntp_client_settings.listening_interface", "\"0.0.0.0\""},
    {"time.backend.update_interval", "\"16.000000000\""},
    {"time.chain_start_time", "\"2025-12-16 10:00:00.123456789 +00:00:00\""},
    {"mempool.recovery_path", "\"\""},
    {"tracing.logger", "Stdout"},
    {"tracing.tracing", "None"},
    {"tracing.filter", "None"},
    {"tracing.metrics", "None"},
    {"tracing.console", "None"},
    {"tracing.level", "INFO"},
    {"sdp.declaration", "null"},
    {"http.backend_settings.address", "\"127.0.0.1:18080\""},
    {"http.backend_settings.cors_origins", "[]"},
    SPAN("http.backend_settings.timeout", "30"),
    {"http.backend_settings.max_body_size", "10485760"},
    {"http.backend_settings.max_concurrent_requests", "1000"},
    {"http.backend_settings.rate_limit_per_second", "10000"},
    {"http.backend_settings.rate_limit_burst", "10000"},
    {"testing_http.backend_settings.address", "\"127.0.0.1:18081\""},
    {"testing_http.backend_settings.cors_origins", "[]"},
    SPAN("testing_http.backend_settings.timeout", "30"),
    {"testing_http.backend_settings.max_body_size", "10485760"},
    {"testing_http.backend_settings.max_concurrent_requests", "1000"},
    {"testing_http.backend_settings.rate_limit_per_second", "10000"},
    {"testing_http.backend_settings.rate_limit_burst", "10000"},
    {"storage.db_path", "\"/run/node/db\""},
    {"storage.read_only", "false"},
    {"storage.column_family", "\"blocks\""},
    {"wallet.known_keys[0]", "\"" LEADER_PK "\""},
    {"wallet.known_keys[1]", "\"" WALLET_PK "\""},
    {"key_management.keys." IDENTITY_1, "!Ed25519 \"" SEED_1 "\""},
    {"key_management.keys." ZK_ID_1, NULL},
    {"key_management.keys." WALLET_PK, "!Zk \"" WALLET_SK "\""},
};

static const struct leaf da_leaves[] = {
    {"deployment.cryptarchia.sdp_config.service_params.DA.lock_period", "10"},
    {"deployment.cryptarchia.sdp_config.service_params.DA.inactivity_period", "20"},
    {"deployment.cryptarchia.sdp_config.service_params.DA.retention_period", "100"},
    {"deployment.cryptarchia.sdp_config.service_params.DA.timestamp", "0"},
    {"deployment.cryptarchia.sdp_config.service_params.DA.session_duration", "1000"},
    {"da_network.membership.subnetwork_size", "2"},
    {"da_network.membership.replication_factor", "2"},
    {"da_network.membership.session_id", "0"},
    {"da_network.api_adapter_settings.api_port", "18080"},
    {"da_network.api_adapter_settings.is_secure", "false"},
    SPAN("da_network.subnet_refresh_interval", "30"),
    {"da_network.subnet_threshold", "1"},
    {"da_network.min_session_members", "1"},
    {"da_verifier.share_verifier_settings.global_params_path", "\"/kzg/params\""},
    {"da_verifier.share_verifier_settings.domain_size", "2"},
    {"da_verifier.tx_verifier_settings", "null"},
    {"da_verifier.network_adapter_settings", "null"},
    {"da_verifier.storage_adapter_settings.blob_storage_directory", "\"/run/node\""},
    {"da_verifier.mempool_trigger_settings.publish_threshold", "0.8"},
    {"da_verifier.mempool_trigger_settings.share_duration", "\"5.000000000\""},
    {"da_verifier.mempool_trigger_settings.prune_duration", "\"30.000000000\""},
    {"da_verifier.mempool_trigger_settings.prune_interval", "\"5.000000000\""},
    {"da_sampling.sampling_settings.num_samples", "1"},
    {"da_sampling.sampling_settings.num_subnets", "2"},
    SPAN("da_sampling.sampling_settings.old_blobs_check_interval", "5"),
    SPAN("da_sampling.sampling_settings.blobs_validity_duration", "60"),
    {"da_sampling.share_verifier_settings.global_params_path", "\"/kzg/params\""},
    {"da_sampling.share_verifier_settings.domain_size", "2"},
    SPAN("da_sampling.commitments_wait_duration", "1"),
    SPAN("da_sampling.sdp_blob_trigger_sampling_delay", "5"),
};

/* Of the swarm, which has another place in an executor's configuration. */
#define SWARM_LEAVES(at, dispersal_peers)                                                          \
    {at ".node_key", "\"" SEED_1 "\""},                                                            \
        {at ".listening_address", "\"/ip4/127.0.0.1/udp/3300/quic-v1\""},                          \
        {at ".policy_settings.min_dispersal_peers", dispersal_peers},                              \
        {at ".policy_settings.min_replication_peers", "1"},                                        \
        {at ".policy_settings.max_dispersal_failures", "0"},                                       \
        {at ".policy_settings.max_sampling_failures", "0"},                                        \
        {at ".policy_settings.max_replication_failures", "0"},                                     \
        {at ".policy_settings.malicious_threshold", "0"},                                          \
        {at ".monitor_settings.failure_time_window", "\"5.000000000\""},                           \
        {at ".monitor_settings.time_decay_factor", "\"0\""}, SPAN(at ".balancer_interval", "1"),   \
        SPAN(at ".redial_cooldown", "0"),                                                          \
        {at ".replication_settings.seen_message_cache_size", "1000"},                              \
        {at ".replication_settings.seen_message_ttl", "\"3600.000000000\""},                       \
        {at ".subnets_settings.num_of_subnets", "1"},                                              \
        {at ".subnets_settings.shares_retry_limit", "1"},                                          \
    {                                                                                              \
        at ".subnets_settings.commitments_retry_limit", "1"                                        \
    }

static const struct leaf validator_leaves[] = {SWARM_LEAVES("da_network.backend", "0")};
static const struct leaf executor_leaves[] = {
    SWARM_LEAVES("da_network.backend.validator_settings", "1"),
    {"da_network.backend.num_subnets", "2"},
    {"da_dispersal.backend.encoder_settings.num_columns", "2"},
    {"da_dispersal.backend.encoder_settings.with_cache", "false"},
    {"da_dispersal.backend.encoder_settings.global_params_path", "\"/kzg/params\""},
    {"da_dispersal.backend.dispersal_timeout", "\"20.000000000\""},
    {"da_dispersal.backend.retry_cooldown", "\"3.000000000\""},
    {"da_dispersal.backend.retry_limit", "2"},
};

#define LEAVES(table) table, sizeof(table) / sizeof(*(table))

static size_t count_leaves(const struct yaml_tree *tree)
{
    size_t count = 0;

    if (tree->kind == YAML_SCALAR || tree->count == 0)
        return 1;
    for (size_t i = 0; i < tree->count; i++)
        count += strcmp(tree->kind == YAML_MAPPING ? tree->keys[i] : "", "genesis_tx") == 0
            ? 1
            : count_leaves(tree->values[i]);
    return count;
}

/* The value at "a.b!Tag.c[0]". */
static const struct yaml_tree *find(const struct yaml_tree *tree, const char *path)
{
    while (tree && *path) {
        const size_t length = strcspn(path, ".![");
        const struct yaml_tree *found = NULL;

        for (size_t i = 0; i < tree->count && tree->kind == YAML_MAPPING; i++)
            if (strlen(tree->keys[i]) == length && strncmp(tree->keys[i], path, length) == 0)
                found = tree->values[i];
        path += length;
        if (*path == '!') {
            const size_t tag = strcspn(path + 1, ".");

            if (!found || !found->tag || strncmp(found->tag, path + 1, tag) != 0)
                return NULL;
            path += 1 + tag;
        } else if (*path == '[') {
            const size_t index = (size_t)strtoul(path + 1, NULL, 10);

            found = found && found->kind == YAML_SEQUENCE && index < found->count
                ? found->values[index]
                : NULL;
            path += strcspn(path, "]") + 1;
        }
        path += *path == '.';
        tree = found;
    }
    return tree;
}

static void assert_leaf(const struct yaml_tree *tree, const struct leaf *leaf)
{
    const struct yaml_tree *value = find(tree, leaf->path);
    char text[512];

    if (!value)
        fail_msg("missing key %s", leaf->path);
    if (!leaf->value)
        return;
    if (value->kind != YAML_SCALAR)
        (void)snprintf(text, sizeof(text), "%s", value->kind == YAML_SEQUENCE ? "[]" : "{}");
    else
        (void)snprintf(text, sizeof(text), "%s%s%s%s%s%s", value->tag ? "!" : "",
            value->tag ? value->tag : "", value->tag ? " " : "", value->is_plain ? "" : "\"",
            value->text, value->is_plain ? "" : "\"");
    if (strcmp(text, leaf->value) != 0)
        fail_msg("%s is %s, expected %s", leaf->path, text, leaf->value);
}

static size_t assert_leaves(const struct yaml_tree *tree, const struct leaf *leaves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_leaf(tree, &leaves[i]);
    return count;
}

static struct yaml_tree *written(const struct fixture *f)
{
    struct text yaml = {0};
    struct nomos_error err = {""};
    struct reason why = {.text = ""};
    struct yaml_tree *tree;

    if (node_config_write(&f->config, DOCUMENT_YAML, &yaml, &err) != NOMOS_OK)
        fail_msg("%s", err.text);
    tree = yaml_tree_parse("node.yaml", yaml.bytes, yaml.size, &why);
    if (!tree)
        fail_msg("%s in\n%s", why.text, yaml.bytes);
    text_done(&yaml);
    return tree;
}

/* ---- tests ---- */

static void a_validator_has_every_key_of_the_contract_and_no_other(void **state)
{
    const struct fixture *f = *state;
    struct yaml_tree *tree = written(f);
    size_t expected = assert_leaves(tree, LEAVES(common_leaves));

    expected += assert_leaves(tree, LEAVES(da_leaves));
    expected += assert_leaves(tree, LEAVES(validator_leaves));
    assert_int_equal(count_leaves(tree), expected);
    yaml_tree_free(tree);
}

static void an_executor_has_every_key_of_the_contract_and_no_other(void **state)
{
    struct fixture *f = *state;
    struct yaml_tree *tree;
    size_t expected;

    f->config.is_executor = true;
    tree = written(f);
    expected = assert_leaves(tree, LEAVES(common_leaves));
    expected += assert_leaves(tree, LEAVES(da_leaves));
    expected += assert_leaves(tree, LEAVES(executor_leaves));
    assert_int_equal(count_leaves(tree), expected);
    yaml_tree_free(tree);
}

static void without_data_availability_its_sections_are_not_there(void **state)
{
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->network.has_da = false;
    tree = written(f);
    assert_int_equal(count_leaves(tree), assert_leaves(tree, LEAVES(common_leaves)));
    yaml_tree_free(tree);
}

static void the_provider_key_in_key_management_is_the_one_of_the_zk_id(void **state)
{
    const struct fixture *f = *state;
    struct yaml_tree *tree = written(f);
    const struct yaml_tree *value = find(tree, "key_management.keys." ZK_ID_1);
    struct fr secret, public_key;
    char hex[HEX32_SIZE];

    assert_string_equal(value->tag, "Zk");
    assert_true(hex_to_fr(value->text, &secret));
    public_key = zk_public_key(&f->wire, &secret);
    hex_from_fr(&public_key, hex);
    assert_string_equal(hex, ZK_ID_1);
    yaml_tree_free(tree);
}

static void json_says_the_same_as_yaml(void **state)
{
    struct fixture *f = *state;

    f->network.membership = &f->membership;
    f->network.has_server_keys = true;
    for (int is_executor = 0; is_executor < 2; is_executor++) {
        struct text json = {0};
        struct yaml_tree *tree;
        struct json_object *from_yaml, *from_json;

        f->config.is_executor = is_executor;
        tree = written(f);
        from_yaml = yaml_tree_to_json(tree);
        assert_int_equal(node_config_write(&f->config, DOCUMENT_JSON, &json, NULL), NOMOS_OK);
        from_json = json_tokener_parse(json.bytes);
        assert_non_null(from_json);
        /* By text: yaml_tree_to_json gives fractions as text. */
        assert_non_null(strstr(json.bytes, "\"active_slot_coeff\":0.9}"));
        assert_int_equal(
            json_object_object_length(from_json), json_object_object_length(from_yaml));
        for (size_t i = 0; i < tree->count; i++) {
            const char *key = tree->keys[i];
            struct json_object *value = json_object_object_get(from_yaml, key);
            struct json_object *other = json_object_object_get(from_json, key);

            /* These two hold fractions, which one of the readers gives as text. */
            if (strcmp(key, "deployment") != 0 && strcmp(key, "da_verifier") != 0 &&
                !json_object_equal(value, other))
                fail_msg("%s differs: %s, %s", key, json_object_to_json_string(value),
                    json_object_to_json_string(other));
        }
        json_object_put(from_json);
        json_object_put(from_yaml);
        yaml_tree_free(tree);
        text_done(&json);
    }
}

static void the_genesis_in_it_is_the_one_that_was_given(void **state)
{
    const struct fixture *f = *state;
    struct yaml_tree *tree = written(f);
    struct json_object *json =
        yaml_tree_to_json(find(tree, "cryptarchia.service.starting_state!Genesis.genesis_tx"));
    struct signed_tx read = {0};
    struct nomos_error err = {""};
    const struct fr expected = tx_hash(&f->wire, &f->genesis.tx);

    assert_int_equal(json_tx_from_object(json, "", &read, &err), NOMOS_OK);
    const struct fr hash = tx_hash(&f->wire, &read.tx);
    assert_true(fr_equal(&hash, &expected));
    assert_int_equal(genesis_verify(&f->wire, &zk_scheme_dev, &read, &err), NOMOS_OK);
    signed_tx_done(&read);
    json_object_put(json);
    yaml_tree_free(tree);
}

/* The node's reader of YAML takes an enum with a value as a tag and in no other way. */
static void proofs_in_yaml_are_tagged(void **state)
{
    const struct fixture *f = *state;
    struct yaml_tree *tree = written(f);
    const struct yaml_tree *proofs =
        find(tree, "cryptarchia.service.starting_state!Genesis.genesis_tx.ops_proofs");

    assert_int_equal(proofs->count, 5);
    assert_string_equal(proofs->values[0]->text, "NoProof");
    for (size_t i = 1; i < proofs->count; i++) {
        assert_string_equal(proofs->values[i]->tag, "ZkAndEd25519Sigs");
        assert_non_null(find(proofs->values[i], "zk_sig.pi_b[63]"));
        assert_non_null(find(proofs->values[i], "ed25519_sig[63]"));
    }
    yaml_tree_free(tree);
}

static void count_unknown(void *self, const char *path, unsigned line)
{
    (void)path;
    (void)line;
    ++*(size_t *)self;
}

static void the_development_node_reads_it(void **state)
{
    const struct fixture *f = *state;
    struct yaml_tree *tree = written(f);
    struct config config;
    struct reason why = {.text = ""};
    size_t unknown = 0;

    if (!config_read(&config, tree, &why))
        fail_msg("%s", why.text);
    assert_int_equal(config.chain_start_ns, START_NS);
    assert_int_equal(config.slot_duration_ns, 2 * NODE_CONFIG_SECOND);
    assert_int_equal(config.http.port, 18080);
    assert_int_equal(config.testing_http.port, 18081);
    assert_int_equal(config.gossip.port, 3000);
    assert_int_equal(config.peer_count, 2);
    assert_string_equal(config.peers[1].host, "10.0.0.2");
    assert_int_equal(config.known_key_count, 2);
    assert_string_equal(config.db_path, "/run/node/db");
    config_unknown_keys(tree, count_unknown, &unknown);
    assert_int_equal(unknown, 0);
    config_done(&config);
    yaml_tree_free(tree);
}

static void a_server_adds_membership_and_the_keys_of_old_nodes(void **state)
{
    static const struct leaf added[] = {
        {"da_network.membership.assignations.0[0]", NULL},
        {"da_network.membership.assignations.0[1]", NULL},
        {"da_network.membership.assignations.1[0]", NULL},
        {"da_network.membership.assignations.1[1]", NULL},
        {"cryptarchia.bootstrap.ibd.peers", "[]"},
        SPAN("cryptarchia.bootstrap.ibd.delay_before_new_download", "10"),
        {"cryptarchia.network_adapter_settings.topic", "\"/cryptarchia/proto\""},
        {"cryptarchia.sync.orphan.max_orphan_cache_size", "5"},
    };
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->network.membership = &f->membership;
    f->network.has_server_keys = true;
    tree = written(f);
    (void)assert_leaves(tree, LEAVES(added));
    yaml_tree_free(tree);
}

static void members_take_turns_over_the_subnetworks(void **state)
{
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->network.membership = &f->membership;
    f->network.da.subnetwork_size = 3;
    f->network.da.dispersal_factor = 1;
    tree = written(f);
    const struct yaml_tree *all = find(tree, "da_network.membership.assignations");
    assert_int_equal(all->count, 3);
    /* f->keys[1] is PEER_1's. */
    assert_string_not_equal(all->values[0]->values[0]->text, PEER_1);
    assert_string_equal(all->values[1]->values[0]->text, PEER_1);
    assert_string_equal(all->values[2]->values[0]->text, all->values[0]->values[0]->text);
    yaml_tree_free(tree);
}

static void nobody_is_twice_in_a_subnetwork(void **state)
{
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->network.membership = &f->membership;
    f->membership.count = 1;
    tree = written(f);
    assert_int_equal(find(tree, "da_network.membership.assignations.0")->count, 1);
    f->membership.count = 0;
    yaml_tree_free(tree);
    tree = written(f);
    assert_int_equal(find(tree, "da_network.membership.assignations.1")->count, 0);
    yaml_tree_free(tree);
}

static void logs_go_where_they_are_told(void **state)
{
    static const struct leaf to_file[] = {{"tracing.logger!File.directory", "\"/var/log\""},
        {"tracing.logger!File.prefix", "\"nomos-node-0\""}};
    static const struct leaf everything[] = {
        {"tracing.logger!Loki.endpoint", "\"http://localhost:3100\""},
        {"tracing.logger!Loki.host_identifier", "\"node-0\""},
        {"tracing.tracing!Otlp.endpoint", "\"http://localhost:4317\""},
        {"tracing.tracing!Otlp.sample_ratio", "0.5"},
        {"tracing.tracing!Otlp.service_name", "\"node-0\""},
        {"tracing.filter!EnvFilter.filters.nomos", "\"debug\""},
        {"tracing.filter!EnvFilter.filters.cryptarchia", "\"info\""},
        {"tracing.metrics!Otlp.endpoint", "\"http://localhost:9090\""},
        {"tracing.metrics!Otlp.host_identifier", "\"node-0\""},
        {"tracing.console", "None"},
        {"tracing.level", "DEBUG"},
    };
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->config.tracing.logger = NODE_CONFIG_FILE;
    f->config.tracing.directory = "/var/log";
    f->config.tracing.prefix = "nomos-node-0";
    tree = written(f);
    (void)assert_leaves(tree, LEAVES(to_file));
    yaml_tree_free(tree);
    f->config.tracing = (struct node_config_tracing){.logger = NODE_CONFIG_LOKI,
        .loki_endpoint = "http://localhost:3100",
        .filter = "nomos=debug,cryptarchia=info",
        .traces_endpoint = "http://localhost:4317",
        .metrics_endpoint = "http://localhost:9090",
        .host_identifier = "node-0",
        .level = "DEBUG"};
    tree = written(f);
    (void)assert_leaves(tree, LEAVES(everything));
    yaml_tree_free(tree);
    f->config.tracing.section = "{level: WARN}";
    tree = written(f);
    assert_int_equal(find(tree, "tracing")->count, 1);
    yaml_tree_free(tree);
}

static void loggers_without_settings_are_words(void **state)
{
    static const struct {
        enum node_config_logger logger;
        const char *word;
    } loggers[] = {{NODE_CONFIG_STDERR, "Stderr"}, {NODE_CONFIG_SILENT, "None"}};
    struct fixture *f = *state;

    for (size_t i = 0; i < 2; i++) {
        struct yaml_tree *tree;

        f->config.tracing.logger = loggers[i].logger;
        tree = written(f);
        assert_leaf(tree, &(const struct leaf){"tracing.logger", loggers[i].word});
        yaml_tree_free(tree);
    }
}

static void with_autonat_there_is_no_address_to_announce(void **state)
{
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->config.has_autonat = true;
    tree = written(f);
    assert_null(find(tree, "network.backend.swarm.nat_config"));
    yaml_tree_free(tree);
}

static void wallet_keys_stay_out_of_key_management_when_told_so(void **state)
{
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->network.has_wallet_keys = false;
    tree = written(f);
    assert_int_equal(find(tree, "key_management.keys")->count, 2);
    assert_int_equal(find(tree, "wallet.known_keys")->count, 2);
    yaml_tree_free(tree);
}

static void addresses_may_be_of_version_6(void **state)
{
    static const struct leaf leaves[] = {{"http.backend_settings.address", "\"[::1]:18080\""},
        {"blend.core.backend.listening_address", "\"/ip6/::1/udp/3400/quic-v1\""}};
    struct fixture *f = *state;
    struct yaml_tree *tree;

    f->config.http.ip = f->config.blend.ip = "::1";
    tree = written(f);
    (void)assert_leaves(tree, LEAVES(leaves));
    yaml_tree_free(tree);
}

static void assert_refused(const struct fixture *f, enum nomos_status status, const char *why)
{
    struct text yaml = {.max = status == NOMOS_E_MEMORY ? 1000 : 0};
    struct nomos_error err = {""};

    assert_int_equal(node_config_write(&f->config, DOCUMENT_YAML, &yaml, &err), status);
    if (!strstr(err.text, why))
        fail_msg("expected \"%s\" in \"%s\"", why, err.text);
    text_done(&yaml);
}

static void what_cannot_be_right_is_refused(void **state)
{
    static const char *const filters[] = {"nomos", "nomos=", "=debug", "nomos=debug,,a=b", "a,b=c"};
    struct fixture *f = *state;
    char long_filter[400];

    for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
        f->config.tracing.filter = filters[i];
        assert_refused(f, NOMOS_E_DATA, "no list of target=level");
    }
    (void)snprintf(long_filter, sizeof(long_filter), "%0300d=debug", 1);
    f->config.tracing.filter = long_filter;
    assert_refused(f, NOMOS_E_DATA, "no list of target=level");
    f->config.tracing.filter = NULL;
    f->network.chain_start_unix_ns = -1;
    assert_refused(f, NOMOS_E_DATA, "before 1970");
    f->network.chain_start_unix_ns = START_NS;
    f->network.has_da = false;
    f->network.membership = &f->membership;
    assert_refused(f, NOMOS_E_DATA, "membership needs data availability");
    f->config.is_executor = true;
    assert_refused(f, NOMOS_E_DATA, "executor needs data availability");
}

static void a_text_that_is_too_small_is_out_of_memory(void **state)
{
    assert_refused(*state, NOMOS_E_MEMORY, "does not fit");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_validator_has_every_key_of_the_contract_and_no_other),
        TEST(an_executor_has_every_key_of_the_contract_and_no_other),
        TEST(without_data_availability_its_sections_are_not_there),
        TEST(the_provider_key_in_key_management_is_the_one_of_the_zk_id),
        TEST(json_says_the_same_as_yaml),
        TEST(the_genesis_in_it_is_the_one_that_was_given),
        TEST(proofs_in_yaml_are_tagged),
        TEST(the_development_node_reads_it),
        TEST(a_server_adds_membership_and_the_keys_of_old_nodes),
        TEST(members_take_turns_over_the_subnetworks),
        TEST(nobody_is_twice_in_a_subnetwork),
        TEST(logs_go_where_they_are_told),
        TEST(loggers_without_settings_are_words),
        TEST(with_autonat_there_is_no_address_to_announce),
        TEST(wallet_keys_stay_out_of_key_management_when_told_so),
        TEST(addresses_may_be_of_version_6),
        TEST(what_cannot_be_right_is_refused),
        TEST(a_text_that_is_too_small_is_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
