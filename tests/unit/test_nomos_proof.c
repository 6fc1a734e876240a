/* The development proof: what it must refuse matters more than what it accepts. */
#include "test_nomos_support.h"

#include "nomos/hash.h"
#include "nomos/proof.h"

/* Up to five owners: the keys 11, 12, .. and a message. */
struct case_of {
    struct wire wire;
    struct fr secret_keys[5];
    struct fr owners[5];
    struct zk_statement statement;
};

static void case_init(struct case_of *c, size_t owner_count)
{
    c->wire = test_wire();
    for (size_t i = 0; i < 5; i++) {
        c->secret_keys[i] = fr_from_u64(11 + i);
        c->owners[i] = zk_public_key(&c->wire, &c->secret_keys[i]);
    }
    c->statement = (struct zk_statement){
        .message = fr_from_u64(1234), .owners = c->owners, .owner_count = owner_count};
}

static struct zk_proof prove(const struct case_of *c)
{
    struct zk_proof proof;

    assert_int_equal(
        zk_scheme_dev.prove(&c->wire, &c->statement, c->secret_keys, &proof, NULL), NOMOS_OK);
    return proof;
}

static enum nomos_status verify(
    const struct case_of *c, const struct zk_proof *proof, struct nomos_error *err)
{
    return zk_scheme_dev.verify(&c->wire, &c->statement, proof, err);
}

static void proof_of_up_to_three_owners_verifies(void **state)
{
    (void)state;
    for (size_t count = 0; count <= DEV_PROOF_OWNERS_MAX; count++) {
        struct case_of c;

        case_init(&c, count);
        const struct zk_proof proof = prove(&c);
        assert_int_equal(verify(&c, &proof, NULL), NOMOS_OK);
    }
}

static void owners_that_repeat_count_once(void **state)
{
    struct case_of c;

    (void)state;
    case_init(&c, 5);
    for (size_t i = 0; i < 5; i++) {
        c.secret_keys[i] = fr_from_u64(20 + i % 3);
        c.owners[i] = zk_public_key(&c.wire, &c.secret_keys[i]);
    }
    const struct zk_proof proof = prove(&c);
    assert_int_equal(verify(&c, &proof, NULL), NOMOS_OK);
}

static void four_owners_are_refused_with_what_to_do(void **state)
{
    struct zk_proof proof = {{0}};
    struct nomos_error err;
    struct case_of c;

    (void)state;
    case_init(&c, 4);
    assert_int_equal(
        zk_scheme_dev.prove(&c.wire, &c.statement, c.secret_keys, &proof, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "separate transactions"));
    assert_int_equal(verify(&c, &proof, &err), NOMOS_E_DATA);
}

static void wrong_key_cannot_prove(void **state)
{
    struct zk_proof proof;
    struct nomos_error err;
    struct case_of c;

    (void)state;
    case_init(&c, 2);
    c.secret_keys[1] = fr_from_u64(99);
    assert_int_equal(
        zk_scheme_dev.prove(&c.wire, &c.statement, c.secret_keys, &proof, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "secret key 1"));
}

static void proof_for_other_owners_fails(void **state)
{
    struct case_of c;

    (void)state;
    case_init(&c, 1);
    const struct zk_proof proof = prove(&c);
    c.owners[0] = c.owners[4];
    assert_int_equal(verify(&c, &proof, NULL), NOMOS_E_DATA);
}

static void proof_for_another_message_fails(void **state)
{
    struct nomos_error err;
    struct case_of c;

    (void)state;
    case_init(&c, 1);
    const struct zk_proof proof = prove(&c);
    c.statement.message = fr_from_u64(1235);
    assert_int_equal(verify(&c, &proof, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "another transaction"));
}

static void every_changed_byte_fails(void **state)
{
    struct case_of c;

    (void)state;
    case_init(&c, 2);
    const struct zk_proof proof = prove(&c);
    for (size_t i = 0; i < sizeof(proof.bytes); i++) {
        struct zk_proof changed = proof;

        changed.bytes[i] ^= 0x10;
        assert_int_equal(verify(&c, &changed, NULL), NOMOS_E_DATA);
    }
}

static void proof_with_fewer_owners_than_the_inputs_fails(void **state)
{
    struct case_of one;
    struct case_of two;

    (void)state;
    case_init(&one, 1);
    case_init(&two, 2);
    const struct zk_proof proof = prove(&one);
    assert_int_equal(verify(&two, &proof, NULL), NOMOS_E_DATA);
}

static void proof_with_a_key_that_no_input_needs_fails(void **state)
{
    struct nomos_error err;
    struct case_of one;
    struct case_of two;

    (void)state;
    case_init(&one, 1);
    case_init(&two, 2);
    const struct zk_proof proof = prove(&two);
    assert_int_equal(verify(&one, &proof, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "belongs to no input"));
}

static void keys_in_another_order_fail(void **state)
{
    struct case_of c;
    struct fr swapped[2];
    struct zk_proof proof;

    (void)state;
    case_init(&c, 2);
    swapped[0] = c.owners[1];
    swapped[1] = c.owners[0];
    const struct zk_statement statement = {c.statement.message, swapped, 2};
    const struct fr keys[] = {c.secret_keys[1], c.secret_keys[0]};
    assert_int_equal(zk_scheme_dev.prove(&c.wire, &statement, keys, &proof, NULL), NOMOS_OK);
    assert_int_equal(verify(&c, &proof, NULL), NOMOS_E_DATA);
}

/* Gives a proof whose keys were changed the tag that fits them. */
static void tag_again(const struct case_of *c, struct zk_proof *proof)
{
    uint8_t preimage[18 + 32 + 96];

    memcpy(preimage, "ASSAY_DEV_PROOF_V1", 18);
    fr_to_le32(&c->statement.message, preimage + 18);
    memcpy(preimage + 18 + 32, proof->bytes, 96);
    const struct bytes32 tag = hash_of(preimage, sizeof(preimage));
    memcpy(proof->bytes + 96, tag.bytes, sizeof(tag.bytes));
}

static void slot_that_is_not_canonical_fails_even_with_the_right_tag(void **state)
{
    static const char r[] = "010000f093f5e1439170b97948e833285d588181b64550b829a031e1724e6430";
    const struct bytes32 modulus = bytes32_hex(r);
    struct nomos_error err;
    struct case_of c;

    (void)state;
    case_init(&c, 0);
    struct zk_proof proof = prove(&c);
    tag_again(&c, &proof);
    assert_int_equal(verify(&c, &proof, NULL), NOMOS_OK);
    memcpy(proof.bytes, modulus.bytes, sizeof(modulus.bytes));
    tag_again(&c, &proof);
    assert_int_equal(verify(&c, &proof, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "not a field element"));
    memset(proof.bytes, 0xff, 32);
    tag_again(&c, &proof);
    assert_int_equal(verify(&c, &proof, NULL), NOMOS_E_DATA);
}

static void key_of_somebody_else_fails_even_with_the_right_tag(void **state)
{
    struct nomos_error err;
    struct case_of c;

    (void)state;
    case_init(&c, 1);
    struct zk_proof proof = prove(&c);
    fr_to_le32(&c.secret_keys[3], proof.bytes);
    tag_again(&c, &proof);
    assert_int_equal(verify(&c, &proof, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "lacks the key"));
}

static void owner_whose_secret_key_is_zero_can_prove(void **state)
{
    struct case_of c;

    (void)state;
    case_init(&c, 2);
    c.secret_keys[0] = fr_zero;
    c.owners[0] = zk_public_key(&c.wire, &fr_zero);
    const struct zk_proof proof = prove(&c);
    assert_int_equal(verify(&c, &proof, NULL), NOMOS_OK);
}

static void all_zeros_are_no_proof(void **state)
{
    const struct zk_proof zeros = {{0}};
    struct case_of c;

    (void)state;
    case_init(&c, 0);
    assert_int_equal(verify(&c, &zeros, NULL), NOMOS_E_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proof_of_up_to_three_owners_verifies),
        cmocka_unit_test(owners_that_repeat_count_once),
        cmocka_unit_test(four_owners_are_refused_with_what_to_do),
        cmocka_unit_test(wrong_key_cannot_prove),
        cmocka_unit_test(proof_for_other_owners_fails),
        cmocka_unit_test(proof_for_another_message_fails),
        cmocka_unit_test(every_changed_byte_fails),
        cmocka_unit_test(proof_with_fewer_owners_than_the_inputs_fails),
        cmocka_unit_test(proof_with_a_key_that_no_input_needs_fails),
        cmocka_unit_test(keys_in_another_order_fail),
        cmocka_unit_test(slot_that_is_not_canonical_fails_even_with_the_right_tag),
        cmocka_unit_test(key_of_somebody_else_fails_even_with_the_right_tag),
        cmocka_unit_test(owner_whose_secret_key_is_zero_can_prove),
        cmocka_unit_test(all_zeros_are_no_proof),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
