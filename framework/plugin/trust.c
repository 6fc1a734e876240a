#include "framework/plugin/trust.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/mem.h"
#include "framework/base/path.h"

assay_status trust_init(struct trust *trust, struct error *err)
{
    struct stat program;
    auto_free char *path = realpath("/proc/self/exe", NULL);

    if (!path || stat(path, &program) != 0)
        return error_errno(err, errno, "cannot look at the running program, /proc/self/exe");
    *trust = (struct trust){
        .user = geteuid(),
        .program_owner = program.st_uid,
        .program_group = program.st_gid,
        .has_program_group = (program.st_mode & S_IWGRP) != 0,
    };
    trust->program = take(path);
    return ASSAY_OK;
}

void trust_done(struct trust *trust)
{
    free(trust->program);
    free(trust->safe);
    free(trust->given);
    free(trust->canonical);
    *trust = (struct trust){.program = NULL};
}

assay_status trust_is_file(const char *path, struct error *err)
{
    struct stat file;

    if (lstat(path, &file) != 0)
        return error_errno(err, errno, "%s", path);
    if (S_ISLNK(file.st_mode))
        return error_set(err, ASSAY_E_DENIED,
            "%s is a symbolic link; name the file itself, or copy it there", path);
    if (!S_ISREG(file.st_mode))
        return error_set(err, ASSAY_E_INVALID, "%s is not a regular file", path);
    return ASSAY_OK;
}

/* Makes trust->canonical that of a directory. */
static assay_status resolve_directory(struct trust *trust, const char *dir, struct error *err)
{
    if (dir[0] == '/' && trust->given && strcmp(trust->given, dir) == 0)
        return ASSAY_OK;
    auto_free char *given = mem_dup(dir);
    auto_free char *canonical = realpath(dir, NULL);
    if (!canonical)
        return error_errno(err, errno, "%s", dir);
    if (!given)
        return error_nomem(err);
    free(trust->given);
    free(trust->canonical);
    trust->given = take(given);
    trust->canonical = take(canonical);
    return ASSAY_OK;
}

assay_status trust_resolve(struct trust *trust, const char *path, char **out, struct error *err)
{
    assay_status status = trust_is_file(path, err);

    if (status)
        return status;
    /* The last component is no link and, being a file, neither "." nor "..". */
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    auto_free char *dir = slash ? mem_dup_n(path, (size_t)(name - path)) : mem_dup("./");
    if (!dir)
        return error_nomem(err);
    status = resolve_directory(trust, dir, err);
    if (status)
        return status;
    char *real = path_join(trust->canonical, name);
    if (!real)
        return error_nomem(err);
    *out = real;
    return ASSAY_OK;
}

/* Is `dir`, canonical and without a slash at its end but for "/", above the program? */
static bool is_above_program(const struct trust *trust, const char *dir)
{
    const size_t len = strlen(dir);

    return len == 1 || (strncmp(trust->program, dir, len) == 0 && trust->program[len] == '/');
}

static assay_status judge(
    const struct trust *trust, const char *path, const struct stat *found, struct error *err)
{
    const bool is_group_unknown =
        !trust->has_program_group || found->st_gid != trust->program_group;

    if (found->st_uid != 0 && found->st_uid != trust->user && found->st_uid != trust->program_owner)
        return error_set(err, ASSAY_E_DENIED,
            "not trusted: %s belongs to user %u, who could replace the plugin; "
            "run: chown %u %s",
            path, (unsigned)found->st_uid, (unsigned)trust->user, path);
    if ((found->st_mode & S_IWOTH) && (found->st_mode & S_ISVTX))
        return error_set(err, ASSAY_E_DENIED,
            "not trusted: everybody can make files in %s; keep plugins in another directory", path);
    if (found->st_mode & S_IWOTH)
        return error_set(err, ASSAY_E_DENIED,
            "not trusted: everybody can write to %s; run: chmod %s-w %s", path,
            is_group_unknown && (found->st_mode & S_IWGRP) ? "go" : "o", path);
    if ((found->st_mode & S_IWGRP) && is_group_unknown)
        return error_set(err, ASSAY_E_DENIED,
            "not trusted: group %u can write to %s; run: chmod g-w %s", (unsigned)found->st_gid,
            path, path);
    return ASSAY_OK;
}

/* How much of path is a directory found safe before: the length of its name, or 0. */
static size_t safe_prefix(const struct trust *trust, const char *path)
{
    const size_t len = trust->safe ? strlen(trust->safe) : 0;

    return len > 0 && strncmp(path, trust->safe, len) == 0 && path[len] == '/' ? len : 0;
}

/* Judges "/", "/usr", "/usr/lib", ...: the path cut off behind each component after `from`. */
static assay_status check_components(
    const struct trust *trust, char *path, size_t from, struct error *err)
{
    const size_t len = strlen(path);

    for (size_t end = from + 1; end <= len; end++) {
        struct stat found;
        const char saved = path[end];
        assay_status status = ASSAY_OK;

        if (end > 1 && saved != '/' && saved != '\0')
            continue;
        path[end] = '\0';
        if (lstat(path, &found) != 0)
            return error_errno(err, errno, "%s", path);
        if (!is_above_program(trust, path))
            status = judge(trust, path, &found, err);
        if (status)
            return status;
        path[end] = saved;
    }
    return ASSAY_OK;
}

assay_status trust_check(struct trust *trust, const char *canonical, struct error *err)
{
    auto_free char *path = mem_dup(canonical);

    if (!path)
        return error_nomem(err);
    if (path[0] != '/')
        return error_set(err, ASSAY_E_INVALID, "%s is not an absolute path", path);
    const assay_status status = check_components(trust, path, safe_prefix(trust, path), err);
    if (status)
        return status;
    free(trust->safe);
    trust->safe = path; /* of a file the directory counts */
    *strrchr(trust->safe, '/') = '\0';
    path = NULL;
    return ASSAY_OK;
}
