#include "devnode/core/reason.h"

#include <stdarg.h>
#include <stdio.h>

void reason_format(struct reason *reason, const char *format, ...)
{
    va_list arguments;

    if (!reason)
        return;
    va_start(arguments, format);
    (void)vsnprintf(reason->text, sizeof(reason->text), format, arguments);
    va_end(arguments);
}

void reason_prefix(struct reason *reason, const char *format, ...)
{
    char context[REASON_BYTES_MAX / 2];
    struct reason inner;
    va_list arguments;

    if (!reason)
        return;
    va_start(arguments, format);
    (void)vsnprintf(context, sizeof(context), format, arguments);
    va_end(arguments);
    inner = *reason;
    reason_format(reason, "%s: %.*s", context, REASON_BYTES_MAX / 2 - 3, inner.text);
}
