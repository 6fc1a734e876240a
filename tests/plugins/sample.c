/* Well-behaved plugins of all four kinds, for tests that need a run but no network: the system's
   nodes are nothing but names, and the deployer starts no process. */
#include <assay/sdk.h>

struct self {
    const assay_host *host;
    const void *options;
};

static assay_status create(const assay_host *host, const void *options, void **self)
{
    struct self *made = calloc(1, sizeof(*made));

    if (!made)
        return host->fail(host, ASSAY_E_NOMEM, "no memory for the instance");
    made->host = host;
    made->options = options;
    *self = made;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    free(self);
}

/* ---- system ---- */

static assay_status say_nothing(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return ASSAY_OK;
}

static assay_status be_ready(
    void *self, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)self;
    (void)task;
    (void)node;
    (void)stage;
    out->is_ready = 1;
    return ASSAY_OK;
}

static assay_status wait_until_cancelled(assay_task *task, const assay_host *host)
{
    return assay_clock_of(host)->sleep_until(task, ASSAY_FOREVER);
}

/* One look at what never changes, so that nobody waits for the first. */
static assay_status follow(void *self, assay_task *task, uint32_t node)
{
    const struct self *its = self;
    const assay_observation still = {
        .struct_size = sizeof(still), .tip = "genesis", .final = "genesis", .mode = "Online"};

    (void)assay_observe_of(its->host)->status(its->host, node, &still);
    return wait_until_cancelled(task, its->host);
}

static const assay_system_ops still_ops = {
    .struct_size = sizeof(assay_system_ops),
    .plan = say_nothing,
    .render = say_nothing,
    .ready = be_ready,
    .follow = follow,
};
static const char *const still_needs[] = {ASSAY_CLOCK, ASSAY_OBSERVE, NULL};

ASSAY_PLUGIN(still, ASSAY_SYSTEM, "sample.still", "1.0.0", "Nodes that are nothing but names",
    .needs = still_needs, .create = create, .destroy = destroy, .system = &still_ops);

/* ---- deployer ---- */

static assay_status deploy(void *self, assay_task *task)
{
    const struct self *its = self;

    return assay_deployment_of(its->host)->render(task);
}

static const char *const deployment_only[] = {ASSAY_DEPLOYMENT, NULL};

ASSAY_PLUGIN(nowhere, ASSAY_DEPLOYER, "sample.nowhere", "1.0.0", "Deploys nothing at all",
    .needs = deployment_only, .create = create, .destroy = destroy, .prepare = deploy,
    .finish = say_nothing);

/* ---- workload ---- */

struct idle_options {
    int64_t children;
};
static const assay_option idle_options[] = {
    ASSAY_OPTION_INT(
        struct idle_options, children, "0", "0..64", "Tasks that idle besides the first."),
};
static const char *const idle_needs[] = {ASSAY_CLOCK, ASSAY_TASKS, NULL};

static assay_status idle(assay_task *task, void *self)
{
    const struct self *its = self;
    const assay_clock *clock = assay_clock_of(its->host);

    return clock->sleep_until(task, clock->window_end(its->host));
}

static assay_status run_idle(void *self, assay_task *task)
{
    const struct self *its = self;
    const struct idle_options *options = its->options;
    const assay_tasks *tasks = assay_tasks_of(its->host);
    assay_child *children[64] = {NULL};
    assay_status status = ASSAY_OK;

    for (int64_t i = 0; !status && i < options->children; i++)
        status = tasks->spawn(task, "idler", idle, self, &children[i]);
    if (!status)
        status = idle(task, self);
    for (int64_t i = 0; !status && i < options->children; i++)
        status = tasks->join(task, children[i], ASSAY_FOREVER, NULL);
    return status;
}

ASSAY_PLUGIN(idler, ASSAY_WORKLOAD, "sample.idle", "1.0.0", "Does nothing until the window ends",
    ASSAY_OPTIONS(struct idle_options, idle_options), .needs = idle_needs, .create = create,
    .destroy = destroy, .run = run_idle);

/* ---- expectation ---- */

struct judge_options {
    const char *outcome;
    const char *why;
    double coverage;
};
static const assay_option judge_options[] = {
    ASSAY_OPTION_CHOICE(struct judge_options, outcome, "pass", "pass|fail|undecided|vacuous",
        "What to say, whatever happened."),
    ASSAY_OPTION_TEXT(struct judge_options, why, "as it was told to", "The text to say it with."),
    ASSAY_OPTION_REAL(
        struct judge_options, coverage, "1", "0..1", "How much of the evidence to claim."),
};

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    static const char *const outcomes[] = {"", "pass", "fail", "undecided", "vacuous"};
    const struct self *its = self;
    const struct judge_options *options = its->options;
    uint32_t outcome = ASSAY_PASS;

    (void)task;
    while (strcmp(outcomes[outcome], options->outcome) != 0)
        outcome++;
    return assay_verdict_f(out, outcome, options->coverage, "%s", options->why);
}

ASSAY_PLUGIN(puppet, ASSAY_EXPECTATION, "sample.judge", "1.0.0", "Judges as its options say",
    ASSAY_OPTIONS(struct judge_options, judge_options), .create = create, .destroy = destroy,
    .judge = judge);

ASSAY_LIBRARY("sample", "1.0.0", "Apache-2.0", &still, &nowhere, &idler, &puppet);
