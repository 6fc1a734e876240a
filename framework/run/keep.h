/* What stays of the nodes' directories after a run.

   Configuration and logs always stay: they are the evidence. A node's storage, which is every
   directory below its own, goes unless `keep` in [run] or NOMOS_TESTS_KEEP_LOGS says otherwise. */
#ifndef ASSAY_RUN_KEEP_H
#define ASSAY_RUN_KEEP_H

#include "framework/run/outcome.h"

/* `keep` is "never", "failed" (then everything of a run that did not pass stays) or "always". What
   cannot be removed stays, and is no failure of the run. */
void keep_nodes(const char *run_directory, const char *keep, enum outcome outcome);

#endif
