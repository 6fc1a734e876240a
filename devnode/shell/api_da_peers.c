#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "devnode/shell/da_shell.h"
#include "nomos/keys.h"

/* Members, their subnetworks, and how the node stands to them (node contract 2.2, 2.5). */

static struct da *da_of(void *self)
{
    const struct api *api = self;

    return availability_da(api->availability);
}

static void add_peer_id(struct text *text, const struct bytes32 *key)
{
    char name[PEER_ID_SIZE];

    peer_id_write(key, name);
    text_add(text, "\"");
    text_add(text, name);
    text_add(text, "\"");
}

static void add_subnet(struct text *text, uint32_t subnet)
{
    text_add(text, subnet ? ",\"" : "\"");
    text_add_u64(text, subnet);
    text_add(text, "\":");
}

/* --- members ---------------------------------------------------------------------------------- */

static void add_members(struct text *text, const struct da_membership *membership)
{
    char locator[MULTIADDR_TEXT_SIZE];

    text_add(text, "{\"assignations\":{");
    for (uint32_t subnet = 0; subnet < membership->subnet_count; subnet++) {
        add_subnet(text, subnet);
        for (uint32_t n = 0; n < membership->replication; n++) {
            uint32_t member = da_subnet_member(membership, subnet, n);

            text_add(text, n ? "," : "[");
            add_peer_id(text, &membership->members[member].key);
        }
        text_add(text, "]");
    }
    text_add(text, "},\"addressbook\":{");
    for (uint32_t i = 0; i < membership->member_count; i++) {
        text_add(text, i ? "," : "");
        add_peer_id(text, &membership->members[i].key);
        multiaddr_write(&membership->members[i].locator, locator);
        text_add(text, ":\"");
        text_add(text, locator);
        text_add(text, "\"");
    }
    text_add(text, "}}");
}

void api_da_membership(void *self, struct http_request *request)
{
    struct text text = {.bytes = NULL};

    if (!json_object_is_type(request->json, json_type_int) ||
        json_object_get_int64(request->json) < 0) {
        api_refuse_body(request, "expected the number of a session");
        return;
    }
    if (da_of(self) && !json_object_get_int64(request->json))
        add_members(&text, da_membership(da_of(self)));
    else
        text_add(&text, "{\"assignations\":{},\"addressbook\":{}}");
    http_reply_json(request, &text);
}

/* --- connections and failures ----------------------------------------------------------------- */

void api_da_balancer(void *self, struct http_request *request)
{
    const struct da *da = da_of(self);
    uint32_t count = da ? da_membership(da)->subnet_count : 0;
    struct text text = {.bytes = NULL};

    text_add(&text, "{");
    for (uint32_t subnet = 0; subnet < count; subnet++) {
        struct da_balance balance = da_balance_of(da, subnet);

        add_subnet(&text, subnet);
        text_add(&text, "{\"inbound\":");
        text_add_u64(&text, balance.inbound);
        text_add(&text, ",\"outbound\":");
        text_add_u64(&text, balance.outbound);
        text_add(&text, "}");
    }
    text_add(&text, "}");
    http_reply_json(request, &text);
}

/* A number of 128ths as a decimal, exactly: a 128th has seven places. */
static void add_rate(struct text *text, const char *name, uint64_t rate_128)
{
    char fraction[16];
    size_t length = 7;

    (void)snprintf(fraction, sizeof(fraction), "%07" PRIu64, rate_128 % 128 * 78125);
    while (length && fraction[length - 1] == '0')
        length--;
    fraction[length] = '\0';
    text_add(text, "\"");
    text_add(text, name);
    text_add(text, "\":\"");
    text_add_u64(text, rate_128 / 128);
    text_add(text, length ? "." : "");
    text_add(text, fraction);
    text_add(text, "\"");
}

static void add_record(struct text *text, const struct da *da, uint32_t member, uint64_t now_ns)
{
    static const struct {
        const char *name;
        enum da_failure kind;
    } rates[] = {
        {"dispersal_failure_rate", DA_FAILED_DISPERSAL},
        {"sampling_failure_rate", DA_FAILED_SAMPLING},
        {"replication_failure_rate", DA_FAILED_REPLICATION},
    };

    add_peer_id(text, &da_membership(da)->members[member].key);
    text_add(text, ":{");
    for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
        text_add(text, i ? "," : "");
        add_rate(
            text, rates[i].name, da_monitor_rate(da_monitor(da), member, rates[i].kind, now_ns));
    }
    text_add(text, "}");
}

/* Those that are connected, and those that ever failed. */
void api_da_monitor(void *self, struct http_request *request)
{
    const struct api *api = self;
    const struct da *da = da_of(self);
    uint32_t count = da ? da_membership(da)->member_count : 0;
    struct text text = {.bytes = NULL};
    const char *separator = "";

    text_add(&text, "{");
    for (uint32_t member = 0; member < count; member++) {
        if (!da_is_connected(da, member) && !da_monitor(da)->records[member])
            continue;
        text_add(&text, separator);
        add_record(&text, da, member, api->now_ns(api->self));
        separator = ",";
    }
    text_add(&text, "}");
    http_reply_json(request, &text);
}

/* --- blocking --------------------------------------------------------------------------------- */

/* The peer id that is the body; false after a refusal. */
static bool read_peer(struct http_request *request, struct bytes32 *out)
{
    if (json_object_is_type(request->json, json_type_string) &&
        peer_id_read(json_object_get_string(request->json), out))
        return true;
    api_refuse_body(request, "expected a peer id");
    return false;
}

static void reply_bool(struct http_request *request, bool value)
{
    struct text text = {.bytes = NULL};

    text_add(&text, value ? "true" : "false");
    http_reply_json(request, &text);
}

void api_da_block_peer(void *self, struct http_request *request)
{
    struct api *api = self;
    struct bytes32 key;

    if (!read_peer(request, &key))
        return;
    if (!da_of(self)) {
        reply_bool(request, false);
        return;
    }
    switch (da_block(da_of(self), &key, api->now_ns(api->self))) {
    case DA_BLOCKING_CHANGED:
        reply_bool(request, true);
        break;
    case DA_BLOCKING_SAME:
        reply_bool(request, false);
        break;
    case DA_BLOCKING_FULL:
        http_fail(request, 500, "%u peers are blocked already", DA_BLOCKED_MAX);
        break;
    }
    api->after_input(api->self);
}

void api_da_unblock_peer(void *self, struct http_request *request)
{
    struct api *api = self;
    struct bytes32 key;

    if (!read_peer(request, &key))
        return;
    reply_bool(request, da_of(self) && da_unblock(da_of(self), &key, api->now_ns(api->self)));
    api->after_input(api->self);
}

void api_da_blacklisted(void *self, struct http_request *request)
{
    const struct da *da = da_of(self);
    size_t count = da ? da_monitor(da)->blocked_count : 0;
    struct text text = {.bytes = NULL};

    text_add(&text, "[");
    for (size_t i = 0; i < count; i++) {
        text_add(&text, i ? "," : "");
        add_peer_id(&text, &da_monitor(da)->blocked[i]);
    }
    text_add(&text, "]");
    http_reply_json(request, &text);
}
