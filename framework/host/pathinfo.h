/* What is at a path of this machine, for checks before anything is started.

   Never blocks on what it looks at: only regular files are opened. Any thread. */
#ifndef ASSAY_HOST_PATHINFO_H
#define ASSAY_HOST_PATHINFO_H

#include "framework/host/host.h"

/* Fills kind, access, size and head; struct_size stays. A path that cannot be looked at (missing, a
   component that is no directory or may not be searched) is ASSAY_PATH_NONE, no error. */
void pathinfo_read(const char *path, assay_path_info *out);

#endif
