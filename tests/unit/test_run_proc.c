/* What /proc says of processes, and what the kernel says of our own children. */
#include "framework/run/proc.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool kernel_lists_children(void)
{
    char path[64];

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    return access(path, R_OK) == 0;
}

static pid_t start(const char *const *argv)
{
    pid_t pid = 0;

    assert_int_equal(posix_spawn(&pid, argv[0], NULL, NULL, (char **)(uintptr_t)argv, environ), 0);
    return pid;
}

static pid_t start_sleeper(void)
{
    return start((const char *const[]){"/bin/sleep", "600", NULL});
}

static void end(pid_t pid)
{
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int has_no_children(void **state)
{
    (void)state;
    return waitpid(-1, NULL, WNOHANG) < 0 ? 0 : -1;
}

static void without_children_there_may_be_none(void **state)
{
    (void)state;
    assert_false(proc_may_have_child(0));
    assert_false(proc_may_have_child(getpid()));
}

static void a_child_is_seen_unless_it_is_spared(void **state)
{
    const pid_t child = start_sleeper();

    (void)state;
    const bool any = proc_may_have_child(0);
    const bool besides_it = proc_may_have_child(child);
    const bool besides_another = proc_may_have_child(1);
    end(child);

    assert_true(any);
    assert_false(besides_it);
    assert_true(besides_another);
    assert_false(proc_may_have_child(0));
}

static void a_second_child_is_seen_whichever_is_spared(void **state)
{
    const pid_t first = start_sleeper();
    const pid_t second = start_sleeper();

    (void)state;
    const bool besides_first = proc_may_have_child(first);
    const bool besides_second = proc_may_have_child(second);
    end(first);
    const bool at_last = proc_may_have_child(second);
    end(second);

    assert_true(besides_first);
    assert_true(besides_second);
    assert_false(at_last);
}

static void more_children_than_fit_a_line_are_seen(void **state)
{
    pid_t children[16];
    const size_t count = sizeof children / sizeof children[0];

    (void)state;
    for (size_t i = 0; i < count; i++)
        children[i] = start_sleeper();
    const bool besides_first = proc_may_have_child(children[0]);
    for (size_t i = 0; i < count; i++)
        end(children[i]);
    assert_true(besides_first);
}

static void a_dead_child_counts_until_it_is_waited_for(void **state)
{
    const pid_t child = start((const char *const[]){"/bin/true", NULL});
    siginfo_t info;

    (void)state;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_true(proc_may_have_child(0));
    assert_false(proc_may_have_child(child));
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_false(proc_may_have_child(0));
}

/* A thread that has started a child and lives on. */
struct parent {
    pthread_barrier_t barrier;
    pid_t child;
};

static void *be_parent(void *arg)
{
    struct parent *parent = arg;

    parent->child = start_sleeper();
    (void)pthread_barrier_wait(&parent->barrier);
    (void)pthread_barrier_wait(&parent->barrier);
    return NULL;
}

static void the_child_of_another_thread_is_seen(void **state)
{
    struct parent parent = {.child = 0};
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_barrier_init(&parent.barrier, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, be_parent, &parent), 0);
    (void)pthread_barrier_wait(&parent.barrier);
    const bool any = proc_may_have_child(0);
    const bool besides_it = proc_may_have_child(parent.child);
    (void)pthread_barrier_wait(&parent.barrier);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_barrier_destroy(&parent.barrier), 0);
    end(parent.child);

    assert_true(any);
    assert_false(besides_it);
}

static void without_lists_there_may_always_be_one(void **state)
{
    (void)state;
    assert_true(proc_may_have_child(0));
}

#define WITHOUT_CHILDREN(test) cmocka_unit_test_setup(test, has_no_children)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT_CHILDREN(without_children_there_may_be_none),
        WITHOUT_CHILDREN(a_child_is_seen_unless_it_is_spared),
        WITHOUT_CHILDREN(a_second_child_is_seen_whichever_is_spared),
        WITHOUT_CHILDREN(more_children_than_fit_a_line_are_seen),
        WITHOUT_CHILDREN(a_dead_child_counts_until_it_is_waited_for),
        WITHOUT_CHILDREN(the_child_of_another_thread_is_seen),
    };

    const struct CMUnitTest without_lists[] = {
        cmocka_unit_test(without_lists_there_may_always_be_one),
    };

    if (!kernel_lists_children())
        return cmocka_run_group_tests(without_lists, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
