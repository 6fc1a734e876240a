#include "framework/host/support.h"

#include <string.h>

#include "framework/host/record.h"
#include "framework/host/spec_state.h"
#include "framework/host/state.h"

enum {
    NAME_MAX_LEN = 63 /* of a label in DNS */
};

static bool name_is_good(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    const size_t len = name ? strnlen(name, NAME_MAX_LEN + 1) : 0;

    return len > 0 && len <= NAME_MAX_LEN && strspn(name, allowed) == len && name[0] != '-' &&
        name[len - 1] != '-';
}

/* What is wrong with it; NULL: nothing. */
static const char *find_fault(const assay_support *support)
{
    if (!name_is_good(support->name))
        return "its name is no host name of lower case letters, digits and dashes";
    if (!support->argv || !support->argv[0])
        return "it has no command line";
    if (support->port > 65535)
        return "its port is beyond 65535";
    if (support->file_count > SPEC_FILES_MAX)
        return "it has too many files";
    if (support->file_count > 0 &&
        (!support->files || support->file_stride < sizeof(assay_file) || !support->directory ||
            support->directory[0] != '/'))
        return "it has files but no absolute directory for them, or no stride";
    for (const char *const *env = support->env; env && *env; env++) {
        if ((*env)[0] == '=' || !strchr(*env, '='))
            return "its environment has a word that is not of the form NAME=value";
    }
    return NULL;
}

/* ---- copying ---- */

/* A list of texts that ends in NULL; NULL without memory, or when there are too many. */
static const char *const *copy_words(struct pool *pool, const char *const *words)
{
    const char **copy = NULL;
    size_t count = 0;

    while (words && words[count] && count < SPEC_WORDS_MAX)
        count++;
    if (words && words[count])
        return NULL;
    copy = pool_new(pool, (count + 1) * sizeof(*copy));
    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = pool_dup(pool, words[i]);
        if (!copy[i])
            return NULL;
    }
    return copy;
}

static assay_status copy_files(struct pool *pool, const assay_support *theirs, assay_support *ours)
{
    assay_file *files = pool_new(pool, (theirs->file_count + 1) * sizeof(*files));

    if (!files)
        return ASSAY_E_NOMEM;
    for (size_t i = 0; i < theirs->file_count; i++) {
        const char *at = (const char *)theirs->files + theirs->file_stride * i;
        const assay_file *file = (const assay_file *)(const void *)at;

        if (!spec_path_is_good(file->path) || (!file->bytes.data && file->bytes.size))
            return ASSAY_E_INVALID;
        files[i] = *file;
        files[i].mode = file->mode ? file->mode : 0644;
        files[i].path = pool_dup(pool, file->path);
        files[i].bytes.data = pool_dup_n(pool, file->bytes.data, file->bytes.size);
        if (!files[i].path || !files[i].bytes.data)
            return ASSAY_E_NOMEM;
    }
    ours->files = files;
    ours->file_stride = sizeof(*files);
    return ASSAY_OK;
}

static assay_status copy(struct specs *specs, const assay_support *theirs, assay_support **out)
{
    assay_support *ours = pool_new(&specs->pool, sizeof(*ours));
    assay_status s = ASSAY_OK;

    if (!ours)
        return ASSAY_E_NOMEM;
    *ours = *theirs;
    s = copy_files(&specs->pool, theirs, ours);
    if (s)
        return s;
    ours->name = pool_dup(&specs->pool, theirs->name);
    ours->image = theirs->image ? pool_dup(&specs->pool, theirs->image) : NULL;
    ours->directory = pool_dup(&specs->pool, theirs->directory ? theirs->directory : "");
    ours->argv = copy_words(&specs->pool, theirs->argv);
    ours->env = copy_words(&specs->pool, theirs->env);
    if (!ours->name || (theirs->image && !ours->image) || !ours->directory || !ours->argv ||
        !ours->env)
        return ASSAY_E_NOMEM;
    *out = ours;
    return ASSAY_OK;
}

/* ---- the services ---- */

assay_status support_declare(const assay_host *table, const assay_support *theirs)
{
    struct specs *specs = host_of(table)->specs;
    assay_support whole, *ours = NULL;
    const char *fault = NULL;
    assay_status s = ASSAY_OK;

    if (!record_take(&whole, sizeof(whole), theirs))
        return instance_fail(table, ASSAY_E_INVALID, "spec.support: struct_size is not set");
    whole.struct_size = sizeof(whole);
    fault = find_fault(&whole);
    if (fault)
        return instance_fail(
            table, ASSAY_E_INVALID, "spec.support: %.64s: %s", whole.name ? whole.name : "", fault);
    (void)pthread_mutex_lock(&specs->lock);
    if (specs->supports.count >= SPEC_SUPPORTS_MAX)
        s = ASSAY_E_LAGGED;
    if (!s)
        s = copy(specs, &whole, &ours);
    if (!s)
        s = vec_push(&specs->supports, &ours);
    (void)pthread_mutex_unlock(&specs->lock);
    if (s == ASSAY_E_INVALID)
        return instance_fail(table, s, "spec.support: %.64s: a file's path is no good", whole.name);
    return s ? instance_fail(table, s, "spec.support: %s", status_text(s)) : s;
}

const assay_support *supports_get(struct specs *specs, uint32_t index)
{
    const assay_support *support = NULL;

    (void)pthread_mutex_lock(&specs->lock);
    if (index < specs->supports.count)
        support = *(assay_support **)vec_at(&specs->supports, index);
    (void)pthread_mutex_unlock(&specs->lock);
    return support;
}
