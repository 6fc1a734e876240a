/* The store on disk does what the store in memory does, and remembers. */
#include "support/devnode_world.h"

#include <stdio.h>
#include <unistd.h>

#include "devnode/shell/database.h"

struct database_fixture {
    char path[64];
    struct database *database;
    struct store store;
};

static jmp_buf failed;
static char failure[REASON_BYTES_MAX];

/* A failure must not return: this one goes back to the test. */
static void on_failure(void *self, const char *text)
{
    (void)self;
    (void)snprintf(failure, sizeof(failure), "%s", text);
    longjmp(failed, 1);
}

static void open_it(struct database_fixture *fixture)
{
    struct reason why = {.text = ""};

    fixture->database = database_open(fixture->path, on_failure, NULL, &why);
    assert_string_equal(why.text, "");
    assert_non_null(fixture->database);
    fixture->store = database_store(fixture->database);
}

static int set_up(void **state)
{
    static struct database_fixture fixture;

    (void)snprintf(fixture.path, sizeof(fixture.path), "devnode-db-%d-XXXXXX", (int)getpid());
    assert_non_null(mkdtemp(fixture.path));
    open_it(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct database_fixture *fixture = *state;
    char path[128];

    database_close(fixture->database);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", fixture->path);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/lock", fixture->path);
    (void)unlink(path);
    return rmdir(fixture->path);
}

static struct bytes32 bytes_of(uint8_t value)
{
    struct bytes32 made;

    memset(made.bytes, value, 32);
    return made;
}

static void put(struct database_fixture *fixture, uint8_t name, const char *contents)
{
    struct bytes32 id = bytes_of(name);

    fixture->store.put_block(fixture->store.self, &id, (const uint8_t *)contents, strlen(contents));
}

static void a_block_is_read_back_until_the_end_of_days(void **state)
{
    struct database_fixture *fixture = *state;
    struct bytes32 id = bytes_of(1);
    struct bytes32 unknown = bytes_of(9);
    size_t size;

    put(fixture, 1, "one");
    put(fixture, 1, "one again, passed over");
    for (size_t i = 0; i < 2; i++) {
        uint8_t *bytes = fixture->store.get_block(fixture->store.self, &id, &size);

        assert_int_equal(size, 3);
        assert_memory_equal(bytes, "one", 3);
        free(bytes);
        assert_null(fixture->store.get_block(fixture->store.self, &unknown, &size));
        database_close(fixture->database);
        open_it(fixture);
    }
    assert_int_equal(database_block_count(fixture->database), 1);
}

struct visit {
    char seen[64];
    size_t stop_after;
    size_t count;
};

static bool on_visit(void *self, const uint8_t *bytes, size_t size)
{
    struct visit *visit = self;

    strncat(visit->seen, (const char *)bytes, size);
    return ++visit->count != visit->stop_after;
}

static void blocks_are_replayed_in_the_order_in_which_they_came(void **state)
{
    struct database_fixture *fixture = *state;
    struct visit all = {.count = 0};
    struct visit some = {.stop_after = 2};

    put(fixture, 9, "first ");
    put(fixture, 3, "second ");
    put(fixture, 5, "third ");

    assert_true(database_replay(fixture->database, on_visit, &all));
    assert_string_equal(all.seen, "first second third ");
    assert_false(database_replay(fixture->database, on_visit, &some));
    assert_string_equal(some.seen, "first second ");
}

static void what_is_final_is_found_by_height_and_by_transaction(void **state)
{
    struct database_fixture *fixture = *state;
    struct bytes32 genesis = bytes_of(1);
    struct bytes32 block = bytes_of(2);
    struct bytes32 txs[2] = {bytes_of(10), bytes_of(11)};
    struct bytes32 found;

    assert_int_equal(database_final_height(fixture->database), 0);
    fixture->store.finalise(fixture->store.self, 0, &genesis, NULL, 0);
    fixture->store.finalise(fixture->store.self, 1, &block, txs, 2);

    assert_int_equal(database_final_height(fixture->database), 1);
    assert_true(fixture->store.block_at(fixture->store.self, 1, &found));
    assert_memory_equal(found.bytes, block.bytes, 32);
    assert_false(fixture->store.block_at(fixture->store.self, 2, &found));
    assert_true(fixture->store.block_of_tx(fixture->store.self, &txs[1], &found));
    assert_memory_equal(found.bytes, block.bytes, 32);
    assert_false(fixture->store.block_of_tx(fixture->store.self, &block, &found));
}

static void a_database_has_one_genesis(void **state)
{
    struct database_fixture *fixture = *state;
    struct bytes32 ours = bytes_of(1);
    struct bytes32 theirs = bytes_of(2);

    fixture->store.finalise(fixture->store.self, 0, &ours, NULL, 0);
    fixture->store.finalise(fixture->store.self, 0, &ours, NULL, 0);
    failure[0] = '\0';
    if (!setjmp(failed))
        fixture->store.finalise(fixture->store.self, 0, &theirs, NULL, 0);
    assert_non_null(strstr(failure, "is of another network"));
    assert_non_null(strstr(failure, "storage.db_path"));
    /* The jump left the transaction open, as the end of the process would. */
    database_close(fixture->database);
    open_it(fixture);
}

static void a_database_is_opened_once(void **state)
{
    struct database_fixture *fixture = *state;
    struct reason why;

    assert_null(database_open(fixture->path, on_failure, NULL, &why));
    assert_non_null(strstr(why.text, "in use by another process"));
}

static void a_place_that_cannot_be_written_is_named(void **state)
{
    struct reason why;

    (void)state;
    assert_null(database_open("/proc/no/such/place", on_failure, NULL, &why));
    assert_non_null(strstr(why.text, "/proc/no/such/place"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_block_is_read_back_until_the_end_of_days, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            blocks_are_replayed_in_the_order_in_which_they_came, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            what_is_final_is_found_by_height_and_by_transaction, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_has_one_genesis, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_database_is_opened_once, set_up, tear_down),
        cmocka_unit_test(a_place_that_cannot_be_written_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
