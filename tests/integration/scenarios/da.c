#include "tests/integration/scenarios/da.h"

void run_to(struct stage *stage, const char *manifest, int exit_code)
{
    stage_manifest(stage, manifest);
    assert_exit(stage, stage_run(stage, NULL), exit_code);
}

void assert_da_alone_failed(struct stage *stage)
{
    assert_judged(stage, "liveness", "pass");
    assert_judged(stage, "agreement", "pass");
    assert_judged(stage, "inclusion", "pass");
    assert_judged(stage, "da", "fail");
}
