#include "framework/host/program.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/path.h"
#include "framework/base/str.h"

static bool is_program(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* directory/name if that is a program. */
static assay_status try_directory(const char *directory, const char *name, char **out)
{
    auto_free char *path = path_join(directory, name);

    if (!path)
        return ASSAY_E_NOMEM;
    if (!is_program(path))
        return ASSAY_E_NOTFOUND;
    *out = take(path);
    return ASSAY_OK;
}

static assay_status search_path(const char *name, char **out)
{
    const char *rest = getenv("PATH");
    assay_status s = ASSAY_E_NOTFOUND;

    while (rest && s == ASSAY_E_NOTFOUND) {
        const char *end = strchrnul(rest, ':');
        auto_free char *directory = str_format("%.*s", (int)(end - rest), rest);

        if (!directory)
            return ASSAY_E_NOMEM;
        if (directory[0] == '/') /* the current directory is no place to find programs in */
            s = try_directory(directory, name, out);
        rest = *end ? end + 1 : NULL;
    }
    return s;
}

/* The directory that this process's program is in. */
static assay_status own_directory(char **out)
{
    char self[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = NULL;

    if (len <= 0)
        return ASSAY_E_NOTFOUND;
    self[len] = '\0';
    slash = strrchr(self, '/');
    if (!slash)
        return ASSAY_E_NOTFOUND;
    *out = str_format("%.*s", (int)(slash - self), self);
    return *out ? ASSAY_OK : ASSAY_E_NOMEM;
}

assay_status program_search_beside(const char *const *places, const char *name,
    assay_status (*try)(const char *directory, const char *name, char **out), char **out)
{
    auto_free char *own = NULL;
    assay_status s = own_directory(&own);

    if (!s)
        s = ASSAY_E_NOTFOUND;
    for (; own && *places && s == ASSAY_E_NOTFOUND; places++) {
        auto_free char *directory = str_format("%s%s", own, *places);

        s = directory ? try(directory, name, out) : ASSAY_E_NOMEM;
    }
    return s;
}

assay_status program_find(
    const char *override_name, const char *name, char **out, struct error *err)
{
    static const char *const places[] = {"", "/../bin", "/../../bin", NULL};
    const char *override = override_name ? getenv(override_name) : NULL;
    assay_status s = ASSAY_OK;

    if (override && override[0])
        return path_absolute(override, out, err);
    if (!name || !name[0])
        return error_set(err, ASSAY_E_NOTFOUND, "a program's name is empty");
    if (strchr(name, '/'))
        return is_program(name)
            ? path_absolute(name, out, err)
            : error_set(err, ASSAY_E_NOTFOUND, "%s is no file that can be executed", name);
    s = search_path(name, out);
    if (s == ASSAY_E_NOTFOUND)
        s = program_search_beside(places, name, try_directory, out);
    if (s == ASSAY_E_NOTFOUND)
        return error_set(err, s, "program %s is neither on PATH nor beside assay's own%s%s", name,
            override_name ? "; its path can be given in " : "", override_name ? override_name : "");
    return s ? error_nomem(err) : s;
}
