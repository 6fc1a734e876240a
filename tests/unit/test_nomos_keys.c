/* Keys and peer ids against the vectors of the node contract (3.10). */
#include "test_nomos_support.h"

static void ed25519_keys_follow_from_their_seeds(void **state)
{
    const struct bytes32 seeds[] = {bytes32_of(4), bytes32_of(1)};
    struct ed25519_key key;

    (void)state;
    ed25519_from_seed(&seeds[0], &key);
    assert_bytes32(
        &key.public_key, "ca93ac1705187071d67b83c7ff0efe8108e8ec4530575d7726879333dbdabe7c");
    ed25519_from_seed(&seeds[1], &key);
    assert_bytes32(
        &key.public_key, "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c");
    ed25519_zero_key(&key);
    assert_bytes32(
        &key.public_key, "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29");
}

static void zk_public_keys_give_the_vectors(void **state)
{
    const struct wire wire = test_wire();
    const struct fr of_zero = zk_public_key(&wire, &fr_zero);
    const struct fr of_one = zk_public_key(&wire, &fr_one);
    char domain[FR_DECIMAL_SIZE];

    (void)state;
    assert_fr(&of_zero, "c55b87f49e6bb9238e4d89ab52f87ac44f8cc5df4734c9b8cd8aeebffda6da1d");
    assert_fr(&of_one, "974f810b482a26d3e2d3a66d2c25a7789a56b7b43169bb00dbd6232812479b01");
    fr_to_decimal(&wire.key_domain, domain);
    assert_string_equal(domain, "1296193216988918402894");
}

static void wallet_accounts_give_the_vectors(void **state)
{
    static const char *const public_keys[] = {
        "29b67531bb6456772e2d0aaef94bbe48df0c6fdcfe03c56e9ce86b3c104e861a",
        "6c25c9689b2992ab6f7f7f8f8ca9e630a94b3cf33e4d3c10a3e1360df1ffc92a",
        "0dfe3b074cebf8db09ac4db8602621c76f104b84848003e79f021d5a72874022"};
    const struct wire wire = test_wire();
    const struct fr first = wallet_secret_key(0);
    const struct fr second = wallet_secret_key(1);

    (void)state;
    assert_fr(&first, "776c000000000000000000000000000000000000000000000000000000000000");
    assert_fr(&second, "776c010000000000000000000000000000000000000000000000000000000000");
    for (size_t i = 0; i < 3; i++) {
        const struct fr secret_key = wallet_secret_key(i);
        const struct fr public_key = zk_public_key(&wire, &secret_key);

        assert_fr(&public_key, public_keys[i]);
    }
}

static void wallet_labels_count_from_zero(void **state)
{
    char label[WALLET_LABEL_SIZE];

    (void)state;
    wallet_label(0, label);
    assert_string_equal(label, "wallet-user-0");
    wallet_label(UINT64_MAX, label);
    assert_string_equal(label, "wallet-user-18446744073709551615");
}

static void note_keys_begin_with_their_purpose(void **state)
{
    const struct wire wire = test_wire();
    const struct bytes32 seed = bytes32_of(1);
    const struct fr leader = note_secret_key(NOTE_LEADER, &seed);
    const struct fr da = note_secret_key(NOTE_DA, &seed);
    const struct fr blend = note_secret_key(NOTE_BLEND, &seed);
    const struct fr leader_public = zk_public_key(&wire, &leader);

    (void)state;
    assert_fr(&leader, "6c64010101010101010101010101010100000000000000000000000000000000");
    assert_fr(&da, "6461010101010101010101010101010100000000000000000000000000000000");
    assert_fr(&blend, "626e010101010101010101010101010100000000000000000000000000000000");
    assert_fr(&leader_public, "83bae89470e642ea6970450dfd899affdb26dea7187396db178a76eb7661a023");
}

static void zk_id_of_a_provider_gives_the_vector(void **state)
{
    const struct wire wire = test_wire();
    const struct bytes32 seed = bytes32_of(1);
    struct ed25519_key key;

    (void)state;
    ed25519_from_seed(&seed, &key);
    const struct fr secret_key = provider_secret_key(&key.public_key);
    const struct fr zk_id = zk_public_key(&wire, &secret_key);
    assert_fr(&zk_id, "a50c8377b76c7f5046770075e719130407301b856eda0b6c7618b5113e45d50b");
}

static void peer_ids_give_the_vectors_and_read_back(void **state)
{
    static const char *const keys[] = {
        "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
        "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"};
    static const char *const ids[] = {"12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5",
        "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct bytes32 key = bytes32_hex(keys[i]);
        char text[PEER_ID_SIZE];
        struct bytes32 read;

        peer_id_write(&key, text);
        assert_string_equal(text, ids[i]);
        assert_true(peer_id_read(text, &read));
        assert_true(bytes32_equal(&read, &key));
    }
}

static void any_key_reads_back_from_its_peer_id(void **state)
{
    uint64_t seed = 21;

    (void)state;
    for (size_t i = 0; i < 300; i++) {
        struct bytes32 key = bytes32_of(i % 3 == 0 ? 0 : 0xff);
        char text[PEER_ID_SIZE];
        struct bytes32 read;

        for (size_t j = i % 32; j < 32; j++)
            key.bytes[j] = (uint8_t)next_number(&seed);
        peer_id_write(&key, text);
        assert_true(peer_id_read(text, &read));
        assert_true(bytes32_equal(&read, &key));
    }
}

static void what_is_no_peer_id_is_refused(void **state)
{
    static const char *const refused[] = {"", "12D3KooW",
        /* one character more, and one less */
        "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH55",
        "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH",
        /* 0, O, I and l are no base58 digits */
        "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH0",
        "12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPHl",
        /* another prefix, and a number too large for 38 bytes */
        "12E3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        /* a peer id plus 2^304, which 38 bytes would bring back to that peer id */
        "eteTh83o8VghFyM1oWacmkACxDw7fpjCwvPVL8qUjyyt44N1oWHR"};
    struct bytes32 read;

    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        assert_false(peer_id_read(refused[i], &read));
}

static void a_signature_holds_for_its_message_and_key_only(void **state)
{
    const struct bytes32 seed = bytes32_of(9);
    const struct bytes32 other_seed = bytes32_of(10);
    struct ed25519_key key;
    struct ed25519_key other;

    (void)state;
    ed25519_from_seed(&seed, &key);
    ed25519_from_seed(&other_seed, &other);
    struct signature signature = ed25519_sign(&key, "message", 7);
    assert_true(ed25519_verify(&key.public_key, "message", 7, &signature));
    assert_false(ed25519_verify(&key.public_key, "massage", 7, &signature));
    assert_false(ed25519_verify(&key.public_key, "message", 6, &signature));
    assert_false(ed25519_verify(&other.public_key, "message", 7, &signature));
    signature.bytes[40] ^= 1;
    assert_false(ed25519_verify(&key.public_key, "message", 7, &signature));
}

static void points_are_told_from_other_bytes(void **state)
{
    struct ed25519_key key;
    const struct bytes32 zeros = {{0}};
    /* y = 2 has no x on the curve. */
    const struct bytes32 no_point = {{2}};

    (void)state;
    ed25519_zero_key(&key);
    assert_true(ed25519_is_point(&key.public_key));
    assert_true(ed25519_is_point(&zeros));
    assert_false(ed25519_is_point(&no_point));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ed25519_keys_follow_from_their_seeds),
        cmocka_unit_test(zk_public_keys_give_the_vectors),
        cmocka_unit_test(wallet_accounts_give_the_vectors),
        cmocka_unit_test(wallet_labels_count_from_zero),
        cmocka_unit_test(note_keys_begin_with_their_purpose),
        cmocka_unit_test(zk_id_of_a_provider_gives_the_vector),
        cmocka_unit_test(peer_ids_give_the_vectors_and_read_back),
        cmocka_unit_test(any_key_reads_back_from_its_peer_id),
        cmocka_unit_test(what_is_no_peer_id_is_refused),
        cmocka_unit_test(a_signature_holds_for_its_message_and_key_only),
        cmocka_unit_test(points_are_told_from_other_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
