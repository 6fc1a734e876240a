/* k8s_runner: the predecessor's demo on a Kubernetes cluster, as a program over the builder API.

   NOMOS_DEMO_VALIDATORS, NOMOS_DEMO_EXECUTORS and NOMOS_DEMO_RUN_SECS, with K8S_DEMO_* behind them,
   say how large and how long; docs/environment.md has what deployer k8s reads. Where there is no
   cluster to talk to it warns and exits with 0, so that it can stand in a list of checks. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runners/demo.h"

extern char **environ;

/* Does kubectl reach a cluster? What it says to that is its user's to see. */
static int is_cluster_there(void)
{
    static const char *const words[] = {
        "kubectl", "version", "--request-timeout=10s", "--output=json", NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int status = 1, failed;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return 0;
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    failed = posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    while (!failed && waitpid(pid, &status, 0) < 0)
        continue;
    return !failed && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static const struct demo_variables variables = {.validators = "K8S_DEMO_VALIDATORS",
    .executors = "K8S_DEMO_EXECUTORS",
    .run_secs = "K8S_DEMO_RUN_SECS"};

int main(void)
{
    assay_scenario *s;

    if (!is_cluster_there()) {
        (void)fprintf(
            stderr, "k8s runner demo skipped: kubectl reaches no cluster; set KUBECONFIG to one\n");
        return 0;
    }
    s = demo_scenario("k8s-runner", &variables);
    assay_scenario_section(s, "deployer.k8s", NULL);
    /* The predecessor looks once more at the end: every validator has come to height 5. */
    assay_scenario_section(
        s, "expectation.height", "plugin", "consensus_liveness", "min_blocks", "5", NULL);
    return demo_run("k8s runner", s);
}
