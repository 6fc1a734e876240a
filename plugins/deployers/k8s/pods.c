#include "plugins/deployers/k8s/k8s.h"

#include <inttypes.h>

#define LOOK_FRESH (500 * ASSAY_MS) /* one list for all nodes, however many ask */
#define AWAIT_PACE (250 * ASSAY_MS)
#define NODE_SHARE                                                                                 \
    (2 * ASSAY_MS) /* a pod is 8 KiB of JSON: longer lists are asked for less often */

enum {
    RESTARTS_MAX = 2 /* a program that ended so often at its start goes on ending */
};

/* What a container waits for that will not come by itself. */
static const char *const hopeless[] = {"ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName",
    "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff"};

void pods_name(const struct k8s *k8s, uint32_t node, char out[2 * K8S_NAME_SIZE])
{
    (void)snprintf(out, 2 * K8S_NAME_SIZE, "%s-%s-0", k8s->release, k8s->nodes[node].name);
}

/* ---- reading ---- */

/* The latest container that ended. Its id alone does not tell ends apart: a cluster that has lost a
   container says of it that it ended, without one. */
static void read_end(const struct k8s *k8s, const assay_value *ended, struct pod *out)
{
    if (!ended)
        return;
    (void)k8s->json->integer(json_find(k8s, ended, "exitCode", NULL), &out->exit_code);
    (void)snprintf(out->end, sizeof(out->end), "%.90s %.30s",
        json_text(k8s, json_find(k8s, ended, "containerID", NULL)),
        json_text(k8s, json_find(k8s, ended, "finishedAt", NULL)));
    (void)snprintf(out->end_reason, sizeof(out->end_reason), "%s",
        json_text(k8s, json_find(k8s, ended, "reason", NULL)));
}

static void read_leaving(const struct k8s *k8s, const assay_value *item, struct pod *out)
{
    const assay_value *status = json_find(k8s, item, "status", NULL);
    const bool is_lost =
        strcmp(json_text(k8s, json_find(k8s, status, "phase", NULL)), "Failed") == 0;

    out->is_leaving = is_lost || json_find(k8s, item, "metadata", "deletionTimestamp", NULL);
    if (is_lost)
        (void)snprintf(out->left_reason, sizeof(out->left_reason), "%s",
            json_text(k8s, json_find(k8s, status, "reason", NULL)));
    (void)snprintf(out->uid, sizeof(out->uid), "%s",
        json_text(k8s, json_find(k8s, item, "metadata", "uid", NULL)));
}

static void read_pod(const struct k8s *k8s, const assay_value *item, struct pod *out)
{
    const assay_value *statuses = json_find(k8s, item, "status", "containerStatuses", NULL);
    const assay_value *status = k8s->json->element(statuses, 0);
    const assay_value *state = json_find(k8s, status, "state", NULL);
    const assay_value *ended = json_find(k8s, state, "terminated", NULL);
    int64_t restarts = 0;

    *out = (struct pod){.is_there = true,
        .is_running = json_find(k8s, state, "running", NULL) != NULL,
        .has_ended = ended != NULL};
    if (!ended)
        ended = json_find(k8s, status, "lastState", "terminated", NULL);
    read_end(k8s, ended, out);
    read_leaving(k8s, item, out);
    (void)k8s->json->integer(json_find(k8s, status, "restartCount", NULL), &restarts);
    out->restarts = (uint32_t)restarts;
    (void)snprintf(out->reason, sizeof(out->reason), "%s",
        json_text(k8s, json_find(k8s, state, "waiting", "reason", NULL)));
}

static bool find_node(const struct k8s *k8s, const assay_value *item, uint32_t *out)
{
    const char *name =
        json_text(k8s, json_find(k8s, item, "metadata", "labels", "io.assay.node", NULL));

    for (uint32_t i = 0; i < k8s->node_count; i++) {
        if (strcmp(k8s->nodes[i].name, name) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

/* A pod that is in hopeless trouble. */
struct culprit {
    char name[2 * K8S_NAME_SIZE];
    char what[256];
};

static void blame(
    const struct k8s *k8s, const assay_value *item, const struct pod *pod, struct culprit *out)
{
    const char *name = json_text(k8s, json_find(k8s, item, "metadata", "name", NULL));
    bool is_hopeless = false;

    for (size_t i = 0; i < sizeof(hopeless) / sizeof(hopeless[0]); i++)
        is_hopeless = is_hopeless || strcmp(pod->reason, hopeless[i]) == 0;
    if (out->name[0] != '\0' || (!is_hopeless && pod->restarts < RESTARTS_MAX))
        return;
    (void)snprintf(out->name, sizeof(out->name), "%s", name);
    if (pod->restarts > 0)
        (void)snprintf(out->what, sizeof(out->what),
            "pod %.100s: its program ended %" PRIu32 " times, the last time with exit code %lld",
            name, pod->restarts, (long long)pod->exit_code);
    else
        (void)snprintf(
            out->what, sizeof(out->what), "pod %.100s cannot start: %s", name, pod->reason);
}

/* Looks at the release's pods; `pods` has one entry per node. What is in trouble goes to `culprit`, and
   pods that are no node's count in `out_others`: those that do not run yet. */
static assay_status look_at_pods(struct k8s *k8s, assay_task *task, struct pod *pods,
    struct culprit *culprit, uint32_t *out_others)
{
    struct answer answer = {0};
    const assay_value *items;
    char path[256];
    assay_status s;

    /* resourceVersion=0: out of the API server's memory and not out of the store. */
    (void)snprintf(path, sizeof(path),
        "/api/v1/namespaces/%s/"
        "pods?resourceVersion=0&labelSelector=app.kubernetes.io%%2Finstance%%3D%s",
        k8s->namespace, k8s->release);
    s = cluster_get(k8s, task, path, &answer);
    items = json_find(k8s, answer.root, "items", NULL);
    *out_others = 0;
    for (size_t i = 0; !s && i < k8s->json->count(items); i++) {
        const assay_value *item = k8s->json->element(items, i);
        struct pod pod;
        uint32_t node;

        read_pod(k8s, item, &pod);
        blame(k8s, item, &pod, culprit);
        if (find_node(k8s, item, &node))
            pods[node] = pod;
        else if (!pod.is_running)
            (*out_others)++;
    }
    answer_done(&answer);
    return s;
}

assay_status pods_list(struct k8s *k8s, assay_task *task, struct pod *pods)
{
    struct culprit culprit = {.what = ""};
    uint32_t others;

    return look_at_pods(k8s, task, pods, &culprit, &others);
}

/* ---- looking ---- */

/* Takes the place of the latest look. */
static void keep(struct k8s *k8s, struct pod *pods, assay_status status)
{
    struct pod *old = pods;

    (void)pthread_mutex_lock(&k8s->lock);
    k8s->is_looking = false;
    if (!status) {
        old = k8s->pods;
        k8s->pods = pods;
        k8s->looked_at = k8s->clock->now(k8s->host);
    }
    (void)pthread_mutex_unlock(&k8s->lock);
    free(old);
}

/* True when it is this caller's turn to ask the cluster. */
static bool take_turn(struct k8s *k8s)
{
    bool is_mine;

    (void)pthread_mutex_lock(&k8s->lock);
    is_mine = !k8s->is_looking &&
        (!k8s->pods ||
            k8s->clock->now(k8s->host) - k8s->looked_at >=
                LOOK_FRESH + k8s->node_count * NODE_SHARE);
    if (is_mine)
        k8s->is_looking = true;
    (void)pthread_mutex_unlock(&k8s->lock);
    return is_mine;
}

assay_status pods_look(struct k8s *k8s, assay_task *task, uint32_t node, struct pod *out)
{
    assay_status s = ASSAY_OK;

    if (take_turn(k8s)) {
        struct pod *pods = calloc(k8s->node_count, sizeof(*pods));

        s = pods ? pods_list(k8s, task, pods) : ASSAY_E_NOMEM;
        keep(k8s, pods, s);
    }
    (void)pthread_mutex_lock(&k8s->lock);
    *out = k8s->pods ? k8s->pods[node] : (struct pod){0};
    (void)pthread_mutex_unlock(&k8s->lock);
    return s;
}

/* ---- waiting ---- */

assay_status pods_ask_namespace(struct k8s *k8s, assay_task *task, bool *out_is_going)
{
    char path[128];
    const struct ask ask = {.method = "GET", .path = path};
    struct answer answer = {0};
    const char *phase;
    assay_status s;

    (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s", k8s->namespace);
    s = cluster_ask(k8s, task, &ask, &answer);
    phase = json_text(k8s, json_find(k8s, answer.root, "status", "phase", NULL));
    *out_is_going = !s && (answer.code == 404 || strcmp(phase, "Terminating") == 0);
    if (!s && answer.code != 200 && answer.code != 404)
        s = cluster_refused(k8s, &answer, "the namespace cannot be looked at");
    answer_done(&answer);
    return s;
}

static assay_status check_namespace(struct k8s *k8s, assay_task *task)
{
    bool is_going = false;
    const assay_status s = pods_ask_namespace(k8s, task, &is_going);

    if (s || !is_going)
        return s;
    return assay_fail_f(k8s->host, ASSAY_E_IO,
        "namespace %s is being deleted by somebody else while this run uses it", k8s->namespace);
}

static assay_status explain_waiting(
    struct k8s *k8s, assay_task *task, const struct pod *pods, uint32_t waiting)
{
    for (uint32_t node = 0; node < k8s->node_count; node++) {
        char name[2 * K8S_NAME_SIZE], what[512];

        if (pods[node].is_running)
            continue;
        pods_name(k8s, node, name);
        (void)snprintf(what, sizeof(what),
            "%" PRIu32
            " pods do not run, and option deployment_timeout is over; the first is %.120s (%s)",
            waiting, name,
            !pods[node].is_there               ? "it was not made"
                : pods[node].reason[0] != '\0' ? pods[node].reason
                                               : "it has no place yet");
        return trouble_report(k8s, task, name, what);
    }
    return assay_fail_f(k8s->host, ASSAY_E_TIMEOUT,
        "%" PRIu32 " programs beside the nodes do not run, and option deployment_timeout is over",
        waiting);
}

static uint32_t count_waiting(const struct k8s *k8s, const struct pod *pods)
{
    uint32_t waiting = 0;

    for (uint32_t node = 0; node < k8s->node_count; node++)
        waiting += !pods[node].is_running;
    return waiting;
}

/* One look: OK and *out_waiting of 0 when all run. */
static assay_status await_once(
    struct k8s *k8s, assay_task *task, struct pod *pods, uint32_t *out_waiting)
{
    struct culprit culprit = {.what = ""};
    uint32_t others = 0;
    assay_status s = look_at_pods(k8s, task, pods, &culprit, &others);

    if (!s && culprit.name[0] != '\0')
        return trouble_report(k8s, task, culprit.name, culprit.what);
    *out_waiting = count_waiting(k8s, pods) + others;
    if (!s && *out_waiting > 0)
        s = check_namespace(k8s, task);
    return s;
}

assay_status pods_await(struct k8s *k8s, assay_task *task, assay_ns until)
{
    struct pod *pods = calloc(k8s->node_count + 1, sizeof(*pods));
    uint32_t waiting = 1;
    assay_status s = pods ? ASSAY_OK : ASSAY_E_NOMEM;

    while (!s) {
        memset(pods, 0, k8s->node_count * sizeof(*pods));
        s = await_once(k8s, task, pods, &waiting);
        if (!s && waiting == 0)
            ends_begin(k8s, pods);
        if (s || waiting == 0)
            break;
        if (k8s->clock->now(k8s->host) >= until) {
            s = explain_waiting(k8s, task, pods, waiting);
            break;
        }
        s = k8s->clock->sleep_until(
            task, k8s->clock->now(k8s->host) + AWAIT_PACE + k8s->node_count * NODE_SHARE);
    }
    free(pods);
    return s;
}
