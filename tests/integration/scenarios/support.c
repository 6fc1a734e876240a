#include "tests/integration/scenarios/support.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/run/monotonic.h"

enum {
    LOOK_EVERY_MS = 5,
    FILE_MAX = 64 * 1024 * 1024,
    ENVIRON_MAX = 256 * 1024,
    PIDS_MAX = 4096
};

static const char bin_directory[] = ASSAY_BUILD_DIR "/bin";

/* ---- the stage ---- */

int stage_open(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));
    const char *base = getenv("TMPDIR");

    if (!stage)
        return -1;
    (void)snprintf(stage->root, sizeof(stage->root), "%s/assay-stage-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(stage->root)) {
        free(stage);
        return -1;
    }
    (void)snprintf(stage->run, sizeof(stage->run), "%s/run", stage->root);
    *state = stage;
    return 0;
}

static void kill_marked(const struct stage *stage);

int stage_close(void **state)
{
    struct stage *stage = *state;
    struct error err = {0};

    if (stage->pid > 0) {
        (void)kill(stage->pid, SIGKILL);
        (void)waitpid(stage->pid, NULL, 0);
    }
    kill_marked(stage);
    if (getenv("ASSAY_TEST_KEEP"))
        (void)fprintf(stderr, "  kept: %s\n", stage->root);
    else if (dir_remove(stage->root, &err))
        (void)fprintf(stderr, "  %s: %s\n", stage->root, err.text);
    json_object_put(stage->verdict);
    free(stage->out);
    free(stage->err);
    free(stage);
    return 0;
}

const char *stage_path(const struct stage *stage, const char *name)
{
    static char paths[4][STAGE_PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, STAGE_PATH_SIZE, "%s/%s", stage->root, name);
    return path;
}

void stage_write(struct stage *stage, const char *name, const char *text)
{
    FILE *file = fopen(stage_path(stage, name), "we");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void stage_manifest(struct stage *stage, const char *text)
{
    stage_write(stage, "scenario.ini", text);
    (void)snprintf(
        stage->manifest, sizeof(stage->manifest), "%s", stage_path(stage, "scenario.ini"));
}

void stage_setenv(struct stage *stage, const char *assignment)
{
    assert_true(stage->env_count < STAGE_WORDS_MAX);
    stage->env[stage->env_count++] = assignment;
}

/* ---- programs ---- */

static bool sets(const struct stage *stage, const char *name)
{
    for (size_t i = 0; i < stage->env_count; i++) {
        if (strncmp(stage->env[i], name, strlen(name)) == 0)
            return true;
    }
    return false;
}

/* What the tests are run with must not decide what they find: a fixed environment, and what the
   sanitizers need. */
static void fill_environment(
    const struct stage *stage, char state_directory[], size_t size, const char **out)
{
    static const char *const passed[] = {
        "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LSAN_OPTIONS=", "TMPDIR=", NULL};
    extern char **environ;
    size_t n = 0;

    (void)snprintf(state_directory, size, "ASSAY_STATE_DIR=%s/state", stage->root);
    for (size_t i = 0; i < stage->env_count; i++) /* before all else: the first of a name counts */
        out[n++] = stage->env[i];
    if (!sets(stage, "PATH=")) /* to a shell the last of a name counts */
        out[n++] = "PATH=/usr/bin:/bin";
    out[n++] = "TERM=xterm-256color";
    out[n++] = state_directory;
    for (char **variable = environ; *variable; variable++) {
        for (size_t i = 0; passed[i]; i++) {
            if (strncmp(*variable, passed[i], strlen(passed[i])) == 0)
                out[n++] = *variable;
        }
    }
    out[n] = NULL;
}

static void spawn(struct stage *stage, const char *program, const char *const *words)
{
    char path[STAGE_PATH_SIZE], out[STAGE_PATH_SIZE], err[STAGE_PATH_SIZE];
    char state_directory[STAGE_PATH_SIZE];
    const char *env[2 * STAGE_WORDS_MAX];
    const char *argv[STAGE_WORDS_MAX + 2] = {path};
    posix_spawn_file_actions_t actions;
    size_t n = 1;

    assert_int_equal(stage->pid, 0);
    if (program[0] == '/')
        (void)snprintf(path, sizeof(path), "%s", program);
    else
        (void)snprintf(path, sizeof(path), "%s/%s", bin_directory, program);
    (void)snprintf(out, sizeof(out), "%s/stdout", stage->root);
    (void)snprintf(err, sizeof(err), "%s/stderr", stage->root);
    for (; words && *words; words++) {
        assert_true(n < STAGE_WORDS_MAX);
        argv[n++] = *words;
    }
    fill_environment(stage, state_directory, sizeof(state_directory), env);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_addopen(&actions, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_addchdir_np(&actions, stage->root);
    assert_int_equal(posix_spawn(&stage->pid, path, &actions, NULL, (char *const *)(uintptr_t)argv,
                         (char *const *)(uintptr_t)env),
        0);
    (void)posix_spawn_file_actions_destroy(&actions);
}

static char *read_file(const char *path)
{
    struct file_text text = {0};

    return file_read(path, FILE_MAX, &text, NULL) ? NULL : text.data;
}

static int64_t deadline_from_now(void)
{
    return monotonic_ns() + (int64_t)STAGE_PATIENCE_S * ASSAY_SECOND;
}

void stage_pause(void)
{
    (void)poll(NULL, 0, LOOK_EVERY_MS);
}

int stage_join(struct stage *stage)
{
    const int64_t deadline = deadline_from_now();
    int status = 0;
    pid_t ended = 0;

    assert_true(stage->pid > 0);
    while ((ended = waitpid(stage->pid, &status, WNOHANG)) == 0) {
        if (monotonic_ns() > deadline)
            fail_msg("assay did not end within %d s", STAGE_PATIENCE_S);
        stage_pause();
    }
    assert_int_equal(ended, stage->pid);
    stage->pid = 0;
    free(stage->out);
    free(stage->err);
    stage->out = read_file(stage_path(stage, "stdout"));
    stage->err = read_file(stage_path(stage, "stderr"));
    assert_non_null(stage->out);
    assert_non_null(stage->err);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int stage_call(struct stage *stage, const char *program, const char *const *words)
{
    spawn(stage, program, words);
    return stage_join(stage);
}

void stage_start(struct stage *stage, const char *const *words)
{
    const char *all[STAGE_WORDS_MAX] = {"run", stage->manifest, "--run-dir", stage->run};
    size_t n = 4;

    for (; words && *words; words++) {
        assert_true(n + 1 < STAGE_WORDS_MAX);
        all[n++] = *words;
    }
    all[n] = NULL;
    spawn(stage, "assay", all);
}

void stage_next(struct stage *stage)
{
    json_object_put(stage->verdict);
    stage->verdict = NULL;
    stage->run_id[0] = '\0';
    (void)snprintf(stage->run, sizeof(stage->run), "%s/run%u", stage->root, ++stage->runs);
}

int stage_run(struct stage *stage, const char *const *words)
{
    stage_start(stage, words);
    return stage_join(stage);
}

/* ---- the run ---- */

char *stage_read(const struct stage *stage, const char *name)
{
    char path[2 * STAGE_PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/%s", stage->run, name);
    return read_file(path);
}

char *stage_find(const struct stage *stage, const char *directory, const char *prefix)
{
    char path[2 * STAGE_PATH_SIZE] = "";
    DIR *list = opendir(stage_path(stage, directory));

    assert_non_null(list);
    for (const struct dirent *item = readdir(list); item; item = readdir(list)) {
        if (strncmp(item->d_name, prefix, strlen(prefix)) == 0)
            (void)snprintf(path, sizeof(path), "%s/%s/%s", stage->root, directory, item->d_name);
    }
    (void)closedir(list);
    return path[0] != '\0' ? read_file(path) : NULL;
}

/* The marker is in the supervisor's environment, so the run's id is found there. */
static bool learn_run_id(struct stage *stage);

void stage_await_event(struct stage *stage, const char *text)
{
    const int64_t deadline = deadline_from_now();

    for (;;) {
        char *events = stage_read(stage, "events.ndjson");
        const bool has = events && strstr(events, text);

        free(events);
        if (has && learn_run_id(stage))
            return;
        if (monotonic_ns() > deadline)
            fail_msg("no event %s within %d s", text, STAGE_PATIENCE_S);
        stage_pause();
    }
}

/* ---- processes ---- */

static size_t list_pids(pid_t *out, size_t max)
{
    DIR *proc = opendir("/proc");
    size_t count = 0;

    assert_non_null(proc);
    for (const struct dirent *item = readdir(proc); item; item = readdir(proc)) {
        const long pid = strtol(item->d_name, NULL, 10);

        if (pid > 0 && count < max)
            out[count++] = (pid_t)pid;
    }
    (void)closedir(proc);
    return count;
}

/* The value of NAME in the environment of a process, copied into out; false without it. Zombies have
   no environment any more and so are not found. */
static bool read_variable(pid_t pid, const char *name, char *out, size_t size)
{
    static char text[ENVIRON_MAX + 1];
    char path[64];
    const size_t length = strlen(name);
    ssize_t used = 0, got = 0;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while ((got = read(fd, text + used, (size_t)(ENVIRON_MAX - used))) > 0)
        used += got;
    (void)close(fd);
    text[used] = '\0';
    for (const char *at = text; at < text + used; at += strlen(at) + 1) {
        if (strncmp(at, name, length) == 0 && at[length] == '=') {
            (void)snprintf(out, size, "%s", at + length + 1);
            return true;
        }
    }
    return false;
}

static bool is_of_run(const struct stage *stage, pid_t pid)
{
    char id[sizeof(stage->run_id)];

    return stage->run_id[0] != '\0' && read_variable(pid, "ASSAY_RUN_ID", id, sizeof(id)) &&
        strcmp(id, stage->run_id) == 0;
}

static bool learn_run_id(struct stage *stage)
{
    pid_t pids[PIDS_MAX];
    const size_t count = list_pids(pids, PIDS_MAX);
    char directory[STAGE_PATH_SIZE];
    char wanted[STAGE_PATH_SIZE];

    (void)snprintf(wanted, sizeof(wanted), "%s/state", stage->root);
    for (size_t i = 0; i < count && stage->run_id[0] == '\0'; i++) {
        if (!read_variable(pids[i], "ASSAY_STATE_DIR", directory, sizeof(directory)) ||
            strcmp(directory, wanted) != 0)
            continue;
        (void)read_variable(pids[i], "ASSAY_RUN_ID", stage->run_id, sizeof(stage->run_id));
    }
    return stage->run_id[0] != '\0';
}

size_t stage_processes(const struct stage *stage)
{
    pid_t pids[PIDS_MAX];
    const size_t count = list_pids(pids, PIDS_MAX);
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        found += is_of_run(stage, pids[i]);
    return found;
}

static int compare_pids(const void *a, const void *b)
{
    const pid_t left = *(const pid_t *)a, right = *(const pid_t *)b;

    return (left > right) - (left < right);
}

pid_t stage_process(const struct stage *stage, const char *program, size_t nth)
{
    pid_t pids[PIDS_MAX];
    const size_t count = list_pids(pids, PIDS_MAX);

    qsort(pids, count, sizeof(pids[0]), compare_pids);
    for (size_t i = 0; i < count; i++) {
        char path[64];
        char target[STAGE_PATH_SIZE] = "";
        const char *base;

        (void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pids[i]);
        if (readlink(path, target, sizeof(target) - 1) <= 0)
            continue;
        base = strrchr(target, '/');
        if (base && strcmp(base + 1, program) == 0 && is_of_run(stage, pids[i]) && nth-- == 0)
            return pids[i];
    }
    return 0;
}

void stage_await_nobody(struct stage *stage)
{
    const int64_t begin = monotonic_ns();
    const int64_t deadline = deadline_from_now();

    if (stage->run_id[0] == '\0')
        (void)snprintf(stage->run_id, sizeof(stage->run_id), "%s",
            verdict_text(stage_verdict(stage), "run_id"));
    assert_true(stage->run_id[0] != '\0');
    while (stage_processes(stage) > 0) {
        if (monotonic_ns() > deadline)
            fail_msg("%zu processes are left", stage_processes(stage));
        stage_pause();
    }
    print_message(
        "  nobody left after %.0f ms\n", (double)(monotonic_ns() - begin) / (double)ASSAY_MS);
}

static void kill_marked(const struct stage *stage)
{
    pid_t pids[PIDS_MAX];
    const size_t count = list_pids(pids, PIDS_MAX);

    for (size_t i = 0; i < count; i++) {
        if (is_of_run(stage, pids[i]))
            (void)kill(pids[i], SIGKILL);
    }
}

/* ---- the verdict ---- */

json_object *stage_verdict(struct stage *stage)
{
    char *text;

    if (stage->verdict)
        return stage->verdict;
    text = stage_read(stage, "verdict.json");
    if (!text)
        fail_msg("%s has no verdict.json; assay said:\n%s%s", stage->run, stage->out, stage->err);
    stage->verdict = json_tokener_parse(text);
    free(text);
    assert_non_null(stage->verdict);
    return stage->verdict;
}

const char *verdict_text(json_object *verdict, const char *key)
{
    json_object *value = NULL;

    return json_object_object_get_ex(verdict, key, &value) ? json_object_get_string(value) : "";
}

const char *verdict_of(
    json_object *verdict, const char *group, const char *instance, const char *key)
{
    json_object *list = NULL;

    if (!json_object_object_get_ex(verdict, group, &list))
        return "";
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *item = json_object_array_get_idx(list, i);

        if (strcmp(verdict_text(item, "instance"), instance) == 0 ||
            strcmp(verdict_text(item, "name"), instance) == 0)
            return verdict_text(item, key);
    }
    return "";
}

const char *stage_why(struct stage *stage, const char *name)
{
    char instance[128];

    (void)snprintf(instance, sizeof(instance), "expectation.%s", name);
    return verdict_of(stage_verdict(stage), "expectations", instance, "why");
}

/* ---- assertions ---- */

void stage_assert_has(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("\"%s\" is not in:\n%s\n", part, text ? text : "(nothing)");
    _fail(file, line);
}

void stage_assert_lacks(const char *text, const char *part, const char *file, int line)
{
    if (text && !strstr(text, part))
        return;
    print_error("\"%s\" is in:\n%s\n", part, text ? text : "(nothing)");
    _fail(file, line);
}

void stage_assert_exit(const struct stage *stage, int code, int wanted, const char *file, int line)
{
    if (code == wanted)
        return;
    print_error(
        "exit code %d, expected %d; assay said:\n%s%s\n", code, wanted, stage->out, stage->err);
    _fail(file, line);
}

void stage_assert_judged(
    struct stage *stage, const char *name, const char *outcome, const char *file, int line)
{
    char instance[128];
    const char *found;

    (void)snprintf(instance, sizeof(instance), "expectation.%s", name);
    found = verdict_of(stage_verdict(stage), "expectations", instance, "outcome");
    if (strcmp(found, outcome) == 0)
        return;
    print_error("%s is judged '%s', expected '%s'; assay said:\n%s%s\n", instance, found, outcome,
        stage->out, stage->err);
    _fail(file, line);
}

/* ---- the nodes' testing port ---- */

/* The port of the address below testing_http in the node's configuration. */
static uint16_t testing_port(const struct stage *stage, const char *node)
{
    static const char section[] = "\ntesting_http:\n", address[] = "address: \"127.0.0.1:";
    char name[128];
    char *text = NULL;
    const char *at;
    unsigned long port;

    (void)snprintf(name, sizeof(name), "nodes/%s/%s.yaml", node,
        strncmp(node, "executor", 8) == 0 ? "executor" : "validator");
    text = stage_read(stage, name);
    assert_non_null(text);
    at = strstr(text, section);
    at = at ? strstr(at, address) : NULL;
    assert_non_null(at);
    port = strtoul(at + strlen(address), NULL, 10);
    free(text);
    assert_in_range(port, 1, UINT16_MAX);
    return (uint16_t)port;
}

void stage_misbehave(const struct stage *stage, const char *node, const char *json)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons(testing_port(stage, node)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[1024];
    char reply[1024] = "";
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int length;

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    length = snprintf(request, sizeof(request),
        "POST /test/misbehave HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
        strlen(json), json);
    assert_int_equal(send(fd, request, (size_t)length, MSG_NOSIGNAL), length);
    /* One that was told to crash is gone before it has answered. */
    if (recv(fd, reply, sizeof(reply) - 1, 0) > 0)
        assert_has(reply, "HTTP/1.1 200");
    (void)close(fd);
}
