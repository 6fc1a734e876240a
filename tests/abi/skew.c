/* One plugin, built with headers of several minors: today's, the frozen ones, and a made-up 1.99
   whose records all end with two more fields. test_skew.c loads each on hosts of two minors. */
#include <assay/plugin.h>
#include <string.h>

#define IS_FUTURE (ASSAY_ABI_MINOR >= 99u)

struct options {
    int64_t first;
    const char *second;
};

static const assay_option options[] = {
    {.name = "first",
        .type = ASSAY_INT,
        .offset = offsetof(struct options, first),
        .fallback = "1",
        .help = "A number."},
    {.name = "second",
        .type = ASSAY_TEXT,
        .offset = offsetof(struct options, second),
        .fallback = "two",
        .help = "A text."},
};

/* What create saw of the host, for judge to say. */
static assay_status create(const assay_host *host, const void *given, void **self)
{
    const struct options *its = given;

    if (its->first != 1 || strcmp(its->second, "two") != 0)
        return host->fail(host, ASSAY_E_INVALID, "the options arrived crooked");
    *self = (void *)(uintptr_t)host;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    (void)self;
}

/* Fills the verdict: "far" when the host has the fields of 1.99, else "near". */
static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    const assay_host *host = self;
    const char *what = "near";

    (void)task;
#if IS_FUTURE
    if (ASSAY_HAS(host, future_pointer))
        what = "far";
    if (out->struct_size >= sizeof(*out))
        out->future_number = 99;
#else
    (void)host;
#endif
    out->outcome = ASSAY_PASS;
    out->coverage = 1;
    (void)strcpy(out->why, what);
    return ASSAY_OK;
}

static const char *const needs[] = {ASSAY_CLOCK, NULL};

ASSAY_NOTE(probe, ASSAY_EXPECTATION, "skew.probe", "1.0.0", "Built with another header");

static const assay_plugin probe = {
    .struct_size = sizeof(assay_plugin),
    .id = "skew.probe",
    .version = "1.0.0",
    .summary = "Built with another header",
    .kind = ASSAY_EXPECTATION,
    .needs = needs,
    .options = options,
    .option_stride = sizeof(assay_option),
    .option_count = sizeof(options) / sizeof(options[0]),
    .options_size = sizeof(struct options),
    .create = create,
    .destroy = destroy,
    .judge = judge,
#if IS_FUTURE
    .future_number = 99,
#endif
};
static const assay_plugin *const plugins[] = {&probe};
static const assay_library library = {.struct_size = sizeof(assay_library),
    .abi_built = ASSAY_ABI_MINOR,
    .abi_needs = ASSAY_ABI_NEEDS,
    .name = "skew",
    .version = "1.0.0",
    .license = "Apache-2.0",
    .plugins = plugins,
    .plugin_count = 1};

const assay_library *assay_library_v1(void)
{
    return &library;
}
