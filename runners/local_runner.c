/* local_runner: the predecessor's demo on local processes, as a program over the builder API.

   NOMOS_DEMO_VALIDATORS, NOMOS_DEMO_EXECUTORS and NOMOS_DEMO_RUN_SECS, with LOCAL_DEMO_* behind
   them, say how large and how long; POL_PROOF_DEV_MODE must be set. */
#include <stdio.h>
#include <stdlib.h>

#include "runners/demo.h"

static const struct demo_variables variables = {.validators = "LOCAL_DEMO_VALIDATORS",
    .executors = "LOCAL_DEMO_EXECUTORS",
    .run_secs = "LOCAL_DEMO_RUN_SECS"};

int main(int argc, char **argv)
{
    const int answered = demo_arguments(argv, "on processes of this machine", &variables);

    (void)argc;
    if (answered >= 0)
        return answered;
    if (!getenv("POL_PROOF_DEV_MODE")) {
        (void)fprintf(stderr,
            "local runner demo needs POL_PROOF_DEV_MODE=true in its environment: without it real "
            "nodes prove every block, which takes longer than a slot\n");
        return 1;
    }
    return demo_run("local runner", demo_scenario("local-runner", &variables));
}
