/* What a loaded library says about itself, for people and for programs.

   The text is the reference of its options: name, type, default, range, help. The same table is
   what manifests are checked against, so this documentation cannot be wrong. Any thread. */
#ifndef ASSAY_PLUGIN_DESCRIBE_H
#define ASSAY_PLUGIN_DESCRIBE_H

#include "framework/base/json_out.h"
#include "framework/base/str.h"
#include "framework/plugin/loader.h"

/* The digest is library_digest's. Appends; failures stick in the str. */
void describe_text(const struct plugin_library *library, const char *sha256, struct str *out);

/* One object: {"path", "sha256", "name", "version", "license", "abi_built", "abi_needs",
   "warnings": [...], "plugins": [{"id", "kind", "version", "summary", "needs", "wants", "offers",
   "options": [{"name", "type", "default", "range", "help", "required", "secret", "deprecated"}],
   "node_options": [...]}]}. */
void describe_json(const struct plugin_library *library, const char *sha256, struct json_out *json);

/* "span"; "unknown" for an unknown number. */
const char *option_type_name(uint32_t type);

#endif
