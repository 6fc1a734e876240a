/* Following: the system's `follow` on every node, all through the run. See host_follow_start. */
#ifndef ASSAY_HOST_FOLLOW_H
#define ASSAY_HOST_FOLLOW_H

#include "framework/host/host.h"

struct follow;

struct follow *follow_new(struct host *host);
/* After host_follow_stop. */
void follow_free(struct follow *follow);

#endif
