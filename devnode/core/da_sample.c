#include <stdlib.h>
#include <string.h>

#include "devnode/core/da_parts.h"
#include "devnode/core/memory.h"
#include "nomos/hex.h"

/* A job asks for some columns of a blob, in rounds. In a round each column is asked of the members of
   its subnetwork, one after the other: first those without failures, last ourselves. When nobody
   has it the round has failed, and after a pause the next one begins, with other columns. */

/* --- rounds ----------------------------------------------------------------------------------- */

/* Sampling draws columns; fetching wants those of ours that are missing. */
static void choose_columns(struct da *da, struct da_job *job)
{
    uint32_t columns = da->params.column_count;
    uint32_t first = (uint32_t)(da_draw(da, &job->blob, job->round, job->kind) % columns);

    job->question_count = 0;
    for (uint32_t i = 0; i < columns; i++) {
        const struct da_place place = {.blob = job->blob, .column = (first + i) % columns};

        if (job->kind == JOB_REPAIR) {
            if (!da_is_own_column(&da->membership, place.column) || da_keeps(da, &place))
                continue;
        } else if (job->question_count == da->params.sample_count) {
            break;
        }
        job->questions[job->question_count++] = (struct da_question){.column = place.column,
            .first = (uint32_t)da_draw(da, &job->blob, job->round, 256 + place.column)};
    }
}

static void begin_round(struct da *da, struct da_job *job)
{
    job->is_in_round = true;
    choose_columns(da, job);
    job->round++;
}

static void end_round(struct da *da, struct da_job *job)
{
    job->is_in_round = false;
    job->round_at_ns = da->now_ns + job->pause_ns;
    job->pause_ns *= 2;
    if (job->pause_ns > DA_SAMPLE_PAUSE_MAX_NS)
        job->pause_ns = DA_SAMPLE_PAUSE_MAX_NS;
}

/* --- one question ----------------------------------------------------------------------------- */

/* The next member to ask: of the healthy ones, then of the others, then this node. */
static uint32_t next_member(struct da *da, struct da_question *question)
{
    uint32_t subnet = da_subnet_of_column(&da->membership, question->column);
    uint32_t replication = da->membership.replication;

    for (int pass = 0; pass < 3; pass++) {
        for (uint32_t i = 0; i < replication; i++) {
            uint32_t n = (question->first % replication + i) % replication;
            uint32_t member = da_subnet_member(&da->membership, subnet, n);
            bool is_self = member == da->membership.self;

            if (question->tried >> n & 1 || is_self != (pass == 2))
                continue;
            if (!pass && !da_monitor_is_healthy(&da->monitor, member, da->now_ns))
                continue;
            question->tried |= (uint64_t)1 << n;
            return member;
        }
    }
    return DA_NOBODY;
}

static void ask(
    struct da *da, struct da_job *job, struct da_question *question, struct da_peer *peer)
{
    const struct da_place place = {.blob = job->blob, .column = question->column};

    question->state = QUESTION_ASKED;
    question->at_ns = da->now_ns;
    da_send_place(da, peer, DA_GET, &place);
}

static void ask_self(struct da *da, struct da_job *job, struct da_question *question)
{
    const struct da_place place = {.blob = job->blob, .column = question->column};
    struct da_header header;

    /* What is here is of no use to anybody whom we cannot reach. */
    if (da_is_cut_off(da) || !da_keeps(da, &place) || !da_kept_header(da, &job->blob, &header))
        return;
    job->header = header;
    question->state = QUESTION_ANSWERED;
}

/* Whether the question waits for something; else it was decided, or somebody else is to be asked. */
static bool waits(struct da *da, struct da_job *job, struct da_question *question)
{
    uint64_t limit_ns =
        question->state == QUESTION_ASKED ? DA_ANSWER_LIMIT_NS : DA_CONNECT_LIMIT_NS;
    struct da_peer *peer;

    if (question->state == QUESTION_OPEN)
        return false;
    peer = da_find_peer(da, question->member);
    if (question->state == QUESTION_CONNECTING && peer)
        ask(da, job, question, peer);
    /* A connection that is younger than the question does not know of it. */
    bool is_hopeful = question->state == QUESTION_ASKED
        ? peer && peer->since_ns <= question->at_ns
        : da->contacts[question->member].is_reaching;
    if (is_hopeful && da->now_ns - question->at_ns < limit_ns) {
        da_due(da, question->at_ns + limit_ns);
        return true;
    }
    if (question->state == QUESTION_ASKED) {
        da->counts.samples_failed++;
        da_blame(da, question->member, DA_FAILED_SAMPLING, "no answer in time");
    }
    question->state = QUESTION_OPEN;
    return false;
}

static void go_on(struct da *da, struct da_job *job, struct da_question *question)
{
    while (question->state < QUESTION_ANSWERED && !waits(da, job, question)) {
        struct da_peer *peer;

        question->member = next_member(da, question);
        if (question->member == DA_NOBODY) {
            question->state = QUESTION_FAILED;
        } else if (question->member == da->membership.self) {
            ask_self(da, job, question);
        } else if ((peer = da_reach(da, question->member))) {
            ask(da, job, question, peer);
        } else if (da->contacts[question->member].is_reaching) {
            question->state = QUESTION_CONNECTING;
            question->at_ns = da->now_ns;
        }
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

void da_took_get(struct da *da, struct da_peer *peer, const struct da_place *place)
{
    struct da_message answer = {.type = DA_SHARE};
    uint8_t *share = da->store.get(da->store.self, place, &answer.as.parcel.share_size);

    answer.as.parcel.share = share;
    if (share)
        da_send(da, peer, &answer);
    else
        da_send_place(da, peer, DA_LACKS, place);
    free(share);
}

/* Whether the job waits for this answer of this member. */
static struct da_question *question_of(
    struct da_job *job, uint32_t member, const struct da_place *place)
{
    if (!job->is_in_round || !bytes32_equal(&job->blob, &place->blob))
        return NULL;
    for (uint32_t i = 0; i < job->question_count; i++) {
        struct da_question *question = &job->questions[i];

        if (question->state == QUESTION_ASKED && question->column == place->column &&
            question->member == member)
            return question;
    }
    return NULL;
}

static void answer_jobs(
    struct da *da, uint32_t member, const struct da_place *place, const struct da_header *header)
{
    for (struct da_job *job = da->jobs; job; job = job->next) {
        struct da_question *question = question_of(job, member, place);

        if (!question)
            continue;
        question->state = header ? QUESTION_ANSWERED : QUESTION_OPEN;
        if (header)
            job->header = *header;
        da_due(da, da->now_ns);
    }
}

void da_took_share(struct da *da, uint32_t member, const struct da_parcel *parcel)
{
    struct nomos_error err;
    struct da_share share;

    if (da_share_decode(parcel->share, parcel->share_size, &share, &err)) {
        da_blame(da, member, DA_OFFENCE, err.text);
        return;
    }
    const struct da_place place = {.blob = da_blob_id(&share.header), .column = share.column.index};
    if (da_column_check(&share.header, &share.column, &err)) {
        da->counts.samples_failed++;
        answer_jobs(da, member, &place, NULL);
        da_blame(da, member, DA_OFFENCE, err.text);
    } else {
        bool is_missing = da_is_own_column(&da->membership, place.column) &&
            !da_misbehaves(da, MISBEHAVE_REFUSE_COLUMNS) && !da_keeps(da, &place);

        /* Only what was asked for, so that nobody can fill our store. */
        for (struct da_job *job = da->jobs; is_missing && job; job = job->next) {
            if (job->kind == JOB_REPAIR && question_of(job, member, &place)) {
                da_keep(da, &place, parcel);
                is_missing = false;
            }
        }
        answer_jobs(da, member, &place, &share.header);
    }
    da_share_done(&share);
}

void da_took_lack(struct da *da, uint32_t member, const struct da_place *place)
{
    bool was_asked = false;

    for (struct da_job *job = da->jobs; job && !was_asked; job = job->next)
        was_asked = question_of(job, member, place) != NULL;
    if (!was_asked)
        return;
    answer_jobs(da, member, place, NULL);
    da->counts.samples_failed++;
    da_blame(da, member, DA_FAILED_SAMPLING, "it lacks a column of its own");
}

/* --- what was sampled ------------------------------------------------------------------------- */

static void forget_oldest_sampled(struct da *da)
{
    struct da_sampled *sampled = da->oldest_sampled;

    da->oldest_sampled = sampled->next;
    if (!da->oldest_sampled)
        da->sampled_end = &da->oldest_sampled;
    table_remove(&da->sampled, sampled->blob.bytes);
    free(sampled);
}

static void remember_sampled(struct da *da, const struct da_job *job)
{
    struct da_sampled *sampled = memory_new(1, sizeof(*sampled));

    if (da->sampled.used >= DA_SAMPLED_MAX)
        forget_oldest_sampled(da);
    *sampled = (struct da_sampled){.blob = job->blob, .header = job->header, .at_ns = da->now_ns};
    *da->sampled_end = sampled;
    da->sampled_end = &sampled->next;
    table_put(&da->sampled, job->blob.bytes, sampled);
    da->counts.blobs_sampled++;
    da->has_news = true;
    da_due(da, da->now_ns + da->params.blobs_validity_ns + da->params.blobs_check_ns);
}

bool da_is_sampled(const struct da *da, const struct bytes32 *blob)
{
    return table_get(&da->sampled, blob->bytes) != NULL;
}

/* --- jobs ------------------------------------------------------------------------------------- */

static struct da_job *job_new(struct da *da, enum da_job_kind kind, const struct bytes32 *blob)
{
    struct da_job *job;

    if (da->job_count >= DA_JOBS_MAX)
        return NULL;
    job = memory_new(1, sizeof(*job));
    job->kind = kind;
    job->blob = *blob;
    job->questions = memory_new(da->params.column_count, sizeof(*job->questions));
    job->pause_ns = DA_SAMPLE_PAUSE_MIN_NS;
    job->round_at_ns = da->now_ns;
    job->end_ns = da->now_ns + da->params.blobs_validity_ns;
    job->next = da->jobs;
    da->jobs = job;
    da->job_count++;
    return job;
}

void da_want(struct da *da, const struct bytes32 *blob, uint64_t now_ns)
{
    struct da_job *job;

    da->now_ns = now_ns;
    if (da_is_sampled(da, blob) || table_get(&da->jobs_by_blob, blob->bytes))
        return;
    job = job_new(da, JOB_SAMPLE, blob);
    if (!job)
        return;
    table_put(&da->jobs_by_blob, blob->bytes, job);
    da_due(da, da->now_ns);
}

static bool misses_columns(struct da *da, const struct bytes32 *blob)
{
    for (uint32_t column = 0; column < da->params.column_count; column++) {
        const struct da_place place = {.blob = *blob, .column = column};

        if (da_is_own_column(&da->membership, column) && !da_keeps(da, &place))
            return true;
    }
    return false;
}

void da_in_block(struct da *da, const struct bytes32 *blob, uint64_t now_ns)
{
    struct da_job *job;

    da->now_ns = now_ns;
    if (da_misbehaves(da, MISBEHAVE_REFUSE_COLUMNS) || !misses_columns(da, blob))
        return;
    job = job_new(da, JOB_REPAIR, blob);
    if (!job)
        return;
    job->round_at_ns = da->now_ns + DA_REPAIR_DELAY_NS;
    da_due(da, job->round_at_ns);
}

struct da_wait *da_look(struct da *da, const struct bytes32 *blob, uint64_t now_ns,
    const struct da_looking *looking, struct reason *why)
{
    struct da_job *job;

    da->now_ns = now_ns;
    job = job_new(da, JOB_LOOK, blob);
    if (!job) {
        reason_format(why, "%u blobs are being sampled", DA_JOBS_MAX);
        return NULL;
    }
    job->wait.looked = looking->looked;
    job->wait.self = looking->self;
    job->end_ns = now_ns + looking->limit_ns;
    da_due(da, now_ns);
    return &job->wait;
}

/* How a job stands after its questions went on. */
enum job_state {
    JOB_GOES_ON,
    JOB_SUCCEEDED,
    JOB_FAILED,
};

static enum job_state look_at(struct da *da, struct da_job *job)
{
    uint32_t answered = 0;
    uint32_t failed = 0;

    if (!job->is_in_round && da->now_ns >= job->round_at_ns)
        begin_round(da, job);
    for (uint32_t i = 0; job->is_in_round && i < job->question_count; i++) {
        go_on(da, job, &job->questions[i]);
        answered += job->questions[i].state == QUESTION_ANSWERED;
        failed += job->questions[i].state == QUESTION_FAILED;
    }
    if (job->is_in_round && answered == job->question_count)
        return JOB_SUCCEEDED;
    if (job->is_in_round && answered + failed == job->question_count)
        end_round(da, job);
    if (da->now_ns >= job->end_ns ||
        (job->kind == JOB_REPAIR && !job->is_in_round && job->round >= DA_REPAIR_ROUNDS))
        return JOB_FAILED;
    if (!job->is_in_round)
        da_due(da, job->round_at_ns < job->end_ns ? job->round_at_ns : job->end_ns);
    else
        da_due(da, job->end_ns);
    return JOB_GOES_ON;
}

static void finish(struct da *da, struct da_job *job, bool has_succeeded)
{
    char text[HEX32_SIZE];

    hex_from_bytes32(&job->blob, text);
    switch (job->kind) {
    case JOB_SAMPLE:
        table_remove(&da->jobs_by_blob, job->blob.bytes);
        if (has_succeeded)
            remember_sampled(da, job);
        da_log(da, has_succeeded ? NODE_DEBUG : NODE_WARN, "blob %s %s", text,
            has_succeeded ? "is sampled" : "could not be sampled");
        break;
    case JOB_REPAIR:
        if (!has_succeeded)
            da_log(da, NODE_WARN, "columns of blob %s are missing here, and nobody has them", text);
        break;
    case JOB_LOOK:
        if (job->wait.looked)
            job->wait.looked(job->wait.self, has_succeeded ? &job->header : NULL);
        break;
    }
    free(job->questions);
    free(job);
    da->job_count--;
}

static void prune_sampled(struct da *da)
{
    uint64_t limit_ns = da->params.blobs_validity_ns + da->params.blobs_check_ns;

    while (da->oldest_sampled && da->now_ns - da->oldest_sampled->at_ns >= limit_ns)
        forget_oldest_sampled(da);
    if (da->oldest_sampled)
        da_due(da, da->oldest_sampled->at_ns + limit_ns);
}

void da_sample_tick(struct da *da)
{
    prune_sampled(da);
    for (struct da_job **at = &da->jobs; *at;) {
        struct da_job *job = *at;
        enum job_state state = look_at(da, job);

        if (state == JOB_GOES_ON) {
            at = &job->next;
        } else {
            *at = job->next;
            finish(da, job, state == JOB_SUCCEEDED);
        }
    }
}

void da_sample_done(struct da *da)
{
    struct da_job *next_job;

    for (struct da_job *job = da->jobs; job; job = next_job) {
        next_job = job->next;
        free(job->questions);
        free(job);
    }
    table_done(&da->jobs_by_blob);
    while (da->oldest_sampled)
        forget_oldest_sampled(da);
    table_done(&da->sampled);
}
