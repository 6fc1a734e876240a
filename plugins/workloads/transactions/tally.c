#include "tally.h"

#include <assay/sdk.h>

static const char kind[] = "transaction";

/* Indexed by ASSAY_SUBMIT_...; nothing ends as pending. */
static const char *const outcome_names[] = {NULL, "accepted", "refused", "failed", "missed"};

void tally_init(struct tally *tally, const assay_host *host)
{
    const assay_metrics *metrics = assay_metrics_of(host);

    *tally =
        (struct tally){.host = host, .submissions = assay_submissions_of(host), .metrics = metrics};
    tally->sent_metric = metrics->define(host, "sent", ASSAY_COUNTER, "transactions");
    for (uint32_t i = ASSAY_SUBMIT_ACCEPTED; i <= ASSAY_SUBMIT_MISSED; i++)
        tally->outcome_metrics[i] =
            metrics->define(host, outcome_names[i], ASSAY_COUNTER, "transactions");
    tally->lateness = metrics->define(host, "lateness", ASSAY_HISTOGRAM, "seconds");
    tally->response = metrics->define(host, "response", ASSAY_HISTOGRAM, "seconds");
    tally->service = metrics->define(host, "service", ASSAY_HISTOGRAM, "seconds");
    tally->making = metrics->define(host, "making", ASSAY_HISTOGRAM, "seconds");
}

static assay_status report(struct tally *tally, const assay_submission *submission)
{
    assay_status s = tally->submissions->report(tally->host, submission);

    /* An accepted transaction that nobody knows of would not be missed by anybody. */
    if (s)
        return assay_fail_f(
            tally->host, s, "cannot record what became of transaction %s", submission->id);
    return ASSAY_OK;
}

void tally_made(struct tally *tally, assay_ns took)
{
    assay_measure_span(tally->metrics, tally->host, tally->making, took);
}

assay_status tally_pending(struct tally *tally, const struct attempt *attempt)
{
    assay_submission submission =
        ASSAY_RECORD_WITH(assay_submission, .kind = kind, .id = attempt->id, .at = attempt->at,
            .node = attempt->node, .outcome = ASSAY_SUBMIT_PENDING);

    return report(tally, &submission);
}

assay_status tally_settled(struct tally *tally, const struct attempt *attempt, uint32_t outcome,
    const assay_reply_info *reply)
{
    assay_submission submission =
        ASSAY_RECORD_WITH(assay_submission, .kind = kind, .id = attempt->id, .at = attempt->at,
            .sent = reply->sent, .done = reply->done, .node = attempt->node, .outcome = outcome);

    /* The system's word on what the answer means; one that we do not know says nothing. */
    if (outcome < ASSAY_SUBMIT_ACCEPTED || outcome > ASSAY_SUBMIT_MISSED)
        submission.outcome = ASSAY_SUBMIT_FAILED;
    tally->outcomes[submission.outcome]++;
    tally->misses[MISS_AWAY] += submission.outcome == ASSAY_SUBMIT_MISSED;
    assay_measure(tally->metrics, tally->host, tally->outcome_metrics[submission.outcome], 1);
    if (reply->status == ASSAY_E_CANCELLED) /* given up by us: its times are no measurement */
        return report(tally, &submission);
    if (reply->sent) {
        tally->sent++;
        assay_measure(tally->metrics, tally->host, tally->sent_metric, 1);
        assay_measure_span(tally->metrics, tally->host, tally->lateness, reply->sent - attempt->at);
        assay_measure_span(tally->metrics, tally->host, tally->service, reply->done - reply->sent);
    }
    assay_measure_span(tally->metrics, tally->host, tally->response, reply->done - attempt->at);
    return report(tally, &submission);
}

assay_status tally_missed(struct tally *tally, const struct attempt *attempt, enum miss why)
{
    char made_up[ASSAY_ID_MAX];
    assay_submission submission =
        ASSAY_RECORD_WITH(assay_submission, .kind = kind, .id = attempt->id, .at = attempt->at,
            .node = attempt->node, .outcome = ASSAY_SUBMIT_MISSED);

    tally->misses[why]++;
    tally->outcomes[ASSAY_SUBMIT_MISSED]++;
    assay_measure(tally->metrics, tally->host, tally->outcome_metrics[ASSAY_SUBMIT_MISSED], 1);
    if (!submission.id) {
        (void)snprintf(made_up, sizeof(made_up), "%.60s#%llu", tally->host->instance,
            (unsigned long long)tally->outcomes[ASSAY_SUBMIT_MISSED]);
        submission.id = made_up;
    }
    return report(tally, &submission);
}

/* The quantile in milliseconds, or 0 when there is nothing to measure. */
static double quantile_ms(const struct tally *tally, uint32_t metric, double q)
{
    double value = 0;

    if (metric == ASSAY_NO_METRIC ||
        tally->metrics->value(tally->host, metric, q, &value) != ASSAY_OK)
        return 0;
    return value * 1e3;
}

/* What a miss means and what to do about it. */
static const char *const reasons[MISS_KINDS] = {
    [MISS_DRY] =
        "no user had a spendable output: raise users (and the wallet's accounts), or lower "
        "rate",
    [MISS_CROWDED] = "in_flight_max requests were unanswered: the nodes answer too slowly for this "
                     "rate, or raise in_flight_max",
    [MISS_BEHIND] = "making transactions takes too long on this machine (see the metric making): "
                    "lower rate, or split the load over two workload sections",
    [MISS_AWAY] = "their node took no connection: see its log, or leave it out of targets",
};

const char *tally_chief_reason(const struct tally *tally)
{
    enum miss chief = MISS_DRY;

    for (uint32_t i = 0; i < MISS_KINDS; i++)
        if (tally->misses[i] > tally->misses[chief])
            chief = (enum miss)i;
    return reasons[chief];
}

static void advise(const struct tally *tally)
{
    assay_log_f(tally->host, ASSAY_WARN,
        "%llu of %llu planned transactions were never sent, so the load was lighter than asked for",
        (unsigned long long)tally->outcomes[ASSAY_SUBMIT_MISSED],
        (unsigned long long)tally->offered);
    for (uint32_t i = 0; i < MISS_KINDS; i++)
        if (tally->misses[i])
            assay_log_f(tally->host, ASSAY_WARN, "%llu missed since %s",
                (unsigned long long)tally->misses[i], reasons[i]);
}

void tally_summarise(const struct tally *tally)
{
    const uint64_t *outcomes = tally->outcomes;

    assay_log_f(tally->host, ASSAY_INFO,
        "offered %llu, sent %llu: %llu accepted, %llu refused, %llu failed; %llu missed; lateness "
        "p50 %.3f ms, p99 %.3f ms; response p50 %.1f ms, p99 %.1f ms",
        (unsigned long long)tally->offered, (unsigned long long)tally->sent,
        (unsigned long long)outcomes[ASSAY_SUBMIT_ACCEPTED],
        (unsigned long long)outcomes[ASSAY_SUBMIT_REFUSED],
        (unsigned long long)outcomes[ASSAY_SUBMIT_FAILED],
        (unsigned long long)outcomes[ASSAY_SUBMIT_MISSED], quantile_ms(tally, tally->lateness, 0.5),
        quantile_ms(tally, tally->lateness, 0.99), quantile_ms(tally, tally->response, 0.5),
        quantile_ms(tally, tally->response, 0.99));
    if (outcomes[ASSAY_SUBMIT_MISSED])
        advise(tally);
}
