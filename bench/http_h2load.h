/* h2load (Debian: nghttp2-client), when it is installed: the reference for keeping a schedule. */
#ifndef ASSAY_BENCH_HTTP_H2LOAD_H
#define ASSAY_BENCH_HTTP_H2LOAD_H

#include "bench/http_server.h"

struct h2load_plan {
    const struct bench_server *server;
    uint32_t rate, seconds; /* requests a second, for how long */
};

/* POSTs of 200 bytes on the schedule that --rps asks of it. What became of it only the server knows.
   ASSAY_E_NOTFOUND: it is not installed. */
assay_status h2load_run(const struct h2load_plan *plan, struct error *err);

#endif
