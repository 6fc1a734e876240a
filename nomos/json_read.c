#include "nomos/json_read.h"

#include <json-c/json_tokener.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "nomos/hex.h"
#include "nomos/json_pack.h"
#include "nomos/keys.h"
#include "nomos/memory.h"

/* --- the document ------------------------------------------------------------------------- */

static void tokener_slot_free(struct json_tokener **slot)
{
    if (*slot)
        json_tokener_free(*slot);
}

static bool is_blank(const char *text, size_t size)
{
    static const char blanks[] = {' ', '\t', '\r', '\n'};

    for (size_t i = 0; i < size; i++)
        if (!memchr(blanks, text[i], sizeof(blanks)))
            return false;
    return true;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Whether digits make an integer above the largest of 64 bits. */
static bool is_beyond_u64(const char *digits, size_t count)
{
    static const char largest[] = "18446744073709551615";
    const size_t limit = sizeof(largest) - 1;

    return count > limit || (count == limit && memcmp(digits, largest, limit) > 0);
}

/* Whether digits from `begin` to `last` are one side of a fraction or have an exponent. */
static bool is_fraction(const char *text, size_t size, size_t begin, size_t last)
{
    const char before = begin > 0 ? text[begin - 1] : ' ';
    const char after = last + 1 < size ? text[last + 1] : ' ';

    return before == '.' || after == '.' || after == 'e' || after == 'E';
}

/* Refuses what json-c lets pass even when it is strict: names in single quotes, NaN and Infinity,
   control characters in strings, and integers that do not fit, which it would bend to the nearest
   that does. */
static enum nomos_status scan(const char *text, size_t size, struct nomos_error *err)
{
    for (size_t at = 0; at < size; at++) {
        const char character = text[at];

        if (character == '"') {
            at = json_string_end(text, size, at);
            if (at == size)
                return nomos_fail(err, NOMOS_E_SYNTAX,
                    "not JSON: a string does not end, or holds a control character");
        } else if (character == '\'' || character == 'N' || character == 'I') {
            return nomos_fail(err, NOMOS_E_SYNTAX, "not JSON: `%c` at byte %zu", character, at);
        } else if (is_digit(character)) {
            const size_t begin = at;

            while (at + 1 < size && is_digit(text[at + 1]))
                at++;
            if (is_beyond_u64(text + begin, at + 1 - begin) && !is_fraction(text, size, begin, at))
                return nomos_fail(
                    err, NOMOS_E_DATA, "the integer at byte %zu does not fit 64 bits", begin);
        }
    }
    return NOMOS_OK;
}

enum nomos_status json_parse(
    const char *text, size_t size, struct json_object **out, struct nomos_error *err)
{
    __attribute__((cleanup(tokener_slot_free))) struct json_tokener *tokener =
        json_tokener_new_ex(JSON_DEPTH_MAX);
    const enum nomos_status status = scan(text, size, err);

    if (status)
        return status;
    if (!tokener)
        return nomos_fail_memory(err);
    if (size > INT_MAX)
        return nomos_fail(err, NOMOS_E_SYNTAX, "not JSON: longer than 2 GiB");
    json_tokener_set_flags(tokener,
        JSON_TOKENER_STRICT | JSON_TOKENER_ALLOW_TRAILING_CHARS | JSON_TOKENER_VALIDATE_UTF8);
    struct json_object *value = json_tokener_parse_ex(tokener, text, (int)size);
    size_t end = json_tokener_get_parse_end(tokener);
    if (json_tokener_get_error(tokener) == json_tokener_continue) {
        /* A number or a word alone could go on; a blank after it says that it does not. */
        value = json_tokener_parse_ex(tokener, " ", 1);
        end = size;
    }
    const enum json_tokener_error problem = json_tokener_get_error(tokener);
    if (problem == json_tokener_continue)
        return nomos_fail(err, NOMOS_E_SYNTAX, "not JSON: the text ends too early");
    if (problem != json_tokener_success)
        return nomos_fail(
            err, NOMOS_E_SYNTAX, "not JSON: %s at byte %zu", json_tokener_error_desc(problem), end);
    if (!is_blank(text + end, size - end)) {
        (void)json_object_put(value);
        return nomos_fail(
            err, NOMOS_E_SYNTAX, "not JSON: more text after the end, at byte %zu", end);
    }
    *out = value;
    return NOMOS_OK;
}

static void object_slot_put(struct json_object **slot)
{
    (void)json_object_put(*slot);
}

/* Reads a whole text, with its lists of bytes packed when `is_packed`. */
static enum nomos_status read_text(struct json_text text, bool is_packed,
    const struct json_decoder *decoder, struct nomos_error *err)
{
    __attribute__((cleanup(object_slot_put))) struct json_object *object = NULL;
    struct json_reader reader = {.err = err, .is_packed = is_packed};
    struct json_node top = {.reader = &reader, .key = ""};
    const enum nomos_status status = json_parse(text.bytes, text.size, &object, err);

    if (status)
        return status;
    top.value = object;
    decoder->decode(&top, decoder->out);
    return reader.status;
}

/* Packed first. What is refused then is read again as it came, which says what is wrong and where:
   packing decides how fast a good document is read, and nothing else. */
enum nomos_status json_decode(
    struct json_text text, const struct json_decoder *decoder, struct nomos_error *err)
{
    NOMOS_AUTO_FREE char *packed = NULL;
    size_t packed_size = 0;
    enum nomos_status status = json_pack(text.bytes, text.size, &packed, &packed_size, err);

    if (status)
        return status;
    if (packed) {
        status = read_text((struct json_text){packed, packed_size}, true, decoder, err);
        if (!status || status == NOMOS_E_MEMORY)
            return status;
    }
    return read_text(text, false, decoder, err);
}

/* --- problems ----------------------------------------------------------------------------- */

/* Writes the way to a node, and returns the length that it has, or would have. */
static size_t path_of(const struct json_node *node, char *out, size_t room)
{
    size_t length = node->parent ? path_of(node->parent, out, room) : 0;
    char *at = length < room ? out + length : out;
    const size_t left = length < room ? room - length : 0;
    int added;

    if (node->key)
        added = snprintf(at, left, "%s%s", length ? "." : "", node->key);
    else
        added = snprintf(at, left, "[%zu]", node->index);
    return length + (size_t)(added > 0 ? added : 0);
}

void json_fail(const struct json_node *node, const char *problem)
{
    char path[NOMOS_ERROR_SIZE / 2] = "";

    if (!json_ok(node))
        return;
    if (path_of(node, path, sizeof(path)) == 0)
        node->reader->status = nomos_fail(node->reader->err, NOMOS_E_DATA, "%s", problem);
    else
        node->reader->status =
            nomos_fail(node->reader->err, NOMOS_E_DATA, "field `%s`: %s", path, problem);
}

void json_fail_memory(const struct json_node *node)
{
    if (json_ok(node))
        node->reader->status = nomos_fail_memory(node->reader->err);
}

bool json_ok(const struct json_node *node)
{
    return node->reader->status == NOMOS_OK;
}

/* --- finding values ----------------------------------------------------------------------- */

struct json_node json_get_optional(const struct json_node *object, const char *key, bool *out_found)
{
    struct json_node node = {.reader = object->reader, .parent = object, .key = key};

    *out_found = false;
    if (!json_ok(object))
        return node;
    if (!json_object_is_type(object->value, json_type_object))
        json_fail(object, "not an object");
    else
        *out_found =
            json_object_object_get_ex(object->value, key, &node.value) && node.value != NULL;
    return node;
}

struct json_node json_get(const struct json_node *object, const char *key)
{
    bool found;
    const struct json_node node = json_get_optional(object, key, &found);

    if (!found)
        json_fail(&node, "missing");
    return node;
}

size_t json_count(const struct json_node *array)
{
    if (!json_ok(array))
        return 0;
    if (!json_object_is_type(array->value, json_type_array)) {
        json_fail(array, "not an array");
        return 0;
    }
    return json_object_array_length(array->value);
}

struct json_node json_item(const struct json_node *array, size_t index)
{
    struct json_node node = {.reader = array->reader, .parent = array, .index = index};

    if (json_ok(array))
        node.value = json_object_array_get_idx(array->value, index);
    return node;
}

/* --- values ------------------------------------------------------------------------------- */

uint64_t json_u64(const struct json_node *node)
{
    if (!json_ok(node))
        return 0;
    if (!json_object_is_type(node->value, json_type_int) ||
        json_object_get_int64(node->value) < 0) {
        json_fail(node, "not an unsigned integer of 64 bits");
        return 0;
    }
    return json_object_get_uint64(node->value);
}

/* Whether a value is a list of bytes that json_pack made a string. */
static bool is_token(const struct json_node *node)
{
    return node->reader->is_packed && json_object_is_type(node->value, json_type_string) &&
        json_object_get_string(node->value)[0] == JSON_PACK_MARK;
}

const char *json_string(const struct json_node *node)
{
    if (!json_ok(node))
        return NULL;
    /* A zero inside would hide what follows it. */
    if (json_object_is_type(node->value, json_type_string) && !is_token(node) &&
        strlen(json_object_get_string(node->value)) ==
            (size_t)json_object_get_string_len(node->value))
        return json_object_get_string(node->value);
    json_fail(node, "not a string");
    return NULL;
}

struct fr json_fr(const struct json_node *node)
{
    const char *text = json_string(node);
    uint8_t bytes[FR_SIZE];
    struct fr out = fr_zero;

    if (!text)
        return fr_zero;
    if (!hex_read(text, strlen(text), bytes, sizeof(bytes)))
        json_fail(node, "not 64 hexadecimal digits");
    else if (!fr_from_le32(bytes, &out))
        json_fail(node, "not a canonical field element");
    return out;
}

struct bytes32 json_bytes32(const struct json_node *node)
{
    const char *text = json_string(node);
    struct bytes32 out = {{0}};

    if (text && !hex_to_bytes32(text, &out))
        json_fail(node, "not 64 hexadecimal digits");
    return out;
}

struct bytes32 json_ed25519_key(const struct json_node *node)
{
    const struct bytes32 key = json_bytes32(node);

    if (json_ok(node) && !ed25519_is_point(&key))
        json_fail(node, "not an Ed25519 public key");
    return key;
}

/* Most of a transaction is numbers of this kind, so nodes are made for those that are wrong only. */
static bool is_byte(const struct json_object *value)
{
    return json_object_is_type(value, json_type_int) && json_object_get_int64(value) >= 0 &&
        json_object_get_int64(value) <= UINT8_MAX;
}

/* The number of items in a list of bytes. */
static size_t count_numbers(const struct json_node *node)
{
    if (json_ok(node) && is_token(node))
        return json_packed_count((size_t)json_object_get_string_len(node->value));
    return json_count(node);
}

void json_numbers(const struct json_node *node, uint8_t *out, size_t size)
{
    char problem[64];

    if (count_numbers(node) != size) {
        (void)snprintf(problem, sizeof(problem), "not an array of %zu numbers", size);
        json_fail(node, problem);
        return;
    }
    if (json_ok(node) && is_token(node)) {
        json_unpack(json_object_get_string(node->value), out, size);
        return;
    }
    for (size_t i = 0; i < size && json_ok(node); i++) {
        struct json_object *value = json_object_array_get_idx(node->value, i);

        if (is_byte(value)) {
            out[i] = (uint8_t)json_object_get_int64(value);
        } else {
            const struct json_node item = json_item(node, i);

            json_fail(&item, "not a byte (0 to 255)");
        }
    }
}

uint8_t *json_byte_array(const struct json_node *node, size_t *out_size)
{
    const size_t size = count_numbers(node);
    uint8_t *bytes = nomos_alloc(size, 1);

    *out_size = bytes ? size : 0;
    if (!bytes)
        json_fail_memory(node);
    else
        json_numbers(node, bytes, size);
    return bytes;
}

struct multiaddr json_multiaddr(const struct json_node *node)
{
    const char *text = json_string(node);
    struct multiaddr out = {0};

    if (text && !multiaddr_parse(text, &out))
        json_fail(node, "not a multiaddress of known protocols");
    return out;
}

enum sdp_service json_service(const struct json_node *node)
{
    const char *text = json_string(node);

    if (!text || strcmp(text, "BN") == 0)
        return SDP_BLEND;
    if (strcmp(text, "DA") != 0)
        json_fail(node, "neither \"BN\" nor \"DA\"");
    return SDP_DA;
}

/* --- members ------------------------------------------------------------------------------ */

uint64_t json_get_u64(const struct json_node *object, const char *key)
{
    const struct json_node node = json_get(object, key);

    return json_u64(&node);
}

struct fr json_get_fr(const struct json_node *object, const char *key)
{
    const struct json_node node = json_get(object, key);

    return json_fr(&node);
}

struct bytes32 json_get_bytes32(const struct json_node *object, const char *key)
{
    const struct json_node node = json_get(object, key);

    return json_bytes32(&node);
}

struct bytes32 json_get_ed25519_key(const struct json_node *object, const char *key)
{
    const struct json_node node = json_get(object, key);

    return json_ed25519_key(&node);
}

void json_get_numbers(const struct json_node *object, const char *key, uint8_t *out, size_t size)
{
    const struct json_node node = json_get(object, key);

    json_numbers(&node, out, size);
}

struct multiaddr *json_get_multiaddrs(
    const struct json_node *object, const char *key, size_t *out_count)
{
    const struct json_node list = json_get(object, key);
    const size_t count = json_count(&list);
    struct multiaddr *addresses = nomos_alloc(count, sizeof(*addresses));

    *out_count = addresses ? count : 0;
    if (!addresses)
        json_fail_memory(object);
    for (size_t i = 0; i < *out_count && json_ok(object); i++) {
        const struct json_node item = json_item(&list, i);

        addresses[i] = json_multiaddr(&item);
    }
    return addresses;
}
