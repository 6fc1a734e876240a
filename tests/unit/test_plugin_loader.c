/* The loader against the corpus of tests/plugins: what loads, and what each mistake is told. */
#include "framework/plugin/loader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/str.h"
#include "framework/plugin/digest.h"

#define RUN_DIR  ASSAY_BUILD_DIR "/tests/plugins/run"
#define LOAD_DIR ASSAY_BUILD_DIR "/tests/plugins/load"

static struct loader *loader_of(struct loader_options options)
{
    struct loader *loader = NULL;
    struct error err = {.text = ""};

    if (loader_new(&options, &loader, &err))
        fail_msg("%s", err.text);
    return loader;
}

/* ---- what is fine ---- */

static void a_sound_library_loads(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin_library *library = NULL;
    struct error err = {.text = ""};

    (void)state;
    if (loader_open_library(loader, LOAD_DIR "/bad.nothing.so", &library, &err))
        fail_msg("%s", err.text);
    assert_string_equal(library->name, "bad");
    assert_string_equal(library->license, "Apache-2.0");
    assert_int_equal(library->plugin_count, 1);
    assert_int_equal(library->warning_count, 0);
    assert_false(library->is_untrusted);
    assert_string_equal(library->plugins[0].descriptor.id, "bad.nothing");
    assert_ptr_equal(library->plugins[0].library, library);
    assert_ptr_equal(loader_library(loader, 0), library);
}

static void descriptors_are_whole(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin *system = NULL;
    const struct plugin *deployer = NULL;
    const struct plugin *workload = NULL;
    const struct loader_request requests[] = {
        {.path = RUN_DIR "/sample.so", .id = "sample.still", .kind = ASSAY_SYSTEM},
        {.path = RUN_DIR "/sample.so", .id = "sample.nowhere", .kind = ASSAY_DEPLOYER},
        {.path = RUN_DIR "/sample.so", .id = "sample.idle", .kind = ASSAY_WORKLOAD},
    };
    struct error err = {.text = ""};

    (void)state;
    if (loader_open(loader, &requests[0], &system, &err) ||
        loader_open(loader, &requests[1], &deployer, &err) ||
        loader_open(loader, &requests[2], &workload, &err))
        fail_msg("%s", err.text);

    assert_int_equal(system->descriptor.struct_size, sizeof(assay_plugin));
    assert_ptr_equal(system->descriptor.system, &system->system);
    assert_int_equal(system->system.struct_size, sizeof(assay_system_ops));
    assert_non_null(system->system.follow);
    assert_null(system->system.service);
    assert_null(deployer->descriptor.deployer);
    assert_null(deployer->descriptor.wants[0]);
    assert_null(deployer->descriptor.offers[0]);
    assert_string_equal(deployer->descriptor.needs[0], ASSAY_DEPLOYMENT);
    assert_ptr_equal(workload->descriptor.options, workload->options);
    assert_int_equal(workload->descriptor.option_stride, sizeof(assay_option));
    assert_int_equal(workload->descriptor.option_count, 1);
    assert_string_equal(workload->options[0].name, "children");
}

static void a_file_is_loaded_once(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin_library *first = NULL;
    const struct plugin_library *second = NULL;

    (void)state;
    assert_int_equal(
        loader_open_library(loader, LOAD_DIR "/bad.nothing.so", &first, NULL), ASSAY_OK);
    assert_int_equal(
        loader_open_library(loader, LOAD_DIR "/../load/bad.nothing.so", &second, NULL), ASSAY_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(loader_library_count(loader), 1);
}

static void record_step(void *context, const char *path, const char *step)
{
    assert_non_null(strstr(path, "/bad.nothing.so"));
    (void)str_appendf(context, "%s; ", step);
}

static void steps_are_told_before_code_runs(void **state)
{
    auto_str struct str steps;
    auto_loader struct loader *loader =
        loader_of((struct loader_options){.on_step = record_step, .step_context = &steps});
    const struct plugin_library *library = NULL;

    (void)state;
    str_init(&steps, 1000);
    assert_int_equal(
        loader_open_library(loader, LOAD_DIR "/bad.nothing.so", &library, NULL), ASSAY_OK);
    assert_string_equal(str_text(&steps), "being opened; in assay_library_v1; ");
}

/* ---- requests that cannot be met ---- */

static void check_request(
    const struct loader_request *request, assay_status wanted, const char *text)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin *plugin = NULL;
    struct error err = {.text = ""};

    assert_int_equal(loader_open(loader, request, &plugin, &err), wanted);
    assert_null(plugin);
    if (!strstr(err.text, text))
        fail_msg("\"%s\" is not in: %s", text, err.text);
}

static void an_id_that_the_file_has_not_names_those_it_has(void **state)
{
    (void)state;
    check_request(&(struct loader_request){.path = RUN_DIR "/sample.so", .id = "sample.other"},
        ASSAY_E_NOTFOUND, "it has sample.still, sample.nowhere, sample.idle, sample.judge");
}

static void a_file_of_several_plugins_needs_an_id(void **state)
{
    (void)state;
    check_request(&(struct loader_request){.path = RUN_DIR "/sample.so"}, ASSAY_E_NOTFOUND,
        "say which plugin of the file is wanted");
}

static void another_kind_than_wanted_is_refused(void **state)
{
    (void)state;
    check_request(
        &(struct loader_request){
            .path = RUN_DIR "/sample.so", .id = "sample.idle", .kind = ASSAY_EXPECTATION},
        ASSAY_E_INVALID, "sample.idle is of kind workload, and kind expectation is wanted here");
}

static void another_digest_than_wanted_is_refused_before_code_runs(void **state)
{
    static const char zeros[] = "00000000000000000000000000000000"
                                "00000000000000000000000000000000";

    (void)state;
    check_request(
        &(struct loader_request){.path = LOAD_DIR "/bad.constructor-exit.so", .sha256 = zeros},
        ASSAY_E_DENIED, "not the file that was vouched for");
    check_request(&(struct loader_request){.path = LOAD_DIR "/bad.nothing.so", .sha256 = "12"},
        ASSAY_E_INVALID, "64 hexadecimal digits");
}

static void the_digest_of_a_loaded_file_is_compared_too(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin *plugin = NULL;
    struct loader_request request = {.path = LOAD_DIR "/bad.nothing.so"};
    char digest[SHA256_TEXT_SIZE];

    (void)state;
    assert_int_equal(loader_open(loader, &request, &plugin, NULL), ASSAY_OK);
    assert_int_equal(library_digest(plugin->library, digest, NULL), ASSAY_OK);
    request.sha256 = digest;
    assert_int_equal(loader_open(loader, &request, &plugin, NULL), ASSAY_OK);
    digest[0] = digest[0] == '0' ? '1' : '0';
    assert_int_equal(loader_open(loader, &request, &plugin, NULL), ASSAY_E_DENIED);
}

static void a_file_that_is_not_there_is_not_found(void **state)
{
    (void)state;
    check_request(&(struct loader_request){.path = RUN_DIR "/nobody.so"}, ASSAY_E_NOTFOUND,
        RUN_DIR "/nobody.so");
    check_request(&(struct loader_request){.path = RUN_DIR}, ASSAY_E_INVALID, "not a regular file");
}

/* ---- files that change ---- */

/* A copy of a sound plugin, in a directory of its own. */
static char copy_directory[] = "loader-XXXXXX";
static char copy_path[sizeof(copy_directory) + 16];

/* In place of what is there, if anything is. */
static void write_copy(void)
{
    struct file_text text = {.data = NULL};

    assert_int_equal(file_read(LOAD_DIR "/bad.nothing.so", 16 << 20, &text, NULL), ASSAY_OK);
    assert_int_equal(file_write(copy_path, &text, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(chmod(copy_path, 0644), 0);
    free(text.data);
}

static int set_up_copy(void **state)
{
    (void)state;
    (void)snprintf(copy_directory, sizeof(copy_directory), "loader-XXXXXX");
    assert_non_null(mkdtemp(copy_directory));
    (void)snprintf(copy_path, sizeof(copy_path), "%s/bad.nothing.so", copy_directory);
    write_copy();
    return 0;
}

static int tear_down_copy(void **state)
{
    (void)state;
    (void)dir_remove(copy_directory, NULL);
    return 0;
}

static void replace_before_opening(void *context, const char *path, const char *step)
{
    (void)path;
    (void)str_appendf(context, "%s; ", step);
    if (strcmp(step, "being opened") == 0)
        write_copy();
}

static void a_file_that_is_replaced_while_it_is_loaded_is_refused(void **state)
{
    auto_str struct str steps = STR_INIT(1000);
    auto_loader struct loader *loader = loader_of(
        (struct loader_options){.on_step = replace_before_opening, .step_context = &steps});
    const struct plugin_library *library = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(loader_open_library(loader, copy_path, &library, &err), ASSAY_E_DENIED);
    assert_non_null(strstr(err.text, "/bad.nothing.so: has been changed or replaced meanwhile"));
    assert_string_equal(str_text(&steps), "being opened; "); /* and not entered */
    assert_int_equal(loader_library_count(loader), 0);
}

static void a_file_that_is_replaced_after_it_was_loaded_has_no_digest(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin_library *library = NULL;
    const struct plugin *plugin = NULL;
    char digest[SHA256_TEXT_SIZE];
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(loader_open_library(loader, copy_path, &library, NULL), ASSAY_OK);
    assert_int_equal(library_digest(library, digest, NULL), ASSAY_OK);
    assert_int_equal(strlen(digest), SHA256_TEXT_SIZE - 1);
    write_copy();

    char none[SHA256_TEXT_SIZE] = "untouched";
    assert_int_equal(library_digest(library, none, &err), ASSAY_E_DENIED);
    assert_string_equal(none, "untouched");
    assert_non_null(strstr(err.text, library->path));
    assert_non_null(strstr(err.text, "since it was loaded"));
    assert_int_equal(
        loader_open(
            loader, &(struct loader_request){.path = copy_path, .sha256 = digest}, &plugin, &err),
        ASSAY_E_DENIED);
}

static void a_file_that_is_gone_has_no_digest(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin_library *library = NULL;
    char digest[SHA256_TEXT_SIZE];
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(loader_open_library(loader, copy_path, &library, NULL), ASSAY_OK);
    assert_int_equal(unlink(copy_path), 0);

    assert_int_equal(library_digest(library, digest, &err), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(err.text, library->path));
}

static void a_digest_is_the_one_that_sha256sum_gives(void **state)
{
    char digest[SHA256_TEXT_SIZE];

    (void)state;
    digest_sha256("abc", 3, digest);
    assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* ---- the corpus ---- */

static const struct mistake {
    const char *name; /* of bad.<name>.so */
    assay_status status;
    const char *text; /* is part of the message */
} mistakes[] = {
    {"no-note", ASSAY_E_INVALID, "it has no assay note of major 1"},
    {"no-entry", ASSAY_E_INVALID, "the function assay_library_v1 is missing"},
    {"plain", ASSAY_E_INVALID, "a shared object, but no assay plugin"},
    {"major-2", ASSAY_E_UNSUPPORTED, "made for ABI major 2: it has assay_library_v2"},
    {"major-2-note", ASSAY_E_INVALID, "it has no assay note of major 1"},
    {"needs-newer", ASSAY_E_UNSUPPORTED, "needs ABI 1.57, and this assay has 1."},
    {"note-short", ASSAY_E_INVALID, "an assay note is too short"},
    {"note-kind", ASSAY_E_INVALID, "its note and its descriptor differ in kind"},
    {"note-kind-unknown", ASSAY_E_INVALID, "is of kind 9, which this assay does not know"},
    {"note-version", ASSAY_E_INVALID, "its note and its descriptor differ in version"},
    {"note-version-long", ASSAY_E_INVALID, "a text in its assay note is too long"},
    {"note-summary", ASSAY_E_INVALID, "its note and its descriptor differ in summary"},
    {"note-id", ASSAY_E_INVALID, "it has a note for bad.other, but no such plugin"},
    {"note-id-form", ASSAY_E_INVALID, "the plugin id \"NoVendor\" in its note"},
    {"note-extra", ASSAY_E_INVALID, "it has a note for bad.ghost, but no such plugin"},
    {"note-twice", ASSAY_E_INVALID, "two plugins in it have the id bad.note-twice"},
    {"note-too-few", ASSAY_E_INVALID, "it has 2 plugins and notes for 1 of them"},
    {"two-ids", ASSAY_E_INVALID, "two plugins in it have the id bad.two-ids"},
    {"null-library", ASSAY_E_INVALID, "assay_library_v1 returned NULL"},
    {"misaligned-library", ASSAY_E_INVALID, "a pointer to assay_library is misaligned"},
    {"library-size-small", ASSAY_E_INVALID, "struct_size of assay_library is 8,"},
    {"library-size-huge", ASSAY_E_INVALID, "struct_size of assay_library is 1000000,"},
    {"library-size-odd", ASSAY_E_INVALID, "a multiple of 8"},
    {"library-name", ASSAY_E_INVALID, "a name, version or license of the library is NULL"},
    {"no-plugins", ASSAY_E_INVALID, "a library of 0 plugins"},
    {"many-plugins", ASSAY_E_INVALID, "a library of 65 plugins; it should have 1 to 64"},
    {"null-plugin", ASSAY_E_INVALID, "a pointer to assay_plugin is NULL"},
    {"plugin-size", ASSAY_E_INVALID, "struct_size of assay_plugin is 64,"},
    {"system-size", ASSAY_E_INVALID, "bad.system-size: struct_size of assay_system_ops is 0,"},
    {"id-null", ASSAY_E_INVALID, "id is not of the form vendor.name"},
    {"version-empty", ASSAY_E_INVALID, "the version should be one line"},
    {"summary-lines", ASSAY_E_INVALID, "the summary should be one line"},
    {"kind-unknown", ASSAY_E_INVALID, "kind is 9, which this assay does not know"},
    {"flags", ASSAY_E_INVALID, "flags is 0x4, and no flag has a meaning yet"},
    {"no-create", ASSAY_E_INVALID, "a plugin of kind workload must have create"},
    {"no-destroy", ASSAY_E_INVALID, "a plugin of kind workload must have destroy"},
    {"no-run", ASSAY_E_INVALID, "a plugin of kind workload must have run"},
    {"no-judge", ASSAY_E_INVALID, "a plugin of kind expectation must have judge"},
    {"no-system", ASSAY_E_INVALID, "a plugin of kind system must have system"},
    {"no-follow", ASSAY_E_INVALID, "a plugin of kind system must have system->follow"},
    {"no-ready", ASSAY_E_INVALID, "a plugin of kind system must have system->ready"},
    {"no-service", ASSAY_E_INVALID, "must have system->service, for what it offers"},
    {"no-prepare", ASSAY_E_INVALID, "a plugin of kind deployer must have prepare"},
    {"no-finish", ASSAY_E_INVALID, "a plugin of kind deployer must have finish"},
    {"no-control", ASSAY_E_INVALID, "must have deployer->control, for its actions"},
    {"deployer-flags", ASSAY_E_INVALID,
        "deployer->flags is 0x6, of which this assay does not know"},
    {"foreign-judge", ASSAY_E_INVALID, "judge is set, which means nothing for a plugin of kind"},
    {"foreign-system", ASSAY_E_INVALID, "system is set, which means nothing"},
    {"foreign-deployer", ASSAY_E_INVALID, "deployer is set, which means nothing"},
    {"foreign-offers", ASSAY_E_INVALID, "offers is set, which means nothing"},
    {"foreign-run", ASSAY_E_INVALID, "run is set, which means nothing"},
    {"needs-form", ASSAY_E_INVALID, "\"clock\" in needs is no service"},
    {"needs-many", ASSAY_E_INVALID, "needs has more than 64 services"},
    {"option-offset", ASSAY_E_INVALID, "options: option 'pace': its field lies outside"},
    {"option-unaligned", ASSAY_E_INVALID, "option 'pace': its field is not aligned"},
    {"option-type", ASSAY_E_INVALID, "option 'pace': type 77 is not known"},
    {"option-flags", ASSAY_E_INVALID, "option 'pace': flags 0x40 are not known"},
    {"option-name", ASSAY_E_INVALID, "option number 1: the name must be"},
    {"option-name-null", ASSAY_E_INVALID, "option number 1: the name must be"},
    {"option-reserved", ASSAY_E_INVALID, "'plugin' belongs to the manifest"},
    {"option-range", ASSAY_E_INVALID, "option 'pace'"},
    {"option-fallback", ASSAY_E_INVALID, "option 'pace': fallback"},
    {"option-fallback-range", ASSAY_E_INVALID, "option 'pace': fallback"},
    {"option-fallback-missing", ASSAY_E_INVALID, "it is not required and has no fallback"},
    {"option-required", ASSAY_E_INVALID, "a required option has no fallback"},
    {"option-help", ASSAY_E_INVALID, "it has no help text"},
    {"option-twice", ASSAY_E_INVALID, "option 'pace' is there twice"},
    {"option-same-field", ASSAY_E_INVALID, "it has the same field as 'pace'"},
    {"option-stride", ASSAY_E_INVALID, "the stride of assay_option is 16,"},
    {"option-table", ASSAY_E_INVALID, "a pointer to assay_option is NULL"},
    {"option-many", ASSAY_E_INVALID, "257 options; a plugin may have 256"},
    {"undefined-symbol", ASSAY_E_INVALID,
        "refuses it: undefined symbol: bad_function_that_nobody_has"},
};

static void each_mistake_gets_its_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        auto_loader struct loader *loader = loader_of((struct loader_options){0});
        auto_free char *path = str_format("%s/bad.%s.so", LOAD_DIR, mistakes[i].name);
        const struct plugin_library *library = NULL;
        struct error err = {.text = ""};

        assert_non_null(path);
        const assay_status status = loader_open_library(loader, path, &library, &err);
        if (status != mistakes[i].status || !strstr(err.text, mistakes[i].text))
            fail_msg(
                "%s: status %d, \"%s\" is not in: %s", path, status, mistakes[i].text, err.text);
        if (strncmp(err.text, path, strlen(path)) != 0)
            fail_msg("%s is not named first in: %s", path, err.text);
        assert_null(library);
        assert_int_equal(loader_library_count(loader), 0);
    }
}

/* ---- imports ---- */

static void imports_around_the_services_are_warned_of(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){0});
    const struct plugin_library *library = NULL;
    auto_str struct str all;

    (void)state;
    str_init(&all, 65536);
    assert_int_equal(
        loader_open_library(loader, LOAD_DIR "/bad.imports.so", &library, NULL), ASSAY_OK);
    for (size_t i = 0; i < library->warning_count; i++)
        (void)str_appendf(&all, "%s\n", library->warnings[i]);
    assert_non_null(
        strstr(str_text(&all), "bad.imports.so uses usleep: use assay.clock/1 sleep_until\n"));
    assert_non_null(strstr(str_text(&all), " uses rand: use assay.random/1"));
    assert_non_null(strstr(str_text(&all), " uses fork: use assay.deployment/1 start or exec"));
}

static void strict_imports_are_refused_all_at_once(void **state)
{
    auto_loader struct loader *loader = loader_of((struct loader_options){.strict_imports = true});
    const struct plugin_library *library = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(
        loader_open_library(loader, LOAD_DIR "/bad.imports.so", &library, &err), ASSAY_E_DENIED);
    assert_non_null(strstr(err.text, "usleep: use"));
    assert_non_null(strstr(err.text, "; "));
    assert_non_null(strstr(err.text, "rand: use"));
    assert_int_equal(
        loader_open_library(loader, LOAD_DIR "/bad.nothing.so", &library, &err), ASSAY_OK);
}

/* ---- memory ---- */

static void every_failed_allocation_is_an_error(void **state)
{
    int failures = 0;

    (void)state;
    for (uint64_t n = 1;; n++) {
        struct loader *loader = NULL;
        const struct plugin *plugin = NULL;
        const struct loader_request request = {
            .path = LOAD_DIR "/bad.imports.so", .id = "bad.imports"};

        mem_fail_at(n, MEM_FAIL_FOREVER);
        assay_status status = loader_new(&(struct loader_options){0}, &loader, NULL);
        if (!status)
            status = loader_open(loader, &request, &plugin, NULL);
        const int has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        loader_free(loader);
        if (!has_failed) {
            assert_int_equal(status, ASSAY_OK);
            break;
        }
        assert_int_equal(status, ASSAY_E_NOMEM);
        failures++;
    }
    assert_true(failures > 10);
}

#define WITH_A_COPY(test) cmocka_unit_test_setup_teardown(test, set_up_copy, tear_down_copy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_library_loads),
        cmocka_unit_test(descriptors_are_whole),
        cmocka_unit_test(a_file_is_loaded_once),
        cmocka_unit_test(steps_are_told_before_code_runs),
        cmocka_unit_test(an_id_that_the_file_has_not_names_those_it_has),
        cmocka_unit_test(a_file_of_several_plugins_needs_an_id),
        cmocka_unit_test(another_kind_than_wanted_is_refused),
        cmocka_unit_test(another_digest_than_wanted_is_refused_before_code_runs),
        cmocka_unit_test(the_digest_of_a_loaded_file_is_compared_too),
        WITH_A_COPY(a_file_that_is_replaced_while_it_is_loaded_is_refused),
        WITH_A_COPY(a_file_that_is_replaced_after_it_was_loaded_has_no_digest),
        WITH_A_COPY(a_file_that_is_gone_has_no_digest),
        cmocka_unit_test(a_digest_is_the_one_that_sha256sum_gives),
        cmocka_unit_test(a_file_that_is_not_there_is_not_found),
        cmocka_unit_test(each_mistake_gets_its_message),
        cmocka_unit_test(imports_around_the_services_are_warned_of),
        cmocka_unit_test(strict_imports_are_refused_all_at_once),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
