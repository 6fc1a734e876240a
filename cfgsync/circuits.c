#include "cfgsync/circuits.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "nomos/zksign.h"

#define PROCESSES_MAX 64
#define PATH_BYTES    4096
#define WORDS_MAX     6
/* Of what a program printed, from its end. */
#define OUTPUT_SHOWN 200

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static const char input_name[] = "input.json", witness_name[] = "witness.wtns",
                  proof_name[] = "proof.json", public_name[] = "public.json",
                  output_name[] = "output.txt";

enum stage {
    STAGE_IDLE,
    STAGE_GENERATE,
    STAGE_PROVE,
};

/* One proof under way. */
struct work {
    enum stage stage;
    size_t index; /* of the declaration */
    struct genesis_agreement agreement;
    pid_t pid;
    int pidfd;
    int64_t deadline_ns; /* monotonic */
    char directory[PATH_BYTES];
};

struct proving {
    const struct circuits *circuits;
    const struct wire *wire;
    const struct genesis_signing *signing;
    char root[PATH_BYTES];
    struct work works[PROCESSES_MAX];
    uint32_t work_count;
    size_t next, done; /* declarations */
    sigset_t previous; /* signals blocked before */
    int stops;         /* readable when a signal asks this process to end */
};

static int64_t monotonic_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* "directory/name"; false and a reason when it is too long. */
static bool join(char out[PATH_BYTES], const char *directory, const char *name, struct reason *why)
{
    const int length = snprintf(out, PATH_BYTES, "%s/%s", directory, name);

    if (length > 0 && length < PATH_BYTES)
        return true;
    return reason_set(why, "the path of a file beside the circuits is too long");
}

/* ---- files ---- */

static bool write_input(const struct proving *proving, const struct work *work, struct reason *why)
{
    struct text text = {.bytes = NULL};
    struct nomos_error err = {""};
    char path[PATH_BYTES];
    bool is_written = false;
    int fd;

    if (zksign_input(proving->wire, &work->agreement.statement, work->agreement.secret_keys, &text,
            &err) != NOMOS_OK)
        reason_format(why, "a declaration cannot be proved: %s", err.text);
    else if (join(path, work->directory, input_name, why)) {
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        is_written = fd >= 0 && write(fd, text.bytes, text.size) == (ssize_t)text.size;
        if (!is_written)
            reason_format(why, "%s cannot be written: %s", path, strerror(errno));
        if (fd >= 0)
            (void)close(fd);
    }
    text_done(&text);
    return is_written;
}

/* Up to `max` bytes of a file, from its end; how many. A file that is not there has none. */
static size_t read_end(const char *path, char *out, size_t max)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    const size_t wanted = size < 0 ? 0 : (size_t)size < max ? (size_t)size : max;
    const ssize_t got = fd < 0 ? 0 : pread(fd, out, wanted, size - (off_t)wanted);

    if (fd >= 0)
        (void)close(fd);
    return got < 0 ? 0 : (size_t)got;
}

static bool read_output(
    const struct work *work, const char *name, char *out, size_t *out_size, struct reason *why)
{
    char path[PATH_BYTES];

    if (!join(path, work->directory, name, why))
        return false;
    *out_size = read_end(path, out, ZKSIGN_FILE_MAX);
    return *out_size > 0 || reason_set(why, "the prover ended well, but its %s is empty", name);
}

static bool take_proof(const struct proving *proving, const struct work *work, struct reason *why)
{
    char *json = malloc(ZKSIGN_FILE_MAX);
    struct nomos_error err = {""};
    struct zk_proof proof;
    size_t size = 0;
    bool is_taken = json != NULL;

    if (!json)
        reason_format(why, "out of memory");
    is_taken = is_taken && read_output(work, proof_name, json, &size, why);
    if (is_taken && zksign_read_proof(json, size, &proof, &err) != NOMOS_OK)
        is_taken = reason_set(why, "what the prover wrote is no proof: %s", err.text);
    is_taken = is_taken && read_output(work, public_name, json, &size, why);
    if (is_taken &&
        zksign_check_public(proving->wire, &work->agreement.statement, json, size, &err) !=
            NOMOS_OK)
        is_taken = reason_set(why, "the prover proved something else: %s", err.text);
    if (is_taken)
        genesis_agree(proving->signing, work->index, &proof);
    free(json);
    return is_taken;
}

/* ---- programs ---- */

/* Fills argv (its texts are in `paths`). */
static bool make_command(const struct proving *proving, const struct work *work,
    char paths[2][PATH_BYTES], const char *argv[WORDS_MAX], struct reason *why)
{
    const char *circuits = proving->circuits->directory;
    const bool is_prover = work->stage == STAGE_PROVE;

    memset(argv, 0, WORDS_MAX * sizeof(*argv));
    argv[0] = paths[0];
    if (!join(paths[0], circuits, is_prover ? ZKSIGN_PROVER : ZKSIGN_GENERATOR, why) ||
        !join(paths[1], circuits, ZKSIGN_PROVING_KEY, why))
        return false;
    argv[1] = is_prover ? paths[1] : input_name;
    argv[2] = witness_name;
    if (is_prover) {
        argv[3] = proof_name;
        argv[4] = public_name;
    }
    return true;
}

/* In the work's directory, in a process group of its own, with what it prints in a file. */
static int spawn(const struct proving *proving, const struct work *work,
    const char *const argv[WORDS_MAX], pid_t *out)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t ignored; /* by a server, not to be by its children */
    char *words[WORDS_MAX];
    int error;

    memcpy(
        words, argv, sizeof(words)); /* posix_spawn takes them without const and changes nothing */
    (void)sigemptyset(&ignored);
    (void)sigaddset(&ignored, SIGPIPE);
    if (posix_spawn_file_actions_init(&actions) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        (void)posix_spawn_file_actions_destroy(&actions);
        return ENOMEM;
    }
    error = posix_spawn_file_actions_addchdir_np(&actions, work->directory);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(
            &actions, 1, output_name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (!error)
        error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (!error)
        error = posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!error)
        error = posix_spawnattr_setsigmask(&attributes, &proving->previous);
    if (!error)
        error = posix_spawnattr_setsigdefault(&attributes, &ignored);
    if (!error)
        error = posix_spawn(out, argv[0], &actions, &attributes, words, environ);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

static void reap(struct work *work, int *status)
{
    while (waitpid(work->pid, status, 0) < 0 && errno == EINTR)
        ;
    (void)close(work->pidfd);
    work->pid = 0;
}

static bool start_stage(
    const struct proving *proving, struct work *work, enum stage stage, struct reason *why)
{
    const char *argv[WORDS_MAX];
    char paths[2][PATH_BYTES];
    int error;

    work->stage = stage;
    if (!make_command(proving, work, paths, argv, why))
        return false;
    error = spawn(proving, work, argv, &work->pid);
    if (error) {
        work->pid = 0;
        return reason_set(why, "%s cannot be run: %s", argv[0], strerror(error));
    }
    work->pidfd = (int)syscall(SYS_pidfd_open, work->pid, 0);
    if (work->pidfd < 0) {
        const int reason = errno;

        (void)kill(-work->pid, SIGKILL);
        reap(work, &error);
        return reason_set(why, "%s cannot be watched: %s", argv[0], strerror(reason));
    }
    work->deadline_ns = monotonic_ns() + (int64_t)proving->circuits->patience_ns;
    return true;
}

/* Begins the next declaration, if there is one. */
static bool start_next(struct proving *proving, struct work *work, struct reason *why)
{
    work->stage = STAGE_IDLE;
    if (proving->next == genesis_declaration_count(proving->signing->spec))
        return true;
    work->index = proving->next++;
    genesis_agreement(proving->signing, work->index, &work->agreement);
    return write_input(proving, work, why) && start_stage(proving, work, STAGE_GENERATE, why);
}

/* The program of this work has failed: says so, with the end of what it printed. */
static bool explain_failure(const struct work *work, int status, struct reason *why)
{
    char path[PATH_BYTES], shown[OUTPUT_SHOWN + 1];
    size_t size = 0;

    if (join(path, work->directory, output_name, why))
        size = read_end(path, shown, OUTPUT_SHOWN);
    shown[size] = '\0';
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)shown[i] < ' ' || shown[i] == 0x7F)
            shown[i] = ' ';
    }
    return reason_set(why, "%s ended with %s %d: %s",
        work->stage == STAGE_PROVE ? ZKSIGN_PROVER : ZKSIGN_GENERATOR,
        WIFSIGNALED(status) ? "signal" : "exit code",
        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
        size ? shown : "it said nothing");
}

/* A program has ended: on with the proof, or to the next. */
static bool go_on(struct proving *proving, struct work *work, struct reason *why)
{
    int status = 0;

    reap(work, &status);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return explain_failure(work, status, why);
    if (work->stage == STAGE_GENERATE)
        return start_stage(proving, work, STAGE_PROVE, why);
    if (!take_proof(proving, work, why))
        return false;
    proving->done++;
    return start_next(proving, work, why);
}

/* ---- all of them ---- */

/* Waits until some program has ended, and goes on with each that has. */
static bool wait_and_go_on(struct proving *proving, struct reason *why)
{
    struct pollfd fds[PROCESSES_MAX + 1];
    int64_t first_ns = INT64_MAX, left_ms;
    int ready;

    for (uint32_t i = 0; i < proving->work_count; i++) {
        const struct work *work = &proving->works[i];

        fds[i] = (struct pollfd){.fd = work->pid ? work->pidfd : -1, .events = POLLIN};
        if (work->pid && work->deadline_ns < first_ns)
            first_ns = work->deadline_ns;
    }
    fds[proving->work_count] = (struct pollfd){.fd = proving->stops, .events = POLLIN};
    left_ms = (first_ns - monotonic_ns()) / NS_PER_MS + 1;
    ready = left_ms > 0
        ? poll(fds, proving->work_count + 1, left_ms > INT32_MAX ? INT32_MAX : (int)left_ms)
        : 0;
    if (ready == 0)
        return reason_set(why, "%s: a program was not done within %lld s",
            proving->circuits->directory,
            (long long)(proving->circuits->patience_ns / (uint64_t)NS_PER_S));
    if (ready > 0 && fds[proving->work_count].revents)
        return reason_set(why, "a signal asked to stop");
    for (uint32_t i = 0; ready > 0 && i < proving->work_count; i++) {
        if (fds[i].revents && !go_on(proving, &proving->works[i], why))
            return false;
    }
    return ready > 0 || errno == EINTR || reason_set(why, "poll: %s", strerror(errno));
}

/* Signals that end the process wait until the programs are ended, and then do as ever. */
static bool hold_signals(struct proving *proving, struct reason *why)
{
    sigset_t stops;

    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGINT);
    proving->stops = signalfd(-1, &stops, SFD_CLOEXEC);
    if (proving->stops < 0)
        return reason_set(why, "signalfd: %s", strerror(errno));
    (void)pthread_sigmask(SIG_BLOCK, &stops, &proving->previous);
    return true;
}

static void release_signals(struct proving *proving)
{
    if (proving->stops < 0)
        return;
    (void)close(proving->stops);
    (void)pthread_sigmask(SIG_SETMASK, &proving->previous, NULL);
}

static bool make_directories(struct proving *proving, struct reason *why)
{
    if (!join(proving->root, proving->circuits->scratch, "cfgsync-XXXXXX", why))
        return false;
    if (!mkdtemp(proving->root)) {
        proving->root[0] = '\0';
        return reason_set(why, "%s: %s", proving->circuits->scratch, strerror(errno));
    }
    for (uint32_t i = 0; i < proving->work_count; i++) {
        char name[16];

        (void)snprintf(name, sizeof(name), "%u", (unsigned)i);
        if (!join(proving->works[i].directory, proving->root, name, why) ||
            mkdir(proving->works[i].directory, 0700) != 0)
            return reason_set(why, "%s: %s", proving->root, strerror(errno));
    }
    return true;
}

/* Ends what still runs, and removes the files, which hold keys. */
static void clean_up(struct proving *proving)
{
    static const char *const names[] = {
        input_name, witness_name, proof_name, public_name, output_name};

    for (uint32_t i = 0; i < proving->work_count; i++) {
        struct work *work = &proving->works[i];
        char path[PATH_BYTES];
        int status;

        if (work->pid) {
            (void)kill(-work->pid, SIGKILL);
            reap(work, &status);
        }
        for (size_t k = 0; work->directory[0] && k < sizeof(names) / sizeof(*names); k++) {
            if (join(path, work->directory, names[k], NULL))
                (void)unlink(path);
        }
        if (work->directory[0])
            (void)rmdir(work->directory);
    }
    if (proving->root[0])
        (void)rmdir(proving->root);
}

static uint32_t choose_count(const struct circuits *circuits, size_t declarations)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = circuits->processes_max ? circuits->processes_max
        : processors > 0                   ? (size_t)processors
                                           : 1;

    if (count > PROCESSES_MAX)
        count = PROCESSES_MAX;
    return (uint32_t)(count < declarations ? count : declarations);
}

bool circuits_sign(const struct circuits *circuits, const struct wire *wire,
    const struct genesis_signing *signing, struct reason *why)
{
    const size_t count = genesis_declaration_count(signing->spec);
    struct proving *proving = calloc(1, sizeof(*proving));
    bool is_good;

    if (!proving)
        return reason_set(why, "out of memory");
    proving->circuits = circuits;
    proving->wire = wire;
    proving->signing = signing;
    proving->work_count = choose_count(circuits, count);
    is_good = hold_signals(proving, why) && make_directories(proving, why);
    for (uint32_t i = 0; is_good && i < proving->work_count; i++)
        is_good = start_next(proving, &proving->works[i], why);
    while (is_good && proving->done < count)
        is_good = wait_and_go_on(proving, why);
    clean_up(proving);
    release_signals(proving);
    free(proving);
    return is_good;
}
