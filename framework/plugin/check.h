/* Is a descriptor what the ABI asks for? The last step of loading.

   Works on host-side copies, so every field is there. Texts name the plugin and the field, and what
   the author should write instead. Any thread; no state. */
#ifndef ASSAY_PLUGIN_CHECK_H
#define ASSAY_PLUGIN_CHECK_H

#include "framework/base/vec.h"
#include "framework/plugin/loader.h"

/* One plugin by itself: id, texts, kind, operations, services, option tables. */
assay_status check_plugin(const struct plugin *plugin, struct error *err);

/* All plugins of a library: ids are unique, and the notes (assay_note, of this major) say the same
   as the descriptors. */
assay_status check_library(
    const struct plugin_library *library, const struct vec *notes, struct error *err);

#endif
