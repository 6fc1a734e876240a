#include "framework/host/absence.h"

#include "framework/host/control.h"

void absences_init(struct absences *absences)
{
    *absences = (struct absences){.pending = ASSAY_FOREVER};
    vec_init(&absences->list, sizeof(struct absence), RECEIPTS_MAX);
}

void absences_done(struct absences *absences)
{
    vec_done(&absences->list);
}

void absences_expect(struct absences *absences, assay_ns asked_at)
{
    absences->pending = asked_at;
}

/* The one that has not ended, or NULL. */
static struct absence *open_absence(const struct absences *absences)
{
    struct absence *last =
        absences->list.count ? vec_at(&absences->list, absences->list.count - 1) : NULL;

    return last && last->to == ASSAY_FOREVER ? last : NULL;
}

void absences_note(struct absences *absences, const assay_receipt *receipt)
{
    const bool is_proven = receipt->proof == ASSAY_PROVEN;
    struct absence *open = open_absence(absences);
    struct absence fresh = {.from = receipt->asked_at, .to = receipt->done_at};

    absences->pending = ASSAY_FOREVER;
    switch (receipt->kind) {
    case ASSAY_ACT_STOP:
    case ASSAY_ACT_KILL:
    case ASSAY_ACT_PAUSE:
        fresh.to = ASSAY_FOREVER;
        if (is_proven && !open)
            (void)vec_push(&absences->list, &fresh);
        return;
    case ASSAY_ACT_RESTART:
    case ASSAY_ACT_REPLACE:
        if (!open && is_proven)
            (void)vec_push(&absences->list, &fresh);
        break;
    case ASSAY_ACT_START:
    case ASSAY_ACT_RESUME:
        break;
    default:
        return; /* it says nothing about the node's being there */
    }
    /* From now on the node should be there, also if bringing it back did not work. */
    if (open)
        open->to = receipt->done_at;
}

static assay_ns overlap(const struct absence *absence, assay_ns from, assay_ns to)
{
    const assay_ns begin = absence->from > from ? absence->from : from;
    const assay_ns end = absence->to < to ? absence->to : to;

    return end > begin ? end - begin : 0;
}

bool absences_may_touch(const struct absences *absences, assay_ns from, assay_ns to)
{
    return absences->pending < to || absences_overlap(absences, from, to) > 0;
}

assay_ns absences_overlap(const struct absences *absences, assay_ns from, assay_ns to)
{
    assay_ns sum = 0;

    VEC_EACH(const struct absence, absence, &absences->list) {
        sum += overlap(absence, from, to);
    }
    return sum;
}
