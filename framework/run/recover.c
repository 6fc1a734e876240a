#include "framework/run/recover.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/path.h"
#include "framework/run/cgroup.h"
#include "framework/run/cull.h"
#include "framework/run/monotonic.h"
#include "framework/run/undo.h"

struct search {
    const struct recover *recover;
    char *marker; /* "ASSAY_RUN_ID=..." */
    pid_t self;
};

/* Records are in the order of their start, so pids are nearly ascending, but not quite: linear. */
static const struct journal_process_record *find_record(
    const struct journal_content *journal, const struct proc_entry *entry)
{
    VEC_EACH(const struct journal_process_record, record, &journal->processes) {
        if (record->pid == entry->pid && record->start_time == entry->start_time)
            return record;
    }
    return NULL;
}

static enum cull_answer judge(const void *context, const struct proc_entry *entry)
{
    const struct search *search = context;
    const struct journal_process_record *record = NULL;

    if (entry->pid == search->self)
        return search->recover->owns_children ? CULL_BELOW : CULL_SPARE;
    record = find_record(search->recover->journal, entry);
    if (record)
        return record->is_front_end ? CULL_SPARE : CULL_KILL;
    return proc_has_assignment(entry->pid, search->marker) ? CULL_KILL : CULL_INHERIT;
}

static assay_status search_init(
    struct search *search, const struct recover *recover, struct error *err)
{
    *search = (struct search){.recover = recover, .self = getpid()};
    search->marker = str_format("ASSAY_RUN_ID=%s", recover->journal->run_id);
    return search->marker ? ASSAY_OK : error_nomem(err);
}

assay_status recover_count(const struct recover *recover, size_t *out, struct error *err)
{
    struct search search;
    const struct cull cull = {.judge = judge, .context = &search};
    auto_vec struct vec found = VEC_INIT(struct proc_entry, CULL_VICTIMS_MAX);
    assay_status s = search_init(&search, recover, err);

    if (!s)
        s = cull_find(&cull, &found, err);
    free(search.marker);
    if (!s)
        *out = found.count;
    return s;
}

/* Is the zombie one of the run's? It has no environment any more, but still a control group. */
static bool is_our_zombie(const struct recover *recover, const struct proc_entry *entry)
{
    const char *cgroup = recover->journal->cgroup;
    char path[64];
    char text[CGROUP_PATH_SIZE];
    auto_file FILE *file = NULL;

    if (find_record(recover->journal, entry))
        return true;
    if (!cgroup)
        return false;
    (void)snprintf(path, sizeof path, "/proc/%d/cgroup", (int)entry->pid);
    file = fopen(path, "re");
    while (file && fgets(text, sizeof text, file))
        if (strstr(text, path_base(cgroup)))
            return true;
    return false;
}

/* Who died before we looked, killed with the control group, is still ours to reap. */
static void reap_zombies(const struct recover *recover)
{
    const pid_t self = getpid();
    auto_vec struct vec list = {0};

    if (proc_list(&list, NULL))
        return;
    VEC_EACH(const struct proc_entry, entry, &list) {
        if (entry->parent == self && entry->state == 'Z' && is_our_zombie(recover, entry))
            (void)waitpid(entry->pid, NULL, WNOHANG);
    }
}

/* For a caller whose children are all the run's: reaps, and says whether any live on. */
static bool has_children(void)
{
    pid_t pid = 0;

    do
        pid = waitpid(-1, NULL, WNOHANG);
    while (pid > 0 || (pid < 0 && errno == EINTR));
    return pid == 0;
}

static assay_status kill_all(const struct search *search, size_t *out_killed, struct error *err)
{
    const struct cull cull = {.judge = judge, .context = search};
    const struct recover *recover = search->recover;
    const int64_t deadline = monotonic_ns() + (recover->limit > 0 ? recover->limit : RECOVER_LIMIT);
    size_t total = 0;
    bool is_left = true;

    while (is_left) {
        size_t killed = 0;
        const assay_status s = cull_all(&cull, deadline, &killed, err);

        if (s)
            return s;
        total += killed;
        is_left = recover->owns_children && has_children();
    }
    reap_zombies(recover);
    *out_killed = total;
    return ASSAY_OK;
}

assay_status recover_kill(const struct recover *recover, size_t *out_killed, struct error *err)
{
    struct search search;
    size_t known = 0;
    size_t killed = 0;
    struct error why = {0};
    assay_status s = recover_count(recover, &known, err);

    if (!s)
        s = search_init(&search, recover, err);
    if (s)
        return s;
    /* The group first: it ends all at once and whoever is not found otherwise. A failure leaves
       nothing undone that the search does not do, too. */
    if (recover->journal->cgroup && cgroup_kill(recover->journal->cgroup, &why) &&
        recover->complain)
        recover->complain(recover->context, why.text);
    s = kill_all(&search, &killed, err);
    free(search.marker);
    if (!s)
        *out_killed = known > killed ? known : killed;
    return s;
}

size_t recover_undo(const struct recover *recover)
{
    const struct undo undo = {
        .journal = recover->journal, .complain = recover->complain, .context = recover->context};
    size_t failures = undo_replay(&undo);
    struct error err = {0};

    if (recover->journal->cgroup && cgroup_remove(recover->journal->cgroup, &err)) {
        failures++;
        if (recover->complain)
            recover->complain(recover->context, err.text);
    }
    return failures;
}

enum recover_origin recover_origin(const struct journal_content *journal)
{
    struct proc_machine here;

    proc_machine(&here);
    if (strcmp(here.host, journal->machine.host) != 0)
        return RECOVER_FOREIGN;
    if (strcmp(here.boot, journal->machine.boot) != 0)
        return RECOVER_REBOOTED;
    return strcmp(here.pids, journal->machine.pids) == 0 ? RECOVER_NATIVE : RECOVER_FOREIGN;
}
