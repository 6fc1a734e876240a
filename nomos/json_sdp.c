#include "nomos/json_sdp.h"

#include <stdlib.h>

#include "nomos/json_read.h"
#include "nomos/json_write.h"
#include "nomos/memory.h"

void sdp_declarations_free(struct sdp_declaration *list, size_t count)
{
    for (size_t i = 0; list && i < count; i++)
        free(list[i].declare.locators);
    free(list);
}

static void write_one(struct text *text, const struct sdp_declaration *declaration)
{
    const struct op_declare *declare = &declaration->declare;

    json_add_service(text, "{\"service_type\":", declare->service);
    json_add_bytes32(text, ",\"provider_id\":", &declare->provider_id);
    json_add_fr(text, ",\"locked_note_id\":", &declare->locked_note_id);
    json_add_locators(text, ",\"locators\":", declare);
    json_add_fr(text, ",\"zk_id\":", &declare->zk_id);
    json_add_u64(text, ",\"created\":", declaration->created);
    json_add_u64(text, ",\"active\":", declaration->active);
    if (declaration->is_withdrawn)
        json_add_u64(text, ",\"withdrawn\":", declaration->withdrawn);
    else
        text_add(text, ",\"withdrawn\":null");
    json_add_u64(text, ",\"nonce\":", declaration->nonce);
    text_add(text, "}");
}

void json_sdp_write(struct text *text, const struct sdp_declaration *list, size_t count)
{
    text_add(text, "[");
    for (size_t i = 0; i < count; i++) {
        text_add(text, i ? "," : "");
        write_one(text, &list[i]);
    }
    text_add(text, "]");
}

static void read_one(const struct json_node *node, struct sdp_declaration *out)
{
    const struct json_node service = json_get(node, "service_type");
    struct op_declare *declare = &out->declare;

    declare->service = json_service(&service);
    declare->provider_id = json_get_ed25519_key(node, "provider_id");
    declare->locked_note_id = json_get_fr(node, "locked_note_id");
    declare->locators = json_get_multiaddrs(node, "locators", &declare->locator_count);
    declare->zk_id = json_get_fr(node, "zk_id");
    out->created = json_get_u64(node, "created");
    out->active = json_get_u64(node, "active");
    const struct json_node withdrawn = json_get_optional(node, "withdrawn", &out->is_withdrawn);
    if (out->is_withdrawn)
        out->withdrawn = json_u64(&withdrawn);
    out->nonce = json_get_u64(node, "nonce");
}

static enum nomos_status read_list(struct json_object *object, struct sdp_declaration **out_list,
    size_t *out_count, struct nomos_error *err)
{
    struct json_reader reader = {.err = err};
    const struct json_node top = {.reader = &reader, .key = "", .value = object};
    const size_t count = json_count(&top);
    struct sdp_declaration *list = nomos_alloc(count, sizeof(*list));

    if (!list) {
        json_fail_memory(&top);
        return reader.status;
    }
    for (size_t i = 0; i < count && json_ok(&top); i++) {
        const struct json_node item = json_item(&top, i);

        read_one(&item, &list[i]);
    }
    if (reader.status) {
        sdp_declarations_free(list, count);
        return reader.status;
    }
    *out_list = list;
    *out_count = count;
    return NOMOS_OK;
}

enum nomos_status json_sdp_parse(const char *text, size_t size, struct sdp_declaration **out_list,
    size_t *out_count, struct nomos_error *err)
{
    struct json_object *object = NULL;
    enum nomos_status status = json_parse(text, size, &object, err);

    if (status)
        return status;
    status = read_list(object, out_list, out_count, err);
    (void)json_object_put(object);
    return status;
}
