#include "framework/run/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/path.h"
#include "framework/run/monotonic.h"

static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
static const char prefix[] = "assay-";

static const char *find_mount(void)
{
    for (size_t i = 0; i < sizeof mounts / sizeof mounts[0]; i++) {
        struct statfs info;

        if (statfs(mounts[i], &info) == 0 && info.f_type == CGROUP2_SUPER_MAGIC)
            return mounts[i];
    }
    return NULL;
}

/* The caller's group: the line "0::/path" of /proc/self/cgroup. */
static bool find_home(const char *mount, char *out, size_t size)
{
    auto_file FILE *file = fopen("/proc/self/cgroup", "re");
    char line[CGROUP_PATH_SIZE];

    while (file && fgets(line, sizeof line, file)) {
        const char *path = line + strlen("0::");
        int len = 0;

        if (strncmp(line, "0::/", strlen("0::/")) != 0 || !strchr(line, '\n'))
            continue;
        line[strcspn(line, "\n")] = '\0';
        if (strstr(path, "/.."))
            return false; /* outside of what our namespace shows */
        len = snprintf(out, size, "%s%s", mount, strcmp(path, "/") == 0 ? "" : path);
        return len > 0 && (size_t)len < size;
    }
    return false;
}

static assay_status write_file(
    const char *directory, const char *name, const char *text, struct error *err)
{
    auto_free char *path = path_join(directory, name);
    auto_fd int fd = -1;

    if (!path)
        return error_nomem(err);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    if (write(fd, text, strlen(text)) < 0)
        return error_errno(err, errno, "%s", path);
    return ASSAY_OK;
}

assay_status cgroup_enter(struct cgroup *cgroup, const char *name, struct error *err)
{
    struct cgroup made = {0};
    const char *mount = find_mount();
    struct stat info;
    char kill_file[CGROUP_PATH_SIZE + 16];
    int len = 0;

    *cgroup = (struct cgroup){0};
    if (!mount)
        return error_set(err, ASSAY_E_UNSUPPORTED, "no cgroup version 2 hierarchy is mounted");
    if (!find_home(mount, made.home, sizeof made.home))
        return error_set(err, ASSAY_E_UNSUPPORTED, "our own control group cannot be seen");
    len = snprintf(made.path, sizeof made.path, "%s/%s%s", made.home, prefix, name);
    if (len < 0 || (size_t)len >= sizeof made.path)
        return error_set(err, ASSAY_E_UNSUPPORTED, "the path of the control group is too long");
    if (mkdir(made.path, 0755) < 0)
        return error_set(
            err, ASSAY_E_UNSUPPORTED, "%s cannot be made: %s", made.path, strerrordesc_np(errno));
    (void)snprintf(kill_file, sizeof kill_file, "%s/cgroup.kill", made.path);
    if (stat(kill_file, &info) < 0 || write_file(made.path, "cgroup.procs", "0", err)) {
        (void)rmdir(made.path);
        return error_set(err, ASSAY_E_UNSUPPORTED,
            "%s cannot be used: kernel before 5.14, or no right to move processes", made.path);
    }
    *cgroup = made;
    return ASSAY_OK;
}

assay_status cgroup_leave(struct cgroup *cgroup, struct error *err)
{
    assay_status s = ASSAY_OK;

    if (cgroup->path[0] == '\0')
        return ASSAY_OK;
    s = write_file(cgroup->home, "cgroup.procs", "0", err);
    if (!s)
        s = cgroup_remove(cgroup->path, err);
    if (!s)
        *cgroup = (struct cgroup){0};
    return s;
}

assay_status cgroup_leave_and_kill(const struct cgroup *cgroup, struct error *err)
{
    assay_status s = ASSAY_OK;

    if (cgroup->path[0] == '\0')
        return ASSAY_OK;
    s = write_file(cgroup->home, "cgroup.procs", "0", err);
    return s ? s : cgroup_kill(cgroup->path, err);
}

bool cgroup_is_ours(const char *path)
{
    const char *mount = find_mount();
    const char *name = strrchr(path, '/');

    return mount && name && strncmp(path, mount, strlen(mount)) == 0 &&
        path[strlen(mount)] == '/' && !strstr(path, "/../") &&
        strncmp(name + 1, prefix, strlen(prefix)) == 0 && path_is_plain_name(name + 1);
}

assay_status cgroup_kill(const char *path, struct error *err)
{
    if (!cgroup_is_ours(path))
        return error_set(err, ASSAY_E_DENIED, "%s is not a control group of a run", path);
    if (access(path, F_OK) < 0)
        return ASSAY_OK;
    return write_file(path, "cgroup.kill", "1", err);
}

assay_status cgroup_remove(const char *path, struct error *err)
{
    const int64_t deadline = monotonic_ns() + ASSAY_SECOND;

    if (!cgroup_is_ours(path))
        return error_set(err, ASSAY_E_DENIED, "%s is not a control group of a run", path);
    while (rmdir(path) < 0) {
        if (errno == ENOENT)
            return ASSAY_OK;
        /* A process that has been reaped leaves its group a moment later; there is no event to
           wait for that does not come with it, so look again. */
        if (errno != EBUSY || monotonic_ns() >= deadline)
            return error_errno(err, errno, "%s cannot be removed", path);
        (void)poll(NULL, 0, 2);
    }
    return ASSAY_OK;
}
