#include "framework/host/artifacts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/host/state.h"

struct artifacts {
    const char *run_dir;  /* the host's */
    pthread_mutex_t lock; /* one append at a time, so that pieces do not mix */
};

struct artifacts *artifacts_new(const struct host *host)
{
    struct artifacts *artifacts = mem_new(sizeof(*artifacts));

    if (!artifacts)
        return NULL;
    artifacts->run_dir = host->config.run_dir;
    (void)pthread_mutex_init(&artifacts->lock, NULL);
    return artifacts;
}

void artifacts_free(struct artifacts *artifacts)
{
    if (!artifacts)
        return;
    (void)pthread_mutex_destroy(&artifacts->lock);
    free(artifacts);
}

static bool name_is_good(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const size_t len = name ? strnlen(name, ARTIFACT_NAME_MAX + 1) : 0;

    return len > 0 && len <= ARTIFACT_NAME_MAX && name[0] != '.' && strspn(name, allowed) == len;
}

/* artifacts/<instance>, made when it is first written to. */
static assay_status open_directory(
    const struct artifacts *artifacts, const char *instance, char **out, struct error *err)
{
    auto_free char *path = str_format("%s/artifacts/%s", artifacts->run_dir, instance);
    assay_status s = ASSAY_OK;

    if (!path)
        return error_nomem(err);
    s = dir_make(path, 0755, err);
    if (!s)
        *out = take(path);
    return s;
}

static assay_status append_file(struct artifacts *artifacts, const char *directory,
    const char *name, assay_bytes bytes, struct error *err)
{
    auto_free char *path = path_join(directory, name);
    auto_fd int fd = -1;
    assay_status s = ASSAY_OK;

    if (!path)
        return error_nomem(err);
    (void)pthread_mutex_lock(&artifacts->lock);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        s = error_errno(err, errno, "cannot write %s", path);
    else
        s = file_write_fd(fd, bytes.data, bytes.size, err);
    (void)pthread_mutex_unlock(&artifacts->lock);
    return s;
}

/* Takes the size off the instance's allowance. */
static bool reserve(struct host_instance *instance, size_t size)
{
    bool fits = false;

    (void)pthread_mutex_lock(&instance->lock);
    fits = size <= ARTIFACT_BYTES_MAX - instance->artifact_bytes;
    if (fits)
        instance->artifact_bytes += size;
    (void)pthread_mutex_unlock(&instance->lock);
    return fits;
}

static assay_status service_append(const assay_host *table, const char *name, assay_bytes bytes)
{
    struct host_instance *instance = instance_of(table);
    struct artifacts *artifacts = host_of(table)->artifacts;
    auto_free char *directory = NULL;
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!name_is_good(name))
        return instance_fail(table, ASSAY_E_INVALID,
            "\"%.200s\" cannot be an artifact's name: 1 to %d of A-Z a-z 0-9 . _ -, no dot in "
            "front",
            name ? name : "", ARTIFACT_NAME_MAX);
    if (!bytes.data && bytes.size)
        return instance_fail(table, ASSAY_E_INVALID, "artifact %s: no data", name);
    if (!reserve(instance, bytes.size))
        return instance_fail(table, ASSAY_E_LAGGED,
            "artifact %s: this instance has reached its %d MiB", name,
            ARTIFACT_BYTES_MAX / (1024 * 1024));
    s = open_directory(artifacts, instance->name, &directory, &err);
    if (!s)
        s = append_file(artifacts, directory, name, bytes, &err);
    return s ? instance_fail(table, s, "%s", err.text) : s;
}

const assay_artifacts artifacts_table = {
    .struct_size = sizeof(assay_artifacts),
    .append = service_append,
};
