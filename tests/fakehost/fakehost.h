/* A scripted host for tests of plugins: every service that the first-party deployer, workloads and
   expectations use, on one thread and on a clock that moves only when the plugin waits.

   A test writes the script first (who adopts which block when, who stops answering, what HTTP
   says), then drives the plugin through its life:

       struct fakehost *f = fake_new();
       fake_window(f, 10 * ASSAY_SECOND, 70 * ASSAY_SECOND);
       fake_nodes(f, "validator", 3);
       fake_chain(f, "a", "genesis", 1, 30);                       blocks a1 ... a30
       fake_adopt_run(f, ASSAY_ANY_NODE, "a", 1, 30, 12 * ASSAY_SECOND, 2 * ASSAY_SECOND);
       fake_create(f, "lag_max=3", NULL);                          options as in a manifest
       fake_cancel_at(f, 75 * ASSAY_SECOND);
       fake_run(f);
       fake_judge(f, &verdict);
       fake_free(f);                                               fails the test on a leak

   Everything is owned by the fakehost and freed with it. A misuse by the plugin (waiting for ever,
   releasing twice, a record without struct_size) fails the test at once. */
#ifndef ASSAY_TESTS_FAKEHOST_FAKEHOST_H
#define ASSAY_TESTS_FAKEHOST_FAKEHOST_H

#include <stdbool.h>

#include <assay/plugin.h>

struct fakehost;

struct fakehost *fake_new(void);
/* Destroys the instance if there is one, then fails the test when it has left anything
   unreleased. */
void fake_free(struct fakehost *f);

/* ---- the plugin under test: the one in this program's library ---- */

/* Makes the instance with the given "name=value" options, NULL at the end; the rest by fallback. */
assay_status fake_create(struct fakehost *f, ...) __attribute__((sentinel));
assay_status fake_prepare(struct fakehost *f);
assay_status fake_run(struct fakehost *f);
assay_status fake_finish(struct fakehost *f);
assay_status fake_judge(struct fakehost *f, assay_verdict *out);

/* The deployer's operations on a node. */
assay_status fake_control(struct fakehost *f, uint32_t kind, uint32_t node, assay_ns until);
assay_status fake_inspect(struct fakehost *f, uint32_t node, assay_process *out, char detail[160]);

/* ---- time ---- */

assay_ns fake_now(const struct fakehost *f);
/* Lets the script run to this moment, as between two operations. */
void fake_advance(struct fakehost *f, assay_ns until);
void fake_window(struct fakehost *f, assay_ns start, assay_ns end);
/* What chance begins with. */
void fake_chance(struct fakehost *f, uint64_t seed);
/* The next operation (the following ones are fresh) is cancelled at this moment. */
void fake_cancel_at(struct fakehost *f, assay_ns at);

/* ---- torture ---- */

/* The nth call (from 1) of a service function that can fail returns `status`; 0: none. */
void fake_fail_call(struct fakehost *f, uint64_t nth, assay_status status);
/* The nth blocking call finds its operation cancelled; 0: none. */
void fake_cancel_call(struct fakehost *f, uint64_t nth);
/* Counts only calls of this function, "start", for fake_fail_call, from now on. */
void fake_aim(struct fakehost *f, const char *name);
/* Right before the nth counted call the node adopts the block: what happens while a plugin reads.
   With another block it goes on changing between the two, every nth call. */
void fake_adopt_at_call(
    struct fakehost *f, uint64_t nth, uint32_t node, const char *block, const char *other);
uint64_t fake_calls(const struct fakehost *f);
uint64_t fake_blocking_calls(const struct fakehost *f);
/* The function that was made to fail; "" if none was. */
const char *fake_failed_call(const struct fakehost *f);

/* A life to be lived again and again, each time with another call of it disturbed. */
struct fake_life {
    struct fakehost *(*make)(void); /* the script, and the life before what is to be disturbed */
    assay_status (*live)(struct fakehost *f, assay_verdict *verdict);
    uint32_t outcome;   /* what the undisturbed life is judged; 0: it is not */
    const char *spared; /* a function that the plugin can do without; or NULL */
    void (*check)(
        const struct fakehost *f); /* of every life at its end, before fake_free; or NULL */
};
/* Fails one call after the other with `status`, which is what the life must end with then. Returns
   how many were failed. */
uint64_t fake_fail_each_call(const struct fake_life *life, assay_status status);
/* Cancels at one blocking call after the other: the life must end cancelled, without another
   blocking call and without an explanation. Returns how many there were. */
uint64_t fake_cancel_each_wait(const struct fake_life *life);

/* ---- what was said ---- */

const char *fake_log(const struct fakehost *f); /* all lines, "WARN text\n" */
const char *fake_why(const struct fakehost *f); /* the latest text given to fail; "" */

/* ---- the run ---- */

void fake_facts(struct fakehost *f, assay_ns block_interval, uint64_t expected, uint64_t depth);

/* ---- nodes and chains ---- */

/* Adds count nodes "role-0", ... all reachable, at genesis. */
void fake_nodes(struct fakehost *f, const char *role, uint32_t count);
/* Blocks "<prefix><height>" for from..to, the first one upon `parent` ("genesis" or a block). */
void fake_chain(
    struct fakehost *f, const char *prefix, const char *parent, uint64_t from, uint64_t to);
void fake_item(struct fakehost *f, const char *block, const char *kind, const char *id);
void fake_block_flags(struct fakehost *f, const char *block, uint32_t flags);
/* The host never learns this block's contents: look-ups answer ASSAY_E_NOTFOUND. */
void fake_hide(struct fakehost *f, const char *block);

/* At `at` the node's tip becomes `block` ("genesis": a restart from nothing). */
void fake_adopt(struct fakehost *f, assay_ns at, uint32_t node, const char *block);
/* The node adopts <prefix><from>, ... one every `interval` from `at` on; ASSAY_ANY_NODE: all do. */
void fake_adopt_run(struct fakehost *f, uint32_t node, const char *prefix, uint64_t from,
    uint64_t to, assay_ns at, assay_ns interval);
/* The node calls `block` final. */
void fake_final(struct fakehost *f, assay_ns at, uint32_t node, const char *block);
void fake_takes_back_final(struct fakehost *f, uint32_t node, uint64_t heights);
/* From `at` on observations fail; the host sees what it missed when they succeed again. */
void fake_unreachable(struct fakehost *f, assay_ns at, uint32_t node);
void fake_reachable(struct fakehost *f, assay_ns at, uint32_t node);
/* At `at` the feed says that it has dropped so many observations. */
void fake_lose(struct fakehost *f, assay_ns at, uint64_t count);
/* From `at` on it really drops the next so many. */
void fake_drop(struct fakehost *f, assay_ns at, uint64_t count);

/* ---- traffic ---- */

/* A submission that some workload has reported. */
void fake_submission(struct fakehost *f, const char *id, uint32_t outcome, assay_ns at);
void fake_submission_of(
    struct fakehost *f, const char *kind, const char *id, uint32_t outcome, assay_ns at);
/* The latest one was by this node, and not by the first. */
void fake_submitted_to(struct fakehost *f, uint32_t node);
size_t fake_submission_count(const struct fakehost *f, uint32_t outcome);
/* Of one kind; its id, or "" beyond the last one. */
size_t fake_submission_count_of(const struct fakehost *f, const char *kind, uint32_t outcome);
const char *fake_submission_id(const struct fakehost *f, const char *kind, size_t index);

/* How node answers from now on: code 0 is a broken connection. */
void fake_answers(struct fakehost *f, uint32_t node, uint32_t code, assay_ns latency);
/* From `at` on it answers with another code. */
void fake_answers_at(struct fakehost *f, assay_ns at, uint32_t node, uint32_t code);
/* What the system makes of every answer, whatever it is; ASSAY_SUBMIT_PENDING: what it really
   is. */
void fake_settles_as(struct fakehost *f, uint32_t outcome);
/* How late requests leave. */
void fake_send_delay(struct fakehost *f, assay_ns delay);

struct fake_sent {
    uint32_t node;
    assay_ns asked_at; /* when the plugin called start */
    assay_ns at;       /* when it was to be sent */
    assay_ns timeout;
    const char *path;
};
size_t fake_sent_count(const struct fakehost *f);
const struct fake_sent *fake_sent(const struct fakehost *f, size_t index);

/* Accounts for purses, time to make a transaction, time until an output can be used again. */
void fake_purse(struct fakehost *f, uint32_t accounts, assay_ns make_time, assay_ns recycle);
uint32_t fake_purse_users(const struct fakehost *f); /* that were asked for; 0: never */

/* ---- data availability: nomos.da/1 ---- */

/* From then to then a block of the messages that nodes have taken comes on all nodes every interval,
   in a chain of its own: "d1", "d2", ... A node takes what it answers with 200 (fake_answers). */
void fake_da_blocks(struct fakehost *f, assay_ns from, assay_ns to, assay_ns interval);
/* Only the first so many blocks take in messages. */
void fake_da_stops_including(struct fakehost *f, uint64_t blocks);
/* The newest so many blocks are given up, and messages in them or waiting are lost. The next blocks
   are named by the letter after. */
void fake_da_gives_up(struct fakehost *f, assay_ns at, uint64_t blocks);
/* Nodes take messages whatever they answer. */
void fake_da_takes_unanswered(struct fakehost *f);

/* A message that some workload has sent; its data is "data of <id>". */
void fake_da_message(
    struct fakehost *f, const char *id, const char *kind, const char *channel, const char *parent);
/* It was not sent through the service after all: no checksum is known. */
void fake_da_foreign(struct fakehost *f, const char *id);
struct fake_served {
    assay_status status;
    uint32_t held, wrong, assigned, missing;
    const char *why;
};
/* What node serves of every blob; at first the one column that it is to keep. */
void fake_da_serves(struct fakehost *f, uint32_t node, const struct fake_served *served);
/* Whether the columns give the data, and why not. */
void fake_da_reads(struct fakehost *f, assay_status status, const char *why);
/* It takes so many nodes to have enough of them. */
void fake_da_reads_from(struct fakehost *f, uint32_t nodes);
/* After so many readings the columns are no data. */
void fake_da_denies_after(struct fakehost *f, uint64_t readings);
void fake_da_read_takes(struct fakehost *f, assay_ns time);
/* They give other data. */
void fake_da_changes_data(struct fakehost *f);
/* Reading cannot even begin. */
void fake_da_read_fails(struct fakehost *f, assay_status status);
size_t fake_da_readings(const struct fakehost *f);
const char *fake_da_last_read(const struct fakehost *f);

/* ---- measurements of the plugin ---- */

/* Counter: sum. Gauge: last. Histogram: sum. 0 when it was never defined. */
double fake_metric(const struct fakehost *f, const char *name);
size_t fake_metric_samples(const struct fakehost *f, const char *name);
/* What the metrics store answers to any query from this moment on. Without it there is none. Asked of
   how many nodes it has heard, "count(up{job...", "count(count by (job)...", it says of all, unless
   fake_presence says otherwise from some moment on. */
void fake_query(struct fakehost *f, assay_ns at, assay_status status, double value);
void fake_presence(struct fakehost *f, assay_ns at, uint32_t scraped, uint32_t pushed);
/* The latest query of each kind, and the age that samples might have. */
const char *fake_asked(const struct fakehost *f, assay_ns *age_max);
const char *fake_asked_presence(const struct fakehost *f);

/* ---- deployment ---- */

void fake_variable(struct fakehost *f, const char *name, const char *value);
/* How the node's process takes SIGTERM from now on: it ends `delay` later; ASSAY_FOREVER: never. */
void fake_obeys(struct fakehost *f, uint32_t node, assay_ns delay);
/* Even SIGKILL does not end it. */
void fake_is_immortal(struct fakehost *f, uint32_t node);
/* At `at` the process is killed by this signal, though nobody asked. */
void fake_dies(struct fakehost *f, assay_ns at, uint32_t node, uint32_t signal_number);
/* What the deployer did, one call after the other: "free_port tcp\nbind 0 0 127.0.0.1:20000\n". */
const char *fake_story(const struct fakehost *f);

/* ---- node control ---- */

/* Actions that assay.control/1 does; at first all. */
void fake_supports(struct fakehost *f, uint64_t actions);
/* How long each takes from now on, and what comes of it: ASSAY_E_... is what act returns. */
void fake_acts(struct fakehost *f, assay_ns duration, assay_status status, uint32_t proof);
/* What the plugin did. */
struct fake_act {
    assay_ns at, until; /* when it was asked, and its deadline */
    uint32_t kind, node;
};
size_t fake_act_count(const struct fakehost *f);
const struct fake_act *fake_act(const struct fakehost *f, size_t index);

/* A receipt that is there once the action is over, at `done_at`. */
void fake_receipt(
    struct fakehost *f, uint32_t kind, uint32_t node, assay_ns asked_at, assay_ns done_at);
void fake_unproven_receipt(
    struct fakehost *f, uint32_t kind, uint32_t node, assay_ns asked_at, assay_ns done_at);
/* A node's end that nobody asked for (signal 0), or otherwise than asked; killed_by 0: exit code 1,
   FAKE_UNSEEN: nobody saw how. */
enum {
    FAKE_UNSEEN = 255
};
void fake_node_end(
    struct fakehost *f, assay_ns at, uint32_t node, uint32_t killed_by, uint32_t asked_by);
/* The node was away, as receipts prove. */
void fake_away(struct fakehost *f, uint32_t node, assay_ns from, assay_ns to);

#endif
