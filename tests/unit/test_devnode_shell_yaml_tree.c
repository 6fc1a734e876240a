/* Reading YAML into a tree: what is kept, what is refused, and how it becomes JSON. */
#include "support/devnode_world.h"

#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "devnode/shell/yaml_tree.h"

static struct yaml_tree *parse(const char *text, struct reason *why)
{
    if (why)
        why->text[0] = '\0';
    return yaml_tree_parse("test.yaml", text, strlen(text), why);
}

static void assert_refused(const char *text, const char *reason_part)
{
    struct reason why;
    struct yaml_tree *tree = parse(text, &why);

    if (tree || !strstr(why.text, reason_part))
        fail_msg("\"%.40s\": reason is \"%s\", expected \"%s\"", text, why.text, reason_part);
}

static void values_are_found_by_their_paths(void **state)
{
    struct yaml_tree *tree = parse("a: {b: [1, 2], c: text}\nd: 'quoted'\n", NULL);

    (void)state;
    assert_string_equal(yaml_tree_find(tree, "a.c")->text, "text");
    assert_int_equal(yaml_tree_find(tree, "a.b")->count, 2);
    assert_true(yaml_tree_find(tree, "a.c")->is_plain);
    assert_false(yaml_tree_find(tree, "d")->is_plain);
    assert_int_equal(yaml_tree_find(tree, "d")->line, 2);
    assert_null(yaml_tree_find(tree, "a.x"));
    assert_null(yaml_tree_find(tree, "a.c.x"));
    assert_null(yaml_tree_find(tree, "a.b.0"));
    yaml_tree_free(tree);
}

static void both_spellings_of_a_variant_are_looked_through(void **state)
{
    struct yaml_tree *tagged = parse("s: !Genesis {tx: 1}", NULL);
    struct yaml_tree *json = parse("{\"s\": {\"Genesis\": {\"tx\": 1}}}", NULL);
    struct yaml_tree *unit = parse("s: Stdout\nt: !Stdout\n", NULL);

    (void)state;
    assert_string_equal(yaml_tree_find(tagged, "s.tx")->text, "1");
    assert_string_equal(yaml_tree_find(json, "s.tx")->text, "1");
    assert_string_equal(yaml_tree_variant(yaml_tree_find(tagged, "s")), "Genesis");
    assert_string_equal(yaml_tree_variant(yaml_tree_find(json, "s")), "Genesis");
    assert_string_equal(yaml_tree_variant(yaml_tree_find(unit, "s")), "Stdout");
    assert_string_equal(yaml_tree_variant(yaml_tree_find(unit, "t")), "Stdout");
    assert_null(yaml_tree_variant(NULL));
    yaml_tree_free(tagged);
    yaml_tree_free(json);
    yaml_tree_free(unit);
}

static void what_is_no_single_plain_document_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("", "the file is empty");
    assert_refused("a: 1\na: 2\n", "test.yaml:2: key `a` is given twice");
    assert_refused("a: [1\n", "not YAML");
    assert_refused("a: &x 1\nb: *x\n", "test.yaml:2: an alias");
    assert_refused("? [1, 2]\n: 3\n", "a key must be plain text");
    assert_refused("a: 1\n---\nb: 2\n", "test.yaml:2: a second document begins here");
    assert_refused("a: \x01\n", "not YAML");
    assert_refused("a: {b: [", "not YAML");
}

static void depth_is_limited(void **state)
{
    char text[2 * 200 + 1] = "";

    (void)state;
    memset(text, '[', 200);
    memset(text + 200, ']', 200);
    assert_refused(text, "nested deeper than 64 levels");
    memset(text, 0, sizeof(text));
    memset(text, '[', 60);
    memset(text + 60, ']', 60);
    yaml_tree_free(parse(text, NULL));
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    struct reason why = {.text = ""};

    (void)state;
    assert_null(yaml_tree_read("no-such-file.yaml", &why));
    assert_non_null(strstr(why.text, "cannot read no-such-file.yaml"));
    assert_null(yaml_tree_read("/", &why));
    assert_non_null(strstr(why.text, "cannot read /"));
}

static void scalars_become_the_json_they_look_like(void **state)
{
    struct yaml_tree *tree =
        parse("[7, '7', 0, 007, 18446744073709551615, 18446744073709551616, true, "
              "false, null, ~, x, -1, "
              "0000000000000000000000000000000000000000000000000000000000000000]",
            NULL);
    struct json_object *json = yaml_tree_to_json(tree);

    (void)state;
    assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
        "[7,\"7\",0,\"007\",18446744073709551615,\"18446744073709551616\",true,false,null,null,"
        "\"x\",\"-1\","
        "\"0000000000000000000000000000000000000000000000000000000000000000\"]");
    json_object_put(json);
    yaml_tree_free(tree);
}

static void tags_become_objects_with_one_key(void **state)
{
    struct yaml_tree *tree = parse("a: !Ed25519Sig [1, 2]\nb: NoProof\nc: {d: {}}\n", NULL);
    struct json_object *json = yaml_tree_to_json(tree);

    (void)state;
    assert_string_equal(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN),
        "{\"a\":{\"Ed25519Sig\":[1,2]},\"b\":\"NoProof\",\"c\":{\"d\":{}}}");
    json_object_put(json);
    yaml_tree_free(tree);
}

static void spoilt_documents_do_no_harm(void **state)
{
    static const char good[] = "a: {b: [1, 'two', !T {c: \"d\"}]}\ne: |\n  text\nf: {secs: 1}\n";
    uint64_t seed = 5;

    (void)state;
    for (size_t round = 0; round < 5000; round++) {
        char text[sizeof(good)];

        memcpy(text, good, sizeof(good));
        for (size_t change = 0; change < 3; change++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[(seed >> 33) % (sizeof(good) - 1)] = (char)(seed >> 50);
        }
        yaml_tree_free(yaml_tree_parse("spoilt", text, sizeof(good) - 1, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_their_paths),
        cmocka_unit_test(both_spellings_of_a_variant_are_looked_through),
        cmocka_unit_test(what_is_no_single_plain_document_is_refused_with_its_line),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(scalars_become_the_json_they_look_like),
        cmocka_unit_test(tags_become_objects_with_one_key),
        cmocka_unit_test(spoilt_documents_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
