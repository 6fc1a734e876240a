#include "framework/run/plan.h"

#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/host/host.h"

void plan_init(struct plan *plan)
{
    *plan = (struct plan){0};
    ini_init(&plan->ini);
    manifest_init(&plan->manifest);
    problems_init(&plan->problems);
    vec_init(&plan->instances, sizeof(struct plan_instance), MANIFEST_INSTANCES_MAX);
    vec_init(&plan->override_values, sizeof(struct values), MANIFEST_NODES_MAX);
}

void plan_done(struct plan *plan)
{
    VEC_EACH(struct values, values, &plan->override_values) {
        values_done(values);
    }
    vec_done(&plan->override_values);
    vec_done(&plan->instances);
    free(plan->overrides);
    topology_free(plan->topology);
    loader_free(plan->loader);
    catalogue_free(plan->catalogue);
    manifest_done(&plan->manifest);
    problems_done(&plan->problems);
    ini_done(&plan->ini);
}

uint64_t plan_control_actions(const struct plan *plan)
{
    const assay_deployer_ops *ops = plan->deployer ? plan->deployer->descriptor.deployer : NULL;

    return ops && ops->control && ops->inspect ? ops->actions : 0;
}

/* ---- plugins and their options ---- */

static const struct plugin *open_plugin(struct plan *plan, const struct instance *instance)
{
    const struct plugin *plugin = NULL;
    struct error err = {0};
    auto_free char *path = NULL;
    struct loader_request request = {
        .id = instance->plugin_id, .kind = instance->kind, .sha256 = instance->sha256};

    if (catalogue_find(plan->catalogue, instance->plugin_id, instance->kind, &path, &err)) {
        problems_add_error(&plan->problems, &instance->plugin_origin, &err);
        return NULL;
    }
    request.path = path;
    if (loader_open(plan->loader, &request, &plugin, &err)) {
        problems_add_error(&plan->problems,
            instance->sha256 ? &instance->sha256_origin : &instance->plugin_origin, &err);
        return NULL;
    }
    return plugin;
}

static struct schema options_schema(const struct plugin *plugin)
{
    return (struct schema){.options = plugin->options,
        .stride = sizeof(assay_option),
        .count = plugin->descriptor.option_count,
        .struct_size = plugin->descriptor.options_size};
}

static struct schema node_schema(const struct plugin *plugin)
{
    return (struct schema){.options = plugin->node_options,
        .stride = sizeof(assay_option),
        .count = plugin->descriptor.node_option_count,
        .struct_size = plugin->descriptor.node_options_size};
}

static void resolve_instance(struct plan *plan, struct instance *instance)
{
    struct plan_instance item = {.instance = instance, .plugin = open_plugin(plan, instance)};
    struct schema schema;

    if (!item.plugin)
        return;
    schema = options_schema(item.plugin);
    manifest_resolve(instance, &schema, &plan->problems);
    if (vec_push(&plan->instances, &item))
        problems_nomem(&plan->problems);
    if (instance->kind == ASSAY_SYSTEM)
        plan->system = item.plugin;
    if (instance->kind == ASSAY_DEPLOYER)
        plan->deployer = item.plugin;
}

static void resolve_instances(struct plan *plan, const struct plan_options *options)
{
    const struct catalogue_options catalogue = {
        .directories = options->plugin_directories, .allow_untrusted = options->allow_untrusted};
    const struct loader_options loader = {
        .allow_untrusted = options->allow_untrusted, .strict_imports = options->strict_imports};
    struct error err = {0};

    if (catalogue_new(&catalogue, &plan->catalogue, &err) ||
        loader_new(&loader, &plan->loader, &err)) {
        problems_add_error(&plan->problems, NULL, &err);
        return;
    }
    VEC_EACH(struct instance, instance, &plan->manifest.instances) {
        resolve_instance(plan, instance);
    }
}

/* ---- what plugins need of each other ---- */

static bool is_offered_by_system(const struct plan *plan, const char *id)
{
    if (!plan->system)
        return true; /* that it is missing has been reported */
    for (const char *const *offer = plan->system->descriptor.offers; *offer; offer++) {
        if (strcmp(*offer, id) == 0)
            return true;
    }
    return false;
}

static void check_need(struct plan *plan, const struct plan_instance *item, const char *id)
{
    const bool has_control = plan->manifest.run.node_control && plan_control_actions(plan) != 0;

    if (strcmp(id, ASSAY_CONTROL) == 0) {
        if (!has_control && !plan->manifest.run.node_control)
            problems_add(&plan->problems, &item->instance->origin,
                "[%s] acts on nodes, which this scenario does not allow; "
                "say 'node_control = yes' in [run]",
                item->instance->name);
        return; /* without actions the deployer's own problem says so */
    }
    if (host_knows_service(item->instance->kind, id) || is_offered_by_system(plan, id))
        return;
    problems_add(&plan->problems, &item->instance->origin,
        "[%s] needs the service %s, which neither assay nor the system %s offers; "
        "use a system that does, or another %s",
        item->instance->name, id, plan->system->descriptor.id,
        plugin_kind_name(item->instance->kind));
}

static void check_needs(struct plan *plan)
{
    VEC_EACH(struct plan_instance, item, &plan->instances) {
        for (const char *const *need = item->plugin->descriptor.needs; *need; need++)
            check_need(plan, item, *need);
    }
    if (plan->manifest.run.node_control && plan->deployer && plan_control_actions(plan) == 0)
        problems_add(&plan->problems, NULL,
            "[run] node_control is on, but the deployer %s cannot act on nodes; "
            "use another deployer, or leave node_control out",
            plan->deployer->descriptor.id);
}

/* ---- topology ---- */

static void make_topology(struct plan *plan)
{
    const struct topology_options *nodes = &plan->manifest.topology;
    const struct wallet_options *wallets = &plan->manifest.wallets;
    struct topology_shape shape = {.validators = (uint32_t)nodes->validators,
        .executors = (uint32_t)nodes->executors,
        .nodes = (uint32_t)nodes->nodes,
        .accounts = (uint32_t)wallets->count,
        .funds_total = (uint64_t)wallets->count * (uint64_t)wallets->funds};
    struct error err = {0};

    if (!nodes->layout || !topology_layout_parse(nodes->layout, &shape.layout))
        return; /* reported as the option's problem */
    if (topology_new(&shape, &plan->topology, &err))
        problems_add_error(&plan->problems, NULL, &err);
}

/* Every node gets the system's node options: its section's, else the defaults. */
static assay_status fill_overrides(struct plan *plan, const struct schema *schema)
{
    plan->overrides = mem_new_array(plan->topology->node_count, sizeof(*plan->overrides));
    if (!plan->overrides)
        return ASSAY_E_NOMEM;
    for (uint32_t i = 0; i < plan->topology->node_count; i++) {
        struct node_section *node =
            manifest_find_node(&plan->manifest, plan->topology->nodes[i].name);
        struct values values;

        if (node) {
            plan->overrides[i] = node->values.data;
            continue;
        }
        values_init(&values);
        schema_fill(schema, plan->topology->nodes[i].name, NULL, &values, &plan->problems);
        if (vec_push(&plan->override_values, &values)) {
            values_done(&values);
            return ASSAY_E_NOMEM;
        }
        plan->overrides[i] = values.data;
    }
    return ASSAY_OK;
}

static void resolve_nodes(struct plan *plan)
{
    struct schema schema;

    if (!plan->topology || !plan->system)
        return;
    schema = node_schema(plan->system);
    VEC_EACH(struct node_section, node, &plan->manifest.nodes) {
        manifest_resolve_node(node, &schema, &plan->problems);
    }
    if (schema.count > 0 && fill_overrides(plan, &schema))
        problems_nomem(&plan->problems);
}

assay_status plan_load(
    struct plan *plan, const struct plan_source *source, const struct plan_options *options)
{
    ini_read_file(&plan->ini, source->path, &plan->problems);
    for (const char *const *set = source->sets; set && *set; set++)
        ini_set(&plan->ini, *set, &plan->problems);
    manifest_read(&plan->manifest, &plan->ini, &plan->problems);
    resolve_instances(plan, options);
    check_needs(plan);
    if (problems_status(&plan->problems) == ASSAY_OK)
        make_topology(plan);
    resolve_nodes(plan);
    return problems_status(&plan->problems);
}
