/* Names and texts for the closed list of statuses in assay/types.h.

   A status is 0 or a negative number. Everything that may fail returns one;
   what went wrong in particular goes into a struct error. Unknown numbers,
   which a newer plugin may return, read as E_INTERNAL. */
#ifndef ASSAY_BASE_STATUS_H
#define ASSAY_BASE_STATUS_H

#include <assay/plugin.h>

/* Constant text for any number; any thread. The name is the constant's without
   its prefix ("E_TIMEOUT"), for machine-readable output. */
const char *status_name(assay_status status);
const char *status_text(assay_status status);

/* The status that says best what an errno value means; never ASSAY_OK. */
assay_status status_of_errno(int error_number);

#endif
