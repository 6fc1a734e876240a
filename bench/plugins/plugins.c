/* What it costs to find and load a hundred plugins, beside a bare dlopen loop in the same run.

   Goals: loading at most 2.0 times the bare loop, listing at most 0.5 times loading. A library is
   opened once per process, so every measurement is a process of its own: this program, started
   again with the way to go as its argument. Prints one JSON object with the medians of the rounds
   and of the ratios within a round.

       bench_plugins [rounds, 9] */
#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/parse.h"
#include "framework/base/str.h"
#include "framework/plugin/catalogue.h"
#include "framework/plugin/digest.h"
#include "framework/plugin/loader.h"

enum {
    PLUGINS = 100,
    ROUNDS_MAX = 101
};

static const char first_id[] = "bench.p000";

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what)
{
    (void)fprintf(stderr, "bench_plugins: %s\n", what);
    exit(2);
}

/* ---- a hundred plugins from one ---- */

static void rename_plugin(struct file_text *text, unsigned n)
{
    char id[sizeof(first_id)];

    (void)snprintf(id, sizeof(id), "bench.p%03u", n % 1000u);
    for (char *at = text->data;
         (at = memmem(at, text->size - (size_t)(at - text->data), first_id, sizeof(first_id)));)
        (void)memcpy(at, id, sizeof(id));
}

static void make_plugins(const char *directory)
{
    struct error err = {.text = ""};

    for (unsigned n = 1; n <= PLUGINS; n++) {
        struct file_text text;
        auto_free char *path = str_format("%s/bench.p%03u.so", directory, n);

        if (!path || file_read(BENCH_PLUGIN, 64 << 20, &text, &err))
            die(err.text);
        rename_plugin(&text, n);
        if (file_write(path, &text, FILE_PLAIN, &err) || chmod(path, 0644) != 0)
            die(err.text);
        free(text.data);
    }
}

/* ---- one measurement, in a process of its own ---- */

static void open_bare(const char *directory)
{
    for (unsigned n = 1; n <= PLUGINS; n++) {
        const assay_library *(*entry)(void) = NULL;
        auto_free char *path = str_format("%s/bench.p%03u.so", directory, n);
        void *handle = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;

        if (!handle)
            die(dlerror());
        *(void **)&entry = dlsym(handle, "assay_library_v1");
        if (!entry || entry()->plugin_count != 1)
            die("no plugin in it");
    }
}

static struct catalogue *open_catalogue(const char *directory)
{
    const char *const directories[] = {directory, NULL};
    struct catalogue *cat = NULL;
    struct error err = {.text = ""};

    if (catalogue_new(
            &(struct catalogue_options){
                .directories = directories, .no_environment = true, .no_own = true},
            &cat, &err))
        die(err.text);
    return cat;
}

static void load_all(const char *directory)
{
    auto_catalogue struct catalogue *cat = open_catalogue(directory);
    auto_loader struct loader *loader = NULL;
    struct error err = {.text = ""};

    if (loader_new(&(struct loader_options){0}, &loader, &err))
        die(err.text);
    for (unsigned n = 1; n <= PLUGINS; n++) {
        auto_free char *id = str_format("bench.p%03u", n);
        auto_free char *path = NULL;
        const struct plugin *plugin = NULL;

        if (!id || catalogue_find(cat, id, ASSAY_WORKLOAD, &path, &err) ||
            loader_open(loader, &(struct loader_request){.path = path, .id = id}, &plugin, &err))
            die(err.text);
    }
}

static void list_all(const char *directory)
{
    auto_catalogue struct catalogue *cat = open_catalogue(directory);
    auto_catalogue_entries struct vec entries = {.items = NULL};
    struct error err = {.text = ""};

    if (catalogue_list(cat, &entries, &err))
        die(err.text);
    VEC_EACH(struct catalogue_entry, entry, &entries) {
        if (entry->problem)
            die(entry->problem);
    }
    if (entries.count != PLUGINS)
        die("not all are listed");
}

/* The digests for the report, which a run makes when it begins and loading alone does not. */
static void digest_all(const char *directory)
{
    struct error err = {.text = ""};

    for (unsigned n = 1; n <= PLUGINS; n++) {
        auto_free char *path = str_format("%s/bench.p%03u.so", directory, n);
        struct file_text text;
        char digest[SHA256_TEXT_SIZE];

        if (!path || file_read(path, 64 << 20, &text, &err))
            die(err.text);
        digest_sha256(text.data, text.size, digest);
        free(text.data);
    }
}

static const struct way {
    const char *name;
    void (*go)(const char *directory);
} ways[] = {{"bare", open_bare}, {"load", load_all}, {"list", list_all}, {"digest", digest_all}};

enum {
    BARE,
    LOAD,
    LIST,
    DIGEST,
    WAYS
};

/* The child: goes one way and prints how long it took. */
static int measure(const char *name, const char *directory)
{
    for (int i = 0; i < WAYS; i++) {
        if (strcmp(name, ways[i].name) != 0)
            continue;
        const int64_t start = now_ns();
        ways[i].go(directory);
        (void)printf("%" PRId64 "\n", now_ns() - start);
        return 0;
    }
    return 2;
}

static double measure_in_child(const char *name, const char *directory)
{
    const char *argv[] = {"bench_plugins", name, directory, NULL};
    posix_spawn_file_actions_t files;
    char text[64] = "";
    int ends[2];
    int how = 0;
    pid_t child = 0;

    if (pipe(ends) != 0 || posix_spawn_file_actions_init(&files) != 0 ||
        posix_spawn_file_actions_adddup2(&files, ends[1], 1) != 0 ||
        posix_spawn(&child, "/proc/self/exe", &files, NULL, (char **)argv, environ) != 0)
        die("cannot start itself");
    (void)close(ends[1]);
    const ssize_t got = read(ends[0], text, sizeof(text) - 1);
    (void)close(ends[0]);
    (void)posix_spawn_file_actions_destroy(&files);
    while (waitpid(child, &how, 0) < 0 && errno == EINTR)
        continue;
    if (how != 0 || got <= 0)
        die("a measurement failed");
    return strtod(text, NULL) / 1e6;
}

/* ---- */

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;

    return (left > right) - (left < right);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof(*values), compare);
    return values[count / 2];
}

static void run_rounds(const char *directory, size_t rounds)
{
    static double times[WAYS][ROUNDS_MAX], load_ratios[ROUNDS_MAX], list_ratios[ROUNDS_MAX];

    for (int i = 0; i < WAYS; i++) /* a first round, to have the files in memory */
        (void)measure_in_child(ways[i].name, directory);
    for (size_t round = 0; round < rounds; round++) {
        for (int i = 0; i < WAYS; i++)
            times[i][round] = measure_in_child(ways[i].name, directory);
        load_ratios[round] = times[LOAD][round] / times[BARE][round];
        list_ratios[round] = times[LIST][round] / times[LOAD][round];
    }
    (void)printf(
        "{\"bench\": \"plugins\", \"plugins\": %d, \"rounds\": %zu, \"bare_ms\": %.3f, "
        "\"load_ms\": %.3f, \"list_ms\": %.3f, \"digest_ms\": %.3f, \"load_to_bare\": %.3f, "
        "\"load_to_bare_goal\": 2.0, \"list_to_load\": %.3f, \"list_to_load_goal\": 0.5}\n",
        PLUGINS, rounds, median(times[BARE], rounds), median(times[LOAD], rounds),
        median(times[LIST], rounds), median(times[DIGEST], rounds), median(load_ratios, rounds),
        median(list_ratios, rounds));
}

int main(int argc, char **argv)
{
    auto_free char *own = realpath("/proc/self/exe", NULL);
    uint64_t rounds = 9;

    if (argc == 3)
        return measure(argv[1], argv[2]);
    if (argc > 2 ||
        (argc == 2 &&
            parse_u64_in(argv[1], (struct u64_range){1, ROUNDS_MAX}, &rounds, NULL) != ASSAY_OK))
        die("usage: bench_plugins [rounds, 1 to 101]");
    /* Beside the program, where its user alone can write: the loader insists. */
    auto_free char *directory = own ? str_format("%s-XXXXXX", own) : NULL;
    if (!directory || !mkdtemp(directory))
        die("no scratch directory");
    make_plugins(directory);
    run_rounds(directory, (size_t)rounds);
    (void)dir_remove(directory, NULL);
    return 0;
}
