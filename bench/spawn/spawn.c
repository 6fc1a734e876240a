/* bench_spawn [NODES [ROUNDS [HEAP_MIB]]]: deploys and tears down stubs through the supervisor, in
   turn with the floor, and prints medians and the medians of the rounds' ratios.

   G7: deploying 100 / 1000 stubs takes at most 1.5 / 1.3 times the floor. G8: tearing down 1000
   takes at most twice the floor. G11: with HEAP_MIB (512) in the worker, starting NODES stubs takes
   at most 1.3 times as long as without.

   The program is its own worker: started by a supervisor it does one round, and leaves the figures
   in the run directory. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/run/crumb.h"
#include "framework/run/launch.h"
#include "framework/run/processes_client.h"
#include "measure.h"

enum {
    ROUNDS_MAX = 100,
    TURN_MS = 60 * 1000 /* the longest of them takes half of that */
};

/* ---- one round, as the worker ---- */

static void note_change(void *arg, uint32_t process)
{
    const uint64_t one = 1;

    (void)process;
    (void)!write(*(int *)arg, &one, sizeof one);
}

static void await_change(int fd)
{
    uint64_t count = 0;

    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}

static bool start_stubs(const struct process_ops *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char port[32];
        const char *const argv[] = {STUB_PROGRAM, port, NULL};
        const struct process_spec spec = {.name = "stub", .argv = argv};
        uint32_t process = 0;

        (void)snprintf(port, sizeof port, "%zu", BENCH_PORT_FIRST + i);
        if (ops->start(ops->self, &spec, &process, NULL))
            return false;
    }
    return true;
}

/* Until the supervisor has answered every start: the cost of spawning alone. */
static void await_running(const struct process_ops *ops, size_t count, int changed)
{
    for (size_t i = 0; i < count; i++) {
        struct process_status status = {0};

        while (!ops->status(ops->self, (uint32_t)i, &status) && status.state == PROCESS_STARTING)
            await_change(changed);
    }
}

static bool measure(const struct process_ops *ops, size_t count, double out[3])
{
    int changed = eventfd(0, EFD_CLOEXEC);
    int64_t start = bench_now();
    uint32_t ticket = 0;
    bool is_good = false;

    ops->listen(ops->self, note_change, &changed);
    is_good = start_stubs(ops, count);
    await_running(ops, count, changed);
    out[2] = bench_ms_since(start);
    is_good = is_good && bench_await_stubs(count);
    out[0] = bench_ms_since(start);
    start = bench_now();
    is_good = !ops->end_all(ops->self, 0, &ticket, NULL) && is_good;
    while (!ops->has_ended(ops->self, ticket))
        await_change(changed);
    out[1] = bench_ms_since(start);
    ops->listen(ops->self, NULL, NULL);
    (void)close(changed);
    return is_good;
}

static bool write_text(const char *directory, const char *name, const char *text)
{
    auto_free char *path = path_join(directory, name);
    auto_free char *copy = strdup(text);
    const struct file_text content = {copy, strlen(text)};

    return path && copy && !file_write(path, &content, FILE_PLAIN, NULL);
}

static int be_worker(const char *directory)
{
    struct processes_client_config config = {.run_directory = directory};
    struct processes_client *client = NULL;
    struct crumb_page *page = NULL;
    const size_t count = strtoul(getenv("BENCH_NODES"), NULL, 10);
    const size_t heap_size = strtoul(getenv("BENCH_HEAP_MIB"), NULL, 10) * 1024 * 1024;
    auto_free char *heap = malloc(heap_size + 1);
    char result[128];
    double times[3] = {0};
    bool is_good = false;
    int crumb = -1;

    if (!heap || processes_client_descriptors(&config.fd, &crumb, NULL) ||
        crumb_map(crumb, &page, NULL) || processes_client_new(&config, &client, NULL))
        return 5;
    memset(heap, 1, heap_size + 1);
    is_good = measure(processes_client_ops(client), count, times);
    processes_client_free(client);
    (void)snprintf(result, sizeof result, "%.6f %.6f %.6f", times[0], times[1], times[2]);
    is_good = is_good && write_text(directory, "result", result) &&
        write_text(directory, "verdict.json", "{}\n");
    crumb_verdict(page, is_good ? 0 : 5); /* else the supervisor writes a verdict of its own */
    crumb_unmap(page);
    return is_good ? 0 : 5;
}

/* ---- the rounds, as the front end ---- */

struct round {
    double deploy_ms, teardown_ms, spawn_ms;
};

static bool run_round(const char *self, size_t count, size_t heap_mib, struct round *out)
{
    char root[] = "/tmp/assay-bench-XXXXXX";
    char nodes[48];
    char heap[48];
    const char *const environment[] = {nodes, heap, NULL};
    struct launch_options options = {.name = "bench",
        .manifest = "",
        .worker = self,
        .environment = environment,
        .owns_children = true};
    struct launch_result result = {0};
    struct file_text text = {0};
    auto_free char *run = NULL;
    auto_free char *path = NULL;
    struct error err = {0};
    bool is_good = false;

    (void)snprintf(nodes, sizeof nodes, "BENCH_NODES=%zu", count);
    (void)snprintf(heap, sizeof heap, "BENCH_HEAP_MIB=%zu", heap_mib);
    if (!mkdtemp(root) || !(run = str_format("%s/run", root)) ||
        !(path = str_format("%s/result", run)) || setenv("ASSAY_STATE_DIR", root, 1) < 0)
        return false;
    options.run_directory = run;
    if (run_launch(&options, &result, &err))
        (void)fprintf(stderr, "bench_spawn: %s\n", err.text);
    is_good = result.run_directory && result.exit_code == 0 && !file_read(path, 256, &text, NULL) &&
        sscanf(text.data, "%lf %lf %lf", &out->deploy_ms, &out->teardown_ms, &out->spawn_ms) == 3;
    free(text.data);
    free(result.run_directory);
    (void)dir_remove(root, NULL);
    return is_good;
}

struct series {
    double floor_deploy[ROUNDS_MAX], floor_teardown[ROUNDS_MAX];
    double deploy[ROUNDS_MAX], teardown[ROUNDS_MAX];
    double deploy_ratio[ROUNDS_MAX], teardown_ratio[ROUNDS_MAX], heap_ratio[ROUNDS_MAX];
};

static bool run_rounds(
    const char *self, size_t count, size_t heap_mib, struct series *series, size_t rounds)
{
    for (size_t i = 0; i < rounds; i++) {
        struct timing floor;
        struct round plain;
        struct round heavy;

        if (!bench_floor(count, &floor) || !run_round(self, count, 0, &plain) ||
            !run_round(self, count, heap_mib, &heavy))
            return false;
        series->floor_deploy[i] = floor.deploy_ms;
        series->floor_teardown[i] = floor.teardown_ms;
        series->deploy[i] = plain.deploy_ms;
        series->teardown[i] = plain.teardown_ms;
        series->deploy_ratio[i] = plain.deploy_ms / floor.deploy_ms;
        series->teardown_ratio[i] = plain.teardown_ms / floor.teardown_ms;
        series->heap_ratio[i] = heavy.spawn_ms / plain.spawn_ms;
    }
    return true;
}

/* Stubs have fixed ports, so there can be one benchmark of this kind on a machine at a time. The
   name is free again when this process ends, however it does. */
static bool await_turn(void)
{
    static const struct sockaddr_un name = {
        .sun_family = AF_UNIX, .sun_path = "\0assay-bench-spawn"};
    const int64_t start = bench_now();
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* until we end */

    while (fd >= 0 && bind(fd, (const struct sockaddr *)&name, sizeof name) < 0) {
        if (errno != EADDRINUSE || bench_ms_since(start) > TURN_MS)
            return false;
        (void)poll(NULL, 0, 50);
    }
    return fd >= 0;
}

static unsigned long argument(char **argv, int argc, int index, unsigned long fallback)
{
    return argc > index ? strtoul(argv[index], NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
    static struct series series;
    auto_free char *self = realpath("/proc/self/exe", NULL);
    const size_t count = argument(argv, argc, 1, 1000);
    const size_t rounds = argument(argv, argc, 2, 5);
    const size_t heap_mib = argument(argv, argc, 3, 512);

    if (getenv("ASSAY_SUPERVISOR_FD"))
        return be_worker(argv[1]);
    if (count == 0 || count > BENCH_NODES_MAX || rounds == 0 || rounds > ROUNDS_MAX) {
        (void)fprintf(
            stderr, "bench_spawn: 1 to %d nodes, 1 to %d rounds\n", BENCH_NODES_MAX, ROUNDS_MAX);
        return 2;
    }
    if (!await_turn()) {
        (void)fprintf(stderr, "bench_spawn: another one has been running for a minute\n");
        return 1;
    }
    if (!run_rounds(self, count, heap_mib, &series, rounds)) {
        (void)fprintf(stderr, "bench_spawn: a round failed\n");
        return 1;
    }
    (void)printf("{\"bench\": \"spawn\", \"nodes\": %zu, \"rounds\": %zu, \"heap_mib\": %zu,\n"
                 " \"floor_deploy_ms\": %.2f, \"floor_teardown_ms\": %.2f,\n"
                 " \"deploy_ms\": %.2f, \"teardown_ms\": %.2f,\n"
                 " \"deploy_ratio\": %.3f, \"teardown_ratio\": %.3f, \"heap_ratio\": %.3f}\n",
        count, rounds, heap_mib, bench_median(series.floor_deploy, rounds),
        bench_median(series.floor_teardown, rounds), bench_median(series.deploy, rounds),
        bench_median(series.teardown, rounds), bench_median(series.deploy_ratio, rounds),
        bench_median(series.teardown_ratio, rounds), bench_median(series.heap_ratio, rounds));
    return 0;
}
