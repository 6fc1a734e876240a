/* How well we keep a schedule, tell the truth about it, and use the processor.

       bench_load [seconds] [rounds]       defaults: 5 seconds a measurement, 5 rounds beside wrk

   One JSON object on standard output:

   open_loop    1,000 and 5,000 requests a second: sent against intended, how late they were sent
                (by our clock, and as the server saw it), how long answers took. Goals G4, G5.
   pace         the same rates beside h2load in the same rounds, both as the server saw them. Goal G5.
   freeze       8 s at 1,000 a second, of which the server stands still for one. The analytic
                response time is p90 200 ms, p99 920 ms, max 1,000 ms; beside it, what a tool with
                eight workers would report for the same second, and what hey reports. Goal G6.
   closed_loop  64 connections as fast as they go, beside wrk in the same rounds. Goal G1.

   The tool runs on one core and the server on another where there are two. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/http_drive.h"
#include "bench/http_hey.h"
#include "bench/http_pace.h"
#include "bench/http_wrk.h"
#include "bench/measure.h"
#include "framework/base/json_out.h"
#include "framework/base/number.h"
#include "framework/base/parse.h"

enum {
    OUTPUT_MAX = 65536,
    ROUNDS_MAX = 99,
    CONNECTIONS = 64,
    CAPPED_WORKERS = 8
};

struct settings {
    uint64_t seconds, rounds;
};

static void pin(pid_t pid, unsigned core)
{
    cpu_set_t cores;

    CPU_ZERO(&cores);
    CPU_SET(core, &cores);
    (void)sched_setaffinity(pid, sizeof cores, &cores);
}

static double quantile(const struct histogram *histogram, double q)
{
    double value = 0;

    (void)histogram_quantile(histogram, q, &value); /* no samples: 0 */
    return value;
}

static void write_times(struct json_out *json, const char *key, const struct histogram *us)
{
    json_out_begin(json, key, '{');
    json_out_real(json, "p50", quantile(us, 0.5) / 1e3);
    json_out_real(json, "p90", quantile(us, 0.9) / 1e3);
    json_out_real(json, "p99", quantile(us, 0.99) / 1e3);
    json_out_real(json, "max", us->max / 1e3);
    json_out_end(json, '}');
}

static void write_counts(struct json_out *json, const struct drive_result *result)
{
    json_out_uint(json, "intended", result->intended);
    json_out_uint(json, "sent", result->sent);
    json_out_real(json, "sent_per_intended", (double)result->sent / (double)result->intended);
    json_out_uint(json, "missed", result->missed);
    json_out_uint(json, "answered", result->answered);
    json_out_uint(json, "failed", result->failed);
}

static double cpu_us(const struct drive_result *result)
{
    return result->cpu_s * 1e6 / (double)(result->answered > 0 ? result->answered : 1);
}

/* ---- open loop ---- */

static assay_status write_open_loop(
    struct json_out *json, const struct drive_plan *plan, struct error *err)
{
    struct drive_record record = {0};
    struct drive_result result;
    assay_status s = drive_server_record(plan->server, &record, err); /* forgets what was */

    if (s)
        return s;
    s = drive(plan, &result, err);
    if (!s)
        s = drive_server_record(plan->server, &record, err);
    if (!s) {
        json_out_begin(json, NULL, '{');
        json_out_uint(json, "rate_per_s", (uint64_t)plan->rate);
        json_out_uint(json, "seconds", (uint64_t)plan->seconds);
        write_counts(json, &result);
        write_times(json, "lag_ms", &result.lag_us);
        write_times(json, "response_ms", &result.response_us);
        json_out_real(json, "cpu_us_per_request", cpu_us(&result));
        json_out_begin(json, "seen_by_server", '{');
        json_out_uint(json, "requests", record.requests);
        json_out_real(json, "lag_p50_ms", record.lag_p50_us / 1e3);
        json_out_real(json, "lag_p99_ms", record.lag_p99_us / 1e3);
        json_out_real(json, "lag_max_ms", record.lag_max_us / 1e3);
        json_out_end(json, '}');
        json_out_end(json, '}');
    }
    drive_result_done(&result);
    return s;
}

static assay_status measure_open_loop(struct json_out *json, const struct bench_server *server,
    const struct settings *settings, struct error *err)
{
    static const double rates[] = {1000, 5000};
    assay_status s = ASSAY_OK;

    json_out_begin(json, "open_loop", '[');
    for (size_t i = 0; i < ARRAY_COUNT(rates) && !s; i++) {
        const struct drive_plan plan = {.server = server,
            .mode = DRIVE_OPEN,
            .rate = rates[i],
            .seconds = (double)settings->seconds};

        s = write_open_loop(json, &plan, err);
    }
    json_out_end(json, ']');
    return s;
}

/* ---- freeze ---- */

/* What hey says of the same second; null when it is not installed. */
static assay_status write_hey(
    struct json_out *json, const struct drive_plan *plan, struct error *err)
{
    const struct hey_plan hey = {.server = plan->server,
        .workers = CAPPED_WORKERS,
        .rate = (uint32_t)plan->rate,
        .seconds = (uint32_t)plan->seconds,
        .freeze_at_s = plan->freeze_at_s,
        .freeze_s = plan->freeze_s};
    double p99_ms = 0;
    const assay_status s = hey_run(&hey, &p99_ms, err);

    if (s == ASSAY_OK)
        json_out_real(json, "hey_reports_p99_ms", p99_ms);
    else
        json_out_text(json, "hey_reports_p99_ms", NULL);
    return s == ASSAY_E_NOTFOUND ? ASSAY_OK : s;
}

static assay_status measure_freeze(
    struct json_out *json, const struct bench_server *server, struct error *err)
{
    struct drive_plan plan = {.server = server,
        .mode = DRIVE_OPEN,
        .rate = 1000,
        .seconds = 8,
        .freeze_at_s = 3.5,
        .freeze_s = 1};
    struct drive_result open, capped;
    assay_status s = drive(&plan, &open, err);
    assay_status t;

    plan.mode = DRIVE_CAPPED;
    plan.workers = CAPPED_WORKERS;
    t = drive(&plan, &capped, s ? NULL : err);
    s = s ? s : t;
    if (!s) {
        json_out_begin(json, "freeze", '{');
        json_out_begin(json, "analytic_ms", '{');
        json_out_uint(json, "p90", 200);
        json_out_uint(json, "p99", 920);
        json_out_uint(json, "max", 1000);
        json_out_end(json, '}');
        write_counts(json, &open);
        write_times(json, "response_ms", &open.response_us);
        json_out_uint(json, "capped_workers", CAPPED_WORKERS);
        write_times(json, "capped_workers_report_ms", &capped.service_us);
        s = write_hey(json, &plan, err);
        json_out_end(json, '}');
    }
    drive_result_done(&open);
    drive_result_done(&capped);
    return s;
}

/* ---- closed loop ---- */

struct rounds {
    double ours[ROUNDS_MAX], our_cpu[ROUNDS_MAX];
    double wrk[ROUNDS_MAX], wrk_cpu[ROUNDS_MAX];
    double ratio[ROUNDS_MAX], cpu_ratio[ROUNDS_MAX];
    size_t count;
    bool has_wrk;
};

static assay_status run_round(const struct bench_server *server, const struct settings *settings,
    struct rounds *rounds, struct error *err)
{
    const struct drive_plan plan = {.server = server,
        .mode = DRIVE_CLOSED,
        .workers = CONNECTIONS,
        .seconds = (double)settings->seconds};
    const size_t i = rounds->count;
    struct wrk_result wrk = {0};
    struct drive_result result;
    assay_status s = drive(&plan, &result, err);

    if (!s && result.failed > 0)
        s = error_set(err, ASSAY_E_IO, "requests of the closed loop failed");
    rounds->ours[i] = (double)result.answered / result.elapsed_s;
    rounds->our_cpu[i] = cpu_us(&result);
    drive_result_done(&result);
    if (s)
        return s;
    rounds->count++;
    if (!rounds->has_wrk)
        return ASSAY_OK;
    s = wrk_run(server, (uint32_t)settings->seconds, &wrk, err);
    if (i == 0 && s == ASSAY_E_NOTFOUND) {
        rounds->has_wrk = false;
        return ASSAY_OK;
    }
    rounds->wrk[i] = wrk.requests_per_s;
    rounds->wrk_cpu[i] = wrk.cpu_us_per_request;
    rounds->ratio[i] = rounds->ours[i] / wrk.requests_per_s;
    rounds->cpu_ratio[i] = rounds->our_cpu[i] / wrk.cpu_us_per_request;
    return s;
}

static assay_status measure_closed_loop(struct json_out *json, const struct bench_server *server,
    const struct settings *settings, struct error *err)
{
    struct rounds rounds = {.has_wrk = true};
    assay_status s = ASSAY_OK;

    for (uint64_t i = 0; i < settings->rounds && !s; i++)
        s = run_round(server, settings, &rounds, err);
    if (s || rounds.count == 0)
        return s;
    json_out_begin(json, "closed_loop", '{');
    json_out_uint(json, "connections", CONNECTIONS);
    json_out_uint(json, "rounds", rounds.count);
    json_out_real(json, "requests_per_s", bench_median(rounds.ours, rounds.count));
    json_out_real(json, "cpu_us_per_request", bench_median(rounds.our_cpu, rounds.count));
    if (rounds.has_wrk) {
        json_out_real(json, "wrk_requests_per_s", bench_median(rounds.wrk, rounds.count));
        json_out_real(json, "wrk_cpu_us_per_request", bench_median(rounds.wrk_cpu, rounds.count));
        json_out_real(json, "ratio_to_wrk", bench_median(rounds.ratio, rounds.count));
        json_out_real(json, "cpu_ratio_to_wrk", bench_median(rounds.cpu_ratio, rounds.count));
    } else {
        json_out_text(json, "wrk_requests_per_s", NULL); /* not installed */
    }
    json_out_end(json, '}');
    return ASSAY_OK;
}

static assay_status measure(struct json_out *json, const struct bench_server *server,
    const struct settings *settings, struct error *err)
{
    struct rusage usage = {0};
    assay_status s;

    json_out_begin(json, NULL, '{');
    json_out_text(json, "benchmark", "load");
    s = measure_open_loop(json, server, settings, err);
    if (!s)
        s = pace_measure(json, server, (uint32_t)settings->rounds, err);
    if (!s)
        s = measure_freeze(json, server, err);
    if (!s)
        s = measure_closed_loop(json, server, settings, err);
    (void)getrusage(RUSAGE_SELF, &usage);
    json_out_uint(json, "peak_rss_bytes", (uint64_t)usage.ru_maxrss * 1024);
    json_out_end(json, '}');
    return s;
}

static assay_status read_settings(int argc, char **argv, struct settings *out, struct error *err)
{
    const struct u64_range seconds = {1, 600};
    const struct u64_range rounds = {0, ROUNDS_MAX};
    assay_status s = ASSAY_OK;

    *out = (struct settings){.seconds = 5, .rounds = 5};
    if (argc > 3)
        return error_set(err, ASSAY_E_INVALID, "usage: bench_load [seconds] [rounds]");
    if (argc > 1)
        s = parse_u64_in(argv[1], seconds, &out->seconds, err);
    if (!s && argc > 2)
        s = parse_u64_in(argv[2], rounds, &out->rounds, err);
    return s;
}

int main(int argc, char **argv)
{
    auto_str struct str text;
    struct settings settings;
    struct bench_server server;
    struct error err = {0};
    struct json_out json;
    assay_status s = read_settings(argc, argv, &settings, &err);

    str_init(&text, OUTPUT_MAX);
    json_out_init(&json, &text, JSON_PRETTY);
    if (!s)
        s = bench_server_start(&server, &err);
    if (!s) {
        if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
            pin(0, 0);
            pin(server.pid, 1);
        }
        s = measure(&json, &server, &settings, &err);
        bench_server_stop(&server);
    }
    if (!s && text.status)
        s = error_set(&err, text.status, "the result is too long");
    if (s) {
        (void)fprintf(stderr, "bench_load: %s\n", err.text);
        return s == ASSAY_E_INVALID ? 2 : 1;
    }
    (void)printf("%s\n", str_text(&text));
    return 0;
}
