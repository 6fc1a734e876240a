/* Reading blobs back, from three nodes that answer as the script has it: what each serves, what is
   checked, and what cannot be told. Columns 0 and 2 are for nodes 0 and 1 to keep, column 1 for
   nodes 1 and 2. */
#include "plugins/systems/nomos/test_da.h"

#include "nomos/da_request.h"
#include "nomos/da_share.h"
#include "nomos/hash.h"
#include "tests/unit/host_fixture.h"

enum {
    COLUMNS = 3,
    CHUNKS = 5
};

/* What a node does when it is asked. */
struct script {
    assay_status status; /* of every exchange; OK: it answers */
    uint32_t code;       /* 0: 200 */
    bool is_ignorant;    /* it knows nothing of the blob */
    bool has_column[COLUMNS];
    bool is_corrupted;       /* what it serves */
    const char *membership;  /* NULL: the real one */
    const char *commitments; /* NULL: the real ones */
    const char *shares;      /* NULL: the real ones */
};

struct assay_reply {
    assay_reply_info info;
    struct text text;
};

struct world {
    struct da_desk desk;
    struct fixture *fixture;
    struct da_blob blob;
    uint8_t data[CHUNKS * DA_CHUNK_SIZE];
    char id[HEX32_SIZE];
    struct script nodes[DA_NODES];
    unsigned requests, membership_requests;
    unsigned cancelled_request; /* the nth; 0: none */
    assay_ns answer_time;
    int replies; /* handed out and not released */
};

static struct world *the_world;

/* ---- nodes ---- */

static void write_membership(struct text *text)
{
    static const uint8_t members[COLUMNS][2] = {{0, 1}, {1, 2}, {0, 1}};

    text_add(text, "{\"assignations\":{");
    for (int subnet = 0; subnet < COLUMNS; subnet++) {
        text_add(text, subnet ? ",\"" : "\"");
        text_add_u64(text, (uint64_t)subnet);
        text_add(text, "\":[");
        for (int i = 0; i < 2; i++) {
            struct ed25519_key key;
            char peer[PEER_ID_SIZE];

            ed25519_from_seed(&the_world->desk.nodes[members[subnet][i]].seed, &key);
            peer_id_write(&key.public_key, peer);
            text_add(text, i ? ",\"" : "\"");
            text_add(text, peer);
            text_add(text, "\"");
        }
        text_add(text, "]");
    }
    text_add(text, "},\"addressbook\":{}}");
}

static void write_shares(struct text *text, const struct script *node)
{
    for (uint32_t i = 0; i < COLUMNS; i++) {
        struct da_column column = da_blob_column(&the_world->blob, i);

        if (!node->has_column[i])
            continue;
        column.elements[3] ^= (uint8_t)node->is_corrupted;
        da_column_write_json(text, &column);
        column.elements[3] ^= (uint8_t)node->is_corrupted;
        text_add(text, "\n");
    }
}

static void write_answer(struct text *text, const assay_request *request, const struct script *node)
{
    if (strcmp(request->path, "/test/da/membership") == 0) {
        assert_int_equal(request->port, PORT_TESTING);
        the_world->membership_requests++;
        if (node->membership)
            text_add(text, node->membership);
        else
            write_membership(text);
    } else if (strcmp(request->path, "/da/get-commitments") == 0) {
        struct da_commitments_wish wish;

        assert_int_equal(
            da_commitments_wish_parse_json(request->body.data, request->body.size, &wish, NULL),
            NOMOS_OK);
        assert_true(bytes32_equal(&wish.blob_id, &the_world->blob.id));
        if (node->is_ignorant)
            text_add(text, "null");
        else if (node->commitments)
            text_add(text, node->commitments);
        else
            da_commitments_write_json(text, &the_world->blob.header);
    } else {
        struct da_sampling_wish wish;

        assert_string_equal(request->path, "/da/sampling/shares");
        assert_string_equal(request->method, "GET");
        assert_int_equal(
            da_sampling_wish_parse_json(request->body.data, request->body.size, &wish, NULL),
            NOMOS_OK);
        assert_true(wish.is_available_wanted);
        if (node->shares)
            text_add(text, node->shares);
        else if (!node->is_ignorant)
            write_shares(text, node);
    }
}

static assay_status perform(assay_task *task, const assay_request *request, assay_reply **out)
{
    const struct script *node = &the_world->nodes[request->node];
    assay_reply *reply;

    (void)task;
    assert_true(request->timeout > 0);
    the_world->desk.now += the_world->answer_time;
    if (++the_world->requests == the_world->cancelled_request)
        return ASSAY_E_CANCELLED;
    if (node->status)
        return node->status;
    reply = calloc(1, sizeof(*reply));
    assert_non_null(reply);
    write_answer(&reply->text, request, node);
    reply->info = (assay_reply_info){.struct_size = sizeof(reply->info),
        .code = node->code ? node->code : 200,
        .body = {.data = reply->text.bytes, .size = reply->text.size},
        .content_type = "",
        .why = ""};
    the_world->replies++;
    *out = reply;
    return ASSAY_OK;
}

static const assay_reply_info *info(const assay_reply *reply)
{
    return &reply->info;
}

static void release(assay_reply *reply)
{
    if (!reply)
        return;
    the_world->replies--;
    text_done(&reply->text);
    free(reply);
}

static const assay_http scripted_http = {
    .struct_size = sizeof(assay_http), .perform = perform, .info = info, .release = release};

/* ---- the world ---- */

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct host_instance *instance;
    struct da_source source = {.size = CHUNKS * DA_CHUNK_SIZE, .columns = COLUMNS};

    assert_non_null(w);
    the_world = w;
    desk_open(&w->desk);
    w->fixture = fixture_prepare(3);
    fixture_start(w->fixture);
    instance = fixture_instance(w->fixture, "system.nomos", ASSAY_SYSTEM);
    w->desk.system.json = fixture_service(instance, ASSAY_JSON);
    w->desk.system.host = host_instance_table(instance);
    w->desk.system.http = &scripted_http;
    for (size_t i = 0; i < sizeof(w->data); i++)
        w->data[i] = (uint8_t)(i * 3 + 1);
    source.data = w->data;
    assert_int_equal(da_encode(&source, &w->blob, NULL), NOMOS_OK);
    hex_from_bytes32(&w->blob.id, w->id);
    for (int i = 0; i < 2; i++)
        w->nodes[i].has_column[0] = w->nodes[i].has_column[2] = true;
    w->nodes[1].has_column[1] = w->nodes[2].has_column[1] = true;
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    assert_int_equal(w->replies, 0);
    da_blob_done(&w->blob);
    desk_close(&w->desk);
    fixture_free(w->fixture);
    free(w);
    return 0;
}

static assay_status read_from(
    struct world *w, const uint32_t *nodes, uint32_t count, nomos_da_reading **out)
{
    const nomos_da_query query = {.struct_size = sizeof(query),
        .blob = w->id,
        .nodes = nodes,
        .node_count = count,
        .until = w->desk.now + 30 * ASSAY_SECOND};

    *out = NULL;
    return w->desk.da->read(w->desk.da->provider, NULL, &w->desk.user, &query, out);
}

static nomos_da_reading *read_all(struct world *w)
{
    static const uint32_t nodes[] = {0, 1, 2};
    nomos_da_reading *reading;

    assert_int_equal(read_from(w, nodes, 3, &reading), ASSAY_OK);
    return reading;
}

static nomos_da_served served_by(struct world *w, const nomos_da_reading *reading, uint32_t nth)
{
    nomos_da_served served = {.struct_size = sizeof(served)};

    assert_int_equal(w->desk.da->served(reading, nth, &served), ASSAY_OK);
    return served;
}

static void assert_served(
    const nomos_da_served *served, uint32_t held, uint32_t wrong, uint32_t missing, const char *why)
{
    assert_int_equal(served->held, held);
    assert_int_equal(served->wrong, wrong);
    assert_int_equal(served->missing, missing);
    if (!strstr(served->why, why) || (why[0] == '\0' && served->why[0] != '\0'))
        fail_msg("'%s' does not say '%s'", served->why, why);
}

static void assert_data(struct world *w, const nomos_da_reading *reading)
{
    const nomos_da_reading_info *found = w->desk.da->reading_info(reading);

    assert_int_equal(found->status, ASSAY_OK);
    assert_int_equal(found->data.size, sizeof(w->data));
    assert_memory_equal(found->data.data, w->data, sizeof(w->data));
}

static void assert_no_data(
    struct world *w, const nomos_da_reading *reading, assay_status status, const char *why)
{
    const nomos_da_reading_info *found = w->desk.da->reading_info(reading);

    assert_int_equal(found->status, status);
    assert_int_equal(found->data.size, 0);
    assert_string_equal(found->why, why);
}

/* ---- nodes that serve ---- */

static void data_comes_back_and_every_node_serves_what_it_is_to_keep(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading = read_all(w);
    const nomos_da_reading_info *found = w->desk.da->reading_info(reading);

    assert_data(w, reading);
    assert_int_equal(found->columns, 3);
    assert_int_equal(found->needed, 2);
    assert_int_equal(found->held, 3);
    for (uint32_t nth = 0; nth < 3; nth++) {
        static const uint32_t assigned[] = {2, 3, 1};
        const nomos_da_served served = served_by(w, reading, nth);

        assert_int_equal(served.node, nth);
        assert_int_equal(served.status, ASSAY_OK);
        assert_int_equal(served.assigned, assigned[nth]);
        assert_served(&served, assigned[nth], 0, 0, "");
    }
    w->desk.da->release_reading(reading);
}

static void one_node_with_enough_columns_is_enough(void **state)
{
    static const uint32_t nodes[] = {0};
    struct world *w = *state;
    nomos_da_reading *reading;

    assert_int_equal(read_from(w, nodes, 1, &reading), ASSAY_OK);
    assert_data(w, reading);
    w->desk.da->release_reading(reading);
}

static void members_are_asked_for_once(void **state)
{
    struct world *w = *state;

    w->desk.da->release_reading(read_all(w));
    w->desk.da->release_reading(read_all(w));
    assert_int_equal(w->membership_requests, 1);
}

static void a_missing_column_is_the_fault_of_who_is_to_keep_it(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->nodes[1].has_column[1] = false;
    reading = read_all(w);
    assert_data(w, reading);
    served = served_by(w, reading, 1);
    assert_served(&served, 2, 0, 1, "it does not serve column 1, which it is to keep");
    served = served_by(w, reading, 0);
    assert_served(&served, 2, 0, 0, "");
    w->desk.da->release_reading(reading);
}

static void a_node_that_knows_nothing_lacks_all_it_is_to_keep(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->nodes[0].is_ignorant = true; /* the others' commitments say what it should have */
    reading = read_all(w);
    assert_data(w, reading);
    served = served_by(w, reading, 0);
    assert_served(&served, 0, 0, 2, "it does not serve column 0");
    w->desk.da->release_reading(reading);
}

static void a_column_that_a_node_need_not_keep_is_taken_all_the_same(void **state)
{
    static const uint32_t nodes[] = {2};
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->nodes[2].has_column[0] = true;
    assert_int_equal(read_from(w, nodes, 1, &reading), ASSAY_OK);
    assert_data(w, reading);
    served = served_by(w, reading, 0);
    assert_int_equal(served.assigned, 1);
    assert_int_equal(served.held, 2);
    w->desk.da->release_reading(reading);
}

/* ---- nodes that serve something else ---- */

static void a_corrupted_column_does_not_pass_and_the_others_give_the_data(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->nodes[1].is_corrupted = true;
    reading = read_all(w);
    assert_data(w, reading);
    served = served_by(w, reading, 1);
    assert_served(&served, 0, 3, 3,
        "column 0: it is not the column that the blob's commitments were made for");
    w->desk.da->release_reading(reading);
}

static void columns_that_are_all_corrupted_give_nothing(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;

    for (int i = 0; i < DA_NODES; i++)
        w->nodes[i].is_corrupted = true;
    reading = read_all(w);
    assert_no_data(
        w, reading, ASSAY_E_NOTFOUND, "0 of its 3 columns could be had, and 2 are needed");
    w->desk.da->release_reading(reading);
}

static void commitments_of_another_blob_are_wrong(void **state)
{
    struct world *w = *state;
    const uint8_t other[DA_CHUNK_SIZE] = {9};
    const struct da_source source = {.data = other, .size = sizeof(other), .columns = COLUMNS};
    struct text text = {.bytes = NULL};
    struct da_blob blob;
    nomos_da_reading *reading;
    nomos_da_served served;

    assert_int_equal(da_encode(&source, &blob, NULL), NOMOS_OK);
    da_commitments_write_json(&text, &blob.header);
    for (int i = 0; i < DA_NODES; i++)
        w->nodes[i].commitments = text.bytes;
    reading = read_all(w);
    assert_no_data(w, reading, ASSAY_E_NOTFOUND, "no node that was asked knows the blob");
    served = served_by(w, reading, 0);
    assert_served(&served, 0, 1, 0, "it served the commitments of another blob");
    w->desk.da->release_reading(reading);
    text_done(&text);
    da_blob_done(&blob);
}

static void what_is_no_commitment_or_share_is_wrong(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->nodes[0].commitments = "{\"rows_commitments\":7}";
    w->nodes[1].shares = "\n{\"share_idx\":1}\n\nnonsense\n";
    w->nodes[2].has_column[2] = true;
    reading = read_all(w);
    assert_data(w, reading);
    served = served_by(w, reading, 0);
    assert_served(&served, 2, 1, 0, "it served commitments that are none: field");
    served = served_by(w, reading, 1);
    assert_served(&served, 0, 2, 3, "it served a share that is none: field");
    w->desk.da->release_reading(reading);
}

/* Columns that pass one by one, committed to by somebody who lies. */
static void lie(struct da_blob *blob)
{
    struct bytes32 node[2];
    struct hash hash;

    da_blob_column(blob, 2).elements[0] ^= 1;
    hash_begin(&hash);
    hash_add(&hash, "ASSAY_DA_COLUMN_V1", 18);
    hash_add(&hash, "\2", 2);
    hash_add(&hash, da_blob_column(blob, 2).elements, da_column_size(&blob->header));
    blob->tree[6] = hash_end(&hash); /* four leaves, from [4] on */
    for (int i = 0; i < 2; i++) {
        hash_begin(&hash);
        hash_add(&hash, "ASSAY_DA_NODE_V1", 16);
        hash_add(&hash, blob->tree[4 + 2 * i].bytes, 32);
        hash_add(&hash, blob->tree[5 + 2 * i].bytes, 32);
        node[i] = blob->tree[2 + i] = hash_end(&hash);
    }
    hash_begin(&hash);
    hash_add(&hash, "ASSAY_DA_NODE_V1", 16);
    hash_add(&hash, node, sizeof(node));
    blob->tree[1] = hash_end(&hash);
    hash_begin(&hash);
    hash_add(&hash, "ASSAY_DA_ROOT_V1", 16);
    hash_add(&hash, blob->context.bytes, 32);
    hash_add(&hash, blob->tree[1].bytes, 32);
    blob->header.root = hash_end(&hash);
    blob->id = da_blob_id(&blob->header);
}

static void columns_that_do_not_fit_each_other_are_denied(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;

    lie(&w->blob);
    hex_from_bytes32(&w->blob.id, w->id);
    reading = read_all(w);
    assert_no_data(w, reading, ASSAY_E_DENIED,
        "each column is as it was made, but together they are no code word: the blob was encoded "
        "wrongly");
    w->desk.da->release_reading(reading);
}

/* ---- nodes that do not answer ---- */

static void a_node_that_cannot_be_asked_is_told_apart(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->nodes[0].status = ASSAY_E_IO;
    w->nodes[2].status = ASSAY_E_TIMEOUT;
    reading = read_all(w);
    assert_data(w, reading);
    served = served_by(w, reading, 0);
    assert_int_equal(served.status, ASSAY_E_IO);
    assert_served(
        &served, 0, 0, 0, "POST /da/get-commitments: no connection, or it broke before the answer");
    assert_int_equal(served.assigned, 0);
    served = served_by(w, reading, 2);
    assert_int_equal(served.status, ASSAY_E_TIMEOUT);
    assert_served(&served, 0, 0, 0, "POST /da/get-commitments: no answer in time");
    w->desk.da->release_reading(reading);
}

static void an_answer_that_is_an_error_is_an_answer(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->desk.da->release_reading(read_all(w)); /* so that members are known */
    w->nodes[0].code = 500;
    w->nodes[0].commitments = "broken";
    reading = read_all(w);
    served = served_by(w, reading, 0);
    assert_int_equal(served.status, ASSAY_OK);
    assert_served(&served, 0, 0, 2, "POST /da/get-commitments answered 500: broken");
    w->desk.da->release_reading(reading);
}

static void nobody_that_knows_the_blob_is_told(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;

    for (int i = 0; i < DA_NODES; i++)
        w->nodes[i].is_ignorant = true;
    reading = read_all(w);
    assert_no_data(w, reading, ASSAY_E_NOTFOUND, "no node that was asked knows the blob");
    assert_int_equal(w->desk.da->reading_info(reading)->columns, 0);
    w->desk.da->release_reading(reading);
}

static void who_is_not_asked_in_time_is_not_blamed(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;
    nomos_da_served served;

    w->answer_time = 8 * ASSAY_SECOND; /* members, and the commitments of the first three */
    reading = read_all(w);
    assert_no_data(
        w, reading, ASSAY_E_NOTFOUND, "0 of its 3 columns could be had, and 2 are needed");
    for (uint32_t nth = 0; nth < 3; nth++) {
        served = served_by(w, reading, nth);
        assert_int_equal(served.status, ASSAY_E_TIMEOUT);
        assert_served(&served, 0, 0, 0, "no time was left to ask it");
    }
    w->desk.da->release_reading(reading);
}

/* ---- members ---- */

static void the_next_node_is_asked_for_members_when_one_does_not_know(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading;

    w->nodes[0].membership = "{\"assignations\":{},\"addressbook\":{}}";
    reading = read_all(w);
    assert_int_equal(w->membership_requests, 2);
    assert_data(w, reading);
    w->desk.da->release_reading(reading);
}

static void members_that_nobody_knows_end_the_reading(void **state)
{
    static const struct {
        const char *membership, *why;
    } cases[] = {
        {"{}", "no subnetworks in the answer"},
        {"[]", "no subnetworks in the answer"},
        {"{\"assignations\":[1]}", "no subnetworks in the answer"},
        {"{\"assignations\":{\"1\":[]}}", "subnetwork 0 is missing"},
        {"{\"assignations\":{\"0\":7}}", "subnetwork 0 is missing"},
        {"{\"assignations\":{\"0\":[],\"1\":[7]}}",
            "subnetwork 1 is missing, or has a member that"},
        {"{\"assignations\":{\"0\":[\"12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN\"]}}",
            "or has a member that is no node of this network"},
        {"nonsense", "but no JSON"},
    };
    static const uint32_t nodes[] = {0, 1, 2};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        nomos_da_reading *reading;

        for (int node = 0; node < DA_NODES; node++)
            w->nodes[node].membership = cases[i].membership;
        assert_int_not_equal(read_from(w, nodes, 3, &reading), ASSAY_OK);
        assert_null(reading);
        assert_non_null(strstr(w->desk.why, "no node that was asked says which columns it is to"));
        if (!strstr(w->desk.why, cases[i].why))
            fail_msg("'%s' does not say '%s'", w->desk.why, cases[i].why);
    }
}

static void no_time_to_ask_for_members_ends_the_reading(void **state)
{
    static const uint32_t nodes[] = {0};
    struct world *w = *state;
    const nomos_da_query query = {.struct_size = sizeof(query),
        .blob = w->id,
        .nodes = nodes,
        .node_count = 1,
        .until = w->desk.now};
    nomos_da_reading *reading = NULL;

    assert_int_equal(w->desk.da->read(w->desk.da->provider, NULL, &w->desk.user, &query, &reading),
        ASSAY_E_TIMEOUT);
    assert_non_null(strstr(w->desk.why, "no time was left to ask it"));
    assert_int_equal(w->requests, 0);
}

/* ---- what cannot be ---- */

static void a_query_of_nothing_or_nobody_is_refused(void **state)
{
    static const uint32_t nodes[] = {0, 3};
    struct world *w = *state;
    nomos_da_query query = {.struct_size = sizeof(query), .nodes = nodes, .node_count = 1};
    nomos_da_reading *reading = NULL;

    for (int i = 0; i < 3; i++) {
        query.blob = i == 0 ? NULL : i == 1 ? "77" : w->id;
        query.node_count = i < 2;
        assert_int_equal(
            w->desk.da->read(w->desk.da->provider, NULL, &w->desk.user, &query, &reading),
            ASSAY_E_INVALID);
        assert_non_null(strstr(w->desk.why, "a reading needs a blob's id"));
    }
    assert_int_equal(read_from(w, nodes, 2, &reading), ASSAY_E_INVALID);
    assert_string_equal(w->desk.why, "there is no node 3");
}

static void nodes_of_another_kind_cannot_be_checked(void **state)
{
    static const uint32_t nodes[] = {0, 1, 2};
    struct world *w = *state;
    nomos_da_reading *reading;

    w->desk.nodes[1].is_dev = false;
    assert_int_equal(read_from(w, nodes, 3, &reading), ASSAY_E_UNSUPPORTED);
    assert_non_null(strstr(w->desk.why, "node 1 is no development node"));
    assert_int_equal(w->requests, 0);
}

static void every_question_can_be_cancelled(void **state)
{
    static const uint32_t nodes[] = {0, 1, 2};
    struct world *w = *state;

    for (unsigned nth = 1; nth <= 7; nth++) {
        nomos_da_reading *reading;

        da_done(&w->desk.system);
        assert_int_equal(da_init(&w->desk.system), ASSAY_OK);
        w->desk.da = da_service(&w->desk.system, NOMOS_DA);
        w->requests = 0;
        w->cancelled_request = nth;
        w->desk.why[0] = '\0';
        assert_int_equal(read_from(w, nodes, 3, &reading), ASSAY_E_CANCELLED);
        assert_null(reading);
        assert_int_equal(w->requests, nth);
        assert_string_equal(w->desk.why, "");
        assert_int_equal(w->replies, 0);
    }
}

static void there_are_no_more_nodes_than_were_asked(void **state)
{
    struct world *w = *state;
    nomos_da_reading *reading = read_all(w);
    nomos_da_served served = {.struct_size = sizeof(served)};

    assert_int_equal(w->desk.da->served(reading, 3, &served), ASSAY_E_NOTFOUND);
    w->desk.da->release_reading(reading);
    w->desk.da->release_reading(NULL);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_WORLD(data_comes_back_and_every_node_serves_what_it_is_to_keep),
        IN_WORLD(one_node_with_enough_columns_is_enough),
        IN_WORLD(members_are_asked_for_once),
        IN_WORLD(a_missing_column_is_the_fault_of_who_is_to_keep_it),
        IN_WORLD(a_node_that_knows_nothing_lacks_all_it_is_to_keep),
        IN_WORLD(a_column_that_a_node_need_not_keep_is_taken_all_the_same),
        IN_WORLD(a_corrupted_column_does_not_pass_and_the_others_give_the_data),
        IN_WORLD(columns_that_are_all_corrupted_give_nothing),
        IN_WORLD(commitments_of_another_blob_are_wrong),
        IN_WORLD(what_is_no_commitment_or_share_is_wrong),
        IN_WORLD(columns_that_do_not_fit_each_other_are_denied),
        IN_WORLD(a_node_that_cannot_be_asked_is_told_apart),
        IN_WORLD(an_answer_that_is_an_error_is_an_answer),
        IN_WORLD(nobody_that_knows_the_blob_is_told),
        IN_WORLD(who_is_not_asked_in_time_is_not_blamed),
        IN_WORLD(the_next_node_is_asked_for_members_when_one_does_not_know),
        IN_WORLD(members_that_nobody_knows_end_the_reading),
        IN_WORLD(no_time_to_ask_for_members_ends_the_reading),
        IN_WORLD(a_query_of_nothing_or_nobody_is_refused),
        IN_WORLD(nodes_of_another_kind_cannot_be_checked),
        IN_WORLD(every_question_can_be_cancelled),
        IN_WORLD(there_are_no_more_nodes_than_were_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
