/* The builder behind assay/scenario.h, as the run area sees it.

   Each public call writes settings into an ini, just as reading a manifest does;
   build then reads that ini as a manifest. So there is one road to a plan, and
   builder and manifest cannot disagree. */
#ifndef ASSAY_CONFIG_BUILDER_H
#define ASSAY_CONFIG_BUILDER_H

#include <assay/scenario.h>

#include "framework/config/manifest.h"

struct assay_scenario {
    struct ini ini;
    struct manifest manifest;  /* of the last build; borrows from ini */
    struct problems requested; /* problems of the calls themselves; they stick */
    struct problems found;     /* problems of the last build or run, requested ones included */
    struct str problem_text;   /* what assay_scenario_problems shows */
    struct str manifest_text;  /* what assay_scenario_manifest shows */
    bool is_built;             /* without problems, and nothing was changed since */

    /* What calls asked for together, checked against each other by build. */
    uint32_t transaction_users; /* 0: no transactions asked for */
    bool has_da;
    bool has_chaos;
};

/* For assay_scenario_run: writes `found` anew into problem_text, after resolving
   instances has added to it. */
void scenario_show_problems(struct assay_scenario *scenario);

#endif
