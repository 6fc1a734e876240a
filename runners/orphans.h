/* What runs have left outside of this machine's processes, where no journal says so any more: on a
   container engine, in a cluster. For each such place there is a program among the assets
   (orphans/), which knows its labels; this module only runs them. */
#ifndef RUNNERS_ORPHANS_H
#define RUNNERS_ORPHANS_H

#include <stdbool.h>

/* Runs every one, in order of name; with is_dry they only say what they would remove. Runs that are
   alive are passed over. False when one of them failed, or there are none; that has been said. */
bool orphans_clean(bool is_dry);

#endif
