/* Finding programs: by an environment variable, on PATH, or beside our own. */
#ifndef ASSAY_HOST_PROGRAM_H
#define ASSAY_HOST_PROGRAM_H

#include "framework/base/error.h"

/* The absolute path, for the caller to free. Where the variable `override_name` is set and not
   empty, its value, whether there is such a file or not: who names a program wants that one or an
   error. Else the first executable file of that name on PATH, beside this program, or in the bin
   directory of the installation. A name with a slash is a path already, of a file that
   can be executed. override_name may be NULL.
   ASSAY_E_NOTFOUND: it is nowhere. */
assay_status program_find(
    const char *override_name, const char *name, char **out, struct error *err);

/* Looks for `name` in places that are told relative to where this process's program is ("/../bin"; NULL
   at the end), which is libexec/assay, bin, or the tests' directory of a build tree: what is
   installed is found from there. `try` answers ASSAY_E_NOTFOUND to be asked about the next. */
assay_status program_search_beside(const char *const *places, const char *name,
    assay_status (*try)(const char *directory, const char *name, char **out), char **out);

#endif
