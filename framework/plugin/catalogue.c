#include "framework/plugin/catalogue.h"

#include <assay/plugin.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/base/suggest.h"
#include "framework/plugin/look.h"
#include "framework/plugin/trust.h"

/* Where plugins are in the tree that a program belongs to: relative to its prefix, and for programs
   that belong to no such tree, as configured. The build system says both. */
#ifndef ASSAY_PLUGIN_DIR
#error "ASSAY_PLUGIN_DIR is the plugin directory relative to the prefix, \"lib/assay\""
#endif
#ifndef ASSAY_PLUGIN_DIR_INSTALLED
#error "ASSAY_PLUGIN_DIR_INSTALLED is the absolute plugin directory of the configured prefix"
#endif

struct catalogue {
    struct vec directories; /* char *, canonical, each once */
    struct trust trust;
    bool allow_untrusted;
};

const char *plugin_kind_name(uint32_t kind)
{
    switch (kind) {
    case ASSAY_SYSTEM:
        return "system";
    case ASSAY_DEPLOYER:
        return "deployer";
    case ASSAY_WORKLOAD:
        return "workload";
    case ASSAY_EXPECTATION:
        return "expectation";
    }
    return "plugin";
}

bool plugin_id_is_valid(const char *id)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    const size_t vendor = strspn(id, rest);

    if (id[vendor] != '.' || !strchr(letters, id[0]) || id[vendor + 1] == '\0' ||
        !strchr(letters, id[vendor + 1]))
        return false;
    const size_t name = strspn(id + vendor + 1, rest);
    return id[vendor + 1 + name] == '\0' && vendor + 1 + name < sizeof(((assay_note *)0)->id);
}

/* ---- the search path ---- */

static assay_status add_directory(struct catalogue *cat, const char *path, struct error *err)
{
    struct stat found;
    auto_free char *real = realpath(path, NULL);

    if (!real || stat(real, &found) != 0)
        return error_errno(err, errno, "plugin directory %s", path);
    if (!S_ISDIR(found.st_mode))
        return error_set(err, ASSAY_E_INVALID,
            "plugin directory %s is not a directory; name the one that the plugin is in", path);
    for (size_t i = 0; i < cat->directories.count; i++)
        if (strcmp(catalogue_directory(cat, i), real) == 0)
            return ASSAY_OK;
    const assay_status status = vec_push(&cat->directories, &real);
    if (status == ASSAY_E_INVALID)
        return error_set(
            err, status, "more than %d plugin directories", (int)CATALOGUE_DIRECTORIES_MAX);
    if (status)
        return error_nomem(err);
    real = NULL; /* the catalogue owns it now */
    return ASSAY_OK;
}

static assay_status add_from_environment(struct catalogue *cat, struct error *err)
{
    static const char variable[] = "ASSAY_PLUGIN_PATH";
    const char *value = secure_getenv(variable);
    auto_free char *list = mem_dup(value);
    char *rest = list;

    if (value && !list)
        return error_nomem(err);
    for (char *entry; (entry = strsep(&rest, ":"));) {
        if (entry[0] == '\0')
            continue;
        if (entry[0] != '/')
            return error_set(err, ASSAY_E_INVALID,
                "%s: %s is not an absolute path; plugins are not looked for relative to the "
                "current directory",
                variable, entry);
        struct error reason;
        const assay_status status = add_directory(cat, entry, &reason);
        if (status && status != ASSAY_E_NOTFOUND)
            return error_set(err, status, "%s: %s", variable, reason.text);
    }
    return ASSAY_OK;
}

/* Programs are in <prefix>/bin or <prefix>/libexec/assay; the build tree mirrors that. */
static assay_status add_own(struct catalogue *cat, struct error *err)
{
    static const char *const up[] = {"..", "../.."};
    const char *slash = strrchr(cat->trust.program, '/');
    const int dir_len = (int)(slash - cat->trust.program);

    for (size_t i = 0; i < sizeof(up) / sizeof(up[0]); i++) {
        auto_free char *path =
            str_format("%.*s/%s/%s", dir_len, cat->trust.program, up[i], ASSAY_PLUGIN_DIR);
        struct stat found;

        if (!path)
            return error_nomem(err);
        if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
            return add_directory(cat, path, err);
    }
    struct error reason;
    const assay_status status = add_directory(cat, ASSAY_PLUGIN_DIR_INSTALLED, &reason);
    return status == ASSAY_E_NOMEM ? error_nomem(err) : ASSAY_OK;
}

assay_status catalogue_new(
    const struct catalogue_options *options, struct catalogue **out, struct error *err)
{
    auto_catalogue struct catalogue *cat = mem_new(sizeof(*cat));

    if (!cat)
        return error_nomem(err);
    cat->allow_untrusted = options->allow_untrusted;
    vec_init(&cat->directories, sizeof(char *), CATALOGUE_DIRECTORIES_MAX);
    assay_status status = trust_init(&cat->trust, err);
    for (size_t i = 0; !status && options->directories && options->directories[i]; i++)
        status = add_directory(cat, options->directories[i], err);
    if (!status && !options->no_environment)
        status = add_from_environment(cat, err);
    if (!status && !options->no_own)
        status = add_own(cat, err);
    if (!status)
        *out = take(cat);
    return status;
}

void catalogue_free(struct catalogue *cat)
{
    if (!cat)
        return;
    for (size_t i = 0; i < cat->directories.count; i++)
        free(*(char **)vec_at(&cat->directories, i));
    vec_done(&cat->directories);
    trust_done(&cat->trust);
    free(cat);
}

size_t catalogue_directory_count(const struct catalogue *cat)
{
    return cat->directories.count;
}

const char *catalogue_directory(const struct catalogue *cat, size_t index)
{
    return *(char **)vec_at(&cat->directories, index);
}

/* ---- one file ---- */

/* The notes of a file, as copies; notes is initialised. Errors name the path. */
static assay_status read_notes(const char *path, struct vec *notes, struct error *err)
{
    auto_look struct look look = {.bytes = {0}};
    assay_status status = look_at_file(path, &look, err);

    if (!status)
        status = look_judge(&look, err);
    if (status)
        return error_wrap(err, status, "%s", path);
    for (size_t i = 0; i < look.info.notes.count; i++)
        if (vec_push(notes, vec_at(&look.info.notes, i)))
            return error_nomem(err);
    return ASSAY_OK;
}

static const assay_note *find_note(const struct vec *notes, const char *id)
{
    VEC_EACH(assay_note, note, notes)
        if (strcmp(note->id, id) == 0)
            return note;
    return NULL;
}

/* ---- list ---- */

static bool is_plugin_file_name(const char *name)
{
    const size_t len = strlen(name);

    return name[0] != '.' && len > 3 && strcmp(name + len - 3, ".so") == 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the paths of a directory's *.so files, as char *, sorted. */
static assay_status list_files(const char *directory, struct vec *paths, struct error *err)
{
    DIR *stream = opendir(directory);
    assay_status status = ASSAY_OK;

    if (!stream)
        return error_errno(err, errno, "%s", directory);
    errno = 0;
    for (struct dirent *entry; !status && (entry = readdir(stream)); errno = 0) {
        if (!is_plugin_file_name(entry->d_name))
            continue;
        auto_free char *path = path_join(directory, entry->d_name);
        status = path ? vec_push(paths, &path) : ASSAY_E_NOMEM;
        if (!status)
            path = NULL; /* the vec owns it now */
    }
    const int failure = status ? 0 : errno;
    (void)closedir(stream);
    if (failure)
        return error_errno(err, failure, "%s", directory);
    if (status == ASSAY_E_INVALID)
        return error_set(err, status, "%s has more than %d .so files; a plugin directory has few",
            directory, (int)CATALOGUE_FILES_MAX);
    if (status)
        return error_nomem(err);
    vec_sort(paths, compare_texts);
    return ASSAY_OK;
}

static assay_status add_entry(
    struct vec *entries, const char *path, const assay_note *note, struct error *err)
{
    struct catalogue_entry entry = {.path = mem_dup(path)};

    if (note) {
        entry.kind = note->kind;
        entry.abi_built = note->abi_built;
        entry.abi_needs = note->abi_needs;
        (void)memcpy(entry.id, note->id, sizeof(entry.id));
        (void)memcpy(entry.version, note->version, sizeof(entry.version));
        (void)memcpy(entry.summary, note->summary, sizeof(entry.summary));
    }
    const assay_status status = entry.path ? vec_push(entries, &entry) : ASSAY_E_NOMEM;
    if (!status)
        return ASSAY_OK;
    free(entry.path);
    return status == ASSAY_E_NOMEM
        ? error_nomem(err)
        : error_set(
              err, status, "more than %d plugins in all directories", (int)CATALOGUE_ENTRIES_MAX);
}

/* Gives an entry a problem; the first stays. */
static assay_status set_problem(struct catalogue_entry *entry, const char *text, struct error *err)
{
    if (entry->problem)
        return ASSAY_OK;
    entry->problem = mem_dup(text);
    return entry->problem ? ASSAY_OK : error_nomem(err);
}

/* Adds what one file has; that it cannot be read or trusted is a problem, not a failure. */
static assay_status list_file(
    struct catalogue *cat, const char *path, struct vec *entries, struct error *err)
{
    auto_vec struct vec notes = VEC_INIT(assay_note, ELF_NOTES_MAX);
    struct error problem = {.code = ASSAY_OK};
    const size_t first = entries->count;

    assay_status found = trust_is_file(path, &problem);
    if (!found)
        found = read_notes(path, &notes, &problem);
    if (!found && !cat->allow_untrusted)
        found = trust_check(&cat->trust, path, &problem);
    if (found == ASSAY_E_NOMEM)
        return error_nomem(err);

    assay_status status = notes.count == 0 ? add_entry(entries, path, NULL, err) : ASSAY_OK;
    for (size_t i = 0; !status && i < notes.count; i++)
        status = add_entry(entries, path, vec_at(&notes, i), err);
    for (size_t i = first; !status && found && i < entries->count; i++)
        status = set_problem(vec_at(entries, i), problem.text, err);
    return status;
}

static assay_status mark_duplicates(struct vec *entries, struct error *err)
{
    VEC_EACH(struct catalogue_entry, a, entries) {
        VEC_EACH(struct catalogue_entry, b, entries) {
            char text[ERROR_TEXT_SIZE];

            if (a == b || a->id[0] == '\0' || strcmp(a->id, b->id) != 0)
                continue;
            (void)snprintf(
                text, sizeof(text), "%s is in %s too; remove one of them", a->id, b->path);
            if (set_problem(a, text, err))
                return ASSAY_E_NOMEM;
        }
    }
    return ASSAY_OK;
}

assay_status catalogue_list(struct catalogue *cat, struct vec *entries, struct error *err)
{
    auto_catalogue_entries struct vec found;
    assay_status status = ASSAY_OK;

    vec_init(&found, sizeof(struct catalogue_entry), CATALOGUE_ENTRIES_MAX);
    for (size_t i = 0; !status && i < cat->directories.count; i++) {
        struct vec paths;

        vec_init(&paths, sizeof(char *), CATALOGUE_FILES_MAX);
        status = list_files(catalogue_directory(cat, i), &paths, err);
        for (size_t k = 0; k < paths.count; k++) {
            auto_free char *path = *(char **)vec_at(&paths, k);

            if (!status)
                status = list_file(cat, path, &found, err);
        }
        vec_done(&paths);
    }
    if (!status)
        status = mark_duplicates(&found, err);
    if (status)
        return status;
    *entries = found;
    found = (struct vec){.items = NULL}; /* the caller owns it now */
    return ASSAY_OK;
}

void catalogue_entries_done(struct vec *entries)
{
    VEC_EACH(struct catalogue_entry, entry, entries) {
        free(entry->path);
        free(entry->problem);
    }
    vec_done(entries);
}

/* ---- find ---- */

/* What a search comes to. Paths are canonical. */
struct search {
    const char *id;
    uint32_t wanted;      /* kind; 0: any */
    uint32_t kind;        /* of what was found */
    char *found, *second; /* two places are one too many */
    struct error problem; /* of a file that might have had it */
};

static void search_done(struct search *search)
{
    free(search->found);
    free(search->second);
}
CLEANUP_DEFINE_DONE(auto_search, struct search, search_done)
#define auto_search CLEANUP(auto_search)

/* Does directory/<stem>.so have the plugin? Problems of the file are kept for later: the plugin
   may be elsewhere. */
static assay_status search_file(
    struct search *search, const char *directory, const char *stem, struct error *err)
{
    auto_free char *path = str_format("%s/%s.so", directory, stem);
    auto_vec struct vec notes = VEC_INIT(assay_note, ELF_NOTES_MAX);
    struct error problem = {.code = ASSAY_OK};

    if (!path)
        return error_nomem(err);
    assay_status status = trust_is_file(path, &problem);
    if (status == ASSAY_E_NOTFOUND)
        return ASSAY_OK;
    if (!status)
        status = read_notes(path, &notes, &problem);
    if (status == ASSAY_E_NOMEM)
        return error_nomem(err);
    if (status) {
        if (!search->problem.code)
            search->problem = problem;
        return ASSAY_OK;
    }
    const assay_note *note = find_note(&notes, search->id);
    if (note && !search->found) {
        search->found = take(path);
        search->kind = note->kind;
    } else if (note && !search->second) {
        search->second = take(path);
    }
    return ASSAY_OK;
}

/* Nothing was found: why, and what may have been meant. */
static assay_status explain_missing(
    struct catalogue *cat, const struct search *search, struct error *err)
{
    auto_catalogue_entries struct vec entries = {.items = NULL};
    auto_str struct str where = STR_INIT(ERROR_TEXT_SIZE);
    struct suggestion suggestion;

    if (search->problem.code)
        return error_set(err, search->problem.code, "%s", search->problem.text);
    const assay_status status = catalogue_list(cat, &entries, err);
    if (status)
        return status;
    suggestion_init(&suggestion, search->id);
    VEC_EACH(struct catalogue_entry, entry, &entries)
        if (entry->id[0] != '\0' && (search->wanted == 0 || entry->kind == search->wanted))
            suggestion_offer(&suggestion, entry->id);
    for (size_t i = 0; i < cat->directories.count; i++)
        (void)str_appendf(&where, "%s%s", i > 0 ? ", " : "", catalogue_directory(cat, i));
    if (suggestion.best)
        return error_set(err, ASSAY_E_NOTFOUND,
            "no plugin has the id %s; did you mean %s? Looked in: %s", search->id, suggestion.best,
            str_text(&where));
    return error_set(err, ASSAY_E_NOTFOUND,
        "no plugin has the id %s; `assay plugins list` shows all. Looked in: %s", search->id,
        cat->directories.count > 0 ? str_text(&where) : "no directory");
}

assay_status catalogue_find(
    struct catalogue *cat, const char *id, uint32_t kind, char **out_path, struct error *err)
{
    auto_search struct search search = {.id = id, .wanted = kind};
    assay_status status = ASSAY_OK;

    if (!plugin_id_is_valid(id))
        return error_set(err, ASSAY_E_INVALID,
            "\"%s\" is no plugin id; one looks like \"vendor.name\", in lower-case letters, "
            "digits, - and _",
            id);
    auto_free char *vendor = mem_dup_n(id, strcspn(id, "."));
    if (!vendor)
        return error_nomem(err);
    for (size_t i = 0; !status && i < cat->directories.count; i++) {
        status = search_file(&search, catalogue_directory(cat, i), id, err);
        if (!status)
            status = search_file(&search, catalogue_directory(cat, i), vendor, err);
    }
    if (status)
        return status;
    if (!search.found)
        return explain_missing(cat, &search, err);
    if (search.second)
        return error_set(err, ASSAY_E_INVALID,
            "plugin %s is in two places, %s and %s; remove one of them", id, search.found,
            search.second);
    if (kind != 0 && search.kind != kind)
        return error_set(err, ASSAY_E_INVALID, "%s is of kind %s, and kind %s is wanted here", id,
            plugin_kind_name(search.kind), plugin_kind_name(kind));
    *out_path = take(search.found);
    return ASSAY_OK;
}
