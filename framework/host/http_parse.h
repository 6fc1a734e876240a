/* A strict, incremental parser for one HTTP/1.1 reply.

   Bytes go in as they arrive, cut anywhere; pieces of the body come out, not
   copied. The parser keeps nothing but the line that is being read, and that
   only when it was cut, so an idle connection costs a few hundred bytes.

       struct http_parser parser;
       http_parser_init(&parser, is_head, reply_max);
       do {
           result = http_parser_feed(&parser, &input, &piece);
           if (result == HTTP_PARSE_BODY)
               append(piece);
       } while (result == HTTP_PARSE_BODY);
       ...
       http_parser_done(&parser);

   What it takes: HTTP/1.0 and 1.1, a body by Content-Length, by chunks, or up to
   the end of the connection; interim replies (100 to 199) are skipped; replies
   to HEAD and the codes 204 and 304 have no body.

   What it refuses, because two readers could understand it differently: lines
   not ended by CR LF, control bytes, folded header lines, blanks in or after a
   header's name, lengths that differ, a length together with chunks, any
   transfer coding but "chunked", a chunk size that is not 1 to 16 hexadecimal
   digits, and 101, since we never ask for an upgrade.

   One thread at a time. Memory: at most HTTP_LINE_MAX bytes beside the struct. */
#ifndef ASSAY_HOST_HTTP_PARSE_H
#define ASSAY_HOST_HTTP_PARSE_H

#include <stdbool.h>

#include "framework/base/str.h"

enum {
    HTTP_LINE_MAX = 8192,           /* of a status or header line; what servers commonly allow */
    HTTP_HEAD_MAX = 65536,          /* of all header lines, trailers and interim replies together */
    HTTP_VALUE_SIZE = 128,          /* of a header value that we act upon, with its NUL */
    HTTP_CONTENT_LENGTH_DIGITS = 18 /* below 10^18, so sums cannot overflow */
};

enum http_parse_result {
    HTTP_PARSE_MORE = 0, /* all input is used, the reply is not complete */
    HTTP_PARSE_BODY = 1, /* piece holds bytes of the body; call again with the rest */
    HTTP_PARSE_DONE = 2, /* complete; what is left of the input is not part of it */
    HTTP_PARSE_BAD = 3,  /* not a valid reply; `why` says what is wrong */
    HTTP_PARSE_LONG = 4  /* the body is, or is announced to be, longer than body_max */
};

enum http_parse_state {
    HTTP_STATE_STATUS,
    HTTP_STATE_HEADER,
    HTTP_STATE_BODY_LENGTH,
    HTTP_STATE_BODY_CLOSE,
    HTTP_STATE_CHUNK_SIZE,
    HTTP_STATE_CHUNK_DATA,
    HTTP_STATE_CHUNK_END,
    HTTP_STATE_TRAILER,
    HTTP_STATE_DONE,
    HTTP_STATE_BAD,
    HTTP_STATE_LONG
};

/* Fields above the line may be read at any time; code and content_type mean
   something once the header is complete. */
struct http_parser {
    enum http_parse_state state;
    uint32_t code;                      /* of the final reply */
    char content_type[HTTP_VALUE_SIZE]; /* "" when there is none */
    const char *why;                    /* constant text; NULL unless BAD */
    uint64_t length;                    /* announced by Content-Length; see has_length */
    uint64_t body_size;                 /* bytes of body handed out so far */
    bool has_started;                   /* at least one byte has come */
    bool has_length;
    bool is_reusable; /* after DONE: the connection may carry another request */

    /* ---- the parser's own ---- */
    uint64_t body_max;
    uint64_t remaining; /* of the body or of the chunk */
    size_t head_size;
    struct str line; /* the beginning of a line that was cut */
    bool is_head_request;
    bool is_chunked;
    bool is_http_1_0;
    bool says_close;
    bool says_keep_alive;
};

void http_parser_init(struct http_parser *parser, bool is_head_request, uint64_t body_max);
void http_parser_done(struct http_parser *parser);

/* Consumes from the front of *input. *piece is set with HTTP_PARSE_BODY alone and points into the
   input. After DONE, BAD and LONG further calls repeat that answer. */
enum http_parse_result http_parser_feed(
    struct http_parser *parser, assay_bytes *input, assay_bytes *piece);

/* The peer will send nothing more: DONE when that ends the body as it should, else BAD. */
enum http_parse_result http_parser_end(struct http_parser *parser);

/* May this byte be part of a method or of a header's name? */
bool http_is_token_char(unsigned char c);

#endif
