/* A scenario as it was written down: the sections of a manifest, checked.

       [run]                     one  how long, which seed, what to keep
       [topology]                one  how many nodes, and who dials whom
       [wallets]                 one  funded accounts
       [node.<name>]             any  one node's own settings
       [system.<instance>]       one  default [system.nomos]
       [deployer.<instance>]     one  default [deployer.local]
       [workload.<instance>]     any
       [expectation.<instance>]  any

   `plugin =` in the last four names the plugin: by default the part behind the
   dot, and a name without a dot of its own is short for "assay." and that name.
   `sha256 =` pins the file that it may come from.
   Which options such a section may have is known only when its plugin's table
   has been read: manifest_resolve then checks them. The order of sections is the
   order of start.

   Reading never stops at the first problem, and a manifest with problems still
   has all the instances that could be made out, so that the caller can resolve
   them and report everything at once:

       ini_read_file(&ini, path, &problems);
       manifest_read(&manifest, &ini, &problems);
       VEC_EACH(struct instance, instance, &manifest.instances)
           manifest_resolve(instance, <schema of instance->plugin_id>, &problems);
       if (problems_status(&problems)) ...

   A manifest borrows from its ini, which must outlive it unchanged. One thread at a time. */
#ifndef ASSAY_CONFIG_MANIFEST_H
#define ASSAY_CONFIG_MANIFEST_H

#include "framework/config/schema.h"

enum {
    MANIFEST_INSTANCES_MAX = 1024,
    MANIFEST_NODES_MAX = 10000 /* as many as a topology may have */
};

/* The struct that [run] fills; the table in manifest_tables.c says what each
   means and is what `assay explain` and docs/manifest.md go by. */
enum {
    RUN_AUTO = -1
}; /* a span left to the framework: see contract of the runner */
struct run_options {
    const char *name;
    assay_ns duration;
    uint64_t seed;     /* decided when read: never "random" any more */
    assay_ns cooldown; /* or RUN_AUTO */
    assay_ns settle;   /* or RUN_AUTO */
    assay_ns grace;
    assay_ns operation_limit;
    const char *keep; /* "never", "failed", "always" */
    int64_t node_control;

    const char *seed_text; /* as written: "random" or a number */
    const char *cooldown_text;
    const char *settle_text;
};

struct topology_options {
    int64_t validators;
    int64_t executors;
    int64_t nodes;      /* 0: there are validators and executors */
    const char *layout; /* "star", "chain", "full" */
};

struct wallet_options {
    int64_t count;
    int64_t funds; /* of each account */
};

/* A section that stands for a plugin at work. */
struct instance {
    uint32_t kind;         /* ASSAY_SYSTEM, ASSAY_DEPLOYER, ASSAY_WORKLOAD, ASSAY_EXPECTATION */
    const char *name;      /* "workload.burst": the section's */
    const char *label;     /* "burst" */
    const char *plugin_id; /* "acme.tx-burst" */
    struct origin origin;  /* of the section */
    struct origin plugin_origin; /* of the plugin's name: where to report that it is not there */
    const char *sha256;          /* the plugin file's digest must be this; NULL: any */
    struct origin sha256_origin;
    const struct section *section; /* NULL: implied */
    struct values values;          /* after manifest_resolve; count 0 before */
};

/* A [node.<name>] section. */
struct node_section {
    const char *name; /* "validator-0" */
    const struct section *section;
    struct values values; /* after manifest_resolve_node */
};

struct manifest {
    struct pool pool;
    struct values run_values, topology_values, wallet_values;
    struct run_options run;
    struct topology_options topology;
    struct wallet_options wallets;
    struct vec instances; /* of struct instance: system, deployer, then the others in order */
    struct vec nodes;     /* of struct node_section */
};

void manifest_init(struct manifest *manifest);
void manifest_done(struct manifest *manifest);

/* Reads all sections of ini into an initialised manifest. */
void manifest_read(struct manifest *manifest, const struct ini *ini, struct problems *problems);

/* Fills an instance's values by its plugin's options; once per instance. */
void manifest_resolve(
    struct instance *instance, const struct schema *schema, struct problems *problems);

/* Fills a node's values by the system's node options. */
void manifest_resolve_node(
    struct node_section *node, const struct schema *schema, struct problems *problems);

/* The section for a node, or NULL. */
struct node_section *manifest_find_node(const struct manifest *manifest, const char *name);

/* The one system or deployer; there is always one after manifest_read without problems. */
struct instance *manifest_find_kind(const struct manifest *manifest, uint32_t kind);

/* The expanded manifest: every option with its value, defaults included, in a
   form that reads back to the same plan. Secrets are written as ${NAME} where
   they came from the environment, and left out otherwise, with a comment. */
assay_status manifest_write(const struct manifest *manifest, struct str *out);

/* The same for people: each value with where it came from in a comment column. */
assay_status manifest_explain(const struct manifest *manifest, struct str *out);

CLEANUP_DEFINE_DONE(auto_manifest, struct manifest, manifest_done)
#define auto_manifest CLEANUP(auto_manifest)

#endif
