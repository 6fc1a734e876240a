/* Ends of node processes that nobody asked for, and those that went another way than was asked.

   A process that was sent a signal that asks it to end has done as it was told when that signal
   ended it, or SIGKILL did, or it exited with 0 or with 128 and the signal's number, as shells have
   it. What ends once the run is being torn down is of no interest. Everything else is kept here,
   said in events.ndjson, in the log and among the report's notices, and read through
   assay.receipts/1.

   Whoever hears of a change of a process, and whoever is about to replace one, lets ends_note look,
   so that no end is missed however fast the next process is started. Of nodes that no process of the
   host's runs the deployer tells, who is asked now and then (watch.c). Any thread. */
#ifndef ASSAY_HOST_ENDS_H
#define ASSAY_HOST_ENDS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/plugin.h>

struct deployment;
struct host;

enum {
    NODE_ENDS_MAX = 100000 /* one a second for a day */
};

/* Has the process that runs this node, or ran it last, ended? Then says so, once. The deployment's
   lock is not held. */
void ends_note(struct deployment *deployment, uint32_t node);

/* The same for the node that this process runs, if it runs any. */
void ends_note_process(struct deployment *deployment, uint32_t process);

/* assay_deployment.ended: what only the deployer knows of. */
assay_status ends_told(const assay_host *table, const assay_node_end *end, const char *detail);

/* "killed by signal 11 (Segmentation fault)", "exit code 1". */
enum {
    END_TEXT_SIZE = 80
};
const char *ends_describe(const assay_node_end *end, char out[END_TEXT_SIZE]);

/* Does this signal ask a process to end, or is it one that by default stops it, wakes it or is
   ignored? */
bool ends_asks(int signal_number);

/* How many such ends there were. */
size_t host_node_end_count(const struct host *host);

/* The index-th; false: there are no more. struct_size set by the caller. */
bool host_node_end_at(const struct host *host, size_t index, assay_node_end *out);

#endif
