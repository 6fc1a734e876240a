#include "framework/host/http_curl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/support/http_conformance.h"

#define MODULE ASSAY_BUILD_DIR "/libexec/assay/" HTTP_CURL_MODULE_FILE

static assay_status make(
    const struct http_engine_config *config, struct http_engine **out, struct error *err)
{
    return http_curl_new(MODULE, config, out, err);
}

static void missing_module_is_named(void **state)
{
    const struct http_engine_config config = {.now = client_now};
    struct http_engine *engine = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(http_curl_new("/nowhere/x.so", &config, &engine, &err), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(err.text, "libcurl"));
    assert_non_null(strstr(err.text, "/nowhere/x.so"));
    assert_null(engine);
}

static void module_is_looked_for_beside_the_program(void **state)
{
    const struct http_engine_config config = {.now = client_now};
    struct http_engine *engine = NULL;
    struct error err = {0};

    (void)state;
    /* The tests stand elsewhere, so it is not there; the text shows where it was looked for. */
    assert_int_equal(http_curl_new(NULL, &config, &engine, &err), ASSAY_E_NOTFOUND);
    assert_non_null(strstr(err.text, ASSAY_BUILD_DIR "/tests/" HTTP_CURL_MODULE_FILE));
}

static void library_that_is_no_such_module_is_refused(void **state)
{
    const struct http_engine_config config = {.now = client_now};
    struct http_engine *engine = NULL;
    struct error err = {0};

    (void)state;
    assert_int_equal(http_curl_new("libm.so.6", &config, &engine, &err), ASSAY_E_UNSUPPORTED);
    assert_non_null(strstr(err.text, "another build"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_module_is_named),
        cmocka_unit_test(module_is_looked_for_beside_the_program),
        cmocka_unit_test(library_that_is_no_such_module_is_refused),
    };
    const int failed = http_conformance_run(make);

    return failed + cmocka_run_group_tests_name("the module", tests, NULL, NULL);
}
