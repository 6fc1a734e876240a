#include "tests/integration/containers/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/error.h"
#include "framework/run/monotonic.h"

enum {
    OUTPUT_SIZE = 64 * 1024,
    CONNECTIONS_MAX = 64
};

static const char socket_path[] = "/var/run/docker.sock";

/* ---- the program docker ---- */

/* Both streams into `out`; the exit code, or -1 when it cannot be run. */
static int run(const char *const *words, char *out, size_t room)
{
    extern char **environ;
    posix_spawn_file_actions_t actions;
    size_t used = 0;
    ssize_t n = 1;
    int ends[2], status = -1;
    pid_t pid = 0;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
    (void)posix_spawn_file_actions_addclose(&actions, ends[0]);
    (void)posix_spawn_file_actions_addclose(&actions, ends[1]);
    if (posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ) != 0)
        pid = -1;
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    while (pid > 0 && n > 0 && used < room - 1) {
        n = read(ends[0], out + used, room - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    (void)close(ends[0]);
    while (used > 0 && out[used - 1] == '\n')
        used--;
    out[used] = '\0';
    if (pid < 0)
        return -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

const char *engine_docker(const char *const *words)
{
    static char output[OUTPUT_SIZE];
    const int code = run(words, output, sizeof(output));

    if (code != 0)
        fail_msg("docker %s ended with %d: %s", words[1], code, output);
    return output;
}

static bool works(const char *const *words)
{
    char output[OUTPUT_SIZE];

    return run(words, output, sizeof(output)) == 0;
}

void engine_need(void)
{
    static const char *const words[] = {"docker", "info", NULL};

    if (works(words))
        return;
    print_message("skipped: no container engine answers (docker info)\n");
    skip();
}

bool engine_has(const char *image)
{
    return works((const char *const[]){"docker", "image", "inspect", image, NULL});
}

void engine_need_image(const char *image)
{
    engine_need();
    if (engine_has(image))
        return;
    print_message("skipped: the engine has no image %s\n", image);
    skip();
}

bool engine_has_v1(void)
{
    static const char *const words[] = {"docker-compose", "version", NULL};

    return works(words);
}

/* ---- what is left ---- */

static size_t count_lines(const char *text)
{
    size_t lines = *text != '\0';

    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

size_t engine_left_of(const char *run_id)
{
    char filter[256];
    size_t left;

    assert_true(run_id[0] != '\0');
    (void)snprintf(filter, sizeof(filter), "label=io.assay.run=%s", run_id);
    left = count_lines(DOCKER("ps", "-aq", "--filter", filter));
    return left + count_lines(DOCKER("network", "ls", "-q", "--filter", filter));
}

void engine_await_nothing_of(const char *run_id)
{
    const int64_t deadline = monotonic_ns() + (int64_t)STAGE_PATIENCE_S * ASSAY_SECOND;

    while (engine_left_of(run_id) > 0) {
        if (monotonic_ns() > deadline)
            fail_msg("%zu containers and networks of %s are left", engine_left_of(run_id), run_id);
        stage_pause();
    }
}

const char *engine_container(const struct stage *stage, const char *node)
{
    static char name[256];

    (void)snprintf(name, sizeof(name), "assay-%s-%s", stage->run_id, node);
    return name;
}

void engine_sweep(const char *run_id)
{
    const char *const words[] = {"sh", ASSAY_SOURCE_DIR "/assets/stack/scripts/sweep.sh",
        "unix:///var/run/docker.sock", run_id, NULL};

    if (run_id[0])
        (void)works(words);
}

/* ---- the proxy ---- */

struct proxy {
    int listener;
    int stop[2]; /* a byte in it, and everything ends */
    pthread_t thread;
    struct {
        int from, to;
    } pairs[CONNECTIONS_MAX]; /* each direction of each connection; -1: free */
};

static int connect_engine(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    if (fd >= 0)
        (void)close(fd);
    return -1;
}

/* Takes a connection and notes both of its directions, if there is room. */
static void proxy_take(struct proxy *proxy)
{
    const int ours = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
    const int theirs = ours < 0 ? -1 : connect_engine();
    size_t noted = 0;

    for (size_t i = 0; ours >= 0 && theirs >= 0 && i < CONNECTIONS_MAX && noted < 2; i++) {
        if (proxy->pairs[i].from >= 0)
            continue;
        proxy->pairs[i].from = noted ? dup(theirs) : dup(ours);
        proxy->pairs[i].to = noted ? dup(ours) : dup(theirs);
        noted++;
    }
    if (ours >= 0)
        (void)close(ours);
    if (theirs >= 0)
        (void)close(theirs);
}

static void proxy_end(struct proxy *proxy, size_t i)
{
    (void)shutdown(proxy->pairs[i].to, SHUT_WR);
    (void)close(proxy->pairs[i].from);
    (void)close(proxy->pairs[i].to);
    proxy->pairs[i].from = proxy->pairs[i].to = -1;
}

static void proxy_pass(struct proxy *proxy, size_t i)
{
    char bytes[16384];
    const ssize_t n = read(proxy->pairs[i].from, bytes, sizeof(bytes));
    ssize_t done = 0;

    while (n > 0 && done < n) {
        const ssize_t sent =
            send(proxy->pairs[i].to, bytes + done, (size_t)(n - done), MSG_NOSIGNAL);

        if (sent <= 0)
            break;
        done += sent;
    }
    if (n <= 0 || done < n)
        proxy_end(proxy, i);
}

static void *proxy_main(void *arg)
{
    struct proxy *proxy = arg;

    for (;;) {
        struct pollfd items[CONNECTIONS_MAX + 2] = {
            {.fd = proxy->stop[0], .events = POLLIN}, {.fd = proxy->listener, .events = POLLIN}};

        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
            items[i + 2] = (struct pollfd){.fd = proxy->pairs[i].from, .events = POLLIN};
        if (poll(items, CONNECTIONS_MAX + 2, -1) < 0 && errno != EINTR)
            break;
        if (items[0].revents)
            break;
        for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
            if (proxy->pairs[i].from >= 0 && items[i + 2].revents)
                proxy_pass(proxy, i);
        }
        if (items[1].revents)
            proxy_take(proxy);
    }
    return NULL;
}

struct proxy *proxy_start(const char *path)
{
    struct proxy *proxy = calloc(1, sizeof(*proxy));
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    assert_non_null(proxy);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++)
        proxy->pairs[i].from = proxy->pairs[i].to = -1;
    assert_true(strlen(path) < sizeof(address.sun_path));
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    (void)unlink(path);
    proxy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(proxy->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(proxy->listener, 64), 0);
    assert_int_equal(pipe2(proxy->stop, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&proxy->thread, NULL, proxy_main, proxy), 0);
    return proxy;
}

void proxy_stop(struct proxy *proxy)
{
    assert_int_equal(write(proxy->stop[1], "x", 1), 1);
    assert_int_equal(pthread_join(proxy->thread, NULL), 0);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (proxy->pairs[i].from >= 0)
            proxy_end(proxy, i);
    }
    (void)close(proxy->listener);
    (void)close(proxy->stop[0]);
    (void)close(proxy->stop[1]);
    free(proxy);
}

/* ---- a test ---- */

void engine_learn_run(struct stage *stage)
{
    (void)snprintf(
        stage->run_id, sizeof(stage->run_id), "%s", verdict_text(stage_verdict(stage), "run_id"));
}

void engine_nothing_is_left(struct stage *stage)
{
    engine_learn_run(stage);
    assert_int_equal(engine_left_of(stage->run_id), 0);
}

int engine_close_stage(void **state)
{
    struct stage *stage = *state;

    engine_sweep(stage->run_id);
    return stage_close(state);
}
