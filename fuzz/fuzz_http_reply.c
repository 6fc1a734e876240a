/* The HTTP reply parser: it must not crash, and must read the same however the bytes are cut.

   Input: one byte of settings, one byte that seeds the cuts, then the reply. */
#include <stdlib.h>
#include <string.h>

#include "framework/host/http_parse.h"
#include "fuzz/target.h"

enum {
    BODY_MAX = 1 << 16
};

struct reading {
    enum http_parse_result result;
    uint32_t code;
    bool is_reusable;
    size_t rest;
    size_t size;
    uint8_t body[BODY_MAX];
    char content_type[HTTP_VALUE_SIZE];
};

struct settings {
    bool is_head;
    uint64_t body_max;
    uint8_t seed; /* 0: all at once */
};

/* Stops the fuzzer when what must hold does not. */
static void insist(bool holds)
{
    if (!holds)
        abort();
}

static void take_pieces(struct http_parser *parser, assay_bytes *input, struct reading *out)
{
    assay_bytes piece = {0};

    while ((out->result = http_parser_feed(parser, input, &piece)) == HTTP_PARSE_BODY) {
        insist(piece.size > 0 && piece.size <= BODY_MAX - out->size);
        memcpy(out->body + out->size, piece.data, piece.size);
        out->size += piece.size;
    }
}

static void read_reply(const struct settings *settings, assay_bytes reply, struct reading *out)
{
    struct http_parser parser;
    uint32_t noise = settings->seed;
    size_t at = 0;

    out->result = HTTP_PARSE_MORE;
    out->size = 0;
    http_parser_init(&parser, settings->is_head, settings->body_max);
    while (at < reply.size && out->result == HTTP_PARSE_MORE) {
        size_t step = reply.size - at;
        assay_bytes input;

        noise = noise * 1664525u + 1013904223u;
        if (settings->seed != 0 && (noise >> 24) % 32 + 1 < step)
            step = (noise >> 24) % 32 + 1;
        input = (assay_bytes){(const uint8_t *)reply.data + at, step};
        take_pieces(&parser, &input, out);
        at += step - input.size;
    }
    if (out->result == HTTP_PARSE_MORE)
        out->result = http_parser_end(&parser);
    insist(out->result != HTTP_PARSE_MORE && out->result != HTTP_PARSE_BODY);
    insist((out->result == HTTP_PARSE_BAD) == (parser.why != NULL));
    insist(parser.body_size == out->size && out->size <= settings->body_max);
    if (out->result == HTTP_PARSE_DONE)
        insist(parser.code >= 200 && parser.code <= 999);
    out->code = parser.code;
    out->is_reusable = parser.is_reusable;
    out->rest = reply.size - at;
    memcpy(out->content_type, parser.content_type, sizeof out->content_type);
    http_parser_done(&parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole, cut;
    struct settings settings = {0};
    assay_bytes reply;

    if (size < 2)
        return 0;
    settings.is_head = data[0] & 1;
    settings.body_max = data[0] & 2 ? 16 : BODY_MAX;
    reply = (assay_bytes){data + 2, size - 2};
    read_reply(&settings, reply, &whole);
    settings.seed = data[1];
    read_reply(&settings, reply, &cut);
    insist(whole.result == cut.result);
    if (whole.result != HTTP_PARSE_DONE)
        return 0;
    insist(whole.code == cut.code && whole.size == cut.size && whole.rest == cut.rest);
    insist(whole.is_reusable == cut.is_reusable);
    insist(memcmp(whole.body, cut.body, whole.size) == 0);
    insist(strcmp(whole.content_type, cut.content_type) == 0);
    return 0;
}
