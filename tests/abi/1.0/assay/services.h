/* assay/services.h - the services of the host that workloads and expectations use.
 *
 * A service is a table of functions with an id such as ASSAY_CLOCK. Name the id in the plugin's
 * `needs` (the run is refused when the host does not offer it) or `wants` (NULL when it does not),
 * ask host->service for the table in create, and keep it: tables live as long as the run.
 *
 *     clock, tasks, random             time, flows of control, chance
 *     http, json, sign                 talking to nodes, reading and signing what is said
 *     nodes, blocks, submissions       what the network does, as observed; what it was asked to do
 *     metrics, artifacts               numbers and files for the report
 *     run, wallet                      facts of the run, funded accounts
 *     control, transfer                acts on nodes; transactions, made by a system
 *
 * Systems and deployers have these too, and those of assay/deployment.h. Which function may block,
 * who owns what, and how records grow: the rules of assay/plugin.h, which is what authors include.
 */
#ifndef ASSAY_SERVICES_H
#define ASSAY_SERVICES_H

#include <assay/types.h>

#ifdef __cplusplus
extern "C" {
#endif

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
    /* The same as blind_longest, less the time for which receipts prove the node to be away. */
    assay_ns blind_unasked;
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
    /* Adds, or replaces the entry with the same kind and id, unless that is an accepted one, which
     * stays as it is: what a node took is owed inclusion. At most 16 Mi entries. */
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
    /* The same by samples no older than `age_max`, 1 ms and more: a store goes on for minutes to
     * answer with what a series said last, also when nobody adds to it any more. */
    assay_status (*query_fresh)(
        assay_task *, const char *expression, assay_ns age_max, double *out);
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

/* ---- what was done to the nodes, and what became of them ---- */
#define ASSAY_RECEIPTS "assay.receipts/1"
/* A node's process that ended although nobody asked it to, or in another way than it was asked to.
 * Known of processes that the host itself runs (assay.deployment/1 start), and of others whose
 * deployer looks after them (assay_deployer_ops.watch). */
enum {
    ASSAY_END_UNSEEN = 1, /* it is gone, or another runs in its place; code says nothing */
    ASSAY_END_EXITED = 2, /* the numbers of ASSAY_PROCESS_EXITED and _KILLED */
    ASSAY_END_KILLED = 3
};
typedef struct assay_node_end {
    size_t struct_size;
    uint32_t node;
    uint32_t how;             /* ASSAY_END_... */
    uint32_t code;            /* exit code, or the number of the signal */
    uint32_t asked_by_signal; /* the signal that had asked it to end; 0: none */
    assay_ns at;
} assay_node_end;
typedef struct assay_receipts {
    size_t struct_size;
    /* Of every action of assay.control/1 that is over, in the order in which they ended. Grows
     * while the run goes on; what has an index keeps it. None without node control. */
    size_t (*count)(const assay_host *);
    assay_status (*get)(const assay_host *, size_t index, assay_receipt *out);
    size_t (*end_count)(const assay_host *);
    assay_status (*end)(const assay_host *, size_t index, assay_node_end *out);
    /* How much of the time in [from, to) the node was down because somebody wanted it: stopped,
     * killed, paused or restarting, from the action until the one that ended it was done. Only what
     * is proven counts, and only once the action is over: ask at the judgement, not before. */
    assay_ns (*away)(const assay_host *, uint32_t node, assay_ns from, assay_ns to);
} assay_receipts;

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

#ifdef __cplusplus
}
#endif
#endif
