#include "runners/args.h"

#include <stdio.h>
#include <string.h>

#include "framework/base/suggest.h"

enum {
    LIST_MAX = 4096,  /* words on a command line */
    NAME_COLUMN = 30, /* where the help of an option begins */
    LINE_WIDTH = 80   /* where it is broken */
};

void args_list_init(struct vec *list)
{
    vec_init(list, sizeof(const char *), LIST_MAX);
}

const char *const *args_list(struct vec *list)
{
    static const char *const nothing[] = {NULL};
    const char *end = NULL;

    if (list->count == 0)
        return nothing;
    if (vec_push(list, &end)) /* the terminator lies behind the last item, outside of the count */
        return nothing;
    list->count--;
    return list->items;
}

static enum args_status complain(const char *command, const char *what, const char *word)
{
    (void)fprintf(stderr, "assay: %s '%s'; see `assay %s --help`\n", what, word, command);
    return ARGS_WRONG;
}

static enum args_status complain_unknown(
    const char *command, const struct arg *args, const char *word, size_t length)
{
    struct suggestion suggestion;
    char name[SUGGEST_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), "%.*s", (int)length, word + 2);
    suggestion_init(&suggestion, name);
    for (const struct arg *arg = args; arg->name; arg++)
        suggestion_offer(&suggestion, arg->name);
    if (!suggestion.best)
        return complain(command, "there is no option", word);
    (void)fprintf(
        stderr, "assay: there is no option '%s'; did you mean '--%s'?\n", word, suggestion.best);
    return ARGS_WRONG;
}

static const struct arg *find_name(const struct arg *args, const char *name, size_t length)
{
    for (; args->name; args++) {
        if (strlen(args->name) == length && memcmp(args->name, name, length) == 0)
            return args;
    }
    return NULL;
}

static const struct arg *find_letter(const struct arg *args, char letter)
{
    for (; args->name; args++) {
        if (args->letter == letter)
            return args;
    }
    return NULL;
}

static enum args_status store(
    const char *command, const struct arg *arg, const char *word, const char *value)
{
    switch (arg->kind) {
    case ARG_FLAG:
        if (value)
            return complain(command, "this option takes no value:", word);
        *(bool *)arg->target = true;
        return ARGS_OK;
    case ARG_TEXT:
        if (!value || value[0] == '\0')
            return complain(command, "a value is missing after", word);
        *(const char **)arg->target = value;
        return ARGS_OK;
    case ARG_LIST:
        if (!value || value[0] == '\0')
            return complain(command, "a value is missing after", word);
        return vec_push(arg->target, &value) ? complain(command, "too many options like", word)
                                             : ARGS_OK;
    }
    return ARGS_WRONG;
}

/* One word that begins with a dash; takes the next word too when it is the value. */
static enum args_status parse_option(const char *command, const struct arg *args, char ***argv)
{
    const char *word = **argv;
    const bool is_long = word[1] == '-';
    const size_t length = is_long ? strcspn(word + 2, "=") : 1;
    const struct arg *arg =
        is_long ? find_name(args, word + 2, length) : find_letter(args, word[1]);
    const char *value = NULL;

    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
        return ARGS_HELP;
    if (!arg)
        return is_long ? complain_unknown(command, args, word, length)
                       : complain(command, "there is no option", word);
    if (is_long && word[2 + length] == '=')
        value = word + 2 + length + 1;
    else if (!is_long && word[2] != '\0')
        value = word + 2;
    else if (arg->kind != ARG_FLAG && (*argv)[1])
        value = *++*argv;
    return store(command, arg, word, value);
}

enum args_status args_parse(
    const char *command, const struct arg *args, struct vec *words, char **argv)
{
    bool has_ended = false;

    for (; *argv; argv++) {
        const char *word = *argv;
        enum args_status status = ARGS_OK;

        if (!has_ended && strcmp(word, "--") == 0)
            has_ended = true;
        else if (!has_ended && word[0] == '-' && word[1] != '\0')
            status = parse_option(command, args, &argv);
        else if (vec_push(words, &word))
            status = complain(command, "too many words:", word);
        if (status != ARGS_OK)
            return status;
    }
    return ARGS_OK;
}

/* The cursor is in NAME_COLUMN; words go on there in the next line when they would not fit. */
static void print_wrapped(const char *text)
{
    size_t column = NAME_COLUMN;

    while (*text != '\0') {
        const size_t length = strcspn(text, " ");

        if (column > NAME_COLUMN && column + 1 + length > LINE_WIDTH) {
            (void)printf("\n%*s", NAME_COLUMN, "");
            column = NAME_COLUMN;
        } else if (column > NAME_COLUMN) {
            (void)putchar(' ');
            column++;
        }
        (void)printf("%.*s", (int)length, text);
        column += length;
        text += length + (text[length] == ' ' ? 1 : 0);
    }
    (void)putchar('\n');
}

void args_help(const struct arg *args)
{
    (void)printf("\nOptions\n");
    for (; args->name; args++) {
        char left[96];
        int length;

        length = snprintf(left, sizeof(left), "  %c%c%s--%s%s%s", args->letter ? '-' : ' ',
            args->letter ? args->letter : ' ', args->letter ? ", " : "  ", args->name,
            args->placeholder ? " " : "", args->placeholder ? args->placeholder : "");
        if (length >= NAME_COLUMN)
            (void)printf("%s\n%*s", left, NAME_COLUMN, "");
        else
            (void)printf("%-*s", NAME_COLUMN, left);
        print_wrapped(args->help);
    }
    (void)printf("%-*s%s\n", NAME_COLUMN, "  -h, --help", "This text.");
}
