/* Commands that run beside the nodes: exec, undo and beside of assay.deployment/1, run of
   assay.exec/1.

   A command goes the way of every process, through the supervisor, so that it cannot outlive the
   run either. What it prints goes to a file in its directory, by default the workspace, which is read
   and removed when it has ended. */
#ifndef ASSAY_HOST_COMMANDS_H
#define ASSAY_HOST_COMMANDS_H

#include <assay/plugin.h>

enum {
    EXEC_OUTPUT_MAX = 1024 * 1024, /* bytes kept of what a command prints: the ABI's promise */
    EXEC_WORDS_MAX = 1024          /* of a command line */
};

assay_status command_undo(const assay_host *table, const char *const *argv);
assay_status command_exec(assay_task *task, const char *const *argv, assay_ns until,
    int32_t *exit_code, assay_bytes *output);
/* The same in a directory, which exists, is absolute, and takes the file of what it prints. */
assay_status command_exec_in(assay_task *task, const char *directory, const char *const *argv,
    assay_ns until, int32_t *exit_code, assay_bytes *output);

/* Starts it and does not wait for its end. */
assay_status command_beside(const assay_host *table, const char *name, const char *const *argv);

#endif
