#include "framework/base/path.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/mem.h"
#include "framework/base/str.h"

enum {
    PLAIN_NAME_MAX = 128
}; /* leaves room for suffixes below the usual 255 */

char *path_join(const char *dir, const char *name)
{
    const size_t dir_len = strlen(dir);

    if (dir_len == 0 || name[0] == '/')
        return mem_dup(name);
    return str_format("%s%s%s", dir, dir[dir_len - 1] == '/' ? "" : "/", name);
}

bool path_is_plain_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-+@";
    const size_t len = strnlen(name, PLAIN_NAME_MAX + 1);

    if (len == 0 || len > PLAIN_NAME_MAX || name[0] == '.' || name[0] == '-')
        return false;
    return strspn(name, allowed) == len;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

assay_status path_absolute(const char *path, char **out, struct error *err)
{
    char here[PATH_MAX];
    char *joined = NULL;

    if (path[0] != '/' && !getcwd(here, sizeof here))
        return error_errno(err, errno, "working directory");
    joined = path[0] == '/' ? mem_dup(path) : path_join(here, path);
    if (!joined)
        return error_nomem(err);
    *out = joined;
    return ASSAY_OK;
}

const char *path_shown(const char *path)
{
    char here[PATH_MAX];
    size_t length;

    if (!getcwd(here, sizeof here))
        return path;
    length = strlen(here);
    if (length > 1 && strncmp(path, here, length) == 0 && path[length] == '/' &&
        path[length + 1] != '\0')
        return path + length + 1;
    return path;
}
