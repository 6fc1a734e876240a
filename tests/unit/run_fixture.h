/* What tests of the life cycle start from: plugins that live in this program and do as a script
   says, in a run of two nodes with a real host.

       struct cast *cast = cast_new();                    a system, a deployer, w and e
       cast->e.on[STEP_PREPARE].status = ASSAY_E_IO;
       cast_run(cast);                                    the whole life cycle
       assert_string_equal(cast->phases, "create plan deploy ... teardown");
       cast_free(cast);

   cast->story tells which operations were called, in order: "s.create d.create ...". */
#ifndef ASSAY_TESTS_RUN_FIXTURE_H
#define ASSAY_TESTS_RUN_FIXTURE_H

#include <pthread.h>

#include "framework/host/instance.h"
#include "framework/run/actor.h"
#include "framework/run/lifecycle.h"
#include "host_fixture.h"

enum step {
    STEP_CREATE,
    STEP_PREPARE,
    STEP_PLAN,
    STEP_RUN,
    STEP_JUDGE,
    STEP_FINISH,
    STEP_DESTROY,
    STEP_COUNT
};

/* What one operation does, in this order. */
struct deed {
    assay_ns wait_past_window; /* sleeps until so long after the window's end; 0: not */
    bool interrupts;           /* as if the user had pressed Ctrl-C */
    bool breaks_contract;      /* records a violation, but returns `status` all the same */
    bool waits;                /* until cancelled, and returns that */
    bool is_deaf;              /* never returns */
    assay_status status;
    const char *why; /* given to fail */
};

struct cast;

struct role {
    struct cast *cast;
    const char *letter;
    const assay_host *host;
    struct deed on[STEP_COUNT];
    assay_verdict verdict; /* of an expectation; struct_size is not copied */
    struct instance section;
    struct plugin plugin;
};

struct cast {
    struct fixture *fixture;
    struct role s, d, w, e;
    struct plan plan;
    struct report report;
    struct progress progress;
    pthread_mutex_t lock;
    char story[2048]; /* under lock */
    char phases[256];
    bool was_freed; /* the answer of lifecycle_run */
};

static inline void cast_tell(struct role *role, const char *operation)
{
    struct cast *cast = role->cast;
    size_t used;

    (void)pthread_mutex_lock(&cast->lock);
    used = strlen(cast->story);
    (void)snprintf(cast->story + used, sizeof(cast->story) - used, "%s%s.%s", used ? " " : "",
        role->letter, operation);
    (void)pthread_mutex_unlock(&cast->lock);
}

static inline void cast_be_deaf(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

    (void)pthread_mutex_lock(&lock);
    for (;;)
        (void)pthread_cond_wait(&never, &lock);
}

static inline assay_status cast_do(struct role *role, assay_task *task, enum step step)
{
    static const char *const names[STEP_COUNT] = {
        "create", "prepare", "plan", "run", "judge", "finish", "destroy"};
    const struct deed *deed = &role->on[step];
    const assay_clock *clock = role->host->service(role->host, ASSAY_CLOCK);
    assay_status s;

    cast_tell(role, names[step]);
    if (deed->wait_past_window) {
        s = clock->sleep_until(task, clock->window_end(role->host) + deed->wait_past_window);
        if (s)
            return s;
    }
    if (deed->interrupts)
        host_interrupt(role->cast->fixture->host);
    if (deed->breaks_contract)
        host_violation(instance_of(role->host), "it did what it must not");
    if (deed->is_deaf)
        cast_be_deaf();
    if (deed->waits)
        return clock->sleep_until(task, ASSAY_FOREVER);
    return deed->why ? (role->host->fail)(role->host, deed->status, deed->why) : deed->status;
}

static inline assay_status cast_create(const assay_host *host, const void *options, void **self)
{
    struct role *role = *(struct role *const *)options;

    role->host = host;
    *self = role;
    return cast_do(role, NULL, STEP_CREATE);
}

static inline void cast_destroy(void *self)
{
    (void)cast_do(self, NULL, STEP_DESTROY);
}

static inline assay_status cast_prepare(void *self, assay_task *task)
{
    return cast_do(self, task, STEP_PREPARE);
}

static inline assay_status cast_plan(void *self, assay_task *task)
{
    return cast_do(self, task, STEP_PLAN);
}

static inline assay_status cast_work(void *self, assay_task *task)
{
    return cast_do(self, task, STEP_RUN);
}

static inline assay_status cast_finish(void *self, assay_task *task)
{
    return cast_do(self, task, STEP_FINISH);
}

static inline assay_status cast_judge(void *self, assay_task *task, assay_verdict *out)
{
    struct role *role = self;
    const assay_status s = cast_do(role, task, STEP_JUDGE);
    const size_t size = out->struct_size;

    *out = role->verdict;
    out->struct_size = size;
    return s;
}

/* One good look at the node, so that the window opens, and then nothing new. */
static inline assay_status cast_follow(void *self, assay_task *task, uint32_t node)
{
    struct role *role = self;
    const assay_observe *observe = role->host->service(role->host, ASSAY_OBSERVE);
    const assay_clock *clock = role->host->service(role->host, ASSAY_CLOCK);

    (void)observe->status(role->host, node,
        &(const assay_observation){.struct_size = sizeof(assay_observation),
            .height = 1,
            .tip = "tip",
            .final = "tip",
            .mode = "",
            .peers = UINT32_MAX});
    return clock->sleep_until(task, ASSAY_FOREVER);
}

static inline void cast_role(struct cast *cast, struct role *role, const char *name, uint32_t kind)
{
    static const char *const none[] = {NULL};

    role->cast = cast;
    role->letter = kind == ASSAY_SYSTEM ? "s"
        : kind == ASSAY_DEPLOYER        ? "d"
        : kind == ASSAY_WORKLOAD        ? "w"
                                        : "e";
    role->section = (struct instance){.kind = kind, .name = name, .plugin_id = "test.fake"};
    role->section.values.data = calloc(1, sizeof(role));
    assert_non_null(role->section.values.data);
    *(struct role **)role->section.values.data = role;
    role->plugin.descriptor = (assay_plugin){.struct_size = sizeof(assay_plugin),
        .id = "test.fake",
        .version = "1",
        .needs = none,
        .wants = none,
        .offers = none,
        .kind = kind,
        .create = cast_create,
        .destroy = cast_destroy,
        .prepare = cast_prepare,
        .finish = cast_finish};
    if (kind == ASSAY_WORKLOAD || kind == ASSAY_EXPECTATION)
        role->plugin.descriptor.run = cast_work;
    if (kind == ASSAY_EXPECTATION)
        role->plugin.descriptor.judge = cast_judge;
    role->plugin.system = (assay_system_ops){
        .struct_size = sizeof(assay_system_ops), .plan = cast_plan, .follow = cast_follow};
    role->plugin.descriptor.system = kind == ASSAY_SYSTEM ? &role->plugin.system : NULL;
}

static inline void cast_add(struct cast *cast, struct role *role)
{
    const struct plan_instance item = {.instance = &role->section, .plugin = &role->plugin};

    assert_int_equal(vec_push(&cast->plan.instances, &item), ASSAY_OK);
}

/* All is well: a short window, a workload that ends, an expectation that watches and passes. */
static inline struct cast *cast_new(void)
{
    struct cast *cast = calloc(1, sizeof(*cast));

    assert_non_null(cast);
    cast->fixture = fixture_prepare(2);
    cast->fixture->config.duration = 20 * ASSAY_MS;
    fixture_start(cast->fixture);
    (void)pthread_mutex_init(&cast->lock, NULL);
    cast_role(cast, &cast->s, "system.s", ASSAY_SYSTEM);
    cast_role(cast, &cast->d, "deployer.d", ASSAY_DEPLOYER);
    cast_role(cast, &cast->w, "workload.w", ASSAY_WORKLOAD);
    cast_role(cast, &cast->e, "expectation.e", ASSAY_EXPECTATION);
    cast->e.on[STEP_RUN].waits = true;
    cast->e.verdict = (assay_verdict){.outcome = ASSAY_PASS, .coverage = 1.0};
    plan_init(&cast->plan);
    cast_add(cast, &cast->s);
    cast_add(cast, &cast->d);
    cast_add(cast, &cast->w);
    cast_add(cast, &cast->e);
    assert_int_equal(
        loader_new(&(const struct loader_options){0}, &cast->plan.loader, NULL), ASSAY_OK);
    cast->plan.manifest.run.operation_limit = 60 * ASSAY_SECOND;
    cast->plan.manifest.run.grace = 60 * ASSAY_SECOND;
    report_init(&cast->report);
    cast->report.directory = strdup(cast->fixture->run_dir);
    progress_init(&cast->progress, STDERR_FILENO, true);
    return cast;
}

static inline void cast_run(struct cast *cast)
{
    cast->was_freed = lifecycle_run(&(const struct lifecycle){.plan = &cast->plan,
        .host = cast->fixture->host,
        .report = &cast->report,
        .progress = &cast->progress});
    VEC_EACH(struct report_phase, phase, &cast->report.phases) {
        const size_t used = strlen(cast->phases);

        (void)snprintf(
            cast->phases + used, sizeof(cast->phases) - used, "%s%s", used ? " " : "", phase->name);
    }
}

static inline bool cast_told(struct cast *cast, const char *operation)
{
    bool was_told;

    (void)pthread_mutex_lock(&cast->lock); /* a stuck plugin may still be there */
    was_told = strstr(cast->story, operation) != NULL;
    (void)pthread_mutex_unlock(&cast->lock);
    return was_told;
}

/* What a stuck plugin still uses stays allocated; of the directory nothing stays. */
static inline void cast_free(struct cast *cast)
{
    if (!cast->was_freed) {
        (void)dir_remove(cast->fixture->run_dir, NULL);
        return;
    }
    free(cast->s.section.values.data);
    free(cast->d.section.values.data);
    free(cast->w.section.values.data);
    free(cast->e.section.values.data);
    plan_done(&cast->plan);
    report_done(&cast->report);
    fixture_free(cast->fixture);
    (void)pthread_mutex_destroy(&cast->lock);
    free(cast);
}

#endif
