/* Command-line arguments from one table, which parses, helps and suggests.

       bool is_quiet = false;
       const char *output = NULL;
       const struct arg args[] = {
           {'q', "quiet", NULL, "No progress, no summary.", ARG_FLAG, &is_quiet},
           {'o', "output", "DIR", "Where run directories are made.", ARG_TEXT, &output},
           {0}};

       status = args_parse("run", args, &words, argv);

   A word that is no option is a positional one; "--" ends the options; "--name=value" and
   "--name value" are the same. */
#ifndef ASSAY_RUNNERS_ARGS_H
#define ASSAY_RUNNERS_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "framework/base/vec.h"

enum arg_kind {
    ARG_FLAG, /* bool */
    ARG_TEXT, /* const char *: the last one given */
    ARG_LIST  /* struct vec of const char *: all of them */
};

struct arg {
    char letter;             /* 0: none */
    const char *name;        /* without the dashes; NULL ends the table */
    const char *placeholder; /* of the value; NULL for flags */
    const char *help;        /* one sentence */
    enum arg_kind kind;
    void *target;
};

enum args_status {
    ARGS_OK,
    ARGS_HELP, /* -h or --help was among them */
    ARGS_WRONG /* said on standard error, with what to do */
};

/* `words` (of const char *, initialised) gets the positional ones. `command` is for messages. */
enum args_status args_parse(
    const char *command, const struct arg *args, struct vec *words, char **argv);

/* The list of options for a help text, to standard output. */
void args_help(const struct arg *args);

/* A vec of const char * as an array with NULL at the end, for as long as the vec is not changed. */
void args_list_init(struct vec *list);
const char *const *args_list(struct vec *list);

#endif
