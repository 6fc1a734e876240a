#include "runners/demo.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    WALLETS = 1000,
    RATE = 5, /* transactions per block */
    USERS = 500,
    CHANNEL_RATE = 1, /* per block, as the next */
    BLOB_RATE = 1,
    HEADROOM_PERCENT = 20,
    VALIDATORS_DEFAULT = 1,
    EXECUTORS_DEFAULT = 1,
    RUN_SECS_DEFAULT = 60,
    NUMBER_MAX = 1000000,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_SIGNAL = 128 /* and above: interrupted */
};

/* The first of the two variables that is set and a number. */
static uint32_t number_from(const char *name, const char *fallback, uint32_t otherwise)
{
    const char *const names[] = {name, fallback};

    for (size_t i = 0; i < 2; i++) {
        const char *text = getenv(names[i]);
        char *end = NULL;
        const unsigned long value = text ? strtoul(text, &end, 10) : 0;

        /* A sign or white space in front, which strtoul takes, is no number of nodes. */
        if (text && text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= NUMBER_MAX)
            return (uint32_t)value;
    }
    return otherwise;
}

int demo_arguments(char *const *argv, const char *where, const struct demo_variables *variables)
{
    const char *slash = argv[0] ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argv[0];

    if (!name || !argv[1])
        return -1;
    if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0) {
        (void)fprintf(stderr, "%s: takes no '%s' but reads its environment; see `%s --help`\n",
            name, argv[1], name);
        return EXIT_USAGE;
    }
    (void)printf(
        "Runs the predecessor's demo %s:\n"
        "transactions, data availability where there are executors, and what must hold.\n"
        "`assay run` runs any other scenario.\n"
        "\nUsage\n  %s\n"
        "\nEnvironment: the first of the two that is a number; docs/environment.md has more\n",
        where, name);
    (void)printf("  NOMOS_DEMO_VALIDATORS, %-25s how many, default %d\n"
                 "  NOMOS_DEMO_EXECUTORS, %-26s how many, default %d\n"
                 "  NOMOS_DEMO_RUN_SECS, %-27s seconds of load, default %d\n",
        variables->validators, VALIDATORS_DEFAULT, variables->executors, EXECUTORS_DEFAULT,
        variables->run_secs, RUN_SECS_DEFAULT);
    (void)printf(
        "\nExit codes\n"
        "  0  every expectation held\n"
        "  1  not so, or the run could not take place; standard error says why\n"
        "  2  the command line is not valid\n"
        "  129, 130, 143  interrupted (SIGHUP, SIGINT, SIGTERM), everything cleared away\n");
    return 0;
}

assay_ns demo_duration(const struct demo_variables *variables)
{
    return (assay_ns)number_from("NOMOS_DEMO_RUN_SECS", variables->run_secs, RUN_SECS_DEFAULT) *
        ASSAY_SECOND;
}

bool demo_command_works(const char *const *words)
{
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    int status = 1, failed;

    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    failed = posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    while (!failed && waitpid(pid, &status, 0) < 0)
        continue;
    return !failed && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

assay_scenario *demo_scenario(const char *name, const struct demo_variables *variables)
{
    const uint32_t executors =
        number_from("NOMOS_DEMO_EXECUTORS", variables->executors, EXECUTORS_DEFAULT);
    assay_scenario *s = assay_scenario_new(name);

    assay_scenario_topology(s, ASSAY_STAR,
        number_from("NOMOS_DEMO_VALIDATORS", variables->validators, VALIDATORS_DEFAULT), executors);
    assay_scenario_wallets(s, WALLETS);
    assay_scenario_transactions(s, RATE, USERS);
    if (HAS_DA && executors > 0) /* HAS_DA: by the build's option ASSAY_DA */
        assay_scenario_da(s, CHANNEL_RATE, BLOB_RATE, HEADROOM_PERCENT);
    else
        (void)fprintf(stderr, "%s: %s, so there is no data availability in it\n", name,
            HAS_DA ? "no executors" : "built without it");
    assay_scenario_expect_consensus_liveness(s);
    assay_scenario_run_duration(s, demo_duration(variables));
    return s;
}

int demo_run(const char *name, assay_scenario *scenario)
{
    assay_run_result result = {.struct_size = sizeof(result)};

    if (assay_scenario_run(scenario, NULL, &result))
        (void)fprintf(stderr, "%s demo failed: %s\n", name, assay_scenario_problems(scenario));
    else if (result.exit_code != 0)
        (void)fprintf(stderr, "%s demo failed: %s; see %s/summary.txt\n", name, result.reason,
            result.directory);
    assay_scenario_free(scenario);
    return result.exit_code == 0 || result.exit_code > EXIT_SIGNAL ? result.exit_code : EXIT_FAILED;
}
