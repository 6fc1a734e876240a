/* How long a program takes to start and end, beside another one in the same rounds.

       bench_startup ROUNDS REFERENCE PROGRAM [ARGUMENT]      bench_startup 50 /bin/true assay --help

   A round starts each of them eight times, in turns, so that what disturbs one disturbs both.
   Prints one JSON object: the medians in milliseconds and the median of the rounds' ratios. Both
   programs must end with code 0. */
#include <stdio.h>

#include "bench/measure.h"

enum {
    STARTS = 8 /* a round; a start alone is too short to be compared */
};

static double start(const char *const *argv)
{
    const double begin = bench_now_ms();
    const int code = bench_wait(bench_spawn(argv));

    if (code != 0)
        bench_die("%s ended with code %d", argv[0], code);
    return bench_now_ms() - begin;
}

int main(int argc, char **argv)
{
    static double reference[BENCH_ROUNDS_MAX], program[BENCH_ROUNDS_MAX], ratio[BENCH_ROUNDS_MAX];
    unsigned rounds = 0;

    if (argc < 4 || argc > 5)
        bench_die("usage: bench_startup ROUNDS REFERENCE PROGRAM [ARGUMENT]");
    rounds = bench_number(argv[1], 1, BENCH_ROUNDS_MAX);
    const char *const theirs[] = {argv[2], NULL};
    const char *const ours[] = {argv[3], argc == 5 ? argv[4] : NULL, NULL};

    (void)start(theirs); /* to have the files in memory */
    (void)start(ours);
    for (unsigned i = 0; i < rounds; i++) {
        for (int n = 0; n < STARTS; n++) {
            reference[i] += start(theirs) / STARTS;
            program[i] += start(ours) / STARTS;
        }
        ratio[i] = program[i] / reference[i];
    }
    (void)printf(
        "{\"rounds\": %u, \"reference_ms\": %.3f, \"program_ms\": %.3f, \"ratio\": %.3f}\n", rounds,
        bench_median(reference, rounds), bench_median(program, rounds),
        bench_median(ratio, rounds));
    return 0;
}
