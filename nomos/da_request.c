#include "nomos/da_request.h"

#include "nomos/json_read.h"
#include "nomos/json_write.h"
#include "nomos/memory.h"

/* --- dispersal ---------------------------------------------------------------------------- */

void da_dispersal_done(struct da_dispersal *dispersal)
{
    if (!dispersal)
        return;
    free(dispersal->data);
    *dispersal = (struct da_dispersal){.data = NULL};
}

void da_dispersal_write_json(struct text *text, const struct da_dispersal *dispersal)
{
    json_add_bytes32(text, "{\"channel_id\":", &dispersal->context.channel);
    json_add_bytes32(text, ",\"parent_msg_id\":", &dispersal->context.parent);
    json_add_bytes32(text, ",\"signer\":", &dispersal->signer);
    json_add_numbers(text, ",\"data\":", dispersal->data, dispersal->size);
    text_add(text, "}");
}

static void decode_dispersal(const struct json_node *top, void *out)
{
    struct da_dispersal read = {.context = {.channel = json_get_bytes32(top, "channel_id")}};

    read.context.parent = json_get_bytes32(top, "parent_msg_id");
    read.signer = json_get_ed25519_key(top, "signer");
    if (json_ok(top)) {
        const struct json_node data = json_get(top, "data");

        read.data = json_byte_array(&data, &read.size);
    }
    if (json_ok(top))
        memcpy(out, &read, sizeof(read));
    else
        da_dispersal_done(&read);
}

enum nomos_status da_dispersal_parse_json(
    const char *text, size_t size, struct da_dispersal *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_dispersal, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

void da_blob_id_write_json(struct text *text, const struct bytes32 *blob_id)
{
    text_add_numbers(text, blob_id->bytes, sizeof(blob_id->bytes));
}

static void decode_blob_id(const struct json_node *top, void *out)
{
    struct bytes32 read;

    json_numbers(top, read.bytes, sizeof(read.bytes));
    if (json_ok(top))
        memcpy(out, &read, sizeof(read));
}

enum nomos_status da_blob_id_parse_json(
    const char *text, size_t size, struct bytes32 *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_blob_id, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

/* --- parts of wishes ---------------------------------------------------------------------- */

static void add_blob_id(struct text *text, const struct bytes32 *blob_id)
{
    json_add_numbers(text, "{\"blob_id\":", blob_id->bytes, sizeof(blob_id->bytes));
}

static struct bytes32 get_blob_id(const struct json_node *top)
{
    struct bytes32 out = {{0}};

    json_get_numbers(top, "blob_id", out.bytes, sizeof(out.bytes));
    return out;
}

static void add_index(struct text *text, const char *before, uint32_t index)
{
    json_add_numbers(text, before, (const uint8_t[]){(uint8_t)index, (uint8_t)(index >> 8)}, 2);
}

static uint32_t read_index(const struct json_node *node)
{
    uint8_t bytes[2] = {0};

    json_numbers(node, bytes, sizeof(bytes));
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static void add_indices(struct text *text, const char *before, const bool is_in[DA_COLUMNS_MAX])
{
    const char *separator = "";

    text_add(text, before);
    for (uint32_t i = 0; i < DA_COLUMNS_MAX; i++) {
        if (!is_in[i])
            continue;
        add_index(text, separator, i);
        separator = ",";
    }
}

static void get_indices(const struct json_node *top, const char *key, bool is_in[DA_COLUMNS_MAX])
{
    const struct json_node list = json_get(top, key);
    const size_t count = json_count(&list);

    for (size_t i = 0; i < count && json_ok(top); i++) {
        const struct json_node item = json_item(&list, i);
        const uint32_t index = read_index(&item);

        if (index < DA_COLUMNS_MAX)
            is_in[index] = true;
    }
}

/* --- wishes ------------------------------------------------------------------------------- */

void da_share_wish_write_json(struct text *text, const struct da_share_wish *wish)
{
    add_blob_id(text, &wish->blob_id);
    add_index(text, ",\"share_idx\":", wish->index);
    text_add(text, "}");
}

static void decode_share_wish(const struct json_node *top, void *out)
{
    struct da_share_wish read = {.blob_id = get_blob_id(top)};
    const struct json_node index = json_get(top, "share_idx");

    read.index = read_index(&index);
    if (json_ok(top))
        memcpy(out, &read, sizeof(read));
}

enum nomos_status da_share_wish_parse_json(
    const char *text, size_t size, struct da_share_wish *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_share_wish, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

void da_commitments_wish_write_json(struct text *text, const struct da_commitments_wish *wish)
{
    add_blob_id(text, &wish->blob_id);
    json_add_u64(text, ",\"session\":", wish->session);
    text_add(text, "}");
}

static void decode_commitments_wish(const struct json_node *top, void *out)
{
    struct da_commitments_wish read = {.blob_id = get_blob_id(top)};
    bool has_session;
    const struct json_node session = json_get_optional(top, "session", &has_session);

    if (has_session)
        read.session = json_u64(&session);
    if (json_ok(top))
        memcpy(out, &read, sizeof(read));
}

enum nomos_status da_commitments_wish_parse_json(
    const char *text, size_t size, struct da_commitments_wish *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_commitments_wish, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}

void da_sampling_wish_write_json(struct text *text, const struct da_sampling_wish *wish)
{
    add_blob_id(text, &wish->blob_id);
    add_indices(text, ",\"requested_shares\":[", wish->is_named);
    add_indices(text, "],\"filter_shares\":[", wish->is_filtered);
    text_add(text, "],\"return_available\":");
    text_add(text, wish->is_available_wanted ? "true}" : "false}");
}

static void decode_sampling_wish(const struct json_node *top, void *out)
{
    struct da_sampling_wish read = {.blob_id = get_blob_id(top)};
    const struct json_node available = json_get(top, "return_available");

    if (json_ok(top) && !json_object_is_type(available.value, json_type_boolean))
        json_fail(&available, "neither true nor false");
    get_indices(top, "requested_shares", read.is_named);
    get_indices(top, "filter_shares", read.is_filtered);
    if (!json_ok(top))
        return;
    read.is_available_wanted = json_object_get_boolean(available.value);
    memcpy(out, &read, sizeof(read));
}

enum nomos_status da_sampling_wish_parse_json(
    const char *text, size_t size, struct da_sampling_wish *out, struct nomos_error *err)
{
    const struct json_decoder decoder = {decode_sampling_wish, out};

    return json_decode((struct json_text){text, size}, &decoder, err);
}
