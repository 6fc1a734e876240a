/* Is this UTF-8? Overlong forms, surrogates and numbers beyond U+10FFFF are not.

   Text that people see or that goes into a report is checked once, where it
   enters. Any thread. */
#ifndef ASSAY_BASE_UTF8_H
#define ASSAY_BASE_UTF8_H

#include <stddef.h>

/* How many bytes at the start are valid UTF-8; size when all are. */
size_t utf8_valid_prefix(const void *data, size_t size);

#endif
