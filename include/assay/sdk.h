/* assay/sdk.h - conveniences for plugin authors over assay/plugin.h.
 *
 * Everything here is inline or a macro and compiles into the plugin: none of it is part of the
 * ABI, and a plugin that does without it loses nothing but typing. C11 and later; C++14 and later
 * for all but the macros marked "C only" (they use designated initialisers).
 *
 *     #include <assay/sdk.h>
 *
 *     struct burst_options { assay_ns mean_gap; int64_t workers; };
 *     static const assay_option options[] = {
 *         ASSAY_OPTION_SPAN(struct burst_options, mean_gap, "50ms", "1ms..", "Mean time between two requests."),
 *         ASSAY_OPTION_INT(struct burst_options, workers, "4", "1..64", "Requests in flight."),
 *     };
 *     static const char *const needs[] = {ASSAY_CLOCK, ASSAY_HTTP, NULL};
 *
 *     ASSAY_PLUGIN(burst, ASSAY_WORKLOAD, "acme.burst", "1.0.0", "Bursts of requests",
 *         ASSAY_OPTIONS(struct burst_options, options), .needs = needs,
 *         .create = create, .destroy = destroy, .run = run);
 *     ASSAY_LIBRARY("acme-burst", "1.0.0", "Apache-2.0", &burst);
 *
 * In C it poisons the calls of the C library that a service takes the place of (clock_gettime,
 * nanosleep, rand, fork, ...), so that using one is an error where it is written instead of a
 * warning when the plugin is loaded. Define ASSAY_SDK_NO_POISON before including it to leave that
 * to the loader.
 */
#ifndef ASSAY_SDK_H
#define ASSAY_SDK_H

#include <assay/plugin.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
#include <type_traits>
#endif

/* ---- text ---- */

/* More than the host keeps of one line (1,000 bytes), so that it is the host that cuts and marks. */
#define ASSAY_SDK_TEXT_SIZE 1024

/* host->fail with a format: `return assay_fail_f(host, ASSAY_E_IO, "node %u: ...", node);` */
__attribute__((format(printf, 3, 4))) static inline assay_status assay_fail_f(
    const assay_host *host, assay_status status, const char *format, ...)
{
    char text[ASSAY_SDK_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return host->fail(host, status, text);
}

/* host->log with a format. */
__attribute__((format(printf, 3, 4))) static inline void assay_log_f(
    const assay_host *host, uint32_t level, const char *format, ...)
{
    char text[ASSAY_SDK_TEXT_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    host->log(host, level, text);
}

/* Fills a verdict and returns ASSAY_OK, so that judge can end with
 * `return assay_verdict_f(out, ASSAY_FAIL, 1, "...", ...);`. A longer text is cut. */
__attribute__((format(printf, 4, 5))) static inline assay_status assay_verdict_f(
    assay_verdict *verdict, uint32_t outcome, double coverage, const char *format, ...)
{
    va_list args;

    verdict->outcome = outcome;
    verdict->coverage = coverage;
    va_start(args, format);
    (void)vsnprintf(verdict->why, sizeof(verdict->why), format, args);
    va_end(args);
    return ASSAY_OK;
}

/* ---- findings: a verdict put together line by line ---- */

#define ASSAY_SDK_WHY_SIZE (sizeof(((assay_verdict *)0)->why))

/* What an expectation has found so far, one list of lines per gravity. Starts as all zeros (then it
 * is a pass with nothing to say) and holds no memory. */
typedef struct assay_findings {
    uint32_t gravity;  /* of the gravest finding: see assay_gravity */
    uint32_t left_out; /* lines that had no room */
    size_t used[4];
    char lines[4][ASSAY_SDK_WHY_SIZE];
} assay_findings;

/* How outcomes prevail over each other: a failure is one whatever else could not be decided. */
static inline uint32_t assay_gravity(uint32_t outcome)
{
    if (outcome == ASSAY_FAIL)
        return 3u;
    if (outcome == ASSAY_UNDECIDED)
        return 2u;
    return outcome == ASSAY_VACUOUS ? 1u : 0u;
}

/* Adds one line, without a line end. The verdict becomes the gravest that was added. */
__attribute__((format(printf, 3, 4))) static inline void assay_find(
    assay_findings *findings, uint32_t outcome, const char *format, ...)
{
    uint32_t gravity = assay_gravity(outcome);
    char *lines = findings->lines[gravity];
    size_t used = findings->used[gravity];
    size_t room = ASSAY_SDK_WHY_SIZE - used;
    size_t gap = used ? 1 : 0; /* for the line end in front */
    int length = -1;
    va_list args;

    if (gravity > findings->gravity)
        findings->gravity = gravity;
    va_start(args, format);
    if (room > gap)
        length = vsnprintf(lines + used + gap, room - gap, format, args);
    va_end(args);
    if (length < 0 || (used && (size_t)length >= room - gap)) {
        lines[used < ASSAY_SDK_WHY_SIZE ? used : ASSAY_SDK_WHY_SIZE - 1] = '\0';
        findings->left_out++;
        return;
    }
    if (used)
        lines[used] = '\n';
    used += gap + (size_t)length;
    findings->used[gravity] = used < ASSAY_SDK_WHY_SIZE ? used : ASSAY_SDK_WHY_SIZE - 1;
}

/* Fills the verdict, gravest lines first, and returns ASSAY_OK: the last line of judge. Lines that
 * find no room are counted at the end. */
static inline assay_status assay_conclude(
    const assay_findings *findings, double coverage, assay_verdict *out)
{
    static const uint32_t outcomes[4] = {ASSAY_PASS, ASSAY_VACUOUS, ASSAY_UNDECIDED, ASSAY_FAIL};
    const size_t room = ASSAY_SDK_WHY_SIZE - 32; /* the rest is for the count */
    uint32_t left_out = findings->left_out;
    size_t used = 0;

    for (uint32_t gravity = 4; gravity-- > 0;) {
        const char *line = findings->lines[gravity];

        while (*line) {
            size_t length = strcspn(line, "\n");

            if (used + length + 1 > room && used) {
                left_out++;
            } else {
                if (used)
                    out->why[used++] = '\n';
                if (length > room - used)
                    length = room - used;
                memcpy(out->why + used, line, length);
                used += length;
            }
            line += strcspn(line, "\n");
            line += *line == '\n';
        }
    }
    out->why[used] = '\0';
    if (left_out)
        (void)snprintf(out->why + used, ASSAY_SDK_WHY_SIZE - used, "\n(and %u more)", left_out);
    out->outcome = outcomes[findings->gravity];
    out->coverage = coverage;
    return ASSAY_OK;
}

/* Text as bytes, without the NUL. Borrowed. */
static inline assay_bytes assay_bytes_of(const char *text)
{
    assay_bytes bytes;

    bytes.data = text;
    bytes.size = strlen(text);
    return bytes;
}

/* ---- services ---- */

/* assay_clock_of(host) and so on: the service's table. Never NULL for what the plugin `needs`;
 * NULL for what it `wants` and the host does not offer. Ask once, in create, and keep it. */
#define ASSAY_SDK_SERVICE_(name, type, id)                                                         \
    static inline const type *assay_##name##_of(const assay_host *host)                            \
    {                                                                                              \
        return (const type *)host->service(host, id);                                              \
    }
ASSAY_SDK_SERVICE_(clock, assay_clock, ASSAY_CLOCK)
ASSAY_SDK_SERVICE_(tasks, assay_tasks, ASSAY_TASKS)
ASSAY_SDK_SERVICE_(random, assay_random, ASSAY_RANDOM)
ASSAY_SDK_SERVICE_(http, assay_http, ASSAY_HTTP)
ASSAY_SDK_SERVICE_(json, assay_json_table, ASSAY_JSON)
ASSAY_SDK_SERVICE_(sign, assay_sign, ASSAY_SIGN)
ASSAY_SDK_SERVICE_(nodes, assay_nodes, ASSAY_NODES)
ASSAY_SDK_SERVICE_(blocks, assay_blocks, ASSAY_BLOCKS)
ASSAY_SDK_SERVICE_(submissions, assay_submissions, ASSAY_SUBMISSIONS)
ASSAY_SDK_SERVICE_(metrics, assay_metrics, ASSAY_METRICS)
ASSAY_SDK_SERVICE_(wallet, assay_wallet, ASSAY_WALLET)
ASSAY_SDK_SERVICE_(artifacts, assay_artifacts, ASSAY_ARTIFACTS)
ASSAY_SDK_SERVICE_(run, assay_run_table, ASSAY_RUN)
ASSAY_SDK_SERVICE_(control, assay_control, ASSAY_CONTROL)
ASSAY_SDK_SERVICE_(receipts, assay_receipts, ASSAY_RECEIPTS)
ASSAY_SDK_SERVICE_(transfer, assay_transfer, ASSAY_TRANSFER)
ASSAY_SDK_SERVICE_(topology, assay_topology, ASSAY_TOPOLOGY)
ASSAY_SDK_SERVICE_(spec, assay_spec, ASSAY_SPEC)
ASSAY_SDK_SERVICE_(exec, assay_exec, ASSAY_EXEC)
ASSAY_SDK_SERVICE_(observe, assay_observe, ASSAY_OBSERVE)
ASSAY_SDK_SERVICE_(deployment, assay_deployment, ASSAY_DEPLOYMENT)

/* ---- observation ---- */

#define ASSAY_SDK_LOOK_EVERY (50 * ASSAY_MS) /* how often assay_await_look asks the host */

/* Has the node been observed since that moment, with success? */
static inline uint32_t assay_was_seen(const assay_node_status *status, assay_ns since)
{
    return (status->flags & ASSAY_NODE_REACHABLE) && status->observed_at >= since;
}

/* Waits until every node has been observed since now, or until the moment has passed. For judging
 * what nodes say at the judgement and not what they said some time ago. ASSAY_OK says that the wait
 * is over, not that all were seen: see assay_was_seen. */
static inline assay_status assay_await_look(
    const assay_host *host, assay_task *task, assay_ns until)
{
    const assay_clock *clock = assay_clock_of(host);
    const assay_nodes *nodes = assay_nodes_of(host);
    const uint32_t count = nodes->count(host);
    const assay_ns since = clock->now(host);
    uint32_t seen = 0; /* nodes before this one have been */

    for (;;) {
        for (; seen < count; seen++) {
            assay_node_status status;
            assay_status s;

            memset(&status, 0, sizeof(status));
            status.struct_size = sizeof(status);
            s = nodes->status(host, seen, &status);
            if (s)
                return s;
            if (!assay_was_seen(&status, since))
                break;
        }
        if (seen == count || clock->now(host) >= until)
            return ASSAY_OK;
        {
            assay_status s = clock->sleep_until(task, clock->now(host) + ASSAY_SDK_LOOK_EVERY);

            if (s)
                return s;
        }
    }
}

/* ---- measuring ---- */

/* Records a value, unless the metric could not be defined. */
static inline void assay_measure(
    const assay_metrics *metrics, const assay_host *host, uint32_t metric, double value)
{
    if (metric != ASSAY_NO_METRIC)
        metrics->record(host, metric, value);
}

/* The same with a span, in seconds; one that is negative counts as none. */
static inline void assay_measure_span(
    const assay_metrics *metrics, const assay_host *host, uint32_t metric, assay_ns span)
{
    assay_measure(metrics, host, metric, span > 0 ? (double)span / (double)ASSAY_SECOND : 0);
}

/* ---- records ---- */

/* A record for the host to fill, or to pass with more fields set. C only:
 *     assay_node_info info = ASSAY_RECORD(assay_node_info);
 *     assay_request request = ASSAY_RECORD_WITH(assay_request, .method = "GET", .path = "/"); */
#define ASSAY_RECORD(type)                                                                         \
    (type)                                                                                         \
    {                                                                                              \
        .struct_size = sizeof(type)                                                                \
    }
#define ASSAY_RECORD_WITH(type, ...)                                                               \
    (type)                                                                                         \
    {                                                                                              \
        .struct_size = sizeof(type), __VA_ARGS__                                                   \
    }

/* A record of the other side as a whole one of this header's size: what they did not know is zero.
 *     assay_request request;
 *     assay_take(&request, sizeof(request), info->request); */
static inline void assay_take(void *out, size_t size, const void *theirs)
{
    size_t common = *(const size_t *)theirs;

    if (common > size)
        common = size;
    (void)memcpy(out, theirs, common);
    (void)memset((char *)out + common, 0, size - common);
    (void)memcpy(out, &size, sizeof(size));
}

/* Item `index` of an array whose items may be longer than this header knows:
 *     ASSAY_AT(assay_item, info->items, info->item_stride, i)->id */
#define ASSAY_AT(type, items, stride, index)                                                       \
    ((const type *)(const void *)((const char *)(items) + (size_t)(stride) * (size_t)(index)))

/* ---- options ---- */

/* offsetof, and an error unless the field is of the type that the option's value has. */
#ifdef __cplusplus
template <class Wanted, class Given> constexpr size_t assay_offset_(size_t offset)
{
    static_assert(std::is_same<Wanted, Given>::value, "the field has another type than the option");
    return offset;
}
#define ASSAY_SDK_OFFSET_(config, field, wanted)                                                   \
    assay_offset_<wanted, decltype(((config *)0)->field)>(offsetof(config, field))
#else
#define ASSAY_SDK_OFFSET_(config, field, wanted)                                                   \
    _Generic(((config *)0)->field, wanted : offsetof(config, field))
#endif
#define ASSAY_SDK_FIELD_BOOL   int64_t
#define ASSAY_SDK_FIELD_INT    int64_t
#define ASSAY_SDK_FIELD_REAL   double
#define ASSAY_SDK_FIELD_SPAN   assay_ns
#define ASSAY_SDK_FIELD_SIZE   int64_t
#define ASSAY_SDK_FIELD_TEXT   const char *
#define ASSAY_SDK_FIELD_CHOICE const char *
#define ASSAY_SDK_FIELD_LIST   const char *const *

/* The general form; the key is the field's name. `config` is the struct that create gets, `flags`
 * ASSAY_REQUIRED (then fallback is NULL), ASSAY_SECRET, ASSAY_DEPRECATED or 0:
 *     ASSAY_OPTION(TEXT, struct probe_options, token, ASSAY_REQUIRED | ASSAY_SECRET, NULL, NULL, "...") */
#define ASSAY_OPTION(kind, config, field, flags, fallback, range, help)                            \
    {                                                                                              \
#field, ASSAY_##kind, flags, ASSAY_SDK_OFFSET_(config, field, ASSAY_SDK_FIELD_##kind),     \
            fallback, range, help                                                                  \
    }
/* The customary ones. A range is "1..1000", "1..", "..5", with units where values have them, or
 * NULL. */
#define ASSAY_OPTION_BOOL(config, field, fallback, help)                                           \
    ASSAY_OPTION(BOOL, config, field, 0, fallback, NULL, help)
#define ASSAY_OPTION_INT(config, field, fallback, range, help)                                     \
    ASSAY_OPTION(INT, config, field, 0, fallback, range, help)
#define ASSAY_OPTION_REAL(config, field, fallback, range, help)                                    \
    ASSAY_OPTION(REAL, config, field, 0, fallback, range, help)
#define ASSAY_OPTION_SPAN(config, field, fallback, range, help)                                    \
    ASSAY_OPTION(SPAN, config, field, 0, fallback, range, help)
#define ASSAY_OPTION_SIZE(config, field, fallback, range, help)                                    \
    ASSAY_OPTION(SIZE, config, field, 0, fallback, range, help)
#define ASSAY_OPTION_TEXT(config, field, fallback, help)                                           \
    ASSAY_OPTION(TEXT, config, field, 0, fallback, NULL, help)
#define ASSAY_OPTION_CHOICE(config, field, fallback, choices, help)                                \
    ASSAY_OPTION(CHOICE, config, field, 0, fallback, choices, help)
#define ASSAY_OPTION_LIST(config, field, fallback, help)                                           \
    ASSAY_OPTION(LIST, config, field, 0, fallback, NULL, help)

/* ---- the library ---- */

/* The four fields of a descriptor that tell its options. C only. */
#define ASSAY_OPTIONS(config, table)                                                               \
    .options = (table), .option_stride = sizeof(assay_option),                                     \
    .option_count = sizeof(table) / sizeof((table)[0]), .options_size = sizeof(config)

/* The same for the keys of [node.<name>] sections, for systems that have options too. C only. */
#define ASSAY_NODE_OPTIONS(config, table)                                                          \
    .node_options = (table), .node_option_count = sizeof(table) / sizeof((table)[0]),              \
    .node_options_size = sizeof(config)

/* A plugin: its note and its descriptor, from one set of facts. C only. */
#define ASSAY_PLUGIN(symbol, kind_, id_, version_, summary_, ...)                                  \
    ASSAY_NOTE(symbol, kind_, id_, version_, summary_);                                            \
    static const assay_plugin symbol = {.struct_size = sizeof(assay_plugin),                       \
        .id = (id_),                                                                               \
        .version = (version_),                                                                     \
        .summary = (summary_),                                                                     \
        .kind = (kind_),                                                                           \
        __VA_ARGS__}

/* The exported function, once per library, with the addresses of its plugins. */
#define ASSAY_LIBRARY(name_, version_, license_, ...)                                              \
    static const assay_plugin *const assay_sdk_plugins_[] = {__VA_ARGS__};                         \
    static const assay_library assay_sdk_library_ = {sizeof(assay_library), ASSAY_ABI_MINOR,       \
        ASSAY_ABI_NEEDS, name_, version_, license_, assay_sdk_plugins_,                            \
        sizeof(assay_sdk_plugins_) / sizeof(assay_sdk_plugins_[0])};                               \
    const assay_library *assay_library_v1(void)                                                    \
    {                                                                                              \
        return &assay_sdk_library_;                                                                \
    }                                                                                              \
    ASSAY_EXPORT const assay_library *assay_library_v1(void)

/* ---- what a service takes the place of ---- */

/* Only names that hardly serve as anything else: `time`, `random` or `connect` may well be a field
 * or a variable of yours. The loader reports all of them. The headers that declare the names come
 * first, so that the order in which you include them does not matter. */
#if !defined(ASSAY_SDK_NO_POISON) && !defined(__cplusplus) && defined(__GNUC__)
#include <dlfcn.h>
#include <locale.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#pragma GCC poison clock_gettime gettimeofday timespec_get nanosleep clock_nanosleep usleep
#pragma GCC poison rand srand rand_r drand48 lrand48 mrand48 srandom getrandom getentropy arc4random
#pragma GCC poison fork vfork posix_spawn posix_spawnp popen execve execvp execlp
#pragma GCC poison pthread_create thrd_create sigaction pthread_sigmask sigprocmask setitimer
#pragma GCC poison chdir umask setenv unsetenv putenv setlocale dlopen getaddrinfo
#endif

#endif
