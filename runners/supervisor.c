/* assay-supervisor: see framework/run/supervisor.h. Started by run_launch, never by hand. */
#include <stdio.h>

#include "framework/run/outcome.h"
#include "framework/run/supervisor.h"

int main(int argc, char **argv)
{
    struct supervisor_config config;
    struct error err = {0};

    (void)argc;
    if (supervisor_config_parse(argv, &config, &err)) {
        (void)fprintf(stderr, "assay-supervisor: %s\n", err.text);
        return EXIT_CODE_USAGE;
    }
    return supervisor_run(&config);
}
