/* What is wrong before anything has been started: gathered, then reported all at once, so that nobody
   mends one thing only to be told of the next. Used in plan, by one task. */
#ifndef PLUGINS_SYSTEMS_NOMOS_PROBLEMS_H
#define PLUGINS_SYSTEMS_NOMOS_PROBLEMS_H

#include <assay/plugin.h>

#include "nomos/text.h"

/* All zeros is none. */
struct nomos_problems {
    struct text text; /* one line each */
    unsigned count;
};

/* Adds one; longer than 500 bytes it is cut. One sentence without a full stop: what is wrong, and
   what to do about it. */
__attribute__((format(printf, 2, 3))) void nomos_problems_add(
    struct nomos_problems *problems, const char *format, ...);

/* OK when there are none. Else fails with all of them, and forgets them. When they are more than a
   failure's text can hold, each is in the log as well. */
assay_status nomos_problems_report(struct nomos_problems *problems, const assay_host *host);

#endif
