/* The signals that a front end passes on, as a descriptor to poll.

   Handlers are the whole process's: one struct at a time is installed. A SIGHUP that
   is ignored stays ignored: that is what nohup asks for. An ignored SIGINT does not: shells do that
   to what a script puts into the background, and a run must not go on when its script is stopped. */
#ifndef ASSAY_RUN_LAUNCH_SIGNALS_H
#define ASSAY_RUN_LAUNCH_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

#include "framework/base/error.h"

enum {
    LAUNCH_SIGNALS = 3 /* SIGINT, SIGTERM, SIGHUP */
};

struct launch_signals {
    int fd; /* readable when a signal has come; -1: not installed */
    int writer;
    struct sigaction old[LAUNCH_SIGNALS];
    bool is_replaced[LAUNCH_SIGNALS];
};

assay_status launch_signals_install(struct launch_signals *signals, struct error *err);

/* Puts back what was there before. Fine when not installed. */
void launch_signals_restore(struct launch_signals *signals);

/* The next signal that has come; 0: none. */
int launch_signals_take(struct launch_signals *signals);

#endif
