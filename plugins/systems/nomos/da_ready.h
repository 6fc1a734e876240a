/* The stages of readiness that only networks with data availability have. */
#ifndef PLUGINS_SYSTEMS_NOMOS_DA_READY_H
#define PLUGINS_SYSTEMS_NOMOS_DA_READY_H

#include "plugins/systems/nomos/nomos.h"

/* After peers, in this order. */
extern const struct nomos_stage nomos_stage_membership, nomos_stage_balancer;

#endif
