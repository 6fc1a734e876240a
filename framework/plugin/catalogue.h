/* Which plugins there are, and where. Reads files, runs none of their code.

   Plugins are looked for, in this order, in
     1. the directories given (assay --plugin-dir, repeatable),
     2. those of ASSAY_PLUGIN_PATH (colons between; ignored in set-user-id programs),
     3. the plugin directory of the tree that the running program belongs to.
   Directories are not searched in depth, and the current directory never.

   Plugin "acme.tx-burst" is in acme.tx-burst.so, or in acme.so with others of its vendor. The same
   id in two places is an error naming both: the order of a search path must not decide what runs.

       struct catalogue *cat;
       catalogue_new(&options, &cat, err);
       catalogue_find(cat, "acme.tx-burst", ASSAY_WORKLOAD, &path, err);
       loader_open(loader, &request, &plugin, err);

   The files are read afresh at each call; nothing is cached that could be out of date. One thread
   at a time. */
#ifndef ASSAY_PLUGIN_CATALOGUE_H
#define ASSAY_PLUGIN_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "framework/base/cleanup.h"
#include "framework/base/error.h"
#include "framework/base/vec.h"

enum {
    CATALOGUE_DIRECTORIES_MAX = 64,  /* of a search path that a person wrote */
    CATALOGUE_FILES_MAX = 4096,      /* in one directory: it holds plugins, or is a mistake */
    CATALOGUE_ENTRIES_MAX = 65536,   /* plugins in a list that somebody reads */
    PLUGIN_FILE_SIZE_MAX = 512 << 20 /* bytes; even a debug build with all linked in is smaller */
};

struct catalogue;

struct catalogue_options {
    const char *const *directories; /* as given by the user; NULL at the end; may be NULL */
    bool no_environment;            /* leave out ASSAY_PLUGIN_PATH */
    bool no_own;                    /* leave out the program's own plugin directory */
    bool allow_untrusted;           /* list shows distrust as a problem unless this is set */
};

/* ASSAY_E_NOTFOUND, ASSAY_E_INVALID: a directory of the options is not there or is none; an
   entry of ASSAY_PLUGIN_PATH is not absolute. Entries of ASSAY_PLUGIN_PATH that do not exist are
   passed over. */
assay_status catalogue_new(
    const struct catalogue_options *options, struct catalogue **out, struct error *err);
void catalogue_free(struct catalogue *cat);
CLEANUP_DEFINE(auto_catalogue, struct catalogue *, catalogue_free)
#define auto_catalogue CLEANUP(auto_catalogue)

/* The directories that are searched, in order; canonical. */
size_t catalogue_directory_count(const struct catalogue *cat);
const char *catalogue_directory(const struct catalogue *cat, size_t index);

/* The canonical path of the file that has this plugin; the caller frees it. kind 0 is any.
   ASSAY_E_NOTFOUND: unknown, with the nearest known id of that kind and where was looked. ASSAY_E_INVALID: no
   id, in two places, another kind of plugin, or a file that is no plugin library. */
assay_status catalogue_find(
    struct catalogue *cat, const char *id, uint32_t kind, char **out_path, struct error *err);

/* A plugin, or a file that is none. */
struct catalogue_entry {
    char *path;
    char *problem; /* NULL: fine; else why none of the file's plugins could be loaded */
    uint32_t kind; /* 0 when there is a problem with the file as such; then texts are "" */
    uint32_t abi_built, abi_needs;
    char id[64], version[24], summary[168];
};

/* All *.so files of all directories, as struct catalogue_entry, sorted by directory and name. An
   id in two places is a problem of all its entries. */
assay_status catalogue_list(struct catalogue *cat, struct vec *entries, struct error *err);
void catalogue_entries_done(struct vec *entries); /* frees the entries and the vec */
CLEANUP_DEFINE_DONE(auto_catalogue_entries, struct vec, catalogue_entries_done)
#define auto_catalogue_entries CLEANUP(auto_catalogue_entries)

/* "workload"; "plugin" for an unknown number. */
const char *plugin_kind_name(uint32_t kind);

/* Is it of the form vendor.name: lower-case letters, digits and - _ in both parts, each starting
   with a letter, at most 63 bytes? */
bool plugin_id_is_valid(const char *id);

#endif
