#include "framework/host/gate.h"

#include "framework/base/mem.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"

struct assay_gate {
    struct owned owned;
    pthread_mutex_t lock; /* guards what follows */
    uint64_t places;      /* 64 bits: leaving adds one each time, and may go on for ever */
    struct waiters waiters;
};

static void gate_release(struct owned *owned)
{
    assay_gate *gate = (assay_gate *)owned;

    (void)pthread_mutex_destroy(&gate->lock);
    free(gate);
}

assay_status gate_new(const assay_host *table, uint32_t count, assay_gate **out)
{
    struct host_instance *instance = instance_of(table);
    assay_gate *gate = NULL;
    bool is_full = false;

    (void)pthread_mutex_lock(&instance->lock);
    is_full = instance->gate_count >= TASK_GATES_MAX;
    if (!is_full)
        instance->gate_count++;
    (void)pthread_mutex_unlock(&instance->lock);
    if (is_full)
        return instance_fail(
            table, ASSAY_E_LAGGED, "this instance has made %d gates already", TASK_GATES_MAX);
    gate = mem_new(sizeof(*gate));
    if (!gate)
        return ASSAY_E_NOMEM;
    (void)pthread_mutex_init(&gate->lock, NULL);
    gate->places = count;
    instance_own(instance, &gate->owned, gate_release);
    *out = gate;
    return ASSAY_OK;
}

assay_status gate_enter(assay_task *task, assay_gate *gate, assay_ns until)
{
    assay_status s = task_enter(task);

    if (s)
        return s;
    (void)pthread_mutex_lock(&gate->lock);
    while (!s && gate->places == 0)
        s = waiters_wait(&gate->waiters, task, &gate->lock, until);
    if (!s)
        gate->places--;
    (void)pthread_mutex_unlock(&gate->lock);
    return s;
}

void gate_leave(const assay_host *table, assay_gate *gate)
{
    (void)table;
    (void)pthread_mutex_lock(&gate->lock);
    gate->places++;
    waiters_wake_one(&gate->waiters);
    (void)pthread_mutex_unlock(&gate->lock);
}
