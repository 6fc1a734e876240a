#include "framework/base/suggest.h"

#include <string.h>

static unsigned char folded(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c - 'A' + 'a');
    return c == '-' ? '_' : (unsigned char)c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: edits of one letter, and swaps of two neighbours. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][SUGGEST_NAME_MAX + 1];

    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *above2 = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            const unsigned char x = folded(a[i - 1]);
            const unsigned char y = folded(b[j - 1]);

            row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == folded(b[j - 2]) && y == folded(a[i - 2]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void suggestion_init(struct suggestion *suggestion, const char *wanted)
{
    *suggestion = (struct suggestion){.wanted = wanted};
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
    const size_t a_len = strnlen(suggestion->wanted, SUGGEST_NAME_MAX + 1);
    const size_t b_len = strnlen(candidate, SUGGEST_NAME_MAX + 1);
    const size_t longer = a_len > b_len ? a_len : b_len;
    /* One slip in a short name, one in three letters of a longer one. */
    const size_t allowed = longer < 6 ? 1 : longer / 3;
    size_t found = 0;

    if (longer > SUGGEST_NAME_MAX || a_len == 0 || b_len == 0)
        return;
    found = distance(suggestion->wanted, a_len, candidate, b_len);
    if (found > allowed || (suggestion->best && found >= suggestion->distance))
        return;
    suggestion->best = candidate;
    suggestion->distance = found;
}
