/* bench_floor [NODES]: what deploying and tearing down NODES stubs costs without us. */
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

int main(int argc, char **argv)
{
    const size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    struct timing timing;

    if (count == 0 || count > BENCH_NODES_MAX) {
        (void)fprintf(stderr, "bench_floor: 1 to %d nodes\n", BENCH_NODES_MAX);
        return 2;
    }
    if (!bench_floor(count, &timing)) {
        (void)fprintf(stderr, "bench_floor: a stub could not be started\n");
        return 1;
    }
    (void)printf(
        "{\"bench\": \"floor\", \"nodes\": %zu, \"deploy_ms\": %.2f, \"teardown_ms\": %.2f}\n",
        count, timing.deploy_ms, timing.teardown_ms);
    return 0;
}
