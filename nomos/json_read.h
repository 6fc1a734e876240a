/* Reads values out of a parsed JSON document, and says where one is wrong.
 *
 * A json_node is a value and the way to it. The first problem sticks in the document's json_reader:
 * after it nodes are empty and every function gives zeros, so a decoder reads on without checking
 * each step and asks for the status once, before it hands out what it read. Paths are only written
 * out when there is a problem. Internal to the library; the only header that sees json-c. */
#ifndef NOMOS_JSON_READ_H
#define NOMOS_JSON_READ_H

#include <json-c/json_object.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nomos/bytes.h"
#include "nomos/error.h"
#include "nomos/field.h"
#include "nomos/tx.h"

/* Deeper documents are refused. The deepest form of ours has 8 levels. */
#define JSON_DEPTH_MAX 32

struct json_reader {
    enum nomos_status status;
    struct nomos_error *err; /* may be NULL */
    bool is_packed;          /* the document may hold tokens of json_pack.h */
};

struct json_node {
    struct json_reader *reader;
    const struct json_node *parent; /* must outlive this one; NULL at the top */
    const char *key;                /* NULL for items of an array */
    size_t index;                   /* in the array */
    struct json_object *value;      /* NULL is JSON's null, or the rest after a problem */
};

/* Parses a whole text. Give the result back with json_object_put. */
enum nomos_status json_parse(
    const char *text, size_t size, struct json_object **out, struct nomos_error *err);

struct json_text {
    const char *bytes;
    size_t size;
};

struct json_decoder {
    /* Writes *out when it succeeds and leaves it alone when there is a problem in the node's
       reader. May be called twice for one document. */
    void (*decode)(const struct json_node *top, void *out);
    void *out;
};

/* Parses a whole text and decodes it: as json_parse and a reader of one's own, but quicker with
   lists of bytes. */
enum nomos_status json_decode(
    struct json_text text, const struct json_decoder *decoder, struct nomos_error *err);

/* Notes a problem with a value. */
void json_fail(const struct json_node *node, const char *problem);
void json_fail_memory(const struct json_node *node);
bool json_ok(const struct json_node *node);

/* A member that must be there, or one that may be missing or null (*out_found says). */
struct json_node json_get(const struct json_node *object, const char *key);
struct json_node json_get_optional(
    const struct json_node *object, const char *key, bool *out_found);
/* Number of items; 0 and a problem when it is no array. */
size_t json_count(const struct json_node *array);
struct json_node json_item(const struct json_node *array, size_t index);

/* Values. */
uint64_t json_u64(const struct json_node *node);
/* NULL when it is not a string. Belongs to the document. */
const char *json_string(const struct json_node *node);
struct fr json_fr(const struct json_node *node);
struct bytes32 json_bytes32(const struct json_node *node);
/* bytes32 that must decode to a point of the curve. */
struct bytes32 json_ed25519_key(const struct json_node *node);
/* An array of exactly `size` numbers below 256. */
void json_numbers(const struct json_node *node, uint8_t *out, size_t size);
/* An array of any number of such numbers; the caller frees. */
uint8_t *json_byte_array(const struct json_node *node, size_t *out_size);
struct multiaddr json_multiaddr(const struct json_node *node);
enum sdp_service json_service(const struct json_node *node);

/* The same for members that must be there. */
uint64_t json_get_u64(const struct json_node *object, const char *key);
struct fr json_get_fr(const struct json_node *object, const char *key);
struct bytes32 json_get_bytes32(const struct json_node *object, const char *key);
struct bytes32 json_get_ed25519_key(const struct json_node *object, const char *key);
void json_get_numbers(const struct json_node *object, const char *key, uint8_t *out, size_t size);
/* A list of multiaddresses; the caller frees. */
struct multiaddr *json_get_multiaddrs(
    const struct json_node *object, const char *key, size_t *out_count);

/* A whole signed transaction (json_tx.c), all zeros after a problem. Free with signed_tx_done. */
struct signed_tx json_signed_tx(const struct json_node *node);

#endif
