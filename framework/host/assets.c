#include "framework/host/assets.h"

#include <stdlib.h>
#include <unistd.h>

#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/host/program.h"
#include "framework/host/spec.h"

static assay_status try_directory(const char *directory, const char *name, char **out)
{
    auto_free char *path = path_join(directory, name);

    if (!path)
        return ASSAY_E_NOMEM;
    if (access(path, F_OK) != 0)
        return ASSAY_E_NOTFOUND;
    return path_absolute(path, out, NULL);
}

assay_status assets_find(const char *name, char **out, struct error *err)
{
    static const char *const places[] = {"/../share/assay", "/../../share/assay", NULL};
    const char *told = getenv("ASSAY_ASSETS");
    assay_status s;

    if (!spec_path_is_good(name))
        return error_set(err, ASSAY_E_INVALID,
            "\"%.200s\" cannot name a file that comes with assay", name ? name : "");
    s = told && told[0] ? try_directory(told, name, out)
                        : program_search_beside(places, name, try_directory, out);
    if (s == ASSAY_E_NOTFOUND)
        return error_set(err, s, "%s is not below %s", name,
            told && told[0] ? told : "share/assay of this installation; is it complete?");
    return s ? error_nomem(err) : s;
}
