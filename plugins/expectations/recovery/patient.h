/* One node on its way back after something was done to it.

   It has caught up when it holds a block that did not exist before it came back, the same one as
   another node at that height, and is not far behind: then it surely hears the others again. A node
   that merely has its old chain, or makes one of its own beside the others, holds no such block. */
#ifndef ASSAY_PLUGINS_RECOVERY_PATIENT_H
#define ASSAY_PLUGINS_RECOVERY_PATIENT_H

#include <assay/plugin.h>

enum condition {
    PATIENT_WELL,   /* nothing was done to it, or it has caught up */
    PATIENT_DOWN,   /* it was stopped, killed or paused, and nobody has brought it back yet */
    PATIENT_RISING, /* it was brought back and is expected to catch up */
    PATIENT_LOST    /* it has not, in time */
};

struct patient {
    const char *name;
    uint32_t index, condition; /* PATIENT_... */

    /* Of the latest thing that was done to it. */
    uint32_t kind, reserved;      /* ASSAY_ACT_...: what took it down */
    assay_ns hurt_at;             /* when that was asked for */
    assay_ns back_at;             /* when it was back */
    assay_ns progress_at;         /* when it was last seen to come closer */
    uint64_t target;              /* the height of the first block made since then; 0: not known */
    uint64_t common, common_best; /* the greatest height at which it holds the others' block */

    /* As last seen, for the message. */
    uint64_t height;
    uint64_t best_height;  /* of the one that it is compared with */
    const char *best_name; /* NULL: nobody else could be seen */
    assay_ns seen_at;      /* -1: not since it came back */

    uint32_t begun, caught_up; /* how often */
};

/* What the patients are seen with. */
struct ward {
    const assay_host *host;
    const assay_nodes *nodes;
    const assay_blocks *blocks;
    struct patient *patients;
    uint32_t count, reserved;
    uint64_t lag_max;
    assay_ns patience;
};

/* Takes note of what was done to a node. */
void ward_note(struct ward *ward, const assay_receipt *receipt);

/* Looks after one node that is on its way back; PATIENT_LOST when it made no progress for too
   long. */
assay_status ward_look(const struct ward *ward, struct patient *patient, assay_ns now);

/* "restarted", "killed": what was done to it last. */
const char *patient_hurt(const struct patient *patient);

#endif
