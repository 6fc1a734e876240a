/* One source, many libraries that must be refused: CMakeLists.txt compiles it once per mistake,
   with the one ingredient redefined that the mistake is in. Without redefinitions it is a sound
   library with one workload. README.md explains the corpus. */
#include <assay/plugin.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the ingredients ---- */

#ifndef ID
#define ID "bad.nothing"
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef SUMMARY
#define SUMMARY "Something is wrong with it"
#endif
#ifndef KIND
#define KIND ASSAY_WORKLOAD
#endif
#ifndef NOTE_ID
#define NOTE_ID ID
#endif
#ifndef NOTE_KIND
#define NOTE_KIND KIND
#endif
#ifndef NOTE_VERSION
#define NOTE_VERSION VERSION
#endif
#ifndef NOTE_SUMMARY
#define NOTE_SUMMARY SUMMARY
#endif
#ifndef NOTE_MAJOR
#define NOTE_MAJOR ASSAY_ABI_MAJOR
#endif
#ifndef NOTE_NEEDS
#define NOTE_NEEDS ASSAY_ABI_NEEDS
#endif
#ifndef NOTE_DESC_SIZE
#define NOTE_DESC_SIZE ASSAY_NOTE_DESC_SIZE
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef DESTROY
#define DESTROY destroy
#endif
#ifndef RUN
#define RUN step
#endif
#ifndef MORE
#define MORE .flags = 0
#endif
#ifndef OPTION
#define OPTION                                                                                     \
    {                                                                                              \
        "pace", ASSAY_INT, 0, 0, "1", "1..9", "How fast."                                          \
    }
#endif
#ifndef OPTIONS_SIZE
#define OPTIONS_SIZE sizeof(struct options)
#endif
#ifndef OPTION_STRIDE
#define OPTION_STRIDE sizeof(assay_option)
#endif
#ifndef OPTION_COUNT
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))
#endif
#ifndef OPTION_TABLE
#define OPTION_TABLE options
#endif
#ifndef PLUGIN_SIZE
#define PLUGIN_SIZE sizeof(assay_plugin)
#endif
#ifndef LIBRARY_SIZE
#define LIBRARY_SIZE sizeof(assay_library)
#endif
#ifndef LIBRARY_NAME
#define LIBRARY_NAME "bad"
#endif
#ifndef PLUGINS
#define PLUGINS &plugin
#endif
#ifndef PLUGIN_COUNT
#define PLUGIN_COUNT (sizeof(plugins) / sizeof(plugins[0]))
#endif
#ifndef ENTRY
#define ENTRY assay_library_v1
#endif
#ifndef RESULT
#define RESULT &library
#endif

/* ---- what a mistake may need ---- */

struct options {
    int64_t pace;
};

static assay_status create(const assay_host *host, const void *options, void **self)
{
    (void)host;
    (void)options;
    (void)self;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    (void)self;
}

static assay_status step(void *self, assay_task *task)
{
    (void)self;
    (void)task;
    return ASSAY_OK;
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    (void)out;
    return step(self, task);
}

static assay_status ready(
    void *self, assay_task *task, uint32_t node, uint32_t stage, assay_readiness *out)
{
    (void)node;
    (void)stage;
    (void)out;
    return step(self, task);
}

#ifndef SYSTEM_SIZE
#define SYSTEM_SIZE sizeof(assay_system_ops)
#endif
#ifndef READY
#define READY ready
#endif
/* No `follow`, which a system must have. */
static const assay_system_ops half_a_system __attribute__((unused)) = {
    .struct_size = SYSTEM_SIZE, .plan = step, .render = step, .ready = READY};
static const assay_deployer_ops odd_deployer
    __attribute__((unused)) = {.struct_size = sizeof(assay_deployer_ops), .flags = 6};
static const assay_deployer_ops idle_deployer __attribute__((unused)) = {
    .struct_size = sizeof(assay_deployer_ops), .actions = 1u << ASSAY_ACT_KILL};
static const char *const services[] __attribute__((unused)) = {"clock", NULL};
static const char *const endless[]
    __attribute__((unused)) = {"a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1",
        "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1",
        "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1",
        "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1",
        "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1",
        "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1",
        "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", "a.b/1", NULL};
static const char *const offers[] __attribute__((unused)) = {"bad.service/1", NULL};

/* ---- the library ---- */

#ifndef NO_NOTE
__attribute__((section(".note.assay"), used, aligned(4))) static const assay_note note = {6u,
    NOTE_DESC_SIZE, ASSAY_NOTE_TYPE, "assay", NOTE_MAJOR, ASSAY_ABI_MINOR, NOTE_NEEDS, NOTE_KIND,
    NOTE_ID, NOTE_VERSION, NOTE_SUMMARY};
#endif
#ifdef SECOND_NOTE
ASSAY_NOTE(second, KIND, SECOND_NOTE, VERSION, SUMMARY);
#endif

static const assay_option options[] __attribute__((unused)) = {OPTION};
static const assay_plugin plugin __attribute__((unused)) = {.struct_size = PLUGIN_SIZE,
    .id = ID,
    .version = VERSION,
    .summary = SUMMARY,
    .kind = KIND,
    .options = OPTION_TABLE,
    .option_stride = OPTION_STRIDE,
    .option_count = OPTION_COUNT,
    .options_size = OPTIONS_SIZE,
    .create = CREATE,
    .destroy = DESTROY,
    .run = RUN,
    MORE};
static const assay_plugin second __attribute__((unused)) = {.struct_size = sizeof(assay_plugin),
    .id = "bad.second",
    .version = VERSION,
    .summary = SUMMARY,
    .kind = KIND,
    .create = create,
    .destroy = destroy,
    .run = step};
static const assay_plugin nameless __attribute__((unused)) = {.struct_size = sizeof(assay_plugin),
    .version = VERSION,
    .summary = SUMMARY,
    .kind = KIND,
    .create = create,
    .destroy = destroy,
    .run = step};
static const assay_plugin *const plugins[] __attribute__((unused)) = {PLUGINS};
static const assay_library library __attribute__((unused)) = {LIBRARY_SIZE, ASSAY_ABI_MINOR,
    ASSAY_ABI_NEEDS, LIBRARY_NAME, "1.0.0", "Apache-2.0", plugins, PLUGIN_COUNT};

/* Expectations need it; other kinds must not have it. Keeps the compiler from calling it unused. */
assay_status (*const bad_judge)(void *, assay_task *, assay_verdict *) = judge;

#ifndef NO_ENTRY
ASSAY_EXPORT const assay_library *ENTRY(void);
const assay_library *ENTRY(void)
{
#ifdef IN_ENTRY
    IN_ENTRY;
#endif
    return RESULT;
}
#endif

#ifdef IN_CONSTRUCTOR
__attribute__((constructor)) static void construct(void)
{
    IN_CONSTRUCTOR;
}
#endif

#ifdef MISSING
extern void bad_function_that_nobody_has(void);
void (*const bad_caller)(void) = bad_function_that_nobody_has;
#endif
