/* assay/plugin.h - the plugin ABI, major 1, minor 0.
 *
 * A plugin is a shared object that exports one function, assay_library_v1, which returns constant
 * data: the plugins in the library, their options, the services they need. The host reads an ELF
 * note (assay_note) before it runs any code of the file, then the constant data, and only when a
 * whole manifest has been found valid does it create instances.
 *
 * C11 to C23 and C++14 to C++20, freestanding headers only. docs/abi.md has the rules in full,
 * docs/writing-a-plugin.md a worked example, sdk.h the convenient inline helpers.
 *
 * Rules that hold everywhere:
 *
 *  - Blocking. A function that takes an assay_task may block and is a cancellation point: once the
 *    task is cancelled it returns ASSAY_E_CANCELLED at once, for ever. A function that takes an
 *    assay_host never blocks and may be called from any task of the instance. (Two exceptions,
 *    neither blocks: random takes the task since the stream is the task's; cancelled takes it const.)
 *  - Ownership. What a function is passed is borrowed until it returns. What is handed out through
 *    a pointer to an opaque type is the receiver's to give back with the release function in the
 *    same table; NULL is accepted there. Strings and bytes live as long as the object they came
 *    from; strings of directories (nodes, topology) live as long as the run.
 *  - Growth. Tables and records open with struct_size, set by whoever allocates them, and grow only
 *    at the end. Set it on every record you pass, out-parameters included: the host fills no more
 *    than struct_size bytes. ASSAY_HAS asks whether the other side knows a field.
 *  - Errors. 0 or one of the negative codes below. Explain a failure once, where it is known, with
 *    `return host->fail(host, status, "...")`. On failure out-parameters are untouched.
 *  - World. Time, sleep, chance, network, processes and files come from services alone. A plugin
 *    starts no threads or processes and touches no signal handler, environment or descriptor.
 *  - Text is NUL-terminated UTF-8. Times and spans are nanoseconds. Sizes are bytes.
 */
#ifndef ASSAY_PLUGIN_H
#define ASSAY_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_ABI_MAJOR 1u
#define ASSAY_ABI_MINOR 0u /* What this header describes; the major is in the symbol's name. */

/* The lowest host minor that the plugin works with. Define it before including this header when
 * the plugin cannot do without something newer; a newer header alone does not ask for a newer host. */
#ifndef ASSAY_ABI_NEEDS
#define ASSAY_ABI_NEEDS 0u
#endif

#define ASSAY_EXPORT __attribute__((visibility("default")))

/* Is this field in the table that the other side was built with, and not NULL? */
#define ASSAY_HAS(table, field)                                                                    \
    ((table)->struct_size >=                                                                       \
            (size_t)((const char *)(&(table)->field + 1) - (const char *)(table)) &&               \
        (table)->field)

/* A moment or a span of run time. Moments count from the run's zero (its start); the clock is
 * monotonic and may be virtual. ASSAY_FOREVER as an `until` waits without limit; a moment in the
 * past makes the call a poll. */
typedef int64_t assay_ns;
#define ASSAY_FOREVER INT64_MAX
#define ASSAY_MS      ((assay_ns)1000000)
#define ASSAY_SECOND  ((assay_ns)1000000000)

/* X(name, number, text). Numbers are never reused; an unknown negative one counts as INTERNAL. */
#define ASSAY_STATUS_LIST(X)                                                                       \
    X(OK, 0, "ok")                                                                                 \
    X(E_INVALID, -1, "invalid argument or state")                                                  \
    X(E_NOMEM, -2, "out of memory")                                                                \
    X(E_UNSUPPORTED, -3, "not supported here")                                                     \
    X(E_CANCELLED, -4, "cancelled")                                                                \
    X(E_TIMEOUT, -5, "timed out")                                                                  \
    X(E_NOTFOUND, -6, "not found")                                                                 \
    X(E_IO, -7, "input or output failed")                                                          \
    X(E_LAGGED, -8, "a bounded queue overflowed")                                                  \
    X(E_DENIED, -9, "denied")                                                                      \
    X(E_INTERNAL, -10, "internal error")

typedef int32_t assay_status;
enum {
#define ASSAY_STATUS_ENUM(name, number, text) ASSAY_##name = number,
    ASSAY_STATUS_LIST(ASSAY_STATUS_ENUM)
#undef ASSAY_STATUS_ENUM
    ASSAY_STATUS_END_ = 1
};

#define ASSAY_NO_NODE  UINT32_MAX /* "no node in particular" */
#define ASSAY_ANY_NODE UINT32_MAX /* "every node" */
#define ASSAY_ID_MAX   96u        /* room for a block or transaction id with its NUL */

typedef struct assay_task assay_task;   /* a flow of control; lives as long as its operation */
typedef struct assay_gate assay_gate;   /* a counting semaphore that the host can schedule */
typedef struct assay_child assay_child; /* a spawned task */
typedef struct assay_bytes {
    const void *data;
    size_t size;
} assay_bytes;

/* ================================ host to plugin ================================ */

/* One host per instance. Everything but `impl` may be used from any task of the instance. */
typedef struct assay_host {
    size_t struct_size;
    void *impl;           /* the host's own */
    const char *instance; /* the manifest's name of the instance, "workload.burst" */

    /* The service table for an id such as ASSAY_CLOCK, or NULL when it is not offered. Tables live
     * as long as the run. Services listed in `needs` are never NULL. */
    const void *(*service)(const struct assay_host *, const char *id);

    /* One line of log. Bounded to 1,000 bytes; more is cut and marked. */
    void (*log)(const struct assay_host *, uint32_t level, const char *text);

    /* Records why the current operation fails and returns the status it was given. The host prints
     * each failure once, with plugin, instance and operation. */
    assay_status (*fail)(const struct assay_host *, assay_status, const char *why);
    uint32_t abi_minor, reserved;
} assay_host;

enum {
    ASSAY_DEBUG = 0,
    ASSAY_INFO = 1,
    ASSAY_WARN = 2,
    ASSAY_ERROR = 3
};

/* ---- clock ---- */
#define ASSAY_CLOCK "assay.clock/1"
typedef struct assay_clock {
    size_t struct_size;
    assay_ns (*now)(const assay_host *);
    /* The window in which workloads run. Before it has been opened both give ASSAY_FOREVER. At
     * window_end a workload should stop; when it is cancelled it must. */
    assay_ns (*window_start)(const assay_host *);
    assay_ns (*window_end)(const assay_host *);
    /* Nanoseconds since 1970, for protocol fields and display. Schedule nothing by it. */
    int64_t (*unix_ns)(const assay_host *);
    assay_status (*sleep_until)(assay_task *, assay_ns until);
} assay_clock;

/* ---- tasks ---- */
#define ASSAY_TASKS "assay.tasks/1"
/* Operations on one instance never overlap, but children run beside the operation that spawned
 * them: state shared with them needs atomics, a lock, or a gate. Hold no lock across a call that
 * takes a task. An operation ends only when its children have; leftovers are cancelled and joined. */
typedef struct assay_tasks {
    size_t struct_size;
    uint32_t (*cancelled)(const assay_task *); /* non-zero for ever once it is */
    /* Starts `body`. `name` shows in diagnostics. The handle dies with the operation. At most 4,096
     * children of one operation live at a time: beyond that ASSAY_E_LAGGED. */
    assay_status (*spawn)(assay_task *, const char *name,
        assay_status (*body)(assay_task *, void *), void *arg, assay_child **child);
    /* Waits for a child; ASSAY_E_TIMEOUT leaves it running. `result` may be NULL. */
    assay_status (*join)(assay_task *, assay_child *, assay_ns until, assay_status *result);
    void (*cancel)(const assay_host *, assay_child *);
    /* A gate with `count` places. enter takes one, leave gives one back (from any task; leaving
     * without having entered adds a place, so a gate of 0 places is a signal). */
    assay_status (*gate)(const assay_host *, uint32_t count, assay_gate **gate);
    assay_status (*enter)(assay_task *, assay_gate *, assay_ns until);
    void (*leave)(const assay_host *, assay_gate *);
} assay_tasks;

/* ---- chance ---- */
#define ASSAY_RANDOM "assay.random/1"
/* One stream per task, split from the run's seed, the instance's name and the spawn order: adding
 * an instance does not shift another's numbers. */
typedef struct assay_random {
    size_t struct_size;
    uint64_t (*below)(assay_task *, uint64_t bound); /* uniform in [0, bound); bound > 0 */
    void (*fill)(assay_task *, void *, size_t size);
} assay_random;

/* ---- HTTP ---- */
#define ASSAY_HTTP "assay.http/1"
typedef struct assay_reply assay_reply;
typedef struct assay_calls assay_calls;

/* Addressed by node and port, so a plugin cannot talk to what is not under test. */
typedef struct assay_request {
    size_t struct_size;
    uint32_t node;              /* index of the node */
    uint32_t port;              /* index of the node's port; 0 is its API */
    const char *method, *path;  /* "GET", "/a/b?c=d" */
    const char *const *headers; /* "name: value", NULL at the end; or NULL */
    assay_bytes body;
    const char *content_type; /* NULL: application/json when there is a body */
    assay_ns timeout;         /* for the whole exchange, from sending; 0: 10 s */
    size_t reply_max;         /* a longer reply is ASSAY_E_LAGGED; 0: 16 MiB */
    assay_ns at;              /* start only: send at this moment; 0 or past: now */
    uint64_t tag;             /* comes back in the reply */
} assay_request;

typedef struct assay_reply_info {
    size_t struct_size;
    uint64_t tag;
    assay_status status; /* OK: there was an answer, whatever its code */
    uint32_t code;       /* HTTP status code; 0 without answer */
    uint32_t node, reserved;
    assay_ns at;   /* when it was meant to be sent */
    assay_ns sent; /* when its last byte was handed to the kernel; 0 if it never was */
    assay_ns done; /* when the answer was complete, or the failure known */
    assay_bytes body;
    const char *content_type; /* "" when there is none */
    const char *why;          /* what went wrong, "" if nothing did */
} assay_reply_info;

typedef struct assay_http {
    size_t struct_size;
    /* Sends and waits. Failures to connect, read or parse are ASSAY_E_IO, too late ASSAY_E_TIMEOUT,
     * both without a reply and with a text recorded through fail. */
    assay_status (*perform)(assay_task *, const assay_request *, assay_reply **reply);
    const assay_reply_info *(*info)(const assay_reply *);
    void (*release)(assay_reply *);

    /* Open loop: a set of requests in flight. start returns at once; the request is copied, waits
     * for its moment `at` and, when all connections are busy, in a queue while its clock runs.
     * Latency is done - at. More than `in_flight_max` not yet collected: ASSAY_E_LAGGED. */
    assay_status (*open)(const assay_host *, uint32_t in_flight_max, assay_calls **calls);
    assay_status (*start)(const assay_host *, assay_calls *, const assay_request *);
    /* The next completed request, failed ones included (see status). ASSAY_E_TIMEOUT: none by then.
     * ASSAY_E_NOTFOUND: nothing is in flight. */
    assay_status (*collect)(assay_task *, assay_calls *, assay_ns until, assay_reply **reply);
    void (*close)(assay_calls *); /* abandons what is in flight */
} assay_http;

/* ---- JSON ---- */
#define ASSAY_JSON "assay.json/1"
typedef struct assay_json assay_json;   /* a parsed document */
typedef struct assay_value assay_value; /* a value in it; dies with the document */
enum {
    ASSAY_JSON_NULL = 0,
    ASSAY_JSON_BOOL = 1,
    ASSAY_JSON_NUMBER = 2,
    ASSAY_JSON_TEXT = 3,
    ASSAY_JSON_ARRAY = 4,
    ASSAY_JSON_OBJECT = 5
};
/* Every accessor takes NULL for "not there" and answers NULL, 0 or ASSAY_E_NOTFOUND, so look-ups
 * chain. A value of another type is ASSAY_E_INVALID. Depth is limited to 64, size to 64 MiB. */
typedef struct assay_json_table {
    size_t struct_size;
    assay_status (*parse)(const assay_host *, assay_bytes text, assay_json **document);
    const assay_value *(*root)(const assay_json *);
    uint32_t (*type)(const assay_value *);
    const assay_value *(*member)(const assay_value *, const char *name);
    const assay_value *(*element)(const assay_value *, size_t index);
    size_t (*count)(const assay_value *); /* of an array or object; else 0 */
    const char *(*text)(const assay_value *);
    assay_status (*boolean)(const assay_value *, uint32_t *out);
    assay_status (*integer)(const assay_value *, int64_t *out);
    assay_status (*natural)(const assay_value *, uint64_t *out);
    assay_status (*real)(const assay_value *, double *out);
    void (*release)(assay_json *);
} assay_json_table;

/* ---- signatures and hashes ---- */
#define ASSAY_SIGN "assay.sign/1"
typedef struct assay_sign {
    size_t struct_size;
    assay_status (*ed25519_public)(const assay_host *, const uint8_t seed[32], uint8_t key[32]);
    assay_status (*ed25519_sign)(
        const assay_host *, const uint8_t seed[32], assay_bytes message, uint8_t signature[64]);
    assay_status (*ed25519_verify)(const assay_host *, const uint8_t key[32], assay_bytes message,
        const uint8_t signature[64]); /* ASSAY_E_DENIED: it does not fit */
    /* Blake2b without key; size is 16 to 64. */
    assay_status (*blake2b)(const assay_host *, assay_bytes message, void *digest, size_t size);
} assay_sign;

/* ---- nodes ---- */
#define ASSAY_NODES "assay.nodes/1"
typedef struct assay_node_info {
    size_t struct_size;
    const char *name; /* "validator-0" */
    const char *role; /* "validator" */
    const char *url;  /* of port 0 as seen from here, "http://127.0.0.1:20001"; "" before ready */
    uint32_t index, role_index;
} assay_node_info;

enum {
    ASSAY_NODE_REACHABLE = 1
}; /* flags: the latest observation succeeded */
typedef struct assay_node_status {
    size_t struct_size;
    uint64_t height, slot;  /* of the tip; 0 before the first observation */
    uint64_t final_height;  /* of the last block that the node calls final */
    assay_ns observed_at;   /* of the latest successful observation; -1: never */
    uint32_t peers;         /* distinct peers; UINT32_MAX: not known */
    uint32_t flags;         /* ASSAY_NODE_... */
    char tip[ASSAY_ID_MAX]; /* block ids; "" before the first observation */
    char final[ASSAY_ID_MAX];
    char mode[32]; /* the node's own word for what it is doing, "Online" */
} assay_node_status;

typedef struct assay_nodes {
    size_t struct_size;
    uint32_t (*count)(const assay_host *);
    assay_status (*info)(const assay_host *, uint32_t node, assay_node_info *out);
    /* As last observed by the system's follow; never asks the node. */
    assay_status (*status)(const assay_host *, uint32_t node, assay_node_status *out);
} assay_nodes;

/* ---- blocks: what the nodes hold to be the chain ---- */
#define ASSAY_BLOCKS "assay.blocks/1"
typedef struct assay_block assay_block; /* immutable, held by the reader until release */
typedef struct assay_feed assay_feed;

typedef struct assay_item {
    const char *kind; /* "transaction", "blob"; words of the system */
    const char *id;
} assay_item;

enum {
    ASSAY_BLOCK_REORG = 1,   /* feed: this node left its former chain right before this block */
    ASSAY_BLOCK_BODILESS = 2 /* its contents could not be read: items is no evidence of absence */
};
typedef struct assay_block_info {
    size_t struct_size;
    const char *id, *parent;
    uint64_t height, slot;
    assay_ns seen_at;        /* feed: when seen on `node`; else: when first seen on any node */
    uint32_t node;           /* feed: on whose chain; else ASSAY_NO_NODE */
    uint32_t flags;          /* ASSAY_BLOCK_... */
    const assay_item *items; /* what the block includes, in its order */
    size_t item_count, item_stride;
    assay_bytes payload; /* as the node served it; may be empty */
} assay_block_info;

/* How much of what there was to see was seen, on one node. */
typedef struct assay_coverage {
    size_t struct_size;
    uint64_t blocks_known;  /* heights of the node's chain for which the block is known... */
    uint64_t blocks_total;  /* ...of so many that the node says exist (its greatest height) */
    uint64_t observations;  /* attempts to observe the node */
    uint64_t failures;      /* failed ones among them */
    assay_ns blind_longest; /* longest time inside the window without a successful observation */
    uint64_t final_changed; /* heights at which the node took a final block back (it must not) */
} assay_coverage;

typedef struct assay_blocks {
    size_t struct_size;
    /* A bounded queue of blocks as nodes adopt them, oldest first per node, from now on.
     * `node` may be ASSAY_ANY_NODE. The queue holds 4,096 observations. */
    assay_status (*subscribe)(const assay_host *, uint32_t node, assay_feed **feed);
    /* ASSAY_E_LAGGED once when some were dropped (lost tells how many), then it goes on. */
    assay_status (*next)(assay_task *, assay_feed *, assay_ns until, assay_block **block);
    uint64_t (*lost)(const assay_feed *);
    void (*unsubscribe)(assay_feed *);
    const assay_block_info *(*info)(const assay_block *);
    void (*release)(assay_block *);

    /* Look-ups in what is known, never asking a node. ASSAY_E_NOTFOUND when it is not known. */
    assay_status (*at)(const assay_host *, uint32_t node, uint64_t height, assay_block **block);
    assay_status (*final_at)(const assay_host *, uint32_t node, uint64_t height, assay_block **);
    assay_status (*by_id)(const assay_host *, const char *id, assay_block **block);
    assay_status (*coverage)(const assay_host *, uint32_t node, assay_coverage *out);
} assay_blocks;

/* ---- submissions: what workloads asked the network to include ---- */
#define ASSAY_SUBMISSIONS "assay.submissions/1"
enum {
    ASSAY_SUBMIT_PENDING = 0,  /* sent or about to be */
    ASSAY_SUBMIT_ACCEPTED = 1, /* a node took it: it is owed inclusion */
    ASSAY_SUBMIT_REFUSED = 2,  /* a node said no */
    ASSAY_SUBMIT_FAILED = 3,   /* no answer: it may or may not have arrived */
    ASSAY_SUBMIT_MISSED = 4    /* never sent, although planned */
};
typedef struct assay_submission {
    size_t struct_size;
    const char *kind, *id;   /* as in assay_item */
    assay_ns at, sent, done; /* planned, sent, answered; 0 when it did not happen */
    uint32_t node;           /* that was asked */
    uint32_t outcome;        /* ASSAY_SUBMIT_... */
} assay_submission;
typedef struct assay_submissions {
    size_t struct_size;
    /* Adds, or replaces the entry with the same kind and id. At most 16 Mi entries. */
    assay_status (*report)(const assay_host *, const assay_submission *);
    size_t (*count)(const assay_host *, const char *kind);
    /* index 0 to count - 1, in order of the first report; stable for the run. */
    assay_status (*get)(const assay_host *, const char *kind, size_t index, assay_submission *out);
    assay_status (*find)(const assay_host *, const char *kind, const char *id, size_t *index);
} assay_submissions;

/* ---- metrics ---- */
#define ASSAY_METRICS "assay.metrics/1"
enum {
    ASSAY_COUNTER = 1,
    ASSAY_GAUGE = 2,
    ASSAY_HISTOGRAM = 3
};
typedef struct assay_metrics {
    size_t struct_size;
    /* Names are [a-z0-9_]; the unit is its plural ("seconds", "bytes", "transactions") or "".
     * Same name and kind: same id. ASSAY_NO_METRIC when refused (said in the log). */
    uint32_t (*define)(const assay_host *, const char *name, uint32_t kind, const char *unit);
    /* Counter: adds. Gauge: sets. Histogram: adds a sample (0 or more). */
    void (*record)(const assay_host *, uint32_t metric, double value);
    /* Histogram: the q-quantile, q in [0, 1], within 1 %. Counter and gauge: the value. */
    assay_status (*value)(const assay_host *, uint32_t metric, double q, double *out);
    /* Asks the deployment's metrics store (PromQL). ASSAY_E_UNSUPPORTED: it has none. */
    assay_status (*query)(assay_task *, const char *expression, double *out);
} assay_metrics;
#define ASSAY_NO_METRIC UINT32_MAX

/* ---- wallet: funded accounts ---- */
#define ASSAY_WALLET "assay.wallet/1"
typedef struct assay_account {
    size_t struct_size;
    const char *label; /* "wallet-user-7" */
    uint64_t funds;    /* at genesis */
    uint32_t index, reserved;
} assay_account;
typedef struct assay_wallet {
    size_t struct_size;
    uint32_t (*count)(const assay_host *);
    assay_status (*account)(const assay_host *, uint32_t index, assay_account *out);
    /* Gives this instance `count` accounts that no other instance has, all or none
     * (ASSAY_E_NOTFOUND: so many are not left). They are first, first + 1, ... */
    assay_status (*lease)(const assay_host *, uint32_t count, uint32_t *first);
} assay_wallet;

/* ---- artifacts ---- */
#define ASSAY_ARTIFACTS "assay.artifacts/1"
typedef struct assay_artifacts {
    size_t struct_size;
    /* Appends to artifacts/<instance>/<name> in the run directory, the one way to leave a file.
     * Names are [A-Za-z0-9._-], not starting with a dot; 256 MiB per instance. */
    assay_status (*append)(const assay_host *, const char *name, assay_bytes bytes);
} assay_artifacts;

/* ---- facts of the run ---- */
#define ASSAY_RUN "assay.run/1"
typedef struct assay_run_facts {
    size_t struct_size;
    const char *name, *id; /* the scenario's name; this run's unique id */
    uint64_t seed;
    assay_ns duration;        /* of the window */
    assay_ns block_interval;  /* expected mean time between blocks, by the system; 0: not known */
    uint64_t expected_blocks; /* in the window at that rate, rounded up; 0: not known */
    uint64_t final_depth;     /* blocks from tip to final block in a healthy network */
    uint32_t node_control, reserved; /* non-zero: the scenario allows faults on nodes */
} assay_run_facts;
typedef struct assay_run_table {
    size_t struct_size;
    assay_status (*facts)(const assay_host *, assay_run_facts *out);
} assay_run_table;

/* ---- node control ---- */
#define ASSAY_CONTROL "assay.control/1"
/* Offered when the scenario enables node control and the deployer can do something. An action is a
 * number from the open set below; ask `supports` first. */
enum {
    ASSAY_ACT_START = 1,
    ASSAY_ACT_STOP = 2, /* ask it to end (SIGTERM) */
    ASSAY_ACT_RESTART = 3,
    ASSAY_ACT_KILL = 4, /* SIGKILL */
    ASSAY_ACT_PAUSE = 5,
    ASSAY_ACT_RESUME = 6,
    ASSAY_ACT_REPLACE = 7, /* start again with empty storage */
    ASSAY_ACT_CUT = 8,     /* no traffic from node to peer */
    ASSAY_ACT_HEAL = 9,
    ASSAY_ACT_SHAPE = 10, /* `detail`: delay, loss, rate */
    ASSAY_ACT_LIMIT = 11  /* `detail`: cpu, memory */
};
typedef struct assay_action {
    size_t struct_size;
    uint32_t kind, node;
    uint32_t peer, reserved; /* for links; else ASSAY_NO_NODE */
    const char *detail;      /* NULL, or "key=value ..." as the kind says */
} assay_action;
/* Proof that an action took effect: what a probe other than the action itself saw. */
enum {
    ASSAY_UNPROVEN = 0,
    ASSAY_PROVEN = 1
};
typedef struct assay_receipt {
    size_t struct_size;
    uint32_t kind, node;
    uint32_t proof, reserved;     /* ASSAY_PROVEN, or not */
    assay_ns asked_at, done_at;   /* when it was asked for; when the effect was seen */
    char before[160], after[160]; /* what the probe saw, "pid 412 running since 3.1s" */
} assay_receipt;
typedef struct assay_control {
    size_t struct_size;
    uint32_t (*supports)(const assay_host *, uint32_t kind);
    /* The receipt also goes into the report. `receipt` may be NULL. */
    assay_status (*act)(assay_task *, const assay_action *, assay_ns until, assay_receipt *receipt);
} assay_control;

/* ---- transfers: a service that a system may offer, and workloads need ---- */
#define ASSAY_TRANSFER "assay.transfer/1"
typedef struct assay_purse assay_purse;             /* the funds of some users */
typedef struct assay_transaction assay_transaction; /* signed and ready to send */
typedef struct assay_transaction_info {
    size_t struct_size;
    const char *id;               /* under which it will be an item of kind "transaction" */
    const assay_request *request; /* all but node, timeout, at and tag are filled */
    uint32_t user, reserved;      /* 0 to users - 1 */
} assay_transaction_info;
/* A table offered by a plugin has its provider's context second; pass it first. */
typedef struct assay_transfer {
    size_t struct_size;
    void *provider;
    /* Leases `users` accounts in the name of `user`. The purse dies with that instance. */
    assay_status (*open)(void *provider, const assay_host *user, uint32_t users, assay_purse **);
    /* Makes the next transaction, taking users in turn; outputs are used again once included, so a
     * purse does not run dry, but may be momentarily: ASSAY_E_TIMEOUT, none by `until`. */
    assay_status (*next)(
        void *provider, assay_task *, assay_purse *, assay_ns until, assay_transaction **);
    const assay_transaction_info *(*info)(const assay_transaction *);
    /* Tells what came of sending it (NULL: it was never sent) and gives it back. Answers with
     * ASSAY_SUBMIT_...: what the node's answer means. */
    uint32_t (*settle)(void *provider, assay_transaction *, const assay_reply_info *);
} assay_transfer;

/* ---- topology: offered to systems and deployers ---- */
#define ASSAY_TOPOLOGY "assay.topology/1"
typedef struct assay_topology {
    size_t struct_size;
    uint32_t (*node_count)(const assay_host *);
    assay_status (*node)(const assay_host *, uint32_t node, assay_node_info *out);
    /* Whom the node dials: count, then the nth one. */
    uint32_t (*dial_count)(const assay_host *, uint32_t node);
    uint32_t (*dial)(const assay_host *, uint32_t node, uint32_t nth);
    /* The node's overrides, filled by the system's node_options: a struct of node_options_size. */
    const void *(*overrides)(const assay_host *, uint32_t node);
    uint32_t (*account_count)(const assay_host *);
    assay_status (*account)(const assay_host *, uint32_t index, assay_account *out);
} assay_topology;

/* ---- what a node needs, written by the system, read by the deployer ---- */
enum {
    ASSAY_TCP = 1,
    ASSAY_UDP = 2
};
typedef struct assay_port {
    size_t struct_size;
    const char *name; /* "api" */
    uint32_t protocol;
    uint32_t container_port; /* the customary number where each node has an address of its own */
} assay_port;

/* Where a port is: as the node binds it, as its peers and as the runner reach it. */
typedef struct assay_endpoint {
    size_t struct_size;
    const char *bind_ip, *peer_ip, *runner_ip;
    uint32_t bind_port, peer_port, runner_port, reserved;
} assay_endpoint;

typedef struct assay_file {
    const char *path; /* relative to the node's directory; no ".." */
    assay_bytes bytes;
    uint32_t mode, reserved; /* permission bits, 0644 */
} assay_file;

typedef struct assay_node_spec {
    size_t struct_size;
    const char *name, *role;
    const char *binary;      /* path of the program to run locally; after plan */
    const char *image;       /* container image; "" when there is none */
    const char *const *argv; /* after render; argv[0] is the binary; NULL at the end */
    const char *const *env;  /* "NAME=value" to add; NULL at the end */
    const assay_file *files; /* to be in the node's directory before it starts */
    size_t file_count, file_stride;
    const assay_port *ports;
    size_t port_count, port_stride;
} assay_node_spec;

/* Offered to systems, for use in `plan` (ports, binary, image, stages, cadence) and `render`. */
#define ASSAY_SPEC "assay.spec/1"
typedef struct assay_spec {
    size_t struct_size;
    assay_status (*port)(const assay_host *, uint32_t node, const assay_port *);
    assay_status (*binary)(const assay_host *, uint32_t node, const char *path);
    assay_status (*image)(const assay_host *, uint32_t node, const char *name);
    /* A step of readiness, in order, "http" then "peers"; see assay_system_ops.ready. */
    assay_status (*stage)(const assay_host *, const char *name);
    /* Expected mean time between blocks, and blocks from tip to final: facts of the run. */
    void (*cadence)(const assay_host *, assay_ns block_interval, uint64_t final_depth);
    /* Says something about the deployment that a reader of the report must know
     * ("nodes are development nodes, not ..."). */
    void (*notice)(const assay_host *, const char *text);

    /* In render: */
    assay_status (*endpoint)(const assay_host *, uint32_t node, uint32_t port, assay_endpoint *out);
    const char *(*directory)(const assay_host *, uint32_t node); /* as the node will see it */
    /* One word of the command line; the host puts the binary first. */
    assay_status (*argument)(const assay_host *, uint32_t node, const char *word);
    assay_status (*environment)(const assay_host *, uint32_t node, const char *assignment);
    assay_status (*file)(
        const assay_host *, uint32_t node, const char *path, assay_bytes, uint32_t mode);
    /* A variable of the runner's environment that the node's contract names, or NULL. */
    const char *(*variable)(const assay_host *, const char *name);
    /* The program of that name: the path in variable `override`, else the first on PATH, else
     * beside assay's own programs. NULL: nowhere. Lives as long as the run. */
    const char *(*program)(const assay_host *, const char *override_name, const char *name);
} assay_spec;

/* ---- observation: offered to systems, which fill the block and status tables with it ---- */
#define ASSAY_OBSERVE "assay.observe/1"
enum {
    ASSAY_BLOCK_YOURS = 0,
    ASSAY_BLOCK_KNOWN = 1,
    ASSAY_BLOCK_CLAIMED = 2
};
typedef struct assay_observation {
    size_t struct_size;
    uint64_t height, slot;   /* of the tip */
    const char *tip, *final; /* ids */
    const char *mode;
    uint32_t peers, reserved; /* UINT32_MAX: not asked */
} assay_observation;
typedef struct assay_observe {
    size_t struct_size;
    /* Does the host know this block (header and contents)? Saves fetching it from every node.
     * ASSAY_BLOCK_YOURS: no, and it is now the caller's to publish with `block`, or to abandon
     * (after 5 s without either the claim lapses). ASSAY_BLOCK_CLAIMED: another task is at it; ask
     * again in a moment. */
    uint32_t (*known)(const assay_host *, const char *id);
    /* A block's contents; node and seen_at are ignored. `height` may be 0 for "parent's plus 1". */
    assay_status (*block)(const assay_host *, const assay_block_info *);
    void (*abandon)(const assay_host *, const char *id);
    /* The node's tip moved from what it was to here through these ids, oldest first. The first
     * one's parent must be on the chain the host knows for this node, or genesis. */
    assay_status (*chain)(const assay_host *, uint32_t node, const char *const *ids, size_t count);
    /* A successful look at the node. Call after `chain` so that the tip is known. */
    assay_status (*status)(const assay_host *, uint32_t node, const assay_observation *);
    /* A look that failed. */
    void (*failed)(const assay_host *, uint32_t node, const char *why);
} assay_observe;

/* ---- deployment: offered to deployers alone ---- */
#define ASSAY_DEPLOYMENT "assay.deployment/1"
enum {
    ASSAY_PROCESS_RUNNING = 1,
    ASSAY_PROCESS_EXITED = 2,
    ASSAY_PROCESS_KILLED = 3
};
typedef struct assay_process {
    size_t struct_size;
    uint32_t state; /* ASSAY_PROCESS_... */
    uint32_t code;  /* exit code, or the signal's number */
    int64_t pid;    /* as the host sees it; for display */
    assay_ns started_at, ended_at;
} assay_process;

typedef struct assay_deployment {
    size_t struct_size;
    const assay_node_spec *(*spec)(const assay_host *, uint32_t node); /* see there for when */
    const char *(*workspace)(const assay_host *); /* a private directory, gone after the run */
    const char *(*directory)(const assay_host *, uint32_t node); /* the node's, inside it */
    const char *(*variable)(const assay_host *, const char *name);

    /* A port that is free on 127.0.0.1 now, held until release_ports. */
    assay_status (*free_port)(const assay_host *, uint32_t protocol, uint32_t *port);
    void (*release_ports)(const assay_host *);
    /* Where a node's port is going to be. All must be bound before render. */
    assay_status (*bind)(const assay_host *, uint32_t node, uint32_t port, const assay_endpoint *);
    /* Lets the system write command lines and files; then write_files puts them on disk. */
    assay_status (*render)(assay_task *);
    assay_status (*write_files)(const assay_host *, uint32_t node);

    /* Undo journal. The command must be harmless when there is nothing to undo. Journal, then do. */
    assay_status (*undo)(const assay_host *, const char *const *argv);
    /* Runs a command to its end. Output (both streams, 1 MiB) lives until this task's next exec. */
    assay_status (*exec)(assay_task *, const char *const *argv, assay_ns until, int32_t *exit_code,
        assay_bytes *output);

    /* Starts a node's program (spec's argv and env, node's directory, output to its log file)
     * under the supervisor, which ends it whatever happens to the rest. */
    assay_status (*start)(const assay_host *, uint32_t node);
    assay_status (*signal)(const assay_host *, uint32_t node, int32_t signal_number);
    assay_status (*process)(const assay_host *, uint32_t node, assay_process *out);
    assay_status (*wait_exit)(assay_task *, uint32_t node, assay_ns until);
    /* Ends every started process and everything they started: SIGTERM, `grace`, SIGKILL; 0: kill. */
    assay_status (*end_all)(assay_task *, assay_ns grace);

    /* Waits until all nodes have passed all stages of readiness, in parallel. A node's deadline is
     * `patience` and starts anew whenever it makes progress; `limit` (0: none) holds for all. A
     * node that ends fails at once. The error names node, stage, and the last lines of its log. */
    assay_status (*await_ready)(assay_task *, assay_ns patience, assay_ns limit);
    /* The same for one node, as after a restart. */
    assay_status (*await_node)(assay_task *, uint32_t node, assay_ns patience);
    /* Where metrics can be asked for ("http://127.0.0.1:9090"), for assay.metrics/1 query. */
    assay_status (*metrics_at)(const assay_host *, const char *url);
    /* A file of logs for a node, besides what `start` writes. */
    assay_status (*collect_log)(
        const assay_host *, uint32_t node, const char *name, assay_bytes text);
} assay_deployment;

/* ================================ plugin to host ================================ */

/* An option: a key of the manifest section, where its value goes, and everything a reader or a
 * program must know about it. The struct at `offset` holds int64_t for BOOL, INT, SPAN (ns), SIZE
 * (bytes); double for REAL; const char * for TEXT and CHOICE; const char *const * (NULL at the
 * end) for LIST. Strings live until destroy. */
enum {
    ASSAY_BOOL = 1,
    ASSAY_INT = 2,
    ASSAY_REAL = 3,
    ASSAY_SPAN = 4, /* "250ms", "1.5s", "2m", "1h"; the unit is required */
    ASSAY_SIZE = 5, /* "64KiB", "10MB"; the unit is required */
    ASSAY_TEXT = 6,
    ASSAY_CHOICE = 7, /* range: "a|b|c" */
    ASSAY_LIST = 8    /* separated by commas or white space */
};
enum {
    ASSAY_REQUIRED = 1,
    ASSAY_SECRET = 2,
    ASSAY_DEPRECATED = 4
};
typedef struct assay_option {
    const char *name;
    uint32_t type, flags;
    size_t offset;
    const char *fallback; /* default, as text by the same rules; NULL with ASSAY_REQUIRED */
    const char *range;    /* "1..1000", "1.." ; choices; or NULL */
    const char *help;     /* one sentence, with the unit */
} assay_option;

/* What an expectation says. The five classes of a report are these and "error", which is the
 * host's word for a plugin that broke its contract. */
enum {
    ASSAY_PASS = 1,
    ASSAY_FAIL = 2,      /* the network misbehaved: an answer, no error */
    ASSAY_UNDECIDED = 3, /* could not tell: missing coverage, infrastructure */
    ASSAY_VACUOUS = 4    /* what it judges never happened */
};
typedef struct assay_verdict {
    size_t struct_size;
    uint32_t outcome, reserved;
    double coverage; /* 0 to 1: how much of the evidence there was; 1 when it does not apply */
    char why[1000];  /* one or more lines: the bar, what was seen, which node and height */
} assay_verdict;

/* A node's readiness, one probe of one stage. */
typedef struct assay_readiness {
    size_t struct_size;
    uint32_t is_ready, reserved;
    uint64_t progress; /* any number that grows while the node gets closer */
    char why[256];     /* what is missing */
} assay_readiness;

/* A system knows one kind of node software. */
typedef struct assay_system_ops {
    size_t struct_size;
    /* Says through assay.spec/1 what each node needs. Nothing has been started. */
    assay_status (*plan)(void *self, assay_task *);
    /* Addresses are known: writes command lines, environment, files of every node. */
    assay_status (*render)(void *self, assay_task *);
    /* One look whether `node` has passed `stage` (index in the order declared). Runs for several
     * nodes at a time. Returns OK with is_ready 0 while it is merely not ready yet. */
    assay_status (*ready)(
        void *self, assay_task *, uint32_t node, uint32_t stage, assay_readiness *out);
    /* Observes `node` until cancelled, reporting through assay.observe/1; one task per node. An
     * unreachable node is no reason to return. */
    assay_status (*follow)(void *self, assay_task *, uint32_t node);
    /* A service table of the plugin's `offers`; asked once per id after create. */
    const void *(*service)(void *self, const char *id);
} assay_system_ops;

/* A deployer brings nodes up on a backend. `prepare` deploys, `finish` tears down. */
typedef struct assay_deployer_ops {
    size_t struct_size;
    uint64_t actions; /* bit 1 << ASSAY_ACT_... for each action that control can do */
    /* Does it. The proof is the host's: it calls inspect before and after. */
    assay_status (*control)(void *self, assay_task *, const assay_action *, assay_ns until);
    /* What the backend says of the node; `detail` gets a short text. Two tasks may call it. */
    assay_status (*inspect)(
        void *self, assay_task *, uint32_t node, assay_process *out, char detail[160]);
} assay_deployer_ops;

enum {
    ASSAY_SYSTEM = 1,
    ASSAY_DEPLOYER = 2,
    ASSAY_WORKLOAD = 3,
    ASSAY_EXPECTATION = 4
};

typedef struct assay_plugin {
    size_t struct_size;
    const char *id, *version, *summary; /* "acme.tx-burst", "1.4.0", one line */
    const char *const *needs;  /* service ids, NULL at the end; checked before create. Or NULL */
    const char *const *wants;  /* used when there; may be NULL at run time. Or NULL */
    const char *const *offers; /* systems: ids of its own services. Or NULL */
    const assay_option *options;
    size_t option_stride, option_count;
    size_t options_size;              /* of the struct that create gets */
    const assay_option *node_options; /* systems: keys of [node.<name>] sections. Or NULL */
    size_t node_option_count, node_options_size; /* stride as above */
    uint32_t kind, flags;                        /* ASSAY_WORKLOAD ...; flags 0 */

    /* No task, so it cannot block: copies what it needs. `options` lives until destroy. */
    assay_status (*create)(const assay_host *, const void *options, void **self);
    void (*destroy)(void *self); /* must take NULL; required, as create is */
    /* Workload, expectation: get ready, capture a baseline; the network is up, no load runs. */
    assay_status (*prepare)(void *self, assay_task *);
    /* Workload: load until window_end. Expectation: watch until cancelled. May be NULL there. */
    assay_status (*run)(void *self, assay_task *);
    /* After any prepare, on a fresh task with a deadline of its own. May be NULL. */
    assay_status (*finish)(void *self, assay_task *);
    /* Expectations. The network is still up. A negative status means "I could not tell". */
    assay_status (*judge)(void *self, assay_task *, assay_verdict *out);
    const assay_system_ops *system;     /* systems only */
    const assay_deployer_ops *deployer; /* deployers only; NULL: no control */
} assay_plugin;

typedef struct assay_library {
    size_t struct_size;
    uint32_t abi_built, abi_needs; /* ASSAY_ABI_MINOR and ASSAY_ABI_NEEDS as compiled */
    const char *name, *version, *license;
    const assay_plugin *const *plugins;
    size_t plugin_count;
} assay_library;

ASSAY_EXPORT const assay_library *assay_library_v1(void); /* the only exported symbol */

/* The ELF note that the host reads before it runs any code: one per plugin in the library, in
 * section ".note.assay", owner "assay", type 1. It must say what the descriptor says. */
#define ASSAY_NOTE_TYPE 1u
typedef struct assay_note {
    uint32_t name_size, desc_size, type;
    char name[8];
    uint32_t abi_major, abi_built, abi_needs, kind;
    char id[64], version[24], summary[168];
} assay_note;
#define ASSAY_NOTE_DESC_SIZE ((uint32_t)(sizeof(assay_note) - offsetof(assay_note, abi_major)))

/* Write it once per plugin, at file level: ASSAY_NOTE(burst, ASSAY_WORKLOAD, "acme.tx-burst",
 * "1.4.0", "Bursts of transactions"). The strings are the descriptor's. */
#define ASSAY_NOTE(symbol, kind_, id_, version_, summary_)                                         \
    __attribute__((section(".note.assay"), used,                                                   \
        aligned(4))) static const assay_note assay_note_##symbol = {6u, ASSAY_NOTE_DESC_SIZE,      \
        ASSAY_NOTE_TYPE, "assay", ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, ASSAY_ABI_NEEDS, (kind_), id_, \
        version_, summary_}

#ifdef __cplusplus
}
#endif
#endif
