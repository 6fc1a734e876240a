/* Writes JSON text, for reports and events. Reading JSON is host/json.

       auto_str struct str text = STR_INIT(REPORT_MAX);
       struct json_out json;

       json_out_init(&json, &text, JSON_PRETTY);
       json_out_begin(&json, NULL, '{');
       json_out_text(&json, "name", name);
       json_out_begin(&json, "heights", '[');
       json_out_uint(&json, NULL, 7);
       json_out_end(&json, ']');
       json_out_end(&json, '}');
       if (text.status)
           return ...;

   A key is NULL inside arrays and for the outermost value. Text that is not UTF-8 is written with
   U+FFFD for each bad byte, so that a report can always be read; numbers that are not finite
   become null. Failures stick in the str. One thread at a time. */
#ifndef ASSAY_BASE_JSON_OUT_H
#define ASSAY_BASE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "framework/base/str.h"

enum {
    JSON_OUT_DEPTH_MAX = 16
}; /* our own reports; nothing outside decides the depth */

enum json_out_style {
    JSON_COMPACT,
    JSON_PRETTY
};

struct json_out {
    struct str *text;
    enum json_out_style style;
    unsigned depth;
    bool has_items[JSON_OUT_DEPTH_MAX];
};

void json_out_init(struct json_out *json, struct str *text, enum json_out_style style);

void json_out_begin(struct json_out *json, const char *key, char bracket); /* '{' or '[' */
void json_out_end(struct json_out *json, char bracket);                    /* '}' or ']' */

void json_out_text(struct json_out *json, const char *key, const char *value); /* NULL: null */
void json_out_int(struct json_out *json, const char *key, int64_t value);
void json_out_uint(struct json_out *json, const char *key, uint64_t value);
void json_out_real(struct json_out *json, const char *key, double value);
void json_out_bool(struct json_out *json, const char *key, bool value);

/* Nanoseconds as seconds with nine decimals, without going through a double. */
void json_out_seconds(struct json_out *json, const char *key, int64_t ns);

#endif
