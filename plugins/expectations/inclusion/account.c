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

/* An owed submission that is not on the agreed chain. */
static void count_absent(
    struct account *account, const struct ledger *ledger, size_t index, uint32_t is_taker_seen)
{
    if (ledger_is_elsewhere(ledger, index)) {
        account->elsewhere++;
        return;
    }
    account->abandoned += ledger->fates[index].is_abandoned;
    if (!is_taker_seen)
        account->excused++;
    else if (account->first_lost == SIZE_MAX)
        account->first_lost = index;
}

static void count_accepted(struct account *account, const struct ledger *ledger,
    const assay_submission *submission, size_t index, uint32_t is_taker_seen)
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
        count_absent(account, ledger, index, is_taker_seen);
        return;
    }
    account->latencies[account->included++] =
        fate->seen_at > submission->at ? fate->seen_at - submission->at : 0;
}

static void count_unaccepted(
    struct account *account, const assay_submission *submission, uint32_t is_included)
{
    if (submission->outcome == ASSAY_SUBMIT_MISSED) {
        account->missed++;
    } else if (submission->outcome == ASSAY_SUBMIT_REFUSED) {
        account->refused++;
        account->refused_included += is_included;
    } else { /* failed; or pending, when its workload died */
        account->failed++;
        account->unsure_included += is_included;
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
    const uint32_t node_count = ledger->nodes->count(ledger->host);
    assay_ns *latencies = account->latencies;

    *account = (struct account){
        .due = due, .first_lost = SIZE_MAX, .first_twice = SIZE_MAX, .latencies = latencies};
    for (size_t i = 0; i < ledger->count; i++) {
        const struct fate *fate = &ledger->fates[i];
        assay_submission submission = ASSAY_RECORD(assay_submission);
        assay_status s = ledger->submissions->get(ledger->host, ledger->kind, i, &submission);

        if (s)
            return s;
        account->submitted++;
        if (submission.outcome == ASSAY_SUBMIT_ACCEPTED)
            count_accepted(account, ledger, &submission, i,
                submission.node < node_count && is_node_seen[submission.node]);
        else
            count_unaccepted(account, &submission, fate->height != 0);
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
