/* Emptying a node's directory: all of it but what its program has printed, and nothing beyond
   it. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/host/nodefiles.h"
#include "host_world.h"

static int setup(void **state)
{
    *state = world_new(1, 0);
    return 0;
}

static int teardown(void **state)
{
    world_free(*state);
    return 0;
}

/* A path in the test's own directory; overwritten by the next call but one. */
static const char *path_of(const struct world *world, const char *name)
{
    static char paths[2][256];
    static unsigned next;
    char *path = paths[next++ % 2];

    (void)snprintf(path, 256, "%s/%s", world->fixture->run_dir, name);
    return path;
}

static void make_file(const struct world *world, const char *name)
{
    const int fd = open(path_of(world, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void make_directory(const struct world *world, const char *name)
{
    assert_int_equal(dir_make(path_of(world, name), 0755, NULL), ASSAY_OK);
}

static bool is_there(const struct world *world, const char *name)
{
    struct stat status;

    return lstat(path_of(world, name), &status) == 0;
}

static void all_goes_but_the_log(void **state)
{
    struct world *world = *state;
    struct error err = {0};

    make_directory(world, "n/db/deep");
    make_file(world, "n/db/deep/data");
    make_file(world, "n/config.yaml");
    make_file(world, "n/output.log");

    if (nodefiles_clear(path_of(world, "n"), "output.log", &err))
        fail_msg("%s", err.text);
    assert_false(is_there(world, "n/db"));
    assert_false(is_there(world, "n/config.yaml"));
    assert_true(is_there(world, "n/output.log"));
}

static void a_link_goes_and_what_it_points_at_stays(void **state)
{
    struct world *world = *state;

    make_directory(world, "outside");
    make_file(world, "outside/file");
    make_directory(world, "n");
    assert_int_equal(symlink(path_of(world, "outside"), path_of(world, "n/link")), 0);
    assert_int_equal(symlink("../outside/file", path_of(world, "n/other")), 0);

    assert_int_equal(nodefiles_clear(path_of(world, "n"), "output.log", NULL), ASSAY_OK);
    assert_false(is_there(world, "n/link"));
    assert_false(is_there(world, "n/other"));
    assert_true(is_there(world, "outside/file"));
}

static void a_directory_that_is_not_there_is_empty(void **state)
{
    assert_int_equal(nodefiles_clear(path_of(*state, "none"), "output.log", NULL), ASSAY_OK);
}

static void what_cannot_be_emptied_is_named(void **state)
{
    struct world *world = *state;
    struct error err = {0};

    make_file(world, "file");
    assert_int_not_equal(nodefiles_clear(path_of(world, "file"), "output.log", &err), ASSAY_OK);
    assert_non_null(strstr(err.text, "/file"));
}

static void a_deployer_clears_a_node_that_does_not_run(void **state)
{
    struct world *world = *state;

    assert_int_equal(world->deployment->clear(world->table, 0), ASSAY_OK);
    assert_int_equal(world->deployment->clear(world->table, 1), ASSAY_E_INVALID);
    assert_int_equal(world->spec->binary(world->system_table, 0, "/bin/node"), ASSAY_OK);
    assert_int_equal(world->deployment->start(world->table, 0), ASSAY_OK);
    make_file(world, "nodes/validator-0/data");
    assert_int_equal(world->deployment->clear(world->table, 0), ASSAY_E_INVALID);
    assert_true(is_there(world, "nodes/validator-0/data"));
    fakes_end(&world->fakes, 0, PROCESS_EXITED, 0);
    assert_int_equal(world->deployment->clear(world->table, 0), ASSAY_OK);
    assert_false(is_there(world, "nodes/validator-0/data"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_goes_but_the_log),
        TEST(a_link_goes_and_what_it_points_at_stays),
        TEST(a_directory_that_is_not_there_is_empty),
        TEST(what_cannot_be_emptied_is_named),
        TEST(a_deployer_clears_a_node_that_does_not_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
