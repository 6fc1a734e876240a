#include "nomos/error.h"

#include <stdarg.h>
#include <stdio.h>

enum nomos_status nomos_fail(
    struct nomos_error *err, enum nomos_status status, const char *format, ...)
{
    va_list arguments;

    if (!err)
        return status;
    va_start(arguments, format);
    (void)vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    return status;
}
