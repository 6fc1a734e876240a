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

/* From where this program is: libexec/assay, bin, or the tests' directory of a build tree. */
static assay_status search_beside(const char *name, char **out)
{
    static const char *const places[] = {"/../share/assay", "/../../share/assay"};
    auto_free char *own = NULL;
    assay_status s = program_own_directory(&own);

    if (!s)
        s = ASSAY_E_NOTFOUND;
    for (size_t i = 0; own && i < sizeof(places) / sizeof(places[0]) && s == ASSAY_E_NOTFOUND;
         i++) {
        auto_free char *directory = str_format("%s%s", own, places[i]);

        s = directory ? try_directory(directory, name, out) : ASSAY_E_NOMEM;
    }
    return s;
}

assay_status assets_find(const char *name, char **out, struct error *err)
{
    const char *told = getenv("ASSAY_ASSETS");
    assay_status s;

    if (!spec_path_is_good(name))
        return error_set(err, ASSAY_E_INVALID,
            "\"%.200s\" cannot name a file that comes with assay", name ? name : "");
    s = told && told[0] ? try_directory(told, name, out) : search_beside(name, out);
    if (s == ASSAY_E_NOTFOUND)
        return error_set(err, s, "%s is not below %s", name,
            told && told[0] ? told : "share/assay of this installation; is it complete?");
    return s ? error_nomem(err) : s;
}
