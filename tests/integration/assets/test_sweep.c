/* stack/scripts/sweep.sh against an engine of the test's own: a program `docker` whose containers and
   networks are files in a directory made by mkdtemp. */
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"

enum {
    PATH_SIZE = 256,
    TEXT_MAX = 64 * 1024
};

/* A network with a container in it is not removed, as on any engine. What is in `late` is what the
   engine was still making when it was asked for a list: it is there from then on. `last`: from when
   the network has gone. */
static const char engine[] =
    "#!/bin/sh\n"
    "set -eu\n"
    "cd \"${ENGINE_ROOT:?}\"\n"
    "[ ! -e broken ] || exit 1\n"
    "case \"$1 $2\" in\n"
    "'ps -aq') ls containers; for one in late/*; do\n"
    "    [ ! -e \"$one\" ] || mv \"$one\" containers/; done;;\n"
    "'rm -fv') shift 2; [ ! -e stubborn ] || exit 1\n"
    "    for one; do rm -- \"containers/$one\"; done;;\n"
    "'network ls') ls networks;;\n"
    "'network rm') shift 2; [ -z \"$(ls containers)\" ] || exit 1\n"
    "    for one; do rm -- \"networks/$one\"; done\n"
    "    for one in last/*; do [ ! -e \"$one\" ] || mv \"$one\" containers/; done;;\n"
    "'volume ls' | 'image ls') ;;\n"
    "*) echo \"docker $*: the test knows no such command\"; exit 1;;\n"
    "esac\n";

struct stage {
    char root[64];
    char *said; /* by the script */
};

static const char *in(const struct stage *stage, const char *name)
{
    static char paths[4][PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, PATH_SIZE, "%s/%s", stage->root, name);
    return path;
}

static void put(const struct stage *stage, const char *name, const char *text, mode_t mode)
{
    const int fd = open(in(stage, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
}

static int set_up(void **state)
{
    static const char *const directories[] = {"bin", "containers", "networks", "late", "last"};
    struct stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    (void)snprintf(stage->root, sizeof(stage->root), "/tmp/assay-sweep-XXXXXX");
    assert_non_null(mkdtemp(stage->root));
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        assert_int_equal(mkdir(in(stage, directories[i]), 0700), 0);
    put(stage, "bin/docker", engine, 0700);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(dir_remove(stage->root, NULL), ASSAY_OK);
    free(stage->said);
    free(stage);
    return 0;
}

/* Its exit code. */
static int sweep(struct stage *stage)
{
    const char *const words[] = {"sh", ASSAY_SOURCE_DIR "/assets/stack/scripts/sweep.sh",
        "unix:///nowhere/docker.sock", "demo-1", NULL};
    char path[PATH_SIZE], root[PATH_SIZE], said[PATH_SIZE];
    const char *const env[] = {path, root, "LC_ALL=C", NULL};
    posix_spawn_file_actions_t actions;
    struct file_text text = {0};
    pid_t pid = 0;
    int status = 0;

    (void)snprintf(path, sizeof(path), "PATH=%s/bin:/usr/bin:/bin", stage->root);
    (void)snprintf(root, sizeof(root), "ENGINE_ROOT=%s", stage->root);
    (void)snprintf(said, sizeof(said), "%s/said", stage->root);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_adddup2(&actions, 1, 2);
    assert_int_equal(posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words,
                         (char *const *)(uintptr_t)env),
        0);
    (void)posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    free(stage->said);
    assert_int_equal(file_read(said, TEXT_MAX, &text, NULL), ASSAY_OK);
    stage->said = text.data;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool is_there(const struct stage *stage, const char *name)
{
    return access(in(stage, name), F_OK) == 0;
}

/* ---- the tests ---- */

static void everything_of_the_run_goes(void **state)
{
    struct stage *stage = *state;

    put(stage, "containers/validator-0", "", 0600);
    put(stage, "containers/validator-1", "", 0600);
    put(stage, "networks/demo", "", 0600);

    assert_int_equal(sweep(stage), 0);

    assert_false(is_there(stage, "containers/validator-0"));
    assert_false(is_there(stage, "containers/validator-1"));
    assert_false(is_there(stage, "networks/demo"));
}

static void nothing_to_remove_is_no_failure(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(sweep(stage), 0);
    assert_string_equal(stage->said, "");
}

/* Whoever asked for it was killed; the engine went on. */
static void a_container_that_was_still_being_made_goes_too(void **state)
{
    struct stage *stage = *state;

    put(stage, "containers/validator-0", "", 0600);
    put(stage, "networks/demo", "", 0600);
    put(stage, "late/validator-1", "", 0600);

    assert_int_equal(sweep(stage), 0);

    assert_false(is_there(stage, "containers/validator-1"));
    assert_false(is_there(stage, "networks/demo"));
}

static void the_first_container_that_was_still_being_made_goes_too(void **state)
{
    struct stage *stage = *state;

    put(stage, "networks/demo", "", 0600);
    put(stage, "late/validator-0", "", 0600);

    assert_int_equal(sweep(stage), 0);

    assert_false(is_there(stage, "containers/validator-0"));
    assert_false(is_there(stage, "networks/demo"));
}

static void a_container_that_is_there_only_after_the_network_has_gone_goes_too(void **state)
{
    struct stage *stage = *state;

    put(stage, "networks/demo", "", 0600);
    put(stage, "last/validator-0", "", 0600);

    assert_int_equal(sweep(stage), 0);

    assert_false(is_there(stage, "containers/validator-0"));
}

static void what_cannot_be_removed_is_a_failure(void **state)
{
    struct stage *stage = *state;

    put(stage, "containers/validator-0", "", 0600);
    put(stage, "stubborn", "", 0600);

    assert_int_equal(sweep(stage), 1);
    assert_non_null(strstr(stage->said, "assay clean"));
}

static void an_engine_that_does_not_answer_is_a_failure(void **state)
{
    struct stage *stage = *state;

    put(stage, "broken", "", 0600);

    assert_int_equal(sweep(stage), 1);
    assert_non_null(strstr(stage->said, "assay clean"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_of_the_run_goes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_to_remove_is_no_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_container_that_was_still_being_made_goes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_first_container_that_was_still_being_made_goes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_container_that_is_there_only_after_the_network_has_gone_goes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_removed_is_a_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_engine_that_does_not_answer_is_a_failure, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
