#include "framework/host/body.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"

struct body {
    atomic_uint references;
    uint32_t item_count;
    uint32_t
        digits; /* of each id, when all are lower-case hexadecimal of one even length; else 0 */
    uint32_t kind_count;
    const char *kinds[BODY_KINDS_MAX]; /* into texts */
    char *texts;                       /* the kinds' */
    uint8_t *kind_of;                  /* per item; NULL: all are kinds[0] */
    uint8_t *ids; /* digits / 2 bytes each; or texts, one after the other with their NULs */

    pthread_mutex_t lock; /* guards what follows */
    unsigned holds;
    assay_item *items; /* the list, with its texts behind it; NULL while nobody holds it */
};

/* ---- hexadecimal ---- */

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool is_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (digit_value(text[i]) < 0)
            return false;
    }
    return true;
}

static void hex_pack(const char *text, size_t digits, uint8_t *out)
{
    for (size_t i = 0; i < digits; i += 2)
        out[i / 2] = (uint8_t)(digit_value(text[i]) * 16 + digit_value(text[i + 1]));
}

static void hex_unpack(const uint8_t *bytes, size_t digits, char *out)
{
    static const char table[] = "0123456789abcdef";

    for (size_t i = 0; i < digits; i += 2) {
        out[i] = table[bytes[i / 2] >> 4];
        out[i + 1] = table[bytes[i / 2] & 15];
    }
    out[digits] = '\0';
}

/* ---- packing ---- */

static const assay_item *item_at(const assay_block_info *info, size_t i)
{
    return (const assay_item *)(const void *)((const char *)info->items + i * info->item_stride);
}

static assay_status check_items(const assay_block_info *info, struct error *err)
{
    if (info->item_count > BODY_ITEMS_MAX)
        return error_set(err, ASSAY_E_INVALID, "block %s has %zu items; the limit is %d", info->id,
            info->item_count, BODY_ITEMS_MAX);
    if (info->item_count &&
        (!info->items || info->item_stride < sizeof(assay_item) ||
            info->item_stride % sizeof(void *)))
        return error_set(
            err, ASSAY_E_INVALID, "block %s: items or item_stride is not set", info->id);
    for (size_t i = 0; i < info->item_count; i++) {
        const assay_item *item = item_at(info, i);

        if (!item->kind || !item->id || strnlen(item->id, ASSAY_ID_MAX) >= ASSAY_ID_MAX)
            return error_set(err, ASSAY_E_INVALID,
                "block %s: item %zu has no kind, no id, or an id longer than %u bytes", info->id, i,
                ASSAY_ID_MAX - 1);
    }
    return ASSAY_OK;
}

/* The length that all ids share if they are packable; else 0. */
static uint32_t common_digits(const assay_block_info *info)
{
    const size_t len = info->item_count ? strlen(item_at(info, 0)->id) : 0;

    if (len == 0 || len % 2)
        return 0;
    for (size_t i = 0; i < info->item_count; i++) {
        const char *id = item_at(info, i)->id;

        if (strlen(id) != len || !is_hex(id, len))
            return 0;
    }
    return (uint32_t)len;
}

static assay_status pack_ids(struct body *body, const assay_block_info *info)
{
    const size_t width = body->digits / 2;
    size_t size = width * info->item_count;

    for (size_t i = 0; !width && i < info->item_count; i++)
        size += strlen(item_at(info, i)->id) + 1;
    body->ids = mem_new(size);
    if (!body->ids)
        return ASSAY_E_NOMEM;
    for (size_t i = 0, at = 0; i < info->item_count; i++) {
        const char *id = item_at(info, i)->id;

        if (width) {
            hex_pack(id, body->digits, body->ids + i * width);
        } else {
            memcpy(body->ids + at, id, strlen(id) + 1);
            at += strlen(id) + 1;
        }
    }
    return ASSAY_OK;
}

/* Which of the kinds seen so far, or a new one. In the caller's texts until they are copied. */
static uint32_t kind_index(struct body *body, const char *kind)
{
    uint32_t i = 0;

    while (i < body->kind_count && strcmp(body->kinds[i], kind) != 0)
        i++;
    if (i == body->kind_count && i < BODY_KINDS_MAX)
        body->kinds[body->kind_count++] = kind;
    return i;
}

static assay_status keep_kinds(struct body *body)
{
    size_t size = 0, at = 0;

    for (uint32_t i = 0; i < body->kind_count; i++)
        size += strlen(body->kinds[i]) + 1;
    body->texts = mem_new(size);
    if (!body->texts)
        return ASSAY_E_NOMEM;
    for (uint32_t i = 0; i < body->kind_count; i++) {
        const size_t len = strlen(body->kinds[i]) + 1;

        memcpy(body->texts + at, body->kinds[i], len);
        body->kinds[i] = body->texts + at;
        at += len;
    }
    return ASSAY_OK;
}

static assay_status pack_kinds(struct body *body, const assay_block_info *info, struct error *err)
{
    for (size_t i = 0; i < info->item_count; i++) {
        if (kind_index(body, item_at(info, i)->kind) >= BODY_KINDS_MAX)
            return error_set(err, ASSAY_E_INVALID, "block %s: more than %d kinds of items",
                info->id, BODY_KINDS_MAX);
    }
    if (body->kind_count > 1) {
        body->kind_of = mem_new(info->item_count);
        if (!body->kind_of)
            return error_nomem(err);
        for (size_t i = 0; i < info->item_count; i++)
            body->kind_of[i] = (uint8_t)kind_index(body, item_at(info, i)->kind);
    }
    return keep_kinds(body) ? error_nomem(err) : ASSAY_OK;
}

static void body_free(struct body *body)
{
    (void)pthread_mutex_destroy(&body->lock);
    free(body->items);
    free(body->ids);
    free(body->kind_of);
    free(body->texts);
    free(body);
}

assay_status body_new(const assay_block_info *info, struct body **out, struct error *err)
{
    struct body *body = NULL;
    assay_status s = check_items(info, err);

    if (s)
        return s;
    body = mem_new(sizeof(*body));
    if (!body)
        return error_nomem(err);
    atomic_init(&body->references, 1);
    (void)pthread_mutex_init(&body->lock, NULL);
    body->item_count = (uint32_t)info->item_count;
    body->digits = common_digits(info);
    s = pack_kinds(body, info, err);
    if (!s && pack_ids(body, info))
        s = error_nomem(err);
    if (s) {
        body_free(body);
        return s;
    }
    *out = body;
    return ASSAY_OK;
}

struct body *body_ref(struct body *body)
{
    if (body)
        (void)atomic_fetch_add(&body->references, 1);
    return body;
}

void body_unref(struct body *body)
{
    if (body && atomic_fetch_sub(&body->references, 1) == 1)
        body_free(body);
}

size_t body_item_count(const struct body *body)
{
    return body->item_count;
}

/* ---- expanding ---- */

static assay_item *expand(const struct body *body)
{
    const size_t texts_size = body->digits ? ((size_t)body->digits + 1) * body->item_count : 0;
    const size_t list_size = body->item_count * sizeof(assay_item);
    assay_item *items = mem_new(list_size + texts_size);
    char *text = (char *)items + list_size;
    const char *plain = (const char *)body->ids;

    if (!items)
        return NULL;
    for (uint32_t i = 0; i < body->item_count; i++) {
        items[i].kind = body->kinds[body->kind_of ? body->kind_of[i] : 0];
        if (body->digits) {
            hex_unpack(body->ids + (size_t)i * body->digits / 2, body->digits, text);
            items[i].id = text;
            text += body->digits + 1;
        } else {
            items[i].id = plain;
            plain += strlen(plain) + 1;
        }
    }
    return items;
}

const assay_item *body_hold(struct body *body)
{
    const assay_item *items = NULL;

    (void)pthread_mutex_lock(&body->lock);
    if (!body->items)
        body->items = expand(body);
    items = body->items;
    if (items)
        body->holds++;
    (void)pthread_mutex_unlock(&body->lock);
    return items;
}

void body_drop(struct body *body)
{
    (void)pthread_mutex_lock(&body->lock);
    body->holds--;
    if (body->holds == 0) {
        free(body->items);
        body->items = NULL;
    }
    (void)pthread_mutex_unlock(&body->lock);
}
