/* From what assay_library_v1 returned to records of this host.

   Everything is copied by struct_size and stride (record.h) and given the form that loader.h
   promises; check.h judges it afterwards. What is not copied are texts and functions: they stay
   where they are, in a library that is never unloaded. */
#ifndef ASSAY_PLUGIN_ADOPT_H
#define ASSAY_PLUGIN_ADOPT_H

#include "framework/base/cleanup.h"
#include "framework/plugin/loader.h"

/* An empty library for the file at a path; takes the path over, also when it fails (NULL). */
struct plugin_library *library_new(char *path);
void library_free(struct plugin_library *library);
CLEANUP_DEFINE(auto_library, struct plugin_library *, library_free)
#define auto_library CLEANUP(auto_library)

/* Adds a warning, taking it over; one that finds no room is dropped. */
enum {
    LIBRARY_WARNINGS_MAX = 64 /* imports that go astray; more say the same */
};
void library_warn(struct plugin_library *library, char *text);

/* Fills library from theirs. Reads what theirs points to, so a wild pointer crashes here. */
assay_status library_adopt(
    struct plugin_library *library, const assay_library *theirs, struct error *err);

#endif
