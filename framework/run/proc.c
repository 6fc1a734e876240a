#include "framework/run/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/cleanup.h"

enum {
    STAT_SIZE = 1024,         /* a line of /proc/PID/stat: 52 numbers and a short name */
    ENVIRON_CHUNK = 16 * 1024 /* read at a time; the size of an environment does not matter */
};

static void close_directory(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory);
}

/* Reads a small file of /proc; false when it is not there or cannot be read. */
static bool read_small(const char *path, char *buffer, size_t size)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = -1;

    if (fd < 0)
        return false;
    do
        got = read(fd, buffer, size - 1);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    buffer[got] = '\0';
    return true;
}

/* "123 (any (thing) at all) S 1 ...": the name may hold anything, so what follows is found from
   its last parenthesis. Fields are counted as in proc(5): state is 3, parent 4, start time 22. */
static bool parse_stat(const char *text, struct proc_entry *out)
{
    const char *rest = strrchr(text, ')');

    for (int field = 3; field <= 22; field++) {
        rest = rest ? strchr(rest, ' ') : NULL;
        if (!rest)
            return false;
        rest++;
        if (field == 3)
            out->state = *rest;
        else if (field == 4)
            out->parent = (pid_t)strtol(rest, NULL, 10);
    }
    out->start_time = strtoull(rest, NULL, 10);
    return true;
}

assay_status proc_read(pid_t pid, struct proc_entry *out)
{
    struct proc_entry entry = {.pid = pid};
    char path[64];
    char text[STAT_SIZE];

    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (!read_small(path, text, sizeof text) || !parse_stat(text, &entry))
        return ASSAY_E_NOTFOUND;
    *out = entry;
    return ASSAY_OK;
}

bool proc_is_alive(pid_t pid, uint64_t start_time)
{
    struct proc_entry entry;

    return !proc_read(pid, &entry) && entry.start_time == start_time && entry.state != 'Z' &&
        entry.state != 'X';
}

static int compare_pids(const void *a, const void *b)
{
    const pid_t left = ((const struct proc_entry *)a)->pid;
    const pid_t right = ((const struct proc_entry *)b)->pid;

    return (left > right) - (left < right);
}

assay_status proc_list(struct vec *out, struct error *err)
{
    __attribute__((cleanup(close_directory))) DIR *directory = opendir("/proc");
    auto_vec struct vec list = VEC_INIT(struct proc_entry, PROC_LIST_MAX);

    if (!directory)
        return error_errno(err, errno, "/proc cannot be read; is it mounted?");
    for (const struct dirent *item = readdir(directory); item; item = readdir(directory)) {
        struct proc_entry entry;
        char *end = NULL;
        const long pid = strtol(item->d_name, &end, 10);

        if (pid <= 0 || pid > INT32_MAX || *end != '\0' || proc_read((pid_t)pid, &entry))
            continue; /* no process, or one that has just ended */
        if (vec_push(&list, &entry))
            return error_nomem(err);
    }
    vec_sort(&list, compare_pids);
    *out = list;
    list = (struct vec){0};
    return ASSAY_OK;
}

/* Is the list of children of one of our threads, "12 345 ", empty or `spared` alone?

   The kernel promises no exact list while children come and go. This answer is exact: new and
   adopted children are put at the end of the list, and the spared one stays in it until we wait for
   it. So when the list begins with it or with nothing, and nothing follows, there was nobody else. */
static bool is_list_of(long thread, pid_t spared)
{
    char path[64];
    char text[64]; /* has room for more than the one number that is fine */
    char *end = text;
    auto_fd int fd = -1;
    ssize_t got = -1;

    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/children", thread);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    got = read(fd, text, sizeof text - 1);
    if (got <= 0)
        return got == 0;
    text[got] = '\0';
    return spared > 0 && strtol(text, &end, 10) == spared && strcmp(end, " ") == 0;
}

bool proc_may_have_child(pid_t spared)
{
    __attribute__((cleanup(close_directory))) DIR *directory = opendir("/proc/self/task");
    bool has_threads = false;

    if (!directory)
        return true;
    for (const struct dirent *item = readdir(directory); item; item = readdir(directory)) {
        const long thread = strtol(item->d_name, NULL, 10);

        if (thread <= 0)
            continue; /* "." and ".." */
        has_threads = true;
        if (!is_list_of(thread, spared))
            return true;
    }
    return !has_threads;
}

/* Compares a stream of NUL-terminated strings with one string. */
struct matcher {
    const char *wanted;
    size_t matched;   /* bytes of wanted seen in the present string */
    bool is_mismatch; /* the present string is another one */
};

static bool matcher_feed(struct matcher *matcher, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\0') {
            if (!matcher->is_mismatch && matcher->wanted[matcher->matched] == '\0')
                return true;
            matcher->matched = 0;
            matcher->is_mismatch = false;
        } else if (!matcher->is_mismatch && data[i] == matcher->wanted[matcher->matched]) {
            matcher->matched++;
        } else {
            matcher->is_mismatch = true;
        }
    }
    return false;
}

bool proc_has_assignment(pid_t pid, const char *assignment)
{
    struct matcher matcher = {.wanted = assignment};
    char path[64];
    char chunk[ENVIRON_CHUNK];
    auto_fd int fd = -1;

    (void)snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    for (;;) {
        const ssize_t got = read(fd, chunk, sizeof chunk);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (matcher_feed(&matcher, chunk, (size_t)got))
            return true;
    }
}

static void cut_line(char *text)
{
    text[strcspn(text, "\n")] = '\0';
}

void proc_machine(struct proc_machine *out)
{
    ssize_t len = 0;

    *out = (struct proc_machine){.host = "unknown", .boot = "unknown", .pids = "unknown"};
    if (read_small("/proc/sys/kernel/hostname", out->host, sizeof out->host))
        cut_line(out->host);
    if (read_small("/proc/sys/kernel/random/boot_id", out->boot, sizeof out->boot))
        cut_line(out->boot);
    len = readlink("/proc/self/ns/pid", out->pids, sizeof out->pids - 1);
    if (len > 0)
        out->pids[len] = '\0';
}
