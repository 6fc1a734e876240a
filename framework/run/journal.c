#include "framework/run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/path.h"

/* A word of a record: printable bytes as they are, everything else and '%' as %XX, nothing as %-. */
static assay_status append_word(struct str *out, const char *word)
{
    (void)str_append_char(out, ' ');
    if (word[0] == '\0')
        return str_append(out, "%-");
    for (const char *c = word; *c; c++) {
        const unsigned char byte = (unsigned char)*c;

        if (byte <= ' ' || byte == '%' || byte >= 0x7f)
            (void)str_appendf(out, "%%%02X", byte);
        else
            (void)str_append_char(out, *c);
    }
    return out->status;
}

/* Adds a whole line or nothing. */
static assay_status add_record(
    struct journal *journal, const char *keyword, const char *const *words)
{
    struct str *out = &journal->pending;
    const size_t before = out->len;

    (void)str_append(out, keyword);
    for (size_t i = 0; words[i]; i++)
        (void)append_word(out, words[i]);
    (void)str_append_char(out, '\n');
    if (!out->status)
        return ASSAY_OK;
    str_truncate(out, before);
    out->status = ASSAY_OK;
    return ASSAY_E_NOMEM;
}

static assay_status add_head(
    struct journal *journal, const struct journal_header *header, struct error *err)
{
    struct proc_machine machine;

    proc_machine(&machine);
    if (add_record(journal, "assay-journal", (const char *const[]){"1", NULL}) ||
        add_record(journal, "run", (const char *const[]){header->run_id, NULL}) ||
        add_record(journal, "directory", (const char *const[]){header->run_directory, NULL}) ||
        add_record(journal, "machine",
            (const char *const[]){machine.host, machine.boot, machine.pids, NULL}))
        return error_nomem(err);
    return journal_sync(journal, err);
}

static assay_status make_parent(const char *path, struct error *err)
{
    auto_free char *parent = mem_dup(path);
    char *slash = parent ? strrchr(parent, '/') : NULL;

    if (!parent)
        return error_nomem(err);
    if (!slash || slash == parent)
        return ASSAY_OK;
    *slash = '\0';
    return dir_make(parent, 0700, err);
}

/* Under another name until it is locked and has its head, so that a cleaner that looks at all
   journals never meets one that is half made. */
static assay_status create_as(
    struct journal *made, const char *draft, const struct journal_header *header, struct error *err)
{
    assay_status s = ASSAY_OK;

    made->fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (made->fd < 0)
        return error_errno(err, errno, "%s cannot be made", draft);
    if (flock(made->fd, LOCK_EX | LOCK_NB) < 0)
        s = error_errno(err, errno, "%s cannot be locked", draft);
    if (!s)
        s = add_head(made, header, err);
    if (!s && renameat2(AT_FDCWD, draft, AT_FDCWD, made->path, RENAME_NOREPLACE) < 0)
        s = errno == EEXIST ? error_set(err, ASSAY_E_DENIED, "%s is there already", made->path)
                            : error_errno(err, errno, "%s cannot be made", made->path);
    if (s)
        (void)unlink(draft);
    return s;
}

assay_status journal_create(struct journal *journal, const char *path,
    const struct journal_header *header, struct error *err)
{
    struct journal made = {.fd = -1};
    auto_free char *draft = str_format("%s.new", path);
    assay_status s = make_parent(path, err);

    *journal = made;
    if (s)
        return error_wrap(err, s, "while making the directory of journals");
    str_init(&made.pending, JOURNAL_BUFFER_MAX);
    made.path = mem_dup(path);
    s = made.path && draft ? create_as(&made, draft, header, err) : error_nomem(err);
    if (s) {
        journal_close(&made);
        return s;
    }
    *journal = made;
    return ASSAY_OK;
}

assay_status journal_process(struct journal *journal, const char *role, pid_t pid)
{
    struct proc_entry entry;
    char pid_text[24];
    char time_text[24];

    if (proc_read(pid, &entry))
        return ASSAY_OK;
    (void)snprintf(pid_text, sizeof pid_text, "%d", (int)pid);
    (void)snprintf(time_text, sizeof time_text, "%" PRIu64, entry.start_time);
    return add_record(journal, "process", (const char *const[]){role, pid_text, time_text, NULL});
}

assay_status journal_cgroup(struct journal *journal, const char *path)
{
    return add_record(journal, "cgroup", (const char *const[]){path, NULL});
}

/* A record that was written in part must not stay: cut off, a command may mean something else. If
   it cannot be taken back either, nothing more is written, and the torn last line is ignored. */
static void take_back(struct journal *journal)
{
    if (ftruncate(journal->fd, journal->size) == 0)
        return;
    journal->is_broken = true;
}

assay_status journal_flush(struct journal *journal, struct error *err)
{
    const size_t size = journal->pending.len;
    assay_status s = ASSAY_OK;

    if (size == 0)
        return ASSAY_OK;
    if (journal->is_broken)
        return error_set(err, ASSAY_E_IO, "%s could not be written before", journal->path);
    s = file_write_fd(journal->fd, str_text(&journal->pending), size, err);
    str_clear(&journal->pending);
    if (s) {
        take_back(journal);
        return error_wrap(err, s, "while writing %s", journal->path);
    }
    journal->size += (off_t)size;
    return ASSAY_OK;
}

static assay_status count_undo(struct journal *journal, struct error *err)
{
    if (journal->undo_count >= JOURNAL_UNDO_MAX)
        return error_set(err, ASSAY_E_INVALID,
            "the run has %d things to undo already; one command can undo several",
            JOURNAL_UNDO_MAX);
    journal->undo_count++;
    return ASSAY_OK;
}

assay_status journal_undo(struct journal *journal, const char *const *argv, struct error *err)
{
    if (!argv || !argv[0] || argv[0][0] != '/')
        return error_set(err, ASSAY_E_INVALID, "an undo command starts with an absolute path");
    if (count_undo(journal, err))
        return ASSAY_E_INVALID;
    return add_record(journal, "undo", argv) ? error_nomem(err) : ASSAY_OK;
}

assay_status journal_remove_later(struct journal *journal, const char *path, struct error *err)
{
    if (count_undo(journal, err))
        return ASSAY_E_INVALID;
    return add_record(journal, "remove", (const char *const[]){path, NULL}) ? error_nomem(err)
                                                                            : ASSAY_OK;
}

assay_status journal_sync(struct journal *journal, struct error *err)
{
    assay_status s = journal_flush(journal, err);

    if (s)
        return s;
    if (fdatasync(journal->fd) < 0)
        return error_errno(err, errno, "%s cannot be written to disk", journal->path);
    return ASSAY_OK;
}

assay_status journal_finish(struct journal *journal, struct error *err)
{
    assay_status s = ASSAY_OK;

    if (journal->path && unlink(journal->path) < 0 && errno != ENOENT)
        s = error_errno(err, errno, "%s cannot be deleted", journal->path);
    journal_close(journal);
    return s;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0)
        (void)close(journal->fd);
    free(journal->path);
    str_done(&journal->pending);
    *journal = (struct journal){.fd = -1};
}

bool journal_is_below(const char *path, const char *directory)
{
    const size_t len = strlen(directory);

    if (directory[0] != '/' || strncmp(path, directory, len) != 0 || path[len] != '/' ||
        path[len + 1] == '\0')
        return false;
    for (const char *part = path + len; part; part = strchr(part + 1, '/')) {
        const size_t size = strcspn(part + 1, "/");

        if (size == 0 || (part[1] == '.' && (size == 1 || (size == 2 && part[2] == '.'))))
            return false;
    }
    return true;
}

assay_status journal_directory(char **out, struct error *err)
{
    const char *state = secure_getenv("ASSAY_STATE_DIR");
    const char *xdg = secure_getenv("XDG_STATE_HOME");
    const char *home = secure_getenv("HOME");
    auto_free char *relative = NULL;

    if (state && state[0] != '\0')
        relative = str_format("%s/journals", state);
    else if (xdg && xdg[0] == '/')
        relative = str_format("%s/assay/journals", xdg);
    else if (home && home[0] == '/')
        relative = str_format("%s/.local/state/assay/journals", home);
    else
        return error_set(err, ASSAY_E_INVALID,
            "there is no place for the undo journal: set HOME or ASSAY_STATE_DIR");
    if (!relative)
        return error_nomem(err);
    return path_absolute(relative, out, err);
}
