/* Filling in templates, and the text they are made of. */
#include "template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct template_value first[] = {{"name", "a"}, {"image", "\"x\""}};
static const struct template_value second[] = {{"name", "b"}, {"image", "\"y\""}};
static const struct template_value common[] = {{"network", "net"}};
static const struct template_item items[] = {
    {"node", first, 2}, {"other", first, 2}, {"node", second, 2}, {"", common, 1}};
static const struct template_data data = {items, 4};

static void fills(const char *source, const char *expected)
{
    struct text out = {.bytes = NULL};
    char why[200] = "";

    if (template_fill(source, &data, &out, why))
        fail_msg("%s", why);
    assert_string_equal(text_get(&out), expected);
    text_done(&out);
}

static void refuses(const char *source, const char *expected)
{
    struct text out = {.bytes = NULL};
    char why[200] = "";

    assert_int_equal(template_fill(source, &data, &out, why), ASSAY_E_INVALID);
    if (!strstr(why, expected))
        fail_msg("\"%s\" does not say \"%s\"", why, expected);
    text_done(&out);
}

static void lines_without_anything_stay(void **state)
{
    (void)state;
    fills("", "");
    fills("a\n\nb", "a\n\nb\n");
    fills("# {{no such thing}}\nx\n", "# {{no such thing}}\nx\n");
    fills("  # {{network}}\n", "  # net\n"); /* a comment begins at the margin */
    fills("a }} b { c\n", "a }} b { c\n");
}

static void values_go_in_as_they_are(void **state)
{
    (void)state;
    fills("name: {{network}}\n", "name: net\n");
    fills("{{network}}{{network}}-{{network}}\n", "netnet-net\n");
}

static void a_section_is_there_once_for_each_of_its_items_in_their_order(void **state)
{
    (void)state;
    fills("begin\n{{#node}}\n  {{name}}:\n    image: {{image}}\n{{/node}}\nend\n",
        "begin\n  a:\n    image: \"x\"\n  b:\n    image: \"y\"\nend\n");
    fills("{{#none}}\n{{name}}\n{{/none}}\n", "");
    fills("  {{#other}}\nx\n\t{{/other}}", "x\n");
}

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    refuses("a\n{{nothing}}\n", "line 2 of the template: there is no value {{nothing}} here");
    refuses("{{name}}\n", "there is no value {{name}}"); /* only in a section */
    refuses("{{#node}}\n{{network}}\n{{/node}}\n", "line 2 of the template: there is no value");
    refuses("\n{{#node}}\nx\n", "section node is not closed");
    refuses("{{#node}}\n{{#other}}\n{{/other}}\n{{/node}}\n", "a section within a section");
    refuses("{{#node}}\n{{/other}}\n", "section node ends as other");
    refuses("{{/node}}\n", "section node was never opened");
    refuses("a {{network\n", "{{ is not closed");
}

static void the_assets_can_be_filled_in(void **state)
{
    static const char *const assets[] = {"docker-compose.yml.in", "prometheus.yml.in"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct text out = {.bytes = NULL};
        char path[512], why[200] = "";
        static char source[65536];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/assets/stack/%s", ASSAY_SOURCE_DIR, assets[i]);
        file = fopen(path, "re");
        assert_non_null(file);
        source[fread(source, 1, sizeof(source) - 1, file)] = '\0';
        (void)fclose(file);
        /* Without any item but the common one. */
        if (template_fill(source, &(const struct template_data){&items[3], 1}, &out, why))
            fail_msg("%s: %s", assets[i], why);
        assert_null(strstr(text_get(&out), "container_name"));
        text_done(&out);
    }
}

/* ---- text ---- */

static void quoted_text_reads_back_whatever_is_in_it(void **state)
{
    struct text text = {.bytes = NULL};

    (void)state;
    text_quote(&text, "a \"b\" \\ $HOME\n\x01 \xc3\xa4");
    assert_string_equal(text_get(&text), "\"a \\\"b\\\" \\\\ $$HOME\\u000a\\u0001 \xc3\xa4\"");
    text_clear(&text);
    text_add_escaped(&text, "acme/node:1.0~x y");
    assert_string_equal(text_get(&text), "acme%2Fnode%3A1.0~x%20y");
    text_done(&text);
}

static void text_has_a_limit_and_its_failure_sticks(void **state)
{
    struct text text = {.bytes = NULL};
    static char big[1 << 20];

    (void)state;
    memset(big, 'x', sizeof(big));
    for (int i = 0; i < 20; i++)
        text_add_n(&text, big, sizeof(big));
    assert_true(text.failed);
    text_add(&text, "more");
    text_addf(&text, "%d", 7);
    assert_string_equal(text_get(&text), "");
    text_clear(&text);
    text_addf(&text, "%s-%d", "a", 7);
    assert_string_equal(text_get(&text), "a-7");
    text_done(&text);
    assert_string_equal(text_get(&text), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_without_anything_stay),
        cmocka_unit_test(values_go_in_as_they_are),
        cmocka_unit_test(a_section_is_there_once_for_each_of_its_items_in_their_order),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(the_assets_can_be_filled_in),
        cmocka_unit_test(quoted_text_reads_back_whatever_is_in_it),
        cmocka_unit_test(text_has_a_limit_and_its_failure_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
