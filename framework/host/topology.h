/* assay.topology/1: framework/topology, as systems and deployers see it. */
#ifndef ASSAY_HOST_TOPOLOGY_H
#define ASSAY_HOST_TOPOLOGY_H

#include <assay/plugin.h>

extern const assay_topology topology_table;

#endif
