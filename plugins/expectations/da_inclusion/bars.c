#include "bars.h"

assay_status bars_init(struct bars *bars, const assay_host *host)
{
    assay_status s = ledger_init(&bars->ledger, host, bars->kind);

    if (!s)
        s = account_init(&bars->account, &bars->ledger);
    return s;
}

void bars_done(struct bars *bars)
{
    account_done(&bars->account);
    ledger_done(&bars->ledger);
}

uint64_t bars_included(const struct bars *bars)
{
    const struct account *account = &bars->account;

    return account->included + account->young_included + account->unsure_included +
        account->refused_included;
}

uint32_t bars_is_complete(const struct bars *bars)
{
    return bars->account.included + bars->account.young_included == bars->account.accepted;
}

/* Has the agreed chain no end that could be judged, or parts that were never read? */
static uint32_t is_open(const struct bars *bars)
{
    const struct ledger *ledger = &bars->ledger;

    return ledger->unreadable || ledger->unreadable_above ||
        ledger->best_height - ledger->agreed_height > bars->depth_max;
}

/* Owed messages that may be on the agreed chain after all, or get there. */
static uint64_t owed_open(const struct bars *bars)
{
    const struct account *account = &bars->account;

    return is_open(bars) ? account->owed - account->included
                         : account->elsewhere + account->excused + account->cut_off;
}

/* The same of all that are planned. */
static uint64_t planned_open(const struct bars *bars)
{
    const struct account *account = &bars->account;

    return is_open(bars) ? account->submitted - bars_included(bars)
                         : owed_open(bars) + account->young - account->young_included;
}

/* Why absent messages are no loss yet. */
static void tell_open(const struct bars *bars, assay_findings *findings)
{
    const struct ledger *ledger = &bars->ledger;
    const uint64_t apart = ledger->best_height - ledger->agreed_height;

    if (bars->account.elsewhere)
        assay_find(findings, ASSAY_UNDECIDED,
            "%llu more %ss are on blocks that only some nodes hold",
            (unsigned long long)bars->account.elsewhere, bars->kind);
    if (bars->account.excused)
        assay_find(findings, ASSAY_UNDECIDED,
            "%llu more %ss were accepted by nodes that no longer answer",
            (unsigned long long)bars->account.excused, bars->kind);
    if (bars->account.cut_off)
        assay_find(findings, ASSAY_UNDECIDED,
            "%llu more %ss were accepted by nodes that were taken down on purpose right after",
            (unsigned long long)bars->account.cut_off, bars->kind);
    if (ledger->unreadable_above)
        assay_find(findings, ASSAY_UNDECIDED,
            "the contents of %llu blocks above the agreed height are not known",
            (unsigned long long)ledger->unreadable_above);
    if (apart > bars->depth_max)
        assay_find(findings, ASSAY_UNDECIDED,
            "nodes have not agreed for %llu blocks, so there is no common chain to be on",
            (unsigned long long)apart);
}

static void judge_plan(const struct bars *bars, assay_findings *findings)
{
    const struct account *account = &bars->account;
    const uint64_t included = bars_included(bars);
    const double wanted = bars->min_planned * (double)account->submitted;
    const uint32_t is_lost = (double)(included + planned_open(bars)) < wanted;

    if ((double)included >= wanted) {
        assay_find(findings, ASSAY_PASS,
            "%llu of %llu planned %ss are on the chain that all nodes agree on up to height %llu, "
            "bar %.0f %%",
            (unsigned long long)included, (unsigned long long)account->submitted, bars->kind,
            (unsigned long long)bars->ledger.agreed_height, 100 * bars->min_planned);
        return;
    }
    assay_find(findings, is_lost ? ASSAY_FAIL : ASSAY_UNDECIDED,
        "missing %ss: %llu of %llu planned are on the chain that all nodes agree on (up to height "
        "%llu), bar %.0f %%; %llu were accepted, %llu refused, %llu had no answer, %llu were never "
        "sent",
        bars->kind, (unsigned long long)included, (unsigned long long)account->submitted,
        (unsigned long long)bars->ledger.agreed_height, 100 * bars->min_planned,
        (unsigned long long)account->accepted, (unsigned long long)account->refused,
        (unsigned long long)account->failed, (unsigned long long)account->missed);
    if (!is_lost)
        tell_open(bars, findings);
}

/* "; the first is 3fa9... of channel 63..., accepted by executor-1 at 31.2 s, as were 3 of these
   3". */
static void name_lost(const struct bars *bars, const nomos_da *da, char text[512])
{
    const struct ledger *ledger = &bars->ledger;
    assay_submission submission = ASSAY_RECORD(assay_submission);
    nomos_da_record record = ASSAY_RECORD(nomos_da_record);
    const char *node = "?";

    text[0] = '\0';
    if (bars->account.first_lost == SIZE_MAX ||
        ledger->submissions->get(ledger->host, bars->kind, bars->account.first_lost, &submission) !=
            ASSAY_OK)
        return;
    if (submission.node < bars->node_count)
        node = bars->names[submission.node];
    if (da->find(da->provider, submission.id, &record) != ASSAY_OK)
        (void)snprintf(record.channel, sizeof(record.channel), "?");
    (void)snprintf(text, 512,
        "; the first is %s of channel %s, accepted by %s at %.1f s, as were %llu of these %llu",
        submission.id, record.channel, node, (double)submission.done / (double)ASSAY_SECOND,
        (unsigned long long)bars->account.lost_alike, (unsigned long long)bars->account.lost);
}

static void judge_accepted(const struct bars *bars, const nomos_da *da, assay_findings *findings)
{
    const struct account *account = &bars->account;
    const uint64_t open = owed_open(bars);
    const double wanted = bars->min_included * (double)account->owed;
    const uint32_t is_lost = (double)(account->included + open) < wanted;
    char example[512] = "";

    if ((double)account->included >= wanted)
        return;
    if (is_lost)
        name_lost(bars, da, example);
    assay_find(findings, is_lost ? ASSAY_FAIL : ASSAY_UNDECIDED,
        "%llu of %llu accepted %ss are on the chain that all nodes agree on, bar %.2f %%; %llu are "
        "on no chain%s",
        (unsigned long long)account->included, (unsigned long long)account->owed, bars->kind,
        100 * bars->min_included, (unsigned long long)(account->owed - account->included - open),
        example);
    if (!is_lost)
        tell_open(bars, findings);
}

static void judge_twice(const struct bars *bars, assay_findings *findings)
{
    const struct ledger *ledger = &bars->ledger;
    assay_submission submission = ASSAY_RECORD_WITH(assay_submission, .id = "one");
    const size_t index = bars->account.first_twice;

    if (!bars->account.twice)
        return;
    /* The name is for the reader; without it the finding stands. */
    (void)ledger->submissions->get(ledger->host, bars->kind, index, &submission);
    assay_find(findings, ASSAY_FAIL,
        "%ss on the agreed chain twice: %llu; the first is %s at heights %llu and %llu", bars->kind,
        (unsigned long long)bars->account.twice, submission.id,
        (unsigned long long)ledger->fates[index].height,
        (unsigned long long)ledger->fates[index].height_again);
}

void bars_judge(const struct bars *bars, const nomos_da *da, assay_findings *findings)
{
    judge_twice(bars, findings);
    judge_plan(bars, findings);
    judge_accepted(bars, da, findings);
}
