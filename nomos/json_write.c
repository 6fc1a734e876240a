#include "nomos/json_write.h"

void json_add_u64(struct text *text, const char *before, uint64_t value)
{
    text_add(text, before);
    text_add_u64(text, value);
}

static void add_hex_string(struct text *text, const char *before, const uint8_t bytes[32])
{
    text_add(text, before);
    text_add(text, "\"");
    text_add_hex(text, bytes, 32);
    text_add(text, "\"");
}

void json_add_fr(struct text *text, const char *before, const struct fr *value)
{
    uint8_t bytes[FR_SIZE];

    fr_to_le32(value, bytes);
    add_hex_string(text, before, bytes);
}

void json_add_bytes32(struct text *text, const char *before, const struct bytes32 *value)
{
    add_hex_string(text, before, value->bytes);
}

void json_add_numbers(struct text *text, const char *before, const uint8_t *bytes, size_t size)
{
    text_add(text, before);
    text_add_numbers(text, bytes, size);
}

void json_add_service(struct text *text, const char *before, enum sdp_service service)
{
    text_add(text, before);
    text_add(text, service == SDP_DA ? "\"DA\"" : "\"BN\"");
}

void json_add_locators(struct text *text, const char *before, const struct op_declare *declare)
{
    char address[MULTIADDR_TEXT_SIZE];

    text_add(text, before);
    text_add(text, "[");
    for (size_t i = 0; i < declare->locator_count; i++) {
        /* Addresses hold no quotes, backslashes or control characters (multiaddr.c sees to it for
           names), so they go in as they are. */
        multiaddr_write(&declare->locators[i], address);
        text_add(text, i ? ",\"" : "\"");
        text_add(text, address);
        text_add(text, "\"");
    }
    text_add(text, "]");
}
