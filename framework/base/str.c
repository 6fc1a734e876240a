#include "framework/base/str.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

enum {
    FIRST_CAPACITY = 64
};

void str_init(struct str *str, size_t len_max)
{
    assert(len_max < SIZE_MAX);
    *str = (struct str){.len_max = len_max};
}

void str_done(struct str *str)
{
    free(str->data);
    *str = (struct str){.len_max = str->len_max};
}

void str_clear(struct str *str)
{
    str->len = 0;
    str->status = ASSAY_OK;
    if (str->data)
        str->data[0] = '\0';
}

/* Makes room for `more` bytes and a NUL. */
static assay_status reserve(struct str *str, size_t more)
{
    size_t capacity = str->capacity > 0 ? str->capacity : FIRST_CAPACITY;
    char *data = NULL;

    if (str->status)
        return str->status;
    if (more > str->len_max - str->len)
        return str->status = ASSAY_E_INVALID;
    if (str->len + more < str->capacity)
        return ASSAY_OK;
    while (capacity <= str->len + more) {
        /* Near the maximum, doubling would overshoot it; the +1 is the NUL's. */
        if (capacity > str->len_max / 2) {
            capacity = str->len_max + 1;
            break;
        }
        capacity *= 2;
    }
    data = mem_grow(str->data, capacity, 1);
    if (!data)
        return str->status = ASSAY_E_NOMEM;
    str->data = data;
    str->capacity = capacity;
    return ASSAY_OK;
}

assay_status str_append_n(struct str *str, const void *data, size_t size)
{
    const assay_status status = reserve(str, size);

    if (status)
        return status;
    assert(str->data); /* even for no bytes there is room for a NUL */
    if (size > 0)
        memcpy(str->data + str->len, data, size);
    str->len += size;
    str->data[str->len] = '\0';
    return ASSAY_OK;
}

assay_status str_append(struct str *str, const char *text)
{
    return str_append_n(str, text, strlen(text));
}

assay_status str_append_char(struct str *str, char c)
{
    return str_append_n(str, &c, 1);
}

assay_status str_vappendf(struct str *str, const char *format, va_list args)
{
    va_list again;
    assay_status status = ASSAY_OK;
    int len = 0;

    va_copy(again, args);
    len = vsnprintf(NULL, 0, format, args);
    if (len < 0)
        status = str->status = ASSAY_E_INVALID;
    else
        status = reserve(str, (size_t)len);
    if (!status) {
        (void)vsnprintf(str->data + str->len, (size_t)len + 1, format, again);
        str->len += (size_t)len;
    }
    va_end(again);
    return status;
}

assay_status str_appendf(struct str *str, const char *format, ...)
{
    va_list args;
    assay_status status = ASSAY_OK;

    va_start(args, format);
    status = str_vappendf(str, format, args);
    va_end(args);
    return status;
}

void str_truncate(struct str *str, size_t len)
{
    if (len >= str->len)
        return;
    str->len = len;
    str->data[len] = '\0';
}

const char *str_text(const struct str *str)
{
    return str->data ? str->data : "";
}

char *str_take(struct str *str)
{
    char *text = NULL;

    if (!str->status && (str->data || !str_append_n(str, "", 0)))
        text = take(str->data);
    str_done(str);
    return text;
}

char *str_format(const char *format, ...)
{
    struct str str;
    va_list args;

    str_init(&str, SIZE_MAX / 4);
    va_start(args, format);
    (void)str_vappendf(&str, format, args);
    va_end(args);
    return str_take(&str);
}
