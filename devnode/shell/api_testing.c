#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "devnode/shell/api.h"
#include "nomos/json_sdp.h"

void api_declarations(void *self, struct http_request *request)
{
    const struct api *api = self;
    struct text text = {.bytes = NULL};
    size_t count;
    struct sdp_declaration *list = node_declarations(api->node, &count);

    json_sdp_write(&text, list, count);
    sdp_declarations_free(list, count);
    http_reply_json(request, &text);
}

void api_misbehaviour_list(void *self, struct http_request *request)
{
    const struct api *api = self;
    const struct misbehaviours *set = node_misbehaviours(api->node);
    struct text text = {.bytes = NULL};
    const char *separator = "";

    text_add(&text, "[");
    for (size_t i = 0; i < MISBEHAVE_COUNT; i++) {
        if (!set->is_on[i])
            continue;
        text_add(&text, separator);
        text_add(&text, "{\"name\":\"");
        text_add(&text, misbehaviour_kinds[i].name);
        text_add(&text, "\",\"arg\":");
        if (misbehaviour_kinds[i].argument)
            text_add_u64(&text, set->argument[i]);
        else
            text_add(&text, "null");
        text_add(&text, "}");
        separator = ",";
    }
    text_add(&text, "]");
    http_reply_json(request, &text);
}

/* The switch's argument as text, NULL without one. False when it is neither a number nor text. */
static bool read_argument(struct json_object *json, const char **out)
{
    *out = NULL;
    if (!json)
        return true;
    if (!json_object_is_type(json, json_type_int) && !json_object_is_type(json, json_type_string))
        return false;
    *out = json_object_get_string(json);
    return true;
}

void api_misbehaviour_set(void *self, struct http_request *request)
{
    struct api *api = self;
    struct misbehaviours *set = node_misbehaviours(api->node);
    struct json_object *name = json_object_object_get(request->json, "name");
    const char *argument;
    struct reason why;

    if (!json_object_is_type(request->json, json_type_object) ||
        !json_object_is_type(name, json_type_string)) {
        api_refuse_body(request, "expected {\"name\": \"...\", \"arg\": number}");
        return;
    }
    if (!read_argument(json_object_object_get(request->json, "arg"), &argument)) {
        api_refuse_body(request, "`arg` must be a number");
        return;
    }
    if (!misbehave_set(set, json_object_get_string(name), argument, &why)) {
        api_refuse_body(request, why.text);
        return;
    }
    node_misbehaviour_changed(api->node, api->now_ns(api->self));
    api_misbehaviour_list(self, request);
    api->after_input(api->self);
}

void api_misbehaviour_clear(void *self, struct http_request *request)
{
    struct api *api = self;

    *node_misbehaviours(api->node) = (struct misbehaviours){.is_on = {false}};
    node_misbehaviour_changed(api->node, api->now_ns(api->self));
    api_misbehaviour_list(self, request);
    api->after_input(api->self);
}
