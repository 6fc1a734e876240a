/* assay/deployment.h - the services for those who bring a network up: systems and deployers.
 *
 *     topology    which nodes there are, whom they dial, their overrides and accounts
 *     spec        what each node needs; a system says it, in plan and render
 *     observe     what a system's follow has seen of a node; fills what assay/services.h tells of
 *                 nodes and blocks
 *     deployment  ports, files, processes, the undo journal; for deployers alone
 *
 * The order of a deployment: the system's plan, the deployer's prepare, which binds every port and
 * then asks for render, writes files, starts nodes and awaits their readiness (the system's ready).
 * The rules of assay/plugin.h hold, which is what authors include.
 */
#ifndef ASSAY_DEPLOYMENT_H
#define ASSAY_DEPLOYMENT_H

#include <assay/services.h>

#ifdef __cplusplus
extern "C" {
#endif

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

/* Where a port is: as the node binds it, as its peers and as the runner reach it. `peer_ip` is ""
 * where a node has an address of its own that nobody knows before it runs (a container, a pod): a
 * system that needs such addresses lets the nodes fetch their configuration; see assay_support. */
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

/* A program that must run beside the nodes where each of them has an address of its own, such as one
 * that hands out configurations. Declared in render, when an endpoint's peer_ip is "". It is started
 * before the nodes; a deployer that gives its nodes one address for all passes it over. */
typedef struct assay_support {
    size_t struct_size;
    const char *name;        /* "cfgsync": letters, digits, dashes; its host name for the nodes */
    const char *image;       /* container image; NULL: that of the first node */
    const char *const *argv; /* NULL at the end */
    const char *const *env;  /* "NAME=value", NULL at the end; or NULL */
    const char *directory; /* absolute: where it finds its files; other files there stay visible */
    const assay_file *files; /* paths below `directory` */
    size_t file_count, file_stride;
    uint32_t port, reserved; /* TCP port on which the nodes reach it; 0: none */
} assay_support;

/* What is at a path of the runner's machine, links followed: enough to say what is wrong with it
 * before anything is started. */
enum {
    ASSAY_PATH_NONE = 0, /* nothing, or nothing that this user may see */
    ASSAY_PATH_FILE = 1,
    ASSAY_PATH_DIRECTORY = 2,
    ASSAY_PATH_OTHER = 3
};
enum {
    ASSAY_PATH_READ = 1, /* what this user may do; RUN of a directory: enter it */
    ASSAY_PATH_WRITE = 2,
    ASSAY_PATH_RUN = 4
};
typedef struct assay_path_info {
    size_t struct_size;
    uint32_t kind;      /* ASSAY_PATH_NONE ... */
    uint32_t access;    /* ASSAY_PATH_READ and so on, together */
    uint64_t size;      /* of a file; else 0 */
    uint64_t head_size; /* bytes in `head`: 0 unless it is a file that may be read */
    uint8_t head[64];   /* its first bytes: which format is it? */
} assay_path_info;

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
    /* Looks at an absolute path of the runner's machine. */
    assay_status (*look)(const assay_host *, const char *path, assay_path_info *out);
    /* The path of a file or directory that comes with assay, by its name below share/assay of the
     * installation ("stack/cfgsync.yaml"), or below the directory that ASSAY_ASSETS names. NULL: it
     * is not there. Lives as long as the run. */
    const char *(*asset)(const assay_host *, const char *name);
    /* In render: a program beside the nodes. At most 16; everything is copied. */
    assay_status (*support)(const assay_host *, const assay_support *);
    /* Non-zero: the deployer starts nodes from their images. Then nothing of this machine is theirs,
     * and `binary` names a program inside the image; plan and render alike may ask. */
    uint32_t (*from_image)(const assay_host *);
    /* Where on its port 0 the node's profile can be fetched, "/debug/pprof/profile?seconds=15", for
     * those who look on from outside. In plan, render or ready; says nothing for a node without. */
    assay_status (*profile)(const assay_host *, uint32_t node, const char *path);
} assay_spec;

/* ---- commands: offered to systems, for outside programs that make what nodes need ---- */
#define ASSAY_EXEC "assay.exec/1"
typedef struct assay_scratch assay_scratch; /* a directory for the files of some commands */
typedef struct assay_exec {
    size_t struct_size;
    /* A new, empty directory of the runner's machine, which nobody else may enter: the files may be
     * secret. Gone with close, with the instance, or with the run. */
    assay_status (*open)(const assay_host *, assay_scratch **scratch);
    void (*close)(assay_scratch *);
    const char *(*directory)(const assay_scratch *); /* absolute */
    /* Writes a file into it: a plain name. */
    assay_status (*write)(const assay_host *, const assay_scratch *, const char *name, assay_bytes);
    /* Reads a file, by an absolute path, up to `max` bytes (64 MiB at most). There is a NUL behind
     * the bytes, which live until this task's next call of run or read. */
    assay_status (*read)(assay_task *, const char *path, size_t max, assay_bytes *out);
    /* Runs a command to its end, in that directory, as assay_deployment.exec does. As many run at a
     * time as there are processors; the others stand in line while their time runs. One that is
     * not done by `until`, or no longer wanted, is killed. */
    assay_status (*run)(assay_task *, const assay_scratch *, const char *const *argv,
        assay_ns until, int32_t *exit_code, assay_bytes *output);
    /* What takes long to make may be kept for later runs, below assay's cache directory
     * ($XDG_CACHE_HOME/assay, else ~/.cache/assay), under any text of up to 200 bytes that says
     * exactly what it is. At most 4,000 bytes each, and 16,384 of them per plugin: new ones push
     * out old ones. Keeping may fail, and what was kept may be gone or damaged: keep a checksum
     * with it. recall fills at most `size` bytes and says how many there were; more are
     * ASSAY_E_LAGGED. ASSAY_E_NOTFOUND: it is not there. */
    assay_status (*keep)(const assay_host *, const char *key, assay_bytes);
    assay_status (*recall)(
        const assay_host *, const char *key, void *out, size_t size, size_t *out_size);
} assay_exec;

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
#define ASSAY_NODE_LOG   "output.log" /* in a node's directory: what its program prints */
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
    uint32_t is_stopped, reserved; /* RUNNING, but stopped or frozen: it does nothing for now */
} assay_process;

/* One HTTP request to the interface of a backend: of a container engine, of a cluster. */
enum {
    ASSAY_CALL_UNVERIFIED = 1 /* flags: https without a look at the server's certificate */
};
typedef struct assay_backend_call {
    size_t struct_size;
    const char *socket;         /* path of a Unix socket; or NULL, and */
    const char *url;            /* "https://10.0.0.1:6443": scheme, host, port, nothing behind */
    const char *method, *path;  /* "GET", "/containers/json?all=1" */
    const char *const *headers; /* "name: value", NULL at the end; or NULL */
    assay_bytes body;
    const char *content_type; /* NULL: application/json when there is a body */
    assay_ns timeout;         /* 0: 10 s */
    size_t reply_max;         /* 0: 16 MiB */
    /* https. PEM files; NULL: the system's authorities, and no certificate of our own. */
    const char *ca_file, *certificate_file, *key_file;
    const char
        *token_file; /* its first line goes out as a bearer token, read anew each time; NULL */
    uint32_t flags, reserved;
} assay_backend_call;

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
    /* A file of logs for a node, besides what `start` writes: ASSAY_NODE_LOG is taken by that, unless
     * the node was never started so. */
    assay_status (*collect_log)(
        const assay_host *, uint32_t node, const char *name, assay_bytes text);
    /* What comes with assay; as in assay_spec. */
    const char *(*asset)(const assay_host *, const char *name);
    /* Removes everything from the node's directory but what its program has printed, so that it
     * starts from nothing once write_files has been called. ASSAY_E_INVALID: it runs. */
    assay_status (*clear)(const assay_host *, uint32_t node);
    /* The programs that the system wants beside the nodes, index 0 and on, after render; NULL: there
     * are no more. */
    const assay_support *(*support)(const assay_host *, uint32_t index);
    /* Asks the backend. OK: there was an answer, whatever its code; assay.http/1 info and release
     * read it and give it back. ASSAY_E_IO: it could not be asked, ASSAY_E_TIMEOUT: no answer in
     * time, both with a text recorded through fail. */
    assay_status (*call)(assay_task *, const assay_backend_call *, assay_reply **reply);
    /* Writes a file below the workspace; directories on the way are made. */
    assay_status (*file)(const assay_host *, const char *path, assay_bytes, uint32_t mode);
    /* The content of an asset, up to 1 MiB, with a NUL behind it that is not counted. Lives as long
     * as the run. ASSAY_E_NOTFOUND: it is not there. */
    assay_status (*asset_text)(const assay_host *, const char *name, assay_bytes *out);
    /* Where people look at what is measured ("http://127.0.0.1:3000"), besides metrics_at. */
    assay_status (*dashboard_at)(const assay_host *, const char *url);
    /* Starts a program of the runner's machine that goes on beside the nodes, such as one that
     * forwards ports. What it prints is appended to <name>.log in the workspace. Nobody starts it
     * again when it ends; it is ended with the nodes, or with the run, whatever happens to the rest.
     * Its working directory is the workspace; at most 1,023 words. */
    assay_status (*beside)(const assay_host *, const char *name, const char *const *argv);
    /* What runs a node has ended, other than by `start`'s processes, which the host knows of itself:
     * although nobody had asked it to, or in another way than it was asked to. Each end once; it is
     * told to whoever reads the report or judges (assay.receipts/1). `at` 0: now. `detail`, a few
     * words to be shown ("out of memory"), may be NULL. */
    assay_status (*ended)(const assay_host *, const assay_node_end *, const char *detail);
} assay_deployment;

#ifdef __cplusplus
}
#endif
#endif
