/* Deployers that load without complaint and then break one rule each. README.md lists them. */
#include <assay/sdk.h>
#include <unistd.h>

#include "steps.h"

static const char *const needs[] = {ASSAY_DEPLOYMENT, NULL};

static assay_status hang(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    while (pause() < 0)
        continue;
    return ASSAY_OK;
}

static assay_status deploy(void *self, assay_task *task)
{
    return assay_deployment_of(self)->render(task);
}

#define DEPLOYER(symbol, id, summary, prepare_, finish_)                                           \
    ASSAY_PLUGIN(symbol, ASSAY_DEPLOYER, "baddeployer." id, "1.0.0", summary, .needs = needs,      \
        .create = create, .destroy = destroy, .prepare = (prepare_), .finish = (finish_))

DEPLOYER(d_fail, "fail-prepare", "Fails to deploy", fail, succeed);
DEPLOYER(d_crash, "crash-prepare", "Crashes while deploying", crash, succeed);
DEPLOYER(d_hang, "hang-prepare", "Hangs while deploying", hang, succeed);
DEPLOYER(d_finish, "fail-finish", "Fails to tear down", deploy, fail);
DEPLOYER(d_hang_finish, "hang-finish", "Hangs while tearing down", deploy, hang);

ASSAY_LIBRARY(
    "baddeployer", "1.0.0", "Apache-2.0", &d_fail, &d_crash, &d_hang, &d_finish, &d_hang_finish);
