#include "framework/host/follow.h"

#include "framework/base/mem.h"
#include "framework/host/operation.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"
#include "framework/topology/topology.h"

/* A follow that returned is started again after a while, and a longer one each time, so that one
   that always returns at once costs little. */
#define PAUSE_MIN (100 * ASSAY_MS)
#define PAUSE_MAX (5 * ASSAY_SECOND)

/* Until host_follow_stop says otherwise. */
#define FOLLOW_GRACE (5 * ASSAY_SECOND)

struct follower {
    struct host *host;
    uint32_t node;
    struct host_operation *operation; /* NULL: not started */
};

struct follow {
    struct follower *followers; /* one per node */
    uint32_t count;
};

struct follow *follow_new(struct host *host)
{
    struct follow *follow = mem_new(sizeof(*follow));

    if (!follow)
        return NULL;
    follow->count = host->config.topology->node_count;
    follow->followers = mem_new_array(follow->count, sizeof(*follow->followers));
    if (!follow->followers) {
        free(follow);
        return NULL;
    }
    for (uint32_t i = 0; i < follow->count; i++)
        follow->followers[i] = (struct follower){.host = host, .node = i};
    return follow;
}

void follow_free(struct follow *follow)
{
    if (!follow)
        return;
    free(follow->followers);
    free(follow);
}

static assay_status follow_node(assay_task *task, void *arg)
{
    const struct follower *follower = arg;
    struct host *host = follower->host;
    const struct attached_system *system = &host->system;
    const char *name = host->config.topology->nodes[follower->node].name;
    assay_ns pause = PAUSE_MIN;

    while (!task_is_cancelled(task)) {
        const assay_status s = system->ops->follow(system->self, task, follower->node);

        if (task_is_cancelled(task))
            break;
        host_violation(system->instance,
            "follow of %s returned %s although nobody cancelled it%s%s", name, status_name(s),
            task->fail_text ? ": " : "", task->fail_text ? task->fail_text : "");
        (void)clock_table.sleep_until(task, host_now(host) + pause);
        pause = 2 * pause > PAUSE_MAX ? PAUSE_MAX : 2 * pause;
    }
    return ASSAY_OK;
}

assay_status host_follow_start(struct host *host, struct error *err)
{
    if (!host->system.instance)
        return error_set(err, ASSAY_E_INVALID, "there is no system to follow the nodes with");
    for (uint32_t i = 0; i < host->follow->count; i++) {
        struct follower *follower = &host->follow->followers[i];
        const struct host_operation_spec spec = {.name = "follow",
            .body = follow_node,
            .arg = follower,
            .grace = FOLLOW_GRACE,
            .stream = i};
        const assay_status s =
            host_operation_start(host->system.instance, &spec, &follower->operation);

        if (s) {
            host_follow_stop(host, FOLLOW_GRACE);
            return error_set(err, s,
                "cannot follow %s: no memory, or no thread to be had (ulimit -u, cgroup pids.max)",
                host->config.topology->nodes[i].name);
        }
    }
    return ASSAY_OK;
}

void host_follow_cancel(struct host *host, assay_ns grace)
{
    struct follow *follow = host->follow;

    for (uint32_t i = 0; i < follow->count; i++) {
        struct host_operation *operation = follow->followers[i].operation;

        if (!operation)
            continue;
        operation->spec.grace = grace; /* nobody else looks at it before the operation ends */
        host_operation_cancel(operation);
    }
}

void host_follow_stop(struct host *host, assay_ns grace)
{
    struct follow *follow = host->follow;

    host_follow_cancel(host, grace); /* all first, so that their graces overlap */
    for (uint32_t i = 0; i < follow->count; i++) {
        struct host_operation_result result;

        if (!follow->followers[i].operation)
            continue;
        host_operation_finish(follow->followers[i].operation, &result);
        follow->followers[i].operation = NULL;
    }
}
