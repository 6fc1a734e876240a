/* assay.metrics/1: counters, gauges and histograms of the instances, and the deployment's store.

   series.csv in the run directory gets a line per metric and second:

       seconds,instance,metric,kind,value,p50,p99
       12.000,workload.burst,sent,counter,4711,,
       12.000,workload.burst,latency,histogram,250,0.0031,0.0114
       12.000,validator-0,height,gauge,17,,

   Counters say their total. A histogram's value is its number of samples since the last line, and
   its quantiles are those of these samples. Node heights are there too, under the node's name. */
#ifndef ASSAY_HOST_METRICS_H
#define ASSAY_HOST_METRICS_H

#include "framework/base/error.h"

struct host;
struct metrics;

enum {
    METRICS_MAX = 10000, /* of all instances: some for each of a thousand nodes */
    METRIC_NAME_SIZE = 64,
    METRIC_URL_MAX = 1000
};

struct metrics *metrics_new(struct host *host);
void metrics_free(struct metrics *metrics);

/* Where `query` asks, and where people look. The instance is the one that says so, for the error text. */
assay_status metrics_set_url(const assay_host *table, const char *url);
assay_status metrics_set_dashboard(const assay_host *table, const char *url);

extern const assay_metrics metrics_table;

#endif
