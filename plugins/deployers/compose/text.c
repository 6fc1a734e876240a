#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROOM_FIRST = 256
};

void text_done(struct text *text)
{
    free(text->bytes);
    *text = (struct text){.bytes = NULL};
}

void text_clear(struct text *text)
{
    text->size = 0;
    text->failed = 0;
    if (text->bytes)
        text->bytes[0] = '\0';
}

static uint32_t reserve(struct text *text, size_t more)
{
    size_t room = text->room ? text->room : ROOM_FIRST;
    char *bytes;

    if (more > TEXT_MAX - text->size)
        text->failed = 1;
    if (text->failed)
        return 0;
    while (room < text->size + more + 1)
        room *= 2;
    if (room == text->room)
        return 1;
    bytes = realloc(text->bytes, room);
    if (!bytes) {
        text->failed = 1;
        return 0;
    }
    text->bytes = bytes;
    text->room = room;
    return 1;
}

void text_add_n(struct text *text, const char *bytes, size_t size)
{
    if (!reserve(text, size))
        return;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_n(text, string, strlen(string));
}

void text_addf(struct text *text, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        text->failed = 1;
    else if (reserve(text, (size_t)length)) {
        (void)vsnprintf(text->bytes + text->size, (size_t)length + 1, format, again);
        text->size += (size_t)length;
    }
    va_end(again);
}

void text_quote(struct text *text, const char *string)
{
    text_add(text, "\"");
    for (; *string; string++) {
        const unsigned char c = (unsigned char)*string;

        if (c < 0x20 || c == 0x7f)
            text_addf(text, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            text_addf(text, "\\%c", c);
        else if (c == '$')
            text_add(text, "$$");
        else
            text_add_n(text, string, 1);
    }
    text_add(text, "\"");
}

void text_add_escaped(struct text *text, const char *string)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *string; string++) {
        if (strchr(plain, *string))
            text_add_n(text, string, 1);
        else
            text_addf(text, "%%%02X", (unsigned)(unsigned char)*string);
    }
}

const char *text_get(const struct text *text)
{
    return text->bytes && !text->failed ? text->bytes : "";
}
