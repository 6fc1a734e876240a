/* Submissions, and what they are kept in: texts, the index of ids. */
#include "framework/base/mem.h"
#include "framework/host/idtable.h"
#include "framework/host/submissions.h"
#include "framework/host/texts.h"
#include "host_fixture.h"

struct scene {
    struct fixture *fixture;
    const assay_host *table;
    const assay_submissions *submissions;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct host_instance *instance = NULL;

    scene->fixture = fixture_new(1);
    instance = fixture_instance(scene->fixture, "workload.a", ASSAY_WORKLOAD);
    scene->table = host_instance_table(instance);
    scene->submissions = fixture_service(instance, ASSAY_SUBMISSIONS);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    fixture_free(scene->fixture);
    free(scene);
    return 0;
}

static assay_status report(
    const struct scene *scene, const char *kind, const char *id, uint32_t outcome)
{
    return scene->submissions->report(scene->table,
        &(assay_submission){.struct_size = sizeof(assay_submission),
            .kind = kind,
            .id = id,
            .at = 1,
            .sent = 2,
            .done = 3,
            .node = 0,
            .outcome = outcome});
}

static void entries_keep_the_order_of_their_first_report(void **state)
{
    const struct scene *scene = *state;
    assay_submission submission = {.struct_size = sizeof(submission)};
    size_t index = 99;

    assert_int_equal(scene->submissions->count(scene->table, "transaction"), 0);
    assert_int_equal(report(scene, "transaction", "t1", ASSAY_SUBMIT_PENDING), ASSAY_OK);
    assert_int_equal(report(scene, "transaction", "t2", ASSAY_SUBMIT_PENDING), ASSAY_OK);
    assert_int_equal(report(scene, "blob", "t1", ASSAY_SUBMIT_REFUSED), ASSAY_OK);
    assert_int_equal(report(scene, "transaction", "t1", ASSAY_SUBMIT_ACCEPTED), ASSAY_OK);

    assert_int_equal(scene->submissions->count(scene->table, "transaction"), 2);
    assert_int_equal(scene->submissions->count(scene->table, "blob"), 1);
    assert_int_equal(
        scene->submissions->get(scene->table, "transaction", 0, &submission), ASSAY_OK);
    assert_string_equal(submission.kind, "transaction");
    assert_string_equal(submission.id, "t1");
    assert_int_equal(submission.outcome, ASSAY_SUBMIT_ACCEPTED);
    assert_int_equal(submission.sent, 2);
    assert_int_equal(scene->submissions->find(scene->table, "transaction", "t2", &index), ASSAY_OK);
    assert_int_equal(index, 1);

    assert_int_equal(
        scene->submissions->find(scene->table, "blob", "t2", &index), ASSAY_E_NOTFOUND);
    assert_int_equal(scene->submissions->find(scene->table, "x", "t2", &index), ASSAY_E_NOTFOUND);
    assert_int_equal(scene->submissions->find(scene->table, NULL, NULL, &index), ASSAY_E_NOTFOUND);
    assert_int_equal(
        scene->submissions->get(scene->table, "transaction", 2, &submission), ASSAY_E_NOTFOUND);
    assert_int_equal(scene->submissions->get(scene->table, NULL, 0, &submission), ASSAY_E_NOTFOUND);
    assert_int_equal(scene->submissions->count(scene->table, NULL), 0);
    submission.struct_size = 0;
    assert_int_equal(
        scene->submissions->get(scene->table, "blob", 0, &submission), ASSAY_E_INVALID);
}

/* Once a node has taken it, it is owed inclusion: no later attempt makes it less so, or later so. */
static void an_acceptance_stays_whatever_is_reported_later(void **state)
{
    const struct scene *scene = *state;
    assay_submission again = {.struct_size = sizeof(again),
        .kind = "transaction",
        .id = "t1",
        .at = 100,
        .sent = 101,
        .done = 102,
        .node = 0};
    assay_submission kept = {.struct_size = sizeof(kept)};

    assert_int_equal(report(scene, "transaction", "t1", ASSAY_SUBMIT_FAILED), ASSAY_OK);
    assert_int_equal(report(scene, "transaction", "t1", ASSAY_SUBMIT_ACCEPTED), ASSAY_OK);
    for (uint32_t i = ASSAY_SUBMIT_PENDING; i <= ASSAY_SUBMIT_MISSED; i++) {
        again.outcome = i;
        assert_int_equal(scene->submissions->report(scene->table, &again), ASSAY_OK);
        assert_int_equal(scene->submissions->get(scene->table, "transaction", 0, &kept), ASSAY_OK);
        assert_int_equal(kept.outcome, ASSAY_SUBMIT_ACCEPTED);
        assert_int_equal(kept.at, 1);
        assert_int_equal(kept.done, 3);
    }
    assert_int_equal(scene->submissions->count(scene->table, "transaction"), 1);
}

static void nonsense_is_refused(void **state)
{
    const struct scene *scene = *state;
    char long_text[200];

    memset(long_text, 'a', sizeof(long_text));
    long_text[sizeof(long_text) - 1] = '\0';
    assert_int_equal(scene->submissions->report(scene->table, NULL), ASSAY_E_INVALID);
    assert_int_equal(report(scene, NULL, "x", 0), ASSAY_E_INVALID);
    assert_int_equal(report(scene, "transaction", NULL, 0), ASSAY_E_INVALID);
    assert_int_equal(report(scene, "transaction", "", 0), ASSAY_E_INVALID);
    assert_int_equal(report(scene, "transaction", long_text, 0), ASSAY_E_INVALID);
    assert_int_equal(report(scene, long_text, "x", 0), ASSAY_E_INVALID);
    assert_int_equal(report(scene, "transaction", "x", 5), ASSAY_E_INVALID);
    assert_int_equal(scene->submissions->count(scene->table, "transaction"), 0);
}

static void kinds_have_a_limit(void **state)
{
    const struct scene *scene = *state;
    char kind[20];

    for (int i = 0; i < SUBMISSION_KINDS_MAX; i++) {
        (void)snprintf(kind, sizeof(kind), "kind-%d", i);
        assert_int_equal(report(scene, kind, "x", 0), ASSAY_OK);
    }
    assert_int_equal(report(scene, "one more", "x", 0), ASSAY_E_LAGGED);
}

static void many_are_found_again(void **state)
{
    const struct scene *scene = *state;
    char id[80];

    for (int i = 0; i < 20000; i++) {
        (void)snprintf(id, sizeof(id), "%064d", i * 7919 % 20000);
        assert_int_equal(report(scene, "transaction", id, ASSAY_SUBMIT_PENDING), ASSAY_OK);
    }
    for (int i = 0; i < 20000; i++) {
        assay_submission submission = {.struct_size = sizeof(submission)};
        size_t index = 0;

        (void)snprintf(id, sizeof(id), "%064d", i * 7919 % 20000);
        assert_int_equal(
            scene->submissions->find(scene->table, "transaction", id, &index), ASSAY_OK);
        assert_int_equal(index, i);
        assert_int_equal(
            scene->submissions->get(scene->table, "transaction", index, &submission), ASSAY_OK);
        assert_string_equal(submission.id, id);
    }
}

static void a_report_without_memory_leaves_all_as_it_was(void **state)
{
    const struct scene *scene = *state;
    uint64_t n = 1;

    for (;; n++) {
        mem_fail_at(n, MEM_FAIL_ONCE);
        if (report(scene, "transaction", "t1", 0) == ASSAY_OK)
            break;
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_int_equal(scene->submissions->count(scene->table, "transaction"), 0);
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_true(n > 3);
    assert_int_equal(scene->submissions->count(scene->table, "transaction"), 1);
}

/* ---- texts and ids ---- */

static void texts_of_any_length_stay_where_they_are(void **state)
{
    struct texts texts = {0};
    const char *kept[2000];
    static char text[300000];

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t i = 0; i < 2000; i++) {
        (void)snprintf(text, 20, "%zu", i);
        kept[i] = texts_add(&texts, text, i == 1000 ? sizeof(text) : strlen(text));
        assert_non_null(kept[i]);
    }
    for (size_t i = 0; i < 2000; i++) {
        if (i != 1000)
            assert_int_equal(strtoul(kept[i], NULL, 10), i);
    }
    texts_done(&texts);
    texts_done(&texts);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_null(texts_add(&texts, "x", 1));
    mem_fail_at(0, MEM_FAIL_ONCE);
}

static const char *nth_text(const void *owner, uint32_t number)
{
    return ((const char *const *)owner)[number];
}

static void an_empty_index_finds_nothing(void **state)
{
    static const char *const names[] = {"a", "b"};
    struct idtable table;
    uint32_t number = 7;

    (void)state;
    idtable_init(&table, nth_text, names);
    assert_false(idtable_find(&table, "a", &number));
    assert_int_equal(idtable_add(&table, 1), ASSAY_OK);
    assert_false(idtable_find(&table, "a", &number));
    assert_true(idtable_find(&table, "b", &number));
    assert_int_equal(number, 1);
    table.count = IDTABLE_MAX;
    assert_int_equal(idtable_add(&table, 0), ASSAY_E_LAGGED);
    idtable_done(&table);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entries_keep_the_order_of_their_first_report),
        TEST(an_acceptance_stays_whatever_is_reported_later),
        TEST(nonsense_is_refused),
        TEST(kinds_have_a_limit),
        TEST(many_are_found_again),
        TEST(a_report_without_memory_leaves_all_as_it_was),
        cmocka_unit_test(texts_of_any_length_stay_where_they_are),
        cmocka_unit_test(an_empty_index_finds_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
