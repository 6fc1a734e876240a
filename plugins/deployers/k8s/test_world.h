/* A cluster, kubectl and helm that are tables: what each call and each command answers is the test's
   to say, and what was asked is written down. Two validators; time passes only by sleeping. */
#ifndef PLUGINS_DEPLOYERS_K8S_TEST_WORLD_H
#define PLUGINS_DEPLOYERS_K8S_TEST_WORLD_H

#include "plugins/deployers/k8s/k8s.h"

enum {
    WORLD_NODES = 2,
    WORLD_STORY_SIZE = 1 << 16,
    WORLD_ENTRIES_MAX = 64
};

/* CMocka set-up and tear-down: a healthy cluster. */
int world_open(void **state);
int world_close(void **state);

/* The options that create gets; a test may change them before world_create. */
struct k8s_options *world_options(void);
void world_create(void);
assay_status world_prepare(void);
assay_status world_finish(void);
assay_status world_inspect(uint32_t node, assay_process *out, char detail[160]);
assay_status world_control(uint32_t kind, uint32_t node);
assay_status world_collect(uint32_t node);
assay_status world_watch(void);

/* "(never ready)" and "(no chart)" are no variables: nodes that do not get ready, a chart that is not
   installed. */
void world_variable(const char *name, const char *value);

/* From now on, a request whose method and path ("GET /api/v1/nodes") begin so is answered like this.
   Later entries count before earlier ones. Code 0: nobody answers. Borrowed. `uses`: how often; 0: always. */
void world_answer(const char *request, uint32_t code, const char *body, int uses);
/* The same for commands, whose words joined by blanks contain this. */
void world_command(const char *part, int32_t code, const char *output);

/* Files of node 0, and a program beside the nodes. */
void world_files(const assay_file *files, size_t count);
void world_support(const assay_support *support);

/* The nth call of the host that can fail does, with this status; 0: none. How many there were. */
void world_fail(uint64_t nth, assay_status status);
uint64_t world_calls(void);

/* What was done, a line each; what was said in failures and the log; what was written into a file. */
const char *world_story(void);
const char *world_why(void);
const char *world_log(void);
const char *world_file(const char *path);
assay_ns world_now(void);

/* Where port `port` of a node was bound, "127.0.0.1:30000"; "" when it was not. */
const char *world_bound(uint32_t node, uint32_t port);
const char *world_metrics(void);
const char *world_dashboard(void);
/* Ends that were told, a line each: "NODE killed SIGNAL DETAIL", "NODE exited CODE DETAIL" or "NODE
   unseen 0 DETAIL". */
const char *world_told(void);

/* Fail, and show the whole text, unless it has the part; or if it has. NULL has nothing. */
void has(const char *text, const char *part);
void lacks(const char *text, const char *part);

#endif
