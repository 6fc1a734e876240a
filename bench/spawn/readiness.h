/* Waits until every one of a row of ports answers HTTP with 200: all at once, none after the other.
   Used with the floor and with us, so that it is no part of the difference. */
#ifndef ASSAY_BENCH_SPAWN_READINESS_H
#define ASSAY_BENCH_SPAWN_READINESS_H

enum {
    PORT_FIRST = 20000, /* below what the kernel hands out by itself */
    STUBS_MAX = 4000
};

/* Ports PORT_FIRST and on; bench_die when one takes longer than a minute. */
void await_answers(unsigned count);

#endif
