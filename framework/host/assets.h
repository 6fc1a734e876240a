/* What comes with assay beside its programs: templates, scripts, parameters (assets/ of the source,
   share/assay of an installation). */
#ifndef ASSAY_HOST_ASSETS_H
#define ASSAY_HOST_ASSETS_H

#include "framework/base/error.h"

/* The absolute path of `name` below the directory that the variable ASSAY_ASSETS names, or else below
   share/assay beside this program's bin or libexec directory; the caller frees it. A name is relative
   and has no "..". ASSAY_E_NOTFOUND: it is not there; ASSAY_E_INVALID: no such name. */
assay_status assets_find(const char *name, char **out, struct error *err);

#endif
