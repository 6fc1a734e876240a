/* compose_runner: the predecessor's demo in containers, as a program over the builder API.

   NOMOS_DEMO_VALIDATORS, NOMOS_DEMO_EXECUTORS and NOMOS_DEMO_RUN_SECS, with COMPOSE_DEMO_* behind
   them, say how large and how long; docs/environment.md has what deployer compose reads. Nodes are
   restarted within the run (the predecessor's restarts come only after it). Where there is no
   container engine it warns and exits with 0, so that it can stand in a list of checks. */
#include <stdio.h>

#include "runners/demo.h"

enum {
    /* Of the run: its parts from one restart to the next, and until a node's next turn. */
    PAUSE_MIN_PARTS = 8,
    PAUSE_MAX_PARTS = 4,
    COOLDOWN_PARTS = 2
};

static const struct demo_variables variables = {.validators = "COMPOSE_DEMO_VALIDATORS",
    .executors = "COMPOSE_DEMO_EXECUTORS",
    .run_secs = "COMPOSE_DEMO_RUN_SECS"};

int main(int argc, char **argv)
{
    static const char *const engine[] = {"docker", "info", NULL};
    const assay_ns duration = demo_duration(&variables);
    const assay_chaos chaos = {.struct_size = sizeof(chaos),
        .pause_min = duration / PAUSE_MIN_PARTS,
        .pause_max = duration / PAUSE_MAX_PARTS,
        .cooldown = duration / COOLDOWN_PARTS,
        .validators = 1,
        .executors = 1};
    const int answered =
        demo_arguments(argv, "in containers, with nodes restarted meanwhile", &variables);
    assay_scenario *s;

    (void)argc;
    if (answered >= 0)
        return answered;
    if (!demo_command_works(engine)) {
        (void)fprintf(stderr,
            "compose runner demo skipped: no container engine answers (docker info); install "
            "docker.io and docker-compose, or set DOCKER_HOST\n");
        return 0;
    }
    s = demo_scenario("compose-runner", &variables);
    assay_scenario_section(s, "deployer.compose", NULL);
    assay_scenario_enable_node_control(s);
    assay_scenario_chaos_restart(s, &chaos);
    return demo_run("compose runner", s);
}
