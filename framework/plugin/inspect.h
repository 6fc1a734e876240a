/* Describes plugin files in a child process, since loading runs code of theirs.

   `assay plugins describe` and `check` must survive any file. The parent starts a program with
   "--inspect FILE" that hands over to plugin_inspect_main; constructors that crash, exit or hang do
   so in the child and are reported with what was going on: "broken.so: crashed while being opened
   (SIGSEGV)". The child dumps no core, dies with its parent, and is killed, with its process group,
   as soon as it has answered or its time is up.

   The description goes over a pipe on descriptor 3. The child's standard output and error are
   /dev/null: what a constructor prints is not part of the answer. */
#ifndef ASSAY_PLUGIN_INSPECT_H
#define ASSAY_PLUGIN_INSPECT_H

#include <stdbool.h>
#include <stddef.h>

#include "framework/base/error.h"
#include "framework/plugin/loader.h"

enum {
    INSPECT_OUTPUT_MAX = 4 << 20 /* bytes of description; help texts of 64 plugins fit well */
};
#define INSPECT_TIMEOUT_DEFAULT (10 * ASSAY_SECOND) /* sanitizer builds load slowly */

struct inspect_request {
    const char *program; /* that calls plugin_inspect_main, usually assay-worker; absolute */
    const char *path;    /* the plugin file */
    assay_ns timeout;    /* 0: INSPECT_TIMEOUT_DEFAULT */
    bool as_json;        /* else text for people */
    bool allow_untrusted;
    bool strict_imports;
};

/* Describes all plugins of a file: out_text is for the caller to print and free. The codes are
   those of loader_open_library; ASSAY_E_TIMEOUT: the child had to be killed; ASSAY_E_INTERNAL: it
   crashed or exited. Blocks; any thread. SIGCHLD may be ignored or handled by the caller as long
   as the child is left to this function to reap. */
assay_status plugin_inspect(
    const struct inspect_request *request, char **out_text, struct error *err);

/* The child's side: `program --inspect FILE [--json] [--allow-untrusted] [--strict-imports]`.
   argv is main's. Returns the exit code. Answers on descriptor 3 and fails when that is not open. */
int plugin_inspect_main(int argc, char **argv);

#endif
