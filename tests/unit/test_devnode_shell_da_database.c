/* The columns on disk: as the store in memory, and remembered. Both stores are put through the same. */
#include "support/devnode_world.h"

#include <stdio.h>
#include <unistd.h>

#include "devnode/shell/da_database.h"

struct fixture {
    char path[64];
    struct database *database;
    struct da_memory_store *memory;
    struct da_store disk;
    struct da_store stores[2];
};

static void on_failure(void *self, const char *text)
{
    (void)self;
    fail_msg("%s", text);
}

static void open_it(struct fixture *fixture)
{
    struct reason why = {.text = ""};

    fixture->database = database_open(fixture->path, on_failure, NULL, &why);
    assert_string_equal(why.text, "");
    assert_true(da_database_open(fixture->database, &fixture->disk, &why));
    fixture->stores[0] = fixture->disk;
}

static void close_it(struct fixture *fixture)
{
    free(fixture->disk.self);
    database_close(fixture->database);
}

static int set_up(void **state)
{
    static struct fixture fixture;

    (void)snprintf(fixture.path, sizeof(fixture.path), "devnode-da-%d-XXXXXX", (int)getpid());
    assert_non_null(mkdtemp(fixture.path));
    open_it(&fixture);
    fixture.memory = da_memory_store_new();
    fixture.stores[1] = da_memory_store_table(fixture.memory);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char path[128];

    close_it(fixture);
    da_memory_store_free(fixture->memory);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", fixture->path);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/lock", fixture->path);
    (void)unlink(path);
    return rmdir(fixture->path);
}

static struct da_place place_of(uint8_t blob, uint32_t column)
{
    struct da_place place = {.column = column};

    memset(place.blob.bytes, blob, 32);
    return place;
}

static void put(const struct da_store *store, uint8_t blob, uint32_t column, const char *text)
{
    const struct da_place place = place_of(blob, column);

    store->put(store->self, &place, (const uint8_t *)text, strlen(text));
}

static void assert_kept(
    const struct da_store *store, uint8_t blob, uint32_t column, const char *text)
{
    const struct da_place place = place_of(blob, column);
    size_t size = 0;
    uint8_t *bytes = store->get(store->self, &place, &size);

    if (!text) {
        assert_null(bytes);
        return;
    }
    assert_non_null(bytes);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(bytes, text, size);
    free(bytes);
}

static void assert_columns(
    const struct da_store *store, uint8_t blob, const uint32_t *expected, size_t count)
{
    const struct da_place place = place_of(blob, 0);
    uint32_t columns[8];

    assert_int_equal(store->columns(store->self, &place.blob, columns, 8), count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(columns[i], expected[i]);
}

static void columns_are_found_again_in_order(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++) {
        const struct da_store *store = &fixture->stores[i];

        put(store, 2, 300, "d");
        put(store, 2, 1, "b");
        put(store, 2, 0, "a");
        put(store, 2, 255, "c");
        put(store, 1, 9, "other");
        put(store, 3, 0, "another");
        assert_kept(store, 2, 1, "b");
        assert_kept(store, 2, 300, "d");
        assert_kept(store, 2, 2, NULL);
        assert_kept(store, 4, 0, NULL);
        assert_columns(store, 2, (const uint32_t[]){0, 1, 255, 300}, 4);
        assert_columns(store, 1, (const uint32_t[]){9}, 1);
        assert_columns(store, 3, (const uint32_t[]){0}, 1);
        assert_columns(store, 4, NULL, 0);
        assert_columns(store, 0xFF, NULL, 0);
    }
}

static void what_is_kept_stays_as_it_is(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++) {
        put(&fixture->stores[i], 5, 1, "first");
        put(&fixture->stores[i], 5, 1, "second");
        assert_kept(&fixture->stores[i], 5, 1, "first");
    }
}

static void no_more_columns_are_listed_than_there_is_room_for(void **state)
{
    struct fixture *fixture = *state;
    const struct da_place place = place_of(6, 0);
    uint32_t columns[3] = {7, 7, 7};

    for (size_t i = 0; i < 2; i++) {
        for (uint32_t column = 0; column < 5; column++)
            put(&fixture->stores[i], 6, column, "x");
        assert_int_equal(
            fixture->stores[i].columns(fixture->stores[i].self, &place.blob, columns, 2), 2);
        assert_int_equal(columns[2], 7);
    }
}

static void the_disk_remembers(void **state)
{
    struct fixture *fixture = *state;

    put(&fixture->disk, 7, 1, "kept");
    close_it(fixture);
    open_it(fixture);
    assert_kept(&fixture->disk, 7, 1, "kept");
    assert_columns(&fixture->disk, 7, (const uint32_t[]){1}, 1);
}

static void a_large_column_is_kept_whole(void **state)
{
    struct fixture *fixture = *state;
    char *text = malloc(600001);

    assert_non_null(text);
    memset(text, 'z', 600000);
    text[600000] = '\0';
    for (size_t i = 0; i < 2; i++) {
        put(&fixture->stores[i], 8, 0, text);
        assert_kept(&fixture->stores[i], 8, 0, text);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(columns_are_found_again_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_kept_stays_as_it_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            no_more_columns_are_listed_than_there_is_room_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_disk_remembers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_column_is_kept_whole, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
