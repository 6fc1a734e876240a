/* Who may change a plugin. The test makes a little tree of its own and pretends that the assay
   program is somewhere else, so that nothing of the tree is above it. */
#include "framework/plugin/trust.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/base/str.h"

enum {
    STRANGER = 54321 /* a user, and a group, that nobody here has */
};

struct tree {
    struct trust trust;
    char *root, *dir, *file; /* root/plugins/a.b.so, canonical */
};

static char *must(char *text)
{
    assert_non_null(text);
    return text;
}

static void write_text(const char *path, const char *content)
{
    struct error err = {.text = ""};
    char copy[100];

    (void)snprintf(copy, sizeof(copy), "%s", content);
    if (file_write(path, &(struct file_text){copy, strlen(copy)}, FILE_PLAIN, &err))
        fail_msg("%s", err.text);
    assert_int_equal(chmod(path, 0644), 0);
}

static int set_up(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    char root[] = "trust-XXXXXX";

    assert_non_null(tree);
    assert_non_null(mkdtemp(root));
    tree->root = must(realpath(root, NULL));
    tree->dir = must(str_format("%s/plugins", tree->root));
    tree->file = must(str_format("%s/a.b.so", tree->dir));
    assert_int_equal(mkdir(tree->dir, 0755), 0);
    write_text(tree->file, "not looked into");
    /* The program is a neighbour of the tree: what is above both is not judged. */
    tree->trust = (struct trust){
        .program = must(str_format("%s-program", tree->root)),
        .user = geteuid(),
        .program_owner = geteuid(),
    };
    *state = tree;
    return 0;
}

static int tear_down(void **state)
{
    struct tree *tree = *state;

    (void)dir_remove(tree->root, NULL);
    trust_done(&tree->trust);
    free(tree->root);
    free(tree->dir);
    free(tree->file);
    free(tree);
    return 0;
}

/* Forgets what was found safe, so that a change of the tree is seen at once. */
static void forget(struct tree *tree)
{
    free(tree->trust.safe);
    tree->trust.safe = NULL;
}

static void trusts(struct tree *tree)
{
    struct error err = {.text = ""};

    forget(tree);
    if (trust_check(&tree->trust, tree->file, &err))
        fail_msg("%s", err.text);
}

/* The message must have all of: the complaint, the component, the way out. */
static void distrusts(
    struct tree *tree, const char *complaint, const char *component, const char *command)
{
    struct error err = {.text = ""};
    auto_free char *way_out = must(str_format("%s%s", command, component));

    forget(tree);
    assert_int_equal(trust_check(&tree->trust, tree->file, &err), ASSAY_E_DENIED);
    if (!strstr(err.text, complaint) || !strstr(err.text, way_out))
        fail_msg("neither \"%s\" nor \"%s\" may be missing from: %s", complaint, way_out, err.text);
}

static void a_tree_of_ones_own_is_trusted(void **state)
{
    trusts(*state);
}

static void a_file_that_all_can_write_is_not(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->file, 0646), 0);
    distrusts(tree, "everybody can write to", tree->file, "chmod o-w ");
}

static void a_directory_that_all_can_write_is_not(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->dir, 0757), 0);
    distrusts(tree, "everybody can write to", tree->dir, "chmod o-w ");
}

static void who_mends_it_mends_group_and_all_at_once(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->dir, 0777), 0);
    distrusts(tree, "everybody can write to", tree->dir, "chmod go-w ");
    assert_int_equal(chmod(tree->dir, 0777 & ~022), 0);
    trusts(tree);
}

static void a_directory_further_up_counts_too(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->root, 0757), 0);
    distrusts(tree, "everybody can write to", tree->root, "chmod o-w ");
}

static void a_sticky_directory_is_no_better(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->dir, 01777), 0);
    distrusts(tree, "keep plugins in another directory", tree->dir, "make files in ");
}

static void a_group_that_can_write_is_refused(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->dir, 0775), 0);
    distrusts(tree, "can write to", tree->dir, "chmod g-w ");
}

static void a_group_that_can_write_assay_itself_is_not(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->dir, 0775), 0);
    tree->trust.has_program_group = true;
    tree->trust.program_group = getegid();
    trusts(tree);
    tree->trust.program_group = STRANGER;
    distrusts(tree, "can write to", tree->dir, "chmod g-w ");
}

static void another_owner_is_refused_unless_it_is_assays_or_root(void **state)
{
    struct tree *tree = *state;
    const uid_t owner = geteuid();

    tree->trust.user = STRANGER;
    trusts(tree); /* the program's owner */
    tree->trust.program_owner = STRANGER;
    if (owner == 0) {
        trusts(tree); /* root */
        assert_int_equal(chown(tree->dir, STRANGER + 1, (gid_t)-1), 0);
        distrusts(tree, "belongs to user 54322", tree->dir, "run: chown 54321 ");
    } else {
        distrusts(tree, "belongs to user", tree->dir, "run: chown 54321 ");
    }
}

static void what_is_above_assay_itself_is_not_judged(void **state)
{
    struct tree *tree = *state;
    char *program = must(str_format("%s/bin/assay", tree->root));

    assert_int_equal(chmod(tree->root, 01777), 0);
    free(tree->trust.program);
    tree->trust.program = program;
    trusts(tree);
    assert_int_equal(chmod(tree->dir, 0757), 0);
    distrusts(tree, "everybody can write to", tree->dir, "chmod o-w ");
}

static void a_name_that_begins_like_assays_is_not_above_it(void **state)
{
    struct tree *tree = *state;

    assert_int_equal(chmod(tree->root, 0757), 0); /* the program is root-program */
    distrusts(tree, "everybody can write to", tree->root, "chmod o-w ");
}

static void a_directory_found_safe_is_not_looked_at_again_but_its_files_are(void **state)
{
    struct tree *tree = *state;
    struct error err = {.text = ""};

    trusts(tree);
    assert_int_equal(chmod(tree->root, 0757), 0);
    assert_int_equal(trust_check(&tree->trust, tree->file, NULL), ASSAY_OK);
    assert_int_equal(chmod(tree->file, 0646), 0);
    assert_int_equal(trust_check(&tree->trust, tree->file, &err), ASSAY_E_DENIED);
    assert_non_null(strstr(err.text, tree->file));
}

static void another_directory_is_looked_at_from_the_top(void **state)
{
    struct tree *tree = *state;
    auto_free char *beside = must(str_format("%s/plugins-too", tree->root));
    auto_free char *file = must(str_format("%s/a.b.so", beside));

    trusts(tree);
    assert_int_equal(mkdir(beside, 0777), 0);
    assert_int_equal(chmod(beside, 0777), 0);
    write_text(file, "not looked into");
    assert_int_equal(trust_check(&tree->trust, file, NULL), ASSAY_E_DENIED);
}

static void only_absolute_paths_are_judged(void **state)
{
    struct tree *tree = *state;
    struct error err = {.text = ""};

    assert_int_equal(trust_check(&tree->trust, "a.b.so", &err), ASSAY_E_INVALID);
    assert_int_equal(trust_check(&tree->trust, "/nowhere/a.b.so", &err), ASSAY_E_NOTFOUND);
}

static void the_running_program_says_who_may_change_it(void **state)
{
    auto_trust struct trust trust;

    (void)state;
    assert_int_equal(trust_init(&trust, NULL), ASSAY_OK);
    assert_int_equal(trust.user, geteuid());
    assert_non_null(strstr(trust.program, "test_plugin_trust"));
}

/* ---- resolving ---- */

static void directories_on_the_way_may_be_links(void **state)
{
    struct tree *tree = *state;
    auto_free char *link = must(str_format("%s/link", tree->root));
    auto_free char *path = must(str_format("%s/link/../link/a.b.so", tree->root));
    auto_free char *real = NULL;

    assert_int_equal(symlink("plugins", link), 0);
    assert_int_equal(trust_resolve(&tree->trust, path, &real, NULL), ASSAY_OK);
    assert_string_equal(real, tree->file);
}

static void an_absolute_directory_is_followed_once(void **state)
{
    struct tree *tree = *state;
    auto_free char *link = must(str_format("%s/link", tree->root));
    auto_free char *path = must(str_format("%s/link/a.b.so", tree->root));
    auto_free char *other = must(str_format("%s/other", tree->root));
    auto_free char *other_file = must(str_format("%s/other/a.b.so", tree->root));
    auto_free char *first = NULL;
    auto_free char *second = NULL;
    auto_free char *third = NULL;

    assert_int_equal(mkdir(other, 0755), 0);
    write_text(other_file, "another");
    assert_int_equal(symlink("plugins", link), 0);
    assert_int_equal(trust_resolve(&tree->trust, path, &first, NULL), ASSAY_OK);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("other", link), 0);

    assert_int_equal(trust_resolve(&tree->trust, path, &second, NULL), ASSAY_OK);
    assert_string_equal(second, first);
    assert_int_equal(trust_resolve(&tree->trust, other_file, &third, NULL), ASSAY_OK);
    assert_string_equal(third, other_file);
}

static void a_relative_path_is_of_the_directory_that_is_current_then(void **state)
{
    struct tree *tree = *state;
    auto_free char *here = must(realpath(".", NULL));
    auto_free char *in_root = NULL;
    auto_free char *in_dir = NULL;

    assert_int_equal(chdir(tree->dir), 0);
    const assay_status first = trust_resolve(&tree->trust, "a.b.so", &in_dir, NULL);
    assert_int_equal(chdir(tree->root), 0);
    const assay_status second = trust_resolve(&tree->trust, "a.b.so", &in_root, NULL);
    const assay_status third = trust_resolve(&tree->trust, "plugins/a.b.so", &in_root, NULL);
    assert_int_equal(chdir(here), 0);

    assert_int_equal(first, ASSAY_OK);
    assert_string_equal(in_dir, tree->file);
    assert_int_equal(second, ASSAY_E_NOTFOUND);
    assert_int_equal(third, ASSAY_OK);
    assert_string_equal(in_root, tree->file);
}

static void a_file_that_is_a_link_is_refused(void **state)
{
    struct tree *tree = *state;
    auto_free char *link = must(str_format("%s/c.d.so", tree->dir));
    char *real = NULL;
    struct error err = {.text = ""};

    assert_int_equal(symlink("a.b.so", link), 0);
    assert_int_equal(trust_resolve(&tree->trust, link, &real, &err), ASSAY_E_DENIED);
    assert_non_null(strstr(err.text, "c.d.so is a symbolic link"));
    assert_null(real);
}

static void links_in_a_circle_are_an_error(void **state)
{
    struct tree *tree = *state;
    auto_free char *loop = must(str_format("%s/loop", tree->root));
    auto_free char *path = must(str_format("%s/loop/a.b.so", tree->root));
    char *real = NULL;
    struct error err = {.text = ""};

    assert_int_equal(symlink("loop", loop), 0);
    assert_int_not_equal(trust_resolve(&tree->trust, path, &real, &err), ASSAY_OK);
    assert_non_null(strstr(err.text, path));
    assert_null(real);
}

static void what_is_no_regular_file_is_refused(void **state)
{
    struct tree *tree = *state;
    auto_free char *pipe = must(str_format("%s/pipe.so", tree->dir));
    char *real = NULL;

    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(trust_resolve(&tree->trust, pipe, &real, NULL), ASSAY_E_INVALID);
    assert_int_equal(trust_resolve(&tree->trust, tree->dir, &real, NULL), ASSAY_E_INVALID);
    assert_int_equal(trust_resolve(&tree->trust, "nowhere.so", &real, NULL), ASSAY_E_NOTFOUND);
}

#define IN_A_TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_TREE(a_tree_of_ones_own_is_trusted),
        IN_A_TREE(a_file_that_all_can_write_is_not),
        IN_A_TREE(a_directory_that_all_can_write_is_not),
        IN_A_TREE(who_mends_it_mends_group_and_all_at_once),
        IN_A_TREE(a_directory_further_up_counts_too),
        IN_A_TREE(a_sticky_directory_is_no_better),
        IN_A_TREE(a_group_that_can_write_is_refused),
        IN_A_TREE(a_group_that_can_write_assay_itself_is_not),
        IN_A_TREE(another_owner_is_refused_unless_it_is_assays_or_root),
        IN_A_TREE(what_is_above_assay_itself_is_not_judged),
        IN_A_TREE(a_name_that_begins_like_assays_is_not_above_it),
        IN_A_TREE(a_directory_found_safe_is_not_looked_at_again_but_its_files_are),
        IN_A_TREE(another_directory_is_looked_at_from_the_top),
        IN_A_TREE(only_absolute_paths_are_judged),
        IN_A_TREE(the_running_program_says_who_may_change_it),
        IN_A_TREE(directories_on_the_way_may_be_links),
        IN_A_TREE(an_absolute_directory_is_followed_once),
        IN_A_TREE(a_relative_path_is_of_the_directory_that_is_current_then),
        IN_A_TREE(a_file_that_is_a_link_is_refused),
        IN_A_TREE(links_in_a_circle_are_an_error),
        IN_A_TREE(what_is_no_regular_file_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
