#include "devnode/shell/da_config.h"

#include <stdio.h>
#include <string.h>

#include "devnode/shell/config_values.h"
#include "devnode/shell/yaml_tree.h"

/* Longest path that is put together here. */
#define PATH_BYTES 160

/* Where settings of the network's backend are: executors have those of a validator one level
   deeper. */
static const char *backend_of(const struct yaml_tree *file)
{
    static const char executor[] = "da_network.backend.validator_settings";

    return yaml_tree_find(file, executor) ? executor : "da_network.backend";
}

struct optional_number {
    const char *path; /* below the backend when it begins with '.' */
    uint64_t otherwise;
    uint64_t max;
};

static const char *full_path(const struct yaml_tree *file, const char *path, char out[PATH_BYTES])
{
    if (*path != '.')
        return path;
    (void)snprintf(out, PATH_BYTES, "%s%s", backend_of(file), path);
    return out;
}

static bool read_number(const struct yaml_tree *file, const struct optional_number *number,
    uint64_t *out, struct reason *why)
{
    char buffer[PATH_BYTES];
    const char *path = full_path(file, number->path, buffer);

    *out = number->otherwise;
    return !yaml_tree_find(file, path) || config_number_at(out, file, path, number->max, why);
}

static bool read_duration(
    const struct yaml_tree *file, const char *name, uint64_t *out_ns, struct reason *why)
{
    char buffer[PATH_BYTES];
    const char *path = full_path(file, name, buffer);

    return !yaml_tree_find(file, path) || config_duration_at(out_ns, file, path, why);
}

/* A fraction up to 1, in units of 1/`scale`. */
static bool read_fraction(const struct yaml_tree *file, const struct optional_number *fraction,
    uint32_t *out, struct reason *why)
{
    char buffer[PATH_BYTES];
    const char *path = full_path(file, fraction->path, buffer);
    uint64_t scale = fraction->max;
    const char *text;
    char digits[5] = "0000"; /* after the point, as ten-thousandths */

    *out = (uint32_t)fraction->otherwise;
    if (!yaml_tree_find(file, path))
        return true;
    text = config_text_at(file, path, why);
    if (!text)
        return false;
    size_t length = strlen(text);
    if ((text[0] != '0' && text[0] != '1') || (length > 1 && text[1] != '.') || length == 2 ||
        (length > 2 && strspn(text + 2, "0123456789") != length - 2))
        return reason_set(why, "`%s` is `%.40s`, expected a number from 0 to 1", path, text);
    for (size_t i = 0; i + 2 < length && i < 4; i++)
        digits[i] = text[i + 2];
    uint64_t parts = 0;
    (void)config_parse_number(&parts, digits, 9999);
    parts += text[0] == '1' ? 10000 : 0;
    if (parts > 10000)
        return reason_set(why, "`%s` is `%.40s`, expected a number from 0 to 1", path, text);
    *out = (uint32_t)((parts * scale + 5000) / 10000);
    return true;
}

static bool read_durations(
    const struct yaml_tree *file, struct da_params *params, struct reason *why)
{
    const struct {
        const char *path;
        uint64_t *out_ns;
        uint64_t otherwise_s;
    } durations[] = {
        {".balancer_interval", &params->balancer_interval_ns, 1},
        {".redial_cooldown", &params->redial_cooldown_ns, 0},
        {".monitor_settings.failure_time_window", &params->monitor.window_ns, 5},
        {"da_verifier.mempool_trigger_settings.share_duration", &params->share_duration_ns, 5},
        {"da_verifier.mempool_trigger_settings.prune_duration", &params->prune_ns, 30},
        {"da_sampling.sampling_settings.old_blobs_check_interval", &params->blobs_check_ns, 5},
        {"da_sampling.sampling_settings.blobs_validity_duration", &params->blobs_validity_ns, 60},
        {"da_sampling.commitments_wait_duration", &params->commitments_wait_ns, 1},
        {"da_dispersal.backend.dispersal_timeout", &params->dispersal_timeout_ns, 20},
        {"da_dispersal.backend.retry_cooldown", &params->retry_cooldown_ns, 3},
    };

    for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
        *durations[i].out_ns = durations[i].otherwise_s * NS_PER_S;
        if (!read_duration(file, durations[i].path, durations[i].out_ns, why))
            return false;
    }
    return true;
}

static bool read_counts(const struct yaml_tree *file, struct da_params *params, struct reason *why)
{
    uint64_t columns;
    uint64_t samples;
    uint64_t retries;

    if (!read_number(file,
            &(struct optional_number){
                "da_sampling.sampling_settings.num_subnets", 2, DA_COLUMNS_MAX},
            &columns, why) ||
        !read_number(file,
            &(struct optional_number){
                "da_dispersal.backend.encoder_settings.num_columns", columns, DA_COLUMNS_MAX},
            &columns, why) ||
        !read_number(file,
            &(struct optional_number){
                "da_sampling.sampling_settings.num_samples", 1, DA_COLUMNS_MAX},
            &samples, why) ||
        !read_number(file,
            &(struct optional_number){"da_dispersal.backend.retry_limit", 2, UINT16_MAX}, &retries,
            why))
        return false;
    params->column_count = (uint32_t)columns;
    params->sample_count = (uint32_t)(samples < columns ? samples : columns);
    params->retry_limit = (uint32_t)retries;
    return true;
}

static bool read_policy(const struct yaml_tree *file, struct da_params *params, struct reason *why)
{
    static const char *const paths[DA_FAILURE_KINDS] = {
        [DA_FAILED_DISPERSAL] = ".policy_settings.max_dispersal_failures",
        [DA_FAILED_SAMPLING] = ".policy_settings.max_sampling_failures",
        [DA_FAILED_REPLICATION] = ".policy_settings.max_replication_failures",
        [DA_OFFENCE] = ".policy_settings.malicious_threshold",
    };

    for (int kind = 0; kind < DA_FAILURE_KINDS; kind++) {
        uint64_t max;

        if (!read_number(file, &(struct optional_number){paths[kind], 0, UINT32_MAX}, &max, why))
            return false;
        params->monitor.max[kind] = (uint32_t)max;
    }
    return read_fraction(file,
               &(struct optional_number){".monitor_settings.time_decay_factor", 0, 128},
               &params->monitor.decay_128, why) &&
        read_fraction(file,
            &(struct optional_number){
                "da_verifier.mempool_trigger_settings.publish_threshold", 800, 1000},
            &params->publish_1000, why);
}

bool da_config_read(struct da_config *out, const struct yaml_tree *file, struct reason *why)
{
    struct da_params *params = &out->params;
    char path[PATH_BYTES];
    const char *listen;

    *out = (struct da_config){.is_there = yaml_tree_find(file, "da_network") != NULL};
    if (!out->is_there)
        return true;
    listen = config_text_at(file, full_path(file, ".listening_address", path), why);
    if (!listen)
        return false;
    if (!config_parse_multiaddr(&out->listen, listen, why))
        return reason_wrap(why, "`%s`", full_path(file, ".listening_address", path));
    return config_number_at(&params->shape.subnet_count, file,
               "da_network.membership.subnetwork_size", UINT32_MAX, why) &&
        config_number_at(&params->shape.replication, file,
            "da_network.membership.replication_factor", UINT32_MAX, why) &&
        read_durations(file, params, why) && read_counts(file, params, why) &&
        read_policy(file, params, why);
}
