#include "framework/config/builder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"

enum {
    TEXT_MAX = 16 * 1024 * 1024,
    PAIRS_MAX = 1024 /* ends the walk when the closing NULL was forgotten */
};

static struct origin origin_of(const char *call)
{
    return (struct origin){.kind = ORIGIN_BUILDER, .name = call};
}

/* Before every change: the manifest of an earlier build borrows from what is about to change. */
static void begin_change(struct assay_scenario *s)
{
    s->is_built = false;
    manifest_done(&s->manifest);
    manifest_init(&s->manifest);
}

static void put(struct assay_scenario *s, const char *call, const char *section, const char *key,
    const char *value)
{
    const struct setting setting = {.key = key, .value = value, .origin = origin_of(call)};

    ini_put(&s->ini, section, &setting, &s->requested);
}

static void put_number(struct assay_scenario *s, const char *call, const char *section,
    const char *key, uint64_t value)
{
    char text[QUANTITY_TEXT_SIZE];

    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    put(s, call, section, key, text);
}

static void put_span(struct assay_scenario *s, const char *call, const char *section,
    const char *key, assay_ns value)
{
    char text[QUANTITY_TEXT_SIZE];

    put(s, call, section, key, format_span(value, text));
}

static void put_section(struct assay_scenario *s, const char *call, const char *section)
{
    const struct origin origin = origin_of(call);

    ini_put_section(&s->ini, section, &origin, &s->requested);
}

static void refuse(struct assay_scenario *s, const char *call, const char *why)
{
    const struct origin origin = origin_of(call);

    problems_add(&s->requested, &origin, "%s", why);
}

/* Key and value in turn, as the variadic calls take them. */
static void put_pairs(
    struct assay_scenario *s, const char *call, const char *section, va_list pairs)
{
    put_section(s, call, section);
    for (int i = 0; i < PAIRS_MAX; i++) {
        const char *key = va_arg(pairs, const char *);
        const char *value = key ? va_arg(pairs, const char *) : NULL;

        if (!key)
            return;
        if (!value) {
            const struct origin origin = origin_of(call);

            problems_add(&s->requested, &origin,
                "[%s] '%s' has no value; pass pairs of key and value, then NULL", section, key);
            return;
        }
        put(s, call, section, key, value);
    }
    refuse(s, call, "there are too many pairs; is the NULL at the end missing?");
}

/* ---- life ---- */

assay_scenario *assay_scenario_new(const char *name)
{
    struct assay_scenario *s = mem_new(sizeof *s);

    if (!s)
        return NULL;
    ini_init(&s->ini);
    manifest_init(&s->manifest);
    problems_init(&s->requested);
    problems_init(&s->found);
    str_init(&s->problem_text, TEXT_MAX);
    str_init(&s->manifest_text, TEXT_MAX);
    if (name)
        put(s, __func__, "run", "name", name);
    return s;
}

void assay_scenario_free(assay_scenario *s)
{
    if (!s)
        return;
    manifest_done(&s->manifest);
    ini_done(&s->ini);
    problems_done(&s->requested);
    problems_done(&s->found);
    str_done(&s->problem_text);
    str_done(&s->manifest_text);
    free(s);
}

assay_scenario *assay_scenario_read(const char *path)
{
    struct assay_scenario *s = assay_scenario_new(NULL);

    if (s)
        ini_read_file(&s->ini, path, &s->requested);
    return s;
}

/* ---- the network ---- */

/* False, and explained, when there is no such layout. */
static bool put_layout(struct assay_scenario *s, const char *call, uint32_t layout)
{
    static const char *const names[] = {
        [ASSAY_STAR] = "star", [ASSAY_CHAIN] = "chain", [ASSAY_FULL] = "full"};

    begin_change(s);
    if (layout > ASSAY_FULL) {
        refuse(s, call, "the layout is none of ASSAY_STAR, ASSAY_CHAIN, ASSAY_FULL");
        return false;
    }
    put(s, call, "topology", "layout", names[layout]);
    return true;
}

void assay_scenario_topology(
    assay_scenario *s, uint32_t layout, uint32_t validators, uint32_t executors)
{
    if (!s || !put_layout(s, __func__, layout))
        return;
    put_number(s, __func__, "topology", "validators", validators);
    put_number(s, __func__, "topology", "executors", executors);
    put_number(s, __func__, "topology", "nodes", 0);
}

void assay_scenario_nodes(assay_scenario *s, uint32_t layout, uint32_t count)
{
    if (!s || !put_layout(s, __func__, layout))
        return;
    put_number(s, __func__, "topology", "validators", 0);
    put_number(s, __func__, "topology", "executors", 0);
    put_number(s, __func__, "topology", "nodes", count);
}

void assay_scenario_node(assay_scenario *s, const char *node, ...)
{
    auto_free char *section = NULL;
    va_list pairs;

    if (!s)
        return;
    begin_change(s);
    section = str_format("node.%s", node);
    if (!section) {
        problems_nomem(&s->requested);
        return;
    }
    va_start(pairs, node);
    put_pairs(s, __func__, section, pairs);
    va_end(pairs);
}

void assay_scenario_wallets(assay_scenario *s, uint32_t count)
{
    if (!s)
        return;
    begin_change(s);
    put_number(s, __func__, "wallets", "count", count);
}

/* ---- what is done to it ---- */

void assay_scenario_transactions(assay_scenario *s, uint32_t rate, uint32_t users)
{
    if (!s)
        return;
    begin_change(s);
    if (rate == 0 || users == 0) {
        refuse(s, __func__, "rate and users must be at least 1");
        return;
    }
    s->transaction_users = users;
    put_number(s, __func__, "workload.transactions", "rate", rate);
    put_number(s, __func__, "workload.transactions", "users", users);
    put_section(s, __func__, "expectation.transaction_inclusion");
}

void assay_scenario_da(
    assay_scenario *s, uint32_t channel_rate, uint32_t blob_rate, uint32_t headroom_percent)
{
    if (!s)
        return;
    begin_change(s);
    if (channel_rate == 0 || blob_rate == 0) {
        refuse(s, __func__, "channel_rate and blob_rate must be at least 1");
        return;
    }
    s->has_da = true;
    put_number(s, __func__, "workload.da", "channel_rate", channel_rate);
    put_number(s, __func__, "workload.da", "blob_rate", blob_rate);
    put_number(s, __func__, "workload.da", "headroom_percent", headroom_percent);
    put_section(s, __func__, "expectation.da_inclusion");
}

/* The fields that the caller's version of the struct has, and defaults for the rest. */
static assay_chaos read_chaos(const assay_chaos *given)
{
    assay_chaos chaos = {.struct_size = sizeof chaos};

    if (given)
        memcpy(
            &chaos, given, given->struct_size < sizeof chaos ? given->struct_size : sizeof chaos);
    if (chaos.pause_min == 0)
        chaos.pause_min = 10 * ASSAY_SECOND;
    if (chaos.pause_max == 0)
        chaos.pause_max = 30 * ASSAY_SECOND;
    if (chaos.cooldown == 0)
        chaos.cooldown = 60 * ASSAY_SECOND;
    if (!chaos.validators && !chaos.executors)
        chaos.validators = chaos.executors = 1;
    return chaos;
}

void assay_scenario_chaos_restart(assay_scenario *s, const assay_chaos *given)
{
    const assay_chaos chaos = read_chaos(given);
    const char *why = NULL;

    if (!s)
        return;
    begin_change(s);
    if (chaos.pause_min < 0 || chaos.pause_max < chaos.pause_min)
        why = "pause_min must not be negative nor above pause_max";
    else if (chaos.cooldown < chaos.pause_min)
        why = "cooldown must not be below pause_min";
    if (why) {
        refuse(s, __func__, why);
        return;
    }
    s->has_chaos = true;
    put_span(s, __func__, "workload.chaos", "pause_min", chaos.pause_min);
    put_span(s, __func__, "workload.chaos", "pause_max", chaos.pause_max);
    put_span(s, __func__, "workload.chaos", "cooldown", chaos.cooldown);
    put(s, __func__, "workload.chaos", "validators", chaos.validators ? "yes" : "no");
    put(s, __func__, "workload.chaos", "executors", chaos.executors ? "yes" : "no");
    put_section(s, __func__, "expectation.recovery");
}

void assay_scenario_membership_check(assay_scenario *s, uint32_t is_wanted)
{
    if (!s)
        return;
    begin_change(s);
    put(s, __func__, "system.nomos", "membership_check", is_wanted ? "yes" : "no");
}

void assay_scenario_enable_node_control(assay_scenario *s)
{
    if (!s)
        return;
    begin_change(s);
    put(s, __func__, "run", "node_control", "yes");
}

void assay_scenario_expect_consensus_liveness(assay_scenario *s)
{
    if (!s)
        return;
    begin_change(s);
    put_section(s, __func__, "expectation.consensus_liveness");
}

/* ---- how it is run, and anything else ---- */

void assay_scenario_run_duration(assay_scenario *s, assay_ns duration)
{
    if (!s)
        return;
    begin_change(s);
    put_span(s, __func__, "run", "duration", duration);
}

void assay_scenario_seed(assay_scenario *s, uint64_t seed)
{
    if (!s)
        return;
    begin_change(s);
    put_number(s, __func__, "run", "seed", seed);
}

void assay_scenario_section(assay_scenario *s, const char *section, ...)
{
    va_list pairs;

    if (!s)
        return;
    begin_change(s);
    va_start(pairs, section);
    put_pairs(s, __func__, section, pairs);
    va_end(pairs);
}

void assay_scenario_set(assay_scenario *s, const char *section, const char *key, const char *value)
{
    if (!s)
        return;
    begin_change(s);
    put(s, __func__, section, key, value);
}

void assay_scenario_override(assay_scenario *s, const char *assignment)
{
    if (!s)
        return;
    begin_change(s);
    ini_set(&s->ini, assignment, &s->requested);
}

/* ---- ending ---- */

void scenario_show_problems(struct assay_scenario *s)
{
    str_clear(&s->problem_text);
    (void)problems_write(&s->found, &s->problem_text);
}

/* What one call cannot know of another. */
static void check_together(struct assay_scenario *s)
{
    const struct manifest *manifest = &s->manifest;

    if (s->transaction_users > (uint64_t)manifest->wallets.count) {
        const struct origin origin = origin_of("assay_scenario_transactions");

        problems_add(&s->found, &origin,
            "%" PRIu32 " users need as many accounts, and there are %" PRId64
            "; raise assay_scenario_wallets",
            s->transaction_users, manifest->wallets.count);
    }
    if (s->has_da && manifest->topology.executors == 0) {
        const struct origin origin = origin_of("assay_scenario_da");

        problems_add(
            &s->found, &origin, "data availability needs an executor; see assay_scenario_topology");
    }
    if (s->has_chaos && !manifest->run.node_control) {
        const struct origin origin = origin_of("assay_scenario_chaos_restart");

        problems_add(
            &s->found, &origin, "restarting nodes needs assay_scenario_enable_node_control");
    }
}

assay_status assay_scenario_build(assay_scenario *s)
{
    assay_status status = ASSAY_OK;

    if (!s)
        return ASSAY_E_NOMEM;
    begin_change(s);
    problems_done(&s->found);
    problems_append(&s->found, &s->requested);
    manifest_read(&s->manifest, &s->ini, &s->found);
    check_together(s);
    scenario_show_problems(s);
    status = problems_status(&s->found);
    s->is_built = status == ASSAY_OK;
    return status;
}

const char *assay_scenario_problems(const assay_scenario *s)
{
    return s && !s->problem_text.status ? str_text(&s->problem_text) : "out of memory\n";
}

const char *assay_scenario_manifest(assay_scenario *s)
{
    if (!s)
        return "";
    str_clear(&s->manifest_text);
    if (s->is_built && manifest_write(&s->manifest, &s->manifest_text))
        str_clear(&s->manifest_text);
    return str_text(&s->manifest_text);
}
