/* assay.exec/1: commands that a system runs to make what nodes need.

   They go the way of every process, through the supervisor (commands.h), as many at a time as there
   are processors. Their files are in directories of mode 0700 below scratch/ in the run directory,
   which the supervisor's journal knows of: whatever happens, it is gone after the run. Any
   thread. */
#ifndef ASSAY_HOST_EXEC_H
#define ASSAY_HOST_EXEC_H

#include <assay/plugin.h>

enum {
    EXEC_RUNNING_MAX = 64, /* also where there are more processors: memory is finite */
    EXEC_FILE_MAX = 64 * 1024 * 1024
};

struct exec;
struct host;

struct exec *exec_new(const struct host *host);
void exec_free(struct exec *exec);

/* How many commands run now, and at most; for tests. */
uint32_t exec_running(struct exec *exec);
uint32_t exec_limit(const struct exec *exec);

extern const assay_exec exec_table;

#endif
