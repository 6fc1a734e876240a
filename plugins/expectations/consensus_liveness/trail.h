/* One node's chain over time: how high it is at the ends of the window, and how long it went
   without a new greatest height.

   What receipts say of a time is known only when actions are over, so stalls that matter are kept
   for the judgement; of the others the longest is. A stall that is less than half of what is
   allowed cannot matter: if a blindness makes it doubtful, there is a longer one around that
   blindness. */
#ifndef ASSAY_PLUGINS_TRAIL_H
#define ASSAY_PLUGINS_TRAIL_H

#include <assay/plugin.h>

struct window {
    assay_ns start, end;
};

/* A time without a new greatest height. */
struct stall {
    assay_ns from, to;
    uint64_t height; /* the best one before it */
};

struct trail {
    const char *name;
    uint64_t start_height, end_height; /* of the tip, at the ends of the window */
    uint64_t late_height; /* of the tip at the first look inside the window; 0: no need to know */
    uint64_t best_height; /* the greatest it ever had */
    assay_ns best_since;  /* when it reached best_height */
    assay_ns kept_from;   /* the shortest stall to keep */
    struct stall longest; /* of those not kept */
    struct stall *stalls; /* owned */
    uint32_t stall_count, stall_room;
    uint32_t index;
    uint32_t is_start_known; /* it was observed shortly before the window opened, or since */
};

/* A stall as it is judged: without the time in which the node was away because somebody wanted
   it. */
struct hold_up {
    assay_ns span, away;
    uint64_t height;
};

void trail_done(struct trail *trail);

/* The node's tip came to this height. */
void trail_note(
    struct trail *trail, uint64_t height, assay_ns seen_at, const struct window *window);

/* How many blocks higher it was at the end of the window than at the start. */
uint64_t trail_gained(const struct trail *trail);

/* How many of these surely came inside the window. */
uint64_t trail_surely_gained(const struct trail *trail);

/* The longest one in the window, its end included. For the judgement. */
struct hold_up trail_hold_up(
    const struct trail *trail, const assay_host *host, const struct window *window);

#endif
