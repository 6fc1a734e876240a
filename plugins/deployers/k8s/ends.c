#include "plugins/deployers/k8s/k8s.h"

#include <inttypes.h>
#include <signal.h>

enum {
    CODE_SIGNAL = 128, /* a shell's code of what a signal ended is this and the signal */
    SIGNAL_MAX = 64
};

/* An action of control ends a node inside its container, which goes on. So whatever the cluster says of
   containers that ended and pods that went, nobody here has asked for it. */

void ends_begin(struct k8s *k8s, const struct pod *pods)
{
    for (uint32_t node = 0; node < k8s->node_count; node++) {
        struct told *told = &k8s->nodes[node].told;

        if (told->uid[0] == '\0')
            (void)snprintf(told->uid, sizeof(told->uid), "%s", pods[node].uid);
    }
}

static assay_status tell(struct k8s *k8s, uint32_t node, assay_node_end *end, const char *detail)
{
    end->node = node;
    return k8s->deployment->ended(k8s->host, end, detail);
}

void ends_read_code(unsigned long code, uint32_t *how, uint32_t *number)
{
    const bool is_signal = code > CODE_SIGNAL && code <= CODE_SIGNAL + SIGNAL_MAX;

    *how = is_signal ? ASSAY_END_KILLED : ASSAY_END_EXITED;
    *number = (uint32_t)(is_signal ? code - CODE_SIGNAL : code);
}

/* ---- ends that were asked for ---- */

void ends_ask(struct k8s *k8s, uint32_t node, int signal_number)
{
    (void)pthread_mutex_lock(&k8s->lock);
    k8s->nodes[node].asked_signal = signal_number;
    (void)pthread_mutex_unlock(&k8s->lock);
}

assay_status ends_see(struct k8s *k8s, uint32_t node, unsigned long code)
{
    assay_node_end end = ASSAY_RECORD(assay_node_end);
    int asked;

    (void)pthread_mutex_lock(&k8s->lock);
    asked = k8s->nodes[node].asked_signal;
    k8s->nodes[node].asked_signal = 0;
    (void)pthread_mutex_unlock(&k8s->lock);
    if (asked == 0 || code == 0 || code == CODE_SIGNAL + (unsigned long)asked ||
        code == CODE_SIGNAL + SIGKILL)
        return ASSAY_OK;
    end.asked_by_signal = (uint32_t)asked;
    ends_read_code(code, &end.how, &end.code);
    return tell(k8s, node, &end, NULL);
}

/* ---- pods ---- */

/* Why the pod is not the one that was there: the cluster gave it up, the namespace goes, or nobody
   says. */
static assay_status tell_going(
    struct k8s *k8s, assay_task *task, uint32_t node, const struct pod *pod)
{
    assay_node_end end = ASSAY_RECORD_WITH(assay_node_end, .how = ASSAY_END_UNSEEN);
    bool is_namespace_going = false;
    char detail[256];
    assay_status s = ASSAY_OK;

    if (pod->left_reason[0] != '\0') {
        (void)snprintf(detail, sizeof(detail), "the cluster gave its pod up: %s", pod->left_reason);
        return tell(k8s, node, &end, detail);
    }
    s = pods_ask_namespace(k8s, task, &is_namespace_going);
    if (s)
        return s;
    if (is_namespace_going)
        (void)snprintf(detail, sizeof(detail),
            "its pod goes: namespace %s is being deleted by somebody else", k8s->namespace);
    else
        (void)snprintf(detail, sizeof(detail), "its pod %s",
            !pod->is_there        ? "is gone"
                : pod->is_leaving ? "is being deleted"
                                  : "was replaced by another");
    return tell(k8s, node, &end, detail);
}

/* ---- containers ---- */

/* How often the container has ended: all but the last time it was started again. */
static uint32_t count_ends(const struct pod *pod)
{
    return pod->restarts + (!pod->is_running && pod->end[0] != '\0');
}

static assay_status tell_end(struct k8s *k8s, uint32_t node, const struct pod *pod)
{
    const struct told *told = &k8s->nodes[node].told;
    const bool is_known = pod->end[0] != '\0';
    const uint32_t since = count_ends(pod) - told->end_count;
    assay_node_end end = ASSAY_RECORD_WITH(assay_node_end, .how = ASSAY_END_UNSEEN);
    char detail[192], times[64] = "";

    if (is_known)
        ends_read_code((unsigned long)pod->exit_code, &end.how, &end.code);
    if (since > 1 && since <= pod->restarts)
        (void)snprintf(
            times, sizeof(times), ", the last of %" PRIu32 " times since the last look", since);
    (void)snprintf(detail, sizeof(detail), "its container ended%s%s%s",
        is_known && pod->end_reason[0] != '\0' ? ": " : "", is_known ? pod->end_reason : "", times);
    return tell(k8s, node, &end, detail);
}

/* ---- looking ---- */

/* What is news of one node. It is remembered once it has been told, so that a look that failed in the
   middle tells the rest the next time. */
static assay_status compare(struct k8s *k8s, assay_task *task, uint32_t node, const struct pod *pod)
{
    struct told *told = &k8s->nodes[node].told;
    const bool is_same = strcmp(pod->uid, told->uid) == 0;
    assay_status s = ASSAY_OK;

    if ((!pod->is_there || pod->is_leaving || !is_same) && !told->is_gone)
        s = tell_going(k8s, task, node, pod);
    if (s)
        return s;
    told->is_gone = !pod->is_there || pod->is_leaving;
    if (told->is_gone)
        return ASSAY_OK;
    if (!is_same) {
        *told = (struct told){.uid = ""};
        (void)snprintf(told->uid, sizeof(told->uid), "%s", pod->uid);
    }
    /* An end is told once, when it is seen first; that the container is started again is none. */
    if (strcmp(pod->end, told->end) != 0 ||
        (pod->end[0] == '\0' && pod->restarts > told->end_count))
        s = tell_end(k8s, node, pod);
    if (s)
        return s;
    told->end_count = count_ends(pod);
    (void)snprintf(told->end, sizeof(told->end), "%s", pod->end);
    return ASSAY_OK;
}

assay_status ends_watch(void *self, assay_task *task)
{
    struct k8s *k8s = self;
    struct pod *pods = calloc(k8s->node_count + 1, sizeof(*pods));
    assay_status s = pods ? pods_list(k8s, task, pods) : ASSAY_E_NOMEM;

    for (uint32_t node = 0; !s && node < k8s->node_count; node++)
        s = compare(k8s, task, node, &pods[node]);
    free(pods);
    return s;
}
