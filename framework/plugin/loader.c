#include "framework/plugin/loader.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/base/str.h"
#include "framework/plugin/adopt.h"
#include "framework/plugin/catalogue.h"
#include "framework/plugin/check.h"
#include "framework/plugin/digest.h"
#include "framework/plugin/imports.h"
#include "framework/plugin/look.h"
#include "framework/plugin/trust.h"

#define ENTRY "assay_library_v1"

struct loader {
    struct loader_options options;
    struct trust trust;
    struct vec libraries; /* struct plugin_library * */
};

/* ---- life ---- */

assay_status loader_new(
    const struct loader_options *options, struct loader **out, struct error *err)
{
    auto_loader struct loader *loader = mem_new(sizeof(*loader));

    if (!loader)
        return error_nomem(err);
    loader->options = *options;
    vec_init(&loader->libraries, sizeof(struct plugin_library *), LOADER_LIBRARIES_MAX);
    const assay_status status = trust_init(&loader->trust, err);
    if (!status)
        *out = take(loader);
    return status;
}

void loader_free(struct loader *loader)
{
    if (!loader)
        return;
    for (size_t i = 0; i < loader->libraries.count; i++)
        library_free(*(struct plugin_library **)vec_at(&loader->libraries, i));
    vec_done(&loader->libraries);
    trust_done(&loader->trust);
    free(loader);
}

size_t loader_library_count(const struct loader *loader)
{
    return loader->libraries.count;
}

const struct plugin_library *loader_library(const struct loader *loader, size_t index)
{
    return *(struct plugin_library **)vec_at(&loader->libraries, index);
}

/* ---- before any code of the file runs ---- */

static assay_status apply_trust(
    struct loader *loader, struct plugin_library *library, struct error *err)
{
    struct error reason;
    const assay_status status = trust_check(&loader->trust, library->path, &reason);

    if (!status)
        return ASSAY_OK;
    if (status != ASSAY_E_DENIED || !loader->options.allow_untrusted)
        return error_set(err, status, "%s", reason.text);
    char *text = str_format("%s: loaded although %s", library->path, reason.text);
    if (!text)
        return error_nomem(err);
    library->is_untrusted = true;
    library_warn(library, text);
    return ASSAY_OK;
}

/* Turns findings of the import lint into warnings, or into an error that names them all. */
static assay_status apply_findings(const struct loader *loader, struct plugin_library *library,
    const struct vec *findings, struct error *err)
{
    auto_str struct str all = STR_INIT(ERROR_TEXT_SIZE);

    for (size_t i = 0; i < findings->count; i++) {
        const char *finding = *(char **)vec_at(findings, i);

        if (loader->options.strict_imports) {
            (void)str_appendf(&all, "%s%s", i > 0 ? "; " : "", finding);
            continue;
        }
        char *text = str_format("%s uses %s", library->path, finding);
        if (!text)
            return error_nomem(err);
        library_warn(library, text);
    }
    if (findings->count > 0 && loader->options.strict_imports)
        return error_set(err, ASSAY_E_DENIED, "imports are strict here, and it uses %s",
            str_text(&all)); /* what exceeds the text of an error is cut off there anyway */
    return ASSAY_OK;
}

static assay_status apply_imports(const struct loader *loader, struct plugin_library *library,
    const struct elf_info *info, struct error *err)
{
    auto_vec struct vec findings = VEC_INIT(char *, LIBRARY_WARNINGS_MAX - library->warning_count);

    assay_status status = imports_lint(info, &findings, err);
    if (!status)
        status = apply_findings(loader, library, &findings, err);
    for (size_t i = 0; i < findings.count; i++)
        free(*(char **)vec_at(&findings, i));
    return status;
}

/* A sanitizer must be in the program from its start: opened in a program without it, such a file
   ends the process. */
static assay_status check_sanitizers(const struct elf_info *info, struct error *err)
{
    static const struct {
        const char *symbol, *name;
    } sanitizers[] = {
        {"__asan_init", "AddressSanitizer"},
        {"__tsan_init", "ThreadSanitizer"},
        {"__msan_init", "MemorySanitizer"},
    };

    VEC_EACH(struct elf_import, import, &info->imports) {
        for (size_t i = 0; i < ARRAY_COUNT(sanitizers); i++) {
            if (strcmp(import->name, sanitizers[i].symbol) == 0 &&
                !dlsym(RTLD_DEFAULT, sanitizers[i].symbol))
                return error_set(err, ASSAY_E_UNSUPPORTED,
                    "built with %s, and this assay is not; build both alike", sanitizers[i].name);
        }
    }
    return ASSAY_OK;
}

/* Steps 1 to 3, and imports. Errors do not name the path. */
static assay_status examine(
    struct loader *loader, struct plugin_library *library, struct look *look, struct error *err)
{
    assay_status status = apply_trust(loader, library, err);

    if (!status)
        status = look_at_file(library->path, look, err);
    if (status)
        return status;
    library->mark = look->mark;
    status = look_judge(look, err);
    if (!status)
        status = check_sanitizers(&look->info, err);
    if (!status)
        status = apply_imports(loader, library, &look->info, err);
    return status;
}

/* Step 4, of the bytes that were looked at. */
static assay_status check_digest(const struct look *look, const char *wanted, struct error *err)
{
    char digest[SHA256_TEXT_SIZE];

    digest_sha256(look->bytes.data, look->bytes.size, digest);
    return digest_compare(wanted, digest, err);
}

/* ---- from here on, code of the file runs ---- */

static void tell(const struct loader *loader, const char *path, const char *step)
{
    if (loader->options.on_step)
        loader->options.on_step(loader->options.step_context, path, step);
}

/* Steps 5 and 6. */
static assay_status enter(
    const struct loader *loader, struct plugin_library *library, struct error *err)
{
    const assay_library *(*entry)(void) = NULL;

    tell(loader, library->path, "being opened");
    void *handle = dlopen(library->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (!handle) {
        const char *why = dlerror();
        const size_t len = strlen(library->path);

        if (strncmp(why, library->path, len) == 0 && strncmp(why + len, ": ", 2) == 0)
            why += len + 2; /* our caller says the path */
        return error_set(err, ASSAY_E_INVALID, "the dynamic linker refuses it: %s", why);
    }
    *(void **)&entry = dlsym(handle, ENTRY);
    if (!entry) /* the look found it exported, so only a damaged hash table gets here */
        return error_set(err, ASSAY_E_INVALID,
            "the dynamic linker does not find %s in it; build or copy the file again", ENTRY);
    const assay_status status = mark_check(library->path, &library->mark, err);
    if (status)
        return status; /* what was looked at is not what was opened */
    tell(loader, library->path, "in " ENTRY);
    return library_adopt(library, entry(), err);
}

/* Step 7. */
static assay_status check(
    const struct plugin_library *library, const struct vec *notes, struct error *err)
{
    for (size_t i = 0; i < library->plugin_count; i++) {
        const assay_status status = check_plugin(&library->plugins[i], err);

        if (status)
            return status;
    }
    return check_library(library, notes, err);
}

/* ---- */

static struct plugin_library *find_loaded(const struct loader *loader, const char *path)
{
    for (size_t i = 0; i < loader->libraries.count; i++) {
        struct plugin_library *library = *(struct plugin_library **)vec_at(&loader->libraries, i);

        if (strcmp(library->path, path) == 0)
            return library;
    }
    return NULL;
}

/* All steps, for a file that is not loaded yet; takes the path over. */
static assay_status load(struct loader *loader, char *path, const char *sha256, struct error *err)
{
    auto_library struct plugin_library *library = library_new(path);
    auto_look struct look look = {.bytes = {0}};

    if (!library)
        return error_nomem(err);
    assay_status status = examine(loader, library, &look, err);
    if (!status && sha256)
        status = check_digest(&look, sha256, err);
    if (!status)
        status = enter(loader, library, err);
    if (!status)
        status = check(library, &look.info.notes, err);
    if (status)
        return error_wrap(err, status, "%s", library->path);

    status = vec_push(&loader->libraries, &library);
    if (status == ASSAY_E_INVALID)
        return error_set(
            err, status, "more than %d plugin libraries in a run", (int)LOADER_LIBRARIES_MAX);
    if (status)
        return error_nomem(err);
    library = NULL; /* the loader owns it now */
    return ASSAY_OK;
}

/* The digest of a file that is loaded already. */
static assay_status check_loaded(
    const struct plugin_library *library, const char *wanted, struct error *err)
{
    char digest[SHA256_TEXT_SIZE];
    assay_status status = library_digest(library, digest, err);

    if (status)
        return status;
    status = digest_compare(wanted, digest, err);
    return status ? error_wrap(err, status, "%s", library->path) : ASSAY_OK;
}

static assay_status open_file(struct loader *loader, const struct loader_request *request,
    const struct plugin_library **out, struct error *err)
{
    auto_free char *path = NULL;
    assay_status status = trust_resolve(&loader->trust, request->path, &path, err);

    if (status)
        return status;
    *out = find_loaded(loader, path);
    if (*out)
        return request->sha256 ? check_loaded(*out, request->sha256, err) : ASSAY_OK;
    status = load(loader, take(path), request->sha256, err);
    if (!status)
        *out = loader_library(loader, loader->libraries.count - 1);
    return status;
}

assay_status loader_open_library(
    struct loader *loader, const char *path, const struct plugin_library **out, struct error *err)
{
    const struct plugin_library *library = NULL;
    const assay_status status =
        open_file(loader, &(struct loader_request){.path = path}, &library, err);

    if (!status)
        *out = library;
    return status;
}

/* The plugins of a library, "a.b, c.d", for messages. */
static void list_ids(const struct plugin_library *library, struct str *out)
{
    for (size_t i = 0; i < library->plugin_count; i++)
        (void)str_appendf(out, "%s%s", i > 0 ? ", " : "", library->plugins[i].descriptor.id);
}

static assay_status choose(const struct plugin_library *library,
    const struct loader_request *request, const struct plugin **out, struct error *err)
{
    const struct plugin *chosen = NULL;
    auto_str struct str ids = STR_INIT(ERROR_TEXT_SIZE);

    assert(library->plugins); /* it was adopted, and has one at least */
    for (size_t i = 0; i < library->plugin_count; i++) {
        const struct plugin *plugin = &library->plugins[i];

        if (request->id ? strcmp(plugin->descriptor.id, request->id) == 0
                        : library->plugin_count == 1)
            chosen = plugin;
    }
    if (!chosen) {
        list_ids(library, &ids);
        return error_set(err, ASSAY_E_NOTFOUND, "%s: %s%s; it has %s", library->path,
            request->id ? "no plugin has the id " : "say which plugin of the file is wanted",
            request->id ? request->id : "", str_text(&ids));
    }
    if (request->kind && chosen->descriptor.kind != request->kind)
        return error_set(err, ASSAY_E_INVALID, "%s: %s is of kind %s, and kind %s is wanted here",
            library->path, chosen->descriptor.id, plugin_kind_name(chosen->descriptor.kind),
            plugin_kind_name(request->kind));
    *out = chosen;
    return ASSAY_OK;
}

assay_status loader_open(struct loader *loader, const struct loader_request *request,
    const struct plugin **out, struct error *err)
{
    const struct plugin_library *library = NULL;
    const assay_status status = open_file(loader, request, &library, err);

    return status ? status : choose(library, request, out, err);
}
