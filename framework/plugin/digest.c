#include "framework/plugin/digest.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "framework/plugin/catalogue.h"

void digest_sha256(const void *data, size_t size, char out[SHA256_TEXT_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];

    (void)crypto_hash_sha256(hash, data, size); /* it cannot fail */
    (void)sodium_bin2hex(out, SHA256_TEXT_SIZE, hash, sizeof(hash));
}

assay_status library_digest(
    const struct plugin_library *library, char out[SHA256_TEXT_SIZE], struct error *err)
{
    struct file_text bytes = {.data = NULL};
    struct file_mark mark;
    const assay_status status =
        mark_read_file(library->path, PLUGIN_FILE_SIZE_MAX, &bytes, &mark, err);
    auto_free char *data = bytes.data;

    if (status)
        return error_wrap(err, status, "%s", library->path);
    if (!mark_is_same(&mark, &library->mark))
        return error_set(err, ASSAY_E_DENIED,
            "%s: has been changed or replaced since it was loaded, so its SHA-256 is not that of "
            "the plugin that runs",
            library->path);
    digest_sha256(data, bytes.size, out);
    return ASSAY_OK;
}

assay_status digest_compare(const char *wanted, const char *found, struct error *err)
{
    if (strlen(wanted) != SHA256_TEXT_SIZE - 1 ||
        strspn(wanted, "0123456789abcdefABCDEF") != SHA256_TEXT_SIZE - 1)
        return error_set(
            err, ASSAY_E_INVALID, "sha256 = %s: it should be 64 hexadecimal digits", wanted);
    if (strcasecmp(wanted, found) != 0)
        return error_set(err, ASSAY_E_DENIED,
            "the file's SHA-256 is %s, and %s is wanted: it is not the file that was vouched for",
            found, wanted);
    return ASSAY_OK;
}
