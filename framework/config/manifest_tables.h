/* The option tables of the sections that belong to the framework itself. */
#ifndef ASSAY_CONFIG_MANIFEST_TABLES_H
#define ASSAY_CONFIG_MANIFEST_TABLES_H

#include "framework/config/schema.h"

extern const struct schema manifest_run_schema;      /* fills struct run_options */
extern const struct schema manifest_topology_schema; /* fills struct topology_options */
extern const struct schema manifest_wallet_schema;   /* fills struct wallet_options */

#endif
