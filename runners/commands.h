/* The commands of `assay`. Each gets the words behind its own name and returns an exit code. */
#ifndef ASSAY_RUNNERS_COMMANDS_H
#define ASSAY_RUNNERS_COMMANDS_H

struct command {
    const char *name, *summary;
    int (*main)(char **argv);
};

int command_run(char **argv);
int command_check(char **argv);
int command_explain(char **argv);
int command_plugins(char **argv);
int command_clean(char **argv);

/* The table of exit codes, for help texts. */
extern const char exit_codes_text[];

/* Says on standard error that `word` is none of the commands, and which was perhaps meant; else that
   `assay HELP` lists them. */
void command_suggest(
    const char *what, const char *word, const struct command *commands, const char *help);

#endif
