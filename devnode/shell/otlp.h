/* otlp.h - sends the node's metrics to a collector (OTLP over HTTP, in JSON), now and then.
 *
 * The key tracing.metrics of the configuration says where to (node contract 5.4), and
 * OTEL_METRIC_EXPORT_INTERVAL how often, in milliseconds; without the key nothing is sent. A
 * collector that is not there costs a line in the log when it goes and one when it comes back, and
 * nothing else: nothing waits for it, and what it missed is not sent later. On the event loop's
 * thread. */
#ifndef DEVNODE_SHELL_OTLP_H
#define DEVNODE_SHELL_OTLP_H

#include <stdbool.h>
#include <stdint.h>

#include "devnode/core/reason.h"
#include "nomos/text.h"

struct event_base;
struct otlp;
struct yaml_tree;

/* Reads its part of the configuration. *out is NULL when nothing is to be sent. False and a reason when
 * the address is no http://host:port/path. */
bool otlp_read(struct otlp **out, const struct yaml_tree *file, struct reason *why);

struct otlp_params {
    struct event_base *base;
    /* Appends the metrics in Prometheus' text form. */
    void (*write_metrics)(const void *self, struct text *text);
    void (*log)(void *self, const char *text);
    uint64_t (*now_ns)(void *self);
    void *self; /* of the latter two */
    const void *metrics_self;
};

/* Begins to send. NULL is fine, here and below. False and a reason without memory. */
bool otlp_start(struct otlp *otlp, const struct otlp_params *params, struct reason *why);
void otlp_free(struct otlp *otlp);

/* The message for a text of metrics, as of two moments since 1970. Counters whose name ends in _total
 * become monotonic sums; collectors append that to the names of monotonic sums that lack it, so the
 * others stay sums that are not called so, and keep their names. */
void otlp_write(
    const char *metrics, const char *service, uint64_t start_ns, uint64_t now_ns, struct text *out);

#endif
