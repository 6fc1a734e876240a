/* What ini.c and ini_read.c share: checks, and adding without looking twice. */
#ifndef ASSAY_CONFIG_INI_STORE_H
#define ASSAY_CONFIG_INI_STORE_H

#include "framework/config/ini.h"

/* May this be the name of a section or key (`what`)? If not, says so. */
bool ini_name_check(
    const char *what, const char *name, const struct origin *origin, struct problems *problems);

/* May this stand behind a key? If not, *out_why goes on from "the value". */
bool ini_value_check(const char *value, const char **out_why);

/* The section of that name, added if need be; NULL after a problem. */
struct section *ini_open_section(
    struct ini *ini, const char *name, const struct origin *origin, struct problems *problems);

/* Adds a checked setting or replaces the one with its key; copies its strings, but not its
   origin's. */
void ini_store(
    struct ini *ini, struct section *section, struct setting setting, struct problems *problems);

#endif
