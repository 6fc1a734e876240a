/* The configuration file of each node. */
#ifndef PLUGINS_SYSTEMS_NOMOS_CONFIG_H
#define PLUGINS_SYSTEMS_NOMOS_CONFIG_H

#include "plugins/systems/nomos/nomos.h"
#include "plugins/systems/nomos/problems.h"

/* In plan: reads what of the environment goes into configurations, and adds to `problems` what
   cannot be right. */
void config_read_environment(struct nomos *self, struct nomos_problems *problems);

/* In render: fills what all configurations have in common; the genesis must have been made. */
void config_prepare(struct nomos *self);

/* In render, after it: writes the node's configuration, validator.yaml or executor.yaml, and for real
   nodes the files that they expect beside it. */
assay_status config_render(struct nomos *self, uint32_t node);

#endif
