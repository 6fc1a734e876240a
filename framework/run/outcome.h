/* The five classes of an outcome, how they combine, and the exit codes.

   pass       every expectation held, and what they judge was exercised
   fail       the network misbehaved: at least one expectation says so
   vacuous    nothing failed, but something that was to be judged never happened
   undecided  it cannot be told: no deployment, missing coverage, an interrupted or lame run
   error      assay or a plugin broke; nothing that was seen can be relied on

   A run's outcome is the worst of its parts, in the order pass, vacuous, undecided, fail, error.
   A failure outranks what is merely unknown, since it is evidence; a broken tool outranks both. */
#ifndef ASSAY_RUN_OUTCOME_H
#define ASSAY_RUN_OUTCOME_H

#include <stdint.h>

enum outcome { /* in order of precedence */
    OUTCOME_PASS = 0,
    OUTCOME_VACUOUS = 1,
    OUTCOME_UNDECIDED = 2,
    OUTCOME_FAIL = 3,
    OUTCOME_ERROR = 4
};

/* Published in `assay --help`, README.md and verdict.json; never given a new meaning. */
enum exit_code {
    EXIT_CODE_PASS = 0,
    EXIT_CODE_FAIL = 1,
    EXIT_CODE_USAGE = 2,      /* command line or manifest */
    EXIT_CODE_DEPLOYMENT = 3, /* the network did not come up */
    EXIT_CODE_UNDECIDED = 4,  /* undecided or vacuous */
    EXIT_CODE_ERROR = 5,      /* a plugin or assay itself broke */
    EXIT_CODE_SIGNAL = 128    /* plus the signal's number: 130 after SIGINT */
};

const char *outcome_name(enum outcome outcome);

/* The outcome that an expectation's ASSAY_PASS... stands for; OUTCOME_ERROR for other numbers. */
enum outcome outcome_of_verdict(uint32_t verdict);

enum outcome outcome_worst(enum outcome a, enum outcome b);

enum exit_code outcome_exit_code(enum outcome outcome);

#endif
