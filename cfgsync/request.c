#include "cfgsync/request.h"

#include <arpa/inet.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* Announcements are flat. */
#define JSON_DEPTH_MAX 4

static bool read_text(
    struct json_object *object, const char *key, char *out, size_t room, struct reason *why)
{
    struct json_object *value = NULL;
    const char *text = NULL;

    if (json_object_object_get_ex(object, key, &value) &&
        json_object_is_type(value, json_type_string))
        text = json_object_get_string(value);
    if (!text || !*text || strlen(text) >= room)
        return reason_set(why, "`%s` must be text of 1 to %zu bytes", key, room - 1);
    (void)snprintf(out, room, "%s", text);
    return true;
}

/* Absent or null: as it is. */
static bool read_port(
    struct json_object *object, const char *key, uint16_t *out, struct reason *why)
{
    struct json_object *value = NULL;
    int64_t port;

    if (!json_object_object_get_ex(object, key, &value) || !value)
        return true;
    port = json_object_get_int64(value);
    if (!json_object_is_type(value, json_type_int) || port < 1 || port > 65535)
        return reason_set(why, "`%s` must be a port, 1 to 65535, or null", key);
    *out = (uint16_t)port;
    return true;
}

static bool read_fields(struct announcement *out, struct json_object *object, struct reason *why)
{
    struct in_addr address;

    if (!json_object_is_type(object, json_type_object))
        return reason_set(why, "the body must be a JSON object");
    if (!read_text(object, "ip", out->ip, sizeof(out->ip), why) ||
        !read_text(object, "identifier", out->identifier, sizeof(out->identifier), why) ||
        !read_port(object, "network_port", &out->network_port, why) ||
        !read_port(object, "da_port", &out->da_port, why) ||
        !read_port(object, "blend_port", &out->blend_port, why) ||
        !read_port(object, "api_port", &out->api_port, why) ||
        !read_port(object, "testing_http_port", &out->testing_port, why))
        return false;
    if (inet_pton(AF_INET, out->ip, &address) != 1)
        return reason_set(why, "`ip` is no IPv4 address: %s", out->ip);
    return true;
}

bool request_parse(struct announcement *out, const char *body, size_t size, struct reason *why)
{
    struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    struct json_object *object = NULL;
    bool is_read = false;

    announcement_default(out);
    if (!tokener)
        return reason_set(why, "out of memory");
    if (size <= INT32_MAX)
        object = json_tokener_parse_ex(tokener, body, (int)size);
    if (json_tokener_get_error(tokener) != json_tokener_success)
        reason_format(why, "the body is no JSON");
    else
        is_read = read_fields(out, object, why);
    json_object_put(object);
    json_tokener_free(tokener);
    return is_read;
}

static void add_port(struct json_object *object, const char *key, uint16_t port)
{
    (void)json_object_object_add(object, key, json_object_new_int(port));
}

void request_write(const struct announcement *host, struct text *out)
{
    struct json_object *object = json_object_new_object();

    (void)json_object_object_add(object, "ip", json_object_new_string(host->ip));
    (void)json_object_object_add(object, "identifier", json_object_new_string(host->identifier));
    add_port(object, "network_port", host->network_port);
    add_port(object, "da_port", host->da_port);
    add_port(object, "blend_port", host->blend_port);
    add_port(object, "api_port", host->api_port);
    add_port(object, "testing_http_port", host->testing_port);
    text_add(out, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
    json_object_put(object);
}
