/* assay.transfer/1: signed transfers out of purses. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nomos/json_tx.h"
#include "plugins/systems/nomos/ahead.h"
#include "plugins/systems/nomos/prover.h"
#include "plugins/systems/nomos/transfer.h"

#include <assay/sdk.h>

#define RETRY_EVERY (5 * ASSAY_MS) /* how often a dry purse is looked into again */

static assay_status open_purse(
    void *provider, const assay_host *user, uint32_t users, assay_purse **out)
{
    struct nomos *self = provider;
    const assay_wallet *wallet = user->service(user, ASSAY_WALLET);
    uint32_t first = 0;
    assay_status s;

    if (users == 0 || users > PURSE_USERS_MAX)
        return assay_fail_f(user, ASSAY_E_INVALID, "a purse has 1 to %d users, not %u",
            PURSE_USERS_MAX, (unsigned)users);
    if (!wallet)
        return user->fail(user, ASSAY_E_UNSUPPORTED, "this run has no wallet service");
    s = wallet->lease(user, users, &first);
    if (s)
        return assay_fail_f(user, s,
            "%u accounts are wanted and not so many are left; raise count in [wallets]",
            (unsigned)users);
    s = purse_open(self, first, users, out);
    return s ? user->fail(user, s, "the accounts' notes cannot be set up") : ASSAY_OK;
}

/* Signs: the slow part, without the lock. The entry is not seen by others while it has no id. */
static assay_status sign(
    struct nomos *self, assay_task *task, struct assay_transaction *transaction)
{
    struct sent *sent = transaction->sent;
    const struct user *user = &transaction->purse->users[sent->user];
    struct signed_tx tx = {.tx = {.inputs = &sent->input,
                               .input_count = 1,
                               .outputs = sent->outputs,
                               .output_count = sent->output_count}};
    const struct zk_statement statement = {
        .message = tx_hash(&self->wire, &tx.tx), .owners = &user->public_key, .owner_count = 1};
    const struct proof_wish wish = {"a transfer", &statement, &user->secret_key};
    const assay_status s = prover_prove(self, task, &wish, &tx.ledger_proof);

    if (s)
        return s;
    tx_output_ids(&self->wire, &tx.tx, sent->output_ids);
    json_tx_write(&transaction->body, &tx);
    if (!text_ok(&transaction->body))
        return ASSAY_E_NOMEM;
    (void)pthread_mutex_lock(&self->lock);
    hex_from_fr(&statement.message, sent->id);
    (void)pthread_mutex_unlock(&self->lock);
    return ASSAY_OK;
}

static void fill_info(struct assay_transaction *transaction)
{
    transaction->request = (assay_request){.struct_size = sizeof(assay_request),
        .port = PORT_API,
        .method = "POST",
        .path = "/mempool/add/tx",
        .content_type = "application/json",
        .body = {.data = transaction->body.bytes, .size = transaction->body.size},
        .reply_max = 64 * 1024};
    transaction->info = (assay_transaction_info){.struct_size = sizeof(assay_transaction_info),
        .id = transaction->sent->id,
        .user = transaction->sent->user,
        .request = &transaction->request};
}

void transfer_free(struct assay_transaction *transaction)
{
    text_done(&transaction->body);
    free(transaction);
}

assay_status transfer_make(
    assay_task *task, struct assay_purse *purse, struct sent *sent, struct assay_transaction **out)
{
    struct nomos *self = purse->system;
    struct assay_transaction *transaction = calloc(1, sizeof(*transaction));
    assay_status s = ASSAY_E_NOMEM;

    if (transaction) {
        transaction->purse = purse;
        transaction->sent = sent;
        s = sign(self, task, transaction);
    }
    if (s) {
        (void)pthread_mutex_lock(&self->lock);
        purse_give_back(purse, sent);
        (void)pthread_mutex_unlock(&self->lock);
        if (transaction)
            transfer_free(transaction);
        return s;
    }
    fill_info(transaction);
    *out = transaction;
    return ASSAY_OK;
}

static assay_status next(
    void *provider, assay_task *task, assay_purse *purse, assay_ns until, assay_transaction **out)
{
    struct nomos *self = provider;

    for (;;) {
        const assay_ns now = self->clock->now(self->host);
        bool is_short = false;
        struct assay_transaction *ready;
        struct sent *sent = NULL;
        assay_status s;

        (void)pthread_mutex_lock(&self->lock);
        purse_confirm(purse);
        ready = ahead_take(purse);
        if (!ready && self->ahead_workers == 0) /* else they are at it */
            sent = purse_take(purse, &is_short);
        (void)pthread_mutex_unlock(&self->lock);
        if (ready)
            *out = ready;
        if (ready)
            return ASSAY_OK;
        if (sent)
            return transfer_make(task, purse, sent, out);
        if (is_short)
            return ASSAY_E_NOMEM;
        if (now >= until)
            return ASSAY_E_TIMEOUT;
        s = self->clock->sleep_until(task, until - now < RETRY_EVERY ? until : now + RETRY_EVERY);
        if (s)
            return s;
    }
}

static const assay_transaction_info *info(const assay_transaction *transaction)
{
    return &transaction->info;
}

static bool contains(assay_bytes bytes, const char *text)
{
    return bytes.size > 0 && memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

uint32_t nomos_judge_answer(const assay_reply_info *reply)
{
    if (!reply)
        return ASSAY_SUBMIT_MISSED;
    if (reply->status != ASSAY_OK)
        return reply->sent > 0 ? ASSAY_SUBMIT_FAILED : ASSAY_SUBMIT_MISSED;
    if (reply->code >= 200 && reply->code < 300)
        return ASSAY_SUBMIT_ACCEPTED;
    return contains(reply->body, "already in mempool") ? ASSAY_SUBMIT_ACCEPTED
                                                       : ASSAY_SUBMIT_REFUSED;
}

static uint32_t settle(
    void *provider, assay_transaction *transaction, const assay_reply_info *reply)
{
    struct nomos *self = provider;
    const uint32_t outcome = nomos_judge_answer(reply);

    if (!transaction)
        return outcome;
    (void)pthread_mutex_lock(&self->lock);
    if ((outcome == ASSAY_SUBMIT_MISSED || outcome == ASSAY_SUBMIT_REFUSED) &&
        transaction->sent->place_count == 0)
        purse_give_back(transaction->purse, transaction->sent);
    else
        purse_let_go(transaction->purse, transaction->sent);
    (void)pthread_mutex_unlock(&self->lock);
    transfer_free(transaction);
    return outcome;
}

void transfer_init(struct nomos *self)
{
    self->transfer = (assay_transfer){.struct_size = sizeof(assay_transfer),
        .provider = self,
        .open = open_purse,
        .next = next,
        .info = info,
        .settle = settle};
}
