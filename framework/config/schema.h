/* Option tables at work: from the settings of a section to a filled struct.

   A plugin describes its options as constant data (assay_option). Everything
   follows from that table: parsing, ranges, defaults, suggestions, explain.

       schema     the table, and how large the struct is
       values     the filled struct, and per option its text and origin

   All problems of a section are reported, none hides another. One thread at a
   time; values are constant once filled. */
#ifndef ASSAY_CONFIG_SCHEMA_H
#define ASSAY_CONFIG_SCHEMA_H

#include <stddef.h>

#include "framework/config/ini.h"

enum {
    SCHEMA_OPTIONS_MAX = 512,
    SCHEMA_STRUCT_SIZE_MAX = 1024 * 1024
};

/* An option table as a plugin gives it; borrowed, may be empty. */
struct schema {
    const assay_option *options;
    size_t stride; /* from one entry to the next: the plugin's sizeof(assay_option) */
    size_t count;
    size_t struct_size; /* of what the offsets point into */
};

/* The option at index, with fields that the plugin's version lacks read as zero. */
assay_option schema_option(const struct schema *schema, size_t index);

/* Is the table itself sound? Names, types, flags, offsets, ranges, and whether
   each fallback is valid by its own rules. For plugins: done once when loading.
   err names the option. */
assay_status schema_check(const struct schema *schema, struct error *err);

struct value {
    const char *name; /* of the option */
    const char *text; /* as it was understood; NULL: not given and no default */
    const char *raw;  /* before ${NAME} was expanded; equals text otherwise */
    struct origin origin;
    uint32_t type, flags; /* the option's */
};

struct values {
    void *data;         /* struct_size bytes; the options' fields filled */
    struct value *list; /* one per option, in the table's order */
    size_t count;
    struct pool pool; /* owns all of the above and the strings in data */
};

void values_init(struct values *values);
void values_done(struct values *values);

/* The value of the option of that name, or NULL. */
struct value *values_find(const struct values *values, const char *name);

/* Fills out (initialised, empty) from a section; NULL: from defaults alone.
   Strings are copied, but origins keep borrowing from the ini. The table must have
   passed schema_check. What is wrong goes to problems, with the name of the
   section, which is `where`; the struct is then only partly filled. */
void schema_fill(const struct schema *schema, const char *where, const struct section *section,
    struct values *out, struct problems *problems);

/* The same for a plugin's section, whose keys "plugin" and "sha256" are the manifest's. */
void schema_fill_instance(const struct schema *schema, const char *where,
    const struct section *section, struct values *out, struct problems *problems);

CLEANUP_DEFINE_DONE(auto_values, struct values, values_done)
#define auto_values CLEANUP(auto_values)

#endif
