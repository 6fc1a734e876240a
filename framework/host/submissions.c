#include "framework/host/submissions.h"

#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/vec.h"
#include "framework/host/idtable.h"
#include "framework/host/record.h"
#include "framework/host/state.h"
#include "framework/host/texts.h"

/* Entries stand in pages, so that growing copies nothing. */
enum {
    PAGE_ENTRIES = 1024,
    PAGES_MAX = SUBMISSIONS_MAX / PAGE_ENTRIES
};

struct entry {
    const char *id;
    assay_ns at, sent, done;
    uint32_t node;
    uint32_t outcome;
};

/* All entries of one kind. */
struct book {
    char kind[SUBMISSION_KIND_SIZE];
    struct vec pages; /* struct entry * */
    size_t count;
    struct idtable by_id; /* id -> index */
};

struct submissions {
    pthread_mutex_t lock; /* guards everything */
    struct book *books[SUBMISSION_KINDS_MAX];
    size_t book_count;
    size_t count; /* of all kinds */
    struct texts texts;
};

static struct entry *book_entry(const struct book *book, size_t index)
{
    struct entry *const *page = vec_at(&book->pages, index / PAGE_ENTRIES);

    return &(*page)[index % PAGE_ENTRIES];
}

static const char *book_id(const void *book, uint32_t index)
{
    return book_entry(book, index)->id;
}

static void book_free(struct book *book)
{
    if (!book)
        return;
    VEC_EACH(struct entry *, page, &book->pages) {
        free(*page);
    }
    vec_done(&book->pages);
    idtable_done(&book->by_id);
    free(book);
}

static struct book *book_find(const struct submissions *submissions, const char *kind)
{
    for (size_t i = 0; i < submissions->book_count; i++) {
        if (strcmp(submissions->books[i]->kind, kind) == 0)
            return submissions->books[i];
    }
    return NULL;
}

static struct book *book_add(struct submissions *submissions, const char *kind)
{
    struct book *book = NULL;

    if (submissions->book_count >= SUBMISSION_KINDS_MAX)
        return NULL;
    book = mem_new(sizeof(*book));
    if (!book)
        return NULL;
    memcpy(book->kind, kind, strlen(kind));
    vec_init(&book->pages, sizeof(struct entry *), PAGES_MAX);
    idtable_init(&book->by_id, book_id, book);
    submissions->books[submissions->book_count++] = book;
    return book;
}

/* Room for one more entry at the end. */
static struct entry *book_extend(struct book *book)
{
    if (book->count % PAGE_ENTRIES == 0 && book->count / PAGE_ENTRIES == book->pages.count) {
        auto_free struct entry *page = mem_new_array(PAGE_ENTRIES, sizeof(*page));

        if (!page || vec_push(&book->pages, &page))
            return NULL;
        page = NULL; /* the book's now */
    }
    return book_entry(book, book->count);
}

static assay_status entry_add(struct submissions *submissions, struct book *book, const char *id)
{
    struct entry *entry = book_extend(book);
    assay_status s = ASSAY_OK;

    if (!entry)
        return ASSAY_E_NOMEM;
    entry->id = texts_add(&submissions->texts, id, strlen(id));
    if (!entry->id)
        return ASSAY_E_NOMEM;
    s = idtable_add(&book->by_id, (uint32_t)book->count);
    if (s)
        return s;
    book->count++;
    submissions->count++;
    return ASSAY_OK;
}

static assay_status submissions_report(
    struct submissions *submissions, const assay_submission *submission)
{
    struct book *book = book_find(submissions, submission->kind);
    uint32_t index = 0;
    assay_status s = ASSAY_OK;

    if (!book)
        book = book_add(submissions, submission->kind);
    if (!book)
        return submissions->book_count >= SUBMISSION_KINDS_MAX ? ASSAY_E_LAGGED : ASSAY_E_NOMEM;
    if (!idtable_find(&book->by_id, submission->id, &index)) {
        if (submissions->count >= SUBMISSIONS_MAX)
            return ASSAY_E_LAGGED;
        index = (uint32_t)book->count;
        s = entry_add(submissions, book, submission->id);
    }
    if (!s && book_entry(book, index)->outcome != ASSAY_SUBMIT_ACCEPTED) {
        struct entry *entry = book_entry(book, index);

        entry->at = submission->at;
        entry->sent = submission->sent;
        entry->done = submission->done;
        entry->node = submission->node;
        entry->outcome = submission->outcome;
    }
    return s;
}

struct submissions *submissions_new(void)
{
    struct submissions *submissions = mem_new(sizeof(*submissions));

    if (submissions)
        (void)pthread_mutex_init(&submissions->lock, NULL);
    return submissions;
}

void submissions_free(struct submissions *submissions)
{
    if (!submissions)
        return;
    for (size_t i = 0; i < submissions->book_count; i++)
        book_free(submissions->books[i]);
    texts_done(&submissions->texts);
    (void)pthread_mutex_destroy(&submissions->lock);
    free(submissions);
}

/* ---- the service ---- */

static assay_status service_report(const assay_host *table, const assay_submission *theirs)
{
    struct submissions *submissions = host_of(table)->submissions;
    assay_submission submission;
    assay_status s = ASSAY_OK;

    if (!record_take(&submission, sizeof(submission), theirs) || !submission.kind ||
        !submission.id || !submission.id[0] ||
        strnlen(submission.kind, SUBMISSION_KIND_SIZE) >= SUBMISSION_KIND_SIZE ||
        strnlen(submission.id, ASSAY_ID_MAX) >= ASSAY_ID_MAX)
        return instance_fail(table, ASSAY_E_INVALID,
            "submissions.report: struct_size, kind (up to %d bytes) and id (up to %u) must be set",
            SUBMISSION_KIND_SIZE - 1, ASSAY_ID_MAX - 1);
    if (submission.outcome > ASSAY_SUBMIT_MISSED)
        return instance_fail(
            table, ASSAY_E_INVALID, "submissions.report: %u is no outcome", submission.outcome);
    (void)pthread_mutex_lock(&submissions->lock);
    s = submissions_report(submissions, &submission);
    (void)pthread_mutex_unlock(&submissions->lock);
    if (s == ASSAY_E_LAGGED)
        return instance_fail(table, s, "submissions: more than %d entries, or %d kinds",
            SUBMISSIONS_MAX, SUBMISSION_KINDS_MAX);
    return s;
}

static size_t service_count(const assay_host *table, const char *kind)
{
    struct submissions *submissions = host_of(table)->submissions;
    const struct book *book = NULL;
    size_t count = 0;

    (void)pthread_mutex_lock(&submissions->lock);
    book = kind ? book_find(submissions, kind) : NULL;
    count = book ? book->count : 0;
    (void)pthread_mutex_unlock(&submissions->lock);
    return count;
}

static assay_status service_get(
    const assay_host *table, const char *kind, size_t index, assay_submission *out)
{
    struct submissions *submissions = host_of(table)->submissions;
    const struct book *book = NULL;
    assay_status s = ASSAY_E_NOTFOUND;

    (void)pthread_mutex_lock(&submissions->lock);
    book = kind ? book_find(submissions, kind) : NULL;
    if (book && index < book->count) {
        const struct entry *entry = book_entry(book, index);
        const assay_submission submission = {.struct_size = sizeof(submission),
            .kind = book->kind,
            .id = entry->id,
            .at = entry->at,
            .sent = entry->sent,
            .done = entry->done,
            .node = entry->node,
            .outcome = entry->outcome};

        s = record_give(out, &submission, sizeof(submission)) ? ASSAY_OK : ASSAY_E_INVALID;
    }
    (void)pthread_mutex_unlock(&submissions->lock);
    return s;
}

static assay_status service_find(
    const assay_host *table, const char *kind, const char *id, size_t *index)
{
    struct submissions *submissions = host_of(table)->submissions;
    const struct book *book = NULL;
    uint32_t found = 0;
    bool is_there = false;

    (void)pthread_mutex_lock(&submissions->lock);
    book = kind && id ? book_find(submissions, kind) : NULL;
    is_there = book && idtable_find(&book->by_id, id, &found);
    (void)pthread_mutex_unlock(&submissions->lock);
    if (!is_there)
        return ASSAY_E_NOTFOUND;
    *index = found;
    return ASSAY_OK;
}

const assay_submissions submissions_table = {
    .struct_size = sizeof(assay_submissions),
    .report = service_report,
    .count = service_count,
    .get = service_get,
    .find = service_find,
};
