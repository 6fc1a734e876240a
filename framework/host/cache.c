#include "framework/host/cache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/str.h"

bool cache_key_is_good(const char *key)
{
    const size_t len = key ? strnlen(key, CACHE_KEY_MAX + 1) : 0;

    if (len == 0 || len > CACHE_KEY_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (key[i] < ' ' || key[i] > '~')
            return false;
    }
    return true;
}

/* FNV-1a: the key is compared in any case, so it only has to spread. */
static unsigned slot_of(const char *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * UINT64_C(0x100000001b3);
    return (unsigned)((hash ^ hash >> 32) % CACHE_SLOTS);
}

/* The directory of a plugin's slots; NULL: there is no place for it, or no memory. */
static char *directory_of(const char *plugin_id)
{
    const char *xdg = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");

    if (xdg && xdg[0] == '/')
        return str_format("%s/assay/%s", xdg, plugin_id);
    if (home && home[0] == '/')
        return str_format("%s/.cache/assay/%s", home, plugin_id);
    return NULL;
}

static char *path_of(const char *directory, const char *key)
{
    return directory ? str_format("%s/%04x", directory, slot_of(key)) : NULL;
}

assay_status cache_recall(const char *plugin_id, const char *key, struct file_text *out)
{
    auto_free char *directory = directory_of(plugin_id);
    auto_free char *path = path_of(directory, key);
    auto_free char *data = NULL;
    const size_t len = strlen(key);
    struct file_text text = {0};

    if (!path || file_read(path, CACHE_KEY_MAX + 1 + CACHE_BYTES_MAX, &text, NULL))
        return ASSAY_E_NOTFOUND;
    data = text.data;
    if (text.size < len + 1 || memcmp(data, key, len) != 0 || data[len] != '\n')
        return ASSAY_E_NOTFOUND;
    out->size = text.size - len - 1;
    memmove(data, data + len + 1, out->size + 1); /* with the NUL behind it */
    out->data = take(data);
    return ASSAY_OK;
}

assay_status cache_keep(
    const char *plugin_id, const char *key, assay_bytes bytes, struct error *err)
{
    auto_free char *directory = directory_of(plugin_id);
    auto_free char *path = path_of(directory, key);
    auto_str struct str text = STR_INIT(CACHE_KEY_MAX + 1 + CACHE_BYTES_MAX);
    struct file_text content;
    assay_status s;

    if (!directory)
        return error_set(
            err, ASSAY_E_UNSUPPORTED, "there is no place for a cache: set HOME or XDG_CACHE_HOME");
    if (!path)
        return error_nomem(err);
    (void)str_appendf(&text, "%s\n", key);
    s = str_append_n(&text, bytes.data, bytes.size);
    if (s)
        return error_set(err, s, "%zu bytes cannot be kept", bytes.size);
    s = dir_make(directory, 0700, err);
    if (s)
        return s;
    content = (struct file_text){.data = text.data, .size = text.len};
    return file_write(path, &content, FILE_PRIVATE, err);
}
