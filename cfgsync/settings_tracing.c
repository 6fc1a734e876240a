#include "cfgsync/settings_tracing.h"

#include <stdio.h>
#include <string.h>

#include "cfgsync/values.h"
#include "devnode/shell/yaml_tree.h"

/* `logger: Stdout`, `logger: !File {directory: ..., prefix: ...}`, ... */
static bool read_logger(
    struct settings_tracing *out, const struct yaml_tree *logger, struct reason *why)
{
    static const struct {
        const char *name;
        enum node_config_logger logger;
    } loggers[] = {{"Stdout", NODE_CONFIG_STDOUT}, {"Stderr", NODE_CONFIG_STDERR},
        {"None", NODE_CONFIG_SILENT}, {"File", NODE_CONFIG_FILE}, {"Loki", NODE_CONFIG_LOKI}};
    const char *name = logger ? yaml_tree_variant(logger) : "Stdout";

    for (size_t i = 0; name && i < sizeof(loggers) / sizeof(*loggers); i++) {
        if (strcmp(name, loggers[i].name) != 0)
            continue;
        out->logger = loggers[i].logger;
        if (out->logger == NODE_CONFIG_FILE)
            return value_text_or(
                       logger, "directory", out->directory, sizeof(out->directory), why) &&
                value_text_or(logger, "prefix", out->prefix, sizeof(out->prefix), why);
        if (out->logger == NODE_CONFIG_LOKI)
            return value_text_or(
                logger, "endpoint", out->loki_endpoint, sizeof(out->loki_endpoint), why);
        return true;
    }
    return reason_set(
        why, "`tracing_settings.logger` must be one of Stdout, Stderr, None, !File, !Loki");
}

/* `None`, or `!Otlp {endpoint: ...}`. */
static bool read_otlp(const struct yaml_tree *section, const char *key,
    char out[SETTINGS_TEXT_BYTES], struct reason *why)
{
    const struct yaml_tree *value = yaml_tree_find(section, key);
    const char *name = value ? yaml_tree_variant(value) : NULL;

    out[0] = '\0';
    if (!value || value_is_null(value) || (name && strcmp(name, "None") == 0))
        return true;
    if (!name || strcmp(name, "Otlp") != 0)
        return reason_set(why, "`tracing_settings.%s` must be None or !Otlp", key);
    return value_text_or(value, "endpoint", out, SETTINGS_TEXT_BYTES, why);
}

/* `!EnvFilter {filters: {nomos: debug}}` becomes "nomos=debug". */
static bool read_filter(
    struct settings_tracing *out, const struct yaml_tree *filter, struct reason *why)
{
    const struct yaml_tree *pairs = filter ? yaml_tree_find(filter, "filters") : NULL;
    const char *name = filter ? yaml_tree_variant(filter) : NULL;
    size_t used = 0;

    out->filter[0] = '\0';
    if (!filter || value_is_null(filter) || (name && strcmp(name, "None") == 0))
        return true;
    if (!pairs || pairs->kind != YAML_MAPPING)
        return reason_set(
            why, "`tracing_settings.filter` must be None or !EnvFilter {filters: {...}}");
    for (size_t i = 0; i < pairs->count; i++) {
        const struct yaml_tree *level = pairs->values[i];
        int length = -1;

        if (level->kind == YAML_SCALAR)
            length = snprintf(out->filter + used, sizeof(out->filter) - used, "%s%s=%s",
                i ? "," : "", pairs->keys[i], level->text);
        if (length < 0 || (size_t)length >= sizeof(out->filter) - used)
            return reason_set(why, "`tracing_settings.filter.filters` is no short list of levels");
        used += (size_t)length;
    }
    return true;
}

bool settings_tracing_read(
    struct settings_tracing *out, const struct yaml_tree *section, struct reason *why)
{
    (void)snprintf(out->level, sizeof(out->level), "INFO");
    if (!section || value_is_null(section))
        return true;
    return read_logger(out, yaml_tree_find(section, "logger"), why) &&
        read_filter(out, yaml_tree_find(section, "filter"), why) &&
        read_otlp(section, "tracing", out->traces_endpoint, why) &&
        read_otlp(section, "metrics", out->metrics_endpoint, why) &&
        value_text_or(section, "level", out->level, sizeof(out->level), why);
}
