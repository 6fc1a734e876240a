/* Loads plugins: from a path to a descriptor that can be relied on.

   loader_open takes these steps and stops at the first that fails, with one message that names the
   file and what to do:

     1. trust: the chain of directories (trust.h);
     2. look: ELF header, notes, exports, imports (elf.h, imports.h), without running any code;
     3. version: ABI major and needed minor, from the note;
     4. digest: SHA-256 of the file, when the request has one (else it is made when somebody asks,
        digest.h);
     5. dlopen by canonical path; never dlclose, since nothing proves that no thread is left in it.
        Then the file must still be the one that was looked at;
     6. entry: assay_library_v1, its records copied by struct_size into records of this host, so
        that a field the plugin was built without reads as zero;
     7. check: ids, kinds, notes, required operations, option tables (check.h).

   From step 5 on, code of the plugin runs in this process: constructors, then the entry function.
   A file that nobody has vouched for is better looked at in a child first (inspect.h).

       struct loader *loader;
       loader_new(&(struct loader_options){0}, &loader, err);
       loader_open(loader, &(struct loader_request){.path = path, .id = id}, &plugin, err);
       plugin->descriptor.create(...);

   The only user of dlfcn. One thread at a time; what it hands out is constant and may be read by
   any thread until loader_free. */
#ifndef ASSAY_PLUGIN_LOADER_H
#define ASSAY_PLUGIN_LOADER_H

#include <assay/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "framework/base/cleanup.h"
#include "framework/base/error.h"
#include "framework/plugin/mark.h"

enum {
    LOADER_LIBRARIES_MAX = 1024, /* a manifest names a handful; beyond that something loops */
    LOADER_PLUGINS_MAX = 64,     /* in one library; as ELF_NOTES_MAX */
    LOADER_OPTIONS_MAX = 256,    /* of one plugin */
    LOADER_SERVICES_MAX = 64,    /* in one of needs, wants, offers */
    SHA256_TEXT_SIZE = 65
};

struct loader;

/* A loaded file. Strings that are not char * belong to the plugin, which is never unloaded. */
struct plugin_library {
    char *path;            /* canonical */
    struct file_mark mark; /* of the file when it was loaded */
    bool is_untrusted;     /* loaded only since the user said so; warnings has the reason */
    const char *name, *version, *license;
    uint32_t abi_built, abi_needs;
    struct plugin *plugins;
    size_t plugin_count;
    char **warnings; /* for the log and the report: distrust, imports; each names the file */
    size_t warning_count;
};

/* A plugin as this host knows it. `descriptor` is whole: struct_size is this host's, absent fields
   are NULL, and what points to records points to whole records:
     - options and node_options: arrays with a stride of sizeof(assay_option); fallback is NULL for
       required ones, range may be NULL;
     - system, deployer: whole tables, or NULL;
     - needs, wants, offers: never NULL; empty when the plugin has none. */
struct plugin {
    const struct plugin_library *library;
    assay_plugin descriptor;
    assay_system_ops system;     /* descriptor.system points here, for systems */
    assay_deployer_ops deployer; /* descriptor.deployer likewise, when there is one */
    assay_option *options, *node_options;
};

struct loader_options {
    bool allow_untrusted; /* load in spite of step 1, with a warning */
    bool strict_imports;  /* imports outside the list refuse the file instead of a warning */

    /* Called before code of a file runs, with what is about to happen: "being opened" (its
       constructors run), then "in assay_library_v1". For reports of crashes. May be NULL. */
    void (*on_step)(void *context, const char *path, const char *step);
    void *step_context;
};

struct loader_request {
    const char *path;   /* from catalogue_find, or as the user gave it */
    const char *id;     /* the plugin wanted; NULL: the only one in the file */
    uint32_t kind;      /* the kind wanted; 0: any */
    const char *sha256; /* in hex, must be the file's; NULL: any */
};

assay_status loader_new(
    const struct loader_options *options, struct loader **out, struct error *err);
void loader_free(struct loader *loader);
CLEANUP_DEFINE(auto_loader, struct loader *, loader_free)
#define auto_loader CLEANUP(auto_loader)

/* The plugin lives until loader_free. A file asked for again is not loaded again.
   ASSAY_E_NOTFOUND: no such file, or no such plugin in it. ASSAY_E_DENIED: not trusted, another
   digest, imports. ASSAY_E_UNSUPPORTED: another ABI. ASSAY_E_INVALID: everything else. */
assay_status loader_open(struct loader *loader, const struct loader_request *request,
    const struct plugin **out, struct error *err);

/* The same for a whole file, with all plugins in it. */
assay_status loader_open_library(
    struct loader *loader, const char *path, const struct plugin_library **out, struct error *err);

/* What has been loaded, in order, for the report. */
size_t loader_library_count(const struct loader *loader);
const struct plugin_library *loader_library(const struct loader *loader, size_t index);

#endif
