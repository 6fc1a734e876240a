/* Names of files, as text; nothing here looks at the file system but path_absolute. */
#ifndef ASSAY_BASE_PATH_H
#define ASSAY_BASE_PATH_H

#include <stdbool.h>

#include "framework/base/error.h"

/* "dir/name", for the caller to free; one slash between. name alone when it is
   absolute or dir is "". NULL without memory. */
char *path_join(const char *dir, const char *name) __attribute__((warn_unused_result));

/* May this be the name of a single file that we create? Not empty, not "." or "..", at most
   128 bytes, letters, digits and ". _ - + @" only, and no dot or dash in front. */
bool path_is_plain_name(const char *name);

/* The part after the last slash; points into path. */
const char *path_base(const char *path);

/* For people: path without the working directory in front, when it is below that; else path itself.
   Points into path. */
const char *path_shown(const char *path);

/* path with the working directory in front when it is relative; not resolved. */
assay_status path_absolute(const char *path, char **out, struct error *err);

#endif
