/* Nodes that are started from images: containers, pods. Most have addresses of their own, which nobody
   knows before they run.

   Their configurations cannot be written here. They fetch them when they start, from cfgsync (node
   contract 5.4), which is declared as a program beside the nodes and makes the genesis once it knows
   all addresses. What does not depend on addresses is the same as here: seeds, keys, and so the notes
   of the genesis, but not its id, which follow learns from the nodes. */
#ifndef PLUGINS_SYSTEMS_NOMOS_CONTAINER_H
#define PLUGINS_SYSTEMS_NOMOS_CONTAINER_H

#include "plugins/systems/nomos/nomos.h"

/* Are they started from images, or does any have an address that is not known yet? The endpoints must
   have been collected. */
bool container_is_needed(const struct nomos *self);

/* In render: declares cfgsync and gives every node its image's entry script and its environment. */
assay_status container_render(struct nomos *self);

#endif
