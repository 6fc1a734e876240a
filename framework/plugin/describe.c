#include "framework/plugin/describe.h"

#include "framework/plugin/catalogue.h"

const char *option_type_name(uint32_t type)
{
    switch (type) {
    case ASSAY_BOOL:
        return "bool";
    case ASSAY_INT:
        return "int";
    case ASSAY_REAL:
        return "real";
    case ASSAY_SPAN:
        return "span";
    case ASSAY_SIZE:
        return "size";
    case ASSAY_TEXT:
        return "text";
    case ASSAY_CHOICE:
        return "choice";
    case ASSAY_LIST:
        return "list";
    }
    return "unknown";
}

/* ---- text ---- */

static void text_of_services(const char *title, const char *const *ids, struct str *out)
{
    if (!ids[0])
        return;
    (void)str_appendf(out, "  %-8s ", title);
    for (size_t i = 0; ids[i]; i++)
        (void)str_appendf(out, "%s%s", i > 0 ? ", " : "", ids[i]);
    (void)str_append_char(out, '\n');
}

static void text_of_option(const assay_option *option, struct str *out)
{
    (void)str_appendf(out, "    %s (%s", option->name, option_type_name(option->type));
    if (option->range)
        (void)str_appendf(out, " %s", option->range);
    if (option->flags & ASSAY_REQUIRED)
        (void)str_append(out, ", required");
    else if (option->fallback && option->fallback[0])
        (void)str_appendf(out, ", default %s", option->fallback);
    else
        (void)str_append(out, ", default empty");
    if (option->flags & ASSAY_SECRET)
        (void)str_append(out, ", secret");
    if (option->flags & ASSAY_DEPRECATED)
        (void)str_append(out, ", deprecated");
    (void)str_appendf(out, ")\n        %s\n", option->help);
}

static void text_of_options(
    const char *title, const assay_option *options, size_t count, struct str *out)
{
    if (count == 0)
        return;
    (void)str_appendf(out, "  %s\n", title);
    for (size_t i = 0; i < count; i++)
        text_of_option(&options[i], out);
}

void describe_text(const struct plugin_library *library, const char *sha256, struct str *out)
{
    for (size_t i = 0; i < library->plugin_count; i++) {
        const assay_plugin *its = &library->plugins[i].descriptor;

        (void)str_appendf(out, "%s %s (%s)\n  %s\n", its->id, its->version,
            plugin_kind_name(its->kind), its->summary);
        text_of_services("needs", its->needs, out);
        text_of_services("wants", its->wants, out);
        text_of_services("offers", its->offers, out);
        text_of_options("options", its->options, its->option_count, out);
        text_of_options("options of a node", its->node_options, its->node_option_count, out);
        (void)str_append_char(out, '\n');
    }
    (void)str_appendf(out, "library %s %s, %s, built for ABI %u.%u, needs %u.%u\n", library->name,
        library->version, library->license, ASSAY_ABI_MAJOR, library->abi_built, ASSAY_ABI_MAJOR,
        library->abi_needs);
    (void)str_appendf(out, "  file     %s\n  sha256   %s\n", library->path, sha256);
    for (size_t i = 0; i < library->warning_count; i++)
        (void)str_appendf(out, "  warning  %s\n", library->warnings[i]);
}

/* ---- JSON ---- */

static void json_of_services(const char *key, const char *const *ids, struct json_out *json)
{
    json_out_begin(json, key, '[');
    for (size_t i = 0; ids[i]; i++)
        json_out_text(json, NULL, ids[i]);
    json_out_end(json, ']');
}

static void json_of_options(
    const char *key, const assay_option *options, size_t count, struct json_out *json)
{
    json_out_begin(json, key, '[');
    for (size_t i = 0; i < count; i++) {
        json_out_begin(json, NULL, '{');
        json_out_text(json, "name", options[i].name);
        json_out_text(json, "type", option_type_name(options[i].type));
        json_out_text(json, "default", options[i].fallback);
        json_out_text(json, "range", options[i].range);
        json_out_text(json, "help", options[i].help);
        json_out_bool(json, "required", options[i].flags & ASSAY_REQUIRED);
        json_out_bool(json, "secret", options[i].flags & ASSAY_SECRET);
        json_out_bool(json, "deprecated", options[i].flags & ASSAY_DEPRECATED);
        json_out_end(json, '}');
    }
    json_out_end(json, ']');
}

static void json_of_plugin(const assay_plugin *its, struct json_out *json)
{
    json_out_begin(json, NULL, '{');
    json_out_text(json, "id", its->id);
    json_out_text(json, "kind", plugin_kind_name(its->kind));
    json_out_text(json, "version", its->version);
    json_out_text(json, "summary", its->summary);
    json_of_services("needs", its->needs, json);
    json_of_services("wants", its->wants, json);
    json_of_services("offers", its->offers, json);
    json_of_options("options", its->options, its->option_count, json);
    json_of_options("node_options", its->node_options, its->node_option_count, json);
    json_out_end(json, '}');
}

void describe_json(const struct plugin_library *library, const char *sha256, struct json_out *json)
{
    json_out_begin(json, NULL, '{');
    json_out_text(json, "path", library->path);
    json_out_text(json, "sha256", sha256);
    json_out_text(json, "name", library->name);
    json_out_text(json, "version", library->version);
    json_out_text(json, "license", library->license);
    json_out_uint(json, "abi_built", library->abi_built);
    json_out_uint(json, "abi_needs", library->abi_needs);
    json_out_begin(json, "warnings", '[');
    for (size_t i = 0; i < library->warning_count; i++)
        json_out_text(json, NULL, library->warnings[i]);
    json_out_end(json, ']');
    json_out_begin(json, "plugins", '[');
    for (size_t i = 0; i < library->plugin_count; i++)
        json_of_plugin(&library->plugins[i].descriptor, json);
    json_out_end(json, ']');
    json_out_end(json, '}');
}
