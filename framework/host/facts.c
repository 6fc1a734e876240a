#include "framework/host/facts.h"

#include "framework/host/record.h"
#include "framework/host/spec.h"
#include "framework/host/state.h"

void host_facts(const struct host *host, assay_run_facts *out)
{
    const struct cadence cadence = specs_cadence(host->specs);
    const assay_ns interval = cadence.block_interval;
    const assay_ns duration = host->config.duration;
    const assay_run_facts facts = {
        .struct_size = sizeof(facts),
        .name = host->config.name,
        .id = host->config.run_id,
        .seed = host->config.seed,
        .duration = duration,
        .block_interval = interval,
        .expected_blocks =
            interval > 0 ? (uint64_t)(duration / interval + (duration % interval != 0)) : 0,
        .final_depth = cadence.final_depth,
        .node_control = host->config.node_control,
    };

    (void)record_give(out, &facts, sizeof(facts));
}

static assay_status service_facts(const assay_host *table, assay_run_facts *out)
{
    const struct host *host = host_of(table);

    if (!out || out->struct_size < sizeof(size_t)) {
        host_violation(instance_of(table), "run.facts: struct_size is not set");
        return ASSAY_E_INVALID;
    }
    host_facts(host, out);
    return ASSAY_OK;
}

const assay_run_table facts_table = {
    .struct_size = sizeof(assay_run_table),
    .facts = service_facts,
};
