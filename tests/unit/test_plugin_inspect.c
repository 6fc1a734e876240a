/* Files whose code misbehaves while it is loaded, looked at in a child: this very program, which
   hands over to plugin_inspect_main when it is called that way. */
#include "framework/plugin/inspect.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/str.h"

#define RUN_DIR  ASSAY_BUILD_DIR "/tests/plugins/run"
#define LOAD_DIR ASSAY_BUILD_DIR "/tests/plugins/load"

/* Long enough for sanitizers on a busy machine. */
#define PATIENCE (300 * ASSAY_SECOND)

static char *program; /* this one */

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

static void refuses(const char *name, assay_status wanted, const char *part)
{
    auto_free char *path = str_format("%s/%s.so", LOAD_DIR, name);
    const struct inspect_request request = {.program = program, .path = path, .timeout = PATIENCE};
    char *text = NULL;
    struct error err = {.text = ""};

    assert_non_null(path);
    assert_int_equal(plugin_inspect(&request, &text, &err), wanted);
    assert_null(text);
    has(err.text, path);
    has(err.text, part);
    /* The child was reaped. */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void plugins_are_described_for_people(void **state)
{
    const struct inspect_request request = {
        .program = program, .path = RUN_DIR "/sample.so", .timeout = PATIENCE};
    auto_free char *text = NULL;
    struct error err = {.text = ""};

    (void)state;
    if (plugin_inspect(&request, &text, &err))
        fail_msg("%s", err.text);
    has(text,
        "sample.idle 1.0.0 (workload)\n  Does nothing until the window ends\n"
        "  needs    assay.clock/1, assay.tasks/1\n"
        "  options\n"
        "    children (int 0..64, default 0)\n"
        "        Tasks that idle besides the first.\n");
    has(text, "library sample 1.0.0, Apache-2.0, built for ABI 1.0, needs 1.0\n");
    has(text, "  sha256   ");
}

static void plugins_are_described_for_programs(void **state)
{
    const struct inspect_request request = {
        .program = program, .path = RUN_DIR "/sample.so", .timeout = PATIENCE, .as_json = true};
    auto_free char *text = NULL;
    struct error err = {.text = ""};

    (void)state;
    if (plugin_inspect(&request, &text, &err))
        fail_msg("%s", err.text);
    assert_int_equal(text[0], '{');
    has(text, "\"id\": \"sample.judge\"");
    has(text, "\"range\": \"pass|fail|undecided|vacuous\"");
    has(text, "\"required\": false");
}

static void options_of_the_request_reach_the_child(void **state)
{
    const struct inspect_request request = {.program = program,
        .path = LOAD_DIR "/bad.imports.so",
        .timeout = PATIENCE,
        .strict_imports = true,
        .allow_untrusted = true};
    char *text = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(plugin_inspect(&request, &text, &err), ASSAY_E_DENIED);
    has(err.text, "imports are strict here, and it uses");
}

static void what_the_loader_refuses_keeps_code_and_message(void **state)
{
    (void)state;
    refuses("bad.no-run", ASSAY_E_INVALID, "a plugin of kind workload must have run");
    refuses("bad.needs-newer", ASSAY_E_UNSUPPORTED, "needs ABI 1.57");
    refuses("nobody", ASSAY_E_NOTFOUND, "nobody.so");
}

static void a_crash_is_told_with_its_signal_and_place(void **state)
{
    (void)state;
    refuses("bad.constructor-crash", ASSAY_E_INTERNAL, "crashed while being opened (SIG");
    refuses("bad.entry-crash", ASSAY_E_INTERNAL, "crashed while in assay_library_v1 (SIG");
}

static void a_wild_pointer_does_not_reach_the_parent(void **state)
{
    /* With a sanitizer the child exits; without, it is killed by SIGSEGV. */
    (void)state;
    refuses("bad.wild-pointer", ASSAY_E_INTERNAL, "while in assay_library_v1");
}

static void an_exit_is_told_with_its_code_and_place(void **state)
{
    (void)state;
    refuses("bad.constructor-exit", ASSAY_E_INTERNAL,
        "ended the process with exit code 0 while being opened");
    refuses("bad.entry-exit", ASSAY_E_INTERNAL,
        "ended the process with exit code 7 while in assay_library_v1");
}

/* A hang must be seen as such whatever the machine's speed: the child first tells its step, and
   the time is long enough for it to do so, short enough to wait for it here. */
static void a_hang_is_ended_and_told(void **state)
{
    const struct inspect_request request = {.program = program,
        .path = LOAD_DIR "/bad.constructor-hang.so",
        .timeout = 2 * ASSAY_SECOND};
    char *text = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(plugin_inspect(&request, &text, &err), ASSAY_E_TIMEOUT);
    has(err.text, "bad.constructor-hang.so: killed after 2s while being ");
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void a_program_that_is_not_there_is_named(void **state)
{
    const struct inspect_request request = {
        .program = "/nowhere/assay-worker", .path = LOAD_DIR "/bad.nothing.so"};
    char *text = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(plugin_inspect(&request, &text, &err), ASSAY_E_NOTFOUND);
    has(err.text, "cannot start /nowhere/assay-worker");
}

static void a_program_that_does_not_answer_is_named(void **state)
{
    const struct inspect_request request = {
        .program = "/bin/true", .path = LOAD_DIR "/bad.nothing.so", .timeout = PATIENCE};
    char *text = NULL;
    struct error err = {.text = ""};

    (void)state;
    assert_int_equal(plugin_inspect(&request, &text, &err), ASSAY_E_INTERNAL);
    has(err.text, "/bin/true ended with exit code 0 instead of reading it");
}

static void the_child_wants_to_be_called_properly(void **state)
{
    char name[] = "worker";
    char inspect[] = "--inspect";
    char file[] = "file.so";
    char unknown[] = "--unknown";
    char *too_few[] = {name, inspect, NULL};
    char *wrong[] = {name, inspect, file, unknown, NULL};

    (void)state;
    assert_int_equal(plugin_inspect_main(2, too_few), 2);
    assert_int_equal(plugin_inspect_main(4, wrong), 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_are_described_for_people),
        cmocka_unit_test(plugins_are_described_for_programs),
        cmocka_unit_test(options_of_the_request_reach_the_child),
        cmocka_unit_test(what_the_loader_refuses_keeps_code_and_message),
        cmocka_unit_test(a_crash_is_told_with_its_signal_and_place),
        cmocka_unit_test(a_wild_pointer_does_not_reach_the_parent),
        cmocka_unit_test(an_exit_is_told_with_its_code_and_place),
        cmocka_unit_test(a_hang_is_ended_and_told),
        cmocka_unit_test(a_program_that_is_not_there_is_named),
        cmocka_unit_test(a_program_that_does_not_answer_is_named),
        cmocka_unit_test(the_child_wants_to_be_called_properly),
    };

    if (argc > 1 && strcmp(argv[1], "--inspect") == 0)
        return plugin_inspect_main(argc, argv);
    program = realpath("/proc/self/exe", NULL);
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    free(program);
    return failures;
}
