#include "framework/run/launch_prepare.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/str.h"
#include "framework/run/journal.h"

enum {
    ID_ATTEMPTS = 64 /* at names that nobody has: four hex digits within one second */
};

#ifndef ASSAY_INSTALLED_LIBEXEC
#error "the build defines ASSAY_INSTALLED_LIBEXEC"
#endif
#ifndef ASSAY_LIBRARY_TO_LIBEXEC
#error "the build defines ASSAY_LIBRARY_TO_LIBEXEC"
#endif

/* ---- programs ---- */

static bool is_program(const char *path)
{
    struct stat info;

    return path && stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* "<where this program is>/../libexec/assay"; NULL when it cannot be told. */
static char *beside_this_program(void)
{
    auto_free char *self = realpath("/proc/self/exe", NULL);
    char *slash = self ? strrchr(self, '/') : NULL;

    if (!slash)
        return NULL;
    *slash = '\0';
    return str_format("%s/../libexec/assay", self);
}

/* The loaded file that has `address` in one of its segments. */
struct object {
    uintptr_t address;
    char *path;
};

static int note_object(struct dl_phdr_info *info, size_t size, void *context)
{
    struct object *object = context;

    (void)size;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

        if (info->dlpi_phdr[i].p_type == PT_LOAD && object->address >= begin &&
            object->address - begin < info->dlpi_phdr[i].p_memsz) {
            object->path = realpath(info->dlpi_name, NULL); /* "" is the program: no such file */
            return 1;
        }
    }
    return 0;
}

/* Where an installation has its programs as seen from libassay, wherever it was moved to; NULL when
   this code is in a program and not in the library. */
static char *beside_this_library(void)
{
    static const char here = 0;
    struct object object = {.address = (uintptr_t)&here};
    auto_free char *self = NULL;
    char *slash;

    (void)dl_iterate_phdr(note_object, &object);
    self = object.path;
    slash = self ? strrchr(self, '/') : NULL;
    if (!slash)
        return NULL;
    *slash = '\0';
    return str_format("%s/" ASSAY_LIBRARY_TO_LIBEXEC, self);
}

assay_status launch_find_program(const char *name, char **out, struct error *err)
{
    const char *told = secure_getenv("ASSAY_LIBEXEC");
    auto_free char *beside = beside_this_program();
    auto_free char *library = beside_this_library();
    const char *const places[] = {told, beside, library, ASSAY_INSTALLED_LIBEXEC};

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        auto_free char *path = NULL;

        if (!places[i] || places[i][0] == '\0')
            continue;
        path = path_join(places[i], name);
        if (!path)
            return error_nomem(err);
        if (is_program(path))
            return path_absolute(path, out, err);
    }
    return error_set(err, ASSAY_E_NOTFOUND,
        "%s is in none of %s%s%s%s%s and " ASSAY_INSTALLED_LIBEXEC
        "; install assay, or set ASSAY_LIBEXEC to the directory that has it",
        name, told ? told : "", told ? ", " : "", library ? library : "", library ? ", " : "",
        beside ? beside : "(unknown)");
}

static assay_status find_or_take(const char *given, const char *name, char **out, struct error *err)
{
    if (!given)
        return launch_find_program(name, out, err);
    if (!is_program(given))
        return error_set(err, ASSAY_E_NOTFOUND, "%s is not a program", given);
    return path_absolute(given, out, err);
}

/* ---- name ---- */

static time_t now_s(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

/* The scenario's name, fit for a file name; then time and chance. */
static assay_status make_id(char out[LAUNCH_RUN_ID_SIZE], const char *name, struct error *err)
{
    const time_t now = now_s();
    char clean[LAUNCH_NAME_MAX + 1] = "";
    char stamp[24] = "";
    uint16_t chance = 0;
    struct tm utc;

    for (size_t i = 0; i < LAUNCH_NAME_MAX && name && name[i] != '\0'; i++)
        clean[i] = isalnum((unsigned char)name[i]) || strchr("._", name[i]) ? name[i] : '-';
    if (clean[0] == '.' || clean[0] == '-')
        clean[0] = '_';
    if (getrandom(&chance, sizeof chance, 0) != (ssize_t)sizeof chance || !gmtime_r(&now, &utc) ||
        strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &utc) == 0)
        return error_errno(err, errno, "no run id can be made");
    (void)snprintf(out, LAUNCH_RUN_ID_SIZE, "%s-%s-%04x", clean[0] != '\0' ? clean : "run", stamp,
        (unsigned)chance);
    return ASSAY_OK;
}

/* ---- directory ---- */

static void close_directory(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory);
}

static bool is_empty(const char *path)
{
    __attribute__((cleanup(close_directory))) DIR *directory = opendir(path);

    for (const struct dirent *item = directory ? readdir(directory) : NULL; item;
         item = readdir(directory))
        if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
            return false;
    return directory != NULL;
}

static assay_status take_directory(
    struct preparation *preparation, const struct launch_options *options, struct error *err)
{
    assay_status s = make_id(preparation->run_id, options->name, err);

    if (!s)
        s = path_absolute(options->run_directory, &preparation->run_directory, err);
    if (!s)
        s = dir_make(preparation->run_directory, 0755, err);
    if (!s && !is_empty(preparation->run_directory))
        s = error_set(err, ASSAY_E_DENIED,
            "%s is not empty: it may be another run's; name a new directory",
            preparation->run_directory);
    return s;
}

/* A directory that nobody had before, so that two runs that start together stay apart. */
static assay_status make_directory(
    struct preparation *preparation, const struct launch_options *options, struct error *err)
{
    auto_free char *parent = NULL;
    const char *runs = options->runs_directory ? options->runs_directory : "runs";
    assay_status s = path_absolute(runs, &parent, err);

    if (!s)
        s = dir_make(parent, 0755, err);
    for (int i = 0; !s && i < ID_ATTEMPTS; i++) {
        s = make_id(preparation->run_id, options->name, err);
        if (s)
            return s;
        free(preparation->run_directory);
        preparation->run_directory = path_join(parent, preparation->run_id);
        if (!preparation->run_directory)
            return error_nomem(err);
        if (mkdir(preparation->run_directory, 0755) == 0)
            return ASSAY_OK;
        if (errno != EEXIST)
            return error_errno(err, errno, "%s cannot be made", preparation->run_directory);
    }
    return s ? s : error_set(err, ASSAY_E_INTERNAL, "%s is full of runs of this second", parent);
}

static assay_status write_text(
    const struct preparation *preparation, const char *name, const char *text, struct error *err)
{
    auto_free char *path = path_join(preparation->run_directory, name);
    auto_free char *copy = mem_dup(text);
    struct file_text content = {0};

    if (!path || !copy)
        return error_nomem(err);
    content = (struct file_text){.data = copy, .size = strlen(copy)};
    return file_write(path, &content, FILE_PLAIN, err);
}

static assay_status find_journal(struct preparation *preparation, struct error *err)
{
    auto_free char *directory = NULL;
    assay_status s = journal_directory(&directory, err);

    if (s)
        return s;
    preparation->journal = str_format("%s/%s.journal", directory, preparation->run_id);
    preparation->marker = str_format("ASSAY_RUN_ID=%s", preparation->run_id);
    return preparation->journal && preparation->marker ? ASSAY_OK : error_nomem(err);
}

assay_status preparation_init(
    struct preparation *preparation, const struct launch_options *options, struct error *err)
{
    assay_status s = ASSAY_OK;

    *preparation = (struct preparation){0};
    if (!options->name || !options->manifest)
        return error_set(err, ASSAY_E_INVALID, "a run needs a name and a manifest");
    s = find_or_take(options->supervisor, "assay-supervisor", &preparation->supervisor, err);
    if (!s)
        s = find_or_take(options->worker, "assay-worker", &preparation->worker, err);
    if (!s)
        s = options->run_directory ? take_directory(preparation, options, err)
                                   : make_directory(preparation, options, err);
    if (!s)
        s = write_text(preparation, "manifest.expanded.ini", options->manifest, err);
    if (!s && options->original)
        s = write_text(preparation, "manifest.ini", options->original, err);
    if (!s)
        s = find_journal(preparation, err);
    if (s)
        preparation_done(preparation);
    return s;
}

void preparation_done(struct preparation *preparation)
{
    free(preparation->run_directory);
    free(preparation->worker);
    free(preparation->supervisor);
    free(preparation->journal);
    free(preparation->marker);
    *preparation = (struct preparation){0};
}
