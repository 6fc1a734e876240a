#include "account.h"

#include <assay/sdk.h>

assay_status account_init(struct account *account, const struct ledger *ledger)
{
    *account = (struct account){.latencies = calloc(ledger->count + 1, sizeof(assay_ns))};
    if (!account->latencies)
        return ledger->host->fail(ledger->host, ASSAY_E_NOMEM, "out of memory");
    return ASSAY_OK;
}

void account_done(struct account *account)
{
    free(account->latencies);
    account->latencies = NULL;
}

/* Who accepted a submission, at the judgement. */
enum taker {
    TAKER_THERE,
    TAKER_GONE,   /* it does not answer */
    TAKER_CUT_OFF /* it does, but was taken down before it had to have passed it on */
};

static uint32_t was_away(
    const struct ledger *ledger, const assay_submission *submission, assay_ns from, assay_ns span)
{
    return assay_receipts_of(ledger->host)
               ->away(ledger->host, submission->node, from, from + span) > 0;
}

static enum taker taker_of(
    const struct account *account, const struct ledger *ledger, const assay_submission *submission)
{
    if (submission->node >= account->node_count || !account->is_node_seen[submission->node])
        return TAKER_GONE;
    return was_away(ledger, submission, submission->done, ACCOUNT_PASS_ON) ? TAKER_CUT_OFF
                                                                           : TAKER_THERE;
}

/* An owed submission that is not on the agreed chain. */
static void count_absent(struct account *account, const struct ledger *ledger,
    const assay_submission *submission, size_t index)
{
    if (ledger_is_elsewhere(ledger, index)) {
        account->elsewhere++;
        return;
    }
    account->abandoned += ledger->fates[index].is_abandoned;
    switch (taker_of(account, ledger, submission)) {
    case TAKER_GONE:
        account->excused++;
        return;
    case TAKER_CUT_OFF:
        account->cut_off++;
        return;
    case TAKER_THERE:
        if (!account->lost++) {
            account->first_lost = index;
            account->lost_by = submission->node;
        }
        account->lost_alike += submission->node == account->lost_by;
        return;
    }
}

static void count_accepted(struct account *account, const struct ledger *ledger,
    const assay_submission *submission, size_t index)
{
    const struct fate *fate = &ledger->fates[index];

    account->accepted++;
    if (submission->done > account->due) {
        account->young++;
        account->young_included += fate->height != 0;
        return;
    }
    account->owed++;
    if (!fate->height) {
        count_absent(account, ledger, submission, index);
        return;
    }
    account->latencies[account->included++] =
        fate->seen_at > submission->at ? fate->seen_at - submission->at : 0;
}

static void count_unaccepted(struct account *account, const struct ledger *ledger,
    const assay_submission *submission, uint32_t is_included)
{
    if (submission->outcome == ASSAY_SUBMIT_MISSED) {
        account->missed++;
        account->missed_away += was_away(ledger, submission, submission->at, ASSAY_MS);
    } else if (submission->outcome == ASSAY_SUBMIT_REFUSED) {
        account->refused++;
        account->refused_included += is_included;
    } else { /* failed; or pending, when its workload died */
        const assay_ns span = submission->done - submission->at;

        account->failed++;
        account->unsure_included += is_included;
        account->failed_away += !is_included &&
            was_away(ledger, submission, submission->at, span > ASSAY_MS ? span : ASSAY_MS);
    }
}

static int by_length(const void *a, const void *b)
{
    assay_ns x = *(const assay_ns *)a;
    assay_ns y = *(const assay_ns *)b;

    return (x > y) - (x < y);
}

assay_status account_count(
    struct account *account, const struct ledger *ledger, const uint8_t *is_node_seen, assay_ns due)
{
    assay_ns *latencies = account->latencies;

    *account = (struct account){.due = due,
        .is_node_seen = is_node_seen,
        .node_count = ledger->nodes->count(ledger->host),
        .first_lost = SIZE_MAX,
        .first_twice = SIZE_MAX,
        .latencies = latencies};
    for (size_t i = 0; i < ledger->count; i++) {
        const struct fate *fate = &ledger->fates[i];
        assay_submission submission = ASSAY_RECORD(assay_submission);
        assay_status s = ledger->submissions->get(ledger->host, ledger->kind, i, &submission);

        if (s)
            return s;
        account->submitted++;
        if (submission.outcome == ASSAY_SUBMIT_ACCEPTED)
            count_accepted(account, ledger, &submission, i);
        else
            count_unaccepted(account, ledger, &submission, fate->height != 0);
        if (fate->height_again && !account->twice++)
            account->first_twice = i;
    }
    qsort(latencies, (size_t)account->included, sizeof(latencies[0]), by_length);
    return ASSAY_OK;
}

assay_ns account_latency(const struct account *account, uint64_t count, double q)
{
    double rank = q * (double)count;
    uint64_t index = (uint64_t)rank;

    if ((double)index == rank && index)
        index--; /* the rank-th of them, counted from one */
    return index < account->included ? account->latencies[index] : ASSAY_FOREVER;
}
