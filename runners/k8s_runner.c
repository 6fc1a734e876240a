/* k8s_runner: the predecessor's demo on a Kubernetes cluster, as a program over the builder API.

   NOMOS_DEMO_VALIDATORS, NOMOS_DEMO_EXECUTORS and NOMOS_DEMO_RUN_SECS, with K8S_DEMO_* behind them,
   say how large and how long; docs/environment.md has what deployer k8s reads. Where there is no
   cluster to talk to it warns and exits with 0, so that it can stand in a list of checks. */
#include <stdio.h>

#include "runners/demo.h"

/* Does kubectl reach a cluster? */
static const char *const reach[] = {
    "kubectl", "version", "--request-timeout=10s", "--output=json", NULL};

static const struct demo_variables variables = {.validators = "K8S_DEMO_VALIDATORS",
    .executors = "K8S_DEMO_EXECUTORS",
    .run_secs = "K8S_DEMO_RUN_SECS"};

int main(int argc, char **argv)
{
    const int answered = demo_arguments(argv, "on a Kubernetes cluster", &variables);
    assay_scenario *s;

    (void)argc;
    if (answered >= 0)
        return answered;
    if (!demo_command_works(reach)) {
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
