#include "framework/config/manifest.h"

#include <assert.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/base/path.h"
#include "framework/base/suggest.h"
#include "framework/config/manifest_run.h"
#include "framework/config/manifest_tables.h"
#include "framework/topology/topology.h"

enum {
    POOL_SIZE_MAX = 16 * 1024 * 1024
};

static const struct {
    const char *word;
    uint32_t kind;
    const char *implied; /* the section that is there when none is written; NULL: none needed */
} kinds[] = {
    {"system", ASSAY_SYSTEM, "system.nomos"},
    {"deployer", ASSAY_DEPLOYER, "deployer.local"},
    {"workload", ASSAY_WORKLOAD, NULL},
    {"expectation", ASSAY_EXPECTATION, NULL},
};

static const char *const plain_sections[] = {"run", "topology", "wallets"};

void manifest_init(struct manifest *manifest)
{
    *manifest = (struct manifest){.run = {.seed = 0}};
    pool_init(&manifest->pool, POOL_SIZE_MAX);
    values_init(&manifest->run_values);
    values_init(&manifest->topology_values);
    values_init(&manifest->wallet_values);
    vec_init(&manifest->instances, sizeof(struct instance), MANIFEST_INSTANCES_MAX);
    vec_init(&manifest->nodes, sizeof(struct node_section), MANIFEST_NODES_MAX);
}

void manifest_done(struct manifest *manifest)
{
    VEC_EACH(struct instance, instance, &manifest->instances)
        values_done(&instance->values);
    VEC_EACH(struct node_section, node, &manifest->nodes)
        values_done(&node->values);
    vec_done(&manifest->instances);
    vec_done(&manifest->nodes);
    values_done(&manifest->run_values);
    values_done(&manifest->topology_values);
    values_done(&manifest->wallet_values);
    pool_done(&manifest->pool);
}

struct node_section *manifest_find_node(const struct manifest *manifest, const char *name)
{
    VEC_EACH(struct node_section, node, &manifest->nodes) {
        if (strcmp(node->name, name) == 0)
            return node;
    }
    return NULL;
}

struct instance *manifest_find_kind(const struct manifest *manifest, uint32_t kind)
{
    VEC_EACH(struct instance, instance, &manifest->instances) {
        if (instance->kind == kind)
            return instance;
    }
    return NULL;
}

void manifest_resolve(
    struct instance *instance, const struct schema *schema, struct problems *problems)
{
    assert(instance->values.count == 0);
    schema_fill_instance(schema, instance->name, instance->section, &instance->values, problems);
}

void manifest_resolve_node(
    struct node_section *node, const struct schema *schema, struct problems *problems)
{
    assert(node->values.count == 0);
    schema_fill(schema, node->section->name, node->section, &node->values, problems);
}

/* ---- reading ---- */

/* What manifest_read works on. */
struct reading {
    struct manifest *manifest;
    const struct ini *ini;
    struct problems *problems;
    bool has_too_many; /* said once */
};

/* "acme.tx-burst" is an id; "burst" is short for "assay.burst". */
static const char *full_plugin_id(struct reading *reading, const char *id)
{
    struct pool *pool = &reading->manifest->pool;
    const size_t size = strlen("assay.") + strlen(id) + 1;
    char *full = NULL;

    if (strchr(id, '.'))
        return pool_dup(pool, id);
    full = pool_new(pool, size);
    if (full)
        (void)snprintf(full, size, "assay.%s", id);
    return full;
}

static void keep_instance(struct reading *reading, const struct instance *instance)
{
    const assay_status status = vec_push(&reading->manifest->instances, instance);

    if (status == ASSAY_E_NOMEM)
        problems_nomem(reading->problems);
    else if (status && !reading->has_too_many)
        problems_add(reading->problems, &instance->origin,
            "[%s]: there are too many sections like it; at most %d", instance->name,
            (int)MANIFEST_INSTANCES_MAX);
    reading->has_too_many = reading->has_too_many || status == ASSAY_E_INVALID;
}

static void add_instance(
    struct reading *reading, size_t kind_index, const char *name, const struct section *section)
{
    const char *label = name + strlen(kinds[kind_index].word) + 1;
    const struct setting *plugin = section ? section_find(section, "plugin") : NULL;
    const struct setting *sha256 = section ? section_find(section, "sha256") : NULL;
    struct instance instance = {
        .kind = kinds[kind_index].kind, .name = name, .label = label, .section = section};

    if (section)
        instance.origin = section->origin;
    instance.plugin_origin = plugin ? plugin->origin : instance.origin;
    if (sha256) {
        instance.sha256 = sha256->value;
        instance.sha256_origin = sha256->origin;
    }
    values_init(&instance.values);
    if (!path_is_plain_name(label)) {
        problems_add(reading->problems, &instance.origin,
            "[%s]: '%s' cannot name an instance; begin with a letter or digit", name, label);
        return;
    }
    if (plugin && !path_is_plain_name(plugin->value) && !plugin->is_broken) {
        problems_add(reading->problems, &plugin->origin,
            "[%s] plugin: '%.60s' is not a plugin's id such as acme.tx-burst", name, plugin->value);
        return;
    }
    instance.plugin_id =
        full_plugin_id(reading, plugin && !plugin->is_broken ? plugin->value : label);
    if (!instance.plugin_id) {
        problems_nomem(reading->problems);
        return;
    }
    keep_instance(reading, &instance);
}

/* The index of the kind whose sections begin so; SIZE_MAX: none. */
static size_t kind_of(const char *section)
{
    const size_t word_len = strcspn(section, ".");

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (strlen(kinds[i].word) == word_len && strncmp(kinds[i].word, section, word_len) == 0)
            return i;
    }
    return SIZE_MAX;
}

/* system and deployer come first, there is one of each, and it may be implied. */
static void read_only_one(struct reading *reading, size_t kind_index)
{
    const struct section *first = NULL;

    VEC_EACH(const struct section, section, &reading->ini->sections) {
        if (kind_of(section->name) != kind_index || !strchr(section->name, '.'))
            continue;
        if (first)
            problems_add(reading->problems, &section->origin,
                "a scenario has one %s, and [%s] is there already", kinds[kind_index].word,
                first->name);
        else
            first = section;
    }
    add_instance(reading, kind_index, first ? first->name : kinds[kind_index].implied, first);
}

static void refuse_section(struct reading *reading, const struct section *section)
{
    const char *rest = strchr(section->name, '.');
    auto_free char *word =
        rest ? mem_dup_n(section->name, (size_t)(rest - section->name)) : mem_dup(section->name);
    struct suggestion suggestion;

    if (!word) {
        problems_nomem(reading->problems);
        return;
    }
    suggestion_init(&suggestion, word);
    for (size_t i = 0; i < ARRAY_COUNT(plain_sections); i++)
        suggestion_offer(&suggestion, plain_sections[i]);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        suggestion_offer(&suggestion, kinds[i].word);
    suggestion_offer(&suggestion, "node");
    if (suggestion.best && strcmp(suggestion.best, word) != 0)
        problems_add(reading->problems, &section->origin,
            "there is no section [%s]; did you mean [%s%s]?", section->name, suggestion.best,
            rest ? rest : "");
    else if (suggestion.best && rest)
        problems_add(reading->problems, &section->origin, "[%s]: write [%s]", section->name, word);
    else if (suggestion.best)
        problems_add(
            reading->problems, &section->origin, "[%s] needs a name, as in [%s.first]", word, word);
    else
        problems_add(reading->problems, &section->origin,
            "there is no section [%s]; there are run, topology, wallets, node.<name>, "
            "system.<name>, deployer.<name>, workload.<name> and expectation.<name>",
            section->name);
}

static void read_section(struct reading *reading, const struct section *section)
{
    const char *dot = strchr(section->name, '.');
    const size_t kind = kind_of(section->name);

    for (size_t i = 0; i < ARRAY_COUNT(plain_sections); i++) {
        if (strcmp(section->name, plain_sections[i]) == 0)
            return;
    }
    if (dot && strncmp(section->name, "node.", strlen("node.")) == 0) {
        struct node_section node = {.name = dot + 1, .section = section};
        assay_status status = ASSAY_OK;

        values_init(&node.values);
        status = vec_push(&reading->manifest->nodes, &node);
        if (status == ASSAY_E_NOMEM)
            problems_nomem(reading->problems);
        else if (status)
            problems_add(reading->problems, &section->origin, "there are more than %d nodes",
                (int)MANIFEST_NODES_MAX);
    } else if (!dot || kind == SIZE_MAX) {
        refuse_section(reading, section);
    } else if (!kinds[kind].implied) {
        add_instance(reading, kind, section->name, section);
    }
}

/* ---- the shape of the network ---- */

static void check_nodes(struct reading *reading)
{
    struct manifest *manifest = reading->manifest;
    struct topology_shape shape = {.validators = (uint32_t)manifest->topology.validators,
        .executors = (uint32_t)manifest->topology.executors,
        .nodes = (uint32_t)manifest->topology.nodes};
    const struct section *section = ini_find(reading->ini, "topology");
    auto_topology struct topology *topology = NULL;
    struct error err;

    error_clear(&err);
    if (topology_new(&shape, &topology, &err)) {
        (void)error_wrap(&err, err.code, "[topology]");
        problems_add_error(reading->problems, section ? &section->origin : NULL, &err);
        return;
    }
    VEC_EACH(const struct node_section, node, &manifest->nodes) {
        struct suggestion suggestion;

        if (topology_find(topology, node->name))
            continue;
        suggestion_init(&suggestion, node->name);
        for (uint32_t i = 0; i < topology->node_count; i++)
            suggestion_offer(&suggestion, topology->nodes[i].name);
        problems_add(reading->problems, &node->section->origin,
            "[node.%s]: the topology has no such node; %s%s%s", node->name,
            suggestion.best ? "did you mean '" : "nodes are named as in validator-0",
            suggestion.best ? suggestion.best : "", suggestion.best ? "'?" : "");
    }
}

static void read_shape(struct reading *reading)
{
    struct manifest *manifest = reading->manifest;
    const size_t errors_before = reading->problems->error_count;

    schema_fill(&manifest_topology_schema, "topology", ini_find(reading->ini, "topology"),
        &manifest->topology_values, reading->problems);
    schema_fill(&manifest_wallet_schema, "wallets", ini_find(reading->ini, "wallets"),
        &manifest->wallet_values, reading->problems);
    if (!manifest->topology_values.data || !manifest->wallet_values.data)
        return; /* short of memory, and noted */
    memcpy(&manifest->topology, manifest->topology_values.data, sizeof manifest->topology);
    memcpy(&manifest->wallets, manifest->wallet_values.data, sizeof manifest->wallets);
    /* With a count in doubt, complaints about nodes beyond it would mislead. */
    if (reading->problems->error_count == errors_before)
        check_nodes(reading);
}

void manifest_read(struct manifest *manifest, const struct ini *ini, struct problems *problems)
{
    struct reading reading = {.manifest = manifest, .ini = ini, .problems = problems};

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (kinds[i].implied)
            read_only_one(&reading, i);
    }
    VEC_EACH(const struct section, section, &ini->sections)
        read_section(&reading, section);
    manifest_read_run(manifest, ini, problems);
    read_shape(&reading);
}
