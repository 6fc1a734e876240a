/* assay/plugin.h - the plugin ABI, major 1, minor 0.
 *
 * A plugin is a shared object that exports one function, assay_library_v1, which returns constant
 * data: the plugins in the library, their options, the services they need. The host reads an ELF
 * note (assay_note) before it runs any code of the file, then the constant data, and only when a
 * whole manifest has been found valid does it create instances.
 *
 * C11 to C23 and C++14 to C++20, freestanding headers only. docs/abi.md has the rules in full,
 * docs/writing-a-plugin.md a worked example.
 *
 * This is the header to include: it has what a plugin is (options, verdicts, the operations of each
 * kind, descriptors) and brings in
 *
 *     types.h       versions, statuses, moments, handles, assay_host
 *     services.h    the services of workloads and expectations: clock ... control, transfer
 *     deployment.h  the services of systems and deployers: topology, spec, observe, deployment
 *     note.h        the ELF note
 *
 * sdk.h, on top of it, has convenient inline helpers.
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
 *  - Errors. 0 or one of the negative codes of ASSAY_STATUS_LIST. Explain a failure once, where it
 *    is known, with `return host->fail(host, status, "...")`. On failure out-parameters are untouched.
 *  - World. Time, sleep, chance, network, processes and files come from services alone. A plugin
 *    starts no threads or processes and touches no signal handler, environment or descriptor.
 *  - Text is NUL-terminated UTF-8. Times and spans are nanoseconds. Sizes are bytes.
 */
#ifndef ASSAY_PLUGIN_H
#define ASSAY_PLUGIN_H

#include <assay/deployment.h>
#include <assay/note.h>
#include <assay/services.h>
#include <assay/types.h>

#ifdef __cplusplus
extern "C" {
#endif

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

enum {
    ASSAY_DEPLOYER_IMAGES = 1 /* starts nodes from their images: see assay_spec.from_image */
};
/* A deployer brings nodes up on a backend. `prepare` deploys, `finish` tears down. */
typedef struct assay_deployer_ops {
    size_t struct_size;
    uint64_t actions; /* bit 1 << ASSAY_ACT_... for each action that control can do */
    /* Does it. The proof is the host's: it calls inspect before and after. */
    assay_status (*control)(void *self, assay_task *, const assay_action *, assay_ns until);
    /* What the backend says of the node; `detail` gets a short text. Two tasks may call it. */
    assay_status (*inspect)(
        void *self, assay_task *, uint32_t node, assay_process *out, char detail[160]);
    /* For nodes that the host did not start itself: hands what the node has printed so far to
     * assay_deployment.collect_log as ASSAY_NODE_LOG. Called when a node does not get ready, so that
     * the error can show the end of it. Two tasks may call it, beside inspect. May be NULL. */
    assay_status (*collect)(void *self, assay_task *, uint32_t node);
    uint32_t flags, reserved; /* ASSAY_DEPLOYER_... */
    /* For nodes that the host did not start itself: looks once at all of them, and tells
     * assay_deployment.ended of each that has ended without `control` having asked it to. Called when
     * all are ready, every 2 s from then on, and once more right before they are judged; never
     * beside control. A failure means "I could not look". May be NULL. */
    assay_status (*watch)(void *self, assay_task *);
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

#ifdef __cplusplus
}
#endif
#endif
