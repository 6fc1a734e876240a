/* Operations: what the host asks an instance to do, each on a fresh root task.

       struct host_operation_spec spec = {.name = "prepare", .body = call_prepare, .arg = &call,
           .limit = 60 * ASSAY_SECOND, .grace = 5 * ASSAY_SECOND};
       struct host_operation_result result;

       if (host_run_operation(instance, &spec, &result))
           ... result.why says what went wrong, result.is_stuck whether it ever returned

   The operation ends when the body and all its children have. Children that are left when the body
   returns are cancelled, joined, and reported as a violation. Who outlives its grace after being
   cancelled is stuck: the instance is marked, a violation recorded, the threads left alone, and
   what they use never freed.

   Any thread but a task's may start and finish operations; a host_operation belongs to whoever
   started it. */
#ifndef ASSAY_HOST_OPERATION_H
#define ASSAY_HOST_OPERATION_H

#include "framework/host/host.h"

struct host_operation;

enum {
    HOST_WHY_SIZE = 4096 /* a sentence or two, and the last 15 lines of a node's log */
};

struct host_operation_spec {
    const char *name; /* "prepare"; outlives the operation */
    assay_status (*body)(assay_task *task, void *arg);
    void *arg;         /* outlives the operation, even a stuck one */
    assay_ns limit;    /* cancelled when it takes longer; 0: no limit */
    assay_ns grace;    /* how long it may take to return once cancelled */
    uint64_t stream;   /* tells operations of one name apart for chance: the node's index, say */
    bool is_sheltered; /* host_interrupt does not cancel it: teardown */
};

struct host_operation_result {
    assay_status status;     /* of the body; ASSAY_E_TIMEOUT when stuck */
    bool was_cancelled;      /* by anyone, before it ended */
    bool is_late;            /* it was cancelled since its limit had passed */
    bool is_stuck;           /* it never returned */
    bool is_violation;       /* left children behind, returned an unknown status, or is stuck */
    char why[HOST_WHY_SIZE]; /* text for status; "" when it is 0 */
};

/* Runs it to its end. Returns result->status. */
assay_status host_run_operation(struct host_instance *instance,
    const struct host_operation_spec *spec, struct host_operation_result *result);

/* Starts it. ASSAY_E_NOMEM, ASSAY_E_IO: it could not be started. */
assay_status host_operation_start(struct host_instance *instance,
    const struct host_operation_spec *spec, struct host_operation **out);
void host_operation_cancel(struct host_operation *operation);
bool host_operation_is_done(const struct host_operation *operation);

/* Waits for the end, cancelling at the limit or when the host is interrupted; then frees it.
   Without limit and cancellation it waits for ever. */
void host_operation_finish(struct host_operation *operation, struct host_operation_result *result);

#endif
