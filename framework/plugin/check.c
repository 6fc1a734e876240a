#include "framework/plugin/check.h"

#include <stdbool.h>
#include <string.h>

#include "framework/base/utf8.h"
#include "framework/config/schema.h"
#include "framework/plugin/catalogue.h"

enum {
    SERVICE_ID_MAX = 64 /* bytes; "assay.submissions/1" has nineteen */
};

/* ---- texts ---- */

/* One line of UTF-8 that is not empty and has less than size_max bytes. */
static bool is_line(const char *text, size_t size_max)
{
    const size_t len = text ? strnlen(text, size_max) : 0;

    if (len == 0 || len == size_max || utf8_valid_prefix(text, len) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
            return false;
    return true;
}

static assay_status check_texts(const assay_plugin *plugin, struct error *err)
{
    /* The sizes are those of the note, which says the same. */
    static const assay_note *const note = NULL;

    if (!plugin->id || strnlen(plugin->id, sizeof(note->id)) == sizeof(note->id) ||
        !plugin_id_is_valid(plugin->id))
        return error_set(err, ASSAY_E_INVALID,
            "a plugin's id is not of the form vendor.name (lower-case letters, digits, - and _, "
            "at most %zu bytes)",
            sizeof(note->id) - 1);
    if (!is_line(plugin->version, sizeof(note->version)))
        return error_set(err, ASSAY_E_INVALID,
            "%s: the version should be one line of 1 to %zu bytes", plugin->id,
            sizeof(note->version) - 1);
    if (!is_line(plugin->summary, sizeof(note->summary)))
        return error_set(err, ASSAY_E_INVALID,
            "%s: the summary should be one line of 1 to %zu bytes", plugin->id,
            sizeof(note->summary) - 1);
    return ASSAY_OK;
}

/* ---- operations ---- */

static const char *missing_system_operation(const assay_system_ops *ops)
{
    if (!ops)
        return "system";
    if (!ops->plan)
        return "system->plan";
    if (!ops->render)
        return "system->render";
    if (!ops->ready)
        return "system->ready";
    return ops->follow ? NULL : "system->follow";
}

/* What a plugin of its kind must have and this one has not; NULL: all there. */
static const char *missing_operation(const assay_plugin *plugin)
{
    if (!plugin->create)
        return "create";
    if (!plugin->destroy)
        return "destroy";
    switch (plugin->kind) {
    case ASSAY_SYSTEM:
        if (plugin->offers[0] && plugin->system && !plugin->system->service)
            return "system->service, for what it offers";
        return missing_system_operation(plugin->system);
    case ASSAY_DEPLOYER:
        if (!plugin->prepare)
            return "prepare";
        if (plugin->deployer && plugin->deployer->actions && !plugin->deployer->control)
            return "deployer->control, for its actions";
        return plugin->finish ? NULL : "finish";
    case ASSAY_WORKLOAD:
        return plugin->run ? NULL : "run";
    case ASSAY_EXPECTATION:
        return plugin->judge ? NULL : "judge";
    }
    return NULL;
}

/* A field that means something for other kinds only and is set; NULL: none. Refused, so that it can
   be given a meaning some day. */
static const char *foreign_field(const assay_plugin *plugin)
{
    const bool is_system = plugin->kind == ASSAY_SYSTEM;
    const bool is_deployer = plugin->kind == ASSAY_DEPLOYER;

    if (plugin->system && !is_system)
        return "system";
    if (plugin->offers[0] && !is_system)
        return "offers";
    if (plugin->node_option_count && !is_system)
        return "node_options";
    if (plugin->deployer && !is_deployer)
        return "deployer";
    if (plugin->run && (is_system || is_deployer))
        return "run";
    return plugin->judge && plugin->kind != ASSAY_EXPECTATION ? "judge" : NULL;
}

static assay_status check_operations(const assay_plugin *plugin, struct error *err)
{
    const char *kind = plugin_kind_name(plugin->kind);

    if (plugin->kind < ASSAY_SYSTEM || plugin->kind > ASSAY_EXPECTATION)
        return error_set(err, ASSAY_E_INVALID, "%s: kind is %u, which this assay does not know",
            plugin->id, plugin->kind);
    if (plugin->flags)
        return error_set(err, ASSAY_E_INVALID,
            "%s: flags is 0x%x, and no flag has a meaning yet; set it to 0", plugin->id,
            plugin->flags);
    if (plugin->deployer && plugin->deployer->flags & ~(uint32_t)ASSAY_DEPLOYER_IMAGES)
        return error_set(err, ASSAY_E_INVALID,
            "%s: deployer->flags is 0x%x, of which this assay does not know all", plugin->id,
            plugin->deployer->flags);
    const char *missing = missing_operation(plugin);
    if (missing)
        return error_set(err, ASSAY_E_INVALID, "%s: a plugin of kind %s must have %s", plugin->id,
            kind, missing);
    const char *foreign = foreign_field(plugin);
    if (foreign)
        return error_set(err, ASSAY_E_INVALID,
            "%s: %s is set, which means nothing for a plugin of kind %s; leave it NULL", plugin->id,
            foreign, kind);
    return ASSAY_OK;
}

/* ---- services ---- */

/* "assay.clock/1": a name with a dot, a slash, a number. */
static bool is_service_id(const char *id)
{
    const size_t len = strnlen(id, SERVICE_ID_MAX);
    const char *slash = strchr(id, '/');
    const char *dot = strchr(id, '.');

    if (len == SERVICE_ID_MAX || !slash || !dot || dot > slash || dot == id)
        return false;
    return slash[1] != '\0' && strspn(slash + 1, "0123456789") == strlen(slash + 1) &&
        strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == (size_t)(slash - id);
}

static assay_status check_services(
    const char *id, const char *field, const char *const *list, struct error *err)
{
    for (size_t i = 0; list[i]; i++) {
        if (i == LOADER_SERVICES_MAX)
            return error_set(err, ASSAY_E_INVALID,
                "%s: %s has more than %d services, or no NULL at its end", id, field,
                (int)LOADER_SERVICES_MAX);
        if (!is_service_id(list[i]))
            return error_set(err, ASSAY_E_INVALID,
                "%s: \"%.64s\" in %s is no service; one looks like \"assay.clock/1\"", id, list[i],
                field);
    }
    return ASSAY_OK;
}

/* ---- options ---- */

static assay_status check_options(
    const char *id, const char *field, const struct schema *schema, struct error *err)
{
    const assay_status status = schema_check(schema, err);

    return status ? error_wrap(err, status, "%s: %s", id, field) : ASSAY_OK;
}

/* ---- */

assay_status check_plugin(const struct plugin *plugin, struct error *err)
{
    const assay_plugin *its = &plugin->descriptor;
    assay_status status = check_texts(its, err);

    if (!status)
        status = check_operations(its, err);
    if (!status)
        status = check_services(its->id, "needs", its->needs, err);
    if (!status)
        status = check_services(its->id, "wants", its->wants, err);
    if (!status)
        status = check_services(its->id, "offers", its->offers, err);
    if (!status)
        status = check_options(its->id, "options",
            &(struct schema){
                its->options, its->option_stride, its->option_count, its->options_size},
            err);
    if (!status)
        status = check_options(its->id, "node_options",
            &(struct schema){its->node_options, its->option_stride, its->node_option_count,
                its->node_options_size},
            err);
    return status;
}

static assay_status compare_note(
    const assay_note *note, const struct plugin *plugin, struct error *err)
{
    const assay_plugin *its = &plugin->descriptor;
    const char *field = NULL;

    if (note->kind != its->kind)
        field = "kind";
    else if (strcmp(note->version, its->version) != 0)
        field = "version";
    else if (strcmp(note->summary, its->summary) != 0)
        field = "summary";
    else if (note->abi_built != plugin->library->abi_built)
        field = "abi_built";
    else if (note->abi_needs != plugin->library->abi_needs)
        field = "abi_needs";
    if (field)
        return error_set(err, ASSAY_E_INVALID,
            "%s: its note and its descriptor differ in %s; write both with ASSAY_PLUGIN", its->id,
            field);
    return ASSAY_OK;
}

static const struct plugin *find(const struct plugin_library *library, const char *id)
{
    for (size_t i = 0; i < library->plugin_count; i++)
        if (strcmp(library->plugins[i].descriptor.id, id) == 0)
            return &library->plugins[i];
    return NULL;
}

assay_status check_library(
    const struct plugin_library *library, const struct vec *notes, struct error *err)
{
    for (size_t i = 0; i < library->plugin_count; i++) {
        const char *id = library->plugins[i].descriptor.id;

        if (find(library, id) != &library->plugins[i])
            return error_set(err, ASSAY_E_INVALID,
                "two plugins in it have the id %s; an id names one plugin", id);
    }
    VEC_EACH(assay_note, note, notes) {
        const struct plugin *plugin = find(library, note->id);

        if (!plugin)
            return error_set(err, ASSAY_E_INVALID,
                "it has a note for %s, but no such plugin; add it to ASSAY_LIBRARY", note->id);
        const assay_status status = compare_note(note, plugin, err);
        if (status)
            return status;
    }
    if (notes->count == library->plugin_count)
        return ASSAY_OK;
    /* Notes have different ids, and each has its plugin: some plugin has no note. */
    return error_set(err, ASSAY_E_INVALID,
        "it has %zu plugins and notes for %zu of them; write each with ASSAY_PLUGIN, or add "
        "ASSAY_NOTE",
        library->plugin_count, notes->count);
}
