#include "framework/run/spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"

enum {
    OUTPUT_MODE = 0644,
    /* Copies of descriptors to hand on are made above this, where no target number is. */
    COPY_FLOOR = SPAWN_DESCRIPTOR_FIRST + SPAWN_DESCRIPTORS_MAX
};

static int add_outputs(posix_spawn_file_actions_t *actions, const char *output)
{
    int e = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (e || !output)
        return e;
    e = posix_spawn_file_actions_addopen(
        actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, OUTPUT_MODE);
    return e ? e : posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO);
}

static int add_actions(
    posix_spawn_file_actions_t *actions, const struct spawn *spawn, const int *copies)
{
    const int first_unused = SPAWN_DESCRIPTOR_FIRST + (int)spawn->descriptor_count;
    int e = add_outputs(actions, spawn->output);

    for (int i = 0; !e && i < (int)spawn->descriptor_count; i++)
        e = posix_spawn_file_actions_adddup2(actions, copies[i], SPAWN_DESCRIPTOR_FIRST + i);
    if (!e)
        e = posix_spawn_file_actions_addclosefrom_np(actions, first_unused);
    if (!e && spawn->directory)
        e = posix_spawn_file_actions_addchdir_np(actions, spawn->directory);
    return e;
}

static int add_attributes(posix_spawnattr_t *attributes, const struct spawn *spawn)
{
    const int place = spawn->is_session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    sigset_t all;
    sigset_t blocked;

    (void)sigfillset(&all);
    if (spawn->is_session)
        (void)sigfillset(&blocked);
    else
        (void)sigemptyset(&blocked);
    (void)posix_spawnattr_setpgroup(attributes, 0);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    (void)posix_spawnattr_setsigmask(attributes, &blocked);
    return posix_spawnattr_setflags(
        attributes, (short)(place | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK));
}

static bool can_append(const char *path)
{
    auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, OUTPUT_MODE);

    return fd >= 0;
}

static bool can_enter(const char *path)
{
    auto_fd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && faccessat(fd, ".", X_OK, AT_EACCESS) == 0;
}

/* posix_spawn does not say which step failed, so try the ones that can be tried. */
static enum process_step find_step(const struct spawn *spawn, int error_number)
{
    if (error_number == EAGAIN || error_number == ENOMEM || error_number == EMFILE ||
        error_number == ENFILE)
        return PROCESS_STEP_LIMIT;
    if (spawn->output && !can_append(spawn->output))
        return PROCESS_STEP_OUTPUT;
    if (spawn->directory && !can_enter(spawn->directory))
        return PROCESS_STEP_DIRECTORY;
    return PROCESS_STEP_EXECUTE;
}

static int spawn_with(const struct spawn *spawn, const int *copies, pid_t *out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    int e = posix_spawn_file_actions_init(&actions);

    if (e)
        return e;
    e = posix_spawnattr_init(&attributes);
    if (e) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return e;
    }
    e = add_actions(&actions, spawn, copies);
    if (!e)
        e = add_attributes(&attributes, spawn);
    /* posix_spawn takes char *const * for historical reasons; it does not write. */
    if (!e)
        e = posix_spawn(&pid, spawn->argv[0], &actions, &attributes, (char *const *)spawn->argv,
            (char *const *)spawn->env);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (!e)
        *out = pid;
    return e;
}

pid_t spawn_process(const struct spawn *spawn, struct spawn_failure *failure)
{
    int copies[SPAWN_DESCRIPTORS_MAX] = {-1, -1, -1, -1};
    pid_t pid = -1;
    int e = 0;

    assert(spawn->descriptor_count <= SPAWN_DESCRIPTORS_MAX);
    /* Copies high up, so that putting one in its place cannot overwrite another's source. */
    for (size_t i = 0; !e && i < spawn->descriptor_count; i++) {
        copies[i] = fcntl(spawn->descriptors[i], F_DUPFD_CLOEXEC, COPY_FLOOR);
        if (copies[i] < 0)
            e = errno;
    }
    if (!e)
        e = spawn_with(spawn, copies, &pid);
    for (size_t i = 0; i < spawn->descriptor_count; i++)
        if (copies[i] >= 0)
            (void)close(copies[i]);
    if (e)
        *failure = (struct spawn_failure){find_step(spawn, e), e};
    return pid;
}

const char *spawn_step_text(enum process_step step)
{
    switch (step) {
    case PROCESS_STEP_NONE:
        return "it could not be started";
    case PROCESS_STEP_EXECUTE:
        return "the program cannot be executed";
    case PROCESS_STEP_DIRECTORY:
        return "its working directory cannot be entered";
    case PROCESS_STEP_OUTPUT:
        return "its output file cannot be opened";
    case PROCESS_STEP_LIMIT:
        return "the system has no room for another process (see ulimit -u and -n)";
    case PROCESS_STEP_ENDING:
        return "everything is being ended";
    }
    return "it could not be started";
}

static size_t count_of(const char *const *list)
{
    size_t count = 0;

    while (list && list[count])
        count++;
    return count;
}

static bool is_replaced(const char *const *additions, const char *assignment)
{
    const size_t name_size = strcspn(assignment, "=") + 1;

    for (size_t i = 0; additions && additions[i]; i++)
        if (strncmp(additions[i], assignment, name_size) == 0)
            return true;
    return false;
}

const char **spawn_environment(const char *const *additions, const char *const *base)
{
    const size_t count_max = count_of(additions) + count_of(base) + 1;
    const char **list = mem_new_array(count_max, sizeof *list);
    size_t count = 0;

    if (!list)
        return NULL;
    for (size_t i = 0; additions && additions[i]; i++)
        list[count++] = additions[i];
    for (size_t i = 0; base && base[i]; i++)
        if (!is_replaced(additions, base[i]))
            list[count++] = base[i];
    assert(count < count_max);
    return list;
}
