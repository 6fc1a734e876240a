/* What the report says of the plugins that were loaded. */
#include "framework/run/collect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"

#define LOAD_DIR ASSAY_BUILD_DIR "/tests/plugins/load"

static char directory[] = "collect-XXXXXX";
static char path[sizeof(directory) + 24];

struct scene {
    struct loader *loader;
    struct report report;
};

/* In place of what is there, if anything is. */
static void write_plugin(const char *name)
{
    struct file_text text = {.data = NULL};
    char from[sizeof(LOAD_DIR) + 32];

    (void)snprintf(from, sizeof(from), "%s/%s", LOAD_DIR, name);
    (void)snprintf(path, sizeof(path), "%s/%s", directory, name);
    assert_int_equal(file_read(from, 16 << 20, &text, NULL), ASSAY_OK);
    assert_int_equal(file_write(path, &text, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(chmod(path, 0644), 0);
    free(text.data);
}

static void load(struct scene *scene, const char *name)
{
    const struct plugin_library *library = NULL;
    struct error err = {.text = ""};

    write_plugin(name);
    if (loader_open_library(scene->loader, path, &library, &err))
        fail_msg("%s", err.text);
}

static int set_up(void **state)
{
    static struct scene scene;

    (void)snprintf(directory, sizeof(directory), "collect-XXXXXX");
    assert_non_null(mkdtemp(directory));
    scene.loader = NULL;
    assert_int_equal(loader_new(&(struct loader_options){0}, &scene.loader, NULL), ASSAY_OK);
    report_init(&scene.report);
    *state = &scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    report_done(&scene->report);
    loader_free(scene->loader);
    (void)dir_remove(directory, NULL);
    return 0;
}

static const struct report_plugin *only_plugin(const struct scene *scene)
{
    assert_int_equal(scene->report.plugins.count, 1);
    return vec_at(&scene->report.plugins, 0);
}

static void a_plugin_is_told_with_its_digest(void **state)
{
    struct scene *scene = *state;

    load(scene, "bad.nothing.so");
    assert_int_equal(collect_plugins(scene->loader, &scene->report), ASSAY_OK);

    const struct report_plugin *plugin = only_plugin(scene);
    assert_string_equal(plugin->id, "bad.nothing");
    assert_int_equal(strlen(plugin->sha256), SHA256_TEXT_SIZE - 1);
    assert_true(plugin->is_trusted);
    assert_int_equal(scene->report.notices.count, 0);
}

static void a_plugin_whose_file_was_replaced_has_a_notice_in_place_of_a_digest(void **state)
{
    struct scene *scene = *state;

    load(scene, "bad.nothing.so");
    write_plugin("bad.nothing.so");
    assert_int_equal(collect_plugins(scene->loader, &scene->report), ASSAY_OK);

    assert_string_equal(only_plugin(scene)->sha256, "");
    assert_int_equal(scene->report.notices.count, 1);
    const struct report_notice *notice = vec_at(&scene->report.notices, 0);
    assert_non_null(strstr(notice->text, "bad.nothing.so: has been changed or replaced"));
}

static void warnings_become_notices(void **state)
{
    struct scene *scene = *state;

    load(scene, "bad.imports.so");
    assert_int_equal(collect_plugins(scene->loader, &scene->report), ASSAY_OK);

    assert_int_equal(scene->report.notices.count, loader_library(scene->loader, 0)->warning_count);
    assert_true(scene->report.notices.count > 0);
}

static void every_failed_allocation_is_an_error(void **state)
{
    struct scene *scene = *state;
    int failures = 0;

    load(scene, "bad.imports.so");
    for (uint64_t n = 1;; n++) {
        struct report report;

        report_init(&report);
        mem_fail_at(n, MEM_FAIL_ONCE);
        const assay_status status = collect_plugins(scene->loader, &report);
        const int has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        report_done(&report);
        assert_int_equal(status, has_failed ? ASSAY_E_NOMEM : ASSAY_OK);
        if (!has_failed)
            break;
        failures++;
    }
    assert_true(failures > 3);
}

#define IN_A_SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_SCENE(a_plugin_is_told_with_its_digest),
        IN_A_SCENE(a_plugin_whose_file_was_replaced_has_a_notice_in_place_of_a_digest),
        IN_A_SCENE(warnings_become_notices),
        IN_A_SCENE(every_failed_allocation_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
