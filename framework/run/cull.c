#include "framework/run/cull.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/run/monotonic.h"

/* How long to wait for one victim before looking at all again: it may be one that our SIGKILL does
   not reach (another user's), while the others are long gone. */
static const int64_t patience_ns = 50 * ASSAY_MS;

/* A process that forks and exits can be behind the look with its old pid and before it with its
   new one. It is unlikely to manage that twice in a row. */
enum {
    EMPTY_ROUNDS = 2
};

enum fate {
    FATE_UNKNOWN = 0, /* the zero of a fresh array */
    FATE_OPEN,        /* being decided: guards against a cycle in a snapshot that is not atomic */
    FATE_SPARED,
    FATE_SPARED_ABOVE, /* itself spared, descendants not */
    FATE_CONDEMNED
};

struct census {
    const struct cull *cull;
    const struct proc_entry *entries; /* ascending by pid */
    size_t count;
    unsigned char *fates;
};

/* The index of a pid; count when it is not there. */
static size_t census_find(const struct census *census, pid_t pid)
{
    size_t low = 0;
    size_t high = census->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (census->entries[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < census->count && census->entries[low].pid == pid ? low : census->count;
}

static enum fate fate_of_answer(enum cull_answer answer)
{
    switch (answer) {
    case CULL_KILL:
        return FATE_CONDEMNED;
    case CULL_BELOW:
        return FATE_SPARED_ABOVE;
    case CULL_SPARE:
    case CULL_INHERIT:
        break;
    }
    return FATE_SPARED;
}

/* Climbs from a process to the nearest ancestor whose fate is known or that the judge has an
   answer for, then gives the whole chain what follows from it. Iterative: chains may be long. */
static void census_decide(struct census *census, size_t index)
{
    enum fate above = FATE_SPARED;
    size_t top = index;

    for (;;) {
        enum cull_answer answer = CULL_INHERIT;

        if (census->fates[top] != FATE_UNKNOWN)
            break;
        answer = census->cull->judge(census->cull->context, &census->entries[top]);
        if (answer != CULL_INHERIT) {
            census->fates[top] = (unsigned char)fate_of_answer(answer);
            break;
        }
        census->fates[top] = FATE_OPEN;
        top = census_find(census, census->entries[top].parent);
        if (top == census->count)
            break;
    }
    if (top < census->count && census->fates[top] != FATE_OPEN)
        above = census->fates[top];
    if (above == FATE_SPARED_ABOVE)
        above = FATE_CONDEMNED;
    for (size_t i = index; i < census->count && census->fates[i] == FATE_OPEN;
         i = census_find(census, census->entries[i].parent))
        census->fates[i] = (unsigned char)above;
}

assay_status cull_find(const struct cull *cull, struct vec *victims, struct error *err)
{
    struct census census = {.cull = cull};
    auto_free unsigned char *fates = NULL;
    auto_vec struct vec list = {0};
    const pid_t self = getpid();
    assay_status s = proc_list(&list, err);

    vec_clear(victims);
    if (s)
        return s;
    fates = mem_new_array(list.count, sizeof *fates);
    if (!fates)
        return error_nomem(err);
    census.entries = list.items;
    census.count = list.count;
    census.fates = fates;
    for (size_t i = 0; i < list.count; i++) {
        const struct proc_entry *entry = &census.entries[i];

        if (fates[i] == FATE_UNKNOWN)
            census_decide(&census, i);
        if (fates[i] != FATE_CONDEMNED || entry->state == 'Z' || entry->state == 'X' ||
            entry->pid == self)
            continue;
        if (victims->count < CULL_VICTIMS_MAX && vec_push(victims, entry))
            return error_nomem(err);
    }
    return ASSAY_OK;
}

/* A pidfd for exactly this process, not for one that got its pid since; -1 when it has ended. */
static int open_victim(const struct proc_entry *victim)
{
    auto_fd int fd = pidfd_open(victim->pid, 0);

    if (fd < 0 || !proc_is_alive(victim->pid, victim->start_time))
        return -1;
    return take_fd(&fd);
}

assay_status cull_round(const struct cull *cull, struct vec *victims, struct error *err)
{
    assay_status s = cull_find(cull, victims, err);

    if (s)
        return s;
    VEC_EACH(const struct proc_entry, victim, victims) {
        auto_fd int fd = open_victim(victim);

        if (fd >= 0)
            (void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
    }
    return ASSAY_OK;
}

/* Waits until the first victim is dead, or patience or the deadline runs out. */
static void await_one(const struct vec *victims, int64_t deadline)
{
    const int64_t patience = monotonic_ns() + patience_ns;
    auto_fd int fd = open_victim(vec_at(victims, 0));
    struct pollfd item = {.fd = fd, .events = POLLIN};

    if (fd >= 0)
        (void)poll(&item, 1, monotonic_wait_ms(patience < deadline ? patience : deadline));
}

/* Those that are our children stay zombies until we ask; of others waitpid knows nothing. */
static void reap(const struct vec *victims)
{
    VEC_EACH(const struct proc_entry, victim, victims)
        (void)waitpid(victim->pid, NULL, WNOHANG);
}

static bool was_seen(const struct vec *seen, const struct proc_entry *victim)
{
    VEC_EACH(const struct proc_entry, item, seen) {
        if (item->pid == victim->pid && item->start_time == victim->start_time)
            return true;
    }
    return false;
}

static assay_status note_new(struct vec *seen, const struct vec *victims)
{
    VEC_EACH(const struct proc_entry, victim, victims) {
        if (!was_seen(seen, victim) && vec_push(seen, victim))
            return ASSAY_E_NOMEM;
    }
    return ASSAY_OK;
}

assay_status cull_all(
    const struct cull *cull, int64_t deadline, size_t *out_count, struct error *err)
{
    auto_vec struct vec victims = VEC_INIT(struct proc_entry, CULL_VICTIMS_MAX);
    auto_vec struct vec seen = VEC_INIT(struct proc_entry, CULL_VICTIMS_MAX);
    int empty_rounds = 0;

    while (empty_rounds < EMPTY_ROUNDS) {
        assay_status s = cull_round(cull, &victims, err);

        if (s)
            return s;
        empty_rounds = victims.count == 0 ? empty_rounds + 1 : 0;
        if (victims.count == 0)
            continue;
        if (note_new(&seen, &victims))
            return error_nomem(err);
        if (monotonic_ns() >= deadline) {
            const struct proc_entry *one = vec_at(&victims, 0);

            return error_set(err, ASSAY_E_TIMEOUT,
                "%zu processes do not die, among them pid %d (state %c); look at it with "
                "`ps -fp %d`",
                victims.count, (int)one->pid, one->state, (int)one->pid);
        }
        await_one(&victims, deadline);
        reap(&victims);
    }
    reap(&seen);
    if (out_count)
        *out_count = seen.count;
    return ASSAY_OK;
}
