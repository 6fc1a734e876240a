/* The closed list of statuses, with a name and a plain text for each.

   A status is 0 or a negative number from assay/plugin.h. Everything that may
   fail returns one; what went wrong in particular goes into a struct error.
   Unknown numbers, which a newer plugin may return, read as INTERNAL. */
#ifndef ASSAY_BASE_STATUS_H
#define ASSAY_BASE_STATUS_H

#if __has_include(<assay/plugin.h>)
#include <assay/plugin.h>
#else
#ifndef ASSAY_PLUGIN_H
#include <stdint.h>
typedef int64_t assay_ns;
typedef int32_t assay_status;
enum {
    ASSAY_OK = 0,
    ASSAY_E_INVALID = -1,
    ASSAY_E_NOMEM = -2,
    ASSAY_E_UNSUPPORTED = -3,
    ASSAY_E_CANCELLED = -4,
    ASSAY_E_TIMEOUT = -5,
    ASSAY_E_NOTFOUND = -6,
    ASSAY_E_IO = -7,
    ASSAY_E_LAGGED = -8,
    ASSAY_E_DENIED = -9,
    ASSAY_E_INTERNAL = -10
};
#endif
#endif

/* X(constant, name in machine-readable output, text for people) */
#define STATUS_LIST(X)                                                                             \
    X(ASSAY_OK, "ok", "success")                                                                   \
    X(ASSAY_E_INVALID, "invalid", "not valid")                                                     \
    X(ASSAY_E_NOMEM, "nomem", "out of memory")                                                     \
    X(ASSAY_E_UNSUPPORTED, "unsupported", "not supported")                                         \
    X(ASSAY_E_CANCELLED, "cancelled", "cancelled")                                                 \
    X(ASSAY_E_TIMEOUT, "timeout", "timed out")                                                     \
    X(ASSAY_E_NOTFOUND, "notfound", "not found")                                                   \
    X(ASSAY_E_IO, "io", "input or output failed")                                                  \
    X(ASSAY_E_LAGGED, "lagged", "fell behind")                                                     \
    X(ASSAY_E_DENIED, "denied", "not allowed")                                                     \
    X(ASSAY_E_INTERNAL, "internal", "internal error")

/* Both return constant text and accept any number; any thread. */
const char *status_name(assay_status status);
const char *status_text(assay_status status);

/* The status that says best what an errno value means; never ASSAY_OK. */
assay_status status_of_errno(int error_number);

#endif
