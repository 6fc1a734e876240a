/* Which node: what changes from one revision of the node to the next (node contract 10).
 *
 * One switch for all of it. The wire (wire.h) says how things are hashed; the rest here is what the
 * programs, variables, directories and files are called, and whether there are two kinds of node and
 * data availability. Constant data; any thread.
 *
 * Of the revision of 2026-01 the node contract has the names, that there is one kind of node, and that
 * data availability is gone. It has no vectors for its encodings, so they are those of 2025-12 here:
 * networks of development nodes run under the new names, a node of 2026 itself would not read the
 * genesis transaction. docs/revisions.md says what the switch does in full. */
#ifndef NOMOS_REVISION_H
#define NOMOS_REVISION_H

#include <stdbool.h>
#include <stddef.h>

#include "nomos/wire.h"

struct revision {
    const char *name; /* "2025-12" */
    const struct wire_revision *wire;
    bool has_da;
    bool has_roles; /* validators and executors; else one kind, "node" */

    const char *prefix;                        /* of variables, "NOMOS_" */
    const char *node_program;                  /* of validators, or of all nodes */
    const char *executor_program;              /* NULL without roles */
    const char *circuits_directory;            /* in the home directory */
    const char *node_config, *executor_config; /* names of the files */
};

/* The node of December 2025 (3f623e0c). */
extern const struct revision revision_2025_12;
/* The node of January 2026: new names, one kind of node, no data availability. */
extern const struct revision revision_2026_01;

/* NULL: there is none of that name. */
const struct revision *revision_find(const char *name);

/* What a variable of the first revision, "NOMOS_LOG_DIR", is called in this one. Names without the
   prefix, and those of our own programs (NOMOS_DEVNODE_...), are the same in all. By value, for use
   within an expression: revision_called(revision, "NOMOS_LOG_DIR").text. Names of up to 47 bytes. */
struct revision_name {
    char text[64];
};
struct revision_name revision_called(const struct revision *revision, const char *name);

#endif
