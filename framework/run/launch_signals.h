/* The signals that a front end passes on, as a descriptor to poll.

   Handlers are the whole process's: one struct at a time is installed. A signal that the program
   ignores (as under nohup) stays ignored. */
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
