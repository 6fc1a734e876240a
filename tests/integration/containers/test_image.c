/* build_test_image.sh, as far as it goes without an engine: what is in the archive, under which name,
   the same each time, and what is refused. The programs in it are stand-ins. Everything happens in a
   directory made by mkdtemp. */
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"

#define SCRIPT      ASSAY_SOURCE_DIR "/assets/stack/scripts/build_test_image.sh"
#define STATIC_FILE "/bin/busybox" /* of busybox-static: any static program will do */

enum {
    PATH_SIZE = 256,
    ENV_MAX = 16,
    FILE_MAX = 64 * 1024 * 1024,
    IMAGE_SIZE_GOAL = 12 * 1024 * 1024
};

struct stage {
    char root[64];
    char env[ENV_MAX][PATH_SIZE + 64];
    size_t env_count;
    char *said; /* by the last program */
};

/* A path in the test's directory; overwritten by the eighth call from here. */
static const char *in(const struct stage *stage, const char *name)
{
    static char paths[8][PATH_SIZE];
    static size_t turn;
    char *path = paths[turn++ % 8];
    const int size = snprintf(path, PATH_SIZE, "%s/%s", stage->root, name);

    assert_in_range(size, 1, PATH_SIZE - 1);
    return path;
}

__attribute__((format(printf, 2, 3))) static void set(struct stage *stage, const char *format, ...)
{
    va_list args;

    assert_true(stage->env_count < ENV_MAX);
    va_start(args, format);
    (void)vsnprintf(stage->env[stage->env_count++], sizeof(stage->env[0]), format, args);
    va_end(args);
}

static int call(struct stage *stage, const char *const *words)
{
    const char *env[ENV_MAX + 3] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"};
    posix_spawn_file_actions_t actions;
    const char *said = in(stage, "said");
    struct file_text text = {0};
    int status = 0;
    pid_t pid = 0;

    for (size_t i = 0; i < stage->env_count; i++)
        env[2 + i] = stage->env[i];
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 1, said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)posix_spawn_file_actions_adddup2(&actions, 1, 2);
    (void)posix_spawn_file_actions_addchdir_np(&actions, stage->root);
    assert_int_equal(posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words,
                         (char *const *)(uintptr_t)env),
        0);
    (void)posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    free(stage->said);
    assert_int_equal(file_read(in(stage, "said"), FILE_MAX, &text, NULL), ASSAY_OK);
    stage->said = text.data;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define CALL(stage, ...)  call((stage), (const char *const[]){__VA_ARGS__, NULL})
#define BUILD(stage, ...) CALL((stage), "bash", SCRIPT, __VA_ARGS__)

static void works(struct stage *stage, int code)
{
    if (code != 0)
        fail_msg("it ended with %d:\n%s", code, stage->said);
}

static void says(const struct stage *stage, const char *part)
{
    if (!strstr(stage->said, part))
        fail_msg("'%s' is not in:\n%s", part, stage->said);
}

static void lacks(const struct stage *stage, const char *part)
{
    if (strstr(stage->said, part))
        fail_msg("'%s' is in:\n%s", part, stage->said);
}

static void write_file(struct stage *stage, const char *name, const char *text)
{
    const struct file_text content = {.data = (char *)(uintptr_t)text, .size = strlen(text)};

    assert_int_equal(file_write(in(stage, name), &content, FILE_PLAIN, NULL), ASSAY_OK);
}

static int open_stage(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    (void)snprintf(stage->root, sizeof(stage->root), "/tmp/assay-image-XXXXXX");
    assert_non_null(mkdtemp(stage->root));
    assert_int_equal(mkdir(in(stage, "programs"), 0755), 0);
    if (access(STATIC_FILE, X_OK) == 0) {
        works(stage, CALL(stage, "cp", STATIC_FILE, "programs/nomos-devnode"));
        works(stage, CALL(stage, "cp", STATIC_FILE, "programs/cfgsync-server"));
        works(stage, CALL(stage, "cp", STATIC_FILE, "programs/cfgsync-client"));
    }
    *state = stage;
    return 0;
}

static int close_stage(void **state)
{
    struct stage *stage = *state;

    (void)dir_remove(stage->root, NULL);
    free(stage->said);
    free(stage);
    return 0;
}

static void need_busybox(void)
{
    if (access(STATIC_FILE, X_OK) == 0)
        return;
    print_message("skipped: there is no " STATIC_FILE "; install busybox-static\n");
    skip();
}

/* The names of all files of the image, one a line, into `said`; details for `ls -l` people. */
static void list(struct stage *stage, const char *archive)
{
    works(stage, CALL(stage, "mkdir", "-p", "look"));
    works(stage, CALL(stage, "tar", "-xf", archive, "-C", "look"));
    works(stage, CALL(stage, "sh", "-c", "tar --numeric-owner --full-time -tvf look/*/layer.tar"));
}

static void an_archive_has_programs_scripts_and_parameters(void **state)
{
    struct stage *stage = *state;
    struct stat status;

    need_busybox();
    works(stage, BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"));
    says(stage, "nomos-testnet:local is sha256:");
    assert_int_equal(stat(in(stage, "a.tar"), &status), 0);
    assert_true(status.st_size < IMAGE_SIZE_GOAL);
    list(stage, "a.tar");
    says(stage, "-rwxr-xr-x 0/0");
    says(stage, "1970-01-01 00:00:00 ./usr/bin/nomos-node\n");
    says(stage, "./usr/bin/nomos-executor -> nomos-node\n");
    says(stage, "./usr/bin/cfgsync-server\n");
    says(stage, "./usr/bin/cfgsync-client\n");
    says(stage, "./etc/nomos/scripts/run_nomos.sh\n");
    says(stage, "./etc/nomos/scripts/run_nomos_node.sh\n");
    says(stage, "./etc/nomos/scripts/run_nomos_executor.sh\n");
    says(stage, "./etc/nomos/scripts/run_cfgsync.sh\n");
    says(stage, "./opt/nomos/kzg-params/kzgrs_test_params\n");
    says(stage, "./kzgrs_test_params -> opt/nomos/kzg-params\n");
    says(stage, "./bin/sh -> busybox\n");
    lacks(stage, "opt/circuits");
    works(stage, CALL(stage, "sh", "-c", "cat look/manifest.json look/*.json"));
    says(stage, "\"RepoTags\":[\"nomos-testnet:local\"]");
    says(stage, "\"io.assay.nodes\":\"development\"");
    says(stage, "\"StopSignal\":\"SIGINT\"");
}

static void the_same_inputs_make_the_same_archive(void **state)
{
    struct stage *stage = *state;

    need_busybox();
    works(stage, BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"));
    works(stage, CALL(stage, "touch", "-d", "2001-01-01", "programs/nomos-devnode"));
    works(stage, CALL(stage, "chmod", "700", "programs/cfgsync-client"));
    works(stage, BUILD(stage, "--no-load", "--output", "b.tar", "--programs", "programs"));
    works(stage, CALL(stage, "cmp", "a.tar", "b.tar"));
}

static void variables_name_the_image(void **state)
{
    struct stage *stage = *state;

    need_busybox();
    set(stage, "NOMOS_TESTNET_IMAGE=acme/nodes:1");
    works(stage, BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"));
    says(stage, "acme/nodes:1 is sha256:");
    set(stage, "IMAGE_TAG=acme/nodes:2");
    works(stage, BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"));
    says(stage, "acme/nodes:2 is sha256:");
}

static void parameters_come_from_where_the_variables_say(void **state)
{
    struct stage *stage = *state;

    need_busybox();
    works(stage, CALL(stage, "mkdir", "kzg"));
    write_file(stage, "kzg/other", "the parameters");
    set(stage, "NOMOS_KZGRS_PARAMS_PATH=%s", in(stage, "kzg"));
    set(stage, "NOMOS_KZG_FILE=other");
    works(stage, BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"));
    list(stage, "a.tar");
    works(stage,
        CALL(stage, "sh", "-c",
            "tar -xOf look/*/layer.tar ./opt/nomos/kzg-params/kzgrs_test_params"));
    assert_string_equal(stage->said, "the parameters");
    (void)snprintf(stage->env[1], sizeof(stage->env[1]), "NOMOS_KZG_FILE=missing");
    assert_int_equal(BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"), 1);
    says(stage, "KZG parameters are not at ");
}

static void a_bundle_of_real_programs_takes_the_place_of_ours(void **state)
{
    struct stage *stage = *state;

    need_busybox();
    works(stage, CALL(stage, "mkdir", "-p", "artifacts/circuits/zksign", "mine"));
    works(stage, CALL(stage, "cp", "/bin/true", "artifacts/nomos-node"));
    works(stage, CALL(stage, "cp", "/bin/true", "artifacts/nomos-executor"));
    write_file(stage, "artifacts/circuits/zksign/verification_key.json", "{}");
    write_file(stage, "mine/prover", "x");
    write_file(stage, "params", "p");
    works(stage, CALL(stage, "tar", "-cf", "bundle.tar", "artifacts"));
    set(stage, "NOMOS_BINARIES_TAR=%s", in(stage, "bundle.tar"));
    set(stage, "NOMOS_KZGRS_PARAMS_PATH=%s", in(stage, "params"));
    works(stage, BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"));
    list(stage, "a.tar");
    says(stage, "./usr/bin/nomos-node\n");
    says(stage, "./usr/bin/nomos-executor\n");
    says(stage, "/libc.so.6\n"); /* what they load */
    says(stage, "./opt/circuits/zksign/verification_key.json\n");
    works(stage, CALL(stage, "sh", "-c", "cat look/*.json"));
    says(stage, "\"NOMOS_CIRCUITS=/opt/circuits\"");
    says(stage, "\"io.assay.nodes\":\"real\"");

    works(stage, CALL(stage, "rm", "-r", "look"));
    set(stage, "CIRCUITS_OVERRIDE=%s", in(stage, "mine"));
    works(stage, BUILD(stage, "--no-load", "--output", "b.tar", "--programs", "programs"));
    list(stage, "b.tar");
    says(stage, "./opt/circuits/prover\n");
    lacks(stage, "verification_key.json");
}

static void a_bundle_that_lacks_something_is_refused(void **state)
{
    struct stage *stage = *state;

    need_busybox();
    set(stage, "BUNDLE_TAR_PATH=%s", in(stage, "bundle.tar"));
    assert_int_equal(BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"), 1);
    says(stage, "bundle.tar, which is no file");
    works(stage, CALL(stage, "mkdir", "artifacts"));
    works(stage, CALL(stage, "cp", "/bin/true", "artifacts/nomos-node"));
    works(stage, CALL(stage, "tar", "-cf", "bundle.tar", "artifacts"));
    assert_int_equal(BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"), 1);
    says(stage, "has no artifacts/nomos-executor");
    assert_int_equal(access(in(stage, "a.tar"), F_OK), -1);
}

static void programs_that_would_not_start_in_it_are_refused(void **state)
{
    struct stage *stage = *state;

    need_busybox();
    works(stage, CALL(stage, "cp", "/bin/true", "programs/cfgsync-client"));
    assert_int_equal(BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"), 1);
    says(stage, "programs/cfgsync-client is not static");
    works(stage, CALL(stage, "rm", "programs/cfgsync-client"));
    assert_int_equal(BUILD(stage, "--no-load", "--output", "a.tar", "--programs", "programs"), 1);
    says(stage, "programs/cfgsync-client is missing");
}

/* An installation has no sources. Its programs, put in place by `with`, and its scripts are found wherever
   it lies. */
static int build_in_installation(struct stage *stage, const char *with)
{
    works(stage, CALL(stage, "mkdir", "-p", "prefix/share/assay", "prefix/libexec/assay"));
    works(stage,
        CALL(stage, "cp", "-R", ASSAY_SOURCE_DIR "/assets/stack", "prefix/share/assay/stack"));
    works(stage, CALL(stage, "sh", "-c", with));
    return CALL(stage, "bash", "prefix/share/assay/stack/scripts/build_test_image.sh", "--no-load",
        "--output", "a.tar");
}

static void an_installation_takes_the_programs_that_came_with_it(void **state)
{
    struct stage *stage = *state;

    need_busybox();
    works(stage, build_in_installation(stage, "cp -R programs prefix/libexec/assay/image"));
    list(stage, "a.tar");
    says(stage, "./usr/bin/nomos-node\n");
    says(stage, "./usr/bin/cfgsync-client\n");
}

static void an_installation_without_programs_says_what_to_do(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(build_in_installation(stage, "true"), 1);
    says(stage,
        "make the image from a checkout of assay, with this script there, or give --programs");
    assert_int_equal(access(in(stage, "a.tar"), F_OK), -1);
}

static void a_command_line_that_makes_no_sense_is_refused(void **state)
{
    struct stage *stage = *state;

    assert_int_equal(BUILD(stage, "--faster"), 2);
    says(stage, "unknown option --faster");
    assert_int_equal(BUILD(stage, "--no-load"), 2);
    says(stage, "--no-load without --output");
    works(stage, BUILD(stage, "--help"));
    says(stage, "--output FILE");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_archive_has_programs_scripts_and_parameters),
        TEST(the_same_inputs_make_the_same_archive),
        TEST(variables_name_the_image),
        TEST(parameters_come_from_where_the_variables_say),
        TEST(a_bundle_of_real_programs_takes_the_place_of_ours),
        TEST(a_bundle_that_lacks_something_is_refused),
        TEST(programs_that_would_not_start_in_it_are_refused),
        TEST(an_installation_takes_the_programs_that_came_with_it),
        TEST(an_installation_without_programs_says_what_to_do),
        TEST(a_command_line_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
