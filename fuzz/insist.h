/* Stops the fuzzer when what must hold does not. */
#ifndef ASSAY_FUZZ_INSIST_H
#define ASSAY_FUZZ_INSIST_H

#include <stdbool.h>
#include <stdlib.h>

static inline void insist(bool holds)
{
    if (!holds)
        abort();
}

#endif
