/* Connections for data: who says who they are, whom a node dials, and what it may be configured with. */
#include "support/devnode_da_bench.h"

#define S  ((uint64_t)SECOND_NS)
#define MS (S / 1000)

static struct bench bench;

static int set_up(void **state)
{
    (void)state;
    bench_init(&bench, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bench_done(&bench);
    return 0;
}

static char newcomer;

static void assert_hung_up_after(const struct hello *hello, uint32_t dialled)
{
    struct da_peer *peer = da_link_up(bench.da, &newcomer, dialled, bench.now_ns);
    size_t before = bench.hang_ups;

    bench_say(&bench, peer, &(struct da_message){.type = DA_HELLO, .as.hello = *hello});
    assert_int_equal(bench.hang_ups, before + 1);
    assert_int_equal(da_counts(bench.da).connections, 0);
}

static void hellos_of_the_wrong_kind_are_hung_up_on(void **state)
{
    struct hello hello = bench_hello(&bench, 1);

    (void)state;
    hello.version++;
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 1);
    hello.genesis.bytes[0] ^= 1;
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 1);
    hello.public_key.bytes[0] ^= 1; /* no member */
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 0); /* the node itself */
    assert_hung_up_after(&hello, DA_NOBODY);
    hello = bench_hello(&bench, 1);
    assert_hung_up_after(&hello, bench_member(&bench, 2));
    assert_int_equal(da_block(bench.da, &hello.public_key, bench.now_ns), DA_BLOCKING_CHANGED);
    assert_hung_up_after(&hello, DA_NOBODY);
}

static void who_does_not_prove_who_it_is_is_hung_up_on(void **state)
{
    struct da_message hello = {.type = DA_HELLO, .as.hello = bench_hello(&bench, 1)};
    struct da_peer *peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    struct da_message proof = bench_proof(&bench, 1, &newcomer);
    struct da_place place = {.column = 0};

    (void)state;
    bench_say(&bench, peer, &proof); /* out of turn */
    assert_int_equal(bench.hang_ups, 1);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_say(&bench, peer, &hello);
    bench_say(&bench, peer, &hello); /* twice */
    assert_int_equal(bench.hang_ups, 2);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_say(&bench, peer, &hello);
    bench_say(&bench, peer, &proof); /* for another challenge */
    assert_int_equal(bench.hang_ups, 3);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_say(&bench, peer, &hello);
    bench_say_place(&bench, peer, DA_GET, &place);
    assert_int_equal(bench.hang_ups, 4);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    da_receive(bench.da, peer, (const uint8_t *)"\x63", 1, bench.now_ns);
    assert_int_equal(bench.hang_ups, 5);
    peer = da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    proof = bench_proof(&bench, 1, &newcomer);
    bench_say(&bench, peer, &hello);
    bench_say(&bench, peer, &proof);
    assert_int_equal(bench.hang_ups, 5);
    bench_say(&bench, peer, &proof); /* once more */
    assert_int_equal(bench.hang_ups, 6);
    (void)da_link_up(bench.da, &newcomer, DA_NOBODY, bench.now_ns);
    bench_wait(&bench, 4999 * MS);
    assert_int_equal(bench.hang_ups, 6);
    bench_wait(&bench, MS);
    assert_int_equal(bench.hang_ups, 7);
}

static void who_proves_itself_is_connected_until_it_leaves(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);
    uint32_t subnet = 0;

    (void)state;
    assert_int_equal(da_balance_of(bench.da, subnet).inbound, 1);
    assert_int_equal(da_balance_of(bench.da, subnet).outbound, 0);
    da_link_down(bench.da, peer, bench.now_ns);
    assert_int_equal(da_balance_of(bench.da, subnet).inbound, 0);
    (void)bench_connect(&bench, 2, true);
    assert_int_equal(da_balance_of(bench.da, subnet).outbound, 1);
}

static void members_are_dialled_again_with_pauses(void **state)
{
    uint32_t member = bench_member(&bench, 1);
    size_t before;

    (void)state;
    bench_wait(&bench, S); /* the other side had its chance to be first */
    assert_int_equal(bench.dialled[member], 1);
    for (size_t i = 0; i < 20; i++) {
        da_dial_failed(bench.da, member, bench.now_ns);
        before = bench.dialled[member];
        bench_wait(&bench, DA_DIAL_PAUSE_MIN_NS - MS);
        assert_int_equal(bench.dialled[member], before);
        bench_wait(&bench, DA_DIAL_PAUSE_MAX_NS);
        assert_int_equal(bench.dialled[member], before + 1);
    }
    /* They grow, up to a limit. */
    da_dial_failed(bench.da, member, bench.now_ns);
    before = bench.dialled[member];
    bench_wait(&bench, DA_DIAL_PAUSE_MAX_NS - MS);
    assert_int_equal(bench.dialled[member], before);
    bench_wait(&bench, MS);
    assert_int_equal(bench.dialled[member], before + 1);
    /* Not while it is blocked. */
    assert_int_equal(
        da_block(bench.da, &bench.keys[1].public_key, bench.now_ns), DA_BLOCKING_CHANGED);
    da_dial_failed(bench.da, member, bench.now_ns);
    before = bench.dialled[member];
    bench_wait(&bench, 10 * S);
    assert_int_equal(bench.dialled[member], before);
    assert_true(da_unblock(bench.da, &bench.keys[1].public_key, bench.now_ns));
    bench_wait(&bench, 0);
    bench_wait(&bench, S); /* as before */
    assert_int_equal(bench.dialled[member], before + 1);
}

static void a_malformed_message_of_a_member_costs_it_the_connection(void **state)
{
    struct da_peer *peer = bench_connect(&bench, 1, false);

    (void)state;
    da_receive(bench.da, peer, (const uint8_t *)"\x04zz", 3, bench.now_ns);
    assert_int_equal(bench.hang_ups, 1);
    assert_true(da_monitor_is_blocked(da_monitor(bench.da), &bench.keys[1].public_key));
}

static void parameters_beyond_the_limits_are_refused(void **state)
{
    const struct {
        uint32_t columns;
        uint32_t samples;
        uint32_t publish_1000;
        uint64_t subnets;
        uint64_t replication;
        const char *reason;
    } cases[] = {
        {0, 1, 800, 3, 3, "columns of a blob"},
        {DA_COLUMNS_MAX + 1, 1, 800, 3, 3, "columns of a blob"},
        {5, 0, 800, 3, 3, "columns to sample"},
        {5, 6, 800, 3, 3, "columns to sample"},
        {5, 1, 1001, 3, 3, "threshold"},
        {5, 1, 800, 0, 3, "subnetworks"},
        {5, 1, 800, DA_SUBNETS_MAX + 1, 3, "subnetworks"},
        {5, 1, 800, 3, 0, "members in each"},
        {5, 1, 800, 3, DA_REPLICATION_MAX + 1, "members in each"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct da_params params = bench.params;
        const struct da_store store = da_memory_store_table(bench.memory);
        struct reason why = {.text = ""};

        params.column_count = cases[i].columns;
        params.sample_count = cases[i].samples;
        params.publish_1000 = cases[i].publish_1000;
        params.shape.subnet_count = cases[i].subnets;
        params.shape.replication = cases[i].replication;
        assert_null(da_new(&params, &(struct da_host){.self = NULL}, &store, &why));
        if (!strstr(why.text, cases[i].reason))
            fail_msg("case %zu: \"%s\"", i, why.text);
    }
}

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(hellos_of_the_wrong_kind_are_hung_up_on),
        BENCH_TEST(who_does_not_prove_who_it_is_is_hung_up_on),
        BENCH_TEST(who_proves_itself_is_connected_until_it_leaves),
        BENCH_TEST(members_are_dialled_again_with_pauses),
        BENCH_TEST(a_malformed_message_of_a_member_costs_it_the_connection),
        BENCH_TEST(parameters_beyond_the_limits_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
