/* Watching over nodes that no process of the host's runs: containers, pods.

   The host hears at once when a process of its own ends. Of others it knows what the deployer finds
   out: its `watch` is called every WATCH_EVERY while the run goes on, and once more before the
   judgement (host.h has the functions). It takes turns with node control, so that an end which an
   action brings about is never taken for one that nobody asked for. What is found is told through
   ends.h. A deployer that cannot look is said in the log, once in a row, and among the report's notices
   when it is the look before the judgement. */
#include <stdio.h>

#include "framework/base/log.h"
#include "framework/host/control.h"
#include "framework/host/inspection.h"
#include "framework/host/operation.h"
#include "framework/host/state.h"
#include "framework/host/tasks_internal.h"

#define WATCH_EVERY                                                                                \
    (2 * ASSAY_SECOND) /* a request of some milliseconds to an engine or a cluster */
#define LOOK_LIMIT  (30 * ASSAY_SECOND) /* a turn, which a long restart may hold, and the look */
#define WATCH_GRACE (5 * ASSAY_SECOND)  /* until host_watch_stop says otherwise */

/* One look, in a turn of node control's. */
static assay_status look(assay_task *task, char why[INSPECTION_WHY_SIZE])
{
    struct control *control = host_of(task_host(task))->control;
    assay_status s = control_begin(task, control, ASSAY_FOREVER);

    why[0] = '\0';
    if (s)
        return s;
    s = inspection_watch(task, why);
    control_end(control);
    return s;
}

static assay_status watch(assay_task *task, void *arg)
{
    struct host *host = arg;
    char why[INSPECTION_WHY_SIZE];
    bool has_failed = false;

    while (!task_is_cancelled(task)) {
        const assay_status s = look(task, why);

        if (s && !has_failed && !task_is_cancelled(task))
            log_write(LOG_LEVEL_WARN, host_instance_name(host->deployer.instance),
                "what became of the nodes cannot be looked at: %s", why);
        has_failed = s != ASSAY_OK;
        (void)clock_table.sleep_until(task, host_now(host) + WATCH_EVERY);
    }
    return ASSAY_OK;
}

static assay_status look_once(assay_task *task, void *arg)
{
    struct host *host = arg;
    char why[INSPECTION_WHY_SIZE], text[INSPECTION_WHY_SIZE + 120];
    const assay_status s = look(task, why);

    if (!s || host_is_interrupted(host))
        return ASSAY_OK;
    (void)snprintf(text, sizeof(text),
        "what became of the nodes could not be looked at before the judgement: %s",
        why[0] ? why : "an action was still under way");
    host_note_add(host, &host->notices, host->deployer.instance, text);
    return ASSAY_OK;
}

assay_status host_watch_start(struct host *host, struct error *err)
{
    const struct host_operation_spec spec = {
        .name = "watch", .body = watch, .arg = host, .grace = WATCH_GRACE};

    if (!inspection_watches(host))
        return ASSAY_OK;
    if (host_operation_start(host->deployer.instance, &spec, &host->watching))
        return error_set(err, ASSAY_E_NOMEM,
            "the nodes cannot be watched: no memory, or no thread to be had (ulimit -u, cgroup "
            "pids.max)");
    return ASSAY_OK;
}

void host_watch_look(struct host *host)
{
    const struct host_operation_spec spec = {
        .name = "look", .body = look_once, .arg = host, .limit = LOOK_LIMIT, .grace = WATCH_GRACE};
    struct host_operation_result result;

    if (host->watching)
        (void)host_run_operation(host->deployer.instance, &spec, &result);
}

void host_watch_stop(struct host *host, assay_ns grace)
{
    struct host_operation_result result;

    if (!host->watching)
        return;
    host->watching->spec.grace = grace; /* nobody else looks at it before the operation ends */
    host_operation_cancel(host->watching);
    host_operation_finish(host->watching, &result);
    host->watching = NULL;
}
