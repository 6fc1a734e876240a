#include "framework/plugin/imports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void memory_text_and_numbers_are_fine(void **state)
{
    static const char *const fine[] = {"malloc", "calloc", "free", "memcpy", "snprintf",
        "__snprintf_chk", "strtod", "vsnprintf", "qsort", "__assert_fail", "__errno_location",
        "isdigit", "pthread_mutex_lock", "__stack_chk_fail", "open_memstream", "fprintf"};

    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        if (imports_advice(fine[i]))
            fail_msg("%s: %s", fine[i], imports_advice(fine[i]));
}

static void ways_around_a_service_name_the_service(void **state)
{
    static const struct {
        const char *function, *service;
    } wanted[] = {
        {"nanosleep", "assay.clock/1 sleep_until"},
        {"clock_gettime", "assay.clock/1 now"},
        {"time", "assay.clock/1 unix_ns"},
        {"rand", "assay.random/1"},
        {"drand48", "assay.random/1"},
        {"pthread_create", "assay.tasks/1 spawn"},
        {"pthread_cond_wait", "assay.tasks/1 gate"},
        {"socket", "assay.http/1"},
        {"fork", "assay.deployment/1"},
        {"execvp", "assay.deployment/1"},
        {"posix_spawnp", "assay.deployment/1"},
        {"fopen64", "assay.artifacts/1"},
        {"printf", "log function"},
        {"stderr", "log function"},
        {"isatty", "log function"},
        {"getenv", "assay.spec/1 variable"},
        {"exit", "fail function"},
        {"abort", "fail function"},
        {"setuid", "whole process"},
        {"dlopen", "must not load code"},
        {"syscall", "around every service"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        const char *advice = imports_advice(wanted[i].function);

        if (!advice || !strstr(advice, wanted[i].service))
            fail_msg("%s: %s", wanted[i].function, advice ? advice : "nothing");
    }
}

static void an_unknown_function_is_no_known_good_one(void **state)
{
    (void)state;
    assert_non_null(strstr(imports_advice("quotactl"), "not on the list"));
    assert_non_null(imports_advice(""));
}

static void libraries_are_judged_as_a_whole(void **state)
{
    (void)state;
    assert_null(imports_library_advice("libc.so.6"));
    assert_null(imports_library_advice("libm.so.6"));
    assert_null(imports_library_advice("ld-linux-x86-64.so.2"));
    assert_null(imports_library_advice("libsodium.so.23"));
    assert_non_null(strstr(imports_library_advice("libcurl.so.4"), "assay.http/1"));
    assert_non_null(strstr(imports_library_advice("libcurl-gnutls.so.4"), "assay.http/1"));
    assert_null(imports_library_advice("libjson-c.so.5"));
    assert_non_null(strstr(imports_library_advice("libuv.so.1"), "assay.tasks/1"));
    assert_non_null(strstr(imports_library_advice("libmystery.so.1"), "does not know"));
}

/* ---- the lint ---- */

static void info_init(struct elf_info *info)
{
    info->entry_majors = 0;
    vec_init(&info->notes, sizeof(assay_note), 1);
    vec_init(&info->imports, sizeof(struct elf_import), 100);
    vec_init(&info->libraries, sizeof(const char *), 100);
}

static void add_import(struct elf_info *info, const char *name, const char *file)
{
    const struct elf_import import = {.name = name, .version = file ? "V_1" : NULL, .file = file};

    assert_int_equal(vec_push(&info->imports, &import), ASSAY_OK);
}

static void free_findings(struct vec *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(*(char **)vec_at(findings, i));
    vec_done(findings);
}

static const char *finding(const struct vec *findings, size_t index)
{
    return *(char **)vec_at(findings, index);
}

static void functions_of_libc_are_judged_by_name(void **state)
{
    auto_elf_info struct elf_info info;
    struct vec findings;

    (void)state;
    info_init(&info);
    vec_init(&findings, sizeof(char *), 10);
    add_import(&info, "malloc", "libc.so.6");
    add_import(&info, "usleep", "libc.so.6");
    add_import(&info, "quotactl", "libc.so.6");
    add_import(&info, "pthread_create", "libpthread.so.0");

    assert_int_equal(imports_lint(&info, &findings, NULL), ASSAY_OK);

    assert_int_equal(findings.count, 3);
    assert_string_equal(finding(&findings, 0), "usleep: use assay.clock/1 sleep_until");
    assert_memory_equal(finding(&findings, 1), "quotactl: not on", 16);
    assert_memory_equal(finding(&findings, 2), "pthread_create: use assay.tasks/1", 33);
    free_findings(&findings);
}

static void functions_of_other_libraries_are_not(void **state)
{
    auto_elf_info struct elf_info info;
    struct vec findings;

    (void)state;
    info_init(&info);
    vec_init(&findings, sizeof(char *), 10);
    add_import(&info, "connect", "libother.so.1");
    add_import(&info, "crypto_hash_sha256", NULL); /* of a library without versions */
    add_import(&info, "__asan_init", NULL);

    assert_int_equal(imports_lint(&info, &findings, NULL), ASSAY_OK);

    assert_int_equal(findings.count, 0);
    free_findings(&findings);
}

static void a_sanitizer_in_between_hides_nothing(void **state)
{
    auto_elf_info struct elf_info info;
    struct vec findings;

    (void)state;
    info_init(&info);
    vec_init(&findings, sizeof(char *), 10);
    add_import(&info, "nanosleep", NULL);

    assert_int_equal(imports_lint(&info, &findings, NULL), ASSAY_OK);

    assert_int_equal(findings.count, 1);
    free_findings(&findings);
}

static void the_last_place_says_how_many_more(void **state)
{
    auto_elf_info struct elf_info info;
    struct vec findings;
    const char *library = "libcurl.so.4";

    (void)state;
    info_init(&info);
    vec_init(&findings, sizeof(char *), 3);
    assert_int_equal(vec_push(&info.libraries, &library), ASSAY_OK);
    for (int i = 0; i < 5; i++)
        add_import(&info, "usleep", "libc.so.6");

    assert_int_equal(imports_lint(&info, &findings, NULL), ASSAY_OK);

    assert_int_equal(findings.count, 3);
    assert_memory_equal(finding(&findings, 0), "libcurl.so.4: use assay.http/1", 30);
    assert_string_equal(finding(&findings, 2), "and 4 more");
    free_findings(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_text_and_numbers_are_fine),
        cmocka_unit_test(ways_around_a_service_name_the_service),
        cmocka_unit_test(an_unknown_function_is_no_known_good_one),
        cmocka_unit_test(libraries_are_judged_as_a_whole),
        cmocka_unit_test(functions_of_libc_are_judged_by_name),
        cmocka_unit_test(functions_of_other_libraries_are_not),
        cmocka_unit_test(a_sanitizer_in_between_hides_nothing),
        cmocka_unit_test(the_last_place_says_how_many_more),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
