/* Saying and proving who one is. */
#include "support/devnode_world.h"

#include "devnode/core/hello.h"

static const char magic[] = "MAGIC-12";
static const char domain[] = "A_DOMAIN";

static const struct hello sample = {
    .version = 0x1234, .genesis = {{1}}, .public_key = {{2}}, .challenge = {{3}}};

static struct ed25519_key key_of(uint8_t byte)
{
    const struct bytes32 seed = {{byte}};
    struct ed25519_key key;

    ed25519_from_seed(&seed, &key);
    return key;
}

static void a_hello_is_laid_out_as_documented_and_reads_back(void **state)
{
    uint8_t expected[HELLO_BYTES] = {'M', 'A', 'G', 'I', 'C', '-', '1', '2', 0x34, 0x12};
    uint8_t bytes[HELLO_BYTES];
    struct cursor cursor = {.at = bytes, .left = sizeof(bytes)};
    struct hello read;

    (void)state;
    expected[10] = 1;
    expected[42] = 2;
    expected[74] = 3;
    assert_ptr_equal(hello_put(&sample, magic, bytes), bytes + sizeof(bytes));
    assert_memory_equal(bytes, expected, sizeof(bytes));
    hello_take(&read, magic, &cursor);
    assert_false(cursor.is_bad);
    assert_int_equal(cursor.left, 0);
    assert_int_equal(read.version, sample.version);
    assert_true(bytes32_equal(&read.genesis, &sample.genesis));
    assert_true(bytes32_equal(&read.public_key, &sample.public_key));
    assert_true(bytes32_equal(&read.challenge, &sample.challenge));
}

static void other_magic_and_anything_shorter_are_bad(void **state)
{
    uint8_t bytes[HELLO_BYTES];
    struct hello read;

    (void)state;
    (void)hello_put(&sample, magic, bytes);
    for (size_t size = 0; size < sizeof(bytes); size++) {
        struct cursor cursor = {.at = bytes, .left = size};

        hello_take(&read, magic, &cursor);
        assert_true(cursor.is_bad);
    }
    for (size_t i = 0; i < HELLO_MAGIC_BYTES; i++) {
        struct cursor cursor = {.at = bytes, .left = sizeof(bytes)};

        bytes[i] ^= 1;
        hello_take(&read, magic, &cursor);
        assert_true(cursor.is_bad);
        bytes[i] ^= 1;
    }
}

static void a_proof_signs_the_documented_text(void **state)
{
    const struct ed25519_key key = key_of(7);
    const struct signature proof = hello_prove(domain, &sample, &key);
    uint8_t text[sizeof(domain) - 1 + 4 * 32] = "A_DOMAIN";

    (void)state;
    memcpy(text + 8, sample.genesis.bytes, 32);
    memcpy(text + 40, key.public_key.bytes, 32);
    memcpy(text + 72, sample.public_key.bytes, 32);
    memcpy(text + 104, sample.challenge.bytes, 32);
    assert_true(ed25519_verify(&key.public_key, text, sizeof(text), &proof));
}

static void a_proof_is_for_one_signer_one_hello_and_one_domain(void **state)
{
    const struct ed25519_key key = key_of(7), other_key = key_of(8);
    const struct signature proof = hello_prove(domain, &sample, &key);
    struct hello other[3] = {sample, sample, sample};
    struct signature changed = proof;

    (void)state;
    assert_true(hello_is_proved(domain, &sample, &key.public_key, &proof));
    assert_false(hello_is_proved(domain, &sample, &other_key.public_key, &proof));
    assert_false(hello_is_proved("B_DOMAIN", &sample, &key.public_key, &proof));
    other[0].genesis.bytes[31] ^= 1;
    other[1].public_key.bytes[31] ^= 1;
    other[2].challenge.bytes[31] ^= 1;
    for (size_t i = 0; i < 3; i++)
        assert_false(hello_is_proved(domain, &other[i], &key.public_key, &proof));
    changed.bytes[0] ^= 1;
    assert_false(hello_is_proved(domain, &sample, &key.public_key, &changed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hello_is_laid_out_as_documented_and_reads_back),
        cmocka_unit_test(other_magic_and_anything_shorter_are_bad),
        cmocka_unit_test(a_proof_signs_the_documented_text),
        cmocka_unit_test(a_proof_is_for_one_signer_one_hello_and_one_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
