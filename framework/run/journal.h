/* The undo journal of a run: what it has set up outside of itself, so that whoever survives can
   clear it away.

   A text file `<state directory>/journals/<run id>.journal`, one record per line, words separated
   by blanks, odd bytes as %XX. It is only appended to:

       assay-journal 1
       run demo-20261123-120000-4f1a
       directory /home/kim/runs/demo-20261123-120000-4f1a
       machine kims-laptop 5c8e...-boot-id pid:[4026531836]
       cgroup /sys/fs/cgroup/user.slice/.../assay-demo-20261123-120000-4f1a
       process frontend 4711 8812345
       process supervisor 4712 8812350
       process worker 4713 8812351
       process validator-0 4714 8812360
       undo /usr/bin/docker compose -p assay-demo down -v
       remove /home/kim/runs/demo-20261123-120000-4f1a/work

   The owner (the supervisor) holds an flock on it as long as it lives; a journal without a lock is
   stale. The descriptor is close-on-exec, so no child keeps the lock. Records that matter after a
   crash of the machine, undo and remove, are on disk before the deed is done (journal_sync); the
   others only have to outlive their writer, for which the page cache is enough.

   A reader ignores a torn last line (its deed was never done), and counts lines that it does not
   understand instead of giving up: what can be undone is undone, and the journal is kept.

   One thread. Limits: the enum below. */
#ifndef ASSAY_RUN_JOURNAL_H
#define ASSAY_RUN_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "framework/base/error.h"
#include "framework/base/str.h"
#include "framework/base/vec.h"
#include "framework/run/proc.h"

enum {
    JOURNAL_VERSION = 1,
    JOURNAL_UNDO_MAX = 4096,              /* undo and remove records of one run */
    JOURNAL_PROCESSES_MAX = 1 << 20,      /* process records, as PROCESSES_MAX */
    JOURNAL_SIZE_MAX = 128 * 1024 * 1024, /* bytes read; that many records fit */
    JOURNAL_BUFFER_MAX = 1024 * 1024      /* bytes buffered before they are written */
};

/* ---- writing ---- */

struct journal {
    int fd; /* -1: closed */
    char *path;
    struct str pending; /* formatted, not yet written */
    off_t size;         /* of whole records in the file */
    size_t undo_count;
    bool is_broken; /* the file ends in half a record that could not be taken back */
};

struct journal_header {
    const char *run_id;
    const char *run_directory; /* absolute */
};

/* Makes the file (and the directories above, 0700), locks it and writes its head.
   ASSAY_E_DENIED: a journal of that name is there already. */
assay_status journal_create(struct journal *journal, const char *path,
    const struct journal_header *header, struct error *err);

/* Buffered until journal_flush. The start time is looked up. Who has ended already is left out. */
assay_status journal_process(struct journal *journal, const char *role, pid_t pid);
assay_status journal_cgroup(struct journal *journal, const char *path);
assay_status journal_flush(struct journal *journal, struct error *err);

/* Buffered; on disk after journal_sync, which several records may share.
   ASSAY_E_INVALID: no command, or JOURNAL_UNDO_MAX reached. */
assay_status journal_undo(struct journal *journal, const char *const *argv, struct error *err);
assay_status journal_remove_later(struct journal *journal, const char *path, struct error *err);
assay_status journal_sync(struct journal *journal, struct error *err);

/* Nothing is left to undo: deletes the file, then lets go of it. */
assay_status journal_finish(struct journal *journal, struct error *err);

/* Lets go and leaves the file, which is stale from then on. */
void journal_close(struct journal *journal);

/* ---- reading ---- */

struct journal_process_record {
    pid_t pid;
    uint64_t start_time;
    bool is_front_end; /* whose program it is: never to be killed */
};

struct journal_undo_record {
    char **argv;  /* NULL at the end; NULL for a removal */
    char *remove; /* a directory to remove; NULL for a command */
};

struct journal_content {
    char *run_id;
    char *run_directory;
    char *cgroup; /* NULL: there is none */
    struct proc_machine machine;
    struct vec processes; /* struct journal_process_record */
    struct vec undos;     /* struct journal_undo_record, oldest first */
    size_t bad_lines;
    bool is_torn; /* the last line was incomplete */
};

void journal_content_done(struct journal_content *content);
CLEANUP_DEFINE_DONE(auto_journal_content, struct journal_content, journal_content_done)
#define auto_journal_content CLEANUP(auto_journal_content)

/* Opens a stale journal, takes its lock, and reads it. *out can then be ended with
   journal_finish or journal_close.
   ASSAY_E_LAGGED: somebody holds the lock, the run is alive. ASSAY_E_NOTFOUND: it is gone.
   ASSAY_E_DENIED: others could have written it, so nothing in it is believed.
   ASSAY_E_INVALID: it is not a journal of ours, or a newer one. */
assay_status journal_open(
    const char *path, struct journal *out, struct journal_content *content, struct error *err);

/* As journal_open, without lock and also when the run is alive: for looking only. */
assay_status journal_peek(const char *path, struct journal_content *content, struct error *err);

/* Is `path` below `directory`, by its text alone: absolute, no "." or ".." in it? */
bool journal_is_below(const char *path, const char *directory);

/* The directory of journals: $ASSAY_STATE_DIR, else $XDG_STATE_HOME/assay, else
   ~/.local/state/assay, each with /journals. For the caller to free. */
assay_status journal_directory(char **out, struct error *err);

#endif
