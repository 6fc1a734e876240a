/* Starting a process: posix_spawn, with everything a child must not inherit left behind.

   A child gets the descriptors it is given and no others, the default signal dispositions, no
   blocked signals, /dev/null as standard input, and a process group or session of its own. */
#ifndef ASSAY_RUN_SPAWN_H
#define ASSAY_RUN_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "framework/host/processes.h"

enum {
    SPAWN_DESCRIPTORS_MAX = 4,
    SPAWN_DESCRIPTOR_FIRST = 3
};

struct spawn {
    const char *const *argv; /* argv[0]: the program's path */
    const char *const *env;  /* the whole environment */
    const char *directory;   /* NULL: the caller's */
    const char *output;      /* both outputs are appended to this file; NULL: the caller's */
    const int *descriptors;  /* become 3, 4, ... */
    size_t descriptor_count;
    bool is_session; /* of its own, and all signals blocked: it unblocks what it is ready for */
};

struct spawn_failure {
    enum process_step step;
    int error_number;
};

/* Returns the pid, or -1 with *failure filled. */
pid_t spawn_process(const struct spawn *spawn, struct spawn_failure *failure);

/* "the program cannot be executed", "the working directory cannot be entered", ... */
const char *spawn_step_text(enum process_step step);

/* An environment: additions first, then those of base that no addition replaces. Neither list is
   copied beyond its pointers; the caller frees the array. NULL without memory. */
const char **spawn_environment(const char *const *additions, const char *const *base);

#endif
