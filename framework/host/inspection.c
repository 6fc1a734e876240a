#include "framework/host/inspection.h"

#include <stdio.h>
#include <string.h>

#include "framework/base/log.h"
#include "framework/base/mem.h"
#include "framework/host/operation.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"

#define INSPECT_LIMIT (10 * ASSAY_SECOND) /* asking a container engine takes a second at most */
#define WATCH_LIMIT   (20 * ASSAY_SECOND) /* the same for a thousand nodes at a time */
#define COLLECT_LIMIT (15 * ASSAY_SECOND) /* the log of a node that printed megabytes */

/* On the heap and not on the caller's stack: an operation that never returns goes on using it. */
struct inspection {
    const struct attached_deployer *deployer;
    uint32_t node;
    assay_process process;
    char detail[INSPECTION_DETAIL_SIZE];
    struct host_operation_result result;
};

static assay_status call_inspect(assay_task *task, void *arg)
{
    struct inspection *inspection = arg;

    return inspection->deployer->ops->inspect(inspection->deployer->self, task, inspection->node,
        &inspection->process, inspection->detail);
}

static assay_status call_collect(assay_task *task, void *arg)
{
    struct inspection *inspection = arg;

    return inspection->deployer->ops->collect(inspection->deployer->self, task, inspection->node);
}

static assay_status call_watch(assay_task *task, void *arg)
{
    struct inspection *inspection = arg;

    return inspection->deployer->ops->watch(inspection->deployer->self, task);
}

/* Runs it; NULL when there was no memory, or when it is the stuck operation's now. */
static struct inspection *run(
    assay_task *task, uint32_t node, const struct host_operation_spec *plan)
{
    const struct host *host = host_of(task_host(task));
    auto_free struct inspection *inspection = mem_new(sizeof(*inspection));
    struct host_operation_spec spec = *plan;

    if (!inspection)
        return NULL;
    inspection->deployer = &host->deployer;
    inspection->node = node;
    inspection->process.struct_size = sizeof(inspection->process);
    spec.arg = inspection;
    (void)task_call(task, host->deployer.instance, &spec, &inspection->result);
    if (inspection->result.is_stuck) {
        (void)take(inspection);
        return NULL;
    }
    return take(inspection);
}

bool inspection_is_offered(const struct host *host)
{
    return host->deployer.instance && host->deployer.ops && host->deployer.ops->inspect;
}

assay_status inspection_look(
    assay_task *task, uint32_t node, assay_process *out, char detail[INSPECTION_DETAIL_SIZE])
{
    const struct host_operation_spec plan = {
        .name = "inspect", .body = call_inspect, .grace = NESTED_GRACE, .limit = INSPECT_LIMIT};
    auto_free struct inspection *inspection = run(task, node, &plan);

    if (!inspection)
        return ASSAY_E_NOMEM;
    if (inspection->result.is_late)
        return ASSAY_E_TIMEOUT;
    if (inspection->result.status)
        return inspection->result.status;
    *out = inspection->process;
    inspection->detail[INSPECTION_DETAIL_SIZE - 1] = '\0';
    if (detail)
        memcpy(detail, inspection->detail, INSPECTION_DETAIL_SIZE);
    return ASSAY_OK;
}

bool inspection_watches(const struct host *host)
{
    return host->deployer.instance && host->deployer.ops && host->deployer.ops->watch;
}

assay_status inspection_watch(assay_task *task, char why[INSPECTION_WHY_SIZE])
{
    const struct host_operation_spec plan = {
        .name = "watch", .body = call_watch, .grace = NESTED_GRACE, .limit = WATCH_LIMIT};
    auto_free struct inspection *inspection = NULL;

    why[0] = '\0';
    if (!inspection_watches(host_of(task_host(task))))
        return ASSAY_OK;
    inspection = run(task, 0, &plan);
    (void)snprintf(why, INSPECTION_WHY_SIZE, "%.290s",
        inspection ? inspection->result.why : "no memory, or stuck");
    return inspection ? inspection->result.status : ASSAY_E_NOMEM;
}

void inspection_collect(assay_task *task, uint32_t node)
{
    const struct host *host = host_of(task_host(task));
    const struct host_operation_spec plan = {
        .name = "collect", .body = call_collect, .grace = NESTED_GRACE, .limit = COLLECT_LIMIT};
    auto_free struct inspection *inspection = NULL;

    if (!host->deployer.instance || !host->deployer.ops || !host->deployer.ops->collect)
        return;
    inspection = run(task, node, &plan);
    if (inspection && inspection->result.status)
        log_write(LOG_LEVEL_WARN, host_instance_name(host->deployer.instance), "collect: %s",
            inspection->result.why);
}
