/* Networks of real nodes: that they agree, survive SIGKILL at any moment, and visibly misbehave
   when told to. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "nomos/hex.h"
#include "testnet.h"

static struct testnet net;

static int start_three_nodes(void **state)
{
    const struct testnet_params params = {
        .node_count = 3, .slot_ms = 200, .wallet_count = 30, .security_param = 10};

    (void)state;
    testnet_init(&net, &params);
    for (size_t i = 0; i < 3; i++)
        testnet_start(&net, i, NULL);
    /* They were told of node 0 only, and find one another. */
    for (size_t i = 0; i < 3; i++)
        assert_true(testnet_wait_peers(&net, i, 2));
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    testnet_done(&net);
    return 0;
}

static struct testnet_info info_of(size_t node)
{
    struct testnet_info info;

    assert_true(testnet_info(&net, node, &info));
    return info;
}

static void misbehave(size_t node, const char *body)
{
    struct reply reply = testnet_misbehave(&net, node, body);

    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void submit(size_t node, size_t account)
{
    char *tx = testnet_transfer(&net, account, NULL);
    struct reply reply = testnet_post(&net, node, "/mempool/add/tx", tx);

    assert_int_equal(reply.status, 200);
    reply_done(&reply);
    free(tx);
}

/* "Unknown", "Pending" or the beginning of an InBlock. */
static bool has_status(size_t node, size_t account, const char *status)
{
    struct fr hash;
    char *tx = testnet_transfer(&net, account, &hash);
    char text[HEX32_SIZE];
    char body[128];
    bool is_so;

    free(tx);
    hex_from_fr(&hash, text);
    (void)snprintf(body, sizeof(body), "[\"%s\"]", text);
    struct reply reply = testnet_post(&net, node, "/mantle/status", body);
    is_so = reply.status == 200 && strstr(reply.body, status);
    reply_done(&reply);
    return is_so;
}

static bool is_in_all_blocks(void *self)
{
    const size_t *account = self;

    return has_status(0, *account, "InBlock") && has_status(1, *account, "InBlock") &&
        has_status(2, *account, "InBlock");
}

static void three_nodes_agree_and_include_what_one_was_given(void **state)
{
    size_t account = 0;

    (void)state;
    submit(2, account);

    assert_true(testnet_until(is_in_all_blocks, &account));
    assert_true(testnet_wait_agreement(&net, info_of(0).height));
}

static void a_killed_node_comes_back_and_catches_up(void **state)
{
    (void)state;
    /* At moments of no particular kind: while blocks come and go. */
    for (size_t round = 0; round < 5; round++) {
        struct testnet_info before = info_of(2);

        submit(0, 1 + round);
        int status = testnet_stop(&net, 2, SIGKILL);
        assert_true(WIFSIGNALED(status));
        assert_true(testnet_wait_height(&net, 0, before.height + 2));
        testnet_start(&net, 2, NULL);
        struct testnet_info after = info_of(2);
        assert_true(after.height >= before.height);
        assert_true(testnet_wait_height(&net, 2, info_of(0).height));
        assert_true(testnet_wait_agreement(&net, before.height + 2));
    }
}

static void the_others_go_on_without_the_hub(void **state)
{
    struct testnet_info before = info_of(0);

    (void)state;
    (void)testnet_stop(&net, 0, SIGKILL);
    /* More than k blocks: apart, nodes 1 and 2 would have chains of their own for good. */
    assert_true(testnet_wait_height(&net, 1, before.height + 15));
    assert_true(testnet_wait_agreement(&net, before.height + 15));
    testnet_start(&net, 0, NULL);
    assert_true(testnet_wait_peers(&net, 0, 2));
    assert_true(testnet_wait_height(&net, 0, info_of(1).height));
    assert_true(testnet_wait_agreement(&net, before.height + 15));
}

/* The last one to come has dialled all others, and knows only of the hub when it comes back. */
static void the_last_one_finds_the_others_again_without_the_hub(void **state)
{
    (void)state;
    (void)testnet_stop(&net, 0, SIGKILL);
    (void)testnet_stop(&net, 2, SIGKILL);
    testnet_start(&net, 2, NULL);

    assert_true(testnet_wait_peers(&net, 2, 1));
    assert_true(testnet_wait_agreement(&net, info_of(1).height));
    testnet_start(&net, 0, NULL);
    assert_true(testnet_wait_peers(&net, 0, 2));
}

static void a_forger_disagrees_at_every_height_and_repents(void **state)
{
    char honest[65];
    char forged[65];
    struct testnet_info info;

    (void)state;
    misbehave(1, "{\"name\":\"fork\"}");
    info = info_of(1);
    assert_true(testnet_wait_height(&net, 0, info.height));
    assert_true(testnet_id_at(&net, 0, info.height - 3, honest));
    assert_true(testnet_id_at(&net, 1, info.height - 3, forged));
    assert_string_not_equal(honest, forged);
    misbehave(1, "{\"name\":\"none\"}");
    assert_true(testnet_wait_agreement(&net, info.height));
}

static void a_node_that_stops_leaves_proposing_to_others(void **state)
{
    struct testnet_info before;

    (void)state;
    misbehave(0, "{\"name\":\"stop-proposing\"}");
    misbehave(1, "{\"name\":\"stop-proposing\"}");
    before = info_of(0);
    assert_true(testnet_wait_height(&net, 0, before.height + 5));
    misbehave(2, "{\"name\":\"stop-proposing\",\"arg\":0}");
    /* Blocks under way may still come; then none, for many slots. */
    assert_true(testnet_wait_agreement(&net, info_of(2).height));
    before = info_of(2);
    (void)testnet_stop(&net, 0, SIGKILL); /* takes a while, and shows that all is stored */
    testnet_start(&net, 0, NULL);
    misbehave(0, "{\"name\":\"stop-proposing\"}");
    assert_true(info_of(2).height <= before.height + 3);
    for (size_t i = 0; i < 3; i++)
        misbehave(i, "{\"name\":\"none\"}");
    assert_true(testnet_wait_height(&net, 1, before.height + 5));
}

static void a_node_that_drops_transactions_answers_200_and_forgets(void **state)
{
    size_t account = 20;

    (void)state;
    misbehave(1, "{\"name\":\"drop-transactions\"}");
    submit(1, account);
    uint64_t height = info_of(1).height;
    assert_true(testnet_wait_height(&net, 1, height + 5));
    for (size_t i = 0; i < 3; i++)
        assert_true(has_status(i, account, "Unknown"));
    misbehave(1, "{\"name\":\"none\"}");
    submit(1, account);
    assert_true(testnet_until(is_in_all_blocks, &account));
}

static bool has_forked(void *self)
{
    char one[65];
    char other[65];
    uint64_t height = info_of(2).height;

    (void)self;
    return testnet_id_at(&net, 0, height, one) && testnet_id_at(&net, 2, height, other) &&
        strcmp(one, other) != 0;
}

static void a_deaf_node_forks_away(void **state)
{
    (void)state;
    misbehave(2, "{\"name\":\"ignore-peers\"}");
    submit(2, 25); /* what only it has makes its blocks different */
    assert_true(testnet_until(has_forked, NULL));
    assert_true(testnet_wait_peers(&net, 2, 2));
    misbehave(2, "{\"name\":\"none\"}");
}

static void errors_come_at_the_rate_asked_for(void **state)
{
    size_t errors = 0;

    (void)state;
    misbehave(0, "{\"name\":\"errors\",\"arg\":30}");
    for (size_t i = 0; i < 400; i++) {
        struct reply reply = testnet_get(&net, 0, "/cryptarchia/info");

        errors += reply.status == 500;
        reply_done(&reply);
    }
    misbehave(0, "{\"name\":\"none\"}");
    assert_in_range(errors, 60, 180);
    struct reply reply = testnet_get(&net, 0, "/cryptarchia/info");
    assert_int_equal(reply.status, 200);
    reply_done(&reply);
}

static void several_switches_are_listed_and_cleared(void **state)
{
    struct reply reply;

    (void)state;
    misbehave(0, "{\"name\":\"slow\",\"arg\":1}");
    misbehave(0, "{\"name\":\"errors\",\"arg\":\"0\"}");
    reply = testnet_call(&net, 0, true, "GET", "/test/misbehave", NULL, NULL);
    assert_string_equal(
        reply.body, "[{\"name\":\"slow\",\"arg\":1},{\"name\":\"errors\",\"arg\":0}]");
    reply_done(&reply);
    misbehave(0, "{\"name\":\"none\"}");
    reply = testnet_call(&net, 0, true, "GET", "/test/misbehave", NULL, NULL);
    assert_string_equal(reply.body, "[]");
    reply_done(&reply);
}

static void a_node_told_to_crash_aborts(void **state)
{
    struct reply reply;
    int status;

    (void)state;
    reply = testnet_misbehave(&net, 1, "{\"name\":\"crash\"}");
    reply_done(&reply); /* it may not come to answer */
    status = testnet_wait(&net, 1);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    testnet_start(&net, 1, NULL);
    assert_true(testnet_wait_height(&net, 1, info_of(0).height));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_nodes_agree_and_include_what_one_was_given),
        cmocka_unit_test(a_killed_node_comes_back_and_catches_up),
        cmocka_unit_test(the_others_go_on_without_the_hub),
        cmocka_unit_test(the_last_one_finds_the_others_again_without_the_hub),
        cmocka_unit_test(a_forger_disagrees_at_every_height_and_repents),
        cmocka_unit_test(a_node_that_stops_leaves_proposing_to_others),
        cmocka_unit_test(a_node_that_drops_transactions_answers_200_and_forgets),
        cmocka_unit_test(errors_come_at_the_rate_asked_for),
        cmocka_unit_test(several_switches_are_listed_and_cleared),
        cmocka_unit_test(a_node_told_to_crash_aborts),
        cmocka_unit_test(a_deaf_node_forks_away),
    };

    return cmocka_run_group_tests(tests, start_three_nodes, stop_all);
}
