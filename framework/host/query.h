/* Asking a Prometheus-compatible store: GET <url>/api/v1/query?query=<expression>, with
   lookback_delta=<age> where samples must be fresh (Prometheus from 2.41 on heeds it). */
#ifndef ASSAY_HOST_QUERY_H
#define ASSAY_HOST_QUERY_H

#include "framework/base/error.h"

struct str;

enum {
    QUERY_URL_MAX = 16 * 1024 /* stores take about as much in a GET */
};

struct query {
    const char *expression;
    assay_ns age_max; /* of a sample; 0: as the store has it, five minutes */
};

/* The value of an expression that yields one number: a scalar, or a vector of one.
   ASSAY_E_NOTFOUND: it yields nothing. ASSAY_E_INVALID: several values, or not a number. Why is
   recorded with the task. */
assay_status query_run(assay_task *task, const char *url, const struct query *query, double *out);

/* The address to ask, and what an answer says; the two halves of the above, without the network. */
assay_status query_url(const char *url, const char *expression, assay_ns age_max, struct str *out);
assay_status query_read(assay_bytes answer, double *out, struct error *err);

#endif
