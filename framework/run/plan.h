/* A scenario that can be run: the manifest, and for each of its sections the plugin that it means,
   with options filled and needs checked.

   plan_load is the one road from text to a run; `assay check`, `assay explain` and the run itself
   all take it. It reports every problem of a manifest together, and creates nothing: the only code
   of plugins that runs is their constructors and the function that hands out their descriptors.

       struct plan plan;
       plan_init(&plan);
       if (plan_load(&plan, &source, &options))
           ... plan.problems says what is wrong
       plan_done(&plan);

   One thread. What the instances of a run use of it must outlive them. */
#ifndef ASSAY_RUN_PLAN_H
#define ASSAY_RUN_PLAN_H

#include "framework/config/manifest.h"
#include "framework/plugin/catalogue.h"
#include "framework/plugin/loader.h"
#include "framework/topology/topology.h"

struct plan_instance {
    struct instance *instance; /* of the manifest */
    const struct plugin *plugin;
};

struct plan {
    struct ini ini;
    struct manifest manifest;
    struct problems problems;
    struct topology *topology;
    struct catalogue *catalogue;
    struct loader *loader;
    struct vec instances; /* of struct plan_instance, in the manifest's order */
    const struct plugin *system, *deployer;
    const void **overrides;     /* per node: struct of the system's node options */
    struct vec override_values; /* of struct values: owns what overrides point to */
};

struct plan_source {
    const char *path;        /* of a manifest */
    const char *const *sets; /* "section.key=value", NULL at the end; or NULL */
};

struct plan_options {
    const char *const *plugin_directories; /* searched first, NULL at the end; or NULL */
    bool allow_untrusted, strict_imports;
};

void plan_init(struct plan *plan);
void plan_done(struct plan *plan);

/* ASSAY_E_INVALID: problems has errors. ASSAY_E_NOMEM. */
assay_status plan_load(
    struct plan *plan, const struct plan_source *source, const struct plan_options *options);

/* The network actions that the deployer can do: 1 << ASSAY_ACT_... */
uint64_t plan_control_actions(const struct plan *plan);

#endif
