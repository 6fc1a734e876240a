/* Journals: what is written comes back, whatever the words; what is torn, forged or alive is told
   apart. Each test works in a directory of its own and names no path outside of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/str.h"
#include "framework/run/journal.h"

struct place {
    char root[64];
    char path[128];
    char run[128];
};

static int set_up(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    (void)snprintf(place->root, sizeof place->root, "/tmp/assay-journal-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    (void)snprintf(place->path, sizeof place->path, "%s/deep/er/x.journal", place->root);
    (void)snprintf(place->run, sizeof place->run, "%s/run", place->root);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;

    (void)dir_remove(place->root, NULL);
    free(place);
    return 0;
}

static void create(const struct place *place, struct journal *journal)
{
    const struct journal_header header = {"the-run", place->run};
    struct error err = {0};

    if (journal_create(journal, place->path, &header, &err))
        fail_msg("%s", err.text);
}

/* Writes the file as somebody else may have. */
static void forge(const struct place *place, const char *text, mode_t mode)
{
    char directory[128];
    auto_free char *copy = mem_dup(text);
    const struct file_text content = {copy, strlen(text)};

    (void)snprintf(directory, sizeof directory, "%s/deep/er", place->root);
    assert_int_equal(dir_make(directory, 0700, NULL), ASSAY_OK);
    assert_int_equal(file_write(place->path, &content, FILE_PLAIN, NULL), ASSAY_OK);
    assert_int_equal(chmod(place->path, mode), 0);
}

/* ---- writing and reading back ---- */

static void everything_that_is_written_comes_back(void **state)
{
    const struct place *place = *state;
    const char *const first[] = {
        "/bin/docker", "compose", "-p", "a b\tc\n%41", "", "\xc3\xa4", NULL};
    const char *const second[] = {"/bin/true", NULL};
    auto_free char *work = str_format("%s/work dir", place->run);
    auto_journal_content struct journal_content content = {0};
    struct journal journal;
    const struct journal_undo_record *undos = NULL;
    const struct journal_process_record *processes = NULL;

    create(place, &journal);
    assert_int_equal(journal_process(&journal, "frontend", getppid()), ASSAY_OK);
    assert_int_equal(journal_process(&journal, "validator-0", getpid()), ASSAY_OK);
    assert_int_equal(journal_cgroup(&journal, "/sys/fs/cgroup/assay-x"), ASSAY_OK);
    assert_int_equal(journal_undo(&journal, first, NULL), ASSAY_OK);
    assert_int_equal(journal_remove_later(&journal, work, NULL), ASSAY_OK);
    assert_int_equal(journal_undo(&journal, second, NULL), ASSAY_OK);
    assert_int_equal(journal_sync(&journal, NULL), ASSAY_OK);
    assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);

    assert_string_equal(content.run_id, "the-run");
    assert_string_equal(content.run_directory, place->run);
    assert_string_equal(content.cgroup, "/sys/fs/cgroup/assay-x");
    assert_int_equal(content.bad_lines, 0);
    assert_false(content.is_torn);
    processes = content.processes.items;
    assert_int_equal(content.processes.count, 2);
    assert_true(processes[0].is_front_end);
    assert_int_equal(processes[1].pid, getpid());
    assert_true(proc_is_alive(processes[1].pid, processes[1].start_time));
    undos = content.undos.items;
    assert_int_equal(content.undos.count, 3);
    for (size_t i = 0; first[i]; i++)
        assert_string_equal(undos[0].argv[i], first[i]);
    assert_null(undos[0].argv[6]);
    assert_string_equal(undos[1].remove, work);
    assert_string_equal(undos[2].argv[0], "/bin/true");
    journal_close(&journal);
}

static void the_machine_is_noted(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};
    struct proc_machine here;
    struct journal journal;

    create(place, &journal);
    journal_close(&journal);
    assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);

    proc_machine(&here);
    assert_string_equal(content.machine.host, here.host);
    assert_string_equal(content.machine.boot, here.boot);
    assert_string_equal(content.machine.pids, here.pids);
}

static void words_of_random_bytes_come_back(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};
    char words[200][17];
    struct journal journal;
    unsigned seed = 20261123;

    create(place, &journal);
    for (size_t i = 0; i < 200; i++) {
        const char *const argv[] = {"/x", words[i], NULL};
        const size_t len = i % 17;

        for (size_t j = 0; j < len; j++) {
            seed = seed * 1103515245U + 12345U;
            words[i][j] = (char)(1 + (seed >> 16) % 255);
        }
        words[i][len] = '\0';
        assert_int_equal(journal_undo(&journal, argv, NULL), ASSAY_OK);
    }
    assert_int_equal(journal_sync(&journal, NULL), ASSAY_OK);
    assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);

    assert_int_equal(content.bad_lines, 0);
    assert_int_equal(content.undos.count, 200);
    for (size_t i = 0; i < 200; i++)
        assert_string_equal(
            ((struct journal_undo_record *)content.undos.items)[i].argv[1], words[i]);
    journal_close(&journal);
}

static void a_process_that_has_ended_is_left_out(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};
    struct journal journal;

    create(place, &journal);
    assert_int_equal(journal_process(&journal, "gone", INT32_MAX), ASSAY_OK);
    assert_int_equal(journal_flush(&journal, NULL), ASSAY_OK);
    assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);

    assert_int_equal(content.processes.count, 0);
    journal_close(&journal);
}

static void a_finished_journal_is_gone(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};
    struct journal journal;

    create(place, &journal);
    assert_int_equal(journal_finish(&journal, NULL), ASSAY_OK);

    assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_E_NOTFOUND);
    assert_int_equal(journal_finish(&journal, NULL), ASSAY_OK); /* twice is harmless */
}

static void a_journal_is_the_owners_alone(void **state)
{
    const struct place *place = *state;
    struct journal journal;
    struct stat info;

    create(place, &journal);
    assert_int_equal(stat(place->path, &info), 0);

    assert_int_equal(info.st_mode & 0777, 0600);
    journal_close(&journal);
}

/* ---- refusals ---- */

static void an_undo_that_is_no_absolute_command_is_refused(void **state)
{
    const struct place *place = *state;
    const char *const none[] = {NULL};
    const char *const relative[] = {"docker", NULL};
    struct journal journal;

    create(place, &journal);
    assert_int_equal(journal_undo(&journal, NULL, NULL), ASSAY_E_INVALID);
    assert_int_equal(journal_undo(&journal, none, NULL), ASSAY_E_INVALID);
    assert_int_equal(journal_undo(&journal, relative, NULL), ASSAY_E_INVALID);
    journal_close(&journal);
}

static void more_undo_commands_than_the_limit_are_refused(void **state)
{
    const struct place *place = *state;
    const char *const argv[] = {"/x", NULL};
    struct journal journal;
    struct error err = {0};

    create(place, &journal);
    for (size_t i = 0; i < JOURNAL_UNDO_MAX; i++)
        assert_int_equal(journal_undo(&journal, argv, NULL), ASSAY_OK);
    assert_int_equal(journal_undo(&journal, argv, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "4096"));
    journal_close(&journal);
}

static void a_second_journal_of_the_name_is_refused(void **state)
{
    const struct place *place = *state;
    const struct journal_header header = {"the-run", place->run};
    struct journal journal;
    struct journal other;

    create(place, &journal);
    assert_int_equal(journal_create(&other, place->path, &header, NULL), ASSAY_E_DENIED);
    journal_close(&journal);
    assert_int_equal(journal_create(&other, place->path, &header, NULL), ASSAY_E_DENIED);
}

static void a_journal_that_is_held_is_alive(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};
    struct journal journal;
    struct journal other = {.fd = -1};
    struct error err = {0};

    create(place, &journal);
    assert_int_equal(journal_open(place->path, &other, &content, &err), ASSAY_E_LAGGED);
    journal_close(&journal);

    assert_int_equal(journal_open(place->path, &other, &content, &err), ASSAY_OK);
    journal_close(&other);
}

static void a_journal_that_others_may_write_is_not_believed(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};
    struct error err = {0};

    forge(place, "assay-journal 1\nrun x\ndirectory /x\n", 0622);
    assert_int_equal(journal_peek(place->path, &content, &err), ASSAY_E_DENIED);
}

static void a_link_to_a_journal_is_not_followed(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};
    auto_free char *link_path = str_format("%s/link.journal", place->root);
    struct journal journal;

    create(place, &journal);
    journal_close(&journal);
    assert_int_equal(symlink(place->path, link_path), 0);
    assert_int_not_equal(journal_peek(link_path, &content, NULL), ASSAY_OK);
}

static void what_is_no_journal_is_refused(void **state)
{
    static const char *const texts[] = {"", "assay-journal 1", "assay-journal 2\nrun x\n",
        "assay-journal 1\n", "assay-journal 1\nrun x\n", "assay-journal 1\ndirectory /x\n",
        "[ini]\nrun = x\n"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        auto_journal_content struct journal_content content = {0};

        forge(*state, texts[i], 0600);
        assert_int_equal(
            journal_peek(((struct place *)*state)->path, &content, NULL), ASSAY_E_INVALID);
    }
}

/* ---- damage ---- */

static void a_torn_last_line_is_ignored(void **state)
{
    const struct place *place = *state;
    auto_journal_content struct journal_content content = {0};

    forge(place, "assay-journal 1\nrun x\ndirectory /x\nundo /bin/one a\nundo /bin/two b", 0600);
    assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);

    assert_true(content.is_torn);
    assert_int_equal(content.undos.count, 1);
    assert_int_equal(content.bad_lines, 0);
}

static void bad_lines_are_counted_and_the_others_kept(void **state)
{
    static const char *const bad[] = {"nonsense a b", "undo", "undo relative", "undo /x%4",
        "undo /x%zz", "undo /x%00", "process a 1", "process a -1 5", "process a 1 x",
        "process a 0 1", "run again", "directory relative", "machine a b", "cgroup a b",
        "remove /elsewhere", "remove /x", "remove /x/../y", "remove /x/./y", "remove /x//y",
        "undo  /two-blanks", ""};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct place *place = *state;
        auto_journal_content struct journal_content content = {0};
        auto_free char *text = str_format(
            "assay-journal 1\nrun x\ndirectory /x\n%s\nundo /bin/true\nremove /x/y\n", bad[i]);

        forge(place, text, 0600);
        assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);
        if (content.bad_lines != 1 || content.undos.count != 2)
            fail_msg(
                "\"%s\": %zu bad lines, %zu undos", bad[i], content.bad_lines, content.undos.count);
    }
}

/* A file cut at any byte gives no record that was not written: prefixes of lines are not lines. */
static void a_journal_cut_anywhere_gives_no_other_command(void **state)
{
    static const char whole[] = "assay-journal 1\nrun x\ndirectory /x\n"
                                "undo /bin/one a b\nremove /x/y\nundo /bin/two\n";

    for (size_t len = strlen("assay-journal 1\nrun x\ndirectory /x\n"); len < strlen(whole);
         len++) {
        const struct place *place = *state;
        auto_journal_content struct journal_content content = {0};
        auto_free char *text = mem_dup_n(whole, len);

        forge(place, text, 0600);
        assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);
        assert_int_equal(content.bad_lines, 0);
        for (size_t i = 0; i < content.undos.count; i++) {
            const struct journal_undo_record *record = vec_at(&content.undos, i);

            assert_string_equal(record->argv ? record->argv[0] : record->remove,
                i == 0       ? "/bin/one"
                    : i == 1 ? "/x/y"
                             : "/bin/two");
            assert_true(i != 0 || record->argv[2]);
        }
    }
}

static void a_record_that_does_not_fit_the_disk_is_taken_back(void **state)
{
    const struct place *place = *state;
    const char *const argv[] = {"/bin/one", NULL};
    auto_journal_content struct journal_content content = {0};
    struct journal journal;
    int file = -1;
    int pair[2];

    create(place, &journal);
    file = journal.fd;
    assert_int_equal(pipe(pair), 0); /* a descriptor that cannot be written */
    journal.fd = pair[0];
    assert_int_equal(journal_undo(&journal, argv, NULL), ASSAY_OK);
    assert_int_not_equal(journal_sync(&journal, NULL), ASSAY_OK);
    journal.fd = file;

    assert_true(journal.is_broken); /* a pipe cannot be cut back either */
    assert_int_not_equal(
        journal_undo(&journal, argv, NULL) || journal_sync(&journal, NULL), ASSAY_OK);
    assert_int_equal(journal_peek(place->path, &content, NULL), ASSAY_OK);
    assert_int_equal(content.undos.count, 0);
    journal_close(&journal);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static void reading_survives_every_failed_allocation(void **state)
{
    const struct place *place = *state;
    uint64_t nth = 1;

    forge(place,
        "assay-journal 1\nrun x\ndirectory /x\ncgroup /c\nmachine a b c\nprocess a 1 2\n"
        "undo /bin/one a b\nremove /x/y\n",
        0600);
    for (;; nth++) {
        auto_journal_content struct journal_content content = {0};
        struct journal journal = {.fd = -1};
        assay_status s = ASSAY_OK;

        mem_fail_at(nth, MEM_FAIL_ONCE);
        s = journal_open(place->path, &journal, &content, NULL);
        assert_int_equal(s, mem_has_failed() ? ASSAY_E_NOMEM : ASSAY_OK);
        journal_close(&journal);
        if (!mem_has_failed())
            break;
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(nth > 8);
}

/* ---- paths ---- */

static void below_means_below(void **state)
{
    (void)state;
    assert_true(journal_is_below("/a/b/c", "/a/b"));
    assert_true(journal_is_below("/a/b/..c", "/a/b"));
    assert_true(journal_is_below("/a/b/.c/d", "/a/b"));
    assert_false(journal_is_below("/a/b", "/a/b"));
    assert_false(journal_is_below("/a/b/", "/a/b"));
    assert_false(journal_is_below("/a/bc", "/a/b"));
    assert_false(journal_is_below("/a/b/../c", "/a/b"));
    assert_false(journal_is_below("/a/b/c/..", "/a/b"));
    assert_false(journal_is_below("/a/b/./c", "/a/b"));
    assert_false(journal_is_below("/a/b//c", "/a/b"));
    assert_false(journal_is_below("/a/b/c/", "/a/b"));
    assert_false(journal_is_below("a/b/c", "a/b"));
    assert_false(journal_is_below("/x", ""));
}

static void the_state_directory_follows_the_environment(void **state)
{
    auto_free char *told = NULL;
    auto_free char *xdg = NULL;
    auto_free char *home = NULL;
    struct error err = {0};

    (void)state;
    (void)setenv("HOME", "/home/kim", 1);
    (void)unsetenv("XDG_STATE_HOME");
    (void)unsetenv("ASSAY_STATE_DIR");
    assert_int_equal(journal_directory(&home, NULL), ASSAY_OK);
    assert_string_equal(home, "/home/kim/.local/state/assay/journals");
    (void)setenv("XDG_STATE_HOME", "/xdg", 1);
    assert_int_equal(journal_directory(&xdg, NULL), ASSAY_OK);
    assert_string_equal(xdg, "/xdg/assay/journals");
    (void)setenv("ASSAY_STATE_DIR", "/told", 1);
    assert_int_equal(journal_directory(&told, NULL), ASSAY_OK);
    assert_string_equal(told, "/told/journals");
    (void)unsetenv("ASSAY_STATE_DIR");
    (void)unsetenv("XDG_STATE_HOME");
    (void)unsetenv("HOME");
    assert_int_equal(journal_directory(&told, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "set HOME or ASSAY_STATE_DIR"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(everything_that_is_written_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_machine_is_noted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(words_of_random_bytes_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_process_that_has_ended_is_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_finished_journal_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_journal_is_the_owners_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            an_undo_that_is_no_absolute_command_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            more_undo_commands_than_the_limit_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_journal_of_the_name_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_journal_that_is_held_is_alive, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_journal_that_others_may_write_is_not_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_link_to_a_journal_is_not_followed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_journal_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_torn_last_line_is_ignored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            bad_lines_are_counted_and_the_others_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_journal_cut_anywhere_gives_no_other_command, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_record_that_does_not_fit_the_disk_is_taken_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            reading_survives_every_failed_allocation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(below_means_below, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_state_directory_follows_the_environment, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
