/* assay.run/1: what the run is, for plugins and the report. */
#ifndef ASSAY_HOST_FACTS_H
#define ASSAY_HOST_FACTS_H

#include <assay/plugin.h>

extern const assay_run_table facts_table;

#endif
