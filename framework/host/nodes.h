/* assay.nodes/1: the directory of nodes and what was last seen of each. */
#ifndef ASSAY_HOST_NODES_H
#define ASSAY_HOST_NODES_H

#include "framework/host/observe.h"

/* Since when the node has been out of sight at `now`, and until now, as far as that is inside the
   window; both the same if not at all. The observation's lock is held. */
struct absence nodes_blind(
    const struct observation *observation, const struct node_view *node, assay_ns now);

extern const assay_nodes nodes_table;

#endif
