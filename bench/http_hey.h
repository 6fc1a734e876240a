/* hey, when it is installed: a tool with workers that wait, as most are. */
#ifndef ASSAY_BENCH_HTTP_HEY_H
#define ASSAY_BENCH_HTTP_HEY_H

#include "bench/http_server.h"

struct hey_plan {
    const struct bench_server *server;
    uint32_t workers, rate, seconds; /* rate: requests a second of all workers */
    double freeze_at_s, freeze_s;    /* the server stands still for so long */
};

/* The 99th percentile that it reports goes to *out_p99_ms. ASSAY_E_NOTFOUND: it is not installed. */
assay_status hey_run(const struct hey_plan *plan, double *out_p99_ms, struct error *err);

#endif
