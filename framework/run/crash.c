#include "framework/run/crash.h"

#include <signal.h>
#include <stdlib.h>

#include "framework/base/number.h"
#include "framework/host/host.h"

/* A signal handler has no other way to its data. Set once, before any handler can run. */
static struct crumb_page *watched_page;

static void on_crash(int signal_number)
{
    struct host_place place;
    struct crumb_note note;

    if (host_current_place(&place)) {
        crumb_fill(&note, place.instance, place.plugin_id, place.operation);
        crumb_crash(watched_page, signal_number, &note);
    } else {
        crumb_crash(watched_page, signal_number, NULL);
    }
    /* SA_RESETHAND has restored the default: the second time ends the process, with a core dump
       where the user wants one. */
    (void)raise(signal_number);
}

void crash_watch(struct crumb_page *page)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    static char stack[64 * 1024]; /* of the main thread's handler, for when its own has run over */
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND | SA_ONSTACK};

    watched_page = page;
    (void)sigaltstack(&alternate, NULL);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_COUNT(signals); i++)
        (void)sigaction(signals[i], &action, NULL);
}
