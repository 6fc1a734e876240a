#include "framework/run/keep.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/path.h"

static bool is_kept(const char *keep, enum outcome outcome)
{
    if (getenv("NOMOS_TESTS_KEEP_LOGS"))
        return true;
    return strcmp(keep, "always") == 0 || (strcmp(keep, "failed") == 0 && outcome != OUTCOME_PASS);
}

/* Calls `visit` with the path of each directory in `directory`. */
static void each_directory(const char *directory, void (*visit)(const char *path))
{
    DIR *entries = opendir(directory);
    const struct dirent *entry;

    while (entries && (entry = readdir(entries))) {
        auto_free char *path = NULL;

        if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0)
            continue;
        path = path_join(directory, entry->d_name);
        if (path)
            visit(path);
    }
    if (entries)
        (void)closedir(entries);
}

static void remove_directory(const char *path)
{
    (void)dir_remove(path, NULL);
}

static void empty_node(const char *path)
{
    each_directory(path, remove_directory);
}

void keep_nodes(const char *run_directory, const char *keep, enum outcome outcome)
{
    auto_free char *nodes = NULL;

    if (is_kept(keep, outcome))
        return;
    nodes = path_join(run_directory, "nodes");
    if (nodes)
        each_directory(nodes, empty_node);
}
