#include "runners/orphans.h"

#include <dirent.h>
#include <errno.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/base/vec.h"
#include "framework/host/assets.h"
#include "framework/run/clean.h"

enum {
    LIVE_MAX = 1000 /* runs at a time on one machine */
};

static void note_live(void *context, const struct clean_item *item)
{
    struct vec *ids = context;
    char *copy = item->outcome == CLEAN_ALIVE ? mem_dup(item->run_id) : NULL;

    if (copy && vec_push(ids, &copy))
        free(copy);
}

/* Runs the program to its end; its output is ours. */
static bool run(const char *path, const char *mode, const struct vec *ids)
{
    const char **words = mem_new_array(ids->count + 3, sizeof(*words));
    size_t n = 0;
    pid_t pid = 0;
    int status = 0, failed = ENOMEM;

    if (words) {
        words[n++] = path;
        words[n++] = mode;
        VEC_EACH(char *, id, ids)
            words[n++] = *id;
        (void)fflush(stdout);
        failed = posix_spawn(&pid, path, NULL, NULL, (char *const *)(uintptr_t)words, environ);
    }
    free(words);
    if (failed) {
        (void)fprintf(stderr, "assay: %s cannot be run: %s\n", path, strerror(failed));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    (void)fprintf(stderr, "assay: %s failed; what it has not removed is still there\n", path);
    return false;
}

static bool run_all(const char *directory, const char *mode, const struct vec *ids)
{
    struct dirent **entries = NULL;
    const int count = scandir(directory, &entries, NULL, alphasort);
    bool is_fine = count >= 0;

    for (int i = 0; i < count; i++) {
        auto_free char *path = path_join(directory, entries[i]->d_name);

        if (path && entries[i]->d_name[0] != '.' && access(path, X_OK) == 0)
            is_fine = run(path, mode, ids) && is_fine;
        free(entries[i]);
    }
    free(entries);
    return is_fine;
}

bool orphans_clean(bool is_dry)
{
    const struct clean_options options = {.is_dry = true};
    struct vec ids = VEC_INIT(char *, LIVE_MAX);
    auto_free char *directory = NULL;
    struct error err = {0};
    bool is_fine = false;

    /* A journal that cannot be read may be that of a run that is alive: nothing is removed then. */
    if (run_clean(&options, note_live, &ids, &err) || assets_find("orphans", &directory, &err))
        (void)fprintf(stderr, "assay: %s\n", err.text);
    else
        is_fine = run_all(directory, is_dry ? "list" : "remove", &ids);
    VEC_EACH(char *, id, &ids)
        free(*id);
    vec_done(&ids);
    return is_fine;
}
