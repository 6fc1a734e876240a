/* assay.control/1 and assay.receipts/1: actions are written down and come out as the script says;
   receipts, ends and absences are the script's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

/* ---- script: what actions come to ---- */

void fake_supports(struct fakehost *f, uint64_t actions)
{
    f->actions = actions;
}

void fake_acts(struct fakehost *f, assay_ns duration, assay_status status, uint32_t proof)
{
    f->act_duration = duration;
    f->act_status = status;
    f->act_proof = proof;
}

size_t fake_act_count(const struct fakehost *f)
{
    return f->act_count;
}

const struct fake_act *fake_act(const struct fakehost *f, size_t index)
{
    assert_true(index < f->act_count);
    return &f->acts[index];
}

/* ---- assay.control/1 ---- */

static uint32_t control_supports(const assay_host *host, uint32_t kind)
{
    return kind < 64 && fake_of(host)->actions & (uint64_t)1 << kind;
}

static assay_status control_act(
    assay_task *task, const assay_action *action, assay_ns until, assay_receipt *out)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "act");
    assay_receipt receipt = {.kind = action->kind, .node = action->node, .asked_at = f->now};

    assert_int_equal(action->struct_size, sizeof(*action));
    assert_int_equal(action->peer, ASSAY_NO_NODE);
    assert_true(action->node < f->node_count);
    assert_true(until > f->now && until < ASSAY_FOREVER);
    if (s)
        return s;
    f->acts = fake_grow(f->acts, f->act_count, sizeof(f->acts[0]));
    f->acts[f->act_count++] =
        (struct fake_act){.at = f->now, .until = until, .kind = action->kind, .node = action->node};
    s = fake_wait(f, f->now + f->act_duration, NULL, NULL);
    if (s != ASSAY_E_TIMEOUT)
        return s;
    if (f->act_status)
        return (f->table.fail)(&f->table, f->act_status, "the node does not come back");
    receipt.done_at = f->now;
    receipt.proof = f->act_proof;
    (void)snprintf(receipt.before, sizeof(receipt.before), "as it was");
    (void)snprintf(receipt.after, sizeof(receipt.after), "as it is");
    if (out)
        FAKE_COPY_OUT(out, receipt);
    return ASSAY_OK;
}

static const assay_control control_table = {
    .struct_size = sizeof(control_table), .supports = control_supports, .act = control_act};

/* ---- script: what happened ---- */

static void on_receipt(struct fakehost *f, const struct fake_event *event)
{
    f->receipts = fake_grow(f->receipts, f->receipt_count, sizeof(f->receipts[0]));
    memcpy(&f->receipts[f->receipt_count++], event->object, sizeof(f->receipts[0]));
    free(event->object);
}

static void put_receipt(struct fakehost *f, const assay_receipt *receipt)
{
    assay_receipt *copy = fake_alloc(1, sizeof(*copy));

    *copy = *receipt;
    (void)snprintf(copy->before, sizeof(copy->before), "as it was");
    (void)snprintf(copy->after, sizeof(copy->after), "as it is");
    fake_at(f, receipt->done_at, on_receipt, receipt->node, NULL)->object = copy;
}

void fake_receipt(
    struct fakehost *f, uint32_t kind, uint32_t node, assay_ns asked_at, assay_ns done_at)
{
    put_receipt(f,
        &(assay_receipt){.kind = kind,
            .node = node,
            .proof = ASSAY_PROVEN,
            .asked_at = asked_at,
            .done_at = done_at});
}

void fake_unproven_receipt(
    struct fakehost *f, uint32_t kind, uint32_t node, assay_ns asked_at, assay_ns done_at)
{
    put_receipt(
        f, &(assay_receipt){.kind = kind, .node = node, .asked_at = asked_at, .done_at = done_at});
}

static void on_node_end(struct fakehost *f, const struct fake_event *event)
{
    const uint32_t killed_by = (uint32_t)(event->number & 0xff);

    f->ends = fake_grow(f->ends, f->end_count, sizeof(f->ends[0]));
    f->ends[f->end_count++] = (assay_node_end){.node = event->node,
        .how = killed_by == FAKE_UNSEEN ? ASSAY_END_UNSEEN
            : killed_by                 ? ASSAY_END_KILLED
                                        : ASSAY_END_EXITED,
        .code = killed_by ? killed_by : 1,
        .asked_by_signal = (uint32_t)(event->number >> 8),
        .at = f->now};
}

void fake_node_end(
    struct fakehost *f, assay_ns at, uint32_t node, uint32_t killed_by, uint32_t asked_by)
{
    fake_at(f, at, on_node_end, node, NULL)->number = (uint64_t)asked_by << 8 | killed_by;
}

void fake_away(struct fakehost *f, uint32_t node, assay_ns from, assay_ns to)
{
    assert_true(f->absence_count < FAKE_ABSENCES_MAX);
    f->absences[f->absence_count++] = (struct fake_absence){.node = node, .from = from, .to = to};
}

/* ---- assay.receipts/1 ---- */

static size_t receipts_count(const assay_host *host)
{
    return fake_of(host)->receipt_count;
}

static assay_status receipts_get(const assay_host *host, size_t index, assay_receipt *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "get");

    if (s)
        return s;
    if (index >= f->receipt_count)
        return ASSAY_E_NOTFOUND;
    FAKE_COPY_OUT(out, f->receipts[index]);
    return ASSAY_OK;
}

static size_t receipts_end_count(const assay_host *host)
{
    return fake_of(host)->end_count;
}

static assay_status receipts_end(const assay_host *host, size_t index, assay_node_end *out)
{
    struct fakehost *f = fake_of(host);
    assay_status s = fake_enter(f, "end");

    if (s)
        return s;
    if (index >= f->end_count)
        return ASSAY_E_NOTFOUND;
    FAKE_COPY_OUT(out, f->ends[index]);
    return ASSAY_OK;
}

assay_ns fake_away_of(const struct fakehost *f, uint32_t node, assay_ns from, assay_ns to)
{
    assay_ns sum = 0;

    for (size_t i = 0; i < f->absence_count; i++) {
        const struct fake_absence *absence = &f->absences[i];
        const assay_ns begin = absence->from > from ? absence->from : from;
        const assay_ns end = absence->to < to ? absence->to : to;

        if (absence->node == node && end > begin)
            sum += end - begin;
    }
    return sum;
}

static assay_ns receipts_away(const assay_host *host, uint32_t node, assay_ns from, assay_ns to)
{
    return fake_away_of(fake_of(host), node, from, to);
}

static const assay_receipts receipts_table = {.struct_size = sizeof(receipts_table),
    .count = receipts_count,
    .get = receipts_get,
    .end_count = receipts_end_count,
    .end = receipts_end,
    .away = receipts_away};

const void *fake_control_service(const char *id)
{
    if (!strcmp(id, ASSAY_CONTROL))
        return &control_table;
    if (!strcmp(id, ASSAY_RECEIPTS))
        return &receipts_table;
    return NULL;
}

void fake_control_done(struct fakehost *f)
{
    free(f->acts);
    free(f->receipts);
    free(f->ends);
}
