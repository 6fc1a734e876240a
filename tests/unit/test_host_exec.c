/* Commands that a system runs: their directories, their turn, and what is kept for later runs. */
#include "host_world.h"

#include <sys/stat.h>
#include <unistd.h>

#include "framework/host/cache.h"
#include "framework/host/exec.h"

struct state {
    struct world *world;
    const assay_exec *exec;
    char cache[64];
};

static int setup(void **out)
{
    struct state *state = calloc(1, sizeof(*state));

    assert_non_null(state);
    (void)snprintf(state->cache, sizeof(state->cache), "/tmp/assay-test-cache-XXXXXX");
    assert_non_null(mkdtemp(state->cache));
    assert_int_equal(setenv("XDG_CACHE_HOME", state->cache, 1), 0);
    state->world = world_new(1, 0);
    state->exec = fixture_service(state->world->system, ASSAY_EXEC);
    *out = state;
    return 0;
}

static int teardown(void **in)
{
    struct state *state = *in;

    world_free(state->world);
    assert_int_equal(dir_remove(state->cache, NULL), ASSAY_OK);
    free(state);
    return 0;
}

static assay_scratch *open_scratch(const struct state *state)
{
    assay_scratch *scratch = NULL;

    assert_int_equal(state->exec->open(state->world->system_table, &scratch), ASSAY_OK);
    return scratch;
}

static unsigned mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777u;
}

/* ---- directories ---- */

static void a_scratch_is_private_and_goes_when_it_is_closed(void **in)
{
    const struct state *state = *in;
    assay_scratch *scratch = open_scratch(state), *other = open_scratch(state);
    char path[256];

    assert_string_not_equal(state->exec->directory(scratch), state->exec->directory(other));
    assert_int_equal(mode_of(state->exec->directory(scratch)), 0700);
    assert_int_equal(state->exec->write(state->world->system_table, scratch, "secret.json",
                         (assay_bytes){.data = "{}", .size = 2}),
        ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/secret.json", state->exec->directory(scratch));
    assert_int_equal(mode_of(path), 0600);
    state->exec->close(scratch);
    assert_int_not_equal(access(path, F_OK), 0);
    state->exec->close(NULL);
    state->exec->close(other);
}

static void a_scratch_that_is_not_closed_goes_with_its_instance(void **in)
{
    const struct state *state = *in;
    struct fixture *fixture = state->world->fixture;
    char directory[256];

    (void)snprintf(directory, sizeof(directory), "%s", state->exec->directory(open_scratch(state)));
    for (unsigned i = 0; i < fixture->instance_count; i++)
        host_instance_free(fixture->instances[i]);
    fixture->instance_count = 0;
    assert_int_not_equal(access(directory, F_OK), 0);
}

static void the_journal_knows_of_the_directories_before_there_is_one(void **in)
{
    const struct state *state = *in;
    char root[128];

    state->world->fakes.remove_status = ASSAY_E_IO;
    assay_scratch *scratch = NULL;
    assert_int_equal(state->exec->open(state->world->system_table, &scratch), ASSAY_E_IO);
    (void)snprintf(root, sizeof(root), "%s/scratch", state->world->fixture->run_dir);
    assert_int_not_equal(access(root, F_OK), 0);
    state->world->fakes.remove_status = ASSAY_OK;
    state->exec->close(open_scratch(state));
    state->exec->close(open_scratch(state));
    assert_string_equal(state->world->fakes.removed_later, root);
    assert_int_equal(state->world->fakes.removals, 1);
}

static void without_a_supervisor_there_are_no_scratches(void **in)
{
    struct fixture *fixture = fixture_new(1);
    struct host_instance *system = fixture_instance(fixture, "system.s", ASSAY_SYSTEM);
    const assay_exec *exec = fixture_service(system, ASSAY_EXEC);
    assay_scratch *scratch = NULL;

    (void)in;
    assert_int_equal(exec->open(host_instance_table(system), &scratch), ASSAY_E_UNSUPPORTED);
    fixture_free(fixture);
}

static void only_plain_names_are_written(void **in)
{
    static const char *const names[] = {"", "..", "../x", "/etc/x", "a/b", NULL};
    const struct state *state = *in;
    assay_scratch *scratch = open_scratch(state);

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_int_equal(state->exec->write(state->world->system_table, scratch, names[i],
                             (assay_bytes){.data = "x", .size = 1}),
            ASSAY_E_INVALID);
    assert_int_equal(state->exec->write(state->world->system_table, scratch, "x",
                         (assay_bytes){.data = NULL, .size = 1}),
        ASSAY_E_INVALID);
    state->exec->close(scratch);
}

static void services_of_commands_are_for_systems(void **in)
{
    const struct state *state = *in;
    const assay_host *deployer = state->world->table;

    assert_null(deployer->service(deployer, ASSAY_EXEC));
}

/* ---- reading ---- */

struct call {
    const struct state *state;
    const assay_scratch *scratch;
    const char *path;
    const char *const *argv;
    size_t max;
    assay_ns until;
    int32_t exit_code;
    char text[CACHE_BYTES_MAX + 1];
    size_t size;
};

static assay_status call_read(assay_task *task, void *arg)
{
    struct call *call = arg;
    assay_bytes bytes = {0};
    const assay_status s = call->state->exec->read(task, call->path, call->max, &bytes);

    if (!s)
        (void)snprintf(call->text, sizeof(call->text), "%s", (const char *)bytes.data);
    call->size = bytes.size;
    return s;
}

static void files_are_read_whole_or_not_at_all(void **in)
{
    struct state *state = *in;
    assay_scratch *scratch = open_scratch(state);
    char path[256];
    struct call call = {.state = state, .path = path, .max = 5};

    assert_int_equal(state->exec->write(state->world->system_table, scratch, "f",
                         (assay_bytes){.data = "hello", .size = 5}),
        ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/f", state->exec->directory(scratch));
    assert_int_equal(run_body(state->world->system, call_read, &call).status, ASSAY_OK);
    assert_string_equal(call.text, "hello");
    assert_int_equal(call.size, 5);
    call.max = 4;
    assert_int_equal(run_body(state->world->system, call_read, &call).status, ASSAY_E_INVALID);
    call.path = "f";
    assert_int_equal(run_body(state->world->system, call_read, &call).status, ASSAY_E_INVALID);
    call.path = NULL;
    assert_int_equal(run_body(state->world->system, call_read, &call).status, ASSAY_E_INVALID);
    call.path = "/nowhere/at/all";
    assert_int_not_equal(run_body(state->world->system, call_read, &call).status, ASSAY_OK);
    state->exec->close(scratch);
}

/* ---- running ---- */

static assay_status call_run(assay_task *task, void *arg)
{
    struct call *call = arg;
    assay_bytes bytes = {0};
    const assay_status s = call->state->exec->run(
        task, call->scratch, call->argv, call->until, &call->exit_code, &bytes);

    if (!s)
        (void)snprintf(call->text, sizeof(call->text), "%s", (const char *)bytes.data);
    return s;
}

static const char *const shell[] = {"sh", "-c", "make it", NULL};

static void a_command_runs_in_its_directory(void **in)
{
    struct state *state = *in;
    assay_scratch *scratch = open_scratch(state);
    struct call call = {.state = state, .scratch = scratch, .argv = shell, .until = ASSAY_FOREVER};

    state->world->fakes.prints = "done\n";
    state->world->fakes.born = (struct process_status){.state = PROCESS_EXITED, .code = 3};
    assert_int_equal(run_body(state->world->system, call_run, &call).status, ASSAY_OK);
    assert_int_equal(call.exit_code, 3);
    assert_string_equal(call.text, "done\n");
    assert_string_equal(state->world->fakes.directory[0], state->exec->directory(scratch));
    assert_non_null(strstr(state->world->fakes.argv[0], "/sh -c make it"));
    assert_int_not_equal(access(state->world->fakes.output[0], F_OK), 0);
    state->exec->close(scratch);
}

static void a_command_that_takes_too_long_is_killed(void **in)
{
    struct state *state = *in;
    assay_scratch *scratch = open_scratch(state);
    struct call call = {.state = state, .scratch = scratch, .argv = shell};
    const struct host_operation_result result = run_body(state->world->system, call_run, &call);

    assert_int_equal(result.status, ASSAY_E_TIMEOUT);
    assert_non_null(strstr(result.why, "not done in time"));
    assert_int_equal(state->world->fakes.last_signal, SIGKILL);
    assert_int_equal(exec_running(state->world->fixture->host->exec), 0);
    state->exec->close(scratch);
}

/* More commands than may run: `extra` is the last of them, and is let in when one has ended. */
struct crowd {
    struct call calls[EXEC_RUNNING_MAX + 1];
    uint32_t limit;
    uint32_t running_when_full;
    assay_status extra_in_vain;
};

static assay_status run_crowd(assay_task *task, void *arg)
{
    struct crowd *crowd = arg;
    const struct state *state = crowd->calls[0].state;
    struct exec *exec = state->world->fixture->host->exec;
    struct fakes *fakes = &state->world->fakes;
    assay_child *children[EXEC_RUNNING_MAX + 1];
    assay_status s = ASSAY_OK, result = ASSAY_OK;

    for (uint32_t i = 0; !s && i < crowd->limit; i++)
        s = tasks_table.spawn(task, "command", call_run, &crowd->calls[i], &children[i]);
    while (!s && exec_running(exec) < crowd->limit)
        s = tasks_table.join(task, children[0], 0, NULL) == ASSAY_E_TIMEOUT ? ASSAY_OK
                                                                            : ASSAY_E_INTERNAL;
    crowd->running_when_full = exec_running(exec);
    /* No turn for one that cannot wait. */
    crowd->calls[crowd->limit].until = 0;
    if (!s)
        s = tasks_table.spawn(
            task, "extra", call_run, &crowd->calls[crowd->limit], &children[crowd->limit]);
    if (!s)
        s = tasks_table.join(task, children[crowd->limit], ASSAY_FOREVER, &crowd->extra_in_vain);
    /* One that can gets it when another has ended. */
    crowd->calls[crowd->limit].until = ASSAY_FOREVER;
    if (!s)
        s = tasks_table.spawn(
            task, "extra", call_run, &crowd->calls[crowd->limit], &children[crowd->limit]);
    for (uint32_t ended = 0; !s && ended <= crowd->limit;) {
        struct process_status status;

        if (fakes_status(fakes, ended, &status) == ASSAY_OK)
            fakes_end(fakes, ended++, PROCESS_EXITED, 0);
    }
    for (uint32_t i = 0; !s && i <= crowd->limit; i++) {
        s = tasks_table.join(task, children[i], ASSAY_FOREVER, &result);
        s = s ? s : result;
    }
    return s;
}

static void no_more_commands_run_than_there_are_processors(void **in)
{
    struct state *state = *in;
    struct exec *exec = state->world->fixture->host->exec;
    assay_scratch *scratch = open_scratch(state);
    struct crowd *crowd = NULL;

    assert_in_range(exec_limit(exec), 1, EXEC_RUNNING_MAX);
    if (exec_limit(exec) >= FAKES_MAX) {
        state->exec->close(scratch);
        skip(); /* the table of fakes is too small for this machine */
    }
    crowd = calloc(1, sizeof(*crowd));
    assert_non_null(crowd);
    crowd->limit = exec_limit(exec);
    for (uint32_t i = 0; i <= crowd->limit; i++)
        crowd->calls[i] = (struct call){
            .state = state, .scratch = scratch, .argv = shell, .until = ASSAY_FOREVER};
    assert_int_equal(run_body(state->world->system, run_crowd, crowd).status, ASSAY_OK);
    assert_int_equal(crowd->running_when_full, crowd->limit);
    assert_int_equal(crowd->extra_in_vain, ASSAY_E_TIMEOUT);
    assert_int_equal(exec_running(exec), 0);
    free(crowd);
    state->exec->close(scratch);
}

/* ---- keeping ---- */

static assay_status keep(const struct state *state, const char *key, const void *data, size_t size)
{
    return state->exec->keep(
        state->world->system_table, key, (assay_bytes){.data = data, .size = size});
}

static assay_status recall(struct state *state, const char *key, struct call *out)
{
    *out = (struct call){.state = state};
    return state->exec->recall(
        state->world->system_table, key, out->text, sizeof(out->text), &out->size);
}

static void what_was_kept_is_there_for_later_runs(void **in)
{
    struct state *state = *in;
    static char most[CACHE_BYTES_MAX];
    struct call call;

    memset(most, 7, sizeof(most));
    assert_int_equal(recall(state, "proof of x", &call), ASSAY_E_NOTFOUND);
    assert_int_equal(keep(state, "proof of x", "a\0b", 3), ASSAY_OK);
    assert_int_equal(recall(state, "proof of x", &call), ASSAY_OK);
    assert_int_equal(call.size, 3);
    assert_memory_equal(call.text, "a\0b", 3);
    assert_int_equal(keep(state, "proof of x", "", 0), ASSAY_OK);
    assert_int_equal(recall(state, "proof of x", &call), ASSAY_OK);
    assert_int_equal(call.size, 0);
    assert_int_equal(keep(state, "most", most, sizeof(most)), ASSAY_OK);
    assert_int_equal(recall(state, "most", &call), ASSAY_OK);
    assert_int_equal(call.size, sizeof(most));
    assert_memory_equal(call.text, most, sizeof(most));
    assert_int_equal(state->exec->recall(state->world->system_table, "most", call.text,
                         sizeof(most) - 1, &call.size),
        ASSAY_E_LAGGED);
}

static void what_one_plugin_keeps_is_not_anothers(void **in)
{
    struct state *state = *in;
    const struct host_instance_config config = {
        .name = "system.t", .plugin_id = "other.plugin", .kind = ASSAY_SYSTEM};
    struct host_instance *other = NULL;
    char byte[1];
    size_t size = 0;

    assert_int_equal(keep(state, "k", "x", 1), ASSAY_OK);
    assert_int_equal(
        host_instance_new(state->world->fixture->host, &config, &other, NULL), ASSAY_OK);
    assert_int_equal(
        state->exec->recall(host_instance_table(other), "k", byte, 1, &size), ASSAY_E_NOTFOUND);
    host_instance_free(other);
}

static void what_cannot_be_kept_is_refused(void **in)
{
    struct state *state = *in;
    static char too_much[CACHE_BYTES_MAX + 1];
    char key[CACHE_KEY_MAX + 2];
    struct call call;

    memset(key, 'k', sizeof(key));
    key[CACHE_KEY_MAX + 1] = '\0';
    assert_int_equal(keep(state, key, "x", 1), ASSAY_E_INVALID);
    assert_int_equal(recall(state, key, &call), ASSAY_E_INVALID);
    key[CACHE_KEY_MAX] = '\0';
    assert_int_equal(keep(state, key, "x", 1), ASSAY_OK);
    assert_int_equal(recall(state, key, &call), ASSAY_OK);
    assert_int_equal(keep(state, "", "x", 1), ASSAY_E_INVALID);
    assert_int_equal(keep(state, NULL, "x", 1), ASSAY_E_INVALID);
    assert_int_equal(keep(state, "two\nlines", "x", 1), ASSAY_E_INVALID);
    assert_int_equal(keep(state, "k", too_much, sizeof(too_much)), ASSAY_E_INVALID);
    assert_int_equal(keep(state, "k", NULL, 1), ASSAY_E_INVALID);
}

/* The file of the only slot there is, to be damaged. */
static void only_slot(const struct state *state, char out[256])
{
    char directory[128];

    (void)snprintf(directory, sizeof(directory), "%s/assay/test.plugin", state->cache);
    for (unsigned slot = 0; slot < CACHE_SLOTS; slot++) {
        (void)snprintf(out, 256, "%s/%04x", directory, slot);
        if (access(out, F_OK) == 0)
            return;
    }
    fail_msg("no slot in %s", directory);
}

static void a_slot_of_another_key_is_a_miss(void **in)
{
    struct state *state = *in;
    struct call call;
    char path[256];
    struct file_text other = {.data = (char[]){"proof of y\nbytes"}, .size = 16};
    struct file_text longer = {.data = (char[]){"proof of x and y\nbytes"}, .size = 22};
    struct file_text cut = {.data = (char[]){"proof"}, .size = 5};

    assert_int_equal(keep(state, "proof of x", "a", 1), ASSAY_OK);
    only_slot(state, path);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(file_write(path, &other, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(recall(state, "proof of x", &call), ASSAY_E_NOTFOUND);
    assert_int_equal(file_write(path, &longer, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(recall(state, "proof of x", &call), ASSAY_E_NOTFOUND);
    assert_int_equal(file_write(path, &cut, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(recall(state, "proof of x", &call), ASSAY_E_NOTFOUND);
}

static void the_cache_is_in_the_home_directory_by_default(void **in)
{
    struct state *state = *in;
    char *home = strdup(getenv("HOME") ? getenv("HOME") : "/");
    char path[256];

    assert_non_null(home);
    assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
    assert_int_equal(setenv("HOME", state->cache, 1), 0);
    assert_int_equal(keep(state, "k", "x", 1), ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/.cache/assay/test.plugin", state->cache);
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(setenv("HOME", home, 1), 0);
    free(home);
}

static void without_a_home_nothing_is_kept_or_found(void **in)
{
    struct state *state = *in;
    char *home = strdup(getenv("HOME") ? getenv("HOME") : "/");
    struct call call;

    assert_non_null(home);
    assert_int_equal(setenv("XDG_CACHE_HOME", "not/absolute", 1), 0);
    assert_int_equal(unsetenv("HOME"), 0);
    assert_int_equal(keep(state, "k", "x", 1), ASSAY_E_UNSUPPORTED);
    assert_int_equal(recall(state, "k", &call), ASSAY_E_NOTFOUND);
    assert_int_equal(setenv("HOME", home, 1), 0);
    free(home);
}

static void a_cache_that_cannot_be_written_says_so(void **in)
{
    struct state *state = *in;
    char file[128];
    struct file_text nothing = {.data = (char[]){""}, .size = 0};

    (void)snprintf(file, sizeof(file), "%s/assay", state->cache);
    assert_int_equal(file_write(file, &nothing, FILE_PLAIN, NULL), ASSAY_OK); /* in the way */
    assert_int_not_equal(keep(state, "k", "x", 1), ASSAY_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_scratch_is_private_and_goes_when_it_is_closed),
        TEST(a_scratch_that_is_not_closed_goes_with_its_instance),
        TEST(the_journal_knows_of_the_directories_before_there_is_one),
        TEST(without_a_supervisor_there_are_no_scratches),
        TEST(only_plain_names_are_written),
        TEST(services_of_commands_are_for_systems),
        TEST(files_are_read_whole_or_not_at_all),
        TEST(a_command_runs_in_its_directory),
        TEST(a_command_that_takes_too_long_is_killed),
        TEST(no_more_commands_run_than_there_are_processors),
        TEST(what_was_kept_is_there_for_later_runs),
        TEST(what_one_plugin_keeps_is_not_anothers),
        TEST(what_cannot_be_kept_is_refused),
        TEST(a_slot_of_another_key_is_a_miss),
        TEST(the_cache_is_in_the_home_directory_by_default),
        TEST(without_a_home_nothing_is_kept_or_found),
        TEST(a_cache_that_cannot_be_written_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
