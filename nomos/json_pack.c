#include "nomos/json_pack.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "nomos/memory.h"

/* A byte's two halves are letters of 'a' to 'p': quicker to tell apart than hexadecimal digits. */
#define FIRST_LETTER 'a'

size_t json_string_end(const char *text, size_t size, size_t at)
{
    for (at++; at < size && (unsigned char)text[at] >= ' '; at++) {
        if (text[at] == '"')
            return at;
        if (text[at] == '\\')
            at++;
    }
    return size;
}

size_t json_packed_count(size_t length)
{
    return length / 2; /* the mark makes it odd */
}

void json_unpack(const char *token, uint8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const unsigned high = (unsigned)(token[1 + 2 * i] - FIRST_LETTER);
        const unsigned low = (unsigned)(token[2 + 2 * i] - FIRST_LETTER);

        out[i] = (uint8_t)(high << 4 | low);
    }
}

struct packer {
    const char *text;
    size_t size;
    size_t at;     /* the next character to look at */
    size_t copied; /* what is before it is in `out` */
    size_t depth;  /* of the lists and objects around `at` */
    char *out;
    size_t out_size;
    bool has_packed;
};

static void copy_up_to(struct packer *packer, size_t end)
{
    memcpy(packer->out + packer->out_size, packer->text + packer->copied, end - packer->copied);
    packer->out_size += end - packer->copied;
    packer->copied = end;
}

/* Reads a number of 0 to 255 without needless zeros and moves *at behind it. */
static bool read_byte(const struct packer *packer, size_t *at, unsigned *out)
{
    const size_t begin = *at;
    unsigned value = 0;
    size_t i = begin;

    for (; i < packer->size && i < begin + 3; i++) {
        const unsigned digit = (unsigned)(unsigned char)packer->text[i] - '0';

        if (digit > 9)
            break;
        value = 10 * value + digit;
    }
    if (i == begin || value > UINT8_MAX || (packer->text[begin] == '0' && i > begin + 1))
        return false;
    *at = i;
    *out = value;
    return true;
}

/* Writes the token of the list at packer->at, and moves behind it. When it is not a list of bytes,
   nothing is taken and what was written does not count. */
static bool pack_list(struct packer *packer)
{
    size_t at = packer->at;
    char *token;
    unsigned byte;

    copy_up_to(packer, at);
    token = packer->out + packer->out_size;
    *token++ = '"';
    *token++ = JSON_PACK_MARK;
    do {
        at++;
        if (!read_byte(packer, &at, &byte))
            return false;
        *token++ = (char)(FIRST_LETTER + (byte >> 4));
        *token++ = (char)(FIRST_LETTER + (byte & 15));
    } while (at < packer->size && packer->text[at] == ',');
    if (at == packer->size || packer->text[at] != ']')
        return false;
    *token++ = '"';
    packer->out_size = (size_t)(token - packer->out);
    packer->at = packer->copied = at + 1;
    packer->has_packed = true;
    return true;
}

/* Moves behind the string at packer->at. False when the text is not to be packed. */
static bool pass_string(struct packer *packer)
{
    const size_t end = json_string_end(packer->text, packer->size, packer->at);

    if (end == packer->size || packer->text[packer->at + 1] == '\\' ||
        packer->text[packer->at + 1] == JSON_PACK_MARK)
        return false;
    packer->at = end + 1;
    return true;
}

static bool pack_all(struct packer *packer)
{
    while (packer->at < packer->size) {
        const char character = packer->text[packer->at];

        if (character == '"') {
            if (!pass_string(packer))
                return false;
            continue;
        }
        /* After a colon, as a list may not stand everywhere that a string may: it is no name. */
        if (character == '[' && packer->at > 0 && packer->text[packer->at - 1] == ':' &&
            packer->depth < JSON_PACK_DEPTH_MAX && pack_list(packer))
            continue;
        if (character == '[' || character == '{')
            packer->depth++;
        else if ((character == ']' || character == '}') && packer->depth-- == 0)
            return false;
        packer->at++;
    }
    copy_up_to(packer, packer->size);
    return true;
}

enum nomos_status json_pack(
    const char *text, size_t size, char **out, size_t *out_size, struct nomos_error *err)
{
    struct packer packer = {.text = text, .size = size};

    *out = NULL;
    *out_size = 0;
    if (size > INT_MAX)
        return NOMOS_OK;
    /* A token is at most two characters longer than its list, and a list with its colon has four at
       least; a list that turns out to be something else is overwritten. */
    packer.out = nomos_alloc(size, 2);
    if (!packer.out)
        return nomos_fail_memory(err);
    if (!pack_all(&packer) || !packer.has_packed) {
        free(packer.out);
        return NOMOS_OK;
    }
    *out = packer.out;
    *out_size = packer.out_size;
    return NOMOS_OK;
}
