/* When a node has passed a stage of readiness: in a real host, over HTTP answers of the test's own. */
#include "tests/unit/host_fixture.h"

#include "plugins/systems/nomos/da_ready.h"

struct assay_reply {
    assay_reply_info info;
    char text[512];
};

struct world {
    struct fixture *fixture;
    struct nomos system;
    assay_readiness seen;
    /* The script: what comes of the next request. */
    assay_status status;
    uint32_t code;
    const char *answer;
    /* What was asked. */
    unsigned requests;
    uint32_t node, port;
    char asked[128];
    int replies; /* handed out and not released */
    char profiles[256];
    struct nomos_node nodes[3];
};

static struct world *the_world; /* the HTTP and topology tables have no place for it */

static assay_status perform(assay_task *task, const assay_request *request, assay_reply **out)
{
    struct world *w = the_world;
    assay_reply *reply;

    (void)task;
    w->requests++;
    w->node = request->node;
    w->port = request->port;
    (void)snprintf(w->asked, sizeof(w->asked), "%s %s %.*s", request->method, request->path,
        (int)request->body.size, request->body.data ? (const char *)request->body.data : "");
    if (w->status)
        return w->status;
    reply = calloc(1, sizeof(*reply));
    assert_non_null(reply);
    (void)snprintf(reply->text, sizeof(reply->text), "%s", w->answer);
    reply->info = (assay_reply_info){.struct_size = sizeof(reply->info),
        .code = w->code,
        .body = {.data = reply->text, .size = strlen(reply->text)},
        .content_type = "",
        .why = ""};
    w->replies++;
    *out = reply;
    return ASSAY_OK;
}

static const assay_reply_info *info(const assay_reply *reply)
{
    return &reply->info;
}

static void release(assay_reply *reply)
{
    the_world->replies--;
    free(reply);
}

static const assay_http scripted_http = {
    .struct_size = sizeof(assay_http), .perform = perform, .info = info, .release = release};

/* A chain: 1 dials 0, 2 dials 1. */
static uint32_t dial_count(const assay_host *host, uint32_t node)
{
    (void)host;
    return node > 0;
}

static uint32_t dial(const assay_host *host, uint32_t node, uint32_t nth)
{
    (void)host;
    (void)nth;
    return node - 1;
}

static assay_status profile(const assay_host *host, uint32_t node, const char *path)
{
    struct world *w = the_world;
    const size_t used = strlen(w->profiles);

    (void)host;
    (void)snprintf(w->profiles + used, sizeof(w->profiles) - used, "%u %s\n", node, path);
    return ASSAY_OK;
}

static const assay_spec noting_spec = {.struct_size = sizeof(assay_spec), .profile = profile};

static const assay_topology chain_topology = {
    .struct_size = sizeof(assay_topology), .dial_count = dial_count, .dial = dial};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct host_instance *instance;
    struct nomos *system;

    assert_non_null(w);
    the_world = w;
    system = &w->system;
    w->fixture = fixture_prepare(3);
    w->fixture->config.http = &scripted_http;
    fixture_start(w->fixture);
    instance = fixture_instance(w->fixture, "system.nomos", ASSAY_SYSTEM);
    system->host = host_instance_table(instance);
    system->http = fixture_service(instance, ASSAY_HTTP);
    system->json = fixture_service(instance, ASSAY_JSON);
    system->topology = &chain_topology;
    system->node_count = 3;
    system->nodes = w->nodes;
    system->spec = &noting_spec;
    node_config_da_default(&system->network.da, 3);
    system->stages[system->stage_count++] = &nomos_stage_http;
    system->stages[system->stage_count++] = &nomos_stage_peers;
    system->stages[system->stage_count++] = &nomos_stage_membership;
    system->stages[system->stage_count++] = &nomos_stage_balancer;
    w->code = 200;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    assert_int_equal(w->replies, 0);
    fixture_free(w->fixture);
    free(w);
    return 0;
}

enum {
    HTTP,
    PEERS,
    MEMBERSHIP,
    BALANCER,
    NO_STAGE
};

struct look_call {
    struct world *world;
    uint32_t node, stage;
    assay_status status;
};

static assay_status look_body(assay_task *task, void *arg)
{
    struct look_call *call = arg;

    call->status =
        nomos_ready(&call->world->system, task, call->node, call->stage, &call->world->seen);
    return ASSAY_OK;
}

static assay_status look(struct world *w, uint32_t node, uint32_t stage, const char *answer)
{
    struct look_call call = {.world = w, .node = node, .stage = stage};

    w->seen = (assay_readiness){.struct_size = sizeof(w->seen)};
    w->answer = answer;
    (void)run_body(w->fixture->instances[0], look_body, &call);
    return call.status;
}

static void assert_ready(struct world *w, uint32_t node, uint32_t stage, const char *answer)
{
    assert_int_equal(look(w, node, stage, answer), ASSAY_OK);
    if (!w->seen.is_ready)
        fail_msg("not ready: %s", w->seen.why);
}

static void assert_waiting(
    struct world *w, uint32_t node, uint32_t stage, const char *answer, const char *why)
{
    assert_int_equal(look(w, node, stage, answer), ASSAY_OK);
    assert_int_equal(w->seen.is_ready, 0);
    if (!strstr(w->seen.why, why))
        fail_msg("expected \"%s\" in \"%s\"", why, w->seen.why);
}

static void a_node_that_tells_its_tip_is_up(void **state)
{
    struct world *w = *state;

    assert_ready(w, 2, HTTP, "{\"tip\":\"ab\",\"height\":0}");
    assert_string_equal(w->asked, "GET /cryptarchia/info ");
    assert_int_equal(w->node, 2);
    assert_int_equal(w->port, PORT_API);
    assert_waiting(w, 2, HTTP, "{\"height\":0}", "without tip");
}

static void a_real_node_that_is_up_has_a_profile_to_fetch(void **state)
{
    struct world *w = *state;

    w->system.nodes[1].is_dev = true;
    assert_waiting(w, 0, HTTP, "{\"height\":0}", "without tip");
    assert_string_equal(w->profiles, "");
    assert_ready(w, 0, HTTP, "{\"tip\":\"ab\"}");
    assert_ready(w, 1, HTTP, "{\"tip\":\"ab\"}");
    assert_string_equal(w->profiles, "0 /debug/pprof/profile?seconds=15&format=proto\n");
}

static void a_node_needs_the_peers_on_both_ends_of_its_links(void **state)
{
    struct world *w = *state;

    assert_waiting(w, 1, PEERS, "{\"n_peers\":1}", "it has 1 of the 2 peers");
    assert_int_equal(w->seen.progress, 1);
    assert_ready(w, 1, PEERS, "{\"n_peers\":2}");
    assert_ready(w, 2, PEERS, "{\"n_peers\":1}");
    assert_waiting(w, 2, PEERS, "{\"n_peers\":-1}", "it has 0 of the 1 peers");
}

static void membership_is_asked_of_the_testing_port_for_session_zero(void **state)
{
    struct world *w = *state;

    assert_ready(w, 1, MEMBERSHIP,
        "{\"assignations\":{\"0\":[\"12D3\"]},\"addressbook\":{\"12D3\":\"/ip4\"}}");
    assert_string_equal(w->asked, "POST /test/da/membership 0");
    assert_int_equal(w->port, PORT_TESTING);
    assert_int_equal(w->node, 1);
}

static void membership_without_assignations_is_waited_for(void **state)
{
    struct world *w = *state;

    assert_waiting(w, 0, MEMBERSHIP, "{\"assignations\":{},\"addressbook\":{}}",
        "DA membership readiness (non-empty assignations): POST /test/da/membership has assigned "
        "nobody");
    assert_waiting(w, 0, MEMBERSHIP, "{\"addressbook\":{}}", "no assignations in its answer");
    assert_waiting(w, 0, MEMBERSHIP, "[]", "no assignations in its answer");
}

static void the_balancer_needs_as_many_subnetworks_as_are_sampled(void **state)
{
    struct world *w = *state;

    w->system.network.da.num_samples = 2;
    assert_waiting(w, 0, BALANCER,
        "{\"0\":{\"inbound\":1,\"outbound\":0},\"1\":{\"inbound\":0,\"outbound\":0}}",
        "DA balancer readiness: it is connected to 1 of at least 2 subnetworks");
    assert_int_equal(w->seen.progress, 1);
    assert_string_equal(w->asked, "GET /da/balancer-stats ");
    assert_int_equal(w->port, PORT_API);
    assert_ready(w, 0, BALANCER,
        "{\"0\":{\"inbound\":1,\"outbound\":0},\"2\":{\"inbound\":0,\"outbound\":7}}");
}

static void a_balancer_that_says_nothing_is_waited_for(void **state)
{
    struct world *w = *state;

    assert_waiting(w, 0, BALANCER, "{}", "0 of at least 1");
    assert_waiting(w, 0, BALANCER, "{\"0\":3,\"1\":{\"inbound\":\"1\"}}", "0 of at least 1");
}

static void every_stage_waits_for_a_node_that_does_not_answer_well(void **state)
{
    struct world *w = *state;

    for (uint32_t stage = HTTP; stage < NO_STAGE; stage++) {
        w->status = ASSAY_E_IO;
        assert_waiting(w, 1, stage, "", "no connection");
        w->status = ASSAY_E_TIMEOUT;
        assert_waiting(w, 1, stage, "", "no answer within 2 s");
        w->status = ASSAY_OK;
        w->code = 500;
        assert_waiting(w, 1, stage, "out of order", "answered 500: out of order");
        w->code = 200;
        assert_waiting(w, 1, stage, "<html>", "answered 200, but no JSON");
    }
}

static void every_stage_ends_when_it_is_cancelled(void **state)
{
    struct world *w = *state;

    w->status = ASSAY_E_CANCELLED;
    for (uint32_t stage = HTTP; stage < NO_STAGE; stage++)
        assert_int_equal(look(w, 1, stage, ""), ASSAY_E_CANCELLED);
}

static void a_lone_node_needs_no_peers(void **state)
{
    struct world *w = *state;

    w->system.node_count = 1;
    assert_ready(w, 0, PEERS, "");
    assert_int_equal(w->requests, 0);
}

static void an_unknown_stage_is_an_error(void **state)
{
    assert_int_equal(look(*state, 0, NO_STAGE, ""), ASSAY_E_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_node_that_tells_its_tip_is_up),
        TEST(a_real_node_that_is_up_has_a_profile_to_fetch),
        TEST(a_node_needs_the_peers_on_both_ends_of_its_links),
        TEST(membership_is_asked_of_the_testing_port_for_session_zero),
        TEST(membership_without_assignations_is_waited_for),
        TEST(the_balancer_needs_as_many_subnetworks_as_are_sampled),
        TEST(a_balancer_that_says_nothing_is_waited_for),
        TEST(every_stage_waits_for_a_node_that_does_not_answer_well),
        TEST(every_stage_ends_when_it_is_cancelled),
        TEST(a_lone_node_needs_no_peers),
        TEST(an_unknown_stage_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
