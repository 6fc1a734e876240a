/* Fills an options struct from its table, as the real host does, for values that tests give. What
   is checked here is what a test may get wrong; the real checks have tests of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

static const char *keep(struct fakehost *f, const char *text)
{
    char *copy = fake_copy(text);

    assert_true(f->option_text_count < sizeof(f->option_texts) / sizeof(f->option_texts[0]));
    f->option_texts[f->option_text_count++] = copy;
    return copy;
}

static assay_ns parse_span(const char *text)
{
    static const struct {
        const char *unit;
        double scale;
    } units[] = {{"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9}};
    char *unit;
    double number = strtod(text, &unit);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (!strcmp(unit, units[i].unit))
            return (assay_ns)(number * units[i].scale);
    fail_msg("'%s' is not a span", text);
    return 0;
}

static const char *const *parse_list(struct fakehost *f, const char *text)
{
    const char **list = fake_alloc(16, sizeof(*list));
    char *rest = (char *)(uintptr_t)keep(f, text);
    char *word;
    size_t count = 0;

    assert_true(f->list_count < FAKE_LISTS_MAX);
    f->lists[f->list_count++] = list;
    while ((word = strsep(&rest, ", "))) {
        if (!*word)
            continue;
        assert_true(count < 15);
        list[count++] = word;
    }
    return list;
}

static bool is_choice(const char *range, const char *text)
{
    size_t length = strlen(text);

    for (const char *at = range; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (!strncmp(at, text, length) && (at[length] == '|' || !at[length]))
            return true;
    return false;
}

static void fill(struct fakehost *f, const assay_option *option, const char *text)
{
    char *place = f->options + option->offset;

    assert_true(option->offset + 8 <= f->plugin->options_size);
    switch (option->type) {
    case ASSAY_BOOL:
        *(int64_t *)(void *)place = !strcmp(text, "true") || !strcmp(text, "yes");
        break;
    case ASSAY_INT:
        *(int64_t *)(void *)place = strtoll(text, NULL, 10);
        break;
    case ASSAY_REAL:
        *(double *)(void *)place = strtod(text, NULL);
        break;
    case ASSAY_SPAN:
        *(assay_ns *)(void *)place = parse_span(text);
        break;
    case ASSAY_CHOICE:
        assert_true(is_choice(option->range, text));
        *(const char **)(void *)place = keep(f, text);
        break;
    case ASSAY_TEXT:
        *(const char **)(void *)place = keep(f, text);
        break;
    case ASSAY_LIST:
        *(const char *const **)(void *)place = parse_list(f, text);
        break;
    default:
        fail_msg("option %s has a type that this host does not know", option->name);
    }
}

static const assay_option *option_named(const assay_plugin *plugin, const char *name, size_t length)
{
    for (size_t i = 0; i < plugin->option_count; i++) {
        const assay_option *option =
            (const void *)((const char *)plugin->options + i * plugin->option_stride);

        if (!strncmp(option->name, name, length) && !option->name[length])
            return option;
    }
    return NULL;
}

void fake_options_fill(struct fakehost *f, const char *const *settings, size_t count)
{
    assert_true(f->plugin->options_size <= sizeof(f->options));
    for (size_t i = 0; i < f->plugin->option_count; i++) {
        const assay_option *option =
            (const void *)((const char *)f->plugin->options + i * f->plugin->option_stride);

        assert_non_null(option->help);
        if (option->fallback)
            fill(f, option, option->fallback);
    }
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(settings[i], '=');
        const assay_option *option;

        assert_non_null(equals);
        option = option_named(f->plugin, settings[i], (size_t)(equals - settings[i]));
        if (!option)
            fail_msg("there is no option for '%s'", settings[i]);
        fill(f, option, equals + 1);
    }
}

void fake_options_done(struct fakehost *f)
{
    for (size_t i = 0; i < f->option_text_count; i++)
        free(f->option_texts[i]);
    for (size_t i = 0; i < f->list_count; i++)
        free(f->lists[i]);
}
