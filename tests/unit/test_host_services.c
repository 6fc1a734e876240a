/* The small services: signatures, wallet, artifacts, topology; and records of several sizes. */
#include <sys/stat.h>

#include "framework/base/mem.h"
#include "framework/host/artifacts.h"
#include "framework/host/body.h"
#include "framework/host/record.h"
#include "framework/host/state.h"
#include "host_fixture.h"

static int setup(void **state)
{
    *state = fixture_new(3);
    (void)fixture_instance(*state, "workload.a", ASSAY_WORKLOAD);
    (void)fixture_instance(*state, "system.s", ASSAY_SYSTEM);
    return 0;
}

static int teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

static const assay_host *workload(void **state)
{
    return host_instance_table(((struct fixture *)*state)->instances[0]);
}

/* ---- signatures ---- */

static void hex_of(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* Test 1 of RFC 8032, section 7.1: an empty message. */
static void ed25519_agrees_with_its_specification(void **state)
{
    static const uint8_t seed[32] = {0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84,
        0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70,
        0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
    const assay_host *table = workload(state);
    const assay_sign *sign = table->service(table, ASSAY_SIGN);
    uint8_t key[32], signature[64];
    char text[129];

    assert_int_equal(sign->ed25519_public(table, seed, key), ASSAY_OK);
    hex_of(key, 32, text);
    assert_string_equal(text, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_int_equal(sign->ed25519_sign(table, seed, (assay_bytes){"", 0}, signature), ASSAY_OK);
    hex_of(signature, 64, text);
    assert_string_equal(text,
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    assert_int_equal(sign->ed25519_verify(table, key, (assay_bytes){"", 0}, signature), ASSAY_OK);
    assert_int_equal(
        sign->ed25519_verify(table, key, (assay_bytes){"x", 1}, signature), ASSAY_E_DENIED);
    signature[3] ^= 1;
    assert_int_equal(
        sign->ed25519_verify(table, key, (assay_bytes){"", 0}, signature), ASSAY_E_DENIED);
}

/* Blake2b-512 of "abc", RFC 7693, appendix A. */
static void blake2b_agrees_with_its_specification(void **state)
{
    const assay_host *table = workload(state);
    const assay_sign *sign = table->service(table, ASSAY_SIGN);
    uint8_t digest[64];
    char text[129];

    assert_int_equal(sign->blake2b(table, (assay_bytes){"abc", 3}, digest, 64), ASSAY_OK);
    hex_of(digest, 64, text);
    assert_string_equal(text,
        "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    assert_int_equal(sign->blake2b(table, (assay_bytes){"", 0}, digest, 15), ASSAY_E_INVALID);
    assert_int_equal(sign->blake2b(table, (assay_bytes){"", 0}, digest, 65), ASSAY_E_INVALID);
    assert_int_equal(sign->blake2b(table, (assay_bytes){"", 0}, digest, 16), ASSAY_OK);
}

/* ---- wallet and topology ---- */

static void accounts_are_leased_to_one_alone(void **state)
{
    const assay_host *table = workload(state);
    const assay_wallet *wallet = table->service(table, ASSAY_WALLET);
    assay_account account = {.struct_size = sizeof(account)};
    uint32_t first = 99;

    assert_int_equal(wallet->count(table), 10);
    assert_int_equal(wallet->lease(table, 4, &first), ASSAY_OK);
    assert_int_equal(first, 0);
    assert_int_equal(wallet->lease(table, 7, &first), ASSAY_E_NOTFOUND); /* all or none */
    assert_int_equal(first, 0);
    assert_int_equal(wallet->lease(table, 6, &first), ASSAY_OK);
    assert_int_equal(first, 4);
    assert_int_equal(wallet->lease(table, 1, &first), ASSAY_E_NOTFOUND);
    assert_int_equal(wallet->lease(table, UINT32_MAX, &first), ASSAY_E_NOTFOUND);
    assert_int_equal(wallet->account(table, 7, &account), ASSAY_OK);
    assert_string_equal(account.label, "wallet-user-7");
    assert_int_equal(account.funds, 100);
    assert_int_equal(account.index, 7);
    assert_int_equal(wallet->account(table, 10, &account), ASSAY_E_NOTFOUND);
    account.struct_size = 0;
    assert_int_equal(wallet->account(table, 7, &account), ASSAY_E_INVALID);
}

static void systems_see_the_topology(void **state)
{
    const assay_host *table = host_instance_table(((struct fixture *)*state)->instances[1]);
    const assay_topology *topology = table->service(table, ASSAY_TOPOLOGY);
    assay_node_info info = {.struct_size = sizeof(info)};
    assay_account account = {.struct_size = sizeof(account)};

    assert_int_equal(topology->node_count(table), 3);
    assert_int_equal(topology->node(table, 2, &info), ASSAY_OK);
    assert_string_equal(info.name, "validator-2");
    assert_int_equal(topology->node(table, 3, &info), ASSAY_E_NOTFOUND);
    assert_int_equal(topology->dial_count(table, 0), 0); /* the hub of the star */
    assert_int_equal(topology->dial_count(table, 2), 1);
    assert_int_equal(topology->dial(table, 2, 0), 0);
    assert_int_equal(topology->dial(table, 2, 1), ASSAY_NO_NODE);
    assert_int_equal(topology->dial_count(table, 3), 0);
    assert_int_equal(topology->dial(table, 3, 0), ASSAY_NO_NODE);
    assert_null(topology->overrides(table, 0));
    assert_int_equal(topology->account_count(table), 10);
    assert_int_equal(topology->account(table, 0, &account), ASSAY_OK);
}

static void overrides_are_given_by_node(void **state)
{
    static const int of_node_1 = 5;
    static const void *const overrides[] = {NULL, &of_node_1};
    struct fixture *fixture = fixture_prepare(2);
    const assay_host *table = NULL;
    const assay_topology *topology = NULL;

    (void)state;
    fixture->config.overrides = overrides;
    fixture_start(fixture);
    table = host_instance_table(fixture_instance(fixture, "system.s", ASSAY_SYSTEM));
    topology = table->service(table, ASSAY_TOPOLOGY);
    assert_ptr_equal(topology->overrides(table, 1), &of_node_1);
    assert_null(topology->overrides(table, 0));
    assert_null(topology->overrides(table, 2));
    fixture_free(fixture);
}

/* ---- artifacts ---- */

static void artifacts_are_appended_under_the_instances_name(void **state)
{
    struct fixture *fixture = *state;
    const assay_host *table = workload(state);
    const assay_artifacts *artifacts = table->service(table, ASSAY_ARTIFACTS);
    struct file_text text = {0};
    char path[200];

    assert_int_equal(artifacts->append(table, "out.csv", (assay_bytes){"a\n", 2}), ASSAY_OK);
    assert_int_equal(artifacts->append(table, "out.csv", (assay_bytes){"b\n", 2}), ASSAY_OK);
    assert_int_equal(artifacts->append(table, "empty", (assay_bytes){NULL, 0}), ASSAY_OK);
    (void)snprintf(path, sizeof(path), "%s/artifacts/workload.a/out.csv", fixture->run_dir);
    assert_int_equal(file_read(path, 100, &text, NULL), ASSAY_OK);
    assert_string_equal(text.data, "a\nb\n");
    free(text.data);
}

static void an_artifact_stays_in_its_place(void **state)
{
    static const char *const bad_names[] = {
        "", ".", "..", ".hidden", "a/b", "../x", "a b", "caf\xc3\xa9", "a\n", NULL};
    struct fixture *fixture = *state;
    const assay_host *table = workload(state);
    const assay_artifacts *artifacts = table->service(table, ASSAY_ARTIFACTS);
    char name[ARTIFACT_NAME_MAX + 2], path[200];

    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++)
        assert_int_equal(
            artifacts->append(table, bad_names[i], (assay_bytes){"x", 1}), ASSAY_E_INVALID);
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(artifacts->append(table, name, (assay_bytes){"x", 1}), ASSAY_E_INVALID);
    name[ARTIFACT_NAME_MAX] = '\0';
    assert_int_equal(artifacts->append(table, name, (assay_bytes){"x", 1}), ASSAY_OK);
    assert_int_equal(artifacts->append(table, "ok", (assay_bytes){NULL, 1}), ASSAY_E_INVALID);

    (void)snprintf(path, sizeof(path), "%s/artifacts/workload.a/link", fixture->run_dir);
    assert_int_equal(symlink("/tmp/assay-must-not-appear", path), 0);
    assert_int_not_equal(artifacts->append(table, "link", (assay_bytes){"x", 1}), ASSAY_OK);
    assert_int_not_equal(access("/tmp/assay-must-not-appear", F_OK), 0);
}

static void an_instance_has_so_many_bytes_of_artifacts(void **state)
{
    struct fixture *fixture = *state;
    const assay_host *table = workload(state);
    const assay_artifacts *artifacts = table->service(table, ASSAY_ARTIFACTS);

    fixture->instances[0]->artifact_bytes = ARTIFACT_BYTES_MAX - 3;
    assert_int_equal(artifacts->append(table, "x", (assay_bytes){"1234", 4}), ASSAY_E_LAGGED);
    assert_int_equal(artifacts->append(table, "x", (assay_bytes){"123", 3}), ASSAY_OK);
    assert_int_equal(artifacts->append(table, "x", (assay_bytes){"1", 1}), ASSAY_E_LAGGED);
}

/* ---- records ---- */

struct old_record {
    size_t struct_size;
    uint64_t a;
};

struct new_record {
    size_t struct_size;
    uint64_t a, b;
};

static void records_are_given_as_far_as_both_know_them(void **state)
{
    const struct new_record ours = {.struct_size = sizeof(ours), .a = 1, .b = 2};
    struct new_record theirs = {.struct_size = sizeof(struct old_record), .b = 77};
    struct {
        struct new_record record;
        uint64_t newer;
    } newest = {.record = {.struct_size = sizeof(newest)}, .newer = 77};

    (void)state;
    assert_true(record_give(&theirs, &ours, sizeof(ours)));
    assert_int_equal(theirs.a, 1);
    assert_int_equal(theirs.b, 77);
    assert_true(record_give(&newest, &ours, sizeof(ours)));
    assert_int_equal(newest.record.b, 2);
    assert_int_equal(newest.newer, 77);
    assert_int_equal(newest.record.struct_size, sizeof(newest));
    assert_false(record_give(NULL, &ours, sizeof(ours)));
    theirs.struct_size = 0;
    assert_false(record_give(&theirs, &ours, sizeof(ours)));
    theirs.struct_size = SIZE_MAX;
    assert_false(record_give(&theirs, &ours, sizeof(ours)));
}

static void records_are_taken_with_zeros_for_what_is_missing(void **state)
{
    const struct {
        struct old_record record;
        uint64_t not_theirs;
    } theirs = {.record = {.struct_size = sizeof(theirs.record), .a = 1}, .not_theirs = 5};
    struct new_record ours = {.b = 77};

    (void)state;
    assert_true(record_take(&ours, sizeof(ours), &theirs.record));
    assert_int_equal(ours.a, 1);
    assert_int_equal(ours.b, 0);
    assert_int_equal(ours.struct_size, sizeof(ours));
    assert_false(record_take(&ours, sizeof(ours), NULL));
}

/* ---- bodies ---- */

static void check_round_trip(const assay_item *items, size_t count)
{
    const assay_block_info info = {.struct_size = sizeof(info),
        .id = "b",
        .items = items,
        .item_count = count,
        .item_stride = sizeof(*items)};
    struct body *body = NULL;
    const assay_item *list = NULL;

    assert_int_equal(body_new(&info, &body, NULL), ASSAY_OK);
    assert_int_equal(body_item_count(body), count);
    list = body_hold(body);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(list[i].kind, items[i].kind);
        assert_string_equal(list[i].id, items[i].id);
    }
    assert_ptr_equal(body_hold(body), list); /* shared while it is held */
    body_drop(body);
    body_drop(body);
    body_unref(body);
}

static void bodies_give_back_what_was_packed(void **state)
{
    static const assay_item hex[] = {{"tx", "00ff"}, {"tx", "abcd"}, {"tx", "0123"}};
    static const assay_item mixed_kinds[] = {{"tx", "00ff"}, {"blob", "abcd"}, {"tx", "0123"}};
    static const assay_item upper[] = {{"tx", "00FF"}, {"tx", "abcd"}};
    static const assay_item odd[] = {{"tx", "abc"}, {"tx", "def"}};
    static const assay_item lengths[] = {{"tx", "ab"}, {"tx", "abcd"}};
    static const assay_item words[] = {{"tx", "hello"}, {"", ""}, {"tx", "\xc3\xa9"}};
    struct body *none = NULL;

    (void)state;
    check_round_trip(hex, 3);
    check_round_trip(mixed_kinds, 3);
    check_round_trip(upper, 2);
    check_round_trip(odd, 2);
    check_round_trip(lengths, 2);
    check_round_trip(words, 3);
    check_round_trip(NULL, 0);
    body_unref(none);
}

static void more_kinds_than_a_block_may_have_are_refused(void **state)
{
    static char names[BODY_KINDS_MAX + 1][8];
    static assay_item items[BODY_KINDS_MAX + 1];
    assay_block_info info = {
        .struct_size = sizeof(info), .id = "b", .items = items, .item_stride = sizeof(items[0])};
    struct body *body = NULL;

    (void)state;
    for (size_t i = 0; i <= BODY_KINDS_MAX; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "k%zu", i);
        items[i] = (assay_item){.kind = names[i], .id = "ab"};
    }
    info.item_count = BODY_KINDS_MAX;
    check_round_trip(items, BODY_KINDS_MAX);
    info.item_count++;
    assert_int_equal(body_new(&info, &body, NULL), ASSAY_E_INVALID);
}

static void a_body_without_memory_is_none(void **state)
{
    static const assay_item items[] = {{"tx", "00ff"}, {"blob", "abcd"}};
    const assay_block_info info = {.struct_size = sizeof(info),
        .id = "b",
        .items = items,
        .item_count = 2,
        .item_stride = sizeof(items[0])};
    struct body *body = NULL;

    (void)state;
    for (uint64_t n = 1; n <= 4; n++) {
        mem_fail_at(n, MEM_FAIL_ONCE);
        assert_int_equal(body_new(&info, &body, NULL), ASSAY_E_NOMEM);
    }
    mem_fail_at(0, MEM_FAIL_ONCE);
    assert_int_equal(body_new(&info, &body, NULL), ASSAY_OK);
    mem_fail_at(1, MEM_FAIL_ONCE);
    assert_null(body_hold(body));
    mem_fail_at(0, MEM_FAIL_ONCE);
    body_unref(body);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ed25519_agrees_with_its_specification),
        TEST(blake2b_agrees_with_its_specification),
        TEST(accounts_are_leased_to_one_alone),
        TEST(systems_see_the_topology),
        cmocka_unit_test(overrides_are_given_by_node),
        TEST(artifacts_are_appended_under_the_instances_name),
        TEST(an_artifact_stays_in_its_place),
        TEST(an_instance_has_so_many_bytes_of_artifacts),
        cmocka_unit_test(records_are_given_as_far_as_both_know_them),
        cmocka_unit_test(records_are_taken_with_zeros_for_what_is_missing),
        cmocka_unit_test(bodies_give_back_what_was_packed),
        cmocka_unit_test(more_kinds_than_a_block_may_have_are_refused),
        cmocka_unit_test(a_body_without_memory_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
