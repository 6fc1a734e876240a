/* The worker's end of the line to the supervisor: the table of framework/host/processes.h, and the
   message that the run is to stop.

       struct processes_client *client = NULL;
       s = processes_client_new(&config, &client, err);
       host_config.processes = processes_client_ops(client);

   A thread of its own receives what the supervisor reports and calls the hooks; it holds no lock
   meanwhile. Everything else may be called from any thread. Free it when nothing uses the table
   any more. */
#ifndef ASSAY_RUN_PROCESSES_CLIENT_H
#define ASSAY_RUN_PROCESSES_CLIENT_H

#include "framework/base/cleanup.h"
#include "framework/host/processes.h"

struct processes_client;

struct processes_client_config {
    int fd; /* of the socket; the client owns it from processes_client_new on, also if that fails */
    const char *run_directory; /* absolute; removals must be below */

    /* The run is to stop since this signal reached the front end. May come more than once. */
    void (*on_cancel)(void *context, int signal_number);
    /* The supervisor is gone: nothing can be started or ended any more, and whoever is left will
       kill this process in a moment. NULL: the process ends at once with processes_client_abandon,
       which is right for a worker. */
    void (*on_lost)(void *context);
    void *context;
};

assay_status processes_client_new(
    const struct processes_client_config *config, struct processes_client **out, struct error *err);
void processes_client_free(struct processes_client *client); /* NULL is fine */

/* No hook is called any more, and none is under way when this returns: before freeing what they
   use. NULL is fine. Not from inside of a hook. */
void processes_client_mute(struct processes_client *client);
CLEANUP_DEFINE(auto_processes_client, struct processes_client *, processes_client_free)
#define auto_processes_client CLEANUP(auto_processes_client)

/* Lives as long as the client. */
const struct process_ops *processes_client_ops(struct processes_client *client);

/* The descriptors that the supervisor passed: ASSAY_SUPERVISOR_FD and ASSAY_CRUMB_FD of the
   environment, which are removed from it and made close-on-exec. ASSAY_E_NOTFOUND: there are
   none, so this program was not started by a supervisor. */
assay_status processes_client_descriptors(int *out_supervisor, int *out_crumb, struct error *err);

/* Ends this process and, where a control group is around the run, everything in it. */
_Noreturn void processes_client_abandon(void);

#endif
