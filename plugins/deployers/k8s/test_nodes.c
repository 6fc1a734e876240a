/* Nodes that run, by deployer k8s against a cluster of tables: acting on them, looking at them, and
   ends that nobody asked for. */
#include "plugins/deployers/k8s/test_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NS        "nomos-k8s-20260131-120000-1a2b"
#define NAMESPACE "/api/v1/namespaces/" NS
#define PODS(state)                                                                                \
    "{\"items\":[{\"metadata\":{\"name\":\"" NS                                                    \
    "-validator-1-0\",\"labels\":{\"io.assay.node\":\"validator-1\"}},\"status\":{"                \
    "\"containerStatuses\":[" state "]}}]}"

/* ---- control ---- */

static void actions_are_scripts_in_the_pod(void **state)
{
    static const struct {
        uint32_t kind;
        const char *part;
    } actions[] = {{ASSAY_ACT_STOP, "kill -TERM"}, {ASSAY_ACT_START, "rm -f /assay/state/hold"},
        {ASSAY_ACT_KILL, "kill -KILL"}, {ASSAY_ACT_PAUSE, "kill -STOP"},
        {ASSAY_ACT_RESUME, "kill -CONT"}, {ASSAY_ACT_RESTART, "while {"}};

    (void)state;
    world_command(
        "exec --namespace " NS " " NS "-validator-1-0 --container node -- /bin/sh -c", 0, "");
    assert_int_equal(world_prepare(), ASSAY_OK);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        assert_int_equal(world_control(actions[i].kind, 1), ASSAY_OK);
        has(world_story(), actions[i].part);
    }
    assert_int_equal(world_control(ASSAY_ACT_CUT, 1), ASSAY_E_UNSUPPORTED);
    assert_int_equal(world_control(ASSAY_ACT_STOP, 7), ASSAY_E_UNSUPPORTED);
}

static void an_action_that_fails_says_what_kubectl_says(void **state)
{
    (void)state;
    world_command(" exec ", 1, "error: unable to upgrade connection");
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_int_equal(world_control(ASSAY_ACT_KILL, 0), ASSAY_E_IO);
    has(world_why(), "in the pod of validator-0 says: error: unable to upgrade connection");
}

/* What a node that was told to do something did instead is told, once. */
static void an_end_other_than_was_asked_for_is_told(void **state)
{
    assay_process process;
    char detail[160];

    (void)state;
    world_command(" exec ", 0, "");
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_int_equal(world_control(ASSAY_ACT_STOP, 1), ASSAY_OK);
    world_command("read -r up rest", 0, "17 139 120.5\n121\n");
    for (int i = 0; i < 2; i++)
        assert_int_equal(world_inspect(1, &process, detail), ASSAY_OK);
    assert_string_equal(world_told(), "1 killed 11 \n");

    assert_int_equal(world_control(ASSAY_ACT_START, 1), ASSAY_OK);
    assert_int_equal(world_control(ASSAY_ACT_KILL, 1), ASSAY_OK);
    world_command("read -r up rest", 0, "18 137 130\n131\n");
    assert_int_equal(world_inspect(1, &process, detail), ASSAY_OK);
    assert_string_equal(world_told(), "1 killed 11 \n"); /* as it was asked */

    /* Of a restart the script says how the process before it ended. */
    world_command("while {", 0, "143\n");
    assert_int_equal(world_control(ASSAY_ACT_RESTART, 1), ASSAY_OK);
    assert_string_equal(world_told(), "1 killed 11 \n");
    world_command("while {", 0, "1\n");
    assert_int_equal(world_control(ASSAY_ACT_RESTART, 1), ASSAY_OK);
    assert_string_equal(world_told(), "1 killed 11 \n1 exited 1 \n");
}

static void look(const char *output, assay_process *out)
{
    char detail[160];

    world_command(" exec ", 0, output);
    assert_int_equal(world_inspect(1, out, detail), ASSAY_OK);
}

static void a_process_is_looked_at_in_its_pod(void **state)
{
    assay_process process, again;

    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    look("17 - 0\n100.5\n17 (nomos (x)) S 1 1 1 0 -1 4194560 183 0 0 0 1 0 0 0 20 0 1 0 5000 9\n",
        &process);
    assert_int_equal(process.state, ASSAY_PROCESS_RUNNING);
    assert_int_equal(process.pid, 17);
    assert_false(process.is_stopped);
    /* The machine was up for 100.5 s; the process began at 50 s. Looked at later, it began then too. */
    assert_int_equal(process.started_at, world_now() - 50500 * ASSAY_MS);
    look("17 - 0\n200.9\n17 (nomos) T 1 1 1 0 -1 4194560 183 0 0 0 1 0 0 0 20 0 1 0 5000 9\n",
        &again);
    assert_true(again.is_stopped);
    assert_int_equal(again.started_at, process.started_at);

    look("17 137 120.5\n121\n", &process);
    assert_int_equal(process.state, ASSAY_PROCESS_KILLED);
    assert_int_equal(process.code, 9);
    assert_int_equal(process.ended_at, world_now() + 20 * ASSAY_SECOND);
    look("17 3 120.5\n121\n", &process);
    assert_int_equal(process.state, ASSAY_PROCESS_EXITED);
    assert_int_equal(process.code, 3);
}

static void a_look_that_makes_no_sense_is_left_to_the_cluster(void **state)
{
    static const char *const nonsense[] = {"", "17 \n1\n2\n", "x - 0\n1\n2\n", "\n\n", "17\n1\n",
        "17 - 0\n100\n", "17 - 0\n100\n17 (x) Z 1\n", "17 - 0\n100\nno stat at all\n"};
    assay_process process;

    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    for (size_t i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
        look(nonsense[i], &process);
        assert_int_equal(process.state, ASSAY_PROCESS_RUNNING); /* as the pod does */
        assert_int_equal(process.pid, 0);
    }
}

/* A pod whose container was started again some time ago runs, as long as nobody can look inside. */
static void a_pod_that_was_started_again_is_not_one_that_has_ended(void **state)
{
    assay_process process = {.struct_size = sizeof(process)};

    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    world_answer("GET " NAMESPACE "/pods?", 200,
        PODS("{\"restartCount\":1,\"state\":{\"running\":{}},\"lastState\":{\"terminated\":{"
             "\"exitCode\":137}}}"),
        0);
    look("", &process);
    assert_int_equal(process.state, ASSAY_PROCESS_RUNNING);
    assert_int_equal(process.pid, 0);
}

static void before_nodes_are_ready_the_list_of_pods_is_enough(void **state)
{
    assay_process process;
    char detail[160];

    (void)state;
    world_variable("(never ready)", "");
    assert_int_equal(world_prepare(), ASSAY_E_TIMEOUT);
    world_answer("GET " NAMESPACE "/pods?", 200,
        PODS("{\"restartCount\":1,\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}},"
             "\"lastState\":{\"terminated\":{\"exitCode\":134}}}"),
        0);
    assert_int_equal(world_inspect(1, &process, detail), ASSAY_OK);
    assert_int_equal(process.state, ASSAY_PROCESS_KILLED);
    assert_int_equal(process.code, 6);
    has(detail, "1 restarts, CrashLoopBackOff");
    {
        const uint64_t calls = world_calls();

        assert_int_equal(world_inspect(0, &process, detail), ASSAY_OK);
        assert_int_equal(process.state, 0);
        assert_int_equal(world_calls(), calls); /* one list for all, while it is fresh */
    }
    assert_int_equal(world_inspect(9, &process, detail), ASSAY_E_INVALID);
}

static void logs_are_collected_with_that_of_before(void **state)
{
    (void)state;
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_int_equal(world_collect(1), ASSAY_OK);
    has(world_story(), "log 1 output.log the node's log");
    has(world_story(), "log 1 output.previous.log the node's log");
}

/* What ended says why the node is not ready, and not what was started in its place. */
static void a_node_that_does_not_get_ready_shows_what_ended(void **state)
{
    static const char log[] = "GET " NAMESPACE "/pods/" NS "-validator-1-0/log?limitBytes=33554432";
    static const char previous[] =
        "GET " NAMESPACE "/pods/" NS "-validator-1-0/log?limitBytes=33554432&previous=true";
    static const char excuse[] = "unable to retrieve container logs for docker://86174";

    (void)state;
    world_variable("(never ready)", "");
    assert_int_equal(world_prepare(), ASSAY_E_TIMEOUT);
    world_answer(log, 200, "all is well", 0);
    world_answer(previous, 200, "I crash", 0);
    world_answer(previous, 200, excuse, 3);
    assert_int_equal(world_collect(1), ASSAY_OK);
    has(world_story(), "log 1 output.log I crash");
    lacks(world_story(), "all is well");

    world_answer(previous, 400, "{\"message\":\"previous terminated container not found\"}", 0);
    assert_int_equal(world_collect(1), ASSAY_OK);
    has(world_story(), "log 1 output.log all is well");

    world_answer(previous, 200, excuse, 0); /* but that is not waited for for ever */
    assert_int_equal(world_collect(1), ASSAY_OK);
    has(strstr(world_story(), "all is well") + 1, "log 1 output.log all is well");
    world_answer(log, 200, excuse, 0);
    assert_int_equal(world_collect(1), ASSAY_OK);
    lacks(world_story(), "output.log unable");
}

/* ---- ends that nobody asked for ---- */

#define RUNS "\"state\":{\"running\":{}}"
#define END(id)                                                                                    \
    "{\"terminated\":{\"exitCode\":137,\"reason\":\"OOMKilled\",\"containerID\":\"docker://" id    \
    "\","                                                                                          \
    "\"finishedAt\":\"2026-01-31T12:00:0" id "Z\"}}"

/* What the cluster says of validator-1's pod from now on; validator-0 goes on as it was. */
static void cluster_says(const char *metadata, const char *status)
{
    static char texts[16][1200];
    static size_t used;
    char *text = texts[used++ % 16];

    (void)snprintf(text, sizeof(texts[0]),
        "{\"items\":[{\"metadata\":{\"uid\":\"u0\",\"labels\":{\"io.assay.node\":\"validator-0\"}},"
        "\"status\":{\"containerStatuses\":[{\"restartCount\":0," RUNS "}]}},"
        "{\"metadata\":{%s\"labels\":{\"io.assay.node\":\"validator-1\"}},\"status\":{%s}}]}",
        metadata, status);
    world_answer("GET " NAMESPACE "/pods?", 200, text, 0);
}

static void cluster_runs(void)
{
    cluster_says("\"uid\":\"u1\",", "\"containerStatuses\":[{\"restartCount\":0," RUNS "}]");
}

/* Looks twice: what is told once is not told again. */
static void assert_told(const char *what)
{
    char before[4096];

    assert_int_equal(world_watch(), ASSAY_OK);
    has(world_told(), what);
    (void)snprintf(before, sizeof(before), "%s", world_told());
    assert_int_equal(world_watch(), ASSAY_OK);
    assert_string_equal(world_told(), before);
}

static void open_watched(void)
{
    cluster_runs();
    assert_int_equal(world_prepare(), ASSAY_OK);
    assert_told("");
    assert_string_equal(world_told(), "");
}

static void a_container_that_ended_is_told_once(void **state)
{
    (void)state;
    open_watched();
    cluster_says(
        "\"uid\":\"u1\",", "\"containerStatuses\":[{\"restartCount\":0,\"state\":" END("1") "}]");
    assert_told("1 killed 9 its container ended: OOMKilled\n");
    /* It waits to be started again, and is: that is no other end. */
    cluster_says("\"uid\":\"u1\",",
        "\"containerStatuses\":[{\"restartCount\":0,\"state\":{\"waiting\":{\"reason\":"
        "\"CrashLoopBackOff\"}},\"lastState\":" END("1") "}]");
    assert_told("");
    cluster_says("\"uid\":\"u1\",",
        "\"containerStatuses\":[{\"restartCount\":1," RUNS ",\"lastState\":" END("1") "}]");
    assert_told("");
    assert_string_equal(world_told(), "1 killed 9 its container ended: OOMKilled\n");
    /* And ends again, thrice between two looks. */
    cluster_says("\"uid\":\"u1\",",
        "\"containerStatuses\":[{\"restartCount\":4," RUNS ",\"lastState\":" END("4") "}]");
    assert_told(
        "1 killed 9 its container ended: OOMKilled, the last of 3 times since the last look\n");
}

static void a_node_that_exits_is_told_with_its_code(void **state)
{
    (void)state;
    open_watched();
    cluster_says("\"uid\":\"u1\",",
        "\"containerStatuses\":[{\"restartCount\":1," RUNS
        ",\"lastState\":{\"terminated\":{\"exitCode\":3,\"containerID\":\"docker://9\"}}}]");
    assert_told("1 exited 3 its container ended\n");
}

static void a_restart_of_which_nothing_is_known_is_told_too(void **state)
{
    (void)state;
    open_watched();
    cluster_says("\"uid\":\"u1\",", "\"containerStatuses\":[{\"restartCount\":1," RUNS "}]");
    assert_told("1 unseen 0 its container ended\n");
}

static void a_pod_that_goes_is_told_and_so_is_why(void **state)
{
    static const struct {
        const char *metadata, *status, *told;
    } ways[] = {
        {"\"uid\":\"u2\",", "\"containerStatuses\":[{\"restartCount\":0," RUNS "}]",
            "1 unseen 0 its pod was replaced by another\n"},
        {"\"uid\":\"u1\",\"deletionTimestamp\":\"2026-01-31T12:00:00Z\",",
            "\"containerStatuses\":[{\"restartCount\":0," RUNS "}]",
            "1 unseen 0 its pod is being deleted\n"},
        {"\"uid\":\"u1\",", "\"phase\":\"Failed\",\"reason\":\"Evicted\"",
            "1 unseen 0 the cluster gave its pod up: Evicted\n"},
        {"\"name\":\"x\"},\"was\":{", "", "1 unseen 0 its pod is gone\n"},
    };

    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        assert_int_equal(world_open(state), 0);
        open_watched();
        world_answer("GET " NAMESPACE, 200, "{\"status\":{\"phase\":\"Active\"}}", 0);
        cluster_says(ways[i].metadata, ways[i].status);
        assert_told(ways[i].told);
        /* The one in its place has not ended; when it does, that is news. */
        cluster_says("\"uid\":\"u3\",", "\"containerStatuses\":[{\"restartCount\":0," RUNS "}]");
        assert_int_equal(world_watch(), ASSAY_OK);
        cluster_says("\"uid\":\"u3\",",
            "\"containerStatuses\":[{\"restartCount\":1," RUNS ",\"lastState\":" END("1") "}]");
        assert_told("1 killed 9 its container ended: OOMKilled\n");
        assert_int_equal(world_close(state), 0);
    }
    assert_int_equal(world_open(state), 0);
}

static void a_namespace_that_goes_is_why_pods_do(void **state)
{
    (void)state;
    open_watched();
    world_answer("GET " NAMESPACE, 200, "{\"status\":{\"phase\":\"Terminating\"}}", 0);
    world_answer("GET " NAMESPACE "/pods?", 200, "{\"items\":[]}", 0);
    assert_told("0 unseen 0 its pod goes: namespace " NS " is being deleted by somebody else\n");
    has(world_told(), "1 unseen 0 its pod goes");
}

static void a_look_that_fails_says_why_and_loses_nothing(void **state)
{
    (void)state;
    open_watched();
    world_answer("GET " NAMESPACE "/pods?", 500, "{\"message\":\"etcd is away\"}", 0);
    assert_int_equal(world_watch(), ASSAY_E_IO);
    has(world_why(), "etcd is away");
    cluster_says("\"uid\":\"u1\",",
        "\"containerStatuses\":[{\"restartCount\":1," RUNS ",\"lastState\":" END("1") "}]");
    assert_told("1 killed 9 its container ended: OOMKilled\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_open, world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(actions_are_scripts_in_the_pod),
        TEST(an_action_that_fails_says_what_kubectl_says),
        TEST(an_end_other_than_was_asked_for_is_told),
        TEST(a_process_is_looked_at_in_its_pod),
        TEST(a_look_that_makes_no_sense_is_left_to_the_cluster),
        TEST(a_pod_that_was_started_again_is_not_one_that_has_ended),
        TEST(before_nodes_are_ready_the_list_of_pods_is_enough),
        TEST(logs_are_collected_with_that_of_before),
        TEST(a_node_that_does_not_get_ready_shows_what_ended),
        TEST(a_container_that_ended_is_told_once),
        TEST(a_node_that_exits_is_told_with_its_code),
        TEST(a_restart_of_which_nothing_is_known_is_told_too),
        TEST(a_pod_that_goes_is_told_and_so_is_why),
        TEST(a_namespace_that_goes_is_why_pods_do),
        TEST(a_look_that_fails_says_why_and_loses_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
