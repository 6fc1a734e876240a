#include "trail.h"

#include <assay/sdk.h>

static assay_ns length_of(const struct stall *stall)
{
    return stall->to - stall->from;
}

/* The time since the best height, as far as it is in the window. */
static struct stall stall_until(const struct trail *trail, assay_ns window_start, assay_ns until)
{
    const assay_ns from = trail->best_since > window_start ? trail->best_since : window_start;

    return (struct stall){from, until > from ? until : from, trail->best_height};
}

void trail_done(struct trail *trail)
{
    free(trail->stalls);
}

/* False: there is no memory for it. */
static uint32_t keep_stall(struct trail *trail, const struct stall *stall)
{
    if (trail->stall_count == trail->stall_room) {
        const uint32_t room = trail->stall_room ? 2 * trail->stall_room : 4;
        struct stall *more = realloc(trail->stalls, room * sizeof(*more));

        if (!more)
            return 0;
        trail->stalls = more;
        trail->stall_room = room;
    }
    trail->stalls[trail->stall_count++] = *stall;
    return 1;
}

static void note_stall(struct trail *trail, const struct stall *stall)
{
    if (length_of(stall) > trail->kept_from && keep_stall(trail, stall))
        return;
    if (length_of(stall) > length_of(&trail->longest))
        trail->longest = *stall;
}

void trail_note(struct trail *trail, uint64_t height, assay_ns seen_at, const struct window *window)
{
    if (seen_at > window->end)
        return;
    trail->end_height = height;
    if (seen_at <= window->start)
        trail->start_height = height;
    if (height <= trail->best_height)
        return;
    if (seen_at > window->start) {
        const struct stall stall = stall_until(trail, window->start, seen_at);

        note_stall(trail, &stall);
    }
    trail->best_height = height;
    trail->best_since = seen_at;
}

static uint64_t gained_since(const struct trail *trail, uint64_t height)
{
    return trail->end_height > height ? trail->end_height - height : 0;
}

uint64_t trail_gained(const struct trail *trail)
{
    return gained_since(trail, trail->start_height);
}

uint64_t trail_surely_gained(const struct trail *trail)
{
    const uint64_t late = trail->late_height;

    if (!trail->is_start_known)
        return 0;
    return gained_since(trail, late > trail->start_height ? late : trail->start_height);
}

static struct hold_up hold_up_of(
    const struct trail *trail, const assay_host *host, const struct stall *stall)
{
    const assay_ns away = assay_receipts_of(host)->away(host, trail->index, stall->from, stall->to);

    return (struct hold_up){length_of(stall) - away, away, stall->height};
}

struct hold_up trail_hold_up(
    const struct trail *trail, const assay_host *host, const struct window *window)
{
    const struct stall last = stall_until(trail, window->start, window->end);
    struct hold_up longest = hold_up_of(trail, host, &trail->longest);
    struct hold_up next = hold_up_of(trail, host, &last);

    if (next.span > longest.span)
        longest = next;
    for (uint32_t i = 0; i < trail->stall_count; i++) {
        next = hold_up_of(trail, host, &trail->stalls[i]);
        if (next.span > longest.span)
            longest = next;
    }
    return longest;
}
