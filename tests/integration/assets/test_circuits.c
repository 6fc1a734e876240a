/* scripts/setup-nomos-circuits.sh as a user runs it, against a server that cuts, stalls and lies. The
   circuits are archives of the test's own; everything happens in a directory made by mkdtemp. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/plugin/digest.h"
#include "tests/integration/assets/file_server.h"

enum {
    PATH_SIZE = 256,
    WORDS_MAX = 8,
    ENV_MAX = 16,
    KEY_SIZE = 400 * 1000, /* does not compress: the archive is as large */
    FILE_MAX = 16 * 1024 * 1024
};

#define ARCHIVE "nomos-circuits-v1-linux-x86_64.tar.gz"

struct stage {
    char root[64];
    char target[PATH_SIZE], stage_directory[PATH_SIZE];
    char sum[SHA256_TEXT_SIZE];
    struct file_text archive;
    struct file_server *server;
    char env[ENV_MAX][PATH_SIZE + 64];
    size_t env_count;
    char *said; /* by the last program */
};

static const char *in(const struct stage *stage, const char *name)
{
    static char paths[4][PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 4];

    (void)snprintf(path, PATH_SIZE, "%s/%s", stage->root, name);
    return path;
}

/* ---- programs ---- */

__attribute__((format(printf, 2, 3))) static void set(struct stage *stage, const char *format, ...)
{
    va_list args;

    assert_true(stage->env_count < ENV_MAX);
    va_start(args, format);
    (void)vsnprintf(stage->env[stage->env_count++], sizeof(stage->env[0]), format, args);
    va_end(args);
}

/* In a process group of its own, so that all of it can be killed. */
static pid_t start(struct stage *stage, const char *const *words)
{
    char said[PATH_SIZE];
    const char *env[ENV_MAX + 4] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = 0;

    (void)snprintf(said, sizeof(said), "%s", in(stage, "said"));
    for (size_t i = 0; i < stage->env_count; i++)
        env[2 + i] = stage->env[i];
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_adddup2(&actions, 1, 2);
    (void)posix_spawn_file_actions_addchdir_np(&actions, stage->root);
    assert_int_equal(posix_spawnattr_init(&attributes), 0);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    assert_int_equal(posix_spawnp(&pid, words[0], &actions, &attributes,
                         (char *const *)(uintptr_t)words, (char *const *)(uintptr_t)env),
        0);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return pid;
}

static int finish(struct stage *stage, pid_t pid)
{
    struct file_text text = {0};
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    free(stage->said);
    assert_int_equal(file_read(in(stage, "said"), FILE_MAX, &text, NULL), ASSAY_OK);
    stage->said = text.data;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int call(struct stage *stage, const char *const *words)
{
    return finish(stage, start(stage, words));
}

#define SCRIPT            ASSAY_SOURCE_DIR "/scripts/setup-nomos-circuits.sh"
#define SETUP(stage, ...) call((stage), (const char *const[]){"bash", SCRIPT, __VA_ARGS__, NULL})

static void assert_said(const struct stage *stage, const char *part)
{
    if (!strstr(stage->said, part))
        fail_msg("'%s' is not in what it said:\n%s", part, stage->said);
}

#define assert_code(stage, code, wanted)                                                           \
    do {                                                                                           \
        const int code_ = (code);                                                                  \
        if (code_ != (wanted))                                                                     \
            fail_msg("exit code %d:\n%s", code_, (stage)->said);                                   \
    } while (0)

/* ---- archives ---- */

static void write_bytes(const char *path, const void *data, size_t size, mode_t mode)
{
    const struct file_text text = {.data = (char *)(uintptr_t)data, .size = size};

    assert_int_equal(file_write(path, &text, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(chmod(path, mode), 0);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
    write_bytes(path, text, strlen(text), mode);
}

/* A key that no compression makes smaller, so that a download has a middle. */
static void write_key(const char *path)
{
    static char key[KEY_SIZE];
    uint64_t state = 88172645463325252u;

    for (size_t i = 0; i < sizeof(key); i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        key[i] = (char)state;
    }
    write_bytes(path, key, sizeof(key), 0644);
}

static void make_tree(const struct stage *stage, const char *prover)
{
    assert_int_equal(dir_remove(in(stage, "src"), NULL), ASSAY_OK);
    assert_int_equal(dir_make(in(stage, "src/circuits/zksign"), 0755, NULL), ASSAY_OK);
    write_text(in(stage, "src/circuits/prover"), prover, 0755);
    write_text(in(stage, "src/circuits/zksign/witness_generator"), "#!/bin/sh\n", 0755);
    write_text(in(stage, "src/circuits/zksign/verification_key.json"), "{}", 0644);
    write_key(in(stage, "src/circuits/zksign/proving_key.zkey"));
}

/* Packs src/circuits as web/NAME and remembers it with its sum. */
static void pack(struct stage *stage, const char *name)
{
    char to[PATH_SIZE];

    (void)snprintf(to, sizeof(to), "%s/web/%s", stage->root, name);
    assert_code(stage,
        call(stage,
            (const char *const[]){"tar", "-czf", to, "-C", in(stage, "src"), "circuits", NULL}),
        0);
    free(stage->archive.data);
    stage->archive = (struct file_text){0};
    assert_int_equal(file_read(to, FILE_MAX, &stage->archive, NULL), ASSAY_OK);
    digest_sha256(stage->archive.data, stage->archive.size, stage->sum);
}

/* ---- the stage ---- */

static int setup(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    if (!stage)
        return -1;
    (void)snprintf(stage->root, sizeof(stage->root), "/tmp/assay-circuits-XXXXXX");
    if (!mkdtemp(stage->root))
        return -1;
    (void)snprintf(stage->target, sizeof(stage->target), "%s/home/deep/circuits", stage->root);
    (void)snprintf(stage->stage_directory, sizeof(stage->stage_directory),
        "%s/home/deep/.circuits.setup", stage->root);
    assert_int_equal(dir_make(in(stage, "home/deep"), 0755, NULL), ASSAY_OK);
    assert_int_equal(dir_make(in(stage, "web"), 0755, NULL), ASSAY_OK);
    make_tree(stage, "#!/bin/sh\necho v1\n");
    pack(stage, ARCHIVE);
    set(stage, "HOME=%s/home", stage->root);
    set(stage, "NOMOS_CIRCUITS_PLATFORM=linux-x86_64");
    *state = stage;
    return 0;
}

static int teardown(void **state)
{
    struct stage *stage = *state;

    file_server_stop(stage->server);
    (void)dir_remove(stage->root, NULL);
    free(stage->archive.data);
    free(stage->said);
    free(stage);
    return 0;
}

/* Serves the archive, with a mishap in the middle of the first answers. */
static void serve(struct stage *stage, enum file_server_mishap mishap, unsigned count)
{
    const struct file_server_plan plan = {.name = ARCHIVE,
        .bytes = stage->archive.data,
        .size = stage->archive.size,
        .mishap = mishap,
        .mishap_count = count,
        .middle = 100000};

    stage->server = file_server_start(&plan);
    set(stage, "NOMOS_CIRCUITS_URL=http://127.0.0.1:%u", file_server_port(stage->server));
}

static void from_files(struct stage *stage)
{
    set(stage, "NOMOS_CIRCUITS_URL=file://%s/web", stage->root);
}

static bool exists(const char *path)
{
    struct stat is;

    return lstat(path, &is) == 0;
}

/* Whole: every file, with its content. */
static void assert_installed(const struct stage *stage, const char *prover)
{
    static const char *const files[] = {"prover", "zksign/witness_generator",
        "zksign/proving_key.zkey", "zksign/verification_key.json"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct file_text theirs = {0}, ours = {0};
        char path[2 * PATH_SIZE];

        (void)snprintf(path, sizeof(path), "%s/%s", stage->target, files[i]);
        assert_int_equal(file_read(path, FILE_MAX, &theirs, NULL), ASSAY_OK);
        (void)snprintf(path, sizeof(path), "%s/src/circuits/%s", stage->root, files[i]);
        assert_int_equal(file_read(path, FILE_MAX, &ours, NULL), ASSAY_OK);
        if (i == 0 && prover)
            assert_string_equal(theirs.data, prover);
        else
            assert_true(theirs.size == ours.size && !memcmp(theirs.data, ours.data, ours.size));
        free(theirs.data);
        free(ours.data);
    }
}

static void assert_nothing_installed(const struct stage *stage)
{
    assert_false(exists(stage->target));
}

/* ---- tests ---- */

static void what_the_sum_fits_is_installed(void **state)
{
    struct stage *stage = *state;

    serve(stage, SERVE_WHOLE, 0);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_installed(stage, NULL);
    assert_said(stage, "export NOMOS_CIRCUITS=");
    assert_false(exists(stage->stage_directory));
}

static void a_second_run_has_nothing_to_do(void **state)
{
    struct stage *stage = *state;

    serve(stage, SERVE_WHOLE, 0);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_code(stage, SETUP(stage, "v1", stage->target), 0);
    assert_said(stage, "already");
    assert_int_equal(file_server_requests(stage->server), 1);
    assert_false(exists(stage->stage_directory));
}

static void a_wrong_sum_installs_nothing(void **state)
{
    struct stage *stage = *state;

    serve(stage, SERVE_WHOLE, 0);
    stage->sum[0] = stage->sum[0] == 'a' ? 'b' : 'a';
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "Nothing was installed");
    assert_said(stage, stage->sum);
    assert_nothing_installed(stage);

    /* And what was fetched is not taken for a beginning. */
    digest_sha256(stage->archive.data, stage->archive.size, stage->sum);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_int_equal(file_server_offset(stage->server, 1), 0);
    assert_installed(stage, NULL);
}

static void nothing_is_installed_without_a_sum(void **state)
{
    struct stage *stage = *state;

    serve(stage, SERVE_WHOLE, 0);
    assert_code(stage, SETUP(stage, "v1", stage->target), 1);
    assert_said(stage, "no checksum of " ARCHIVE " is known");
    assert_said(stage, "NOMOS_CIRCUITS_SHA256");
    assert_int_equal(file_server_requests(stage->server), 0);
    assert_nothing_installed(stage);
}

static void the_sum_can_stand_in_the_environment_in_a_file_or_beside_the_archive(void **state)
{
    struct stage *stage = *state;
    char line[256];

    from_files(stage);
    (void)snprintf(line, sizeof(line), "%s  some/where/" ARCHIVE "\n", stage->sum);
    write_text(in(stage, "web/" ARCHIVE ".sha256"), line, 0644);
    assert_code(stage, SETUP(stage, "v1", stage->target), 0);
    assert_said(stage, "it tells a damaged download, not a forged one");
    assert_installed(stage, NULL);

    assert_int_equal(unlink(in(stage, "web/" ARCHIVE ".sha256")), 0);
    write_text(in(stage, "sums"), "0000  other\n", 0644);
    assert_code(stage, SETUP(stage, "--sha256", in(stage, "sums"), "v1", in(stage, "second")), 1);
    assert_said(stage, "has no checksum of " ARCHIVE);
    write_text(in(stage, "sums"), line, 0644);
    assert_code(stage, SETUP(stage, "--sha256", in(stage, "sums"), "v1", in(stage, "second")), 0);

    set(stage, "NOMOS_CIRCUITS_SHA256=%s", stage->sum);
    assert_code(stage, SETUP(stage, "v1", in(stage, "third")), 0);
}

static void a_download_that_was_cut_goes_on_where_it_stopped(void **state)
{
    struct stage *stage = *state;

    serve(stage, SERVE_CUT, 2);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_int_equal(file_server_requests(stage->server), 3);
    assert_int_equal(file_server_offset(stage->server, 1), 100000);
    assert_int_equal(file_server_offset(stage->server, 2), 200000);
    assert_installed(stage, NULL);
}

static void a_download_that_is_always_cut_installs_nothing_and_goes_on_next_time(void **state)
{
    struct stage *stage = *state;

    serve(stage, SERVE_CUT, 3);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "in 3 attempts");
    assert_said(stage, "at byte 300000");
    assert_nothing_installed(stage);

    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_int_equal(file_server_offset(stage->server, 3), 300000);
    assert_installed(stage, NULL);
}

static void a_server_that_knows_no_parts_is_asked_for_the_whole_again(void **state)
{
    struct stage *stage = *state;
    const struct file_server_plan plan = {.name = ARCHIVE,
        .bytes = stage->archive.data,
        .size = stage->archive.size,
        .mishap = SERVE_CUT,
        .mishap_count = 1,
        .middle = 100000,
        .has_no_ranges = true};

    stage->server = file_server_start(&plan);
    set(stage, "NOMOS_CIRCUITS_URL=http://127.0.0.1:%u", file_server_port(stage->server));
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_installed(stage, NULL);
}

static void killed_in_the_middle_of_a_download_it_goes_on_next_time(void **state)
{
    struct stage *stage = *state;
    pid_t pid;

    serve(stage, SERVE_STALL, 1);
    pid = start(stage,
        (const char *const[]){"bash", SCRIPT, "--sha256", stage->sum, "v1", stage->target, NULL});
    file_server_await(stage->server, 1);
    assert_int_equal(kill(-pid, SIGKILL), 0);
    assert_int_equal(finish(stage, pid), 128 + SIGKILL);
    assert_nothing_installed(stage);

    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_int_equal(file_server_requests(stage->server), 2);
    assert_true(file_server_offset(stage->server, 1) <= 100000);
    assert_installed(stage, NULL);
    assert_false(exists(stage->stage_directory));
}

/* At any moment the directory is whole, old or new, or (for one rename) beside its place. */
static void killed_anywhere_it_leaves_all_or_nothing(void **state)
{
    struct stage *stage = *state;
    uint32_t seed = 20251216;
    unsigned whole = 0;

    from_files(stage);
    for (int i = 0; i < 25; i++) {
        const struct timespec delay = {.tv_nsec = (long)(seed >> 8) % 60 * 1000000};
        pid_t pid = start(stage,
            (const char *const[]){
                "bash", SCRIPT, "--sha256", stage->sum, "v1", stage->target, NULL});

        seed = seed * 1664525u + 1013904223u;
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &delay, NULL);
        (void)kill(-pid, SIGKILL);
        (void)finish(stage, pid);
        if (!exists(stage->target))
            continue;
        whole++;
        assert_installed(stage, NULL);
        assert_int_equal(dir_remove(stage->target, NULL), ASSAY_OK);
    }
    print_message("  installed in %u of 25 runs\n", whole);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_installed(stage, NULL);
    assert_false(exists(stage->stage_directory));
}

static void killed_between_the_two_renames_the_next_run_puts_the_old_one_back(void **state)
{
    struct stage *stage = *state;
    char old[2 * PATH_SIZE];

    from_files(stage);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    (void)snprintf(old, sizeof(old), "%s/old", stage->stage_directory);
    assert_int_equal(mkdir(stage->stage_directory, 0755), 0);
    assert_int_equal(rename(stage->target, old), 0);

    assert_code(stage, SETUP(stage, "v1", stage->target), 0);
    assert_said(stage, "already");
    assert_installed(stage, NULL);
}

static void another_version_takes_the_place_only_when_told(void **state)
{
    struct stage *stage = *state;

    from_files(stage);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    make_tree(stage, "#!/bin/sh\necho v2\n");
    pack(stage, "nomos-circuits-v2-linux-x86_64.tar.gz");
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v2", stage->target), 1);
    assert_said(stage, "has version v1");
    assert_said(stage, "NOMOS_CIRCUITS_NONINTERACTIVE=1");
    assert_installed(stage, "#!/bin/sh\necho v1\n");

    set(stage, "NOMOS_CIRCUITS_NONINTERACTIVE=1");
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v2", stage->target), 0);
    assert_installed(stage, "#!/bin/sh\necho v2\n");
}

static void a_directory_of_somebody_else_is_left_alone(void **state)
{
    struct stage *stage = *state;
    char mine[2 * PATH_SIZE];

    from_files(stage);
    set(stage, "NOMOS_CIRCUITS_NONINTERACTIVE=1");
    assert_int_equal(mkdir(stage->target, 0755), 0);
    (void)snprintf(mine, sizeof(mine), "%s/mine", stage->target);
    write_text(mine, "precious", 0644);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "left alone");
    assert_true(exists(mine));

    /* An empty one is nobody's; a file is no directory. */
    assert_int_equal(unlink(mine), 0);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_installed(stage, NULL);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", in(stage, "said")), 1);
    assert_said(stage, "is no directory");
}

static void without_a_network_it_says_how_to_do_without(void **state)
{
    struct stage *stage = *state;
    struct file_server_plan plan = {.name = "x"};
    uint16_t port;

    stage->server = file_server_start(&plan);
    port = file_server_port(stage->server);
    file_server_stop(stage->server);
    stage->server = NULL;
    set(stage, "NOMOS_CIRCUITS_URL=http://127.0.0.1:%u", port);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "cannot be reached");
    assert_said(stage, "NOMOS_CIRCUITS_URL=file:///that/directory");
    assert_said(stage, ARCHIVE);
    assert_nothing_installed(stage);
    /* Nor is it taken for a missing checksum when that is what it looks for first. */
    assert_code(stage, SETUP(stage, "v1", stage->target), 1);
    assert_said(stage, "cannot be reached");
    assert_said(stage, "NOMOS_CIRCUITS_URL=file:///that/directory");
    assert_nothing_installed(stage);
    assert_false(exists(stage->stage_directory));
}

static void what_the_server_refuses_is_explained(void **state)
{
    static const struct {
        int status;
        const char *said;
    } answers[] = {{404, "is there a release v1 for linux-x86_64?"}, {403, "GITHUB_TOKEN may help"},
        {503, "in 3 attempts"}};
    struct stage *stage = *state;

    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const struct file_server_plan plan = {.name = ARCHIVE, .status = answers[i].status};

        stage->server = file_server_start(&plan);
        set(stage, "NOMOS_CIRCUITS_URL=http://127.0.0.1:%u", file_server_port(stage->server));
        assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
        assert_said(stage, answers[i].said);
        assert_nothing_installed(stage);
        file_server_stop(stage->server);
        stage->server = NULL;
        stage->env_count--;
    }
    from_files(stage);
    assert_int_equal(unlink(in(stage, "web/" ARCHIVE)), 0);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "is there a release");
}

static void archives_that_are_no_circuits_are_refused(void **state)
{
    struct stage *stage = *state;
    static const char *const files[] = {"prover", "zksign/witness_generator",
        "zksign/proving_key.zkey", "zksign/verification_key.json"};

    from_files(stage);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[2 * PATH_SIZE];

        make_tree(stage, "x");
        (void)snprintf(path, sizeof(path), "%s/src/circuits/%s", stage->root, files[i]);
        assert_int_equal(unlink(path), 0);
        pack(stage, ARCHIVE);
        assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
        assert_said(stage, files[i]);
        assert_said(stage, "Nothing was installed");
        assert_nothing_installed(stage);
    }
    write_text(in(stage, "web/" ARCHIVE), "this is no archive", 0644);
    digest_sha256("this is no archive", 18, stage->sum);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "cannot be unpacked");
    assert_nothing_installed(stage);
}

static void names_that_lead_out_of_the_archive_are_refused(void **state)
{
    struct stage *stage = *state;
    struct file_text text = {0};

    from_files(stage);
    write_text(in(stage, "src/circuits/evil"), "x", 0644);
    assert_code(stage,
        call(stage,
            (const char *const[]){"tar", "-czf", in(stage, "web/" ARCHIVE), "-C", in(stage, "src"),
                "--transform", "s|circuits/evil|circuits/../../../evil|", "-P", "circuits", NULL}),
        0);
    assert_int_equal(file_read(in(stage, "web/" ARCHIVE), FILE_MAX, &text, NULL), ASSAY_OK);
    digest_sha256(text.data, text.size, stage->sum);
    free(text.data);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "names that lead out of it");
    assert_nothing_installed(stage);
    assert_false(exists(in(stage, "home/evil")));
    assert_false(exists(in(stage, "home/deep/evil")));
}

static void two_at_a_time_do_not_get_in_each_others_way(void **state)
{
    struct stage *stage = *state;
    char lock[2 * PATH_SIZE];
    int fd;

    from_files(stage);
    assert_int_equal(mkdir(stage->stage_directory, 0755), 0);
    (void)snprintf(lock, sizeof(lock), "%s/lock", stage->stage_directory);
    fd = open(lock, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 1);
    assert_said(stage, "another setup-nomos-circuits.sh is at work");
    (void)close(fd);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
}

static void arguments_that_make_no_sense_are_refused(void **state)
{
    struct stage *stage = *state;

    from_files(stage);
    assert_code(stage, SETUP(stage, "--frobnicate"), 1);
    assert_said(stage, "no option --frobnicate");
    assert_code(stage, SETUP(stage, "v1", "a", "b"), 1);
    assert_said(stage, "too many arguments");
    assert_code(stage, SETUP(stage, "../v1"), 1);
    assert_said(stage, "is no version");
    assert_code(stage, SETUP(stage, "--sha256", "abc", "v1", stage->target), 1);
    assert_said(stage, "neither 64 hex digits nor a file");
    assert_code(stage, SETUP(stage, "--sha256"), 1);
    set(stage, "NOMOS_CIRCUITS_REBUILD_RAPIDSNARK=1");
    assert_code(stage, SETUP(stage, "v1", stage->target), 1);
    assert_said(stage, "the prover is not built here");
    assert_code(stage, SETUP(stage, "--help"), 0);
    assert_said(stage, "Usage:");
    assert_nothing_installed(stage);
}

static void a_token_goes_to_nobody_but_github(void **state)
{
    struct stage *stage = *state;

    serve(stage, SERVE_WHOLE, 0);
    set(stage, "GITHUB_TOKEN=secret");
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1", stage->target), 0);
    assert_false(file_server_saw_authorization(stage->server));
}

static void the_usual_directory_is_below_home(void **state)
{
    struct stage *stage = *state;

    from_files(stage);
    (void)snprintf(stage->target, sizeof(stage->target), "%s/home/.nomos-circuits", stage->root);
    assert_code(stage, SETUP(stage, "--sha256", stage->sum, "v1"), 0);
    assert_installed(stage, NULL);
    assert_null(strstr(stage->said, "export"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_sum_fits_is_installed),
        TEST(a_second_run_has_nothing_to_do),
        TEST(a_wrong_sum_installs_nothing),
        TEST(nothing_is_installed_without_a_sum),
        TEST(the_sum_can_stand_in_the_environment_in_a_file_or_beside_the_archive),
        TEST(a_download_that_was_cut_goes_on_where_it_stopped),
        TEST(a_download_that_is_always_cut_installs_nothing_and_goes_on_next_time),
        TEST(a_server_that_knows_no_parts_is_asked_for_the_whole_again),
        TEST(killed_in_the_middle_of_a_download_it_goes_on_next_time),
        TEST(killed_anywhere_it_leaves_all_or_nothing),
        TEST(killed_between_the_two_renames_the_next_run_puts_the_old_one_back),
        TEST(another_version_takes_the_place_only_when_told),
        TEST(a_directory_of_somebody_else_is_left_alone),
        TEST(without_a_network_it_says_how_to_do_without),
        TEST(what_the_server_refuses_is_explained),
        TEST(archives_that_are_no_circuits_are_refused),
        TEST(names_that_lead_out_of_the_archive_are_refused),
        TEST(two_at_a_time_do_not_get_in_each_others_way),
        TEST(arguments_that_make_no_sense_are_refused),
        TEST(a_token_goes_to_nobody_but_github),
        TEST(the_usual_directory_is_below_home),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
