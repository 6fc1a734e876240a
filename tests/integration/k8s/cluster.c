#include "tests/integration/k8s/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <assay/plugin.h>

#include "framework/run/monotonic.h"

static char kubectl[STAGE_PATH_SIZE], path_variable[4096], config_variable[STAGE_PATH_SIZE];
static char image_variable[STAGE_PATH_SIZE];
static const struct cluster_theme *theme;

/* The first on PATH; false when it is not there. */
static bool find_program(const char *name, char *out, size_t size)
{
    const char *rest = getenv("PATH");

    while (rest && *rest != '\0') {
        const size_t length = strcspn(rest, ":");

        (void)snprintf(out, size, "%.*s/%s", (int)length, rest, name);
        if (rest[0] == '/' && access(out, X_OK) == 0)
            return true;
        rest += length + (rest[length] == ':');
    }
    return false;
}

static void skip_all(const char *why)
{
    (void)printf("skipped: %s\n", why);
    exit(77);
}

int cluster_call(struct stage *stage, const char *const *words)
{
    return stage_call(stage, kubectl, words);
}

int cluster_open(void **state)
{
    struct stage *stage;

    if (stage_open(state))
        return -1;
    stage = *state;
    stage_setenv(stage, path_variable);
    stage_setenv(stage, config_variable);
    stage_setenv(stage, image_variable);
    stage_setenv(stage, "HOME=/nonexistent"); /* nothing of the user's decides */
    return mkdir(stage_path(stage, "beside"), 0700);
}

void cluster_manifest(struct stage *stage, const char *text)
{
    char name[64];

    (void)snprintf(name, sizeof(name), "%s.ini", theme->name);
    stage_write(stage, name, text);
    (void)snprintf(stage->manifest, sizeof(stage->manifest), "%s", stage_path(stage, name));
}

void cluster_need(const struct cluster_theme *own)
{
    const char *config = getenv("ASSAY_TEST_KUBECONFIG");
    char helm[STAGE_PATH_SIZE];
    struct stage *stage = NULL;
    bool is_there;

    theme = own;
    /* A variable of its own: a test must never touch the cluster that somebody happens to work on. */
    if (!config || config[0] == '\0')
        skip_all("ASSAY_TEST_KUBECONFIG names no cluster to test on");
    if (!find_program("kubectl", kubectl, sizeof(kubectl)) ||
        !find_program("helm", helm, sizeof(helm)))
        skip_all("kubectl and helm are not both on PATH");
    (void)snprintf(
        path_variable, sizeof(path_variable), "PATH=%s/bin:%s", ASSAY_BUILD_DIR, getenv("PATH"));
    (void)snprintf(config_variable, sizeof(config_variable), "KUBECONFIG=%s", config);
    (void)snprintf(image_variable, sizeof(image_variable), "NOMOS_TESTNET_IMAGE=%s",
        getenv("ASSAY_TEST_IMAGE") ? getenv("ASSAY_TEST_IMAGE") : "nomos-testnet:local");
    if (cluster_open((void **)&stage))
        skip_all("there is no place for a directory");
    is_there = KUBECTL(stage, "version", "--request-timeout=10s") == 0;
    (void)stage_close((void **)&stage);
    if (!is_there)
        skip_all("kubectl does not reach the cluster of ASSAY_TEST_KUBECONFIG");
}

static bool begins(const char *line, const char *name)
{
    return strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == '-';
}

static bool is_ours(const char *line)
{
    bool is_named = begins(line, theme->name);

    for (size_t i = 0; theme->other_names && theme->other_names[i]; i++)
        is_named = is_named || begins(line, theme->other_names[i]);
    return is_named;
}

/* What is left goes to stage->out; other than 0: kubectl reaches nothing. */
static int look_left(struct stage *stage)
{
    char *all, *rest = NULL;
    size_t size, used = 0;
    const int code = KUBECTL(stage, "get", "namespaces", "--selector", "io.assay.run",
        "--output=jsonpath={range .items[*]}{.metadata.labels.io\\.assay\\.run}{\" namespace/\"}"
        "{.metadata.name}{\"\\n\"}{end}");

    if (code != 0)
        return code;
    all = strdup(stage->out);
    size = strlen(all) + 1; /* of both; what stays is shorter than what it is taken from */
    stage->out[0] = '\0';
    for (char *line = strtok_r(all, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *name = strchr(line, ' ');

        if (is_ours(line) && name)
            used += (size_t)snprintf(stage->out + used, size - used, "%s\n", name + 1);
    }
    free(all);
    return 0;
}

const char *cluster_left(struct stage *stage)
{
    assert_exit(stage, look_left(stage), 0);
    return stage->out;
}

static void delete_left(struct stage *stage)
{
    char *left, *rest = NULL;

    if (look_left(stage) != 0) /* a test has pointed it at a cluster that is not there */
        return;
    left = strdup(stage->out);
    for (char *name = strtok_r(left, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest))
        (void)KUBECTL(stage, "delete", name, "--ignore-not-found", "--wait=false");
    free(left);
}

int cluster_close(void **state)
{
    struct stage *stage = *state;

    if (stage->pid == 0) {
        delete_left(stage);
        (void)KUBECTL(stage, "delete", "namespace", theme->pinned, "--ignore-not-found");
    }
    return stage_close(state);
}

const char *cluster_left_in_pinned(struct stage *stage)
{
    /* helm's own record of a release has its own labels. */
    assert_int_equal(KUBECTL(stage, "get", "secrets", "--namespace", theme->pinned, "--selector",
                         "owner=helm", "--output=name"),
        0);
    if (stage->out[0] == '\0')
        assert_int_equal(
            KUBECTL(stage, "get", "all,configmaps,secrets", "--namespace", theme->pinned,
                "--selector", "app.kubernetes.io/name=nomos-runner", "--output=name"),
            0);
    return stage->out;
}

void cluster_await_empty(struct stage *stage)
{
    const int64_t deadline = monotonic_ns() + (int64_t)STAGE_PATIENCE_S * ASSAY_SECOND;

    while (cluster_left(stage)[0] != '\0') {
        if (monotonic_ns() > deadline)
            fail_msg("still there after %d s: %s", STAGE_PATIENCE_S, stage->out);
        stage_pause();
    }
}

void cluster_beside(const struct stage *stage, struct stage *out)
{
    *out = (struct stage){.env_count = stage->env_count};
    memcpy(out->env, stage->env, sizeof(out->env));
    (void)snprintf(out->root, sizeof(out->root), "%.200s/beside", stage->root);
}

void cluster_beside_done(struct stage *beside)
{
    free(beside->out);
    free(beside->err);
}

void cluster_await_namespace(struct stage *stage, char *out, size_t size)
{
    const int64_t deadline = monotonic_ns() + (int64_t)STAGE_PATIENCE_S * ASSAY_SECOND;
    const size_t prefix = strlen("namespace/");
    struct stage beside;

    cluster_beside(stage, &beside);
    out[0] = '\0';
    while (out[0] == '\0') {
        if (monotonic_ns() > deadline)
            fail_msg("no namespace of a run within %d s", STAGE_PATIENCE_S);
        if (strncmp(cluster_left(&beside), "namespace/", prefix) == 0)
            (void)snprintf(
                out, size, "%.*s", (int)strcspn(beside.out + prefix, "\n"), beside.out + prefix);
        stage_pause();
    }
    cluster_beside_done(&beside);
}
