/* settings_tracing.h - the key tracing_settings of cfgsync.yaml: the node's own section `tracing`
 * (node contract 5.4), in the forms that the contract names. */
#ifndef CFGSYNC_SETTINGS_TRACING_H
#define CFGSYNC_SETTINGS_TRACING_H

#include "cfgsync/settings.h"

struct yaml_tree;

/* NULL, a missing section, is logging to standard output at level INFO. */
bool settings_tracing_read(
    struct settings_tracing *out, const struct yaml_tree *section, struct reason *why);

#endif
