/* Who is known, in which order, and what each is told. */
#include "cfgsync_world.h"

#include <json-c/json.h>

#include "devnode/shell/yaml_tree.h"
#include "nomos/genesis.h"
#include "nomos/json_tx.h"

#define START INT64_C(1765540000000000000)

static void announce(struct registry *registry, const char *name, const char *ip)
{
    const struct announcement host = host_named(name, ip);

    assert_int_equal(registry_announce(registry, &host, START, NULL), REGISTRY_KNOWN);
}

/* The host's configuration as a tree, for the caller to free. */
static struct yaml_tree *config_of(const struct registry *registry, const char *name)
{
    const struct announcement host = host_named(name, "10.0.0.1");
    struct text text = {.bytes = NULL};
    struct yaml_tree *tree = NULL;
    struct reason why = {""};

    assert_true(registry_write(registry, &host, DOCUMENT_YAML, &text, &why));
    tree = yaml_tree_parse(name, text.bytes, text.size, &why);
    text_done(&text);
    if (!tree)
        fail_msg("%s", why.text);
    return tree;
}

static const char *at(const struct yaml_tree *tree, const char *path)
{
    const struct yaml_tree *value = yaml_tree_find(tree, path);

    if (!value) {
        fail_msg("no %s", path);
        return "";
    }
    if (value->kind == YAML_SEQUENCE)
        return value->count ? value->values[0]->text : "";
    return value->text;
}

static void nobody_is_told_anything_before_the_last_has_come(void **state)
{
    struct settings settings = settings_of(2, "");
    struct registry *registry = registry_new(&settings);

    (void)state;
    announce(registry, "validator-0", "10.0.0.2");
    assert_false(registry_is_complete(registry));
    announce(registry, "validator-0", "10.0.0.2"); /* again: no other host */
    assert_false(registry_is_complete(registry));
    assert_int_equal(registry_count(registry), 1);
    announce(registry, "executor-0", "10.0.0.3");
    assert_true(registry_is_complete(registry));
    registry_free(registry);
    settings_done(&settings);
}

static void ids_go_to_validators_first_and_by_number(void **state)
{
    struct settings settings = settings_of(3, "");
    struct registry *registry = registry_new(&settings);
    struct yaml_tree *first, *second, *third;

    (void)state;
    announce(registry, "executor-0", "10.0.0.4");
    announce(registry, "validator-10", "10.0.0.3");
    announce(registry, "validator-2", "10.0.0.2");
    first = config_of(registry, "validator-2");
    second = config_of(registry, "validator-10");
    third = config_of(registry, "executor-0");
    assert_int_equal(at(first, "network.backend.swarm.node_key")[1], '1');
    assert_int_equal(at(second, "network.backend.swarm.node_key")[1], '2');
    assert_int_equal(at(third, "network.backend.swarm.node_key")[1], '3');
    yaml_tree_free(first);
    yaml_tree_free(second);
    yaml_tree_free(third);
    registry_free(registry);
    settings_done(&settings);
}

static void a_configuration_is_as_the_contract_says(void **state)
{
    struct settings settings = settings_of(2, "slot_duration: \"0.5\"\nglobal_params_path: /kzg\n");
    struct registry *registry = registry_new(&settings);
    struct announcement host = host_named("executor-0", "10.0.0.3");
    struct yaml_tree *config;

    (void)state;
    host.network_port = 3001;
    host.api_port = 20001;
    announce(registry, "validator-0", "10.0.0.2");
    assert_int_equal(registry_announce(registry, &host, START, NULL), REGISTRY_KNOWN);
    config = config_of(registry, "executor-0");
    assert_string_equal(at(config, "network.backend.swarm.host"), "0.0.0.0");
    assert_string_equal(at(config, "network.backend.swarm.port"), "3001");
    assert_string_equal(at(config, "network.backend.swarm.nat_config.external_address"),
        "/ip4/10.0.0.3/udp/3001/quic-v1");
    assert_string_equal(at(config, "network.backend.initial_peers"),
        "/ip4/10.0.0.2/udp/3000/quic-v1/p2p/"
        "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5");
    assert_string_equal(at(config, "http.backend_settings.address"), "0.0.0.0:20001");
    assert_string_equal(at(config, "testing_http.backend_settings.address"), "0.0.0.0:18081");
    assert_string_equal(at(config, "deployment.time.slot_duration.nanos"), "500000000");
    assert_string_equal(
        at(config, "time.chain_start_time"), "2025-12-12 11:46:40.000000000 +00:00:00");
    assert_string_equal(at(config, "da_network.min_session_members"), "1");
    assert_non_null(yaml_tree_find(config, "da_network.membership.assignations"));
    assert_non_null(yaml_tree_find(config, "cryptarchia.sync"));
    assert_string_equal(
        at(config, "da_verifier.share_verifier_settings.global_params_path"), "/kzg");
    assert_string_equal(at(config, "storage.db_path"), "./db");
    yaml_tree_free(config);
    registry_free(registry);
    settings_done(&settings);
}

static void the_genesis_is_valid_and_names_the_addresses(void **state)
{
    struct settings settings = settings_of(2, "");
    struct registry *registry = registry_new(&settings);
    struct yaml_tree *config;
    struct json_object *json;
    struct signed_tx genesis;
    struct wire wire;
    struct nomos_error err = {""};

    (void)state;
    announce(registry, "validator-0", "10.0.0.2");
    announce(registry, "validator-1", "10.0.0.3");
    config = config_of(registry, "validator-1");
    json =
        yaml_tree_to_json(yaml_tree_find(config, "cryptarchia.service.starting_state.genesis_tx"));
    assert_int_equal(json_tx_from_object(json, "genesis_tx", &genesis, &err), NOMOS_OK);
    wire_init(&wire, &wire_revision_2025_12);
    assert_int_equal(genesis_verify(&wire, &zk_scheme_dev, &genesis, &err), NOMOS_OK);
    assert_int_equal(genesis_total_stake(&genesis), 2 * 1002 + 100);
    signed_tx_done(&genesis);
    json_object_put(json);
    yaml_tree_free(config);
    registry_free(registry);
    settings_done(&settings);
}

/* The weakness of the original: a container that is started anew was never answered. */
static void who_comes_again_gets_the_same_and_a_new_address_is_told_to_others(void **state)
{
    struct settings settings = settings_of(2, "");
    struct registry *registry = registry_new(&settings);
    struct yaml_tree *before, *after, *own;

    (void)state;
    announce(registry, "validator-0", "10.0.0.2");
    announce(registry, "validator-1", "10.0.0.3");
    before = config_of(registry, "validator-1");
    announce(registry, "validator-0", "10.0.0.9");
    after = config_of(registry, "validator-1");
    own = config_of(registry, "validator-0");
    assert_string_equal(at(before, "cryptarchia.leader.pk"), at(after, "cryptarchia.leader.pk"));
    assert_string_equal(at(before, "time.chain_start_time"), at(after, "time.chain_start_time"));
    assert_non_null(strstr(at(before, "network.backend.initial_peers"), "10.0.0.2"));
    assert_non_null(strstr(at(after, "network.backend.initial_peers"), "10.0.0.9"));
    assert_non_null(
        strstr(at(own, "network.backend.swarm.nat_config.external_address"), "10.0.0.9"));
    yaml_tree_free(before);
    yaml_tree_free(after);
    yaml_tree_free(own);
    registry_free(registry);
    settings_done(&settings);
}

static void one_too_many_is_sent_away(void **state)
{
    struct settings settings = settings_of(1, "");
    struct registry *registry = registry_new(&settings);
    const struct announcement other = host_named("validator-1", "10.0.0.3");
    const struct announcement same_name = host_named("executor-0", "10.0.0.2");
    struct reason why = {""};

    (void)state;
    announce(registry, "validator-0", "10.0.0.2");
    assert_int_equal(registry_announce(registry, &other, START, &why), REGISTRY_FULL);
    assert_non_null(strstr(why.text, "validator-1 is none of them"));
    assert_int_equal(registry_announce(registry, &same_name, START, &why), REGISTRY_FULL);
    assert_int_equal(registry_count(registry), 1);
    registry_free(registry);
    settings_done(&settings);
}

static void hosts_without_a_name_are_told_apart_by_their_address(void **state)
{
    struct settings settings = settings_of(2, "");
    struct registry *registry = registry_new(&settings);

    (void)state;
    announce(registry, "unidentified-node", "10.0.0.2");
    announce(registry, "unidentified-node", "10.0.0.3");
    assert_true(registry_is_complete(registry));
    registry_free(registry);
    settings_done(&settings);
}

static void a_genesis_that_cannot_be_made_fails_for_good(void **state)
{
    struct settings settings = settings_of(1, "");
    const struct announcement host = host_named("validator-0", "10.0.0.2");
    struct registry *registry;
    struct reason why = {""};

    (void)state;
    settings.accounts[0].value = UINT64_MAX; /* more than all stake together may be */
    registry = registry_new(&settings);
    assert_int_equal(registry_announce(registry, &host, START, &why), REGISTRY_FAILED);
    assert_non_null(strstr(why.text, "genesis"));
    assert_int_equal(registry_announce(registry, &host, START, &why), REGISTRY_FAILED);
    assert_false(registry_is_complete(registry));
    registry_free(registry);
    registry_free(NULL);
    settings_done(&settings);
}

/* ---- who makes proofs ---- */

struct prover {
    unsigned calls;
    bool fails;
};

static bool sign(
    void *self, const struct wire *wire, const struct genesis_signing *signing, struct reason *why)
{
    struct prover *prover = self;
    const struct fr hash = tx_hash(wire, &signing->genesis->tx);

    prover->calls++;
    assert_true(fr_equal(&signing->hash, &hash));
    if (prover->fails)
        return reason_set(why, "out of paper");
    for (size_t i = 0; i < genesis_declaration_count(signing->spec); i++) {
        struct genesis_agreement agreement;
        struct zk_proof proof;

        genesis_agreement(signing, i, &agreement);
        assert_int_equal(
            zk_scheme_dev.prove(wire, &agreement.statement, agreement.secret_keys, &proof, NULL),
            NOMOS_OK);
        genesis_agree(signing, i, &proof);
    }
    return true;
}

static int64_t an_hour_later(void)
{
    return START + INT64_C(3600) * 1000000000;
}

static void proofs_are_made_once_and_the_chain_starts_after(void **state)
{
    struct settings settings = settings_of(2, "");
    struct registry *registry = registry_new(&settings);
    struct prover prover = {.calls = 0};
    struct yaml_tree *config;

    (void)state;
    registry_prove_with(registry,
        &(struct registry_prover){.self = &prover, .sign = sign, .unix_ns = an_hour_later});
    announce(registry, "validator-0", "10.0.0.2");
    assert_int_equal(prover.calls, 0);
    announce(registry, "validator-1", "10.0.0.3");
    announce(registry, "validator-1", "10.0.0.3");
    assert_int_equal(prover.calls, 1);
    config = config_of(registry, "validator-1");
    assert_string_equal(
        at(config, "time.chain_start_time"), "2025-12-12 12:46:40.000000000 +00:00:00");
    yaml_tree_free(config);
    registry_free(registry);
    settings_done(&settings);
}

static void a_genesis_that_cannot_be_proved_fails_for_good(void **state)
{
    struct settings settings = settings_of(1, "");
    const struct announcement host = host_named("validator-0", "10.0.0.2");
    struct registry *registry = registry_new(&settings);
    struct prover prover = {.fails = true};
    struct reason why = {""};

    (void)state;
    registry_prove_with(registry,
        &(struct registry_prover){.self = &prover, .sign = sign, .unix_ns = an_hour_later});
    assert_int_equal(registry_announce(registry, &host, START, &why), REGISTRY_FAILED);
    assert_non_null(strstr(why.text, "cannot be proved"));
    assert_non_null(strstr(why.text, "out of paper"));
    assert_int_equal(registry_announce(registry, &host, START, &why), REGISTRY_FAILED);
    assert_int_equal(prover.calls, 1);
    registry_free(registry);
    settings_done(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_told_anything_before_the_last_has_come),
        cmocka_unit_test(ids_go_to_validators_first_and_by_number),
        cmocka_unit_test(a_configuration_is_as_the_contract_says),
        cmocka_unit_test(the_genesis_is_valid_and_names_the_addresses),
        cmocka_unit_test(who_comes_again_gets_the_same_and_a_new_address_is_told_to_others),
        cmocka_unit_test(one_too_many_is_sent_away),
        cmocka_unit_test(hosts_without_a_name_are_told_apart_by_their_address),
        cmocka_unit_test(a_genesis_that_cannot_be_made_fails_for_good),
        cmocka_unit_test(proofs_are_made_once_and_the_chain_starts_after),
        cmocka_unit_test(a_genesis_that_cannot_be_proved_fails_for_good),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
