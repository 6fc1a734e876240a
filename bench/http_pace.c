#include "bench/http_pace.h"

#include "bench/http_drive.h"
#include "bench/http_h2load.h"
#include "bench/measure.h"
#include "framework/base/number.h"

enum {
    SECONDS = 2, /* of one tool in one round */
    ROUNDS_MAX = 99
};

struct pace_rounds {
    double p50[ROUNDS_MAX], p99[ROUNDS_MAX], their_p50[ROUNDS_MAX], their_p99[ROUNDS_MAX];
    double p50_ratio[ROUNDS_MAX], p99_ratio[ROUNDS_MAX];
};

static assay_status pace_ours(
    const struct bench_server *server, uint32_t rate, struct drive_record *out, struct error *err)
{
    const struct drive_plan plan = {
        .server = server, .mode = DRIVE_OPEN, .rate = rate, .seconds = SECONDS};
    struct drive_result result;
    assay_status s = drive_server_record(server, out, err); /* forgets what was */

    if (s)
        return s;
    s = drive(&plan, &result, err);
    drive_result_done(&result);
    return s ? s : drive_server_pace(server, rate, out, err);
}

static assay_status pace_theirs(
    const struct bench_server *server, uint32_t rate, struct drive_record *out, struct error *err)
{
    const struct h2load_plan plan = {.server = server, .rate = rate, .seconds = SECONDS};
    assay_status s = drive_server_record(server, out, err); /* forgets what was */

    if (!s)
        s = h2load_run(&plan, err);
    if (!s)
        s = drive_server_pace(server, rate, out, err);
    if (!s && out->requests == 0)
        s = error_set(err, ASSAY_E_IO, "h2load sent nothing");
    return s;
}

static assay_status run_round(const struct bench_server *server, uint32_t rate,
    struct pace_rounds *rounds, size_t i, struct error *err)
{
    struct drive_record ours = {0};
    struct drive_record theirs = {0};
    assay_status s = pace_theirs(server, rate, &theirs, err);

    if (!s)
        s = pace_ours(server, rate, &ours, err);
    if (s)
        return s;
    rounds->p50[i] = ours.lag_p50_us / 1e3;
    rounds->p99[i] = ours.lag_p99_us / 1e3;
    rounds->their_p50[i] = theirs.lag_p50_us / 1e3;
    rounds->their_p99[i] = theirs.lag_p99_us / 1e3;
    rounds->p50_ratio[i] = ours.lag_p50_us / theirs.lag_p50_us;
    rounds->p99_ratio[i] = ours.lag_p99_us / theirs.lag_p99_us;
    return ASSAY_OK;
}

static assay_status measure_rate(struct json_out *json, const struct bench_server *server,
    uint32_t rate, uint32_t count, struct error *err)
{
    static struct pace_rounds rounds;
    assay_status s = ASSAY_OK;

    for (size_t i = 0; i < count && !s; i++)
        s = run_round(server, rate, &rounds, i, err);
    if (s)
        return s;
    json_out_begin(json, NULL, '{');
    json_out_uint(json, "rate_per_s", rate);
    json_out_uint(json, "rounds", count);
    json_out_real(json, "lag_p50_ms", bench_median(rounds.p50, count));
    json_out_real(json, "lag_p99_ms", bench_median(rounds.p99, count));
    json_out_real(json, "h2load_lag_p50_ms", bench_median(rounds.their_p50, count));
    json_out_real(json, "h2load_lag_p99_ms", bench_median(rounds.their_p99, count));
    json_out_real(json, "p50_ratio", bench_median(rounds.p50_ratio, count));
    json_out_real(json, "p99_ratio", bench_median(rounds.p99_ratio, count));
    json_out_end(json, '}');
    return ASSAY_OK;
}

assay_status pace_measure(
    struct json_out *json, const struct bench_server *server, uint32_t rounds, struct error *err)
{
    static const uint32_t rates[] = {1000, 5000};
    assay_status s = ASSAY_OK;

    json_out_begin(json, "pace", '[');
    for (size_t i = 0; i < ARRAY_COUNT(rates) && !s; i++)
        s = measure_rate(json, server, rates[i], rounds < ROUNDS_MAX ? rounds : ROUNDS_MAX, err);
    json_out_end(json, ']');
    return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
}
