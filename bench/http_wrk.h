/* wrk, when it is installed: the reference for requests a second in a closed loop. */
#ifndef ASSAY_BENCH_HTTP_WRK_H
#define ASSAY_BENCH_HTTP_WRK_H

#include "bench/http_server.h"

struct wrk_result {
    double requests_per_s, cpu_us_per_request;
};

/* POSTs of 200 bytes over 64 connections from one thread. ASSAY_E_NOTFOUND: it is not installed. */
assay_status wrk_run(
    const struct bench_server *server, uint32_t seconds, struct wrk_result *out, struct error *err);

#endif
