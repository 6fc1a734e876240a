/* assay clean: what a killed run could not clear away itself. */
#include <stdio.h>

#include "framework/run/clean.h"
#include "framework/run/outcome.h"
#include "runners/args.h"
#include "runners/commands.h"
#include "runners/orphans.h"

struct clean_line {
    struct vec words;
    const char *run_id;
    bool is_dry, forgets, has_orphans;
};

struct tally {
    size_t items;
    bool is_dry;
};

static void print_item(void *context, const struct clean_item *item)
{
    static const char *const outcomes[] = {"cleared", "still running", "not ours", "FAILED"};
    struct tally *tally = context;

    tally->items++;
    (void)printf("%-13s %s: %zu processes, %zu undone%s%s\n",
        tally->is_dry && item->outcome == CLEAN_DONE ? "to clear" : outcomes[item->outcome],
        item->run_id, item->processes, item->undos, item->why[0] ? ": " : "", item->why);
}

static int clean(const struct clean_line *line)
{
    const struct clean_options options = {
        .run_id = line->run_id, .is_dry = line->is_dry, .forgets = line->forgets};
    struct tally tally = {.is_dry = line->is_dry};
    struct error err = {0};
    const assay_status status = run_clean(&options, print_item, &tally, &err);

    if (status) {
        (void)fprintf(stderr, "assay: %s\n", err.text);
        return status == ASSAY_E_NOTFOUND ? EXIT_CODE_USAGE : EXIT_CODE_ERROR;
    }
    if (tally.items == 0)
        (void)printf("nothing to clear away\n");
    return line->has_orphans && !orphans_clean(line->is_dry) ? EXIT_CODE_ERROR : EXIT_CODE_PASS;
}

static void print_help(const struct arg *table)
{
    (void)printf(
        "Clears away what runs left behind whose every process was killed at once: processes,\n"
        "control groups, and whatever their journals say is to be undone. A run that is alive is\n"
        "never touched.\n"
        "\nUsage\n  assay clean [OPTIONS]\n");
    args_help(table);
}

int command_clean(char **argv)
{
    struct clean_line line = {0};
    const struct arg table[] = {
        {'n', "dry-run", NULL, "Only say what would be done.", ARG_FLAG, &line.is_dry},
        {0, "run", "ID", "This run alone.", ARG_TEXT, &line.run_id},
        {0, "orphans", NULL,
            "Also what runs of this machine have left in a cluster or on a container engine, found "
            "by label; what was to be kept there, too.",
            ARG_FLAG, &line.has_orphans},
        {0, "forget", NULL, "Drop journals even when something could not be undone.", ARG_FLAG,
            &line.forgets},
        {0}};
    int exit_code = EXIT_CODE_USAGE;

    args_list_init(&line.words);
    switch (args_parse("clean", table, &line.words, argv)) {
    case ARGS_OK:
        if (line.words.count > 0)
            (void)fprintf(stderr, "assay: clean takes options only; see `assay clean --help`\n");
        else
            exit_code = clean(&line);
        break;
    case ARGS_HELP:
        print_help(table);
        exit_code = EXIT_CODE_PASS;
        break;
    case ARGS_WRONG:
        break;
    }
    vec_done(&line.words);
    return exit_code;
}
