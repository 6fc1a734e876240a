/* What can be said of a plugin file before any code of it runs.

   Catalogue and loader share it, so that what is listed as fine loads. Any thread; no state. */
#ifndef ASSAY_PLUGIN_LOOK_H
#define ASSAY_PLUGIN_LOOK_H

#include "framework/base/file.h"
#include "framework/plugin/elf.h"
#include "framework/plugin/mark.h"

/* A file's bytes, and what was found in them. */
struct look {
    struct file_text bytes;
    struct file_mark mark; /* of the file that had them */
    struct elf_info info;  /* its texts lie in the bytes */
};

/* Reads a file whole and inspects it. Reading beats mapping here: a file that is being rewritten
   meanwhile then gives an error instead of SIGBUS. Errors do not name the path. */
assay_status look_at_file(const char *path, struct look *look, struct error *err);
void look_done(struct look *look);
CLEANUP_DEFINE_DONE(auto_look, struct look, look_done)
#define auto_look CLEANUP(auto_look)

/* Do entry, notes and versions allow this host to load it? Removes notes of other ABI majors, so
   that those left are this host's. ASSAY_E_UNSUPPORTED: another ABI; ASSAY_E_INVALID: no plugin,
   or a damaged one. Errors do not name the path. */
assay_status look_judge(struct look *look, struct error *err);

#endif
