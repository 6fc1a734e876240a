#include "nomos/zksign.h"

#include <string.h>

#include "nomos/bn254.h"
#include "nomos/hash.h"
#include "nomos/json_read.h"
#include "nomos/keys.h"

/* Where the points are in a proof. */
#define PI_A_OFFSET 0
#define PI_B_OFFSET BN254_G1_SIZE
#define PI_C_OFFSET (BN254_G1_SIZE + BN254_G2_SIZE)

static const char name_domain[] = "ASSAY_ZKSIGN_V1";

static enum nomos_status check_count(const struct zk_statement *statement, struct nomos_error *err)
{
    if (statement->owner_count <= ZKSIGN_OWNERS_MAX)
        return NOMOS_OK;
    return nomos_fail(err, NOMOS_E_DATA,
        "a proof has room for %d owners, and there are %zu; spend the inputs in separate "
        "transactions",
        ZKSIGN_OWNERS_MAX, statement->owner_count);
}

/* ---- what goes in ---- */

static void add_decimal(struct text *out, const char *before, const struct fr *value)
{
    char decimal[FR_DECIMAL_SIZE];

    fr_to_decimal(value, decimal);
    text_add(out, before);
    text_add(out, decimal);
    text_add(out, "\"");
}

enum nomos_status zksign_input(const struct wire *wire, const struct zk_statement *statement,
    const struct fr *secret_keys, struct text *out, struct nomos_error *err)
{
    const enum nomos_status status = check_count(statement, err);

    if (status)
        return status;
    for (size_t i = 0; i < statement->owner_count; i++) {
        const struct fr public_key = zk_public_key(wire, &secret_keys[i]);

        if (!fr_equal(&public_key, &statement->owners[i]))
            return nomos_fail(
                err, NOMOS_E_DATA, "secret key %zu is not the one of input %zu's owner", i, i);
    }
    add_decimal(out, "{\"msg\":\"", &statement->message);
    text_add(out, ",\"secret_keys\":[");
    for (size_t i = 0; i < ZKSIGN_OWNERS_MAX; i++)
        add_decimal(out, i ? ",\"" : "\"", i < statement->owner_count ? &secret_keys[i] : &fr_zero);
    text_add(out, "]}\n");
    return text_ok(out) ? NOMOS_OK : nomos_fail_memory(err);
}

struct bytes32 zksign_name(const struct zk_statement *statement)
{
    uint8_t bytes[FR_SIZE];
    struct hash hash;

    hash_begin(&hash);
    hash_add(&hash, name_domain, sizeof(name_domain) - 1);
    fr_to_le32(&statement->message, bytes);
    hash_add(&hash, bytes, sizeof(bytes));
    for (size_t i = 0; i < statement->owner_count; i++) {
        fr_to_le32(&statement->owners[i], bytes);
        hash_add(&hash, bytes, sizeof(bytes));
    }
    return hash_end(&hash);
}

/* ---- what comes out ---- */

/* The files may be longer than what was written into them. */
static size_t without_nuls(const char *text, size_t size)
{
    while (size > 0 && text[size - 1] == '\0')
        size--;
    return size;
}

static struct fq read_coordinate(const struct json_node *array, size_t index)
{
    const struct json_node node = json_item(array, index);
    const char *decimal = json_string(&node);
    struct fq out = {{0}};

    if (decimal && !fq_from_decimal(decimal, &out))
        json_fail(&node, "not a coordinate of the curve in decimal");
    return out;
}

/* The last coordinate tells whether the point is at infinity. */
static void expect_one(const struct json_node *array, size_t index, const char *expected)
{
    const struct json_node node = json_item(array, index);
    const char *text = json_string(&node);

    if (text && strcmp(text, expected) != 0)
        json_fail(&node, "a point at infinity, or not in affine coordinates");
}

static struct json_node get_list(const struct json_node *from, const char *key, size_t count)
{
    const struct json_node list = json_get(from, key);

    if (json_count(&list) != count)
        json_fail(&list, "not a point: another number of coordinates");
    return list;
}

static void read_g1(const struct json_node *top, const char *key, uint8_t *out)
{
    const struct json_node list = get_list(top, key, 3);
    const struct bn254_g1 point = {read_coordinate(&list, 0), read_coordinate(&list, 1)};

    expect_one(&list, 2, "1");
    if (json_ok(&list) && !bn254_g1_is_on_curve(&point))
        json_fail(&list, "not a point of the curve");
    bn254_g1_compress(&point, out);
}

static struct fq2 read_pair(const struct json_node *list, size_t index)
{
    const struct json_node pair = json_item(list, index);

    if (json_count(&pair) != 2)
        json_fail(&pair, "not a pair of coordinates");
    return (struct fq2){read_coordinate(&pair, 0), read_coordinate(&pair, 1)};
}

static void read_g2(const struct json_node *top, const char *key, uint8_t *out)
{
    const struct json_node list = get_list(top, key, 3);
    const struct bn254_g2 point = {read_pair(&list, 0), read_pair(&list, 1)};
    const struct json_node last = json_item(&list, 2);

    expect_one(&last, 0, "1");
    expect_one(&last, 1, "0");
    if (json_ok(&list) && !bn254_g2_is_on_curve(&point))
        json_fail(&list, "not a point of the curve");
    bn254_g2_compress(&point, out);
}

static void decode_proof(const struct json_node *top, void *out)
{
    const struct json_node protocol = json_get(top, "protocol");
    const char *name = json_string(&protocol);
    struct zk_proof proof;

    if (name && strcmp(name, "groth16") != 0)
        json_fail(&protocol, "another protocol than groth16");
    read_g1(top, "pi_a", proof.bytes + PI_A_OFFSET);
    read_g2(top, "pi_b", proof.bytes + PI_B_OFFSET);
    read_g1(top, "pi_c", proof.bytes + PI_C_OFFSET);
    if (json_ok(top))
        *(struct zk_proof *)out = proof;
}

enum nomos_status zksign_read_proof(
    const char *json, size_t size, struct zk_proof *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_proof, out};

    return json_decode((struct json_text){json, without_nuls(json, size)}, &decoder, err);
}

/* ---- what it is about ---- */

struct expected_public {
    const struct zk_statement *statement;
    struct fr padding;
};

static void expect_element(const struct json_node *list, size_t index, const struct fr *expected)
{
    const struct json_node node = json_item(list, index);
    const char *text = json_string(&node);
    char decimal[FR_DECIMAL_SIZE];

    fr_to_decimal(expected, decimal);
    if (text && strcmp(text, decimal) != 0)
        json_fail(&node,
            index == ZKSIGN_OWNERS_MAX
                ? "the proof is of another message; are the circuits of another revision?"
                : "the proof is of another public key; are the circuits of another revision?");
}

static void decode_public(const struct json_node *top, void *arg)
{
    const struct expected_public *expected = arg;

    if (json_count(top) != ZKSIGN_OWNERS_MAX + 1) {
        json_fail(top, "not the 33 public inputs of zksign");
        return;
    }
    for (size_t i = 0; i < ZKSIGN_OWNERS_MAX; i++)
        expect_element(top, i,
            i < expected->statement->owner_count ? &expected->statement->owners[i]
                                                 : &expected->padding);
    expect_element(top, ZKSIGN_OWNERS_MAX, &expected->statement->message);
}

enum nomos_status zksign_check_public(const struct wire *wire, const struct zk_statement *statement,
    const char *json, size_t size, struct nomos_error *err)
{
    struct expected_public expected = {statement, zk_public_key(wire, &fr_zero)};
    const struct json_decoder decoder = {decode_public, &expected};
    const enum nomos_status status = check_count(statement, err);

    if (status)
        return status;
    return json_decode((struct json_text){json, without_nuls(json, size)}, &decoder, err);
}

bool zksign_is_well_formed(const struct zk_proof *proof)
{
    struct bn254_g1 g1;
    struct bn254_g2 g2;

    return bn254_g1_decompress(proof->bytes + PI_A_OFFSET, &g1) &&
        bn254_g2_decompress(proof->bytes + PI_B_OFFSET, &g2) &&
        bn254_g1_decompress(proof->bytes + PI_C_OFFSET, &g1);
}

/* ---- the scheme ---- */

/* The generators of both groups, compressed. */
static const uint8_t g1_generator[BN254_G1_SIZE] = {1};
static const uint8_t g2_generator[BN254_G2_SIZE] = {0xed, 0xf6, 0x92, 0xd9, 0x5c, 0xbd, 0xde, 0x46,
    0xdd, 0xda, 0x5e, 0xf7, 0xd4, 0x22, 0x43, 0x67, 0x79, 0x44, 0x5c, 0x5e, 0x66, 0x00, 0x6a, 0x42,
    0x76, 0x1e, 0x1f, 0x12, 0xef, 0xde, 0x00, 0x18, 0xc2, 0x12, 0xf3, 0xae, 0xb7, 0x85, 0xe4, 0x97,
    0x12, 0xe7, 0xa9, 0x35, 0x33, 0x49, 0xaa, 0xf1, 0x25, 0x5d, 0xfb, 0x31, 0xb7, 0xbf, 0x60, 0x72,
    0x3a, 0x48, 0x0d, 0x92, 0x93, 0x93, 0x8e, 0x19};

static enum nomos_status form_prove(const struct wire *wire, const struct zk_statement *statement,
    const struct fr *secret_keys, struct zk_proof *out, struct nomos_error *err)
{
    const enum nomos_status status = check_count(statement, err);

    (void)wire;
    (void)secret_keys;
    if (status)
        return status;
    memcpy(out->bytes + PI_A_OFFSET, g1_generator, sizeof(g1_generator));
    memcpy(out->bytes + PI_B_OFFSET, g2_generator, sizeof(g2_generator));
    memcpy(out->bytes + PI_C_OFFSET, g1_generator, sizeof(g1_generator));
    return NOMOS_OK;
}

static enum nomos_status form_verify(const struct wire *wire, const struct zk_statement *statement,
    const struct zk_proof *proof, struct nomos_error *err)
{
    const enum nomos_status status = check_count(statement, err);

    (void)wire;
    if (status || zksign_is_well_formed(proof))
        return status;
    return nomos_fail(err, NOMOS_E_DATA, "the proof's bytes are no points of the curve");
}

const struct zk_scheme zk_scheme_groth16_form = {
    .name = "groth16, form alone",
    .owners_max = ZKSIGN_OWNERS_MAX,
    .prove = form_prove,
    .verify = form_verify,
};
