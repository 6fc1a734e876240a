/* The durations of a configuration that the environment may change (node contract 6.1).
 *
 *     NOMOS_DISPERSAL_TIMEOUT_SECS   NOMOS_RETRY_COOLDOWN_SECS   NOMOS_GRACE_PERIOD_SECS
 *     NOMOS_PRUNE_DURATION_SECS      NOMOS_PRUNE_INTERVAL_SECS   NOMOS_SHARE_DURATION_SECS
 *     NOMOS_COMMITMENTS_WAIT_SECS    NOMOS_SDP_TRIGGER_DELAY_SECS (twice that in slow tests)
 *
 * Each is in whole seconds. One that is not set, or empty, leaves the customary duration. */
#ifndef NOMOS_NODE_CONFIG_ENV_H
#define NOMOS_NODE_CONFIG_ENV_H

#include "nomos/node_config.h"

/* The value of a variable, NULL when it is not set. */
typedef const char *(*node_config_variable)(void *self, const char *name);

/* Fills all of `out`. NOMOS_E_DATA, naming the variable, when a value is not a whole number of
   seconds up to a year. SLOW_TEST_ENV of exactly "true" makes a test a slow one. */
enum nomos_status node_config_times_read(node_config_variable variable, void *self,
    struct node_config_times *out, struct nomos_error *err);

#endif
