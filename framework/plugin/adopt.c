#include "framework/plugin/adopt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/plugin/record.h"

static const struct record_shape library_shape = {
    "assay_library", RECORD_END(assay_library, plugin_count), sizeof(assay_library)};
static const struct record_shape plugin_shape = {
    "assay_plugin", RECORD_END(assay_plugin, deployer), sizeof(assay_plugin)};
static const struct record_shape system_shape = {
    "assay_system_ops", RECORD_END(assay_system_ops, service), sizeof(assay_system_ops)};
static const struct record_shape deployer_shape = {
    "assay_deployer_ops", RECORD_END(assay_deployer_ops, inspect), sizeof(assay_deployer_ops)};
static const struct record_shape option_shape = {
    "assay_option", RECORD_END(assay_option, help), sizeof(assay_option)};

struct plugin_library *library_new(char *path)
{
    auto_free char *owned = path;
    auto_library struct plugin_library *library = mem_new(sizeof(*library));

    if (!library)
        return NULL;
    library->warnings = mem_new_array(LIBRARY_WARNINGS_MAX, sizeof(char *));
    if (!library->warnings)
        return NULL;
    library->path = take(owned);
    return take(library);
}

void library_free(struct plugin_library *library)
{
    if (!library)
        return;
    for (size_t i = 0; i < library->plugin_count; i++) {
        free(library->plugins[i].options);
        free(library->plugins[i].node_options);
    }
    free(library->plugins);
    for (size_t i = 0; i < library->warning_count; i++)
        free(library->warnings[i]);
    free(library->warnings);
    free(library->path);
    free(library);
}

void library_warn(struct plugin_library *library, char *text)
{
    if (library->warning_count < LIBRARY_WARNINGS_MAX)
        library->warnings[library->warning_count++] = text;
    else
        free(text);
}

static assay_status adopt_options(
    const struct record_array *theirs, assay_option **out, struct error *err)
{
    if (theirs->count > LOADER_OPTIONS_MAX)
        return error_set(err, ASSAY_E_INVALID, "%zu options; a plugin may have %d", theirs->count,
            (int)LOADER_OPTIONS_MAX);
    auto_free assay_option *options = mem_new_array(theirs->count, sizeof(*options));
    if (!options)
        return error_nomem(err);
    const assay_status status = record_take_array(theirs, &option_shape, options, err);
    if (!status)
        *out = take(options);
    return status;
}

/* The option tables, with the stride of this host. */
static assay_status adopt_tables(struct plugin *plugin, struct error *err)
{
    assay_plugin *its = &plugin->descriptor;
    const struct record_array options = {its->options, its->option_stride, its->option_count};
    const struct record_array node_options = {
        its->node_options, its->option_stride, its->node_option_count};
    assay_status status = adopt_options(&options, &plugin->options, err);

    if (!status)
        status = adopt_options(&node_options, &plugin->node_options, err);
    its->options = plugin->options;
    its->node_options = plugin->node_options;
    its->option_stride = sizeof(assay_option);
    return status;
}

static assay_status adopt_operations(struct plugin *plugin, struct error *err)
{
    assay_plugin *its = &plugin->descriptor;
    assay_status status = ASSAY_OK;

    if (its->system) {
        status = record_adopt(its->system, &system_shape, &plugin->system, err);
        its->system = &plugin->system;
    }
    if (!status && its->deployer) {
        status = record_adopt(its->deployer, &deployer_shape, &plugin->deployer, err);
        its->deployer = &plugin->deployer;
    }
    return status;
}

static assay_status adopt_plugin(
    struct plugin *plugin, const assay_plugin *theirs, struct error *err)
{
    static const char *const none[] = {NULL};
    assay_plugin *its = &plugin->descriptor;
    assay_status status = record_adopt(theirs, &plugin_shape, its, err);

    if (status)
        return status;
    its->needs = its->needs ? its->needs : none;
    its->wants = its->wants ? its->wants : none;
    its->offers = its->offers ? its->offers : none;
    status = adopt_tables(plugin, err);
    if (!status)
        status = adopt_operations(plugin, err);
    if (status && its->id)
        return error_wrap(err, status, "%.64s", its->id);
    return status;
}

assay_status library_adopt(
    struct plugin_library *library, const assay_library *theirs, struct error *err)
{
    assay_library copy;
    assay_status status = ASSAY_OK;

    assert(!library->plugins);
    if (!theirs)
        return error_set(err, ASSAY_E_INVALID, "assay_library_v1 returned NULL");
    status = record_adopt(theirs, &library_shape, &copy, err);
    if (status)
        return status;
    if (!copy.name || !copy.version || !copy.license)
        return error_set(err, ASSAY_E_INVALID, "a name, version or license of the library is NULL");
    if (copy.plugin_count == 0 || copy.plugin_count > LOADER_PLUGINS_MAX || !copy.plugins)
        return error_set(err, ASSAY_E_INVALID, "a library of %zu plugins; it should have 1 to %d",
            copy.plugin_count, (int)LOADER_PLUGINS_MAX);

    library->name = copy.name;
    library->version = copy.version;
    library->license = copy.license;
    library->abi_built = copy.abi_built;
    library->abi_needs = copy.abi_needs;
    library->plugins = mem_new_array(copy.plugin_count, sizeof(struct plugin));
    if (!library->plugins)
        return error_nomem(err);
    library->plugin_count = copy.plugin_count;
    for (size_t i = 0; !status && i < copy.plugin_count; i++) {
        library->plugins[i].library = library;
        status = adopt_plugin(&library->plugins[i], copy.plugins[i], err);
    }
    return status;
}
