#include "cfgsync/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "cfgsync/settings_tracing.h"
#include "cfgsync/values.h"
#include "devnode/core/memory.h"
#include "devnode/shell/yaml_tree.h"
#include "nomos/hex.h"
#include "nomos/node_config_env.h"

#define SLOT_DEFAULT_NS (2 * NODE_CONFIG_SECOND)
#define TIMEOUT_MAX_S   86400

/* ---- lists ---- */

static const struct yaml_tree *list_at(
    const struct yaml_tree *file, const char *key, size_t max, struct reason *why)
{
    const struct yaml_tree *list = yaml_tree_find(file, key);

    if (!list)
        return NULL;
    if (list->kind == YAML_SEQUENCE && list->count <= max)
        return list;
    reason_format(why, "`%s` must be a list of at most %zu items", key, max);
    return NULL;
}

static bool read_account(
    const struct yaml_tree *item, size_t index, struct settings_account *out, struct reason *why)
{
    const struct yaml_tree *key = yaml_tree_find(item, "secret_key");

    if (!key || !key->text || !hex_to_fr(key->text, &out->secret_key))
        return reason_set(why,
            "`wallet.accounts[%zu].secret_key` must be 64 hex digits of a field element", index);
    if (!value_u64(item, "value", (struct value_range){1, UINT64_MAX}, &out->value, why))
        return reason_wrap(why, "wallet.accounts[%zu]", index);
    return true;
}

static bool read_accounts(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    struct reason problem = {""};
    const struct yaml_tree *list =
        list_at(file, "wallet.accounts", SETTINGS_ACCOUNTS_MAX, &problem);

    if (!list) {
        reason_format(why, "%s",
            problem.text[0] ? problem.text : "`wallet.accounts` is missing; an empty list is fine");
        return false;
    }
    out->accounts = memory_new(list->count, sizeof(*out->accounts));
    for (size_t i = 0; i < list->count; i++) {
        if (!read_account(list->values[i], i, &out->accounts[i], why))
            return false;
        out->account_count++;
    }
    return true;
}

static bool read_id(
    const struct yaml_tree *item, size_t index, struct bytes32 *out, struct reason *why)
{
    if (item->kind == YAML_SCALAR && hex_to_bytes32(item->text, out))
        return true;
    for (size_t i = 0; item->kind == YAML_SEQUENCE && item->count == 32 && i < 32; i++) {
        uint64_t byte = 0;

        if (!value_number(item->values[i], (struct value_range){0, 255}, &byte))
            break;
        out->bytes[i] = (uint8_t)byte;
        if (i == 31)
            return true;
    }
    return reason_set(why, "`ids[%zu]` must be a list of 32 numbers from 0 to 255", index);
}

static bool draw_ids(struct settings *out, struct reason *why)
{
    for (size_t i = 0; i < out->id_count; i++) {
        if (getrandom(out->ids[i].bytes, 32, 0) != 32)
            return reason_set(why, "no random numbers to be had: %s", strerror(errno));
    }
    return true;
}

static bool read_ids(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    const struct yaml_tree *list = yaml_tree_find(file, "ids");

    out->ids = memory_new(out->host_count, sizeof(*out->ids));
    out->id_count = out->host_count;
    if (!list || value_is_null(list))
        return draw_ids(out, why);
    if (list->kind != YAML_SEQUENCE || list->count < out->host_count)
        return reason_set(why, "`ids` must be a list with one id for each of the %" PRIu32 " hosts",
            out->host_count);
    for (size_t i = 0; i < out->host_count; i++) {
        if (!read_id(list->values[i], i, &out->ids[i], why))
            return false;
    }
    return true;
}

static bool read_dialled(
    struct settings *out, const struct yaml_tree *list, size_t node, struct reason *why)
{
    struct settings_dials *dials = &out->dials[node];

    if (list->kind != YAML_SEQUENCE || list->count >= out->host_count)
        return reason_set(why, "`dials[%zu]` must be a list of other nodes", node);
    dials->nodes = memory_new(list->count, sizeof(*dials->nodes));
    for (size_t i = 0; i < list->count; i++) {
        uint64_t peer = 0;

        if (!value_number(list->values[i], (struct value_range){0, out->host_count - 1}, &peer) ||
            peer == node)
            return reason_set(why, "`dials[%zu][%zu]` is no index of another node", node, i);
        dials->nodes[i] = (uint32_t)peer;
        dials->count++;
    }
    return true;
}

/* Without the key everybody dials the first node, a star. */
static bool read_dials(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    const struct yaml_tree *list = yaml_tree_find(file, "dials");

    out->dials = memory_new(out->host_count, sizeof(*out->dials));
    if (list && (list->kind != YAML_SEQUENCE || list->count != out->host_count))
        return reason_set(
            why, "`dials` must be a list of %" PRIu32 " lists, one for each host", out->host_count);
    for (size_t node = 0; node < out->host_count; node++) {
        if (list) {
            if (!read_dialled(out, list->values[node], node, why))
                return false;
        } else if (node > 0) {
            out->dials[node].nodes = memory_new(1, sizeof(*out->dials[node].nodes));
            out->dials[node].count = 1;
        }
    }
    return true;
}

/* ---- sections ---- */

/* Node contract 5.4: what the server's nodes have that others do not. */
static void da_defaults(struct settings *out)
{
    node_config_da_default(&out->da, out->host_count);
    out->da.max_dispersal_failures = 3;
    out->da.max_sampling_failures = 3;
    out->da.max_replication_failures = 3;
    out->da.malicious_threshold = 10;
    out->da.min_session_members = 1;
}

static bool read_da(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    struct node_config_da *da = &out->da;
    const struct value_range counts = {0, 65535};
    const struct {
        const char *key;
        uint32_t *to;
    } numbers[] = {
        {"subnetwork_size", &da->subnetwork_size},
        {"dispersal_factor", &da->dispersal_factor},
        {"num_samples", &da->num_samples},
        {"num_subnets", &da->num_subnets},
        {"min_dispersal_peers", &da->min_dispersal_peers},
        {"min_replication_peers", &da->min_replication_peers},
        {"retry_shares_limit", &da->shares_retry_limit},
        {"retry_commitments_limit", &da->commitments_retry_limit},
    };
    const struct {
        const char *key;
        uint64_t *to;
    } spans[] = {
        {"old_blobs_check_interval", &da->old_blobs_check_interval},
        {"blobs_validity_duration", &da->blobs_validity},
        {"monitor_failure_time_window", &da->failure_time_window},
        {"balancer_interval", &da->balancer_interval},
        {"replication_settings.seen_message_ttl", &da->seen_message_ttl},
    };
    uint64_t cache = da->seen_message_cache_size;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        uint64_t value = *numbers[i].to;

        if (!value_u64_or(file, numbers[i].key, counts, &value, why))
            return false;
        *numbers[i].to = (uint32_t)value;
    }
    for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
        if (!value_span_or(file, spans[i].key, spans[i].to, why))
            return false;
    }
    if (!value_u64_or(file, "replication_settings.seen_message_cache_size",
            (struct value_range){0, UINT32_MAX}, &cache, why))
        return false;
    da->seen_message_cache_size = (uint32_t)cache;
    return value_text_or(
        file, "global_params_path", out->params_path, sizeof(out->params_path), why);
}

static const char *variable(void *self, const char *name)
{
    (void)self;
    return getenv(name);
}

/* The file's slot_duration, else the contract's variable, else the customary one. */
static bool read_slot(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    const char *text = getenv("CONSENSUS_SLOT_TIME");
    char *end = NULL;
    unsigned long seconds;

    out->slot_duration_ns = SLOT_DEFAULT_NS;
    if (yaml_tree_find(file, "slot_duration")) {
        if (!value_span_or(file, "slot_duration", &out->slot_duration_ns, why))
            return false;
        return out->slot_duration_ns ? true : reason_set(why, "`slot_duration` must not be 0");
    }
    if (!text || !*text)
        return true;
    seconds = strtoul(text, &end, 10);
    if (*end || seconds < 1 || seconds > 3600)
        return reason_set(
            why, "CONSENSUS_SLOT_TIME is '%s'; it must be whole seconds from 1 to 3600", text);
    out->slot_duration_ns = seconds * NODE_CONFIG_SECOND;
    return true;
}

static bool read_consensus(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    struct nomos_error err = {""};

    if (!value_u64(
            file, "security_param", (struct value_range){1, 100000}, &out->security_param, why) ||
        !value_real(file, "active_slot_coeff", &out->active_slot_coeff, why))
        return false;
    if (!(out->active_slot_coeff > 0 && out->active_slot_coeff < 1))
        return reason_set(why, "`active_slot_coeff` must be between 0 and 1");
    if (node_config_times_read(variable, NULL, &out->times, &err) != NOMOS_OK)
        return reason_set(why, "%s", err.text);
    return read_slot(out, file, why);
}

static bool read_numbers(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    uint64_t port = 0, hosts = 0, timeout = 0;

    if (!value_u64(file, "port", (struct value_range){0, 65535}, &port, why) ||
        !value_u64(file, "n_hosts", (struct value_range){1, SETTINGS_HOSTS_MAX}, &hosts, why) ||
        !value_u64(file, "timeout", (struct value_range){1, TIMEOUT_MAX_S}, &timeout, why))
        return false;
    out->port = (uint16_t)port;
    out->host_count = (uint32_t)hosts;
    out->timeout_ns = timeout * NODE_CONFIG_SECOND;
    return true;
}

static bool read_all(struct settings *out, const struct yaml_tree *file, struct reason *why)
{
    if (!read_numbers(out, file, why))
        return false;
    da_defaults(out);
    return read_consensus(out, file, why) && read_accounts(out, file, why) &&
        read_ids(out, file, why) && read_dials(out, file, why) && read_da(out, file, why) &&
        settings_tracing_read(&out->tracing, yaml_tree_find(file, "tracing_settings"), why);
}

static bool read_tree(
    struct settings *out, struct yaml_tree *file, const char *name, struct reason *why)
{
    bool is_read;

    *out = (struct settings){.port = 0};
    if (!file)
        return false;
    is_read = read_all(out, file, why);
    yaml_tree_free(file);
    if (is_read)
        return true;
    settings_done(out);
    return reason_wrap(why, "%s", name);
}

bool settings_read(struct settings *out, const char *path, struct reason *why)
{
    return read_tree(out, yaml_tree_read(path, why), path, why);
}

bool settings_parse(
    struct settings *out, const char *name, const void *bytes, size_t size, struct reason *why)
{
    return read_tree(out, yaml_tree_parse(name, bytes, size, why), name, why);
}

void settings_done(struct settings *settings)
{
    for (size_t i = 0; settings->dials && i < settings->host_count; i++)
        free(settings->dials[i].nodes);
    free(settings->dials);
    free(settings->accounts);
    free(settings->ids);
    *settings = (struct settings){.port = 0};
}
