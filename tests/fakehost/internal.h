/* What the files of the scripted host share. See fakehost.h for what it is. */
#ifndef ASSAY_TESTS_FAKEHOST_INTERNAL_H
#define ASSAY_TESTS_FAKEHOST_INTERNAL_H

#include "tests/fakehost/fakehost.h"

enum {
    FAKE_NODES_MAX = 64,   /* more than any script has */
    FAKE_TEXT_MAX = 65536, /* of a log; tests read it whole */
    FAKE_OPTIONS_MAX = 1024,
    FAKE_LISTS_MAX = 16,
    FAKE_QUERIES_MAX = 16,
    FAKE_ABSENCES_MAX = 64
};

struct fake_event {
    struct fake_event *next;
    assay_ns at;
    void (*fire)(struct fakehost *, const struct fake_event *);
    uint32_t node;
    uint64_t number;
    const char *id;
    void *object;
};

struct fake_text {
    size_t used;
    char text[FAKE_TEXT_MAX];
};

struct fake_block {
    char id[ASSAY_ID_MAX], parent_id[ASSAY_ID_MAX];
    struct fake_block *parent; /* NULL: genesis */
    uint64_t height;
    uint32_t flags;
    bool is_hidden;
    assay_ns first_seen; /* -1: not yet */
    assay_item *items;
    size_t item_count;
};

struct fake_node {
    char name[32], role[32];
    uint32_t role_index;
    struct fake_block *tip, *seen_tip, *final; /* NULL: genesis */
    bool is_reachable;
    assay_ns blind_since, blind_longest;
    uint64_t final_changed;
    uint32_t answer_code;
    assay_ns answer_latency;
    uint32_t ports_bound;
    assay_process process; /* state 0: never started */
    assay_ns obeys_after;  /* SIGTERM; ASSAY_FOREVER: never */
    bool is_immortal;
    assay_ns blind_unasked;
};

struct fake_metric {
    char name[64];
    uint32_t kind;
    double *samples, value;
    size_t count;
};

struct fake_absence {
    uint32_t node;
    assay_ns from, to;
};

struct fake_submission {
    char kind[32], id[ASSAY_ID_MAX];
    assay_submission record;
};

struct fakehost {
    assay_host table;
    assay_ns now, window_start, window_end;
    struct fake_event *events;
    bool is_cancelled;
    assay_ns cancel_at;

    uint64_t calls, blocking_calls, fail_call, cancel_call;
    assay_status fail_status;
    char failed_call[32], aim[32];
    uint64_t adopt_call; /* at which adopt_node comes to adopt_block */
    uint32_t adopt_node;
    const char *adopt_blocks[2];
    int64_t alive; /* objects handed out and not given back */

    const assay_plugin *plugin;
    void *self;
    _Alignas(16) char options[FAKE_OPTIONS_MAX];
    char *option_texts[FAKE_OPTIONS_MAX / 8];
    size_t option_text_count;
    const char **lists[FAKE_LISTS_MAX];
    size_t list_count;

    struct fake_text log, story;
    char why[1001];

    assay_run_facts facts;
    struct fake_node nodes[FAKE_NODES_MAX];
    uint32_t node_count;
    struct fake_block **blocks;
    size_t block_count;
    struct assay_feed *feeds;

    struct fake_submission **submissions;
    size_t submission_count;
    struct fake_sent *sent;
    size_t sent_count;
    assay_ns send_delay;
    uint32_t accounts, purse_users, outputs;
    uint32_t settles_as;
    uint64_t transactions_made;
    assay_ns make_time, recycle;

    struct {
        assay_ns at;
        assay_status status;
        double value;
    } queries[FAKE_QUERIES_MAX];
    size_t query_count;
    struct {
        assay_ns at;
        uint32_t scraped, pushed;
    } presences[FAKE_QUERIES_MAX];
    size_t presence_count;
    char asked[256], asked_presence[8192];
    assay_ns asked_age_max;
    struct fake_metric **metrics;
    uint32_t metric_count;
    uint64_t chance;
    struct fake_da *da;

    const char *variables[16];
    uint32_t variable_count, ports_given;
    bool is_rendered, are_ports_released;
    struct assay_node_spec *specs;

    uint64_t actions;
    assay_ns act_duration;
    assay_status act_status;
    uint32_t act_proof;
    struct fake_act *acts;
    size_t act_count;
    assay_receipt *receipts;
    size_t receipt_count;
    assay_node_end *ends;
    size_t end_count;
    struct fake_absence absences[FAKE_ABSENCES_MAX];
    size_t absence_count;
};

/* The beginning of each service function that can fail: counts it, and fails it when it is its
   turn. Blocking ones are cancellation points. */
assay_status fake_enter(struct fakehost *f, const char *name);
assay_status fake_enter_blocking(struct fakehost *f, const char *name);

/* Waits, on behalf of the plugin, until is_ready or the moment; fires what is due. */
assay_status fake_wait(
    struct fakehost *f, assay_ns until, bool (*is_ready)(struct fakehost *, void *), void *context);

struct fake_event *fake_at(struct fakehost *f, assay_ns at,
    void (*fire)(struct fakehost *, const struct fake_event *), uint32_t node, const char *id);

struct fakehost *fake_of(const assay_host *host);
struct fakehost *fake_of_task(assay_task *task);

void *fake_alloc(size_t count, size_t size);
/* items with room for one more: grows by doubling at powers of two. */
void *fake_grow(void *items, size_t count, size_t size);
char *fake_copy(const char *text);
void fake_write(struct fake_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const void *fake_chain_service(const char *id);
const void *fake_traffic_service(struct fakehost *f, const char *id);
const void *fake_meter_service(const char *id);
const void *fake_deployment_service(const char *id);
const void *fake_da_service(struct fakehost *f, const char *id);
void fake_da_init(struct fakehost *f);
void fake_da_done(struct fakehost *f);
const void *fake_control_service(const char *id);

void fake_chain_done(struct fakehost *f);
void fake_traffic_done(struct fakehost *f);
void fake_meter_done(struct fakehost *f);
void fake_deployment_done(struct fakehost *f);
void fake_control_done(struct fakehost *f);

/* How long the script has the node away in the span. */
assay_ns fake_away_of(const struct fakehost *f, uint32_t node, assay_ns from, assay_ns to);

/* The part of assay.deployment/1 that is about processes; processes.c. */
assay_status fake_process_start(const assay_host *host, uint32_t node);
assay_status fake_process_signal(const assay_host *host, uint32_t node, int32_t signal_number);
assay_status fake_process_get(const assay_host *host, uint32_t node, assay_process *out);
assay_status fake_process_wait(assay_task *task, uint32_t node, assay_ns until);

/* Fills f->options from the table and the given settings. */
void fake_options_fill(struct fakehost *f, const char *const *settings, size_t count);
void fake_options_done(struct fakehost *f);

/* Copies a record as the ABI says: no more than either side knows. */
#define FAKE_COPY_OUT(out, record)                                                                 \
    do {                                                                                           \
        size_t size_ = (out)->struct_size;                                                         \
        assert_true(size_ >= sizeof(size_t));                                                      \
        (record).struct_size = size_;                                                              \
        memcpy((out), &(record), size_ < sizeof(record) ? size_ : sizeof(record));                 \
    } while (0)

#endif
