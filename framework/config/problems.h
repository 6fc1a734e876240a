/* All that is wrong with a configuration, collected and shown at once.

   Checks add to it and go on; whoever started the checks asks at the end
   whether there were errors. A warning (a deprecated option) does not stop a
   run. Adding never fails visibly: when memory runs out, problems_status says
   so, and beyond PROBLEMS_MAX the rest is counted, not kept.

       smoke.ini:14: [workload.burst] has no option 'wrokers'; did you mean 'workers'?
       --set: [run] duration: '10' has no unit; the units are d h m s ms us ns

   One thread at a time. */
#ifndef ASSAY_CONFIG_PROBLEMS_H
#define ASSAY_CONFIG_PROBLEMS_H

#include <stdbool.h>

#include "framework/base/error.h"
#include "framework/base/vec.h"
#include "framework/config/origin.h"

enum {
    PROBLEMS_MAX = 200
}; /* more than anybody reads */

enum problem_severity {
    PROBLEM_ERROR,
    PROBLEM_WARNING
};

struct problem {
    enum problem_severity severity;
    uint32_t line; /* in a file; 0: elsewhere */
    char *where;   /* "smoke.ini:14"; "" when there is no place */
    char *text;
};

struct problems {
    struct vec list; /* of struct problem, in order of discovery, but a file's by line */
    size_t error_count;
    size_t warning_count;
    bool is_short_of_memory;
};

void problems_init(struct problems *problems);
void problems_done(struct problems *problems);

/* origin may be NULL: no place. The text names what is wrong and what to do. */
void problems_add(struct problems *problems, const struct origin *origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void problems_warn(struct problems *problems, const struct origin *origin, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For a function that reports through a struct error: its text as a problem. */
void problems_add_error(
    struct problems *problems, const struct origin *origin, const struct error *err);

/* Adds copies of all that is in from. */
void problems_append(struct problems *problems, const struct problems *from);

/* Memory ran out: whatever was checked, it was not all. */
void problems_nomem(struct problems *problems);

/* ASSAY_OK: no errors. ASSAY_E_INVALID: some. ASSAY_E_NOMEM: the list may be incomplete. */
assay_status problems_status(const struct problems *problems);

/* One line per problem, warnings marked as such, and how many more there were. */
assay_status problems_write(const struct problems *problems, struct str *out);

CLEANUP_DEFINE_DONE(auto_problems, struct problems, problems_done)
#define auto_problems CLEANUP(auto_problems)

#endif
