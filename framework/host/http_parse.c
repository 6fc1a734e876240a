#include "framework/host/http_parse.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include "framework/base/number.h"

/* A line without its CR LF. */
struct line {
    const char *text;
    size_t len;
};

bool http_is_token_char(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool equals(struct line line, const char *word)
{
    return line.len == strlen(word) && strncasecmp(line.text, word, line.len) == 0;
}

static enum http_parse_result refuse(struct http_parser *parser, const char *why)
{
    parser->state = HTTP_STATE_BAD;
    parser->why = why;
    return HTTP_PARSE_BAD;
}

static enum http_parse_result too_long(struct http_parser *parser)
{
    parser->state = HTTP_STATE_LONG;
    return HTTP_PARSE_LONG;
}

static enum http_parse_result complete(struct http_parser *parser, bool has_end)
{
    const bool by_default = !parser->is_http_1_0 || parser->says_keep_alive;

    parser->state = HTTP_STATE_DONE;
    parser->is_reusable = has_end && by_default && !parser->says_close;
    str_done(&parser->line);
    return HTTP_PARSE_DONE;
}

void http_parser_init(struct http_parser *parser, bool is_head_request, uint64_t body_max)
{
    *parser = (struct http_parser){
        .state = HTTP_STATE_STATUS,
        .is_head_request = is_head_request,
        .body_max = body_max,
    };
    str_init(&parser->line, HTTP_LINE_MAX);
}

void http_parser_done(struct http_parser *parser)
{
    str_done(&parser->line);
}

/* ---- lines ---- */

static bool has_control_byte(struct line line)
{
    for (size_t i = 0; i < line.len; i++) {
        const unsigned char c = (unsigned char)line.text[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* "HTTP/1.1 200 OK"; the reason may be missing, and the blank before it then too. */
static enum http_parse_result read_status_line(struct http_parser *parser, struct line line)
{
    if (line.len < 12 || strncmp(line.text, "HTTP/1.", 7) != 0)
        return refuse(parser, "the reply does not begin with an HTTP/1.x status line");
    if (line.text[7] != '0' && line.text[7] != '1')
        return refuse(parser, "the reply is of an HTTP version other than 1.0 and 1.1");
    if (line.text[8] != ' ' || line.text[9] < '1' || !is_digit(line.text[9]) ||
        !is_digit(line.text[10]) || !is_digit(line.text[11]) ||
        (line.len > 12 && line.text[12] != ' '))
        return refuse(parser, "the status line has no three-digit code");
    parser->is_http_1_0 = line.text[7] == '0';
    parser->code =
        (uint32_t)((line.text[9] - '0') * 100 + (line.text[10] - '0') * 10 + (line.text[11] - '0'));
    if (parser->code == 101)
        return refuse(parser, "the reply switches protocols, which was not asked for");
    parser->state = HTTP_STATE_HEADER;
    return HTTP_PARSE_MORE;
}

static enum http_parse_result read_length(struct http_parser *parser, struct line value)
{
    uint64_t length = 0;

    if (value.len == 0 || value.len > HTTP_CONTENT_LENGTH_DIGITS)
        return refuse(parser, "Content-Length is not a number of at most 18 digits");
    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.text[i]))
            return refuse(parser, "Content-Length is not a number of at most 18 digits");
        length = length * 10 + (uint64_t)(value.text[i] - '0');
    }
    if (parser->has_length && parser->length != length)
        return refuse(parser, "the reply has two different Content-Length headers");
    parser->has_length = true;
    parser->length = length;
    return HTTP_PARSE_MORE;
}

static enum http_parse_result read_coding(struct http_parser *parser, struct line value)
{
    if (parser->is_chunked)
        return refuse(parser, "the reply has two Transfer-Encoding headers");
    if (parser->is_http_1_0)
        return refuse(parser, "an HTTP/1.0 reply has a Transfer-Encoding header");
    if (!equals(value, "chunked"))
        return refuse(parser, "the reply has a transfer coding other than \"chunked\"");
    parser->is_chunked = true;
    return HTTP_PARSE_MORE;
}

/* A list of words: "keep-alive, Upgrade". Only two of them concern us. */
static void read_connection(struct http_parser *parser, struct line value)
{
    size_t at = 0;

    while (at < value.len) {
        size_t end = at;
        struct line word;

        while (end < value.len && value.text[end] != ',')
            end++;
        word = (struct line){value.text + at, end - at};
        while (word.len > 0 && is_blank(word.text[0])) {
            word.text++;
            word.len--;
        }
        while (word.len > 0 && is_blank(word.text[word.len - 1]))
            word.len--;
        if (equals(word, "close"))
            parser->says_close = true;
        if (equals(word, "keep-alive"))
            parser->says_keep_alive = true;
        at = end + 1;
    }
}

static enum http_parse_result apply_header(
    struct http_parser *parser, struct line name, struct line value)
{
    const bool is_length = equals(name, "content-length");
    const bool is_coding = equals(name, "transfer-encoding");
    const bool is_connection = equals(name, "connection");
    const bool is_type = equals(name, "content-type");

    if (parser->state == HTTP_STATE_TRAILER)
        return HTTP_PARSE_MORE; /* too late to change what the body is */
    if (!is_length && !is_coding && !is_connection && !is_type)
        return HTTP_PARSE_MORE;
    if (value.len >= HTTP_VALUE_SIZE)
        return refuse(parser, "a header that decides how to read the reply is over 127 bytes long");
    if (is_length)
        return read_length(parser, value);
    if (is_coding)
        return read_coding(parser, value);
    if (is_connection) {
        read_connection(parser, value);
    } else {
        memcpy(parser->content_type, value.text, value.len);
        parser->content_type[value.len] = '\0';
    }
    return HTTP_PARSE_MORE;
}

static enum http_parse_result read_header(struct http_parser *parser, struct line line)
{
    size_t name_len = 0;
    struct line value;

    if (is_blank(line.text[0]))
        return refuse(parser, "a header line is folded");
    while (name_len < line.len && http_is_token_char((unsigned char)line.text[name_len]))
        name_len++;
    if (name_len == 0 || name_len == line.len || line.text[name_len] != ':')
        return refuse(parser, "a header line is not of the form \"name: value\"");
    value = (struct line){line.text + name_len + 1, line.len - name_len - 1};
    while (value.len > 0 && is_blank(value.text[0])) {
        value.text++;
        value.len--;
    }
    while (value.len > 0 && is_blank(value.text[value.len - 1]))
        value.len--;
    return apply_header(parser, (struct line){line.text, name_len}, value);
}

/* An interim reply is followed by the real one; nothing of it counts. */
static void forget_interim(struct http_parser *parser)
{
    parser->state = HTTP_STATE_STATUS;
    parser->content_type[0] = '\0';
    parser->has_length = false;
    parser->length = 0;
    parser->is_chunked = false;
    parser->says_close = false;
    parser->says_keep_alive = false;
}

/* The empty line: what body follows? (RFC 9112, 6.3, without the lenient cases.) */
static enum http_parse_result end_header(struct http_parser *parser)
{
    if (parser->code < 200) {
        forget_interim(parser);
        return HTTP_PARSE_MORE;
    }
    if (parser->is_chunked && parser->has_length)
        return refuse(parser, "the reply has both Content-Length and Transfer-Encoding");
    if (parser->is_head_request || parser->code == 204 || parser->code == 304)
        return complete(parser, true);
    if (parser->is_chunked) {
        parser->state = HTTP_STATE_CHUNK_SIZE;
        return HTTP_PARSE_MORE;
    }
    if (!parser->has_length) {
        parser->state = HTTP_STATE_BODY_CLOSE;
        return HTTP_PARSE_MORE;
    }
    if (parser->length > parser->body_max)
        return too_long(parser);
    if (parser->length == 0)
        return complete(parser, true);
    parser->remaining = parser->length;
    parser->state = HTTP_STATE_BODY_LENGTH;
    return HTTP_PARSE_MORE;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* "1a2b" or "1a2b;name=value"; extensions mean nothing to us. */
static enum http_parse_result read_chunk_size(struct http_parser *parser, struct line line)
{
    uint64_t size = 0;
    uint64_t total;
    size_t digits = 0;

    while (digits < line.len && hex_value(line.text[digits]) >= 0) {
        if (digits == 16)
            break;
        size = size * 16 + (uint64_t)hex_value(line.text[digits]);
        digits++;
    }
    if (digits == 0 || (digits < line.len && line.text[digits] != ';'))
        return refuse(parser, "a chunk's size is not 1 to 16 hexadecimal digits");
    if (size == 0) {
        parser->state = HTTP_STATE_TRAILER;
        return HTTP_PARSE_MORE;
    }
    if (add_overflows(parser->body_size, size, &total) || total > parser->body_max)
        return too_long(parser);
    parser->remaining = size;
    parser->state = HTTP_STATE_CHUNK_DATA;
    return HTTP_PARSE_MORE;
}

static enum http_parse_result read_line(struct http_parser *parser, struct line line)
{
    if (has_control_byte(line))
        return refuse(parser, "a line of the reply has a control byte in it");
    switch (parser->state) {
    case HTTP_STATE_STATUS:
        return read_status_line(parser, line);
    case HTTP_STATE_HEADER:
        return line.len == 0 ? end_header(parser) : read_header(parser, line);
    case HTTP_STATE_CHUNK_SIZE:
        return read_chunk_size(parser, line);
    case HTTP_STATE_CHUNK_END:
        if (line.len != 0)
            return refuse(parser, "a chunk is longer than its size says");
        parser->state = HTTP_STATE_CHUNK_SIZE;
        return HTTP_PARSE_MORE;
    case HTTP_STATE_TRAILER:
        return line.len == 0 ? complete(parser, true) : read_header(parser, line);
    case HTTP_STATE_BODY_LENGTH:
    case HTTP_STATE_BODY_CLOSE:
    case HTTP_STATE_CHUNK_DATA:
    case HTTP_STATE_DONE:
    case HTTP_STATE_BAD:
    case HTTP_STATE_LONG:
        break;
    }
    assert(0); /* take_line is called in the states above alone */
    return HTTP_PARSE_BAD;
}

/* Takes a whole line off the input and reads it. A line that is complete in the
   input is read in place; only a cut one is copied. */
static enum http_parse_result take_line(struct http_parser *parser, assay_bytes *input)
{
    const char *text = input->data;
    const char *end = memchr(text, '\n', input->size);
    const size_t used = end ? (size_t)(end - text) + 1 : input->size;
    struct line line = {text, used - 1};
    enum http_parse_result result;

    /* Lines between chunks do not count, so that a body of any size passes in chunks. */
    if (parser->state != HTTP_STATE_CHUNK_SIZE && parser->state != HTTP_STATE_CHUNK_END)
        parser->head_size += used;
    if (parser->head_size > HTTP_HEAD_MAX)
        return refuse(parser, "the header of the reply is longer than 64 KiB");
    input->data = text + used;
    input->size -= used;
    if (!end || parser->line.len > 0) {
        if (str_append_n(&parser->line, text, used))
            return refuse(parser,
                parser->line.status == ASSAY_E_NOMEM ? "no memory to read a line of the reply"
                                                     : "a line of the reply is longer than 8 KiB");
        line = (struct line){str_text(&parser->line), parser->line.len - 1};
    }
    if (!end)
        return HTTP_PARSE_MORE;
    if (line.len >= HTTP_LINE_MAX)
        return refuse(parser, "a line of the reply is longer than 8 KiB");
    if (line.len == 0 || line.text[line.len - 1] != '\r')
        return refuse(parser, "a line of the reply is not ended by CR LF");
    line.len--;
    result = read_line(parser, line);
    str_clear(&parser->line);
    return result;
}

/* ---- bodies ---- */

static enum http_parse_result take_body(
    struct http_parser *parser, assay_bytes *input, assay_bytes *piece)
{
    const bool is_open = parser->state == HTTP_STATE_BODY_CLOSE;
    size_t size = input->size;

    if (!is_open && size > parser->remaining)
        size = (size_t)parser->remaining;
    if (size > parser->body_max - parser->body_size)
        return too_long(parser);
    *piece = (assay_bytes){input->data, size};
    input->data = (const char *)input->data + size;
    input->size -= size;
    parser->body_size += size;
    if (is_open)
        return HTTP_PARSE_BODY;
    parser->remaining -= size;
    if (parser->remaining == 0 && parser->state == HTTP_STATE_CHUNK_DATA)
        parser->state = HTTP_STATE_CHUNK_END;
    else if (parser->remaining == 0)
        (void)complete(parser, true); /* the next call says so */
    return HTTP_PARSE_BODY;
}

enum http_parse_result http_parser_feed(
    struct http_parser *parser, assay_bytes *input, assay_bytes *piece)
{
    enum http_parse_result result = HTTP_PARSE_MORE;

    if (input->size > 0)
        parser->has_started = true;
    while (result == HTTP_PARSE_MORE) {
        switch (parser->state) {
        case HTTP_STATE_DONE:
            return HTTP_PARSE_DONE;
        case HTTP_STATE_BAD:
            return HTTP_PARSE_BAD;
        case HTTP_STATE_LONG:
            return HTTP_PARSE_LONG;
        case HTTP_STATE_STATUS:
        case HTTP_STATE_HEADER:
        case HTTP_STATE_CHUNK_SIZE:
        case HTTP_STATE_CHUNK_END:
        case HTTP_STATE_TRAILER:
            if (input->size == 0)
                return HTTP_PARSE_MORE;
            result = take_line(parser, input);
            break;
        case HTTP_STATE_BODY_LENGTH:
        case HTTP_STATE_BODY_CLOSE:
        case HTTP_STATE_CHUNK_DATA:
            if (input->size == 0)
                return HTTP_PARSE_MORE;
            result = take_body(parser, input, piece);
            break;
        }
    }
    return result;
}

enum http_parse_result http_parser_end(struct http_parser *parser)
{
    switch (parser->state) {
    case HTTP_STATE_DONE:
        return HTTP_PARSE_DONE;
    case HTTP_STATE_BAD:
        return HTTP_PARSE_BAD;
    case HTTP_STATE_LONG:
        return HTTP_PARSE_LONG;
    case HTTP_STATE_BODY_CLOSE:
        return complete(parser, false);
    case HTTP_STATE_STATUS:
    case HTTP_STATE_HEADER:
        return refuse(parser,
            parser->has_started ? "the connection was closed in the header of the reply"
                                : "the connection was closed without a reply");
    case HTTP_STATE_BODY_LENGTH:
    case HTTP_STATE_CHUNK_SIZE:
    case HTTP_STATE_CHUNK_DATA:
    case HTTP_STATE_CHUNK_END:
    case HTTP_STATE_TRAILER:
        break;
    }
    return refuse(parser, "the connection was closed in the body of the reply");
}
