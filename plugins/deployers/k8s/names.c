#include "plugins/deployers/k8s/k8s.h"

enum {
    RELEASE_MAX = 40, /* letters: "<release>-executor-9999-runner" has to fit into 63 */
    GONE_EVERY_MS = 300
};

const char *k8s_variable(const struct k8s *k8s, const char *name)
{
    const char *value = k8s->deployment->variable(k8s->host, name);

    return value && value[0] != '\0' ? value : NULL;
}

const char *k8s_choose(
    const struct k8s *k8s, const char *option, const char *variable, const char *fallback)
{
    const char *value = option[0] != '\0' ? option : k8s_variable(k8s, variable);

    return value ? value : fallback;
}

/* ---- choosing ---- */

static bool is_lower(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A DNS label: lower-case letters, digits and inner dashes. */
static bool is_label(const char *text, size_t length_max)
{
    const size_t length = strlen(text);

    if (length == 0 || length > length_max || !is_lower(text[0]) || !is_lower(text[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_lower(text[i]) && text[i] != '-')
            return false;
    }
    return true;
}

/* Text as a label's value, in the letters that one may have. Of a run's id that is too long the end
   counts, which has the time and the random part. assets/orphans/kubernetes.sh does the same. */
static void choose_label(const char *text, char out[K8S_NAME_SIZE])
{
    const size_t length = strlen(text);
    const char *from = length >= K8S_NAME_SIZE ? text + length - (K8S_NAME_SIZE - 1) : text;
    size_t used = 0;

    for (; *from != '\0'; from++) {
        const bool is_inner = *from == '-' || *from == '_' || *from == '.';
        const bool is_letter = is_lower(*from) || (*from >= 'A' && *from <= 'Z');

        if (is_letter || (used > 0 && is_inner))
            out[used++] = *from;
    }
    while (used > 0 && !is_lower(out[used - 1]) && !(out[used - 1] >= 'A' && out[used - 1] <= 'Z'))
        used--;
    out[used] = '\0';
}

/* "nomos-k8s-20260131-120000-1a2b" of "smoke-20260131-120000-1a2b". */
static void choose_own_name(const char *id, char out[K8S_NAME_SIZE])
{
    static const char prefix[] = "nomos-k8s-";
    const size_t length = strlen(id);
    const char *from = length > 20 ? id + length - 20 : id;
    size_t used = sizeof(prefix) - 1;

    (void)snprintf(out, K8S_NAME_SIZE, "%s", prefix);
    for (; *from != '\0' && used < RELEASE_MAX; from++) {
        if (is_lower(*from) || *from == '-')
            out[used++] = *from;
    }
    while (out[used - 1] == '-')
        used--;
    out[used] = '\0';
}

assay_status names_choose(struct k8s *k8s)
{
    const char *namespace = k8s_choose(k8s, k8s->options.namespace, "K8S_RUNNER_NAMESPACE", NULL);
    const char *release = k8s_choose(k8s, k8s->options.release, "K8S_RUNNER_RELEASE", NULL);
    assay_run_facts facts = ASSAY_RECORD(assay_run_facts);
    assay_status s = k8s->run->facts(k8s->host, &facts);

    if (s)
        return s;
    choose_label(facts.id, k8s->run_id);
    choose_own_name(facts.id, k8s->namespace);
    (void)snprintf(k8s->release, sizeof(k8s->release), "%s", k8s->namespace);
    if (namespace && !is_label(namespace, K8S_NAME_SIZE - 1))
        return assay_fail_f(k8s->host, ASSAY_E_INVALID,
            "'%.80s' (option namespace, or K8S_RUNNER_NAMESPACE) cannot name a namespace: use "
            "lower-case letters, digits and inner dashes, at most 63",
            namespace);
    /* A release alone is passed over, as the predecessor does: two runs would fight over it. */
    if (!namespace)
        return ASSAY_OK;
    (void)snprintf(k8s->namespace, sizeof(k8s->namespace), "%s", namespace);
    if (!is_label(release ? release : namespace, RELEASE_MAX))
        return assay_fail_f(k8s->host, ASSAY_E_INVALID,
            "'%.80s' cannot name a release: use lower-case letters, digits and inner dashes, at "
            "most %d; set option release, or K8S_RUNNER_RELEASE",
            release ? release : namespace, RELEASE_MAX);
    (void)snprintf(k8s->release, sizeof(k8s->release), "%s", release ? release : namespace);
    return ASSAY_OK;
}

assay_status names_ask_host(struct k8s *k8s, assay_task *task)
{
    static const char *const words[] = {"hostname", NULL};
    char text[256];
    int32_t code = 0;
    assay_bytes output = {0};
    const assay_status s = k8s->deployment->exec(
        task, words, k8s->clock->now(k8s->host) + 10 * ASSAY_SECOND, &code, &output);

    if (s)
        return s;
    (void)snprintf(text, sizeof(text), "%.*s", code == 0 ? (int)strcspn(output.data, "\n") : 0,
        (const char *)output.data);
    choose_label(text, k8s->host_name);
    return ASSAY_OK;
}

/* ---- claiming ---- */

/* All by the run's label, so that it is harmless when there is nothing, or when the name has been
   taken over by somebody else. */
static assay_status journal(const struct k8s *k8s)
{
    const char *words[K8S_WORDS_MAX];
    char selector[K8S_NAME_SIZE + 32];
    size_t n = cluster_words(k8s, "kubectl", words);

    (void)snprintf(selector, sizeof(selector), RUN_LABEL "=%s", k8s->run_id);
    words[n++] = "delete";
    words[n++] =
        k8s->owns_namespace ? "namespaces" : "statefulsets,deployments,services,configmaps,secrets";
    if (!k8s->owns_namespace) {
        words[n++] = "--namespace";
        words[n++] = k8s->namespace;
    }
    words[n++] = "--selector";
    words[n++] = selector;
    words[n++] = "--ignore-not-found";
    words[n++] = "--timeout=120s";
    words[n] = NULL;
    return k8s->deployment->undo(k8s->host, words);
}

static assay_status make_namespace(struct k8s *k8s, assay_task *task)
{
    char body[512];
    const int length = snprintf(body, sizeof(body),
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"%s\",\"labels\":{"
        "\"app.kubernetes.io/managed-by\":\"assay\",\"" RUN_LABEL "\":\"%s\",\"" HOST_LABEL
        "\":\"%s\"}}}",
        k8s->namespace, k8s->run_id, k8s->host_name);
    const struct ask ask = {.method = "POST",
        .path = "/api/v1/namespaces",
        .body = {.data = body, .size = (size_t)length}};
    struct answer answer = {0};
    assay_status s = cluster_ask(k8s, task, &ask, &answer);

    if (!s && answer.code != 201)
        s = cluster_refused(k8s, &answer, "the namespace cannot be made");
    answer_done(&answer);
    return s;
}

assay_status names_claim(struct k8s *k8s, assay_task *task)
{
    char path[128];
    struct ask ask = {.method = "GET", .path = path};
    struct answer answer = {0};
    const char *phase;
    bool is_ending;
    assay_status s;

    (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s", k8s->namespace);
    s = cluster_ask(k8s, task, &ask, &answer);
    if (s)
        return s;
    if (answer.code != 200 && answer.code != 404)
        s = cluster_refused(k8s, &answer, "the namespace cannot be looked at");
    phase = json_text(k8s, json_find(k8s, answer.root, "status", "phase", NULL));
    is_ending = answer.code == 200 && strcmp(phase, "Terminating") == 0;
    k8s->owns_namespace = answer.code == 404;
    answer_done(&answer);
    if (!s && is_ending)
        s = assay_fail_f(k8s->host, ASSAY_E_INVALID,
            "namespace %s is being deleted; wait until it is gone, or name another",
            k8s->namespace);
    k8s->has_claimed = !s;
    if (!s && !k8s->is_preserved)
        s = journal(k8s);
    if (!s && k8s->owns_namespace)
        s = make_namespace(k8s, task);
    return s;
}

/* ---- releasing ---- */

static assay_status uninstall(struct k8s *k8s, assay_task *task, assay_ns until)
{
    const char *words[K8S_WORDS_MAX];
    size_t n = cluster_words(k8s, "helm", words);
    int32_t code = 0;
    assay_bytes output = {0};
    assay_status s;

    words[n++] = "uninstall";
    words[n++] = k8s->release;
    words[n++] = "--namespace";
    words[n++] = k8s->namespace;
    words[n++] = "--ignore-not-found";
    words[n++] = "--wait";
    words[n] = NULL;
    s = k8s->deployment->exec(task, words, until, &code, &output);
    if (!s && code != 0)
        s = assay_fail_f(k8s->host, ASSAY_E_IO, "helm cannot remove release %s: %.600s",
            k8s->release, (const char *)output.data);
    return s;
}

/* The cluster goes through a namespace's kinds of things one after the other, some seconds long, before
   it comes to pods; these may as well end meanwhile. That it goes is not for this to see to. */
static assay_status hurry_pods(struct k8s *k8s, assay_task *task)
{
    char path[160];
    const struct ask ask = {.method = "DELETE", .path = path};
    struct answer answer = {0};
    assay_status s;

    (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s/pods", k8s->namespace);
    s = cluster_ask(k8s, task, &ask, &answer);
    answer_done(&answer);
    return s == ASSAY_E_CANCELLED ? s : ASSAY_OK;
}

static assay_status delete_path(struct k8s *k8s, assay_task *task, const char *path)
{
    static const char now[] = "{\"propagationPolicy\":\"Background\"}";
    const struct ask ask = {
        .method = "DELETE", .path = path, .body = {.data = now, .size = sizeof(now) - 1}};
    struct answer answer = {0};
    assay_status s = cluster_ask(k8s, task, &ask, &answer);

    /* 404: somebody was faster. 409: it is being deleted. */
    if (!s && answer.code / 100 != 2 && answer.code != 404 && answer.code != 409)
        s = cluster_refused(k8s, &answer, "what this run left cannot be removed");
    answer_done(&answer);
    return s;
}

/* Is what is at the path gone? A list is when there is nothing in it. */
static assay_status look_whether_gone(
    struct k8s *k8s, assay_task *task, const char *path, bool *out)
{
    const struct ask ask = {.method = "GET", .path = path};
    struct answer answer = {0};
    const assay_value *items;
    const assay_status s = cluster_ask(k8s, task, &ask, &answer);

    items = s ? NULL : json_find(k8s, answer.root, "items", NULL);
    *out = !s && (answer.code == 404 || (items && k8s->json->count(items) == 0));
    answer_done(&answer);
    return s;
}

/* Waits until it is: the cluster says that it deletes long before the last process has ended. */
static assay_status await_gone(struct k8s *k8s, assay_task *task, const char *path, assay_ns until)
{
    for (;;) {
        bool is_gone = false;
        assay_status s = look_whether_gone(k8s, task, path, &is_gone);

        if (s || is_gone)
            return s;
        if (k8s->clock->now(k8s->host) >= until)
            return assay_fail_f(k8s->host, ASSAY_E_TIMEOUT,
                "what this run has made in namespace %s is being deleted, but was not gone in time",
                k8s->namespace);
        s = k8s->clock->sleep_until(task, k8s->clock->now(k8s->host) + GONE_EVERY_MS * ASSAY_MS);
        if (s)
            return s;
    }
}

assay_status names_release(struct k8s *k8s, assay_task *task, assay_ns until)
{
    char path[256];
    assay_status s, other;

    if (!k8s->has_claimed)
        return ASSAY_OK;
    if (k8s->owns_namespace) {
        (void)snprintf(path, sizeof(path), "/api/v1/namespaces/%s", k8s->namespace);
        s = delete_path(k8s, task, path);
        if (!s)
            s = hurry_pods(k8s, task);
        return s ? s : await_gone(k8s, task, path, until);
    }
    s = uninstall(k8s, task, until);
    (void)snprintf(path, sizeof(path),
        "/api/v1/namespaces/%s/secrets?labelSelector=" RUN_LABEL "%%3D%s", k8s->namespace,
        k8s->run_id);
    other = delete_path(k8s, task, path);
    if (s || other)
        return s ? s : other;
    (void)snprintf(path, sizeof(path),
        "/api/v1/namespaces/%s/pods?labelSelector=app.kubernetes.io%%2Finstance%%3D%s",
        k8s->namespace, k8s->release);
    return await_gone(k8s, task, path, until);
}
