/* Where a value came from: shown beside it by `assay explain` and in front of every problem. */
#ifndef ASSAY_CONFIG_ORIGIN_H
#define ASSAY_CONFIG_ORIGIN_H

#include <stdint.h>

#include "framework/base/str.h"

enum origin_kind {
    ORIGIN_DEFAULT,     /* nobody said anything: the option table's fallback */
    ORIGIN_FILE,        /* a manifest; name and line */
    ORIGIN_SET,         /* --set on the command line */
    ORIGIN_BUILDER,     /* a call of the builder API; name is the call's */
    ORIGIN_ENVIRONMENT, /* a variable that stands for an option; name */
    ORIGIN_CHOSEN       /* by us, such as a seed drawn at random */
};

/* Borrows its strings, mostly from the pool of the ini that it describes. */
struct origin {
    enum origin_kind kind;
    uint32_t line;        /* ORIGIN_FILE */
    const char *name;     /* as above, or NULL */
    const char *variable; /* the last environment variable expanded in the value, or NULL */
};

/* Appends "smoke.ini:14", "smoke.ini:14, $SEED", "--set", "default", ... */
assay_status origin_write(const struct origin *origin, struct str *out);

#endif
