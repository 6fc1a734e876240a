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

int cluster_close(void **state)
{
    struct stage *stage = *state;

    if (stage->pid == 0) {
        (void)KUBECTL(stage, "delete", "namespaces", "--selector", "io.assay.run",
            "--ignore-not-found", "--wait=false");
        (void)KUBECTL(stage, "delete", "namespace", CLUSTER_PINNED, "--ignore-not-found");
    }
    return stage_close(state);
}

void cluster_need(void)
{
    const char *config = getenv("ASSAY_TEST_KUBECONFIG");
    char helm[STAGE_PATH_SIZE];
    struct stage *stage = NULL;
    bool is_there;

    /* A variable of its own: a test must never touch the cluster that somebody happens to work on. */
    if (!config || config[0] == '\0')
        skip_all("ASSAY_TEST_KUBECONFIG names no cluster to test on");
    if (!find_program("kubectl", kubectl, sizeof(kubectl)) ||
        !find_program("helm", helm, sizeof(helm)))
        skip_all("kubectl and helm are not both on PATH");
    (void)snprintf(path_variable, sizeof(path_variable), "PATH=%s", getenv("PATH"));
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

const char *cluster_left(struct stage *stage)
{
    assert_int_equal(
        KUBECTL(stage, "get", "namespaces", "--selector", "io.assay.run", "--output=name"), 0);
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
