#include "framework/host/receipts.h"

#include "framework/host/control.h"
#include "framework/host/ends.h"
#include "framework/host/observe.h"
#include "framework/host/state.h"

/* An out-parameter of the plugin's. */
static bool is_record(const void *record)
{
    return record && *(const size_t *)record >= sizeof(size_t);
}

static size_t service_count(const assay_host *table)
{
    return control_receipt_count(host_of(table)->control);
}

static assay_status service_get(const assay_host *table, size_t index, assay_receipt *out)
{
    const char *instance = NULL;

    if (!is_record(out))
        return instance_fail(table, ASSAY_E_INVALID, "receipts.get: struct_size is not set");
    return host_receipt_at(host_of(table), index, &instance, out) ? ASSAY_OK : ASSAY_E_NOTFOUND;
}

static size_t service_end_count(const assay_host *table)
{
    return host_node_end_count(host_of(table));
}

static assay_status service_end(const assay_host *table, size_t index, assay_node_end *out)
{
    if (!is_record(out))
        return instance_fail(table, ASSAY_E_INVALID, "receipts.end: struct_size is not set");
    return host_node_end_at(host_of(table), index, out) ? ASSAY_OK : ASSAY_E_NOTFOUND;
}

static assay_ns service_away(const assay_host *table, uint32_t node, assay_ns from, assay_ns to)
{
    struct host *host = host_of(table);
    const struct absence span = {from, to};

    return node < host_node_count(host) ? observation_away(host->observation, node, &span) : 0;
}

const assay_receipts receipts_table = {
    .struct_size = sizeof(assay_receipts),
    .count = service_count,
    .get = service_get,
    .end_count = service_end_count,
    .end = service_end,
    .away = service_away,
};
