#include "plugins/deployers/k8s/k8s.h"

enum {
    EVENTS_SHOWN = 3,
    TEXT_MAX = 950, /* bytes of a failure's text */
};

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

static void add_log(const struct k8s *k8s, assay_task *task, const char *pod, char *text)
{
    static const char *const queries[] = {"tailLines=10", "tailLines=10&previous=true"};

    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        struct answer answer = {0};
        const assay_status s = ask_log(k8s, task, pod, queries[i], &answer);
        const bool has_log = !s && answer.code == 200 && answer.text.size > 0;
        const size_t used = strlen(text);
        const size_t room = TEXT_MAX - used > 40 ? TEXT_MAX - used - 40 : 0;
        /* The end says most. */
        const size_t shown = answer.text.size < room ? answer.text.size : room;

        if (has_log)
            (void)snprintf(text + used, TEXT_MAX - used, "\n  the end of its log:\n%.*s",
                (int)shown, (const char *)answer.text.data + answer.text.size - shown);
        answer_done(&answer);
        if (has_log)
            return;
    }
}

assay_status trouble_report(struct k8s *k8s, assay_task *task, const char *pod, const char *what)
{
    char text[TEXT_MAX];

    (void)snprintf(text, sizeof(text), "%s", what);
    add_events(k8s, task, pod, text);
    add_log(k8s, task, pod, text);
    return k8s->host->fail(k8s->host, ASSAY_E_IO, text);
}

assay_status trouble_collect(struct k8s *k8s, assay_task *task, uint32_t node)
{
    static const struct {
        const char *query, *name;
    } logs[] = {{"limitBytes=33554432", ASSAY_NODE_LOG},
        {"limitBytes=33554432&previous=true", "output.previous.log"}};
    char pod[2 * K8S_NAME_SIZE];
    assay_status s = ASSAY_OK;

    pods_name(k8s, node, pod);
    for (size_t i = 0; !s && i < sizeof(logs) / sizeof(logs[0]); i++) {
        struct answer answer = {0};

        s = ask_log(k8s, task, pod, logs[i].query, &answer);
        if (!s && answer.code == 200)
            s = k8s->deployment->collect_log(k8s->host, node, logs[i].name, answer.text);
        answer_done(&answer);
    }
    return s;
}
