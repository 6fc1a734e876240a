#include "framework/run/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/run/monotonic.h"
#include "framework/run/spawn.h"

enum {
    COMPLAINT_MAX = 1024, /* a command may be longer than what a person wants to read of it */
    LAST_WORDS_MAX = 300  /* bytes: one line, which says why a command failed and what to do */
};

/* Where a command prints to: the file that is asked for, or one without a name, for its last words. */
struct words {
    int fd; /* of the file without a name; -1: there is none */
    char path[32];
    const char *output;
    off_t from; /* what was in the file before */
};

static void append_command(struct str *out, char *const *argv)
{
    for (size_t i = 0; argv[i] && !out->status; i++)
        (void)str_appendf(out, "%s%s", i > 0 ? " " : "", argv[i]);
}

static void words_open(const struct undo *undo, struct words *words)
{
    struct stat status;

    *words = (struct words){.fd = -1, .output = "/dev/null"};
    if (undo->output) {
        words->output = undo->output;
        words->from = stat(undo->output, &status) == 0 ? status.st_size : 0;
        return;
    }
    words->fd = open(P_tmpdir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (words->fd < 0)
        return; /* then nobody will know what it said */
    (void)snprintf(words->path, sizeof words->path, "/proc/self/fd/%d", words->fd);
    words->output = words->path;
}

/* The last line that the command printed, cut to size, as one that a terminal can show; "": none. */
static void words_last(const struct words *words, char out[LAST_WORDS_MAX + 1])
{
    auto_fd int fd = open(words->output, O_RDONLY | O_CLOEXEC);
    const off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    const off_t from = end - LAST_WORDS_MAX > words->from ? end - LAST_WORDS_MAX : words->from;
    const ssize_t size = end > from ? pread(fd, out, (size_t)(end - from), from) : 0;
    char *last = out, *behind = out + (size > 0 ? size : 0);

    while (behind > out && (unsigned char)behind[-1] <= ' ')
        behind--;
    *behind = '\0';
    for (char *c = out; c < behind; c++) {
        if (*c == '\n')
            last = c + 1;
        else if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
    }
    last += strspn(last, " ");
    memmove(out, last, strlen(last) + 1);
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

/* The same with what the command said last, before the command, which may be long. */
static void complain_of(
    const struct undo *undo, char *const *argv, const char *why, const struct words *words)
{
    char last[LAST_WORDS_MAX + 1];
    char text[LAST_WORDS_MAX + 100];

    words_last(words, last);
    (void)snprintf(
        text, sizeof text, "%s%s%s%s", why, last[0] ? " (it says: " : "", last, last[0] ? ")" : "");
    complain(undo, argv, text);
}

/* Runs it with the output chosen; false: it failed, which has been said. */
static bool run_with(const struct undo *undo, char *const *argv, const struct words *words)
{
    const char *directory = undo->journal->run_directory;
    const struct spawn spawn = {
        .argv = (const char *const *)argv,
        .env = undo->environment ? undo->environment : (const char *const *)environ,
        .directory = access(directory, X_OK) == 0 ? directory : "/",
        .output = words->output,
    };
    struct spawn_failure failure = {0};
    const pid_t pid = spawn_process(&spawn, &failure);
    int status = 0;

    if (pid < 0) {
        complain(undo, argv, spawn_step_text(failure.step));
        return false;
    }
    if (!await_command(pid, undo->limit > 0 ? undo->limit : UNDO_LIMIT, &status)) {
        complain_of(undo, argv, "the command did not end in time and was killed", words);
        return false;
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        complain_of(undo, argv, "the command failed", words);
        return false;
    }
    return true;
}

static bool run_command(const struct undo *undo, char *const *argv)
{
    struct words words;
    bool is_done = false;

    words_open(undo, &words);
    is_done = run_with(undo, argv, &words);
    if (words.fd >= 0)
        (void)close(words.fd);
    return is_done;
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
