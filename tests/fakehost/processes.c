/* The part of assay.deployment/1 that is about processes: each node has one at a time, which does
   as the script says when it is sent a signal. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

enum {
    FIRST_PID = 100
};

/* ---- script ---- */

void fake_obeys(struct fakehost *f, uint32_t node, assay_ns delay)
{
    f->nodes[node].obeys_after = delay;
}

void fake_is_immortal(struct fakehost *f, uint32_t node)
{
    f->nodes[node].is_immortal = true;
}

/* `number` is the signal, and which process it was meant for. */
static void on_death(struct fakehost *f, const struct fake_event *event)
{
    assay_process *process = &f->nodes[event->node].process;
    const int64_t pid = (int64_t)(event->number >> 8);

    if (process->state != ASSAY_PROCESS_RUNNING || (pid && process->pid != pid))
        return;
    process->state = ASSAY_PROCESS_KILLED;
    process->code = event->number & 0xff;
    process->ended_at = f->now;
    process->is_stopped = 0;
}

void fake_dies(struct fakehost *f, assay_ns at, uint32_t node, uint32_t signal_number)
{
    fake_at(f, at, on_death, node, NULL)->number = signal_number;
}

static void end_later(struct fakehost *f, uint32_t node, assay_ns delay, uint32_t signal_number)
{
    if (delay != ASSAY_FOREVER)
        fake_at(f, f->now + delay, on_death, node, NULL)->number =
            (uint64_t)f->nodes[node].process.pid << 8 | signal_number;
}

/* ---- the service ---- */

assay_status fake_process_start(const assay_host *host, uint32_t node)
{
    struct fakehost *f = fake_of(host);
    assay_process *process = &f->nodes[node].process;
    assay_status s = fake_enter(f, "deployment_start");

    if (s)
        return s;
    assert_true(f->is_rendered);
    assert_true(f->are_ports_released); /* or the node could not bind them */
    if (process->state == ASSAY_PROCESS_RUNNING)
        return (host->fail)(host, ASSAY_E_INVALID, "it runs already");
    *process = (assay_process){.state = ASSAY_PROCESS_RUNNING,
        .pid = process->pid ? process->pid + 1 : FIRST_PID + 100 * (int64_t)node,
        .started_at = f->now};
    fake_write(&f->story, "start %u\n", node);
    return ASSAY_OK;
}

assay_status fake_process_signal(const assay_host *host, uint32_t node, int32_t signal_number)
{
    struct fakehost *f = fake_of(host);
    struct fake_node *its = &f->nodes[node];
    assay_status s = fake_enter(f, "signal");

    if (s)
        return s;
    if (its->process.state != ASSAY_PROCESS_RUNNING)
        return (host->fail)(host, ASSAY_E_NOTFOUND, "it has ended");
    fake_write(&f->story, "signal %u %d\n", node, signal_number);
    if (signal_number == SIGSTOP || signal_number == SIGCONT)
        its->process.is_stopped = signal_number == SIGSTOP;
    if (signal_number == SIGKILL && !its->is_immortal)
        end_later(f, node, 0, SIGKILL);
    if (signal_number == SIGTERM)
        end_later(f, node, its->obeys_after, SIGTERM);
    return ASSAY_OK;
}

assay_status fake_process_get(const assay_host *host, uint32_t node, assay_process *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "process");
    assay_process process = f->nodes[node].process;

    if (s)
        return s;
    if (!process.state)
        return (host->fail)(host, ASSAY_E_NOTFOUND, "it was never started");
    FAKE_COPY_OUT(out, process);
    return ASSAY_OK;
}

static bool has_ended(struct fakehost *f, void *context)
{
    const struct fake_node *node = context;

    (void)f;
    return node->process.state != ASSAY_PROCESS_RUNNING;
}

/* A process that was stopped does not end by SIGTERM before it is continued; the script does not go
   so far, since the deployer continues it right away. */
assay_status fake_process_wait(assay_task *task, uint32_t node, assay_ns until)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "wait_exit");

    if (s)
        return s;
    fake_write(&f->story, "wait_exit %u\n", node);
    return fake_wait(f, until, has_ended, &f->nodes[node]);
}
