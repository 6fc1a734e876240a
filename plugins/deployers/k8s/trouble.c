#include "plugins/deployers/k8s/k8s.h"

enum {
    EVENTS_SHOWN = 3,
    TEXT_MAX = 950, /* bytes of a failure's text */
    LOG_TRIES =
        50, /* 25 s together: a container that has crashed twice is started again after 20 */
    LOG_PACE_MS = 500,
    COLLECT_TRIES = 20 /* 10 s; the host ends it after 15 */
};

#define LOG_QUERY      "limitBytes=33554432"
#define PREVIOUS_QUERY LOG_QUERY "&previous=true"

/* ---- events ---- */

/* Appends the latest warnings about the pod, oldest first. */
static void add_events(const struct k8s *k8s, assay_task *task, const char *pod, char *text)
{
    struct answer answer = {0};
    const assay_value *items, *chosen[EVENTS_SHOWN] = {NULL};
    char path[512];
    size_t count = 0;

    (void)snprintf(path, sizeof(path),
        "/api/v1/namespaces/%s/events?fieldSelector=involvedObject.name%%3D%s", k8s->namespace,
        pod);
    if (cluster_get(k8s, task, path, &answer)) {
        answer_done(&answer);
        return;
    }
    items = json_find(k8s, answer.root, "items", NULL);
    for (size_t i = 0; i < k8s->json->count(items); i++) {
        const assay_value *item = k8s->json->element(items, i);

        if (strcmp(json_text(k8s, json_find(k8s, item, "type", NULL)), "Warning") == 0)
            chosen[count++ % EVENTS_SHOWN] = item;
    }
    for (size_t i = count > EVENTS_SHOWN ? count - EVENTS_SHOWN : 0; i < count; i++) {
        const assay_value *item = chosen[i % EVENTS_SHOWN];
        const size_t used = strlen(text);

        (void)snprintf(text + used, TEXT_MAX - used, "\n  event %s: %.200s",
            json_text(k8s, json_find(k8s, item, "reason", NULL)),
            json_text(k8s, json_find(k8s, item, "message", NULL)));
    }
    answer_done(&answer);
}

/* ---- logs ---- */

/* The log of the pod's container, or of the one before it. OK with code 400 when there is none. */
static assay_status ask_log(
    const struct k8s *k8s, assay_task *task, const char *pod, const char *query, struct answer *out)
{
    char path[512];
    const struct ask ask = {.method = "GET", .path = path};

    (void)snprintf(
        path, sizeof(path), "/api/v1/namespaces/%s/pods/%s/log?%s", k8s->namespace, pod, query);
    return cluster_ask(k8s, task, &ask, out);
}

/* A kubelet that has thrown the container away since it told of it answers with 200 and this. */
static bool is_excuse(const struct answer *answer)
{
    static const char excuse[] = "unable to retrieve container logs";

    return answer->text.size >= sizeof(excuse) - 1 &&
        memcmp(answer->text.data, excuse, sizeof(excuse) - 1) == 0;
}

static bool has_log(const struct answer *answer)
{
    return answer->code == 200 && answer->text.size > 0 && !is_excuse(answer);
}

static void append_log(assay_bytes log, char *text)
{
    const size_t used = strlen(text);
    const size_t room = TEXT_MAX - used > 40 ? TEXT_MAX - used - 40 : 0;
    const size_t shown = log.size < room ? log.size : room; /* the end says most */

    (void)snprintf(text + used, TEXT_MAX - used, "\n  the end of its log:\n%.*s", (int)shown,
        (const char *)log.data + log.size - shown);
}

/* The end of the log, of the container that is there or of the one before. True when there is none, but
   will be once the next container has started. */
static bool add_log(const struct k8s *k8s, assay_task *task, const char *pod, char *text)
{
    static const char *const queries[] = {"tailLines=10", "tailLines=10&previous=true"};
    bool is_done = false, is_excused = false;

    for (size_t i = 0; !is_done && i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct answer answer = {0};

        if (!ask_log(k8s, task, pod, queries[i], &answer)) {
            is_done = has_log(&answer);
            is_excused = is_excused || is_excuse(&answer);
        }
        if (is_done)
            append_log(answer.text, text);
        answer_done(&answer);
    }
    return !is_done && is_excused;
}

static void await_log(const struct k8s *k8s, assay_task *task, const char *pod, char *text)
{
    for (int i = 0; add_log(k8s, task, pod, text) && i < LOG_TRIES; i++) {
        if (k8s->clock->sleep_until(task, k8s->clock->now(k8s->host) + LOG_PACE_MS * ASSAY_MS))
            return;
    }
}

assay_status trouble_report(struct k8s *k8s, assay_task *task, const char *pod, const char *what)
{
    char text[TEXT_MAX];

    (void)snprintf(text, sizeof(text), "%s", what);
    add_events(k8s, task, pod, text);
    await_log(k8s, task, pod, text);
    return k8s->host->fail(k8s->host, ASSAY_E_IO, text);
}

struct wanted_log {
    const char *query, *name;
    bool is_there;
    bool is_excused; /* it was there a moment ago */
};

/* Hands the log to the host, if there is one. */
static assay_status collect_one(
    struct k8s *k8s, assay_task *task, uint32_t node, struct wanted_log *log)
{
    char pod[2 * K8S_NAME_SIZE];
    struct answer answer = {0};
    assay_status s;

    pods_name(k8s, node, pod);
    s = ask_log(k8s, task, pod, log->query, &answer);
    log->is_there = !s && has_log(&answer);
    log->is_excused = !s && is_excuse(&answer);
    if (log->is_there)
        s = k8s->deployment->collect_log(k8s->host, node, log->name, answer.text);
    answer_done(&answer);
    return s;
}

assay_status trouble_collect(struct k8s *k8s, assay_task *task, uint32_t node)
{
    struct wanted_log now = {.query = LOG_QUERY, .name = ASSAY_NODE_LOG};
    struct wanted_log before = {.query = PREVIOUS_QUERY, .name = "output.previous.log"};
    const assay_status s = collect_one(k8s, task, node, &now);

    return s ? s : collect_one(k8s, task, node, &before);
}

assay_status trouble_collect_end(struct k8s *k8s, assay_task *task, uint32_t node)
{
    struct wanted_log before = {.query = PREVIOUS_QUERY, .name = ASSAY_NODE_LOG};
    struct wanted_log now = {.query = LOG_QUERY, .name = ASSAY_NODE_LOG};
    assay_status s = ASSAY_OK;

    for (int i = 0; !s && i < COLLECT_TRIES; i++) {
        s = collect_one(k8s, task, node, &before);
        if (!s && !before.is_there && !before.is_excused)
            s = collect_one(k8s, task, node, &now);
        if (s || before.is_there || now.is_there || !(before.is_excused || now.is_excused))
            break;
        s = k8s->clock->sleep_until(task, k8s->clock->now(k8s->host) + LOG_PACE_MS * ASSAY_MS);
    }
    if (!s && !before.is_there && !now.is_there) /* better than nothing */
        s = collect_one(k8s, task, node, &now);
    return s;
}
