/* How evenly requests leave, beside h2load in the same rounds: goal G5. */
#ifndef ASSAY_BENCH_HTTP_PACE_H
#define ASSAY_BENCH_HTTP_PACE_H

#include "bench/http_server.h"
#include "framework/base/json_out.h"

/* Writes "pace": [{"rate_per_s", "rounds", "lag_p50_ms", "lag_p99_ms", "h2load_lag_p50_ms",
   "h2load_lag_p99_ms", "p50_ratio", "p99_ratio"}] for 1,000 and 5,000 requests a second. All lags are
   those that the server sees against an even schedule; medians of the rounds, ratios ours to
   h2load's. "pace": [] when h2load is not installed. */
assay_status pace_measure(
    struct json_out *json, const struct bench_server *server, uint32_t rounds, struct error *err);

#endif
