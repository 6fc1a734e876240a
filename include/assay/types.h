/* assay/types.h - what all of the plugin ABI speaks in: versions, statuses, moments, the handles that
 * host and plugin exchange, and assay_host, through which a plugin reaches the services.
 *
 * Authors include assay/plugin.h, whose rules hold here; or assay/sdk.h on top of it.
 *
 * The handles are the host's: a plugin never looks inside, and gives them back as the table that
 * handed them out says.
 */
#ifndef ASSAY_TYPES_H
#define ASSAY_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_ABI_MAJOR 1u
#define ASSAY_ABI_MINOR 0u /* What these headers describe; the major is in the symbol's name. */

/* The lowest host minor that the plugin works with. Define it before including a header of assay
 * when the plugin cannot do without something newer; newer headers alone do not ask for a newer host. */
#ifndef ASSAY_ABI_NEEDS
#define ASSAY_ABI_NEEDS 0u
#endif

#define ASSAY_EXPORT __attribute__((visibility("default")))

/* Is this field in the table that the other side was built with, and not NULL? */
#define ASSAY_HAS(table, field)                                                                    \
    ((table)->struct_size >=                                                                       \
            (size_t)((const char *)(&(table)->field + 1) - (const char *)(table)) &&               \
        (table)->field)

/* A moment or a span of run time. Moments count from the run's zero (its start); the clock is
 * monotonic and may be virtual. ASSAY_FOREVER as an `until` waits without limit; a moment in the
 * past makes the call a poll. */
typedef int64_t assay_ns;
#define ASSAY_FOREVER INT64_MAX
#define ASSAY_MS      ((assay_ns)1000000)
#define ASSAY_SECOND  ((assay_ns)1000000000)

/* X(name, number, text). Numbers are never reused; an unknown negative one counts as INTERNAL. */
#define ASSAY_STATUS_LIST(X)                                                                       \
    X(OK, 0, "ok")                                                                                 \
    X(E_INVALID, -1, "invalid argument or state")                                                  \
    X(E_NOMEM, -2, "out of memory")                                                                \
    X(E_UNSUPPORTED, -3, "not supported here")                                                     \
    X(E_CANCELLED, -4, "cancelled")                                                                \
    X(E_TIMEOUT, -5, "timed out")                                                                  \
    X(E_NOTFOUND, -6, "not found")                                                                 \
    X(E_IO, -7, "input or output failed")                                                          \
    X(E_LAGGED, -8, "a bounded queue overflowed")                                                  \
    X(E_DENIED, -9, "denied")                                                                      \
    X(E_INTERNAL, -10, "internal error")

typedef int32_t assay_status;
enum {
#define ASSAY_STATUS_ENUM(name, number, text) ASSAY_##name = number,
    ASSAY_STATUS_LIST(ASSAY_STATUS_ENUM)
#undef ASSAY_STATUS_ENUM
    ASSAY_STATUS_END_ = 1
};

#define ASSAY_NO_NODE  UINT32_MAX /* "no node in particular" */
#define ASSAY_ANY_NODE UINT32_MAX /* "every node" */
#define ASSAY_ID_MAX   96u        /* room for a block or transaction id with its NUL */

typedef struct assay_task assay_task;   /* a flow of control; lives as long as its operation */
typedef struct assay_gate assay_gate;   /* a counting semaphore that the host can schedule */
typedef struct assay_child assay_child; /* a spawned task */
typedef struct assay_bytes {
    const void *data;
    size_t size;
} assay_bytes;

/* One host per instance. Everything but `impl` may be used from any task of the instance. */
typedef struct assay_host {
    size_t struct_size;
    void *impl;           /* the host's own */
    const char *instance; /* the manifest's name of the instance, "workload.burst" */

    /* The service table for an id such as ASSAY_CLOCK, or NULL when it is not offered. Tables live
     * as long as the run. Services listed in `needs` are never NULL. */
    const void *(*service)(const struct assay_host *, const char *id);

    /* One line of log. Bounded to 1,000 bytes; more is cut and marked. */
    void (*log)(const struct assay_host *, uint32_t level, const char *text);

    /* Records why the current operation fails and returns the status it was given. The host prints
     * each failure once, with plugin, instance and operation. */
    assay_status (*fail)(const struct assay_host *, assay_status, const char *why);
    uint32_t abi_minor, reserved;
} assay_host;

enum {
    ASSAY_DEBUG = 0,
    ASSAY_INFO = 1,
    ASSAY_WARN = 2,
    ASSAY_ERROR = 3
};

#ifdef __cplusplus
}
#endif
#endif
