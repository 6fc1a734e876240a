#include "framework/base/markup.h"

#include <string.h>

#include "framework/base/utf8.h"

static const char replacement[] = "\xef\xbf\xbd";

static void write_byte(struct str *out, char c)
{
    switch (c) {
    case '&':
        (void)str_append(out, "&amp;");
        return;
    case '<':
        (void)str_append(out, "&lt;");
        return;
    case '>':
        (void)str_append(out, "&gt;");
        return;
    case '"':
        (void)str_append(out, "&quot;");
        return;
    case '\n':
    case '\t':
        (void)str_append_char(out, c);
        return;
    default:
        break;
    }
    if ((unsigned char)c < 0x20 || c == 0x7f)
        (void)str_append(out, replacement);
    else
        (void)str_append_char(out, c);
}

/* U+FFFE and U+FFFF are UTF-8 but no XML characters: ef bf be, ef bf bf. */
static int is_noncharacter(const char *text, size_t left)
{
    return left >= 3 && memcmp(text, "\xef\xbf", 2) == 0 &&
        ((unsigned char)text[2] == 0xbe || (unsigned char)text[2] == 0xbf);
}

void markup_text(struct str *out, const char *text)
{
    size_t left = text ? strlen(text) : 0;

    while (left > 0) {
        const size_t good = utf8_valid_prefix(text, left);

        for (size_t i = 0; i < good; i++) {
            if (is_noncharacter(text + i, good - i)) {
                (void)str_append(out, replacement);
                i += 2;
            } else {
                write_byte(out, text[i]);
            }
        }
        text += good;
        left -= good;
        if (left > 0) {
            (void)str_append(out, replacement);
            text++;
            left--;
        }
    }
}
