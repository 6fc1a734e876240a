/* The messages about data: that they read back, and that nothing else is read. */
#include "support/devnode_world.h"

#include "devnode/core/da_message.h"

#define MESSAGES 11

static const uint8_t tx[] = {1, 2, 3};
static const uint8_t share[] = {4, 5, 6, 7};

static struct da_message message_of(enum da_message_type type)
{
    struct da_message message = {.type = type};

    switch (type) {
    case DA_HELLO:
        message.as.hello = (struct hello){
            .version = 0x1234, .genesis = {{1}}, .public_key = {{2}}, .challenge = {{3}}};
        break;
    case DA_PROOF:
        memset(message.as.proof.bytes, 9, sizeof(message.as.proof.bytes));
        break;
    case DA_DISPERSE:
    case DA_REPLICA:
        message.as.parcel.tx = tx;
        message.as.parcel.tx_size = sizeof(tx);
        /* fall through */
    case DA_SHARE:
        message.as.parcel.share = share;
        message.as.parcel.share_size = sizeof(share);
        break;
    case DA_TAKEN:
    case DA_REFUSED:
    case DA_OFFER:
    case DA_WANT:
    case DA_GET:
    case DA_LACKS:
        message.as.place = (struct da_place){.blob = {{5}}, .column = 0xABCD};
        break;
    }
    return message;
}

static void every_message_reads_back_to_the_same_bytes(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= MESSAGES; type++) {
        struct da_message message = message_of((enum da_message_type)type);
        size_t size = da_message_size(&message);
        uint8_t *bytes = malloc(size);
        uint8_t *again = malloc(size);
        struct da_message read;

        assert_non_null(bytes);
        assert_non_null(again);
        da_message_write(&message, bytes);
        assert_true(da_message_read(&read, bytes, size, NULL));
        assert_int_equal(read.type, type);
        assert_int_equal(da_message_size(&read), size);
        da_message_write(&read, again);
        assert_memory_equal(bytes, again, size);
        free(bytes);
        free(again);
    }
}

static void the_fields_are_what_was_written(void **state)
{
    uint8_t bytes[256];
    struct da_message message = message_of(DA_REPLICA);
    struct da_message read;

    (void)state;
    da_message_write(&message, bytes);
    assert_true(da_message_read(&read, bytes, da_message_size(&message), NULL));
    assert_int_equal(read.as.parcel.tx_size, sizeof(tx));
    assert_memory_equal(read.as.parcel.tx, tx, sizeof(tx));
    assert_int_equal(read.as.parcel.share_size, sizeof(share));
    assert_memory_equal(read.as.parcel.share, share, sizeof(share));
    message = message_of(DA_GET);
    da_message_write(&message, bytes);
    assert_true(da_message_read(&read, bytes, da_message_size(&message), NULL));
    assert_int_equal(read.as.place.column, 0xABCD);
    message = message_of(DA_HELLO);
    da_message_write(&message, bytes);
    assert_true(da_message_read(&read, bytes, da_message_size(&message), NULL));
    assert_int_equal(read.as.hello.version, 0x1234);
    assert_int_equal(read.as.hello.challenge.bytes[0], 3);
}

static void a_message_of_any_other_length_is_refused(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= MESSAGES; type++) {
        struct da_message message = message_of((enum da_message_type)type);
        size_t size = da_message_size(&message);
        bool has_share = type == DA_DISPERSE || type == DA_REPLICA || type == DA_SHARE;
        size_t whole = has_share ? size - sizeof(share) : size;
        uint8_t *bytes = calloc(size + 1, 1);
        struct da_message read;

        assert_non_null(bytes);
        da_message_write(&message, bytes);
        for (size_t cut = 0; cut < whole; cut++) {
            /* An exact copy, so that reading beyond it is seen. */
            uint8_t *part = malloc(cut ? cut : 1);

            assert_non_null(part);
            memcpy(part, bytes, cut);
            assert_false(da_message_read(&read, part, cut, NULL));
            free(part);
        }
        assert_int_equal(da_message_read(&read, bytes, size + 1, NULL), has_share);
        free(bytes);
    }
}

static void unknown_types_and_other_magic_are_refused(void **state)
{
    static const uint8_t unknown[] = {0, 12, 255};
    struct da_message message = message_of(DA_HELLO);
    struct da_message read;
    struct reason why;
    uint8_t bytes[256];

    (void)state;
    for (size_t i = 0; i < sizeof(unknown); i++) {
        bytes[0] = unknown[i];
        assert_false(da_message_read(&read, bytes, 35, &why));
        assert_non_null(strstr(why.text, "unknown type"));
    }
    da_message_write(&message, bytes);
    bytes[1] ^= 1;
    assert_false(da_message_read(&read, bytes, da_message_size(&message), &why));
    assert_non_null(strstr(why.text, "malformed"));
}

static void a_transaction_beyond_the_limit_is_refused(void **state)
{
    size_t size = 1 + 4 + DA_TX_BYTES_MAX + 1 + 8;
    uint8_t *bytes = calloc(size, 1);
    struct da_message read;

    (void)state;
    assert_non_null(bytes);
    bytes[0] = DA_DISPERSE;
    bytes[3] = 1; /* 65536 */
    assert_true(da_message_read(&read, bytes, size, NULL));
    bytes[1] = 1;
    assert_false(da_message_read(&read, bytes, size, NULL));
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_reads_back_to_the_same_bytes),
        cmocka_unit_test(the_fields_are_what_was_written),
        cmocka_unit_test(a_message_of_any_other_length_is_refused),
        cmocka_unit_test(unknown_types_and_other_magic_are_refused),
        cmocka_unit_test(a_transaction_beyond_the_limit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
