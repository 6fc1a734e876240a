/* Load on one server through an HTTP engine, in three ways, and what came of it.

   Open loop: every request is sent at its moment, rate x seconds of them, whatever the answers do.
   Capped: the same schedule, but carried by so many workers that each wait for their answer before
   they send again, and count time from when they really sent: how most tools do it, for
   comparison. Closed loop: workers send again at once, as fast as they are answered. */
#ifndef ASSAY_BENCH_HTTP_DRIVE_H
#define ASSAY_BENCH_HTTP_DRIVE_H

#include "bench/http_server.h"
#include "framework/host/histogram.h"
#include "framework/host/http_engine.h"

enum drive_mode {
    DRIVE_OPEN,
    DRIVE_CAPPED,
    DRIVE_CLOSED
};

struct drive_plan {
    const struct bench_server *server;
    enum drive_mode mode;
    uint32_t workers; /* capped, closed */
    double rate;      /* open, capped: requests a second */
    double seconds;
    double freeze_at_s, freeze_s; /* the server is stopped for so long; 0: never */
};

struct drive_result {
    uint64_t intended, sent, answered, failed, missed;
    struct histogram lag_us;      /* from the intended moment to the sending */
    struct histogram response_us; /* from the intended moment to the answer */
    struct histogram service_us;  /* from the sending to the answer */
    double elapsed_s, cpu_s;      /* cpu: of this process */
};

/* Fills *out, which the caller frees with drive_result_done. ASSAY_E_IO with a text. */
assay_status drive(const struct drive_plan *plan, struct drive_result *out, struct error *err);
void drive_result_done(struct drive_result *result);

/* What the server has recorded since it was last asked: how late requests arrived. */
struct drive_record {
    uint64_t requests;
    double lag_p50_us, lag_p99_us, lag_max_us;
};
/* Against the moments that our requests name. */
assay_status drive_server_record(
    const struct bench_server *server, struct drive_record *out, struct error *err);
/* Against an even schedule of so many a second, whoever sent them. */
assay_status drive_server_pace(
    const struct bench_server *server, uint32_t rate, struct drive_record *out, struct error *err);

#endif
