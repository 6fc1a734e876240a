/* Tells a crash from a death: on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT notes in the crumb page
   which plugin the crashing thread was in, then lets the signal take its course. */
#ifndef ASSAY_RUN_CRASH_H
#define ASSAY_RUN_CRASH_H

#include "framework/run/crumb.h"

/* Once per process, before any plugin runs. The page must live as long as the process. */
void crash_watch(struct crumb_page *page);

#endif
