/* What is said about a run when it is over, and the files that say it.

   The life cycle fills a struct report while it goes on; the writers only read it. Texts are
   copied into the report, so it does not depend on the plugins or the host any more.

       verdict.json   everything, for programs
       junit.xml      one testcase per expectation, for CI systems
       summary.txt    one screen, for people; the same text that the command prints
       report.html    one page with charts, no script, nothing fetched

   All are written to a temporary name and renamed, verdict.json last: where it stands and is no
   error, the others do too. One thread. */
#ifndef ASSAY_RUN_REPORT_H
#define ASSAY_RUN_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/error.h"
#include "framework/base/str.h"
#include "framework/base/vec.h"
#include "framework/run/outcome.h"

enum {
    REPORT_SCHEMA_VERSION = 1,
    REPORT_JUDGEMENTS_MAX = 1024, /* as many as a manifest may have sections */
    REPORT_NODES_MAX = 4096,
    REPORT_METRICS_MAX = 65536,
    REPORT_RECEIPTS_MAX = 100000, /* as many as the host files */
    REPORT_POINTS_MAX = 262144,   /* a chart cannot show more */
    REPORT_NOTICES_MAX = 256,     /* more would drown what the report is about */
    REPORT_FILE_MAX = 64 * 1024 * 1024
};

struct report_phase {
    const char *name; /* static text */
    assay_ns start, end;
};

/* What one instance came to: an expectation's verdict, how a workload ended, or what went wrong
   with the system or the deployer. */
struct report_judgement {
    char *instance, *plugin;
    char *why; /* one or more lines, "" when there is nothing to say */
    enum outcome outcome;
    double coverage; /* 0 to 1 */
};

struct report_node {
    char *name, *role, *url;
    char *log;       /* relative to the run directory, "" when there is none */
    uint64_t height; /* as last seen */
    uint64_t final_height;
    uint64_t blocks_known, blocks_total;
    uint64_t observations, failures;
    assay_ns blind_longest;
    uint32_t peers; /* UINT32_MAX: not known */
};

struct report_metric {
    char *instance, *name, *unit;
    uint32_t kind; /* ASSAY_COUNTER ... */
    uint64_t count;
    double value; /* counter, gauge; a histogram's mean */
    double p50, p90, p99, max;
};

struct report_receipt {
    char *instance; /* that asked for it */
    char *node, *action, *before, *after;
    bool is_proven;
    assay_ns asked_at, done_at;
};

struct report_plugin {
    char *id, *version, *path, *sha256;
    bool is_trusted;
};

struct report_notice {
    char *text;
};

/* For the charts: a node's tip at a moment. */
struct report_point {
    assay_ns at;
    uint64_t height;
    uint32_t node;
};

struct report {
    char *run_id, *name, *directory;
    char *reason; /* one line: why the outcome is what it is */
    uint64_t seed;
    int64_t started_unix_ns;
    assay_ns duration;     /* of the whole run */
    assay_ns window_start; /* 0 when it was never opened */
    assay_ns window_end;
    enum outcome outcome;
    int exit_code;
    int interrupted_by;        /* signal number; 0: it was not */
    struct vec phases;         /* struct report_phase */
    struct vec expectations;   /* struct report_judgement */
    struct vec workloads;      /* struct report_judgement */
    struct vec infrastructure; /* struct report_judgement; empty when all is well */
    struct vec nodes;          /* struct report_node */
    struct vec metrics;        /* struct report_metric */
    struct vec receipts;       /* struct report_receipt */
    struct vec plugins;        /* struct report_plugin */
    struct vec points;         /* struct report_point */
    struct vec notices;        /* struct report_notice */
    uint32_t notices_left_out;
};

void report_init(struct report *report);
void report_done(struct report *report);

/* Adds copies. The pointers in what is passed are borrowed. */
assay_status report_add_expectation(struct report *, const struct report_judgement *);
assay_status report_add_workload(struct report *, const struct report_judgement *);
assay_status report_add_infrastructure(struct report *, const struct report_judgement *);
assay_status report_add_node(struct report *, const struct report_node *);
assay_status report_add_metric(struct report *, const struct report_metric *);
assay_status report_add_receipt(struct report *, const struct report_receipt *);
assay_status report_add_plugin(struct report *, const struct report_plugin *);
/* Once per text. When there are too many, the last one is the number of those left out. */
assay_status report_add_notice(struct report *, const char *text);
assay_status report_add_point(struct report *, const struct report_point *);
assay_status report_add_phase(struct report *, const struct report_phase *);

/* What an instance's `why` is as a reason: "deployer.local: prepare: validator-1 ended", the first
   line. The caller frees it; NULL without memory. */
char *report_reason(const char *instance, const char *why);

/* Settles outcome, exit code and reason from the judgements. What is already there is never made
   better: a life cycle that failed to deploy has set its own. */
assay_status report_conclude(struct report *report, struct error *err);

/* The writers, each into a string. */
void report_json(const struct report *report, struct str *out);
void report_junit(const struct report *report, struct str *out);
void report_summary(const struct report *report, struct str *out, bool has_colour);
void report_html(const struct report *report, struct str *out);

/* A measured value as people read it: seconds as a span, other units as a number. */
void report_value(struct str *out, double value, const char *unit);

/* All files into report->directory. When one cannot be written, the outcome becomes an error that
   says so, and so do all files that can be written; those that cannot are not left as they were. */
assay_status report_write(struct report *report, struct error *err);

#endif
