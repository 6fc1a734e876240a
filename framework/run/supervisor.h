/* The supervisor: a small process of its own that owns everything a run starts.

   It is the parent of the worker and of every node, and a subreaper, so whatever those start and
   abandon becomes its child too. It runs until the worker has ended or has to: because the front
   end died, the run was interrupted twice, or a time limit passed. Then it kills everything that
   is left until the kernel says there is nobody any more (ECHILD), writes a verdict if the worker
   left none, undoes what the journal says, and ends.

   It carries no foreign code, never blocks on anybody, and allocates little, so that it is the
   part that does not fail. If it is killed all the same, its parent, the front end (launch.h), is
   a subreaper too and takes over.

       stage      entered when                              left when
       SERVING    the worker has been started               the worker ends, or `close_for`
       CLOSING    everything is being killed                nobody is left, or END_LIMIT is over
       CLOSED     -                                         -

   One thread, one epoll loop. Reads and writes: the front end's socket (orders, news), the worker's
   socket (requests, reports; wire.h), signals, and the front end's pidfd. */
#ifndef ASSAY_RUN_SUPERVISOR_H
#define ASSAY_RUN_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "framework/base/error.h"

enum {
    SUPERVISOR_FRONT_FD = 3, /* where the front end puts the descriptors */
    SUPERVISOR_CRUMB_FD = 4
};

struct supervisor_config {
    const char *run_id, *name, *run_directory, *worker, *journal;
    uint64_t seed;
    pid_t front_end;
    assay_ns cancel_grace; /* from a cancellation to SIGKILL */
    assay_ns limit;        /* for the run; 0: none */
    bool avoids_cgroup;
};

/* The command line of assay-supervisor: NAME=value words, written by the front end and read by
   supervisor_config_parse. Texts of the parsed config point into argv. */
assay_status supervisor_config_parse(char **argv, struct supervisor_config *out, struct error *err);

/* The same words, for the front end; the caller frees each and the array. NULL without memory. */
char **supervisor_config_words(const char *program, const struct supervisor_config *config);

/* All of the above. Returns the exit code of the run. */
int supervisor_run(const struct supervisor_config *config);

#endif
