/* The command line: what is understood, and what is said about the rest. */
#include "runners/args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* One of each kind of option, and what was said on standard error. */
struct line {
    bool is_quiet;
    const char *output;
    struct vec sets, words;
    struct arg args[4];
    char said[1024];
};

static int setup(void **state)
{
    struct line *line = calloc(1, sizeof(*line));

    assert_non_null(line);
    args_list_init(&line->sets);
    args_list_init(&line->words);
    line->args[0] = (struct arg){'q', "quiet", NULL, "Say nothing.", ARG_FLAG, &line->is_quiet};
    line->args[1] = (struct arg){'o', "output", "DIR", "Where to.", ARG_TEXT, &line->output};
    line->args[2] = (struct arg){0, "set", "S.K=V", "A value.", ARG_LIST, &line->sets};
    *state = line;
    return 0;
}

static int teardown(void **state)
{
    struct line *line = *state;

    vec_done(&line->sets);
    vec_done(&line->words);
    free(line);
    return 0;
}

/* Parses the words with standard error caught. */
static enum args_status parse(struct line *line, const char *const *words)
{
    FILE *caught = tmpfile();
    const int before = dup(STDERR_FILENO);
    enum args_status status;

    assert_non_null(caught);
    assert_true(before >= 0);
    assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
    status = args_parse("run", line->args, &line->words, (char **)(uintptr_t)words);
    (void)fflush(stderr);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    (void)close(before);
    rewind(caught);
    line->said[fread(line->said, 1, sizeof(line->said) - 1, caught)] = '\0';
    (void)fclose(caught);
    return status;
}

static const char *word(const struct vec *list, size_t index)
{
    assert_true(index < list->count);
    return *(const char *const *)vec_at(list, index);
}

static void nothing_is_fine(void **state)
{
    struct line *line = *state;

    assert_int_equal(parse(line, (const char *const[]){NULL}), ARGS_OK);
    assert_int_equal(line->words.count, 0);
    assert_null(args_list(&line->sets)[0]);
}

static void options_and_words_may_come_in_any_order(void **state)
{
    struct line *line = *state;
    const char *const words[] = {"a.ini", "--quiet", "b.ini", "-o", "dir", "-", NULL};

    assert_int_equal(parse(line, words), ARGS_OK);
    assert_true(line->is_quiet);
    assert_string_equal(line->output, "dir");
    assert_int_equal(line->words.count, 3);
    assert_string_equal(word(&line->words, 0), "a.ini");
    assert_string_equal(word(&line->words, 1), "b.ini");
    assert_string_equal(word(&line->words, 2), "-");
    assert_string_equal(line->said, "");
}

static void a_value_may_be_joined_in_three_ways(void **state)
{
    static const char *const ways[][3] = {
        {"--output=x=y", NULL}, {"-ox=y", NULL}, {"--output", "x=y", NULL}};
    struct line *line = *state;

    for (size_t i = 0; i < 3; i++) {
        line->output = NULL;
        assert_int_equal(parse(line, ways[i]), ARGS_OK);
        assert_string_equal(line->output, "x=y");
    }
}

static void a_list_keeps_all_values_in_order_with_an_end(void **state)
{
    struct line *line = *state;
    const char *const words[] = {"--set", "a.b=1", "--set=a.b=2", NULL};

    assert_int_equal(parse(line, words), ARGS_OK);
    assert_string_equal(args_list(&line->sets)[0], "a.b=1");
    assert_string_equal(args_list(&line->sets)[1], "a.b=2");
    assert_null(args_list(&line->sets)[2]);
    assert_int_equal(line->sets.count, 2);
}

static void after_two_dashes_all_are_words(void **state)
{
    struct line *line = *state;
    const char *const words[] = {"--", "--quiet", "--", NULL};

    assert_int_equal(parse(line, words), ARGS_OK);
    assert_false(line->is_quiet);
    assert_int_equal(line->words.count, 2);
    assert_string_equal(word(&line->words, 0), "--quiet");
}

static void help_is_seen_in_both_forms(void **state)
{
    const char *const in_short[] = {"a.ini", "-h", NULL}, *const in_full[] = {"--help", NULL};

    assert_int_equal(parse(*state, in_short), ARGS_HELP);
    assert_int_equal(parse(*state, in_full), ARGS_HELP);
}

static void help_behind_two_dashes_is_a_word(void **state)
{
    const char *const words[] = {"--", "--help", NULL};

    assert_int_equal(parse(*state, words), ARGS_OK);
}

static void assert_wrong(struct line *line, const char *const *words, const char *said)
{
    assert_int_equal(parse(line, words), ARGS_WRONG);
    if (!strstr(line->said, said))
        fail_msg("'%s' is not in '%s'", said, line->said);
}

static void an_unknown_option_is_told_with_the_one_meant(void **state)
{
    const char *const words[] = {"--quite", NULL};

    assert_wrong(*state, words, "no option '--quite'; did you mean '--quiet'?");
}

static void an_option_like_no_other_is_told_with_where_to_look(void **state)
{
    const char *const words[] = {"--zzzzzzzz=1", NULL}, *const letter[] = {"-z", NULL};

    assert_wrong(*state, words, "'--zzzzzzzz=1'; see `assay run --help`");
    assert_wrong(*state, letter, "'-z'; see `assay run --help`");
}

static void an_option_longer_than_any_name_is_survived(void **state)
{
    char text[5000];
    const char *const words[] = {text, NULL};

    memset(text, 'x', sizeof(text));
    memcpy(text, "--", 2);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(parse(*state, words), ARGS_WRONG);
}

static void a_value_that_is_missing_or_empty_is_asked_for(void **state)
{
    const char *const at_end[] = {"--output", NULL}, *const empty[] = {"--output=", NULL},
                      *const list[] = {"--set", "", NULL};

    assert_wrong(*state, at_end, "a value is missing after '--output'");
    assert_wrong(*state, empty, "a value is missing after");
    assert_wrong(*state, list, "a value is missing after");
}

static void a_flag_takes_no_value(void **state)
{
    const char *const joined[] = {"--quiet=yes", NULL}, *const letters[] = {"-qo", NULL};

    assert_wrong(*state, joined, "takes no value");
    assert_wrong(*state, letters, "takes no value");
}

static void more_words_than_the_limit_are_refused(void **state)
{
    const char **words = calloc(5000, sizeof(*words));

    assert_non_null(words);
    for (size_t i = 0; i < 4999; i++)
        words[i] = "w";
    assert_wrong(*state, words, "too many words");
    free(words);
}

#define on_line(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_line(nothing_is_fine),
        on_line(options_and_words_may_come_in_any_order),
        on_line(a_value_may_be_joined_in_three_ways),
        on_line(a_list_keeps_all_values_in_order_with_an_end),
        on_line(after_two_dashes_all_are_words),
        on_line(help_is_seen_in_both_forms),
        on_line(help_behind_two_dashes_is_a_word),
        on_line(an_unknown_option_is_told_with_the_one_meant),
        on_line(an_option_like_no_other_is_told_with_where_to_look),
        on_line(an_option_longer_than_any_name_is_survived),
        on_line(a_value_that_is_missing_or_empty_is_asked_for),
        on_line(a_flag_takes_no_value),
        on_line(more_words_than_the_limit_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
