#include "framework/run/undo.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/run/monotonic.h"
#include "framework/run/spawn.h"

enum {
    COMPLAINT_MAX = 1024 /* a command may be longer than what a person wants to read of it */
};

static void append_command(struct str *out, char *const *argv)
{
    for (size_t i = 0; argv[i] && !out->status; i++)
        (void)str_appendf(out, "%s%s", i > 0 ? " " : "", argv[i]);
}

static void complain(const struct undo *undo, char *const *argv, const char *why)
{
    auto_str struct str text = STR_INIT(COMPLAINT_MAX);

    if (!undo->complain)
        return;
    (void)str_append(&text, why);
    (void)str_append(&text, ": ");
    append_command(&text, argv);
    undo->complain(undo->context, str_text(&text));
}

/* Waits for the command's end; false: it took too long and was killed. */
static bool await_command(pid_t pid, assay_ns limit, int *out_status)
{
    auto_fd int fd = pidfd_open(pid, 0);
    struct pollfd item = {.fd = fd, .events = POLLIN};
    const int64_t deadline = monotonic_ns() + limit;
    int ready = 0;

    while (ready == 0 && monotonic_ns() < deadline) {
        ready = poll(&item, 1, monotonic_wait_ms(deadline));
        if (ready < 0 && errno == EINTR)
            ready = 0;
    }
    if (ready <= 0)
        (void)kill(-pid, SIGKILL);
    while (waitpid(pid, out_status, 0) < 0 && errno == EINTR)
        continue;
    return ready > 0;
}

static bool run_command(const struct undo *undo, char *const *argv)
{
    const char *directory = undo->journal->run_directory;
    const struct spawn spawn = {
        .argv = (const char *const *)argv,
        .env = undo->environment ? undo->environment : (const char *const *)environ,
        .directory = access(directory, X_OK) == 0 ? directory : "/",
        .output = undo->output ? undo->output : "/dev/null",
    };
    struct spawn_failure failure = {0};
    const pid_t pid = spawn_process(&spawn, &failure);
    int status = 0;

    if (pid < 0) {
        complain(undo, argv, spawn_step_text(failure.step));
        return false;
    }
    if (!await_command(pid, undo->limit > 0 ? undo->limit : UNDO_LIMIT, &status)) {
        complain(undo, argv, "the command did not end in time and was killed");
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        complain(undo, argv, "the command failed");
        return false;
    }
    return true;
}

static bool remove_directory(const struct undo *undo, const char *path)
{
    struct error err = {0};

    if (!dir_remove(path, &err))
        return true;
    if (undo->complain)
        undo->complain(undo->context, err.text);
    return false;
}

size_t undo_replay(const struct undo *undo)
{
    const struct vec *records = &undo->journal->undos;
    size_t failures = undo->journal->bad_lines > 0 ? 1 : 0;

    if (failures > 0 && undo->complain)
        undo->complain(undo->context,
            "the journal has lines that make no sense; what they would "
            "have undone may be left");
    for (size_t i = records->count; i > 0; i--) {
        const struct journal_undo_record *record = vec_at(records, i - 1);
        const bool is_done =
            record->argv ? run_command(undo, record->argv) : remove_directory(undo, record->remove);

        if (!is_done)
            failures++;
    }
    return failures;
}
