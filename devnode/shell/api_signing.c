#include <json-c/json.h>
#include <string.h>

#include "devnode/shell/api.h"
#include "nomos/hex.h"
#include "nomos/multiaddr.h"

/* What takes a wallet's or a provider's keys, of which this node reads none but its leader key. It
   says what is wrong with a request (node contract 2.2, 2.10), and that it cannot do what is asked;
   the real node fails at transfers, too. */

#define CANNOT "submit a signed transaction to /mempool/add/tx"

/* --- shapes ----------------------------------------------------------------------------------- */

static bool is_hex(struct json_object *json)
{
    struct bytes32 bytes;

    return json_object_is_type(json, json_type_string) &&
        hex_to_bytes32(json_object_get_string(json), &bytes);
}

static bool is_element(struct json_object *json)
{
    struct fr element;

    return json_object_is_type(json, json_type_string) &&
        hex_to_fr(json_object_get_string(json), &element);
}

static bool is_count(struct json_object *json)
{
    return json_object_is_type(json, json_type_int) && json_object_get_string(json)[0] != '-';
}

static bool is_multiaddr(struct json_object *json)
{
    struct multiaddr address;

    return json_object_is_type(json, json_type_string) &&
        multiaddr_parse(json_object_get_string(json), &address);
}

static bool is_byte(struct json_object *json)
{
    return is_count(json) && json_object_get_uint64(json) <= 255;
}

/* An array whose items all pass; of exactly `count` items when that is not zero. */
static bool is_list(
    struct json_object *json, bool (*is_item)(struct json_object *item), size_t count)
{
    if (!json_object_is_type(json, json_type_array) ||
        (count && json_object_array_length(json) != count))
        return false;
    for (size_t i = 0; i < json_object_array_length(json); i++) {
        if (!is_item(json_object_array_get_idx(json, i)))
            return false;
    }
    return true;
}

static struct json_object *member(struct json_object *json, const char *key)
{
    return json_object_is_type(json, json_type_object) ? json_object_object_get(json, key) : NULL;
}

static bool is_service(struct json_object *json)
{
    return json_object_is_type(json, json_type_string) &&
        (strcmp(json_object_get_string(json), "BN") == 0 ||
            strcmp(json_object_get_string(json), "DA") == 0);
}

/* --- handlers --------------------------------------------------------------------------------- */

static void answer(struct http_request *request, bool is_well_formed, const char *expected)
{
    if (is_well_formed)
        http_fail(request, 500, "this node cannot sign; " CANNOT);
    else
        api_refuse_body(request, expected);
}

void api_sdp_declaration(void *self, struct http_request *request)
{
    struct json_object *json = request->json;

    (void)self;
    answer(request,
        is_service(member(json, "service_type")) &&
            is_list(member(json, "locators"), is_multiaddr, 0) &&
            is_hex(member(json, "provider_id")) && is_element(member(json, "zk_id")) &&
            is_element(member(json, "locked_note_id")),
        "expected {\"service_type\", \"locators\", \"provider_id\", \"zk_id\", "
        "\"locked_note_id\"}");
}

void api_sdp_activity(void *self, struct http_request *request)
{
    struct json_object *availability = member(request->json, "DataAvailability");
    struct json_object *blend = member(request->json, "Blend");

    (void)self;
    answer(request,
        !availability != !blend &&
            (is_count(member(availability, "current_session")) ||
                is_count(member(blend, "session"))),
        "expected {\"DataAvailability\": {\"current_session\", ...}} or {\"Blend\": "
        "{\"session\", ...}}");
}

void api_sdp_withdrawal(void *self, struct http_request *request)
{
    (void)self;
    answer(request, is_list(request->json, is_byte, 32), "expected 32 numbers");
}

void api_transfer_funds(void *self, struct http_request *request)
{
    struct json_object *json = request->json;

    (void)self;
    answer(request,
        (!member(json, "tip") || is_hex(member(json, "tip"))) &&
            is_element(member(json, "change_public_key")) &&
            is_list(member(json, "funding_public_keys"), is_element, 0) &&
            is_element(member(json, "recipient_public_key")) && is_count(member(json, "amount")),
        "expected {\"tip\", \"change_public_key\", \"funding_public_keys\", "
        "\"recipient_public_key\", \"amount\"}");
}
