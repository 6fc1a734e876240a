#include "tally.h"

#include <assay/sdk.h>

static const char *const kinds[KIND_COUNT] = {NOMOS_DA_INSCRIPTION, NOMOS_DA_BLOB};

/* Indexed by ASSAY_SUBMIT_...; nothing ends as pending. */
static const char *const outcome_names[] = {NULL, "accepted", "refused", "failed", "missed"};

static void define_for_kind(struct tally *tally, enum message_kind kind)
{
    char name[64], unit[32];

    (void)snprintf(unit, sizeof(unit), "%ss", kinds[kind]);
    for (uint32_t i = ASSAY_SUBMIT_ACCEPTED; i <= ASSAY_SUBMIT_MISSED; i++) {
        (void)snprintf(name, sizeof(name), "%s_%s", unit, outcome_names[i]);
        tally->outcome_metrics[kind][i] =
            tally->metrics->define(tally->host, name, ASSAY_COUNTER, unit);
    }
    (void)snprintf(name, sizeof(name), "%s_included", unit);
    tally->included_metrics[kind] = tally->metrics->define(tally->host, name, ASSAY_COUNTER, unit);
}

void tally_init(struct tally *tally, const assay_host *host)
{
    const assay_metrics *metrics = assay_metrics_of(host);

    *tally =
        (struct tally){.host = host, .submissions = assay_submissions_of(host), .metrics = metrics};
    define_for_kind(tally, KIND_INSCRIPTION);
    define_for_kind(tally, KIND_BLOB);
    tally->requests_metric = metrics->define(host, "requests", ASSAY_COUNTER, "requests");
    tally->again_metric = metrics->define(host, "sent_again", ASSAY_COUNTER, "messages");
    tally->bytes_metric = metrics->define(host, "data", ASSAY_COUNTER, "bytes");
    tally->lateness = metrics->define(host, "lateness", ASSAY_HISTOGRAM, "seconds");
    tally->response = metrics->define(host, "response", ASSAY_HISTOGRAM, "seconds");
    tally->inclusion = metrics->define(host, "inclusion", ASSAY_HISTOGRAM, "seconds");
}

void tally_begun(struct tally *tally, assay_ns late)
{
    assay_measure_span(tally->metrics, tally->host, tally->lateness, late);
}

void tally_answered(struct tally *tally, assay_ns took)
{
    tally->requests++;
    assay_measure(tally->metrics, tally->host, tally->requests_metric, 1);
    assay_measure_span(tally->metrics, tally->host, tally->response, took);
}

void tally_again(struct tally *tally)
{
    tally->again++;
    assay_measure(tally->metrics, tally->host, tally->again_metric, 1);
}

void tally_included(struct tally *tally, enum message_kind kind, assay_ns after)
{
    tally->included[kind]++;
    assay_measure(tally->metrics, tally->host, tally->included_metrics[kind], 1);
    assay_measure_span(tally->metrics, tally->host, tally->inclusion, after);
}

assay_status tally_ended(struct tally *tally, const struct ending *ending)
{
    char made_up[ASSAY_ID_MAX];
    assay_submission submission = ASSAY_RECORD_WITH(assay_submission, .kind = kinds[ending->kind],
        .id = ending->id, .at = ending->at, .sent = ending->sent, .done = ending->done,
        .node = ending->node, .outcome = ending->outcome);
    assay_status s;

    tally->outcomes[ending->kind][ending->outcome]++;
    assay_measure(
        tally->metrics, tally->host, tally->outcome_metrics[ending->kind][ending->outcome], 1);
    if (ending->outcome == ASSAY_SUBMIT_ACCEPTED && ending->kind == KIND_BLOB)
        assay_measure(tally->metrics, tally->host, tally->bytes_metric, (double)ending->size);
    if (submission.id[0] == '\0') {
        (void)snprintf(made_up, sizeof(made_up), "%.48s#%u.%u", tally->host->instance,
            ending->channel, ending->number);
        submission.id = made_up;
    }
    s = tally->submissions->report(tally->host, &submission);
    /* An accepted message that nobody knows of would not be missed by anybody. */
    return s
        ? assay_fail_f(tally->host, s, "cannot record what became of message %s", submission.id)
        : ASSAY_OK;
}

/* ---- the summary ---- */

/* The quantile in seconds, or 0 when there is nothing to measure. */
static double quantile(const struct tally *tally, uint32_t metric, double q)
{
    double value = 0;

    if (metric == ASSAY_NO_METRIC ||
        tally->metrics->value(tally->host, metric, q, &value) != ASSAY_OK)
        return 0;
    return value;
}

static void summarise_kind(const struct tally *tally, enum message_kind kind)
{
    const uint64_t *outcomes = tally->outcomes[kind];

    assay_log_f(tally->host, ASSAY_INFO,
        "%ss: %llu planned; %llu accepted, %llu refused, %llu failed, %llu missed; %llu seen in "
        "blocks",
        kinds[kind], (unsigned long long)tally->planned[kind],
        (unsigned long long)outcomes[ASSAY_SUBMIT_ACCEPTED],
        (unsigned long long)outcomes[ASSAY_SUBMIT_REFUSED],
        (unsigned long long)outcomes[ASSAY_SUBMIT_FAILED],
        (unsigned long long)outcomes[ASSAY_SUBMIT_MISSED],
        (unsigned long long)tally->included[kind]);
}

void tally_summarise(const struct tally *tally)
{
    const uint64_t missed = tally->outcomes[KIND_BLOB][ASSAY_SUBMIT_MISSED];

    summarise_kind(tally, KIND_INSCRIPTION);
    summarise_kind(tally, KIND_BLOB);
    assay_log_f(tally->host, ASSAY_INFO,
        "%llu requests; %llu messages were sent again; lateness p50 %.2f s, p99 %.2f s; answers "
        "p50 "
        "%.3f s, p99 %.3f s; from accepted to seen in a block p50 %.2f s, p99 %.2f s",
        (unsigned long long)tally->requests, (unsigned long long)tally->again,
        quantile(tally, tally->lateness, 0.5), quantile(tally, tally->lateness, 0.99),
        quantile(tally, tally->response, 0.5), quantile(tally, tally->response, 0.99),
        quantile(tally, tally->inclusion, 0.5), quantile(tally, tally->inclusion, 0.99));
    if (2 * missed > tally->planned[KIND_BLOB])
        assay_log_f(tally->host, ASSAY_WARN,
            "%llu of %llu planned blobs were never sent: each waits for the one before it in its "
            "channel to be in a block; lower blob_rate, or raise channel_rate",
            (unsigned long long)missed, (unsigned long long)tally->planned[KIND_BLOB]);
}
