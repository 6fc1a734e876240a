#include "framework/config/expand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"

static const char name_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";

/* What stands between ${ and }, taken apart. */
struct reference {
    const char *name;
    size_t name_len;
    const char *fallback; /* NULL: none */
    size_t fallback_len;
    const char *end; /* behind the } */
};

/* text points behind ${. */
static assay_status parse_reference(const char *text, struct reference *out, struct error *err)
{
    const char *end = strchr(text, '}');
    const size_t name_len = strspn(text, name_letters);

    if (!end)
        return error_set(err, ASSAY_E_INVALID,
            "'${%.40s' has no closing }; for a dollar sign itself write $$", text);
    *out = (struct reference){.name = text, .name_len = name_len, .end = end + 1};
    if (name_len == 0 || (text[0] >= '0' && text[0] <= '9'))
        return error_set(err, ASSAY_E_INVALID, "'${%.*s}' does not name a variable",
            (int)(end - text < 40 ? end - text : 40), text);
    if (text + name_len == end)
        return ASSAY_OK;
    if (strncmp(text + name_len, ":-", 2) != 0)
        return error_set(err, ASSAY_E_INVALID, "'${%.*s}' is neither ${NAME} nor ${NAME:-default}",
            (int)(end - text < 40 ? end - text : 40), text);
    out->fallback = text + name_len + 2;
    out->fallback_len = (size_t)(end - out->fallback);
    return ASSAY_OK;
}

static assay_status append_reference(
    const struct reference *reference, struct str *out, struct error *err)
{
    auto_free char *name = mem_dup_n(reference->name, reference->name_len);
    const char *value = NULL;

    if (!name)
        return error_nomem(err);
    value = getenv(name);
    if (!value && !reference->fallback)
        return error_set(err, ASSAY_E_INVALID,
            "environment variable %.60s is not set; set it, or write ${%.60s:-default}", name,
            name);
    if (value && (*value || !reference->fallback))
        (void)str_append(out, value);
    else
        (void)str_append_n(out, reference->fallback, reference->fallback_len);
    return ASSAY_OK; /* a failed append sticks to out */
}

assay_status expand_environment(
    const char *text, struct str *out, struct expansion *expansion, struct error *err)
{
    *expansion = (struct expansion){.variable = NULL};
    while (*text) {
        const size_t literal = strcspn(text, "$");

        (void)str_append_n(out, text, literal);
        text += literal;
        if (text[0] == '$' && text[1] == '{') {
            struct reference reference = {.name = NULL};
            assay_status status = parse_reference(text + 2, &reference, err);

            if (!status)
                status = append_reference(&reference, out, err);
            if (status)
                return status;
            assert(reference.end);
            expansion->variable = reference.name;
            expansion->variable_len = reference.name_len;
            text = reference.end;
        } else if (text[0] == '$') {
            (void)str_append_char(out, '$');
            text += text[1] == '$' ? 2 : 1;
        }
        if (out->status == ASSAY_E_NOMEM)
            return error_nomem(err);
        if (out->status)
            return error_set(err, out->status, "the value is longer than %zu bytes", out->len_max);
    }
    return ASSAY_OK;
}

assay_status expand_escape(const char *text, struct str *out)
{
    for (; *text; text++) {
        if (*text == '$')
            (void)str_append_char(out, '$');
        (void)str_append_char(out, *text);
    }
    return out->status;
}
