#include "patient.h"

#include <assay/sdk.h>

/* ---- what was done ---- */

static void come_back(struct patient *patient, const assay_receipt *receipt)
{
    if (patient->condition != PATIENT_DOWN) {
        patient->kind = receipt->kind;
        patient->hurt_at = receipt->asked_at;
    }
    patient->condition = PATIENT_RISING;
    patient->back_at = patient->progress_at = receipt->done_at;
    patient->common = UINT64_MAX; /* searched from the top */
    patient->common_best = 0;
    patient->best_name = NULL;
    patient->seen_at = -1;
    patient->target = 0;
    patient->begun++;
}

void ward_note(struct ward *ward, const assay_receipt *receipt)
{
    struct patient *patient = &ward->patients[receipt->node];

    if (patient->condition == PATIENT_LOST)
        return; /* the first failure is the one to tell */
    switch (receipt->kind) {
    case ASSAY_ACT_STOP:
    case ASSAY_ACT_KILL:
    case ASSAY_ACT_PAUSE:
        if (receipt->proof == ASSAY_PROVEN && patient->condition != PATIENT_DOWN) {
            patient->condition = PATIENT_DOWN;
            patient->kind = receipt->kind;
            patient->hurt_at = receipt->asked_at;
        }
        return;
    case ASSAY_ACT_START:
    case ASSAY_ACT_RESTART:
    case ASSAY_ACT_RESUME:
    case ASSAY_ACT_REPLACE:
        /* Also if it is not proven: a node that does not come back is to be found. */
        come_back(patient, receipt);
        return;
    default:
        return; /* of links and limits nobody recovers by catching up */
    }
}

const char *patient_hurt(const struct patient *patient)
{
    switch (patient->kind) {
    case ASSAY_ACT_STOP:
        return "stopped";
    case ASSAY_ACT_KILL:
        return "killed";
    case ASSAY_ACT_PAUSE:
        return "paused";
    case ASSAY_ACT_REPLACE:
        return "replaced";
    case ASSAY_ACT_RESUME:
        return "resumed";
    case ASSAY_ACT_START:
        return "started";
    default:
        return "restarted";
    }
}

/* ---- comparing ---- */

enum sameness {
    SAME,
    OTHER,
    UNKNOWN /* one of the two is not known */
};

/* Do both hold the same block at this height? */
static assay_status compare_at(const struct ward *ward, const struct patient *patient,
    uint32_t other, uint64_t height, enum sameness *out)
{
    assay_block *a = NULL, *b = NULL;
    assay_status s = ward->blocks->at(ward->host, patient->index, height, &a);

    *out = UNKNOWN;
    if (!s)
        s = ward->blocks->at(ward->host, other, height, &b);
    if (!s)
        *out = strcmp(ward->blocks->info(a)->id, ward->blocks->info(b)->id) ? OTHER : SAME;
    ward->blocks->release(a);
    ward->blocks->release(b);
    return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
}

/* Moves patient->common to the greatest height up to `top` at which both hold the same block. It
   begins where it was the last time, so that a look costs what is new. Genesis is common to all. */
static assay_status find_common(
    const struct ward *ward, struct patient *patient, uint32_t other, uint64_t top)
{
    uint64_t height = patient->common < top ? patient->common : top;
    enum sameness sameness = SAME;

    for (; height > 0; height--) {
        assay_status s = compare_at(ward, patient, other, height, &sameness);

        if (s)
            return s;
        if (sameness == SAME)
            break;
    }
    patient->common = height;
    while (height++ < top) {
        assay_status s = compare_at(ward, patient, other, height, &sameness);

        if (s)
            return s;
        if (sameness == SAME)
            patient->common = height;
        else if (sameness == OTHER)
            break;
    }
    return ASSAY_OK;
}

/* Whom to compare with: the node that is furthest ahead of those that can be seen, one to which
   nothing was done lately if there is such a one. Not the patient itself, unless it is all there
   is. ward->count: there is none. */
static assay_status find_reference(
    const struct ward *ward, const struct patient *patient, uint32_t *out, assay_node_status *seen)
{
    uint32_t is_best_well = 0;

    *out = ward->count;
    for (uint32_t i = 0; i < ward->count; i++) {
        const uint32_t is_well = ward->patients[i].condition == PATIENT_WELL;
        assay_node_status status = ASSAY_RECORD(assay_node_status);
        assay_status s = ward->nodes->status(ward->host, i, &status);

        if (s)
            return s;
        if ((i == patient->index && ward->count > 1) || !(status.flags & ASSAY_NODE_REACHABLE))
            continue;
        if (*out == ward->count || is_well > is_best_well ||
            (is_well == is_best_well && status.height > seen->height)) {
            *out = i;
            *seen = status;
            is_best_well = is_well;
        }
    }
    return ASSAY_OK;
}

/* ---- looking ---- */

/* Whatever the two hold when both have been seen after its return may be older than that: the next
   block is not. What was seen before says too little, since blocks may have come unseen. */
static void set_target(struct patient *patient, const assay_node_status *best)
{
    const uint64_t highest =
        patient->height > patient->best_height ? patient->height : patient->best_height;

    if (!patient->target && assay_was_seen(best, patient->back_at))
        patient->target = highest + 1;
}

/* It has been seen since it came back. */
static assay_status compare(
    const struct ward *ward, struct patient *patient, uint32_t other, assay_ns now)
{
    const uint64_t top =
        patient->height < patient->best_height ? patient->height : patient->best_height;
    const assay_status s = find_common(ward, patient, other, top);

    if (s)
        return s;
    if (patient->common > patient->common_best) {
        patient->common_best = patient->common;
        patient->progress_at = now;
    }
    if (patient->target && patient->common >= patient->target &&
        patient->height + ward->lag_max >= patient->best_height) {
        patient->condition = PATIENT_WELL;
        patient->caught_up++;
    }
    return ASSAY_OK;
}

/* Nobody is lost as long as there is nothing to catch up with. */
static uint32_t is_overdue(const struct ward *ward, const struct patient *patient, assay_ns now)
{
    const uint32_t has_chance = patient->best_name &&
        (patient->seen_at < 0 || (patient->target && patient->best_height >= patient->target));

    return (has_chance || ward->count == 1) && now - patient->progress_at > ward->patience;
}

assay_status ward_look(const struct ward *ward, struct patient *patient, assay_ns now)
{
    assay_node_status status = ASSAY_RECORD(assay_node_status);
    assay_node_status best = ASSAY_RECORD(assay_node_status);
    uint32_t other = ward->count;
    assay_status s = ward->nodes->status(ward->host, patient->index, &status);

    if (!s)
        s = find_reference(ward, patient, &other, &best);
    if (s)
        return s;
    patient->best_name = other < ward->count ? ward->patients[other].name : NULL;
    patient->best_height = best.height;
    if (assay_was_seen(&status, patient->back_at)) {
        patient->seen_at = status.observed_at;
        patient->height = status.height;
        if (patient->best_name) {
            set_target(patient, &best);
            s = compare(ward, patient, other, now);
        }
    }
    if (!s && patient->condition == PATIENT_RISING && is_overdue(ward, patient, now))
        patient->condition = PATIENT_LOST;
    return s;
}
