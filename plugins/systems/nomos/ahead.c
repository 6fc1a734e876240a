#include "plugins/systems/nomos/ahead.h"

#include "plugins/systems/nomos/transfer.h"

#define IDLE (20 * ASSAY_MS) /* until the purses are looked into again */

/* A note of the first purse that wants more transactions; NULL: none does, or has one. Once the load
   is over nobody wants any. */
static struct sent *take_note(struct nomos *self, struct assay_purse **out_purse)
{
    struct sent *sent = NULL;
    bool is_short = false;

    if (self->clock->now(self->host) >= self->clock->window_end(self->host))
        return NULL;
    (void)pthread_mutex_lock(&self->lock);
    for (struct assay_purse *purse = self->purses; purse && !sent; purse = purse->next) {
        purse_confirm(purse);
        if (purse->ahead >= AHEAD_MAX)
            continue;
        sent = purse_take(purse, &is_short);
        if (sent) {
            purse->ahead++;
            *out_purse = purse;
        }
    }
    (void)pthread_mutex_unlock(&self->lock);
    return sent;
}

static void put_ready(struct assay_purse *purse, struct assay_transaction *transaction)
{
    if (purse->ready_last)
        purse->ready_last->next = transaction;
    else
        purse->ready = transaction;
    purse->ready_last = transaction;
}

/* Makes one transaction, if a purse wants it. */
static assay_status make_one(struct nomos *self, assay_task *task, bool *has_made)
{
    struct assay_purse *purse = NULL;
    struct assay_transaction *transaction = NULL;
    struct sent *sent = take_note(self, &purse);
    assay_status s;

    *has_made = sent != NULL;
    if (!sent)
        return ASSAY_OK;
    s = transfer_make(task, purse, sent, &transaction);
    (void)pthread_mutex_lock(&self->lock);
    if (s)
        purse->ahead--;
    else
        put_ready(purse, transaction);
    (void)pthread_mutex_unlock(&self->lock);
    return s;
}

static assay_status work(assay_task *task, void *arg)
{
    struct nomos *self = arg;
    assay_status s = ASSAY_OK;

    while (!s) {
        bool has_made = false;

        s = make_one(self, task, &has_made);
        if (!s && !has_made)
            s = self->clock->sleep_until(task, self->clock->now(self->host) + IDLE);
    }
    (void)pthread_mutex_lock(&self->lock);
    self->ahead_workers--;
    (void)pthread_mutex_unlock(&self->lock);
    return s;
}

assay_status ahead_start(struct nomos *self, assay_task *task)
{
    assay_status s = ASSAY_OK;

    for (uint32_t i = 0; !s && i < AHEAD_WORKERS; i++) {
        assay_child *child = NULL; /* nobody joins it: it ends with the operation */

        (void)pthread_mutex_lock(&self->lock);
        self->ahead_workers++;
        (void)pthread_mutex_unlock(&self->lock);
        s = self->tasks->spawn(task, "ahead", work, self, &child);
        if (s) {
            (void)pthread_mutex_lock(&self->lock);
            self->ahead_workers--;
            (void)pthread_mutex_unlock(&self->lock);
        }
    }
    return s;
}

struct assay_transaction *ahead_take(struct assay_purse *purse)
{
    struct assay_transaction *transaction = purse->ready;

    if (!transaction)
        return NULL;
    purse->ready = transaction->next;
    if (!purse->ready)
        purse->ready_last = NULL;
    transaction->next = NULL;
    purse->ahead--;
    return transaction;
}

void ahead_done(struct nomos *self)
{
    for (struct assay_purse *purse = self->purses; purse; purse = purse->next) {
        struct assay_transaction *transaction;

        while ((transaction = ahead_take(purse)))
            transfer_free(transaction);
    }
}
