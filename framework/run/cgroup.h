/* A control group (version 2) around a run, where the system lets us have one.

   Whatever a process does (fork twice, start a session, ignore signals, outlive its parents), its
   children stay in its group, and one write to cgroup.kill ends all of them at once. That covers
   the one case that a process tree does not: supervisor and front end killed together. It is an
   addition; without it (most users may not create groups) everything works but that.

   The group is made below the one that the caller is in, in the hierarchy found at /sys/fs/cgroup
   or /sys/fs/cgroup/unified. ASSAY_CGROUP=off in the environment keeps us from trying. */
#ifndef ASSAY_RUN_CGROUP_H
#define ASSAY_RUN_CGROUP_H

#include <stdbool.h>

#include "framework/base/error.h"

enum {
    CGROUP_PATH_SIZE = 1024
};

struct cgroup {
    char path[CGROUP_PATH_SIZE]; /* "" when there is none */
    char home[CGROUP_PATH_SIZE]; /* where the caller came from */
};

/* Makes a group of this name and moves the calling process into it; what it starts from now on is
   in it too. ASSAY_E_UNSUPPORTED: not here; nothing was changed. */
assay_status cgroup_enter(struct cgroup *cgroup, const char *name, struct error *err);

/* Moves the calling process back and removes the group, which must be empty but for it. Fine
   without a group. */
assay_status cgroup_leave(struct cgroup *cgroup, struct error *err);

/* Moves the calling process back, and kills everything that is left in the group. */
assay_status cgroup_leave_and_kill(const struct cgroup *cgroup, struct error *err);

/* For others than the creator: kills everything in the group at this path (the caller, too, if it
   is in it). Fine when it is gone. ASSAY_E_DENIED: this is no group that cgroup_enter makes. */
assay_status cgroup_kill(const char *path, struct error *err);

/* Removes an empty group; waits up to a second for its last processes to disappear. */
assay_status cgroup_remove(const char *path, struct error *err);

/* Is this the path of a group that cgroup_enter makes? Guards against a forged journal. */
bool cgroup_is_ours(const char *path);

#endif
