#include "framework/run/ending.h"

#include <assert.h>
#include <signal.h>
#include <unistd.h>

#include "framework/base/number.h"
#include "framework/run/monotonic.h"

/* Until the next search when the deaths that should bring it on do not come. A search looks at
   every process of the machine, so it is not repeated while a thousand children are busy dying. */
static const int64_t pause_for_children_ns = 200 * ASSAY_MS;
static const int64_t pause_for_strays_ns = 25 * ASSAY_MS;

static void kill_known(struct ending *ending, struct children *children)
{
    ending->is_killing = true;
    ending->look_at = monotonic_ns() + pause_for_children_ns;
    children_signal_all(children, SIGKILL);
    if (ending->worker > 0)
        (void)kill(ending->worker, SIGKILL);
}

void ending_begin(struct ending *ending, struct children *children, int64_t grace_ns,
    enum ending_mode mode, pid_t worker)
{
    const bool takes_worker = mode == ENDING_TAKES_WORKER;

    *ending = (struct ending){.is_active = true};
    ending->spared = takes_worker ? 0 : worker;
    ending->worker = takes_worker ? worker : 0;
    if (grace_ns <= 0) {
        kill_known(ending, children);
        return;
    }
    if (add_overflows(monotonic_ns(), grace_ns, &ending->grace_until))
        ending->grace_until = INT64_MAX;
    children_signal_all(children, SIGTERM);
    children_signal_all(children, SIGCONT); /* who is stopped could not obey */
}

void ending_stray_reaped(struct ending *ending)
{
    if (ending->strays > 0)
        ending->strays--;
}

void ending_worker_reaped(struct ending *ending)
{
    ending->worker = 0;
    ending->spared = 0;
}

static enum cull_answer judge(const void *context, const struct proc_entry *entry)
{
    const struct ending *ending = context;

    if (entry->pid == getpid())
        return CULL_BELOW;
    return entry->pid == ending->spared ? CULL_SPARE : CULL_INHERIT;
}

/* True: the search found nobody. */
static bool search(struct ending *ending, const struct children *children)
{
    const struct cull cull = {.judge = judge, .context = ending};
    const size_t known = children->running + (ending->worker > 0 ? 1 : 0);
    auto_vec struct vec victims = VEC_INIT(struct proc_entry, CULL_VICTIMS_MAX);
    assay_status s = ASSAY_OK;

    s = cull_round(&cull, &victims, NULL);
    ending->look_at = monotonic_ns() + (known > 0 ? pause_for_children_ns : pause_for_strays_ns);
    if (s) /* no memory: the next round may have some */
        return false;
    ending->strays = victims.count > known ? victims.count - known : 0;
    return victims.count == 0;
}

bool ending_step(struct ending *ending, struct children *children)
{
    const int64_t now = monotonic_ns();
    bool is_quiet = false;

    assert(ending->is_active);
    if (!ending->is_killing) {
        if (children->running > 0 && now < ending->grace_until)
            return false;
        kill_known(ending, children);
    }
    is_quiet = children->running == 0 && ending->worker == 0;
    if (is_quiet && !proc_may_have_child(ending->spared)) {
        ending->is_active = false; /* orphans come to us, so there are none */
        return true;
    }
    if (now < ending->look_at && (!is_quiet || ending->strays > 0))
        return false;
    if (!search(ending, children) || !is_quiet)
        return false;
    ending->is_active = false;
    return true;
}

int64_t ending_next(const struct ending *ending)
{
    if (!ending->is_active)
        return INT64_MAX;
    return ending->is_killing ? ending->look_at : ending->grace_until;
}
