/* Text inside XML and HTML: escaped for element content and for attributes in double quotes, so
   that whatever a node or a plugin says stays text. Control bytes that XML 1.0 forbids and bytes
   that are not UTF-8 become U+FFFD. Failures stick in the str. */
#ifndef ASSAY_BASE_MARKUP_H
#define ASSAY_BASE_MARKUP_H

#include "framework/base/str.h"

void markup_text(struct str *out, const char *text); /* NULL: nothing */

#endif
