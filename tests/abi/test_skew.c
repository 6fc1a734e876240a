/* Plugins and hosts of different minors. Compiled twice: with today's header and core, and with the
   made-up header 1.99 and a core compiled with that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/config/schema.h"
#include "framework/plugin/loader.h"

#define DIR ASSAY_BUILD_DIR "/tests/abi/"

#define IS_FUTURE (ASSAY_ABI_MINOR >= 99u)

static assay_status record_failure(const assay_host *host, assay_status status, const char *why)
{
    (void)host;
    fail_msg("%s", why);
    return status;
}

/* Options from their defaults alone, as an empty section would give them. */
static void fill(const struct plugin *plugin, struct values *values)
{
    const assay_plugin *its = &plugin->descriptor;
    const struct schema schema = {
        its->options, its->option_stride, its->option_count, its->options_size};
    auto_problems struct problems problems;

    problems_init(&problems);
    values_init(values);
    schema_fill(&schema, "expectation.probe", NULL, values, &problems);
    assert_int_equal(problems.list.count, 0);
}

/* Loads the file, lets the plugin judge, and compares what it saw. */
static void lives(const char *path, uint32_t built, const char *saw)
{
    const assay_host host = {
        .struct_size = sizeof(host),
        .instance = "expectation.probe",
        .fail = record_failure,
#if IS_FUTURE
        .future_pointer = "",
#endif
    };
    auto_loader struct loader *loader = NULL;
    const struct plugin *plugin = NULL;
    const struct loader_request request = {.path = path};
    auto_values struct values values;
    /* As large as this host knows it and not a byte more, for the sanitizers to watch. */
    assay_verdict *verdict = calloc(1, sizeof(*verdict));
    void *self = NULL;
    struct error err = {.text = ""};

    assert_non_null(verdict);
    verdict->struct_size = sizeof(*verdict);
    if (loader_new(&(struct loader_options){0}, &loader, &err) ||
        loader_open(loader, &request, &plugin, &err))
        fail_msg("%s", err.text);
    fill(plugin, &values);

    assert_int_equal(plugin->library->abi_built, built);
    assert_int_equal(plugin->descriptor.struct_size, sizeof(assay_plugin));
    assert_string_equal(plugin->descriptor.needs[0], ASSAY_CLOCK);
    assert_string_equal(plugin->descriptor.options[1].name, "second");
#if IS_FUTURE
    assert_int_equal(plugin->descriptor.future_number, built >= 99 ? 99 : 0);
    assert_null(plugin->descriptor.options[0].future_pointer);
    assert_null(plugin->descriptor.options[1].future_pointer);
#endif
    assert_int_equal(plugin->descriptor.create(&host, values.data, &self), ASSAY_OK);
    assert_int_equal(plugin->descriptor.judge(self, NULL, verdict), ASSAY_OK);
    assert_string_equal(verdict->why, saw);
#if IS_FUTURE
    assert_int_equal(verdict->future_number, built >= 99 ? 99 : 0);
#endif
    plugin->descriptor.destroy(self);
    free(verdict);
}

static void a_plugin_of_minor_0_lives(void **state)
{
    (void)state;
    lives(DIR "skew-1.0.so", 0, "near");
}

static void a_plugin_of_minor_99_lives_and_sees_what_the_host_has(void **state)
{
    (void)state;
    lives(DIR "skew-1.99.so", 99, IS_FUTURE ? "far" : "near");
}

static void only_what_needs_minor_99_is_refused_by_a_host_before_it(void **state)
{
    auto_loader struct loader *loader = NULL;
    const struct plugin_library *library = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(loader_new(&(struct loader_options){0}, &loader, NULL), ASSAY_OK);
    const assay_status status =
        loader_open_library(loader, DIR "skew-1.99-needed.so", &library, &err);
    if (IS_FUTURE) {
        assert_int_equal(status, ASSAY_OK);
    } else {
        assert_int_equal(status, ASSAY_E_UNSUPPORTED);
        assert_non_null(strstr(err.text, "skew.probe needs ABI 1.99, and this assay has 1."));
    }
}

#if !IS_FUTURE
static void a_plugin_of_today_lives(void **state)
{
    (void)state;
    lives(DIR "skew-today.so", ASSAY_ABI_MINOR, "near");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_of_minor_0_lives),
        cmocka_unit_test(a_plugin_of_minor_99_lives_and_sees_what_the_host_has),
        cmocka_unit_test(only_what_needs_minor_99_is_refused_by_a_host_before_it),
#if !IS_FUTURE
        cmocka_unit_test(a_plugin_of_today_lives),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
