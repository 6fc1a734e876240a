#include "framework/host/ends.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/log.h"
#include "framework/base/parse.h"
#include "framework/host/deployment_state.h"
#include "framework/host/record.h"
#include "framework/host/state.h"
#include "framework/topology/topology.h"

bool ends_asks(int signal_number)
{
    static const int others[] = {
        SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGCHLD, SIGURG, SIGWINCH};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (others[i] == signal_number)
            return false;
    }
    return true;
}

static bool is_as_asked(int asked, const struct process_status *status)
{
    if (asked == 0)
        return false;
    if (status->state == PROCESS_KILLED)
        return status->code == asked || status->code == SIGKILL;
    return status->code == 0 || status->code == 128 + asked;
}

const char *ends_describe(const assay_node_end *end, char out[END_TEXT_SIZE])
{
    if (end->how == ASSAY_END_KILLED)
        (void)snprintf(out, END_TEXT_SIZE, "killed by signal %u (%.40s)", end->code,
            strsignal((int)end->code));
    else if (end->how == ASSAY_END_EXITED)
        (void)snprintf(out, END_TEXT_SIZE, "exit code %u", end->code);
    else
        (void)snprintf(out, END_TEXT_SIZE, "nobody saw how");
    return out;
}

static void say(const struct deployment *deployment, const assay_node_end *end, const char *detail)
{
    struct host *host = deployment->host;
    const char *name = host->config.topology->nodes[end->node].name;
    char moment[QUANTITY_TEXT_SIZE], asked[64] = "by itself", how[END_TEXT_SIZE], text[512];

    if (end->asked_by_signal)
        (void)snprintf(asked, sizeof(asked), "after signal %u (%.40s)", end->asked_by_signal,
            strsignal((int)end->asked_by_signal));
    (void)snprintf(text, sizeof(text), "%s ended %s at %s: %s%s%.160s; see nodes/%s/output.log",
        name, asked, format_span(end->at / ASSAY_MS * ASSAY_MS, moment), ends_describe(end, how),
        detail[0] ? ", " : "", detail, name);
    log_write(LOG_LEVEL_WARN, "host", "%s", text);
    host_event(host, "node-ended", name, text);
    if (host->deployer.instance)
        host_note_add(host, &host->notices, host->deployer.instance, text);
}

void ends_note(struct deployment *deployment, uint32_t node)
{
    struct node_process *place = &deployment->nodes[node];
    struct process_status status = {.state = PROCESS_STARTING};
    assay_node_end end = {.struct_size = sizeof(end), .node = node};
    bool is_news = false;

    (void)pthread_mutex_lock(&deployment->lock);
    if (place->process != PROCESS_NONE && !place->is_end_noted && !deployment->is_ending &&
        !deployment->ops->status(deployment->ops->self, place->process, &status) &&
        (status.state == PROCESS_EXITED || status.state == PROCESS_KILLED)) {
        place->is_end_noted = true;
        is_news = !is_as_asked(place->asked_signal, &status);
        end.how = status.state == PROCESS_KILLED ? ASSAY_END_KILLED : ASSAY_END_EXITED;
        end.code = (uint32_t)status.code;
        end.asked_by_signal = (uint32_t)place->asked_signal;
        end.at = status.ended_at - deployment->host->clock.zero;
        if (is_news)
            (void)vec_push(&deployment->ends, &end); /* without room the event tells it still */
    }
    (void)pthread_mutex_unlock(&deployment->lock);
    if (is_news)
        say(deployment, &end, "");
}

assay_status ends_told(const assay_host *table, const assay_node_end *theirs, const char *detail)
{
    struct host *host = host_of(table);
    struct deployment *deployment = host->deployment;
    assay_node_end end;

    if (!record_take(&end, sizeof(end), theirs))
        return instance_fail(table, ASSAY_E_INVALID, "deployment.ended: struct_size is not set");
    if (end.node >= deployment->node_count || end.how < ASSAY_END_UNSEEN ||
        end.how > ASSAY_END_KILLED)
        return instance_fail(table, ASSAY_E_INVALID,
            "deployment.ended: there is no node %u, or no way %u to end", end.node, end.how);
    end.struct_size = sizeof(end);
    if (end.at == 0)
        end.at = host_now(host);
    (void)pthread_mutex_lock(&deployment->lock);
    (void)vec_push(&deployment->ends, &end); /* without room the event tells it still */
    (void)pthread_mutex_unlock(&deployment->lock);
    say(deployment, &end, detail ? detail : "");
    return ASSAY_OK;
}

void ends_note_process(struct deployment *deployment, uint32_t process)
{
    uint32_t node = 0;

    (void)pthread_mutex_lock(&deployment->lock);
    while (node < deployment->node_count && deployment->nodes[node].process != process)
        node++;
    (void)pthread_mutex_unlock(&deployment->lock);
    if (process != PROCESS_NONE && node < deployment->node_count)
        ends_note(deployment, node);
}

size_t host_node_end_count(const struct host *host)
{
    struct deployment *deployment = host->deployment;
    size_t count = 0;

    (void)pthread_mutex_lock(&deployment->lock);
    count = deployment->ends.count;
    (void)pthread_mutex_unlock(&deployment->lock);
    return count;
}

bool host_node_end_at(const struct host *host, size_t index, assay_node_end *out)
{
    struct deployment *deployment = host->deployment;
    bool is_there = false;

    (void)pthread_mutex_lock(&deployment->lock);
    is_there = index < deployment->ends.count;
    if (is_there)
        (void)record_give(out, vec_at(&deployment->ends, index), sizeof(*out));
    (void)pthread_mutex_unlock(&deployment->lock);
    return is_there;
}
