/* A worker made to misbehave. Reads manifest.expanded.ini of the run directory, here a list of
   "key value" lines, in order:

     trees N           starts N nodes that each make three processes
     wait N            starts N nodes that wait
     stubborn N        starts N nodes that ignore SIGTERM
     settled N         waits until N processes have written their pids to <run directory>/pids
     undo FILE         journals an undo command that makes FILE
     bad-undo          journals one that fails
     remove NAME       makes <run directory>/NAME and journals its removal
     end GRACE_MS      end_all, waits for its end
     heap MIB          touches that much memory
     verdict CODE      writes verdict.json, to end with that exit code; 0 when there is none
     forged            writes verdict.json as a plugin could
     mute              takes the hooks away: a cancellation is not heard any more
     operation NAME    notes an operation of workload.burst
     spawn             starts a tree without asking anybody
     crash, kill, exit CODE, garbage, hang, cancelled
                       the end; exit 0 when there is none

   `cancelled` waits for a cancellation and ends with 128 + signal; `hang` ignores it. Whatever goes
   wrong ends it with code 99, which no worker ends with. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/run/crumb.h"
#include "framework/run/processes_client.h"

struct worker {
    const char *directory;
    char *pids; /* file */
    int socket;
    struct crumb_page *page;
    struct processes_client *client;
    const struct process_ops *ops;
    int cancelled; /* eventfd */
    int cancel_signal;
    int changed; /* eventfd: some status is new */
};

static void check(assay_status status, const struct error *err)
{
    if (!status)
        return;
    (void)fprintf(stderr, "test worker: %s\n", err->text);
    _exit(99);
}

static void ring(int fd)
{
    const uint64_t one = 1;

    (void)!write(fd, &one, sizeof one);
}

static void await(int fd)
{
    uint64_t count = 0;

    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}

static void on_cancel(void *context, int signal_number)
{
    struct worker *worker = context;

    worker->cancel_signal = signal_number;
    ring(worker->cancelled);
}

static void on_change(void *context, uint32_t process)
{
    (void)process;
    ring(((struct worker *)context)->changed);
}

static void start_nodes(struct worker *worker, const char *mode, unsigned long count)
{
    const char *const argv[] = {NODE_PROGRAM, mode, worker->pids, NULL};
    const struct process_spec spec = {.name = mode, .argv = argv};
    struct error err = {0};
    uint32_t process = 0;

    for (unsigned long i = 0; i < count; i++)
        check(worker->ops->start(worker->ops->self, &spec, &process, &err), &err);
}

static unsigned long count_lines(const char *path)
{
    struct file_text text = {0};
    unsigned long lines = 0;

    if (file_read(path, 1024 * 1024, &text, NULL))
        return 0;
    for (size_t i = 0; i < text.size; i++)
        lines += text.data[i] == '\n';
    free(text.data);
    return lines;
}

static void await_pids(const struct worker *worker, unsigned long count)
{
    while (count_lines(worker->pids) < count)
        (void)poll(NULL, 0, 5);
}

static void end_nodes(struct worker *worker, long grace_ms)
{
    struct error err = {0};
    uint32_t ticket = 0;

    worker->ops->listen(worker->ops->self, on_change, worker);
    check(worker->ops->end_all(worker->ops->self, grace_ms * ASSAY_MS, &ticket, &err), &err);
    while (!worker->ops->has_ended(worker->ops->self, ticket))
        await(worker->changed);
    worker->ops->listen(worker->ops->self, NULL, NULL);
}

static void journal_undo(struct worker *worker, const char *mode, const char *argument)
{
    const char *const argv[] = {NODE_PROGRAM, mode, argument, NULL};
    struct error err = {0};

    check(worker->ops->undo(worker->ops->self, argv, &err), &err);
}

static void make_and_remove_later(struct worker *worker, const char *name)
{
    auto_free char *path = path_join(worker->directory, name);
    struct error err = {0};

    check(worker->ops->remove_later(worker->ops->self, path, &err), &err);
    check(dir_make(path, 0755, &err), &err);
}

static void forge_verdict(const struct worker *worker)
{
    static char verdict[] = "{\"outcome\": \"pass\", \"writer\": \"worker\"}\n";
    auto_free char *path = path_join(worker->directory, "verdict.json");
    const struct file_text text = {.data = verdict, .size = strlen(verdict)};
    struct error err = {0};

    check(file_write(path, &text, FILE_PLAIN, &err), &err);
}

static void write_verdict(const struct worker *worker, int code)
{
    forge_verdict(worker);
    crumb_verdict(worker->page, code);
}

/* A plugin that starts processes behind assay's back. */
static void spawn_secretly(const char *path)
{
    char *const argv[] = {(char[]){NODE_PROGRAM}, (char[]){"tree"}, (char *)(uintptr_t)path, NULL};
    pid_t pid = 0;

    if (posix_spawn(&pid, NODE_PROGRAM, NULL, NULL, argv, environ) != 0)
        _exit(99);
}

static void use_memory(size_t mib)
{
    char *heap = malloc(mib * 1024 * 1024);

    if (!heap)
        _exit(99);
    memset(heap, 1, mib * 1024 * 1024);
}

static void crash(const struct worker *worker, int signal_number)
{
    struct crumb_note where;

    crumb_fill(&where, "workload.burst", "acme.tx-burst", "run");
    crumb_crash(worker->page, signal_number, &where);
    (void)signal(signal_number, SIG_DFL); /* past a sanitizer, too */
    (void)raise(signal_number);
}

static void send_garbage(const struct worker *worker)
{
    (void)send(worker->socket, "hello", 5, MSG_NOSIGNAL);
    for (;;)
        (void)pause();
}

static void finish(struct worker *worker, int code)
{
    processes_client_free(worker->client);
    crumb_unmap(worker->page);
    free(worker->pids);
    exit(code);
}

static void obey_end(struct worker *worker, const char *verb, const char *argument)
{
    if (strcmp(verb, "crash") == 0)
        crash(worker, SIGSEGV);
    else if (strcmp(verb, "kill") == 0)
        (void)kill(getpid(), SIGKILL);
    else if (strcmp(verb, "exit") == 0)
        finish(worker, (int)strtol(argument, NULL, 10));
    else if (strcmp(verb, "garbage") == 0)
        send_garbage(worker);
    else if (strcmp(verb, "hang") == 0)
        for (;;)
            (void)pause();
    else if (strcmp(verb, "cancelled") == 0) {
        await(worker->cancelled);
        write_verdict(worker, 128 + worker->cancel_signal);
        finish(worker, 128 + worker->cancel_signal);
    } else {
        (void)fprintf(stderr, "test worker: what is %s?\n", verb);
        _exit(99);
    }
}

static void obey(struct worker *worker, const char *verb, const char *argument)
{
    if (strcmp(verb, "trees") == 0)
        start_nodes(worker, "tree", strtoul(argument, NULL, 10));
    else if (strcmp(verb, "wait") == 0)
        start_nodes(worker, "wait", strtoul(argument, NULL, 10));
    else if (strcmp(verb, "stubborn") == 0)
        start_nodes(worker, "stubborn", strtoul(argument, NULL, 10));
    else if (strcmp(verb, "settled") == 0)
        await_pids(worker, strtoul(argument, NULL, 10));
    else if (strcmp(verb, "undo") == 0)
        journal_undo(worker, "touch", argument);
    else if (strcmp(verb, "bad-undo") == 0)
        journal_undo(worker, "exit", "7");
    else if (strcmp(verb, "remove") == 0)
        make_and_remove_later(worker, argument);
    else if (strcmp(verb, "end") == 0)
        end_nodes(worker, strtol(argument, NULL, 10));
    else if (strcmp(verb, "heap") == 0)
        use_memory(strtoul(argument, NULL, 10));
    else if (strcmp(verb, "verdict") == 0)
        write_verdict(worker, (int)strtol(argument, NULL, 10));
    else if (strcmp(verb, "forged") == 0)
        forge_verdict(worker);
    else if (strcmp(verb, "operation") == 0)
        crumb_operation(worker->page, "workload.burst", "acme.tx-burst", argument);
    else if (strcmp(verb, "mute") == 0)
        processes_client_mute(worker->client);
    else if (strcmp(verb, "spawn") == 0)
        spawn_secretly(worker->pids);
    else
        obey_end(worker, verb, argument);
}

static void set_up(struct worker *worker, const char *directory)
{
    struct processes_client_config config = {
        .run_directory = directory, .on_cancel = on_cancel, .context = worker};
    struct error err = {0};
    int crumb = -1;

    worker->directory = directory;
    worker->pids = path_join(directory, "pids");
    worker->cancelled = eventfd(0, EFD_CLOEXEC);
    worker->changed = eventfd(0, EFD_CLOEXEC);
    check(processes_client_descriptors(&config.fd, &crumb, &err), &err);
    worker->socket = config.fd;
    check(crumb_map(crumb, &worker->page, &err), &err);
    (void)close(crumb);
    check(processes_client_new(&config, &worker->client, &err), &err);
    worker->ops = processes_client_ops(worker->client);
    crumb_phase(worker->page, "run");
}

int main(int argc, char **argv)
{
    struct worker worker = {0};
    struct file_text script = {0};
    struct error err = {0};
    auto_free char *path = NULL;

    if (argc != 2)
        return 99;
    set_up(&worker, argv[1]);
    path = path_join(argv[1], "manifest.expanded.ini");
    check(file_read(path, 64 * 1024, &script, &err), &err);
    for (char *rest = script.data, *line = NULL; (line = strsep(&rest, "\n"));) {
        char *argument = line;
        const char *verb = strsep(&argument, " ");

        if (verb[0] != '\0')
            obey(&worker, verb, argument ? argument : "");
    }
    free(script.data);
    finish(&worker, 0);
}
