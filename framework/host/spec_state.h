/* What specs are made of; for spec.c and spec_service.c alone. */
#ifndef ASSAY_HOST_SPEC_STATE_H
#define ASSAY_HOST_SPEC_STATE_H

#include <pthread.h>

#include "framework/base/pool.h"
#include "framework/base/vec.h"
#include "framework/host/spec.h"

/* The lists that a spec points to end in NULL, which their count includes. */
struct node_spec {
    assay_node_spec spec;
    struct vec ports;     /* assay_port */
    struct vec endpoints; /* assay_endpoint; bind_ip NULL: not bound */
    struct vec argv, env; /* const char * */
    struct vec files;     /* assay_file */
    const char *url;
    const char *profile; /* a path; NULL: none was named */
};

struct specs {
    struct host *host;
    pthread_mutex_t lock; /* guards everything */
    struct pool pool;     /* all texts and files */
    struct node_spec *nodes;
    uint32_t node_count;
    struct vec stages; /* const char * */
    struct cadence cadence;
    struct vec supports; /* assay_support *; from the pool */
};

/* Appends a word and keeps the NULL behind it. The lock is held, here and below. */
assay_status spec_add_word(struct vec *words, const char *word);

/* The first word of a command line is the binary, whenever that was named. */
assay_status spec_begin_argv(struct node_spec *node);

#endif
