/* Processes of this machine, as /proc shows them.

   A pid alone names nobody: it may be used again. A pid with its start time does, until the next
   boot; that pair is what the journal keeps and what is compared before anything is killed. */
#ifndef ASSAY_RUN_PROC_H
#define ASSAY_RUN_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "framework/base/error.h"
#include "framework/base/vec.h"

enum {
    PROC_LIST_MAX = 1 << 22 /* pid_max cannot be larger */
};

struct proc_entry {
    pid_t pid;
    pid_t parent;
    char state;          /* R S D T t Z X ... as in proc(5) */
    uint64_t start_time; /* clock ticks since boot */
};

/* ASSAY_E_NOTFOUND: there is no such process. */
assay_status proc_read(pid_t pid, struct proc_entry *out);

/* Is the process still the one that was started then, and not a zombie? */
bool proc_is_alive(pid_t pid, uint64_t start_time);

/* Fills a vec of struct proc_entry with all that can be seen, in ascending order of pid. The vec
   is initialised here; the caller ends it with vec_done. */
assay_status proc_list(struct vec *out, struct error *err);

/* False: the calling process has no child but `spared` (0: none at all), not even a dead one that
   nobody has waited for. For a subreaper that means that nobody lives below it but the spared child
   and its descendants. True: it may have; look at all processes. Takes a few microseconds where the
   kernel keeps such lists (CONFIG_PROC_CHILDREN, as distributions have it), and is true where not. */
bool proc_may_have_child(pid_t spared);

/* Has the process this assignment ("NAME=value") in the environment it was started with? False
   also when we may not look: processes of other users are none of ours. */
bool proc_has_assignment(pid_t pid, const char *assignment);

/* What pids and start times refer to: host name, boot and PID namespace, as one word. Two equal
   texts mean that pids can be compared. */
enum {
    PROC_MACHINE_SIZE = 192
};
struct proc_machine {
    char host[PROC_MACHINE_SIZE];
    char boot[64];
    char pids[64];
};
void proc_machine(struct proc_machine *out);

#endif
