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

static void say(const struct deployment *deployment, const assay_node_end *end)
{
    struct host *host = deployment->host;
    const char *name = host->config.topology->nodes[end->node].name;
    char moment[QUANTITY_TEXT_SIZE], asked[64] = "by itself", text[256];

    if (end->asked_by_signal)
        (void)snprintf(asked, sizeof(asked), "after signal %u (%s)", end->asked_by_signal,
            strsignal((int)end->asked_by_signal));
    (void)snprintf(text, sizeof(text), "%s ended %s at %s: %s %u%s%s%s; see nodes/%s/output.log",
        name, asked, format_span(end->at / ASSAY_MS * ASSAY_MS, moment),
        end->how == ASSAY_END_KILLED ? "killed by signal" : "exit code", end->code,
        end->how == ASSAY_END_KILLED ? " (" : "",
        end->how == ASSAY_END_KILLED ? strsignal((int)end->code) : "",
        end->how == ASSAY_END_KILLED ? ")" : "", name);
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
        say(deployment, &end);
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
