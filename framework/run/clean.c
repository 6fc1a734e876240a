#include "framework/run/clean.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"
#include "framework/base/vec.h"
#include "framework/run/recover.h"

enum {
    JOURNALS_MAX = 65536
};

static const char suffix[] = ".journal";

struct journal_name {
    char *text;
};

struct cleaning {
    const struct clean_options *options;
    void (*report)(void *context, const struct clean_item *item);
    void *context;
    bool has_failed;
    char why[ERROR_TEXT_SIZE]; /* the first complaint about the present journal */
};

static void complain(void *context, const char *text)
{
    struct cleaning *cleaning = context;

    if (cleaning->why[0] == '\0')
        (void)snprintf(cleaning->why, sizeof cleaning->why, "%s", text);
}

/* Kills and undoes; fills processes and outcome. */
static void clean_run(
    struct cleaning *cleaning, const struct journal_content *content, struct clean_item *item)
{
    const struct recover recover = {.journal = content, .complain = complain, .context = cleaning};
    const enum recover_origin origin = recover_origin(content);
    const bool has_processes = origin == RECOVER_NATIVE;
    size_t failures = 0;
    struct error err = {0};
    assay_status s = ASSAY_OK;

    item->undos = content->undos.count;
    if (origin == RECOVER_FOREIGN) {
        item->outcome = CLEAN_FOREIGN;
        complain(cleaning, "it ran on another machine or in another container; clean it there");
        return;
    }
    if (cleaning->options->is_dry) {
        s = has_processes ? recover_count(&recover, &item->processes, &err) : ASSAY_OK;
    } else {
        s = has_processes ? recover_kill(&recover, &item->processes, &err) : ASSAY_OK;
        failures = s ? item->undos : recover_undo(&recover);
        item->undos -= failures < item->undos ? failures : item->undos;
        if (failures > 0)
            s = s ? s : ASSAY_E_IO; /* complain has the reason */
    }
    if (err.text[0] != '\0')
        complain(cleaning, err.text);
    item->outcome = s ? CLEAN_FAILED : CLEAN_DONE;
}

/* What remains of the journal itself. */
static void end_journal(struct cleaning *cleaning, struct journal *journal, struct clean_item *item)
{
    const bool is_over = item->outcome == CLEAN_DONE ||
        (item->outcome == CLEAN_FAILED && cleaning->options->forgets);
    struct error err = {0};

    if (!is_over || cleaning->options->is_dry) {
        journal_close(journal);
        return;
    }
    if (journal_finish(journal, &err)) {
        complain(cleaning, err.text);
        item->outcome = CLEAN_FAILED;
    }
}

static void clean_one(struct cleaning *cleaning, const char *path, const char *name)
{
    auto_journal_content struct journal_content content = {0};
    struct journal journal = {.fd = -1};
    struct clean_item item = {.run_id = name, .outcome = CLEAN_FAILED, .why = cleaning->why};
    struct error err = {0};
    const assay_status s = journal_open(path, &journal, &content, &err);

    cleaning->why[0] = '\0';
    if (s == ASSAY_E_NOTFOUND)
        return; /* somebody else has just cleaned it */
    if (s) {
        item.outcome = s == ASSAY_E_LAGGED ? CLEAN_ALIVE : CLEAN_FAILED;
        complain(cleaning, err.text);
    } else {
        item.run_id = content.run_id;
        item.run_directory = content.run_directory;
        clean_run(cleaning, &content, &item);
        end_journal(cleaning, &journal, &item);
    }
    cleaning->has_failed = cleaning->has_failed || item.outcome == CLEAN_FAILED;
    cleaning->report(cleaning->context, &item);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct journal_name *)a)->text, ((const struct journal_name *)b)->text);
}

static bool is_wanted(const struct clean_options *options, const char *name)
{
    const size_t len = strlen(name);
    const size_t stem = len > strlen(suffix) ? len - strlen(suffix) : 0;

    if (stem == 0 || strcmp(name + stem, suffix) != 0)
        return false;
    return !options->run_id ||
        (strlen(options->run_id) == stem && strncmp(options->run_id, name, stem) == 0);
}

/* Names of the journals that are wanted; the caller frees each. A directory that is not there has
   none. */
static assay_status list_names(
    const struct clean_options *options, const char *path, struct vec *names, struct error *err)
{
    __attribute__((cleanup(close_directory))) DIR *directory = opendir(path);

    if (!directory)
        return errno == ENOENT ? ASSAY_OK : error_errno(err, errno, "%s cannot be read", path);
    for (const struct dirent *item = readdir(directory); item; item = readdir(directory)) {
        struct journal_name name = {0};

        if (!is_wanted(options, item->d_name))
            continue;
        name.text = mem_dup(item->d_name);
        if (!name.text || vec_push(names, &name)) {
            free(name.text);
            return error_nomem(err);
        }
    }
    vec_sort(names, compare_names);
    return ASSAY_OK;
}

static assay_status clean_names(
    struct cleaning *cleaning, const char *directory, const struct vec *names, struct error *err)
{
    VEC_EACH(const struct journal_name, name, names) {
        auto_free char *path = path_join(directory, name->text);
        auto_free char *stem = mem_dup_n(name->text, strlen(name->text) - strlen(suffix));

        if (!path || !stem)
            return error_nomem(err);
        clean_one(cleaning, path, stem);
    }
    return ASSAY_OK;
}

assay_status run_clean(const struct clean_options *options,
    void (*report)(void *context, const struct clean_item *item), void *context, struct error *err)
{
    struct cleaning cleaning = {.options = options, .report = report, .context = context};
    auto_free char *directory = NULL;
    auto_vec struct vec names = VEC_INIT(struct journal_name, JOURNALS_MAX);
    assay_status s = ASSAY_OK;

    s = options->directory ? path_absolute(options->directory, &directory, err)
                           : journal_directory(&directory, err);
    if (!s)
        s = list_names(options, directory, &names, err);
    if (!s && options->run_id && names.count == 0)
        s = error_set(err, ASSAY_E_NOTFOUND,
            "run %s has left no journal in %s: there is nothing to clean", options->run_id,
            directory);
    if (!s)
        s = clean_names(&cleaning, directory, &names, err);
    VEC_EACH(const struct journal_name, name, &names) {
        free(name->text);
    }
    if (!s && cleaning.has_failed)
        s = error_set(err, ASSAY_E_INTERNAL,
            "not everything could be cleaned: put right what stands above and clean again, or give "
            "up on "
            "it with --forget");
    return s;
}
