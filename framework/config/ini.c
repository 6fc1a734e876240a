#include "framework/config/ini.h"

#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/utf8.h"
#include "framework/config/ini_store.h"

/* A file, its values expanded, and as much again from --set and the builder. */
enum {
    POOL_SIZE_MAX = 64 * 1024 * 1024
};

void ini_init(struct ini *ini)
{
    pool_init(&ini->pool, POOL_SIZE_MAX);
    vec_init(&ini->sections, sizeof(struct section), INI_SECTIONS_MAX);
}

void ini_done(struct ini *ini)
{
    VEC_EACH(struct section, section, &ini->sections)
        vec_done(&section->settings);
    vec_done(&ini->sections);
    pool_done(&ini->pool);
}

struct section *ini_find(const struct ini *ini, const char *section)
{
    VEC_EACH(struct section, each, &ini->sections) {
        if (strcmp(each->name, section) == 0)
            return each;
    }
    return NULL;
}

struct setting *section_find(const struct section *section, const char *key)
{
    VEC_EACH(struct setting, each, &section->settings) {
        if (strcmp(each->key, key) == 0)
            return each;
    }
    return NULL;
}

bool ini_name_check(
    const char *what, const char *name, const struct origin *origin, struct problems *problems)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789_.-";
    const size_t len = strlen(name);

    if (len > INI_NAME_SIZE_MAX) {
        problems_add(problems, origin, "the %s '%.*s...' is longer than %d bytes", what,
            INI_NAME_SIZE_MAX, name, (int)INI_NAME_SIZE_MAX);
        return false;
    }
    if (len == 0 || strspn(name, letters) != len) {
        problems_add(problems, origin,
            "'%s' cannot be the name of a %s: use letters, digits and the signs _ . -", name, what);
        return false;
    }
    return true;
}

bool ini_value_check(const char *value, const char **out_why)
{
    const size_t len = strlen(value);
    char before = ' ';

    *out_why = NULL;
    if (len > INI_VALUE_SIZE_MAX)
        *out_why = "is longer than 64 KiB; put it into a file and name the file";
    else if (utf8_valid_prefix(value, len) != len)
        *out_why = "is not UTF-8 text";
    for (const char *c = value; *c && !*out_why; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F)
            *out_why = "has a control character in it";
        else if (*c == ';' && (before == ' ' || before == '\t'))
            *out_why = "has a ';' behind a blank, which begins a comment in a manifest";
        before = *c;
    }
    return *out_why == NULL;
}

struct section *ini_open_section(
    struct ini *ini, const char *name, const struct origin *origin, struct problems *problems)
{
    struct section *section = ini_find(ini, name);

    if (section)
        return section;
    if (ini->sections.count >= INI_SECTIONS_MAX) {
        problems_add(problems, origin, "there are more than %d sections", (int)INI_SECTIONS_MAX);
        return NULL;
    }
    name = pool_dup(&ini->pool, name);
    section = name ? vec_add(&ini->sections) : NULL;
    if (!section) {
        problems_nomem(problems);
        return NULL;
    }
    section->name = name;
    section->origin = *origin;
    vec_init(&section->settings, sizeof(struct setting), INI_SETTINGS_MAX);
    return section;
}

/* Copies what the setting borrows into the ini's pool. */
static bool adopt(struct ini *ini, struct setting *setting)
{
    const bool is_same = setting->raw == setting->value;

    setting->key = pool_dup(&ini->pool, setting->key);
    setting->value = pool_dup(&ini->pool, setting->value);
    setting->raw = is_same ? setting->value : pool_dup(&ini->pool, setting->raw);
    return setting->key && setting->value && setting->raw;
}

void ini_store(
    struct ini *ini, struct section *section, struct setting setting, struct problems *problems)
{
    struct setting *old = section_find(section, setting.key);

    if (!old && section->settings.count >= INI_SETTINGS_MAX) {
        problems_add(problems, &setting.origin, "[%s] has more than %d settings", section->name,
            (int)INI_SETTINGS_MAX);
        return;
    }
    if (!adopt(ini, &setting)) {
        problems_nomem(problems);
        return;
    }
    if (old)
        *old = setting;
    else if (vec_push(&section->settings, &setting))
        problems_nomem(problems);
}

void ini_put_section(
    struct ini *ini, const char *section, const struct origin *origin, struct problems *problems)
{
    if (ini_name_check("section", section, origin, problems))
        (void)ini_open_section(ini, section, origin, problems);
}

/* Without the blanks around it, in the pool; NULL without memory. */
static char *trimmed(struct ini *ini, const char *text, size_t len)
{
    const size_t lead = strspn(text, " \t") < len ? strspn(text, " \t") : len;

    text += lead;
    len -= lead;
    while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    return pool_dup_n(&ini->pool, text, len);
}

void ini_put(struct ini *ini, const char *section_name, const struct setting *setting,
    struct problems *problems)
{
    struct setting copy = *setting;
    struct section *section = NULL;
    const char *why = NULL;

    if (!ini_name_check("section", section_name, &setting->origin, problems) ||
        !ini_name_check("key", setting->key, &setting->origin, problems))
        return;
    if (!ini_value_check(setting->value, &why)) {
        problems_add(
            problems, &setting->origin, "[%s] %s: the value %s", section_name, setting->key, why);
        return;
    }
    copy.value = trimmed(ini, setting->value, strlen(setting->value));
    copy.raw = copy.value;
    if (!copy.value) {
        problems_nomem(problems);
        return;
    }
    section = ini_open_section(ini, section_name, &setting->origin, problems);
    if (section)
        ini_store(ini, section, copy, problems);
}

void ini_set(struct ini *ini, const char *assignment, struct problems *problems)
{
    const struct origin origin = {.kind = ORIGIN_SET};
    const char *equals = strchr(assignment, '=');
    const char *dot = equals ? memrchr(assignment, '.', (size_t)(equals - assignment)) : NULL;
    const char *section = NULL;
    struct setting setting = {.origin = origin};

    if (!dot || dot == assignment) {
        problems_add(problems, &origin,
            "'%s' is not of the form section.key=value, as in run.duration=90s", assignment);
        return;
    }
    section = trimmed(ini, assignment, (size_t)(dot - assignment));
    setting.key = trimmed(ini, dot + 1, (size_t)(equals - dot) - 1);
    setting.value = equals + 1;
    if (section && setting.key)
        ini_put(ini, section, &setting, problems);
    else
        problems_nomem(problems);
}
