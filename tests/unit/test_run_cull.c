/* Finding and killing in a process tree, on processes that the tests fork for it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/run/cull.h"
#include "framework/run/monotonic.h"

enum {
    PATIENCE_S = 100
};

/* A process that waits, with a child that waits; both pids come through a pipe. */
struct pair {
    pid_t parent, child;
};

static void say_pid(int fd)
{
    const pid_t pid = getpid();

    if (write(fd, &pid, sizeof pid) != sizeof pid)
        _exit(1);
}

static _Noreturn void wait_for_ever(void)
{
    for (;;)
        (void)pause();
}

static struct pair fork_pair(void)
{
    struct pair pair = {0};
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    pair.parent = fork();
    if (pair.parent == 0) {
        if (fork() == 0)
            say_pid(fds[1]);
        wait_for_ever();
    }
    assert_int_equal(read(fds[0], &pair.child, sizeof pair.child), sizeof pair.child);
    (void)close(fds[0]);
    (void)close(fds[1]);
    return pair;
}

static bool is_alive(pid_t pid)
{
    struct proc_entry entry;

    return !proc_read(pid, &entry) && entry.state != 'Z' && entry.state != 'X';
}

/* What the judge says, by pid; CULL_INHERIT for others. */
struct opinion {
    pid_t pid;
    enum cull_answer answer;
};

static enum cull_answer judge(const void *context, const struct proc_entry *entry)
{
    for (const struct opinion *opinion = context; opinion->pid != 0; opinion++)
        if (opinion->pid == entry->pid)
            return opinion->answer;
    return CULL_INHERIT;
}

static assay_status cull_by(const struct opinion *opinions, size_t *count)
{
    const struct cull cull = {.judge = judge, .context = opinions};

    return cull_all(&cull, monotonic_ns() + PATIENCE_S * ASSAY_SECOND, count, NULL);
}

static int adopt_orphans(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static void everything_below_goes_and_the_caller_stays(void **state)
{
    const struct pair pair = fork_pair();
    const struct opinion below[] = {{getpid(), CULL_BELOW}, {0}};
    size_t count = 0;

    (void)state;
    assert_int_equal(cull_by(below, &count), ASSAY_OK);

    assert_int_equal(count, 2);
    assert_false(is_alive(pair.parent));
    assert_false(is_alive(pair.child));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* all have been reaped */
}

static void who_is_spared_keeps_its_descendants(void **state)
{
    const struct pair spared = fork_pair();
    const struct pair other = fork_pair();
    const struct opinion below[] = {{getpid(), CULL_BELOW}, {spared.parent, CULL_SPARE}, {0}};
    const struct opinion rest[] = {{getpid(), CULL_BELOW}, {0}};
    size_t count = 0;

    (void)state;
    assert_int_equal(cull_by(below, &count), ASSAY_OK);

    assert_int_equal(count, 2);
    assert_false(is_alive(other.parent));
    assert_true(is_alive(spared.parent));
    assert_true(is_alive(spared.child));
    assert_int_equal(cull_by(rest, NULL), ASSAY_OK);
}

static void a_judgement_of_its_own_outweighs_the_parents(void **state)
{
    const struct pair pair = fork_pair();
    const struct opinion child_only[] = {{getpid(), CULL_SPARE}, {pair.child, CULL_KILL}, {0}};
    const struct opinion parent_only[] = {{getpid(), CULL_SPARE}, {pair.parent, CULL_KILL}, {0}};
    size_t count = 0;

    (void)state;
    assert_int_equal(cull_by(child_only, &count), ASSAY_OK);
    assert_int_equal(count, 1);
    assert_true(is_alive(pair.parent));
    assert_false(is_alive(pair.child));

    assert_int_equal(cull_by(parent_only, &count), ASSAY_OK);
    assert_false(is_alive(pair.parent));
}

static void the_caller_is_never_killed(void **state)
{
    const struct opinion myself[] = {{getpid(), CULL_KILL}, {0}};
    size_t count = 1;

    (void)state;
    assert_int_equal(cull_by(myself, &count), ASSAY_OK);
    assert_int_equal(count, 0);
}

static void a_stopped_process_dies_too(void **state)
{
    const struct pair pair = fork_pair();
    const struct opinion below[] = {{getpid(), CULL_BELOW}, {0}};

    (void)state;
    (void)kill(pair.parent, SIGSTOP);
    (void)kill(pair.child, SIGSTOP);
    assert_int_equal(cull_by(below, NULL), ASSAY_OK);
    assert_false(is_alive(pair.child));
}

static void finding_kills_nobody(void **state)
{
    const struct pair pair = fork_pair();
    const struct opinion below[] = {{getpid(), CULL_BELOW}, {0}};
    const struct cull cull = {.judge = judge, .context = below};
    struct vec found;

    (void)state;
    vec_init(&found, sizeof(struct proc_entry), CULL_VICTIMS_MAX);
    assert_int_equal(cull_find(&cull, &found, NULL), ASSAY_OK);

    assert_int_equal(found.count, 2);
    assert_true(is_alive(pair.parent));
    assert_true(is_alive(pair.child));
    vec_done(&found);
    assert_int_equal(cull_by(below, NULL), ASSAY_OK);
}

static void who_does_not_die_is_named(void **state)
{
    const struct pair pair = fork_pair();
    const struct opinion below[] = {{getpid(), CULL_BELOW}, {0}};
    const struct cull cull = {.judge = judge, .context = below};
    struct error err = {0};

    (void)state;
    /* Nobody has died by a deadline that has passed. */
    assert_int_equal(cull_all(&cull, monotonic_ns() - 1, NULL, &err), ASSAY_E_TIMEOUT);
    assert_non_null(strstr(err.text, "do not die"));
    assert_non_null(strstr(err.text, "ps -fp"));
    assert_int_equal(cull_by(below, NULL), ASSAY_OK);
    assert_false(is_alive(pair.parent));
}

/* True: there are children; those that are dead have been reaped. */
static bool has_children(void)
{
    pid_t pid = 0;

    do
        pid = waitpid(-1, NULL, WNOHANG);
    while (pid > 0);
    return pid == 0;
}

/* A process that hops from pid to pid may slip through a look, but waitpid knows that it is there. */
static void a_process_that_keeps_forking_is_caught(void **state)
{
    const struct opinion below[] = {{getpid(), CULL_BELOW}, {0}};

    (void)state;
    if (fork() == 0) {
        while (fork() == 0)
            continue; /* the child goes on with a pid of its own */
        _exit(0);
    }
    while (has_children())
        assert_int_equal(cull_by(below, NULL), ASSAY_OK);
}

/* ---- proc ---- */

static void a_process_is_known_by_pid_and_start_time(void **state)
{
    struct proc_entry self;

    (void)state;
    assert_int_equal(proc_read(getpid(), &self), ASSAY_OK);
    assert_int_equal(self.parent, getppid());
    assert_true(proc_is_alive(getpid(), self.start_time));
    assert_false(proc_is_alive(getpid(), self.start_time + 1));
    assert_int_equal(proc_read(INT32_MAX, &self), ASSAY_E_NOTFOUND);
}

static void a_name_with_parentheses_and_blanks_does_not_confuse(void **state)
{
    struct proc_entry entry;

    (void)state;
    assert_int_equal(prctl(PR_SET_NAME, ") S 1 2 (x"), 0);
    assert_int_equal(proc_read(getpid(), &entry), ASSAY_OK);
    assert_int_equal(entry.parent, getppid());
    assert_int_equal(entry.state, 'R');
}

static void a_zombie_is_not_alive(void **state)
{
    struct proc_entry entry;
    const pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
    assert_int_equal(proc_read(pid, &entry), ASSAY_OK);
    assert_int_equal(entry.state, 'Z');
    assert_false(proc_is_alive(pid, entry.start_time));
    (void)waitpid(pid, NULL, 0);
}

static void the_list_is_complete_and_in_order(void **state)
{
    struct vec list;
    pid_t before = 0;
    bool has_self = false;

    (void)state;
    assert_int_equal(proc_list(&list, NULL), ASSAY_OK);
    VEC_EACH(const struct proc_entry, entry, &list) {
        assert_true(entry->pid > before);
        before = entry->pid;
        has_self = has_self || entry->pid == getpid();
    }
    assert_true(has_self);
    vec_done(&list);
}

/* The environment that /proc shows is the one at the start of the program, so start one. */
static void an_assignment_is_found_whole_only(void **state)
{
    static char filler[40000];
    char *argv[] = {(char[]){"/bin/sleep"}, (char[]){"1000"}, NULL};
    char *environment[] = {(char[]){"AXASSAY_RUN_ID=demo"}, filler, (char[]){"ASSAY_RUN_ID=demo-1"},
        (char[]){"Z=ASSAY_RUN_ID=other"}, NULL};
    pid_t pid = 0;

    (void)state;
    memset(filler, 'f', sizeof filler - 1);
    filler[1] = '=';
    pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody */
        (void)execve(argv[0], argv, environment);
        _exit(1);
    }
    while (!proc_has_assignment(pid, "ASSAY_RUN_ID=demo-1"))
        assert_int_equal(waitpid(pid, NULL, WNOHANG), 0); /* until it has been executed */

    assert_false(proc_has_assignment(pid, "ASSAY_RUN_ID=demo"));
    assert_false(proc_has_assignment(pid, "ASSAY_RUN_ID=demo-12"));
    assert_false(proc_has_assignment(pid, "ASSAY_RUN_ID=other"));
    assert_false(proc_has_assignment(INT32_MAX, "ASSAY_RUN_ID=demo-1"));
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_below_goes_and_the_caller_stays),
        cmocka_unit_test(who_is_spared_keeps_its_descendants),
        cmocka_unit_test(a_judgement_of_its_own_outweighs_the_parents),
        cmocka_unit_test(the_caller_is_never_killed),
        cmocka_unit_test(a_stopped_process_dies_too),
        cmocka_unit_test(finding_kills_nobody),
        cmocka_unit_test(who_does_not_die_is_named),
        cmocka_unit_test(a_process_that_keeps_forking_is_caught),
        cmocka_unit_test(a_process_is_known_by_pid_and_start_time),
        cmocka_unit_test(a_name_with_parentheses_and_blanks_does_not_confuse),
        cmocka_unit_test(a_zombie_is_not_alive),
        cmocka_unit_test(the_list_is_complete_and_in_order),
        cmocka_unit_test(an_assignment_is_found_whole_only),
    };

    return cmocka_run_group_tests(tests, adopt_orphans, NULL);
}
