#include "framework/host/exec.h"

#include <string.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/host/cache.h"
#include "framework/host/commands.h"
#include "framework/host/deployment_state.h"
#include "framework/host/nodefiles.h"
#include "framework/host/state.h"

struct exec {
    char *root;     /* scratch/ in the run directory */
    uint32_t limit; /* of commands at a time */

    pthread_mutex_t lock; /* guards what follows */
    struct waiters waiters;
    uint32_t running;
    bool is_journaled; /* root is going to be removed */
    uint64_t made;     /* directories, to number them */
};

struct assay_scratch {
    struct owned owned;
    char *directory;
};

/* ---- life ---- */

static uint32_t processors(void)
{
    const long count = sysconf(_SC_NPROCESSORS_ONLN);

    if (count < 1)
        return 1;
    return count < EXEC_RUNNING_MAX ? (uint32_t)count : EXEC_RUNNING_MAX;
}

struct exec *exec_new(const struct host *host)
{
    struct exec *exec = mem_new(sizeof(*exec));

    if (!exec)
        return NULL;
    (void)pthread_mutex_init(&exec->lock, NULL);
    exec->limit = processors();
    exec->root = path_join(host->config.run_dir, "scratch");
    if (!exec->root) {
        exec_free(exec);
        return NULL;
    }
    return exec;
}

void exec_free(struct exec *exec)
{
    if (!exec)
        return;
    if (exec->root)
        (void)rmdir(exec->root); /* its directories are gone with their instances */
    free(exec->root);
    (void)pthread_mutex_destroy(&exec->lock);
    free(exec);
}

uint32_t exec_running(struct exec *exec)
{
    uint32_t running = 0;

    (void)pthread_mutex_lock(&exec->lock);
    running = exec->running;
    (void)pthread_mutex_unlock(&exec->lock);
    return running;
}

uint32_t exec_limit(const struct exec *exec)
{
    return exec->limit;
}

/* ---- directories ---- */

static void scratch_release(struct owned *owned)
{
    assay_scratch *scratch = (assay_scratch *)owned;

    (void)dir_remove(scratch->directory, NULL); /* else the journal's turn */
    free(scratch->directory);
    free(scratch);
}

/* The number of a new directory; journals their root before there is the first. Journal, then do. */
static assay_status take_number(
    struct exec *exec, const struct process_ops *ops, uint64_t *out, struct error *err)
{
    assay_status s = ASSAY_OK;

    (void)pthread_mutex_lock(&exec->lock);
    if (!exec->is_journaled)
        s = ops->remove_later(ops->self, exec->root, err);
    if (!s) {
        exec->is_journaled = true;
        *out = exec->made++;
    }
    (void)pthread_mutex_unlock(&exec->lock);
    return s;
}

static assay_status service_open(const assay_host *table, assay_scratch **out)
{
    struct exec *exec = host_of(table)->exec;
    auto_free char *directory = NULL;
    assay_scratch *scratch = NULL;
    struct error err = {0};
    uint64_t number = 0;
    assay_status s = deployment_need_ops(table, "exec.open");

    if (s)
        return s;
    s = take_number(exec, host_of(table)->deployment->ops, &number, &err);
    if (s)
        return instance_fail(table, s, "exec.open: %s", err.text);
    directory = str_format("%s/%llu", exec->root, (unsigned long long)number);
    scratch = directory ? mem_new(sizeof(*scratch)) : NULL;
    if (!scratch)
        return instance_fail(table, ASSAY_E_NOMEM, "out of memory");
    s = dir_make(directory, 0700, &err);
    if (s) {
        free(scratch);
        return instance_fail(table, s, "exec.open: %s", err.text);
    }
    scratch->directory = take(directory);
    instance_own(instance_of(table), &scratch->owned, scratch_release);
    *out = scratch;
    return ASSAY_OK;
}

static void service_close(assay_scratch *scratch)
{
    if (!scratch)
        return;
    instance_disown(&scratch->owned);
    scratch_release(&scratch->owned);
}

static const char *service_directory(const assay_scratch *scratch)
{
    return scratch->directory;
}

static assay_status service_write(
    const assay_host *table, const assay_scratch *scratch, const char *name, assay_bytes bytes)
{
    const assay_file file = {.path = name, .bytes = bytes, .mode = 0600};
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!name || !path_is_plain_name(name) || (!bytes.data && bytes.size))
        return instance_fail(table, ASSAY_E_INVALID,
            "exec.write: \"%.100s\" cannot be the name of a file, or there are no bytes",
            name ? name : "");
    s = nodefiles_write(scratch->directory, &file, &err);
    return s ? instance_fail(table, s, "exec.write: %s", err.text) : s;
}

static assay_status service_read(assay_task *task, const char *path, size_t max, assay_bytes *out)
{
    struct file_text text = {0};
    auto_free char *data = NULL;
    char *copy = NULL;
    struct error err = {0};
    assay_status s = task_enter(task);

    if (s)
        return s;
    if (!path || path[0] != '/')
        return task_fail(
            task, ASSAY_E_INVALID, "exec.read: \"%.200s\" is no absolute path", path ? path : "");
    s = file_read(path, max < EXEC_FILE_MAX ? max : EXEC_FILE_MAX, &text, &err);
    data = text.data;
    if (s)
        return task_fail(task, s, "%s", err.text);
    copy = task_scratch(task, text.size + 1);
    if (!copy)
        return ASSAY_E_NOMEM;
    memcpy(copy, data, text.size + 1); /* with the NUL behind it */
    *out = (assay_bytes){.data = copy, .size = text.size};
    return ASSAY_OK;
}

/* ---- commands ---- */

static assay_status stand_in_line(struct exec *exec, assay_task *task, assay_ns until)
{
    assay_status s = task_enter(task);

    (void)pthread_mutex_lock(&exec->lock);
    while (!s && exec->running == exec->limit)
        s = waiters_wait(&exec->waiters, task, &exec->lock, until);
    if (!s)
        exec->running++;
    (void)pthread_mutex_unlock(&exec->lock);
    return s;
}

static void leave(struct exec *exec)
{
    (void)pthread_mutex_lock(&exec->lock);
    exec->running--;
    waiters_wake_one(&exec->waiters);
    (void)pthread_mutex_unlock(&exec->lock);
}

static assay_status service_run(assay_task *task, const assay_scratch *scratch,
    const char *const *argv, assay_ns until, int32_t *exit_code, assay_bytes *output)
{
    struct exec *exec = host_of(task_host(task))->exec;
    assay_status s = stand_in_line(exec, task, until);

    if (s == ASSAY_E_TIMEOUT)
        return task_fail(task, s, "%s: its time was over before it was its turn to run",
            argv && argv[0] ? argv[0] : "a command");
    if (s)
        return s;
    s = command_exec_in(task, scratch->directory, argv, until, exit_code, output);
    leave(exec);
    return s;
}

/* ---- what is kept ---- */

static assay_status service_recall(
    const assay_host *table, const char *key, void *out, size_t size, size_t *out_size)
{
    struct file_text text = {0};
    auto_free char *data = NULL;
    assay_status s = ASSAY_OK;

    if (!cache_key_is_good(key))
        return instance_fail(table, ASSAY_E_INVALID,
            "exec.recall: a key is 1 to %d printable characters", CACHE_KEY_MAX);
    s = cache_recall(instance_of(table)->plugin_id, key, &text);
    data = text.data;
    if (!s && text.size > size)
        s = ASSAY_E_LAGGED;
    if (s)
        return s;
    memcpy(out, data, text.size);
    *out_size = text.size;
    return ASSAY_OK;
}

static assay_status service_keep(const assay_host *table, const char *key, assay_bytes bytes)
{
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!cache_key_is_good(key) || (!bytes.data && bytes.size) || bytes.size > CACHE_BYTES_MAX)
        return instance_fail(table, ASSAY_E_INVALID,
            "exec.keep: a key is 1 to %d printable characters, and what is kept at most %d bytes",
            CACHE_KEY_MAX, CACHE_BYTES_MAX);
    s = cache_keep(instance_of(table)->plugin_id, key, bytes, &err);
    return s ? instance_fail(table, s, "exec.keep: %s", err.text) : s;
}

const assay_exec exec_table = {
    .struct_size = sizeof(assay_exec),
    .open = service_open,
    .close = service_close,
    .directory = service_directory,
    .write = service_write,
    .read = service_read,
    .run = service_run,
    .keep = service_keep,
    .recall = service_recall,
};
