#include "framework/host/http_curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "framework/base/path.h"

/* The module beside the running program: build tree and install tree agree in that. */
static assay_status find_module(char **out, struct error *err)
{
    char program[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);

    if (len < 0)
        return error_errno(err, errno, "finding the running program");
    program[len] = '\0';
    *strrchr(program, '/') = '\0'; /* the kernel gives an absolute path */
    *out = path_join(program, HTTP_CURL_MODULE_FILE);
    return *out ? ASSAY_OK : error_nomem(err);
}

assay_status http_curl_new(const char *module, const struct http_engine_config *config,
    struct http_engine **out, struct error *err)
{
    auto_free char *found = NULL;
    const struct http_curl_module *exported;
    void *library;

    if (!module) {
        const assay_status s = find_module(&found, err);

        if (s)
            return s;
        module = found;
    }
    /* Never unloaded: libraries below it keep state for the life of the process. */
    library = dlopen(module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library)
        return error_set(err, ASSAY_E_NOTFOUND,
            "HTTPS needs libcurl, and its module cannot be loaded: %s", dlerror());
    exported = dlsym(library, HTTP_CURL_MODULE_NAME);
    (void)dlclose(library);
    if (!exported || exported->layout != HTTP_CURL_LAYOUT)
        return error_set(err, ASSAY_E_UNSUPPORTED,
            "%s belongs to another build of assay; install both together", module);
    return exported->engine_new(config, out, err);
}
