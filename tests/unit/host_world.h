/* A run with a system, a deployer and processes that are none, for tests of deployment and control.

   Processes are numbers in a table: `start` makes one RUNNING with a pid of its own, and a test
   ends them as it likes. The system answers `ready` and `follow` as the test's fields say. */
#ifndef ASSAY_TESTS_HOST_WORLD_H
#define ASSAY_TESTS_HOST_WORLD_H

#include <signal.h>
#include <stdatomic.h>

#include "framework/host/processes.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"
#include "host_fixture.h"

enum {
    FAKES_MAX = 64
};

struct fakes {
    struct process_ops ops;
    pthread_mutex_t lock; /* guards everything */
    struct process_status table[FAKES_MAX];
    uint32_t count;
    char argv[FAKES_MAX][256], env[FAKES_MAX][256], directory[FAKES_MAX][256],
        output[FAKES_MAX][256];
    char undone[256];        /* the last undo's words */
    char removed_later[256]; /* the last remove_later's path */
    unsigned removals;
    assay_status remove_status; /* what remove_later answers */
    int last_signal;
    assay_ns last_grace;
    bool has_ended;
    assay_status start_status;  /* what start answers */
    const char *prints;         /* every process's output, at once */
    struct process_status born; /* the state in which a new process begins */
    void (*changed)(void *arg, uint32_t process);
    void *changed_arg;
};

static inline void fakes_tell(struct fakes *fakes, uint32_t process)
{
    void (*changed)(void *, uint32_t) = NULL;
    void *arg = NULL;

    (void)pthread_mutex_lock(&fakes->lock);
    changed = fakes->changed;
    arg = fakes->changed_arg;
    (void)pthread_mutex_unlock(&fakes->lock);
    if (changed)
        changed(arg, process);
}

static inline void fakes_end(
    struct fakes *fakes, uint32_t process, enum process_state state, int code)
{
    (void)pthread_mutex_lock(&fakes->lock);
    fakes->table[process].state = state;
    fakes->table[process].code = code;
    fakes->table[process].ended_at = fakes->table[process].started_at + 1;
    (void)pthread_mutex_unlock(&fakes->lock);
    fakes_tell(fakes, process);
}

static inline void fakes_join(const char *const *words, char out[256])
{
    size_t used = 0;

    out[0] = '\0';
    for (; words && *words && used < 255; words++)
        used += (size_t)snprintf(out + used, 256 - used, "%s%s", used ? " " : "", *words);
}

static inline assay_status fakes_start(
    void *self, const struct process_spec *spec, uint32_t *out, struct error *err)
{
    struct fakes *fakes = self;

    if (fakes->start_status)
        return error_set(err, fakes->start_status, "the supervisor says no");
    (void)pthread_mutex_lock(&fakes->lock);
    assert_true(fakes->count < FAKES_MAX);
    *out = fakes->count++;
    fakes->table[*out] = fakes->born;
    fakes->table[*out].pid = 1000 + *out;
    fakes->table[*out].started_at = 1 + *out;
    fakes_join(spec->argv, fakes->argv[*out]);
    fakes_join(spec->env, fakes->env[*out]);
    (void)snprintf(fakes->directory[*out], 256, "%s", spec->directory ? spec->directory : "");
    (void)snprintf(fakes->output[*out], 256, "%s", spec->output ? spec->output : "");
    (void)pthread_mutex_unlock(&fakes->lock);
    if (fakes->prints) {
        FILE *file = fopen(spec->output, "we");

        assert_non_null(file);
        (void)fputs(fakes->prints, file);
        (void)fclose(file);
    }
    return ASSAY_OK;
}

static inline assay_status fakes_signal(
    void *self, uint32_t process, int signal_number, struct error *err)
{
    struct fakes *fakes = self;

    fakes->last_signal = signal_number;
    if (fakes->table[process].state != PROCESS_RUNNING)
        return error_set(err, ASSAY_E_NOTFOUND, "it has ended");
    if (signal_number == SIGKILL)
        fakes_end(fakes, process, PROCESS_KILLED, SIGKILL);
    if (signal_number == SIGSTOP || signal_number == SIGCONT)
        fakes->table[process].is_stopped = signal_number == SIGSTOP;
    return ASSAY_OK;
}

static inline assay_status fakes_status(void *self, uint32_t process, struct process_status *out)
{
    struct fakes *fakes = self;
    assay_status s = ASSAY_E_NOTFOUND;

    (void)pthread_mutex_lock(&fakes->lock);
    if (process < fakes->count) {
        *out = fakes->table[process];
        s = ASSAY_OK;
    }
    (void)pthread_mutex_unlock(&fakes->lock);
    return s;
}

static inline assay_status fakes_end_all(
    void *self, assay_ns grace, uint32_t *out_ticket, struct error *err)
{
    struct fakes *fakes = self;

    (void)err;
    fakes->last_grace = grace;
    *out_ticket = 7;
    for (uint32_t i = 0; i < fakes->count; i++)
        fakes_end(fakes, i, PROCESS_KILLED, SIGTERM);
    (void)pthread_mutex_lock(&fakes->lock);
    fakes->has_ended = true;
    (void)pthread_mutex_unlock(&fakes->lock);
    fakes_tell(fakes, PROCESS_NONE);
    return ASSAY_OK;
}

static inline bool fakes_has_ended(void *self, uint32_t ticket)
{
    struct fakes *fakes = self;
    bool has_ended = false;

    assert_int_equal(ticket, 7);
    (void)pthread_mutex_lock(&fakes->lock);
    has_ended = fakes->has_ended;
    (void)pthread_mutex_unlock(&fakes->lock);
    return has_ended;
}

static inline assay_status fakes_undo(void *self, const char *const *argv, struct error *err)
{
    struct fakes *fakes = self;

    (void)err;
    fakes_join(argv, fakes->undone);
    return ASSAY_OK;
}

static inline assay_status fakes_remove_later(void *self, const char *path, struct error *err)
{
    struct fakes *fakes = self;

    if (fakes->remove_status)
        return error_set(err, fakes->remove_status, "the journal says no");
    (void)snprintf(fakes->removed_later, sizeof(fakes->removed_later), "%s", path);
    fakes->removals++;
    return ASSAY_OK;
}

static inline void fakes_listen(void *self, void (*changed)(void *, uint32_t), void *arg)
{
    struct fakes *fakes = self;

    (void)pthread_mutex_lock(&fakes->lock);
    fakes->changed = changed;
    fakes->changed_arg = arg;
    (void)pthread_mutex_unlock(&fakes->lock);
}

/* ---- the world ---- */

struct world {
    struct fixture *fixture;
    struct fakes fakes;
    struct host_instance *system, *deployer;
    const assay_host *system_table, *table; /* table: the deployer's */
    const assay_spec *spec;
    const assay_deployment *deployment;

    /* How the system behaves. */
    assay_status (*ready)(struct world *, assay_task *, uint32_t, uint32_t, assay_readiness *);
    assay_status (*follow)(struct world *, assay_task *, uint32_t);
    assay_status (*render)(struct world *, assay_task *);
    assay_status (*control)(struct world *, assay_task *, const assay_action *);
    assay_status (*inspect)(struct world *, uint32_t, assay_process *, char[160]);
    assay_status (*collect)(struct world *, uint32_t);
    assay_status (*watch)(struct world *, assay_task *);
    atomic_int looks, follows;
};

static inline assay_status world_render(void *self, assay_task *task)
{
    struct world *world = self;

    return world->render ? world->render(world, task) : ASSAY_OK;
}

static inline assay_status world_ready(
    void *self, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    struct world *world = self;

    atomic_fetch_add(&world->looks, 1);
    return world->ready(world, task, node, stage, out);
}

static inline assay_status world_follow(void *self, assay_task *task, uint32_t node)
{
    struct world *world = self;

    atomic_fetch_add(&world->follows, 1);
    return world->follow(world, task, node);
}

static inline assay_status world_control(
    void *self, assay_task *task, const assay_action *action, assay_ns until)
{
    struct world *world = self;

    (void)until;
    return world->control(world, task, action);
}

static inline assay_status world_inspect(
    void *self, assay_task *task, uint32_t node, assay_process *out, char detail[160])
{
    struct world *world = self;

    (void)task;
    return world->inspect ? world->inspect(world, node, out, detail) : ASSAY_E_UNSUPPORTED;
}

static inline assay_status world_collect(void *self, assay_task *task, uint32_t node)
{
    struct world *world = self;

    (void)task;
    return world->collect ? world->collect(world, node) : ASSAY_OK;
}

static inline assay_status world_watch(void *self, assay_task *task)
{
    struct world *world = self;

    return world->watch ? world->watch(world, task) : ASSAY_OK;
}

static const assay_system_ops world_system = {.struct_size = sizeof(world_system),
    .render = world_render,
    .ready = world_ready,
    .follow = world_follow};

/* With an HTTP table of the test's, or none. */
static inline struct world *world_new_http(uint32_t nodes, uint64_t actions, const assay_http *http)
{
    static assay_deployer_ops deployer;
    struct world *world = calloc(1, sizeof(*world));

    deployer = (assay_deployer_ops){.struct_size = sizeof(deployer),
        .actions = actions,
        .control = world_control,
        .inspect = world_inspect,
        .collect = world_collect,
        .watch = world_watch};
    world->fixture = fixture_prepare(nodes);
    world->fakes.ops = (struct process_ops){.self = &world->fakes,
        .start = fakes_start,
        .signal = fakes_signal,
        .status = fakes_status,
        .end_all = fakes_end_all,
        .has_ended = fakes_has_ended,
        .undo = fakes_undo,
        .remove_later = fakes_remove_later,
        .listen = fakes_listen};
    world->fakes.born.state = PROCESS_RUNNING;
    (void)pthread_mutex_init(&world->fakes.lock, NULL);
    world->fixture->config.processes = &world->fakes.ops;
    world->fixture->config.node_control = actions != 0;
    world->fixture->config.control_actions = actions;
    world->fixture->config.http = http;
    fixture_start(world->fixture);
    world->system = fixture_instance(world->fixture, "system.s", ASSAY_SYSTEM);
    world->deployer = fixture_instance(world->fixture, "deployer.d", ASSAY_DEPLOYER);
    host_attach_system(world->fixture->host, world->system, &world_system, world);
    host_attach_deployer(world->fixture->host, world->deployer, &deployer, world);
    world->system_table = host_instance_table(world->system);
    world->table = host_instance_table(world->deployer);
    world->spec = fixture_service(world->system, ASSAY_SPEC);
    world->deployment = fixture_service(world->deployer, ASSAY_DEPLOYMENT);
    return world;
}

static inline struct world *world_new(uint32_t nodes, uint64_t actions)
{
    return world_new_http(nodes, actions, NULL);
}

static inline void world_free(struct world *world)
{
    fixture_free(world->fixture);
    (void)pthread_mutex_destroy(&world->fakes.lock);
    free(world);
}

#endif
