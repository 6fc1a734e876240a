#include "plugins/deployers/k8s/k8s.h"

#include <stdarg.h>

enum {
    TOOL_LIMIT_S = 30,   /* for kubectl and helm to say something about themselves */
    HELM_MINOR_MIN = 13, /* the first that can label its own record of a release */
    ASK_LIMIT_S = 30,
    ENCODED_MAX = 1 << 20 /* a certificate has two thousand letters */
};

/* ---- JSON ---- */

const assay_value *json_find(const struct k8s *k8s, const assay_value *value, ...)
{
    const char *name;
    va_list names;

    va_start(names, value);
    while ((name = va_arg(names, const char *)))
        value = k8s->json->member(value, name);
    va_end(names);
    return value;
}

const char *json_text(const struct k8s *k8s, const assay_value *value)
{
    const char *text = k8s->json->text(value);

    return text ? text : "";
}

/* ---- programs ---- */

size_t cluster_words(const struct k8s *k8s, const char *program, const char **words)
{
    size_t n = 0;

    words[n++] = program;
    if (k8s->cluster.kubeconfig[0] != '\0') {
        words[n++] = "--kubeconfig";
        words[n++] = k8s->cluster.kubeconfig;
    }
    if (k8s->cluster.context[0] != '\0') {
        words[n++] = strcmp(program, "helm") == 0 ? "--kube-context" : "--context";
        words[n++] = k8s->cluster.context;
    }
    return n;
}

/* Runs kubectl and reads what it prints as JSON. */
static assay_status read_configuration(struct k8s *k8s, assay_task *task, assay_json **out)
{
    const char *words[K8S_WORDS_MAX];
    size_t n = cluster_words(k8s, "kubectl", words);
    int32_t code = 0;
    assay_bytes output = {0};
    assay_status s;

    words[n++] = "config";
    words[n++] = "view";
    words[n++] = "--raw";
    words[n++] = "--minify";
    words[n++] = "--flatten";
    words[n++] = "--output=json";
    words[n] = NULL;
    s = k8s->deployment->exec(
        task, words, k8s->clock->now(k8s->host) + TOOL_LIMIT_S * ASSAY_SECOND, &code, &output);
    if (s)
        return s;
    if (code != 0)
        return assay_fail_f(k8s->host, ASSAY_E_NOTFOUND,
            "there is no cluster to use: kubectl says '%.300s'; set KUBECONFIG, or option context",
            (const char *)output.data);
    return k8s->json->parse(k8s->host, output, out);
}

/* "v3.17.2+gcc0bbbd" */
static bool is_helm_new_enough(const char *version)
{
    char *end = NULL;
    long minor;

    if (strncmp(version, "v3.", 3) != 0)
        return false;
    minor = strtol(version + 3, &end, 10);
    return end != version + 3 && minor >= HELM_MINOR_MIN;
}

static assay_status check_helm(struct k8s *k8s, assay_task *task)
{
    const char *const words[] = {"helm", "version", "--short", NULL};
    int32_t code = 0;
    assay_bytes output = {0};
    assay_status s = k8s->deployment->exec(
        task, words, k8s->clock->now(k8s->host) + TOOL_LIMIT_S * ASSAY_SECOND, &code, &output);

    if (!s && (code != 0 || !is_helm_new_enough(output.data)))
        s = assay_fail_f(k8s->host, ASSAY_E_UNSUPPORTED,
            "helm of version 3, from 3.%d on, is needed; `helm version` says '%.100s'",
            HELM_MINOR_MIN, (const char *)output.data);
    return s;
}

/* ---- credentials ---- */

static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Decodes in place of a copy; NULL for what is not base64, or without memory. The caller frees it. */
static char *decode(const char *text, size_t *out_size)
{
    const size_t length = strlen(text);
    char *out = length < ENCODED_MAX ? malloc(length + 1) : NULL;
    size_t size = 0;
    unsigned bits = 0;
    int held = 0;

    for (size_t i = 0; out && i < length && text[i] != '='; i++) {
        const int value = sextet(text[i]);

        if (value < 0) {
            free(out);
            return NULL;
        }
        bits = bits << 6 | (unsigned)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[size++] = (char)(bits >> held);
            bits &= (1u << held) - 1;
        }
    }
    *out_size = size;
    return out;
}

/* Writes a secret of the configuration to a file of the workspace, whose path goes to `out`. */
static assay_status keep_file(
    const struct k8s *k8s, const char *name, assay_bytes bytes, char out[K8S_PATH_SIZE])
{
    (void)snprintf(out, K8S_PATH_SIZE, "%s/%s", k8s->deployment->workspace(k8s->host), name);
    return k8s->deployment->file(k8s->host, name, bytes, 0600);
}

/* "<key>-data" in base64, which --flatten makes of files too; "" when there is none. */
static assay_status keep_data(const struct k8s *k8s, const assay_value *from, const char *key,
    const char *name, char out[K8S_PATH_SIZE])
{
    const char *text = json_text(k8s, json_find(k8s, from, key, NULL));
    size_t size = 0;
    char *data;
    assay_status s;

    if (text[0] == '\0')
        return ASSAY_OK;
    data = decode(text, &size);
    if (!data)
        return assay_fail_f(
            k8s->host, ASSAY_E_INVALID, "%s of kubectl's configuration is no base64", key);
    s = keep_file(k8s, name, (assay_bytes){.data = data, .size = size}, out);
    free(data);
    return s;
}

static assay_status read_user(struct k8s *k8s, const assay_value *user)
{
    struct cluster *cluster = &k8s->cluster;
    const char *token = json_text(k8s, json_find(k8s, user, "token", NULL));
    const char *token_file = json_text(k8s, json_find(k8s, user, "tokenFile", NULL));
    assay_status s =
        keep_data(k8s, user, "client-certificate-data", ".k8s/client.crt", cluster->certificate);

    if (!s)
        s = keep_data(k8s, user, "client-key-data", ".k8s/client.key", cluster->key);
    if (!s && token[0] != '\0')
        s = keep_file(k8s, ".k8s/token", assay_bytes_of(token), cluster->token);
    else if (!s && token_file[0] != '\0')
        (void)snprintf(cluster->token, sizeof(cluster->token), "%s", token_file);
    if (!s && cluster->certificate[0] == '\0' && cluster->token[0] == '\0')
        s = assay_fail_f(k8s->host, ASSAY_E_UNSUPPORTED,
            "context '%s' signs in in a way that assay cannot (neither a client certificate nor a "
            "token): make a service account, and a context with its token",
            cluster->context);
    return s;
}

static assay_status read_cluster(struct k8s *k8s, const assay_value *from)
{
    struct cluster *cluster = &k8s->cluster;
    const char *url = json_text(k8s, json_find(k8s, from, "server", NULL));
    uint32_t is_unverified = 0;
    size_t length;

    if (strlen(url) >= sizeof(cluster->url))
        return assay_fail_f(
            k8s->host, ASSAY_E_INVALID, "the cluster's address is too long: %.100s", url);
    (void)snprintf(cluster->url, sizeof(cluster->url), "%s", url);
    length = strlen(cluster->url);
    if (length > 0 && cluster->url[length - 1] == '/')
        cluster->url[length - 1] = '\0';
    if (!k8s->json->boolean(json_find(k8s, from, "insecure-skip-tls-verify", NULL), &is_unverified))
        cluster->is_unverified = is_unverified;
    return keep_data(k8s, from, "certificate-authority-data", ".k8s/ca.crt", cluster->ca);
}

/* The current context, so that a run whose user switches meanwhile still undoes its own. */
static void read_context(struct k8s *k8s, const assay_value *root)
{
    const char *given = k8s_variable(k8s, "KUBECONFIG");

    (void)snprintf(k8s->cluster.context, sizeof(k8s->cluster.context), "%s",
        json_text(k8s, json_find(k8s, root, "current-context", NULL)));
    /* A list of files has no name that could be passed on. */
    if (given && !strchr(given, ':') && given[0] == '/')
        (void)snprintf(k8s->cluster.kubeconfig, sizeof(k8s->cluster.kubeconfig), "%s", given);
}

assay_status cluster_open(struct k8s *k8s, assay_task *task)
{
    struct answer answer = {0};
    assay_json *document = NULL;
    const assay_value *root;
    assay_status s;

    (void)snprintf(k8s->cluster.context, sizeof(k8s->cluster.context), "%s", k8s->options.context);
    s = read_configuration(k8s, task, &document);
    if (s)
        return s;
    root = k8s->json->root(document);
    read_context(k8s, root);
    s = read_cluster(k8s,
        json_find(
            k8s, k8s->json->element(json_find(k8s, root, "clusters", NULL), 0), "cluster", NULL));
    if (!s)
        s = read_user(k8s,
            json_find(
                k8s, k8s->json->element(json_find(k8s, root, "users", NULL), 0), "user", NULL));
    k8s->json->release(document);
    if (!s)
        s = cluster_get(k8s, task, "/version", &answer);
    answer_done(&answer);
    return s ? s : check_helm(k8s, task);
}

/* ---- asking ---- */

assay_status cluster_ask(
    const struct k8s *k8s, assay_task *task, const struct ask *ask, struct answer *out)
{
    const struct cluster *cluster = &k8s->cluster;
    const assay_backend_call call = ASSAY_RECORD_WITH(assay_backend_call, .url = cluster->url,
        .method = ask->method, .path = ask->path, .body = ask->body,
        .content_type = ask->content_type, .timeout = ASK_LIMIT_S * ASSAY_SECOND,
        .reply_max = 64u << 20, .ca_file = cluster->ca[0] ? cluster->ca : NULL,
        .certificate_file = cluster->certificate[0] ? cluster->certificate : NULL,
        .key_file = cluster->key[0] ? cluster->key : NULL,
        .token_file = cluster->token[0] ? cluster->token : NULL,
        .flags = cluster->is_unverified ? ASSAY_CALL_UNVERIFIED : 0);
    const assay_reply_info *info;
    assay_status s = k8s->deployment->call(task, &call, &out->reply);

    out->k8s = k8s;
    if (s)
        return s;
    info = k8s->http->info(out->reply);
    out->code = info->code;
    out->text = info->body;
    /* A log is text, whatever it looks like. */
    if (info->content_type && strstr(info->content_type, "json") &&
        !k8s->json->parse(k8s->host, info->body, &out->document))
        out->root = k8s->json->root(out->document);
    return ASSAY_OK;
}

assay_status cluster_refused(const struct k8s *k8s, const struct answer *answer, const char *what)
{
    const char *message = json_text(k8s, json_find(k8s, answer->root, "message", NULL));

    if (message[0] != '\0')
        return assay_fail_f(k8s->host, answer->code == 403 ? ASSAY_E_DENIED : ASSAY_E_IO,
            "%s: the cluster answers %u, %s", what, answer->code, message);
    return assay_fail_f(k8s->host, ASSAY_E_IO, "%s: the cluster answers %u: %.*s", what,
        answer->code, (int)(answer->text.size < 300 ? answer->text.size : 300),
        (const char *)answer->text.data);
}

assay_status cluster_get(
    const struct k8s *k8s, assay_task *task, const char *path, struct answer *out)
{
    const struct ask ask = {.method = "GET", .path = path};
    const assay_status s = cluster_ask(k8s, task, &ask, out);

    if (!s && out->code != 200)
        return cluster_refused(k8s, out, path);
    return s;
}

void answer_done(struct answer *answer)
{
    if (!answer->k8s)
        return;
    answer->k8s->json->release(answer->document);
    answer->k8s->http->release(answer->reply);
    *answer = (struct answer){0};
}
