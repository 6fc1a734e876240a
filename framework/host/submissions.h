/* assay.submissions/1: what workloads asked the network to include.

   Entries are kept in order of their first report, per kind, and found by id. An entry takes 40
   bytes, its id's text, and 6 to 12 bytes of index. Any thread. */
#ifndef ASSAY_HOST_SUBMISSIONS_H
#define ASSAY_HOST_SUBMISSIONS_H

#include <assay/plugin.h>

struct submissions;

enum {
    SUBMISSIONS_MAX = 16 * 1024 * 1024, /* the ABI's promise: 2 GiB at the very worst */
    SUBMISSION_KINDS_MAX = 64,          /* words of the system, a handful */
    SUBMISSION_KIND_SIZE = 64
};

struct submissions *submissions_new(void);
void submissions_free(struct submissions *submissions);

extern const assay_submissions submissions_table;

#endif
