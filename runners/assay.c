/* assay: tests networks of nodes. The command line; what it does is in framework/run. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/suggest.h"
#include "framework/run/outcome.h"
#include "runners/commands.h"

static int command_version(char **argv);
static int command_help(char **argv);

static const struct command commands[] = {
    {"run", "Deploy, run, judge and clean up the scenario of a manifest", command_run},
    {"check", "Say what is wrong with a manifest, all at once; starts nothing", command_check},
    {"explain", "Print a manifest with every value and where it came from", command_explain},
    {"plugins", "List plugins, describe their options, check plugin files", command_plugins},
    {"clean", "Clear away what killed runs left behind", command_clean},
    {"version", "Print the version", command_version},
    {"help", "Explain a command", command_help},
    {NULL, NULL, NULL},
};

const char exit_codes_text[] =
    "\nExit codes\n"
    "  0  every expectation held\n"
    "  1  an expectation failed\n"
    "  2  the command line or the manifest is not valid\n"
    "  3  the network did not come up\n"
    "  4  undecided, or what was to be judged never happened\n"
    "  5  a plugin crashed or broke its contract, or assay failed\n"
    "  129, 130, 143  interrupted (SIGHUP, SIGINT, SIGTERM), everything cleared away\n";

void command_suggest(
    const char *what, const char *word, const struct command *list, const char *help)
{
    struct suggestion suggestion;

    suggestion_init(&suggestion, word);
    for (const struct command *command = list; command->name; command++)
        suggestion_offer(&suggestion, command->name);
    if (suggestion.best)
        (void)fprintf(stderr, "assay: there is no %s '%s'; did you mean '%s'?\n", what, word,
            suggestion.best);
    else
        (void)fprintf(stderr, "assay: there is no %s '%s'; see `assay %s`\n", what, word, help);
}

static const struct command *find_command(const char *name)
{
    for (const struct command *command = commands; command->name; command++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

static void print_help(FILE *out)
{
    (void)fprintf(out,
        "assay tests networks of nodes: a manifest says which nodes to start, what to do to them\n"
        "and what must hold; assay deploys them, drives load and faults, judges, and leaves\n"
        "nothing behind.\n"
        "\nUsage\n  assay COMMAND [OPTIONS]\n"
        "\nExamples\n"
        "  assay run demo.ini\n"
        "  assay run demo.ini --set run.duration=5m --set topology.validators=10\n"
        "  assay plugins describe assay.transactions\n"
        "\nCommands\n");
    for (const struct command *command = commands; command->name; command++)
        (void)fprintf(out, "  %-9s %s\n", command->name, command->summary);
    (void)fprintf(out, "\n`assay COMMAND --help` explains a command.\n%s", exit_codes_text);
}

static int command_version(char **argv)
{
    (void)argv;
    (void)printf("assay %s\n", ASSAY_VERSION);
    return EXIT_CODE_PASS;
}

static int command_help(char **argv)
{
    static char help[] = "--help";
    char *words[] = {help, NULL};
    const bool is_of_one = argv[0] && argv[0][0] != '-'; /* else `assay help --help` */
    const struct command *command = is_of_one ? find_command(argv[0]) : NULL;

    if (is_of_one && !command) {
        command_suggest("command", argv[0], commands, "--help");
        return EXIT_CODE_USAGE;
    }
    if (command && command->main != command_help && command->main != command_version)
        return command->main(words);
    print_help(stdout);
    return EXIT_CODE_PASS;
}

int main(int argc, char **argv)
{
    const struct command *command;

    if (argc < 2) {
        print_help(stderr);
        return EXIT_CODE_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return EXIT_CODE_PASS;
    }
    if (strcmp(argv[1], "--version") == 0)
        return command_version(argv + 2);
    command = find_command(argv[1]);
    if (!command) {
        command_suggest("command", argv[1], commands, "--help");
        return EXIT_CODE_USAGE;
    }
    return command->main(argv + 2);
}
