/* The story of a blob, in networks in virtual time: dispersed, kept, sampled, in a block, read back;
   and what misbehaving, cut off and restarted nodes do to it. */
#include "support/devnode_da_world.h"

#include <stdio.h>

static void a_blob_is_dispersed_sampled_included_and_read_back(void **state)
{
    struct da_world world;
    struct da_world_dispersal dispersal;

    (void)state;
    da_world_init(&world, &da_world_usual);
    world_run(&world.world, 3 * (uint64_t)SECOND_NS);
    da_world_disperse(&world, 4, 1, NULL, 8, &dispersal);
    da_world_wait(&world, &dispersal);
    assert_string_equal(dispersal.why, "");
    assert_true(dispersal.has_succeeded);

    for (size_t i = 0; i < 5; i++)
        assert_true(da_world_run_to_blob(&world, i, &dispersal.blob));
    assert_int_equal(da_world_read(&world, &dispersal), 2);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(world.nodes[i].warnings, 0);
        assert_int_equal(world.world.nodes[i].warnings, 0);
    }
    da_world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_is_dispersed_sampled_included_and_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
