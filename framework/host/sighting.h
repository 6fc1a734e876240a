/* What a node looks like at a moment, to those who did not act on it, and what that proves.

   Three witnesses, as far as they can be had: the deployer's inspection, the kernel (/proc, for
   processes that the host itself runs), and the node's own API over HTTP. Before and after an
   action:

       START              it runs, and did not, or is another process than before; it answers
       STOP               it does not run any more
       KILL               a signal ended it, or another process runs in its place
       RESTART, REPLACE   it runs, as another process than before; it answers
       PAUSE              the same process, which was not stopped before, is; it does not answer
       RESUME             the same process, which was stopped before, is not; it answers

   Where the kernel was asked it must agree: state T of a paused process, nothing or a zombie where
   one has ended, another start time of another process. Of a process without a pid and a start
   (both 0) nobody knows whether it is another one, and a node in no known state has not ended. A
   node has to answer only if it ever did. Of links and limits none of the three says anything:
   these are never proven here. */
#ifndef ASSAY_HOST_SIGHTING_H
#define ASSAY_HOST_SIGHTING_H

#include <stdbool.h>

#include <assay/plugin.h>

#include "framework/host/inspection.h"
#include "framework/host/processes.h"

#define SIGHTING_ANSWER_LIMIT (500 * ASSAY_MS) /* a node answers a GET of / within milliseconds */

enum answer {
    ANSWER_UNKNOWN, /* it was not asked: nothing runs, or there is no HTTP in this run */
    ANSWER_YES,     /* with any status code */
    ANSWER_NO
};

struct sighting {
    assay_status status;                 /* of the inspection; if it failed, the rest is zero */
    assay_process process;               /* as the deployer says */
    char detail[INSPECTION_DETAIL_SIZE]; /* the deployer's words */
    bool has_kernel;                     /* the kernel was asked: */
    struct process_look kernel;          /* state '\0': there is no such process any more */
    enum answer answer;
};

/* Looks at the node now. Blocks for an inspection and a request; ASSAY_E_CANCELLED in status. */
void sighting_take(assay_task *task, uint32_t node, struct sighting *out);

/* Has the action taken effect, by the rules above? `must_answer`: the node has answered before. */
bool sighting_proves(
    uint32_t kind, const struct sighting *before, const struct sighting *after, bool must_answer);

/* "pid 412 running since 3.1s, state S, answers". */
void sighting_describe(const struct sighting *sighting, char out[160]);

#endif
