/* assay-worker: where plugins run; see framework/run/worker.h. */
#include "framework/run/worker.h"

int main(int argc, char **argv)
{
    return worker_main(argc, argv);
}
