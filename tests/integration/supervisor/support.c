#include "support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <poll.h>

#include "framework/base/file.h"
#include "framework/run/monotonic.h"
#include "framework/run/proc.h"

int64_t scene_now(void)
{
    return monotonic_ns();
}

void scene_pause(void)
{
    (void)poll(NULL, 0, 2);
}

void scene_init(struct scene *scene)
{
    *scene = (struct scene){0};
    (void)snprintf(scene->root, sizeof scene->root, "%s/assay-supervision-XXXXXX",
        getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->run, sizeof scene->run, "%s/run", scene->root);
    (void)snprintf(scene->state, sizeof scene->state, "%s/state", scene->root);
    (void)snprintf(scene->pids, sizeof scene->pids, "%s/pids", scene->run);
}

void scene_done(struct scene *scene)
{
    if (scene->front > 0) {
        (void)kill(scene->front, SIGKILL);
        (void)waitpid(scene->front, NULL, 0);
    }
    for (size_t i = 0; i < scene->count; i++)
        if (proc_is_alive(scene->all[i].pid, scene->all[i].start_time))
            (void)kill(scene->all[i].pid, SIGKILL);
    (void)dir_remove(scene->root, NULL);
}

int scene_open(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    scene_init(scene);
    *state = scene;
    return 0;
}

int scene_close(void **state)
{
    scene_done(*state);
    free(*state);
    return 0;
}

static void say(void *context, const char *text)
{
    (void)context;
    (void)fprintf(stderr, "  notice: %s\n", text);
}

/* In the child: for scene_knows_leftovers. */
static void leave_word(const struct scene *scene)
{
    char path[400];
    int fd = -1;

    (void)snprintf(path, sizeof path, "%s/leftovers", scene->root);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    (void)close(fd);
}

bool scene_knows_leftovers(const struct scene *scene)
{
    char path[400];

    (void)snprintf(path, sizeof path, "%s/leftovers", scene->root);
    return access(path, F_OK) == 0;
}

/* In the child. The bystander is no part of the run and must be alive when it is over. */
static int be_front_end(const struct scene *scene, const struct scene_options *wanted)
{
    const struct launch_options options = {.name = "supervision test",
        .manifest = wanted->script,
        .seed = 7,
        .run_directory = scene->run,
        .worker = WORKER_PROGRAM,
        .cancel_grace = wanted->cancel_grace,
        .limit = wanted->limit,
        .forwards_signals = true,
        .owns_children = wanted->owns_children,
        .avoids_cgroup = !wanted->has_cgroup,
        .notice = say};
    struct launch_result result;
    struct error err = {0};
    pid_t bystander = 0;

    (void)setenv("ASSAY_STATE_DIR", scene->state, 1);
    (void)signal(SIGHUP, SIG_DFL); /* under nohup it is ignored, and goes on to be */
    if (wanted->ignores_sigint)
        (void)signal(SIGINT, SIG_IGN);
    if (wanted->has_own_child) {
        bystander = fork();
        if (bystander == 0)
            for (;;)
                (void)pause();
    }
    if (run_launch(&options, &result, &err)) {
        (void)fprintf(stderr, "  run_launch: %s\n", err.text);
        return 98;
    }
    free(result.run_directory);
    if (result.has_leftovers)
        leave_word(scene);
    if (bystander > 0 && (waitpid(bystander, NULL, WNOHANG) != 0 || kill(bystander, SIGKILL) < 0))
        return 97;
    if (bystander > 0)
        (void)waitpid(bystander, NULL, 0);
    return result.exit_code;
}

void scene_start(struct scene *scene, const struct scene_options *options)
{
    (void)fflush(NULL);
    scene->front = fork();
    assert_true(scene->front >= 0);
    if (scene->front == 0)
        _exit(be_front_end(scene, options));
}

static void add_identity(struct scene *scene, pid_t pid)
{
    struct proc_entry entry;

    if (pid > 0 && !proc_read(pid, &entry) && scene->count < TREE_PROCESSES + 8)
        scene->all[scene->count++] = (struct identity){pid, entry.start_time};
}

size_t scene_read_pids(const char *path, pid_t *out, size_t max)
{
    struct file_text text = {0};
    size_t count = 0;

    if (file_read(path, 1024 * 1024, &text, NULL))
        return 0;
    for (char *rest = text.data, *line = NULL; (line = strsep(&rest, "\n"));)
        if (line[0] != '\0' && rest && count < max)
            out[count++] = (pid_t)strtol(line, NULL, 10);
    free(text.data);
    return count;
}

static void await_pids(const struct scene *scene, size_t count)
{
    const int64_t deadline = scene_now() + PATIENCE_S * ASSAY_SECOND;
    pid_t pids[TREE_PROCESSES];

    while (scene_read_pids(scene->pids, pids, TREE_PROCESSES) < count) {
        assert_true(scene_now() < deadline);
        scene_pause();
    }
}

static pid_t only_child(pid_t parent, const char *program)
{
    struct vec list;
    pid_t found = 0;

    assert_int_equal(proc_list(&list, NULL), ASSAY_OK);
    VEC_EACH(const struct proc_entry, entry, &list) {
        char path[64];
        char target[512] = "";

        (void)snprintf(path, sizeof path, "/proc/%d/exe", (int)entry->pid);
        if (entry->parent == parent && readlink(path, target, sizeof target - 1) > 0 &&
            strstr(target, program))
            found = entry->pid;
    }
    vec_done(&list);
    return found;
}

void scene_collect(struct scene *scene, size_t nodes)
{
    pid_t pids[TREE_PROCESSES];
    size_t count = 0;

    await_pids(scene, nodes);
    count = scene_read_pids(scene->pids, pids, TREE_PROCESSES);
    assert_int_equal(count, nodes);
    for (size_t i = 0; i < count; i++)
        add_identity(scene, pids[i]);
    assert_int_equal(scene->count, nodes);
}

void scene_settle(struct scene *scene, size_t nodes)
{
    scene_collect(scene, nodes);
    scene->supervisor = only_child(scene->front, "assay-supervisor");
    scene->worker = only_child(scene->supervisor, "supervision_worker");
    assert_true(scene->supervisor > 0);
    assert_true(scene->worker > 0);
    add_identity(scene, scene->supervisor);
    add_identity(scene, scene->worker);
    assert_int_equal(scene->count, nodes + 2);
}

size_t scene_survivors(const struct scene *scene)
{
    size_t count = 0;

    for (size_t i = 0; i < scene->count; i++)
        if (proc_is_alive(scene->all[i].pid, scene->all[i].start_time))
            count++;
    return count;
}

static bool is_alive(const struct scene *scene, pid_t pid)
{
    for (size_t i = 0; i < scene->count; i++)
        if (scene->all[i].pid == pid)
            return proc_is_alive(pid, scene->all[i].start_time);
    return false;
}

void scene_await_end(const struct scene *scene, pid_t pid)
{
    const int64_t deadline = scene_now() + PATIENCE_S * ASSAY_SECOND;

    while (is_alive(scene, pid)) {
        assert_true(scene_now() < deadline);
        scene_pause();
    }
}

double scene_await_nobody(const struct scene *scene, int64_t since_ns)
{
    const int64_t deadline = since_ns + PATIENCE_S * ASSAY_SECOND;

    while (scene_survivors(scene) > 0) {
        assert_true(scene_now() < deadline);
        scene_pause();
    }
    return (double)(scene_now() - since_ns) / (double)ASSAY_MS;
}

int scene_join(struct scene *scene)
{
    int status = 0;

    while (waitpid(scene->front, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    scene->front = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool scene_file_has(const struct scene *scene, const char *name, const char *text)
{
    struct file_text content = {0};
    char path[400];
    bool has = false;

    (void)snprintf(path, sizeof path, "%s/%s", scene->run, name);
    if (file_read(path, 16 * 1024 * 1024, &content, NULL))
        return false;
    has = strstr(content.data, text) != NULL;
    if (!has)
        (void)fprintf(stderr, "  %s lacks \"%s\":\n%s\n", name, text, content.data);
    free(content.data);
    return has;
}

bool scene_file_exists(const struct scene *scene, const char *name)
{
    char path[400];

    (void)snprintf(path, sizeof path, "%s/%s", scene->run, name);
    return access(path, F_OK) == 0;
}

size_t scene_journals(const struct scene *scene)
{
    char path[400];
    size_t count = 0;
    DIR *directory = NULL;

    (void)snprintf(path, sizeof path, "%s/journals", scene->state);
    directory = opendir(path);
    for (const struct dirent *item = directory ? readdir(directory) : NULL; item;
         item = readdir(directory))
        if (item->d_name[0] != '.')
            count++;
    if (directory)
        (void)closedir(directory);
    return count;
}
