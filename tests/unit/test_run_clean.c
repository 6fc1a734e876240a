/* Cleaning by journals that somebody left: what is killed, what is spared, what is undone. All undo
   commands touch a file in the test's own directory; no other path appears. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <inttypes.h>

#include "framework/base/file.h"
#include "framework/base/str.h"
#include "framework/run/clean.h"
#include "framework/run/journal.h"
#include "framework/run/proc.h"

enum {
    ITEMS_MAX = 8
};

struct seen {
    char run_id[64];
    char why[256];
    enum clean_outcome outcome;
    size_t processes, undos;
};

struct scene {
    char root[64];
    char journals[96];
    char run[96];
    struct proc_machine machine;
    struct seen items[ITEMS_MAX];
    size_t count;
    struct clean_options options;
};

static int set_up(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);

    (void)snprintf(scene->root, sizeof scene->root, "/tmp/assay-clean-XXXXXX");
    assert_non_null(mkdtemp(scene->root));
    (void)snprintf(scene->journals, sizeof scene->journals, "%s/journals", scene->root);
    (void)snprintf(scene->run, sizeof scene->run, "%s/run", scene->root);
    assert_int_equal(mkdir(scene->journals, 0700), 0);
    assert_int_equal(mkdir(scene->run, 0700), 0);
    proc_machine(&scene->machine);
    scene->options.directory = scene->journals;
    *state = scene;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *scene = *state;

    (void)dir_remove(scene->root, NULL);
    free(scene);
    return 0;
}

static void write_journal(const struct scene *scene, const char *run_id, const char *records)
{
    auto_free char *path = str_format("%s/%s.journal", scene->journals, run_id);
    auto_free char *text = str_format("assay-journal 1\nrun %s\ndirectory %s\nmachine %s %s %s\n%s",
        run_id, scene->run, scene->machine.host, scene->machine.boot, scene->machine.pids, records);
    const struct file_text content = {text, strlen(text)};

    assert_int_equal(file_write(path, &content, FILE_PRIVATE, NULL), ASSAY_OK);
}

static bool has_journal(const struct scene *scene, const char *run_id)
{
    auto_free char *path = str_format("%s/%s.journal", scene->journals, run_id);

    return access(path, F_OK) == 0;
}

static void note(void *context, const struct clean_item *item)
{
    struct scene *scene = context;
    struct seen *seen = &scene->items[scene->count++];

    assert_true(scene->count < ITEMS_MAX);
    (void)snprintf(seen->run_id, sizeof seen->run_id, "%s", item->run_id);
    (void)snprintf(seen->why, sizeof seen->why, "%s", item->why);
    seen->outcome = item->outcome;
    seen->processes = item->processes;
    seen->undos = item->undos;
}

static assay_status clean(struct scene *scene)
{
    scene->count = 0;
    return run_clean(&scene->options, note, scene, NULL);
}

static pid_t start_sleeper(const char *assignment)
{
    char *argv[] = {(char[]){"/bin/sleep"}, (char[]){"1000"}, NULL};
    char *environment[] = {(char *)(uintptr_t)assignment, NULL};
    const pid_t pid = fork();

    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody */
        (void)execve(argv[0], argv, environment);
        _exit(1);
    }
    while (!proc_has_assignment(pid, assignment))
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
    return pid;
}

static bool is_alive(pid_t pid)
{
    struct proc_entry entry;

    return !proc_read(pid, &entry) && entry.state != 'Z';
}

static void end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

/* ---- */

static void nothing_to_clean_is_fine(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(clean(scene), ASSAY_OK);
    assert_int_equal(scene->count, 0);
    scene->options.directory = "/no/such/directory/of/journals";
    assert_int_equal(clean(scene), ASSAY_OK);
}

static void a_run_that_left_nothing_to_clean_is_not_found(void **state)
{
    struct scene *scene = *state;

    write_journal(scene, "other", "");
    scene->options.run_id = "demo";
    assert_int_equal(clean(scene), ASSAY_E_NOTFOUND);
    assert_true(has_journal(scene, "other"));
}

static void marked_processes_are_killed_and_no_others(void **state)
{
    struct scene *scene = *state;
    const pid_t marked = start_sleeper("ASSAY_RUN_ID=demo");
    const pid_t other = start_sleeper("ASSAY_RUN_ID=demo2");

    write_journal(scene, "demo", "");
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_int_equal(scene->items[0].outcome, CLEAN_DONE);
    assert_int_equal(scene->items[0].processes, 1);
    assert_false(is_alive(marked));
    assert_true(is_alive(other));
    assert_false(has_journal(scene, "demo"));
    end(other);
}

static void a_pid_in_the_journal_counts_with_its_start_time_only(void **state)
{
    struct scene *scene = *state;
    const pid_t reused = start_sleeper("NONE=1");
    const pid_t ours = start_sleeper("NONE=2");
    auto_free char *records = NULL;
    struct proc_entry entry;

    assert_int_equal(proc_read(ours, &entry), ASSAY_OK);
    records = str_format("process a %d %" PRIu64 "\nprocess b %d %" PRIu64 "\n", (int)reused,
        entry.start_time + 7, (int)ours, entry.start_time);
    write_journal(scene, "demo", records);
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_true(is_alive(reused));
    assert_false(is_alive(ours));
    end(reused);
}

static void the_front_end_in_the_journal_is_spared(void **state)
{
    struct scene *scene = *state;
    const pid_t front = start_sleeper("NONE=1");
    auto_free char *records = NULL;
    struct proc_entry entry;

    assert_int_equal(proc_read(front, &entry), ASSAY_OK);
    records = str_format("process frontend %d %" PRIu64 "\n", (int)front, entry.start_time);
    write_journal(scene, "demo", records);
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_true(is_alive(front));
    end(front);
}

static void a_dry_run_changes_nothing(void **state)
{
    struct scene *scene = *state;
    const pid_t marked = start_sleeper("ASSAY_RUN_ID=demo");
    auto_free char *file = str_format("%s/undone", scene->run);
    auto_free char *records = str_format("undo /usr/bin/touch %s\n", file);

    write_journal(scene, "demo", records);
    scene->options.is_dry = true;
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_int_equal(scene->items[0].processes, 1);
    assert_int_equal(scene->items[0].undos, 1);
    assert_true(is_alive(marked));
    assert_true(has_journal(scene, "demo"));
    assert_int_not_equal(access(file, F_OK), 0);
    end(marked);
}

static void undo_runs_newest_first(void **state)
{
    struct scene *scene = *state;
    auto_free char *file = str_format("%s/order", scene->run);
    auto_free char *records = str_format(
        "undo /bin/sh -c echo%%20one%%20>>%s\nundo /bin/sh -c echo%%20two%%20>>%s\n", file, file);
    struct file_text text = {0};

    write_journal(scene, "demo", records);
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_int_equal(file_read(file, 100, &text, NULL), ASSAY_OK);
    assert_string_equal(text.data, "two\none\n");
    free(text.data);
}

static void a_removal_takes_a_directory_of_the_run(void **state)
{
    struct scene *scene = *state;
    auto_free char *work = str_format("%s/work/deep", scene->run);
    auto_free char *records = str_format("remove %s/work\n", scene->run);
    auto_free char *top = str_format("%s/work", scene->run);

    assert_int_equal(dir_make(work, 0700, NULL), ASSAY_OK);
    write_journal(scene, "demo", records);
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_int_not_equal(access(top, F_OK), 0);
    assert_int_equal(access(scene->run, F_OK), 0);
}

static void a_failed_undo_keeps_the_journal(void **state)
{
    struct scene *scene = *state;

    write_journal(scene, "demo", "undo /bin/false\n");
    write_journal(scene, "other", "undo /no/such/program\n");
    assert_int_equal(clean(scene), ASSAY_E_INTERNAL);

    assert_int_equal(scene->count, 2);
    assert_int_equal(scene->items[0].outcome, CLEAN_FAILED);
    assert_int_equal(scene->items[0].undos, 0);
    assert_string_equal(scene->items[0].why, "the command failed: /bin/false");
    assert_string_equal(scene->items[1].why, "the program cannot be executed: /no/such/program");
    assert_true(has_journal(scene, "demo"));
    scene->options.forgets = true;
    assert_int_equal(clean(scene), ASSAY_E_INTERNAL);
    assert_false(has_journal(scene, "demo"));
}

static void a_failed_undo_is_told_with_its_last_words(void **state)
{
    struct scene *scene = *state;

    write_journal(scene, "demo",
        "undo /bin/sh -c "
        "echo%20looking;echo%20%1B[1mno%20engine:%20start%20it%20>&2;echo;exit%201\n");
    assert_int_equal(clean(scene), ASSAY_E_INTERNAL);

    assert_non_null(strstr(
        scene->items[0].why, "the command failed (it says: [1mno engine: start it): /bin/sh -c"));
}

static void lines_that_make_no_sense_keep_the_journal(void **state)
{
    struct scene *scene = *state;
    auto_free char *file = str_format("%s/undone", scene->run);
    auto_free char *records = str_format("undo /usr/bin/touch %s\nundo rm\n", file);

    write_journal(scene, "demo", records);
    assert_int_equal(clean(scene), ASSAY_E_INTERNAL);

    assert_int_equal(access(file, F_OK), 0);
    assert_true(has_journal(scene, "demo"));
    assert_non_null(strstr(scene->items[0].why, "lines that make no sense"));
}

static void a_journal_of_another_machine_is_left_alone(void **state)
{
    struct scene *scene = *state;
    const pid_t marked = start_sleeper("ASSAY_RUN_ID=demo");

    (void)snprintf(scene->machine.host, sizeof scene->machine.host, "elsewhere");
    write_journal(scene, "demo", "undo /bin/false\n");
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_int_equal(scene->items[0].outcome, CLEAN_FOREIGN);
    assert_true(is_alive(marked));
    assert_true(has_journal(scene, "demo"));
    end(marked);
}

static void a_journal_of_another_pid_namespace_is_left_alone(void **state)
{
    struct scene *scene = *state;

    (void)snprintf(scene->machine.pids, sizeof scene->machine.pids, "pid:[1]");
    write_journal(scene, "demo", "");
    assert_int_equal(clean(scene), ASSAY_OK);
    assert_int_equal(scene->items[0].outcome, CLEAN_FOREIGN);
}

static void after_a_reboot_no_process_is_looked_for_but_all_is_undone(void **state)
{
    struct scene *scene = *state;
    const pid_t marked = start_sleeper("ASSAY_RUN_ID=demo");
    auto_free char *file = str_format("%s/undone", scene->run);
    auto_free char *records = str_format("undo /usr/bin/touch %s\n", file);

    (void)snprintf(scene->machine.boot, sizeof scene->machine.boot, "former-boot");
    write_journal(scene, "demo", records);
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_int_equal(scene->items[0].outcome, CLEAN_DONE);
    assert_true(is_alive(marked));
    assert_int_equal(access(file, F_OK), 0);
    end(marked);
}

static void a_forged_control_group_is_not_written_to(void **state)
{
    struct scene *scene = *state;
    auto_free char *fake = str_format("%s/assay-x", scene->root);
    auto_free char *kill_file = str_format("%s/cgroup.kill", fake);
    auto_free char *records = str_format("cgroup %s\n", fake);
    char untouched[] = "untouched";
    const struct file_text content = {untouched, strlen(untouched)};
    struct file_text text = {0};

    assert_int_equal(mkdir(fake, 0700), 0);
    assert_int_equal(file_write(kill_file, &content, FILE_PLAIN, NULL), ASSAY_OK);
    write_journal(scene, "demo", records);
    (void)clean(scene);

    assert_int_equal(file_read(kill_file, 100, &text, NULL), ASSAY_OK);
    assert_string_equal(text.data, "untouched");
    assert_int_equal(scene->items[0].outcome, CLEAN_FAILED);
    free(text.data);
}

static void all_journals_are_cleaned_in_order_and_other_files_ignored(void **state)
{
    struct scene *scene = *state;
    auto_free char *draft = str_format("%s/z.journal.new", scene->journals);
    auto_free char *odd = str_format("%s/.journal", scene->journals);
    char nothing[] = "";
    const struct file_text content = {nothing, 0};

    write_journal(scene, "b", "");
    write_journal(scene, "a", "");
    assert_int_equal(file_write(draft, &content, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(file_write(odd, &content, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(clean(scene), ASSAY_OK);

    assert_int_equal(scene->count, 2);
    assert_string_equal(scene->items[0].run_id, "a");
    assert_string_equal(scene->items[1].run_id, "b");
    assert_int_equal(access(draft, F_OK), 0);
}

static void a_journal_that_is_none_is_a_failure_with_its_name(void **state)
{
    struct scene *scene = *state;
    auto_free char *path = str_format("%s/broken.journal", scene->journals);
    char text[] = "hello\n";
    const struct file_text content = {text, strlen(text)};

    assert_int_equal(file_write(path, &content, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(clean(scene), ASSAY_E_INTERNAL);
    assert_string_equal(scene->items[0].run_id, "broken");
    assert_non_null(strstr(scene->items[0].why, "not a journal"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_to_clean_is_fine, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_run_that_left_nothing_to_clean_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            marked_processes_are_killed_and_no_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_pid_in_the_journal_counts_with_its_start_time_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_front_end_in_the_journal_is_spared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_dry_run_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(undo_runs_newest_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removal_takes_a_directory_of_the_run, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_undo_keeps_the_journal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_failed_undo_is_told_with_its_last_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            lines_that_make_no_sense_keep_the_journal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_journal_of_another_machine_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_journal_of_another_pid_namespace_is_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            after_a_reboot_no_process_is_looked_for_but_all_is_undone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_forged_control_group_is_not_written_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            all_journals_are_cleaned_in_order_and_other_files_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_journal_that_is_none_is_a_failure_with_its_name, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
