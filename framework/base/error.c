#include "framework/base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A cut text must not look complete, nor end in half a UTF-8 character. */
static void mark_cut(char *text, size_t size)
{
    size_t end = size - sizeof("...");

    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80)
        end--;
    memcpy(text + end, "...", sizeof("..."));
}

static void format_text(char text[ERROR_TEXT_SIZE], const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

static void format_text(char text[ERROR_TEXT_SIZE], const char *format, va_list args)
{
    const int len = vsnprintf(text, ERROR_TEXT_SIZE, format, args);

    if (len < 0)
        text[0] = '\0';
    else if (len >= ERROR_TEXT_SIZE)
        mark_cut(text, ERROR_TEXT_SIZE);
}

/* Appends ": tail"; tail may not point into text. */
static void append_tail(char text[ERROR_TEXT_SIZE], const char *tail)
{
    const size_t used = strlen(text);
    const int len = snprintf(text + used, ERROR_TEXT_SIZE - used, ": %s", tail);

    if (len >= 0 && (size_t)len >= ERROR_TEXT_SIZE - used)
        mark_cut(text, ERROR_TEXT_SIZE);
}

assay_status error_set(struct error *err, assay_status code, const char *format, ...)
{
    /* Formatted aside: the arguments may point into err->text itself. */
    char text[ERROR_TEXT_SIZE];
    va_list args;

    assert(code != ASSAY_OK);
    if (!err)
        return code;
    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    memcpy(err->text, text, sizeof text);
    err->code = code;
    return code;
}

assay_status error_wrap(struct error *err, assay_status code, const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    va_list args;

    assert(code != ASSAY_OK);
    if (!err)
        return code;
    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    append_tail(text, err->text[0] ? err->text : status_text(code));
    memcpy(err->text, text, sizeof text);
    err->code = code;
    return code;
}

assay_status error_errno(struct error *err, int error_number, const char *format, ...)
{
    const assay_status code = status_of_errno(error_number);
    char text[ERROR_TEXT_SIZE];
    char reason_buffer[128];
    va_list args;

    if (!err)
        return code;
    va_start(args, format);
    format_text(text, format, args);
    va_end(args);
    append_tail(text, strerror_r(error_number, reason_buffer, sizeof reason_buffer));
    memcpy(err->text, text, sizeof text);
    err->code = code;
    return code;
}

assay_status error_nomem(struct error *err)
{
    return error_set(err, ASSAY_E_NOMEM, "out of memory");
}

void error_clear(struct error *err)
{
    if (!err)
        return;
    err->code = ASSAY_OK;
    err->text[0] = '\0';
}
