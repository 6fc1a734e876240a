/* What goes into the outside programs that make proofs, and what is taken from them. */
#include "test_nomos_support.h"

#include <json-c/json.h>
#include <stdio.h>

#include "nomos/zksign.h"

/* 5 G1, 11 G2, -9 G1, calculated apart from this code. */
#define A_X  "10744596414106452074759370245733544594153395043370666422502510773307029471145"
#define A_Y  "848677436511517736191562425154572367705380862894644942948681172815252343932"
#define B_X0 "8472151341754925747860535367990505955708751825377817860727104273184244800723"
#define B_X1 "15624790064206502667756020446826209080711344272800176518784649088946231692936"
#define B_Y0 "1196137947243150610106053819405501111182787323156221967342356892090037828244"
#define B_Y1 "19488077321171448217727198730828487286865984357780136663388739985720647978898"
#define C_X  "1624070059937464756887933993293429854168590106605707304006200119738501412969"
#define C_Y  "18618913321234062147203172888436554457094375499307366159911936496838155747247"
static const char compressed[] = "a93f16faa7a849e89ca35389d8dee46243772b760402bc66f7e0fe0edf39c117"
                                 "d39cfe91dfd2200b83ca69dc99c6f207ffa3d8154e61b2fc60b3f6a95611bb12"
                                 "88cec5edfd1cbffe8431afeb2d5805fcc7f8777420730892898bf2175a518ba2"
                                 "69b8433bc4184f193f6816e6b710c7a9297d77eac0e9fec05412ff8dea309783";

struct proof_text {
    const char *a, *b, *c, *protocol;
};

static const struct proof_text good = {
    .a = "[\"" A_X "\",\"" A_Y "\",\"1\"]",
    .b = "[[\"" B_X0 "\",\"" B_X1 "\"],[\"" B_Y0 "\",\"" B_Y1 "\"],[\"1\",\"0\"]]",
    .c = "[\"" C_X "\",\"" C_Y "\",\"1\"]",
    .protocol = "\"groth16\"",
};

static size_t write_proof(char out[2048], const struct proof_text *text)
{
    return (size_t)snprintf(out, 2048,
        "{\"pi_a\":%s,\"pi_b\":%s,\"pi_c\":%s,\"protocol\":%s,\"curve\":\"bn128\"}", text->a,
        text->b, text->c, text->protocol);
}

static enum nomos_status read_proof(const struct proof_text *text, struct nomos_error *err)
{
    char json[2048];
    const size_t size = write_proof(json, text);
    struct zk_proof proof;

    return zksign_read_proof(json, size, &proof, err);
}

static void a_proof_of_snarkjs_becomes_128_bytes(void **state)
{
    char json[2048] = {0}, hex[2 * sizeof(struct zk_proof) + 1];
    const size_t size = write_proof(json, &good);
    struct zk_proof proof;

    (void)state;
    assert_int_equal(zksign_read_proof(json, size, &proof, NULL), NOMOS_OK);
    hex_write(proof.bytes, sizeof(proof.bytes), hex);
    assert_string_equal(hex, compressed);
    assert_true(zksign_is_well_formed(&proof));
}

static void nuls_at_the_end_of_a_file_are_passed_over(void **state)
{
    char json[2048] = {0};
    struct zk_proof proof;

    (void)state;
    (void)write_proof(json, &good);
    assert_int_equal(zksign_read_proof(json, sizeof(json), &proof, NULL), NOMOS_OK);
    assert_int_equal(zksign_read_proof("\0\0", 2, &proof, NULL), NOMOS_E_SYNTAX);
    assert_int_equal(zksign_read_proof("", 0, &proof, NULL), NOMOS_E_SYNTAX);
}

static void what_is_no_proof_is_refused_with_the_place(void **state)
{
    static const struct {
        struct proof_text text;
        const char *why;
    } cases[] = {
        {{"[\"1\",\"3\",\"1\"]", NULL, NULL, NULL}, "`pi_a`: not a point of the curve"},
        {{"[\"1\",\"2\",\"0\"]", NULL, NULL, NULL}, "`pi_a[2]`: a point at infinity"},
        {{"[\"1\",\"2\"]", NULL, NULL, NULL}, "`pi_a`"},
        {{"[\"1\",\"2\",\"1\",\"1\"]", NULL, NULL, NULL}, "another number of coordinates"},
        {{"[1,2,1]", NULL, NULL, NULL}, "`pi_a[0]`"},
        {{"[\"x\",\"2\",\"1\"]", NULL, NULL, NULL}, "`pi_a[0]`: not a coordinate"},
        {{"\"1\"", NULL, NULL, NULL}, "`pi_a`"},
        {{NULL, "[[\"1\",\"2\"],[\"3\",\"4\"],[\"1\",\"0\"]]", NULL, NULL},
            "`pi_b`: not a point of the curve"},
        {{NULL, "[[\"1\",\"2\",\"3\"],[\"3\",\"4\"],[\"1\",\"0\"]]", NULL, NULL},
            "`pi_b[0]`: not a pair"},
        {{NULL, "[[\"" B_X0 "\",\"" B_X1 "\"],[\"" B_Y0 "\",\"" B_Y1 "\"],[\"1\",\"1\"]]", NULL,
             NULL},
            "`pi_b[2][1]`"},
        /* The two halves of each coordinate in the other order. */
        {{NULL, "[[\"" B_X1 "\",\"" B_X0 "\"],[\"" B_Y1 "\",\"" B_Y0 "\"],[\"1\",\"0\"]]", NULL,
             NULL},
            "`pi_b`: not a point of the curve"},
        {{NULL, NULL, "[\"2\",\"2\",\"1\"]", NULL}, "`pi_c`: not a point of the curve"},
        {{NULL, NULL, NULL, "\"plonk\""}, "another protocol than groth16"},
        {{NULL, NULL, NULL, "7"}, "`protocol`"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const struct proof_text *wrong = &cases[i].text;
        const struct proof_text text = {wrong->a ? wrong->a : good.a, wrong->b ? wrong->b : good.b,
            wrong->c ? wrong->c : good.c, wrong->protocol ? wrong->protocol : good.protocol};
        struct nomos_error err = {""};

        assert_int_equal(read_proof(&text, &err), NOMOS_E_DATA);
        if (!strstr(err.text, cases[i].why))
            fail_msg("expected \"%s\" in \"%s\"", cases[i].why, err.text);
    }
}

static void what_is_no_json_is_refused(void **state)
{
    struct zk_proof proof;

    (void)state;
    assert_int_equal(zksign_read_proof("Segmentation fault", 18, &proof, NULL), NOMOS_E_SYNTAX);
    assert_int_equal(zksign_read_proof("[]", 2, &proof, NULL), NOMOS_E_DATA);
    assert_int_equal(zksign_read_proof("{}", 2, &proof, NULL), NOMOS_E_DATA);
}

/* ---- statements ---- */

struct fixture {
    struct wire wire;
    struct fr secret_keys[ZKSIGN_OWNERS_MAX + 1], owners[ZKSIGN_OWNERS_MAX + 1];
    struct zk_statement statement;
};

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.wire = test_wire()};
    for (size_t i = 0; i < ZKSIGN_OWNERS_MAX + 1; i++) {
        fixture.secret_keys[i] = wallet_secret_key(i);
        fixture.owners[i] = zk_public_key(&fixture.wire, &fixture.secret_keys[i]);
    }
    fixture.statement = (struct zk_statement){fr_from_u64(12345), fixture.owners, 2};
    *state = &fixture;
    return 0;
}

static enum nomos_status make_input(
    const struct fixture *f, struct text *out, struct nomos_error *err)
{
    return zksign_input(&f->wire, &f->statement, f->secret_keys, out, err);
}

static void the_input_has_32_keys_and_the_message_in_decimal(void **state)
{
    struct fixture *f = *state;
    struct text text = {0};
    struct json_object *input, *keys;
    char decimal[FR_DECIMAL_SIZE];

    assert_int_equal(make_input(f, &text, NULL), NOMOS_OK);
    input = json_tokener_parse(text.bytes);
    assert_int_equal(json_object_object_length(input), 2);
    assert_string_equal(json_object_get_string(json_object_object_get(input, "msg")), "12345");
    keys = json_object_object_get(input, "secret_keys");
    assert_int_equal(json_object_array_length(keys), 32);
    for (size_t i = 0; i < 32; i++) {
        struct json_object *key = json_object_array_get_idx(keys, i);

        fr_to_decimal(i < 2 ? &f->secret_keys[i] : &fr_zero, decimal);
        assert_int_equal(json_object_get_type(key), json_type_string);
        assert_string_equal(json_object_get_string(key), decimal);
    }
    json_object_put(input);
    text_done(&text);
}

static void a_statement_may_have_no_owner_and_as_many_as_fit(void **state)
{
    struct fixture *f = *state;
    static const size_t counts[] = {0, 1, ZKSIGN_OWNERS_MAX};

    for (size_t i = 0; i < 3; i++) {
        struct text text = {0};

        f->statement.owner_count = counts[i];
        assert_int_equal(make_input(f, &text, NULL), NOMOS_OK);
        text_done(&text);
    }
}

static void too_many_owners_or_a_wrong_key_are_refused(void **state)
{
    struct fixture *f = *state;
    struct text text = {0};
    struct nomos_error err = {""};

    f->statement.owner_count = ZKSIGN_OWNERS_MAX + 1;
    assert_int_equal(make_input(f, &text, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "room for 32 owners, and there are 33"));
    f->statement.owner_count = 2;
    f->secret_keys[1] = fr_one;
    assert_int_equal(make_input(f, &text, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "secret key 1"));
    assert_null(text.bytes);
}

static void a_text_that_cannot_grow_is_out_of_memory(void **state)
{
    struct fixture *f = *state;
    struct text text = {.max = 100};

    assert_int_equal(make_input(f, &text, NULL), NOMOS_E_MEMORY);
    text_done(&text);
}

/* public.json with the value at `wrong` replaced. */
static void write_public(const struct fixture *f, size_t count, size_t wrong, struct text *out)
{
    const struct fr padding = zk_public_key(&f->wire, &fr_zero);

    for (size_t i = 0; i < count; i++) {
        char decimal[FR_DECIMAL_SIZE];
        const struct fr *value = i == 32   ? &f->statement.message
            : i < f->statement.owner_count ? &f->owners[i]
                                           : &padding;

        fr_to_decimal(i == wrong ? &fr_one : value, decimal);
        text_add(out, i ? ",\"" : "[\"");
        text_add(out, decimal);
        text_add(out, "\"");
    }
    text_add(out, "]");
    text_add_bytes(out, "\0", 1);
}

static enum nomos_status check_public(
    const struct fixture *f, size_t count, size_t wrong, struct nomos_error *err)
{
    struct text text = {0};
    enum nomos_status status;

    write_public(f, count, wrong, &text);
    status = zksign_check_public(&f->wire, &f->statement, text.bytes, text.size, err);
    text_done(&text);
    return status;
}

static void the_public_inputs_must_be_the_statement(void **state)
{
    const struct fixture *f = *state;
    struct nomos_error err = {""};

    assert_int_equal(check_public(f, 33, SIZE_MAX, NULL), NOMOS_OK);
    for (size_t wrong = 0; wrong < 33; wrong++) {
        assert_int_equal(check_public(f, 33, wrong, &err), NOMOS_E_DATA);
        assert_non_null(strstr(err.text, wrong == 32 ? "another message" : "another public key"));
    }
    assert_int_equal(check_public(f, 32, SIZE_MAX, &err), NOMOS_E_DATA);
    assert_non_null(strstr(err.text, "33 public inputs"));
    assert_int_equal(check_public(f, 34, SIZE_MAX, &err), NOMOS_E_DATA);
    assert_int_equal(
        zksign_check_public(&f->wire, &f->statement, "nonsense", 8, &err), NOMOS_E_SYNTAX);
    assert_int_equal(zksign_check_public(&f->wire, &f->statement, "{}", 2, &err), NOMOS_E_DATA);
}

static void every_part_of_a_statement_is_in_its_name(void **state)
{
    struct fixture *f = *state;
    const struct bytes32 name = zksign_name(&f->statement);
    struct bytes32 other = zksign_name(&f->statement);

    assert_true(bytes32_equal(&name, &other));
    f->statement.owner_count = 1;
    other = zksign_name(&f->statement);
    assert_false(bytes32_equal(&name, &other));
    f->statement.owner_count = 2;
    f->statement.message = fr_from_u64(12346);
    other = zksign_name(&f->statement);
    assert_false(bytes32_equal(&name, &other));
    f->statement.message = fr_from_u64(12345);
    f->owners[1] = f->owners[0];
    other = zksign_name(&f->statement);
    assert_false(bytes32_equal(&name, &other));
}

static void the_form_scheme_takes_points_alone(void **state)
{
    struct fixture *f = *state;
    struct zk_proof proof;
    struct nomos_error err = {""};

    assert_true(hex_read(compressed, 2 * sizeof(proof.bytes), proof.bytes, sizeof(proof.bytes)));
    assert_int_equal(
        zk_scheme_groth16_form.verify(&f->wire, &f->statement, &proof, NULL), NOMOS_OK);
    proof.bytes[127] ^= 0x80; /* -C is a point as well */
    assert_int_equal(
        zk_scheme_groth16_form.verify(&f->wire, &f->statement, &proof, NULL), NOMOS_OK);
    for (size_t at = 31; at < 128; at += 32) {
        struct zk_proof wrong = proof;

        wrong.bytes[at] = 0x3F; /* x beyond the field */
        assert_int_equal(
            zk_scheme_groth16_form.verify(&f->wire, &f->statement, &wrong, &err), NOMOS_E_DATA);
        assert_non_null(strstr(err.text, "no points of the curve"));
    }
    f->statement.owner_count = 33;
    assert_int_equal(
        zk_scheme_groth16_form.verify(&f->wire, &f->statement, &proof, NULL), NOMOS_E_DATA);
}

static void what_the_form_scheme_makes_is_well_formed_and_always_the_same(void **state)
{
    struct fixture *f = *state;
    struct zk_proof proof, other;

    assert_int_equal(
        zk_scheme_groth16_form.prove(&f->wire, &f->statement, f->secret_keys, &proof, NULL),
        NOMOS_OK);
    assert_true(zksign_is_well_formed(&proof));
    f->statement.owner_count = 0;
    assert_int_equal(
        zk_scheme_groth16_form.prove(&f->wire, &f->statement, NULL, &other, NULL), NOMOS_OK);
    assert_memory_equal(&proof, &other, sizeof(proof));
    f->statement.owner_count = 33;
    assert_int_equal(
        zk_scheme_groth16_form.prove(&f->wire, &f->statement, f->secret_keys, &proof, NULL),
        NOMOS_E_DATA);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_of_snarkjs_becomes_128_bytes),
        cmocka_unit_test(nuls_at_the_end_of_a_file_are_passed_over),
        cmocka_unit_test(what_is_no_proof_is_refused_with_the_place),
        cmocka_unit_test(what_is_no_json_is_refused),
        TEST(the_input_has_32_keys_and_the_message_in_decimal),
        TEST(a_statement_may_have_no_owner_and_as_many_as_fit),
        TEST(too_many_owners_or_a_wrong_key_are_refused),
        TEST(a_text_that_cannot_grow_is_out_of_memory),
        TEST(the_public_inputs_must_be_the_statement),
        TEST(every_part_of_a_statement_is_in_its_name),
        TEST(the_form_scheme_takes_points_alone),
        TEST(what_the_form_scheme_makes_is_well_formed_and_always_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
