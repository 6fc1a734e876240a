/* Chains: publishing, moving tips, finality; and all of it against a naive model with random
   forks. */
#include "framework/base/mem.h"
#include "framework/host/chain.h"
#include "framework/host/random.h"
#include "host_fixture.h"

static int setup(void **state)
{
    struct chain *chain = calloc(1, sizeof(*chain));

    assert_int_equal(chain_init(chain, 3), ASSAY_OK);
    *state = chain;
    return 0;
}

static int teardown(void **state)
{
    chain_done(*state);
    free(*state);
    return 0;
}

/* Publishes "id" on "parent", with one item named after it. */
static assay_status publish(
    struct chain *chain, const char *id, const char *parent, uint64_t height, struct error *err)
{
    const assay_item item = {.kind = "transaction", .id = id};
    const assay_block_info info = {.struct_size = sizeof(info),
        .id = id,
        .parent = parent,
        .height = height,
        .slot = 10,
        .items = &item,
        .item_count = 1,
        .item_stride = sizeof(item)};
    struct body *body = NULL;
    uint32_t number = 0;
    assay_status s;

    assert_int_equal(body_new(&info, &body, NULL), ASSAY_OK);
    s = chain_publish(chain, &(struct chain_news){&info, body, 5}, &number, err);
    body_unref(body);
    return s;
}

#define PUBLISH(id, parent) assert_int_equal(publish(*state, id, parent, 0, NULL), ASSAY_OK)
#define PUBLISH_AT(id, parent, height)                                                             \
    assert_int_equal(publish(*state, id, parent, height, NULL), ASSAY_OK)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define EXTEND(view, move, ...)                                                                    \
    chain_extend(*state, view,                                                                     \
        &(struct chain_path){.ids = (const char *const[]){__VA_ARGS__},                            \
            .count = COUNT(((const char *const[]){__VA_ARGS__}))},                                 \
        move, &err)

static const char *id_at(const struct chain *chain, uint32_t view, uint64_t height)
{
    const uint32_t number = chain_at(chain, view, height);

    return number == CHAIN_NONE ? "" : chain_block(chain, number)->id;
}

static const char *final_id_at(const struct chain *chain, uint32_t view, uint64_t height)
{
    const uint32_t number = chain_final_at(chain, view, height);

    return number == CHAIN_NONE ? "" : chain_block(chain, number)->id;
}

/* ---- publishing ---- */

static void a_published_block_is_found_by_its_id(void **state)
{
    const struct chain_block *block = NULL;

    PUBLISH_AT("a", "g", 1);
    assert_int_equal(chain_find(*state, "nobody"), CHAIN_NONE);
    block = chain_block(*state, chain_find(*state, "a"));
    assert_true(block->is_published);
    assert_int_equal(block->height, 1);
    assert_int_equal(block->seen_at, 5);
    assert_string_equal(chain_block(*state, block->parent)->id, "g");
    assert_false(chain_block(*state, block->parent)->is_published);
}

static void height_0_means_one_above_the_parent(void **state)
{
    PUBLISH_AT("a", "g", 41);
    PUBLISH("b", "a");
    assert_int_equal(chain_block(*state, chain_find(*state, "b"))->height, 42);
}

static void a_height_that_contradicts_the_parent_is_refused(void **state)
{
    struct error err = {0};

    PUBLISH_AT("a", "g", 41);
    assert_int_equal(publish(*state, "b", "a", 43, &err), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "at height 43"));
}

static void an_id_that_is_no_id_is_refused(void **state)
{
    char long_id[ASSAY_ID_MAX + 10];

    memset(long_id, 'a', sizeof(long_id));
    long_id[sizeof(long_id) - 1] = '\0';
    assert_int_equal(publish(*state, "a", long_id, 0, NULL), ASSAY_E_INVALID);
    assert_int_equal(publish(*state, "a", "a", 0, NULL), ASSAY_E_INVALID);
}

static void publishing_again_changes_nothing_but_a_missing_body(void **state)
{
    const assay_item item = {.kind = "transaction", .id = "t"};
    assay_block_info info = {.struct_size = sizeof(info), .id = "a", .parent = "g", .slot = 10};
    struct body *empty = NULL, *full = NULL;
    uint32_t number = 0;
    struct error err = {0};

    assert_int_equal(body_new(&info, &empty, NULL), ASSAY_OK);
    info.items = &item;
    info.item_count = 1;
    info.item_stride = sizeof(item);
    assert_int_equal(body_new(&info, &full, NULL), ASSAY_OK);

    info.flags = ASSAY_BLOCK_BODILESS;
    assert_int_equal(
        chain_publish(*state, &(struct chain_news){&info, empty, 1}, &number, NULL), ASSAY_OK);
    assert_true(chain_block(*state, number)->is_bodiless);
    info.flags = 0;
    assert_int_equal(
        chain_publish(*state, &(struct chain_news){&info, full, 2}, &number, NULL), ASSAY_OK);
    assert_false(chain_block(*state, number)->is_bodiless);
    assert_ptr_equal(chain_block(*state, number)->body, full);
    assert_int_equal(chain_block(*state, number)->seen_at, 1);
    info.flags = ASSAY_BLOCK_BODILESS;
    assert_int_equal(
        chain_publish(*state, &(struct chain_news){&info, empty, 3}, &number, NULL), ASSAY_OK);
    assert_ptr_equal(chain_block(*state, number)->body, full);

    info.parent = "other";
    assert_int_equal(chain_publish(*state, &(struct chain_news){&info, empty, 3}, &number, &err),
        ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "published before"));
    body_unref(empty);
    body_unref(full);
}

static void payloads_of_the_newest_blocks_are_kept(void **state)
{
    static char payload[CHAIN_PAYLOADS_MAX / 2 + 1];
    assay_block_info info = {
        .struct_size = sizeof(info), .parent = "g", .payload = {payload, sizeof(payload)}};
    static const char *const ids[] = {"a", "b", "c"};
    struct body *body = NULL;
    uint32_t numbers[3];

    info.id = "a";
    assert_int_equal(body_new(&info, &body, NULL), ASSAY_OK);
    for (size_t i = 0; i < 3; i++) {
        info.id = ids[i];
        if (i == 2)
            info.payload.size = 10;
        assert_int_equal(
            chain_publish(*state, &(struct chain_news){&info, body, 1}, &numbers[i], NULL),
            ASSAY_OK);
    }
    body_unref(body);

    assert_null(chain_block(*state, numbers[0])->payload);
    assert_int_equal(blob_bytes(chain_block(*state, numbers[1])->payload).size, sizeof(payload));
    assert_int_equal(blob_bytes(chain_block(*state, numbers[2])->payload).size, 10);
}

/* ---- tips ---- */

static void a_tip_moves_up(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    PUBLISH("a3", "a2");
    assert_int_equal(EXTEND(0, &move, "a1", "a2"), ASSAY_OK);
    assert_int_equal(move.first, 1);
    assert_int_equal(move.count, 2);
    assert_false(move.is_reorg);
    assert_int_equal(EXTEND(0, &move, "a3"), ASSAY_OK);
    assert_int_equal(move.first, 3);
    assert_int_equal(move.count, 1);
    assert_false(move.is_reorg);
    assert_string_equal(id_at(*state, 0, 2), "a2");
    assert_string_equal(id_at(*state, 0, 3), "a3");
    assert_string_equal(id_at(*state, 0, 4), "");
    assert_string_equal(id_at(*state, 0, 0), "");
    assert_string_equal(id_at(*state, 1, 1), ""); /* another node's view */
}

static void naming_what_stands_already_moves_nothing(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    assert_int_equal(EXTEND(0, &move, "a1", "a2"), ASSAY_OK);
    assert_int_equal(EXTEND(0, &move, "a1", "a2"), ASSAY_OK);
    assert_int_equal(move.count, 0);
    assert_false(move.is_reorg);
    assert_int_equal(
        chain_extend(*state, 0, &(struct chain_path){.count = 0}, &move, &err), ASSAY_OK);
    assert_int_equal(move.count, 0);
}

static void a_fork_gives_up_what_stood_above_it(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    PUBLISH("a3", "a2");
    PUBLISH("b2", "a1");
    PUBLISH("b3", "b2");
    assert_int_equal(EXTEND(0, &move, "a1", "a2", "a3"), ASSAY_OK);
    assert_int_equal(EXTEND(0, &move, "b2"), ASSAY_OK);
    assert_true(move.is_reorg);
    assert_int_equal(move.first, 2);
    assert_int_equal(move.count, 1);
    assert_string_equal(id_at(*state, 0, 2), "b2");
    assert_string_equal(id_at(*state, 0, 3), "");
    assert_int_equal(EXTEND(0, &move, "b3"), ASSAY_OK);
    assert_false(move.is_reorg);
}

static void a_tip_may_go_back(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    PUBLISH("a3", "a2");
    assert_int_equal(EXTEND(0, &move, "a1", "a2", "a3"), ASSAY_OK);
    assert_int_equal(EXTEND(0, &move, "a2"), ASSAY_OK);
    assert_true(move.is_reorg);
    assert_int_equal(move.count, 0);
    assert_string_equal(id_at(*state, 0, 3), "");
}

static void a_chain_may_start_over_from_genesis(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    PUBLISH_AT("b1", "g", 1);
    assert_int_equal(EXTEND(0, &move, "a1", "a2"), ASSAY_OK);
    assert_int_equal(EXTEND(0, &move, "b1"), ASSAY_OK);
    assert_true(move.is_reorg);
    assert_string_equal(id_at(*state, 0, 1), "b1");
    assert_string_equal(id_at(*state, 0, 2), "");
}

static void a_genesis_that_is_published_stands_at_height_0(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH("g", "0000");
    PUBLISH("a1", "g");
    assert_int_equal(EXTEND(0, &move, "g", "a1"), ASSAY_OK);
    assert_string_equal(id_at(*state, 0, 0), "g");
    assert_string_equal(id_at(*state, 0, 1), "a1");
    assert_int_equal(chain_known(*state, 0), 1); /* genesis is given, not observed */
}

static void a_view_may_begin_in_the_middle(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("m", "l", 500);
    PUBLISH("n", "m");
    assert_int_equal(EXTEND(0, &move, "m", "n"), ASSAY_OK);
    assert_string_equal(id_at(*state, 0, 501), "n");
    assert_string_equal(id_at(*state, 0, 499), "");
    assert_int_equal(chain_known(*state, 0), 2);
}

static void heights_nobody_gave_are_counted_from_genesis(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH("a1", "g");
    PUBLISH("a2", "a1");
    assert_int_equal(EXTEND(0, &move, "a1", "a2"), ASSAY_OK);
    assert_string_equal(id_at(*state, 0, 1), "a1");
    assert_string_equal(id_at(*state, 0, 2), "a2");
}

static void one_known_height_settles_those_below(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH("x", "w"); /* height not given, parent not known */
    PUBLISH_AT("y", "x", 70);
    assert_int_equal(EXTEND(0, &move, "x", "y"), ASSAY_OK);
    assert_string_equal(id_at(*state, 0, 69), "x");
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    PUBLISH_AT("z9", "z8", 9);
    PUBLISH_AT("c2", "c1", 2);
    assert_int_equal(EXTEND(0, &move, "a1"), ASSAY_OK);

    assert_int_equal(EXTEND(0, &move, "a2", "never"), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "never has not been published"));
    assert_int_equal(EXTEND(0, &move, "g"), ASSAY_E_INVALID); /* heard of, not published */
    assert_int_equal(EXTEND(0, &move, "a2", "z9"), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "not the child"));
    assert_int_equal(EXTEND(0, &move, "z9"), ASSAY_E_INVALID);
    assert_non_null(strstr(err.text, "name the blocks between"));
    assert_int_equal(EXTEND(0, &move, "c2"), ASSAY_E_INVALID);
    assert_int_equal(EXTEND(0, &move, NULL, "a2"), ASSAY_E_INVALID);

    assert_string_equal(id_at(*state, 0, 1), "a1");
    assert_string_equal(id_at(*state, 0, 2), "");
}

static void coverage_counts_blocks_with_contents_alone(void **state)
{
    struct chain_move move;
    struct error err = {0};
    const assay_block_info info = {.struct_size = sizeof(info),
        .id = "a2",
        .parent = "a1",
        .slot = 10,
        .flags = ASSAY_BLOCK_BODILESS};
    struct body *body = NULL;
    uint32_t number = 0;

    PUBLISH_AT("a1", "g", 1);
    assert_int_equal(body_new(&info, &body, NULL), ASSAY_OK);
    assert_int_equal(
        chain_publish(*state, &(struct chain_news){&info, body, 1}, &number, NULL), ASSAY_OK);
    body_unref(body);
    assert_int_equal(EXTEND(0, &move, "a1", "a2"), ASSAY_OK);
    assert_int_equal(chain_known(*state, 0), 1);
    PUBLISH("a2", "a1");
    assert_int_equal(chain_known(*state, 0), 2);
}

/* ---- finality ---- */

static void final_blocks_are_those_up_to_the_one_named(void **state)
{
    struct chain_move move;
    struct error err = {0};

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    PUBLISH("a3", "a2");
    assert_int_equal(EXTEND(0, &move, "a1", "a2", "a3"), ASSAY_OK);
    assert_int_equal(chain_status(*state, 0, 3, "a2"), ASSAY_OK);
    assert_string_equal(final_id_at(*state, 0, 1), "a1");
    assert_string_equal(final_id_at(*state, 0, 2), "a2");
    assert_string_equal(final_id_at(*state, 0, 3), "");
    assert_int_equal(chain_status(*state, 0, 3, "g"), ASSAY_OK); /* not published: says nothing */
    assert_int_equal(chain_status(*state, 0, 3, "nobody"), ASSAY_OK);
    assert_int_equal(chain_status(*state, 0, 3, NULL), ASSAY_OK);
    assert_string_equal(final_id_at(*state, 0, 2), "a2");
    assert_int_equal(((struct chain *)*state)->views[0].final_changed, 0);
}

static void a_final_block_taken_back_is_counted_at_each_height(void **state)
{
    struct chain_move move;
    struct error err = {0};
    const struct chain_view *view = &((struct chain *)*state)->views[0];

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    PUBLISH("a3", "a2");
    PUBLISH("b2", "a1");
    PUBLISH("b3", "b2");
    assert_int_equal(EXTEND(0, &move, "a1", "a2", "a3"), ASSAY_OK);
    assert_int_equal(chain_status(*state, 0, 3, "a3"), ASSAY_OK);
    assert_int_equal(EXTEND(0, &move, "b2", "b3"), ASSAY_OK);
    assert_int_equal(view->final_changed, 0); /* a reorg alone is not yet a claim of finality */
    assert_string_equal(final_id_at(*state, 0, 2), "a2");
    assert_int_equal(chain_status(*state, 0, 3, "b2"), ASSAY_OK);
    assert_int_equal(view->final_changed, 1);
    assert_string_equal(final_id_at(*state, 0, 2), "b2");
    assert_string_equal(final_id_at(*state, 0, 3), "a3");
    assert_int_equal(chain_status(*state, 0, 3, "b3"), ASSAY_OK);
    assert_int_equal(view->final_changed, 2);
    assert_int_equal(chain_status(*state, 0, 3, "b3"), ASSAY_OK);
    assert_int_equal(view->final_changed, 2);
}

static void a_restart_that_follows_the_same_chain_takes_nothing_back(void **state)
{
    struct chain_move move;
    struct error err = {0};
    const struct chain_view *view = &((struct chain *)*state)->views[0];

    PUBLISH_AT("a1", "g", 1);
    PUBLISH("a2", "a1");
    assert_int_equal(EXTEND(0, &move, "a1", "a2"), ASSAY_OK);
    assert_int_equal(chain_status(*state, 0, 2, "a2"), ASSAY_OK);
    assert_int_equal(EXTEND(0, &move, "a1"), ASSAY_OK); /* empty storage, catching up again */
    assert_int_equal(chain_status(*state, 0, 1, "a1"), ASSAY_OK);
    assert_int_equal(EXTEND(0, &move, "a2"), ASSAY_OK);
    assert_int_equal(chain_status(*state, 0, 2, "a2"), ASSAY_OK);
    assert_int_equal(view->final_changed, 0);
    assert_int_equal(view->height_max, 2);
}

static void a_final_block_off_the_nodes_own_chain_counts_where_it_contradicts(void **state)
{
    struct chain_move move;
    struct error err = {0};
    const struct chain_view *view = &((struct chain *)*state)->views[0];

    PUBLISH_AT("a1", "g", 1);
    PUBLISH_AT("b1", "g", 1);
    assert_int_equal(EXTEND(0, &move, "a1"), ASSAY_OK);
    assert_int_equal(chain_status(*state, 0, 1, "a1"), ASSAY_OK);
    assert_int_equal(chain_status(*state, 0, 1, "b1"), ASSAY_OK);
    assert_int_equal(view->final_changed, 1);
}

/* ---- without memory ---- */

static void every_allocation_may_fail(void **state)
{
    static const char *const ids[] = {"a1", "a2", "a3"};
    static const char *const parents[] = {"g", "a1", "a2"};

    (void)state;
    for (uint64_t n = 1;; n++) {
        struct chain chain;
        struct chain_move move;
        const struct chain_path path = {.ids = ids, .count = 3};
        assay_block_info info = {.struct_size = sizeof(info), .payload = {"x", 1}};
        bool has_failed = false;
        assay_status s = ASSAY_OK;

        mem_fail_at(n, MEM_FAIL_ONCE);
        s = chain_init(&chain, 2);
        for (size_t i = 0; !s && i < 3; i++) {
            struct body *body = NULL;
            uint32_t number = 0;

            info.id = ids[i];
            info.parent = parents[i];
            s = body_new(&info, &body, NULL);
            if (!s)
                s = chain_publish(&chain, &(struct chain_news){&info, body, 1}, &number, NULL);
            body_unref(body);
        }
        if (!s)
            s = chain_extend(&chain, 0, &path, &move, NULL);
        if (!s)
            s = chain_status(&chain, 0, 3, "a3");
        has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        assert_true(s == ASSAY_OK || s == ASSAY_E_NOMEM);
        chain_done(&chain);
        if (!has_failed) {
            assert_int_equal(s, ASSAY_OK);
            break;
        }
    }
}

/* ---- against a model ---- */

enum {
    MODEL_BLOCKS = 400,
    MODEL_MOVES = 2000,
    MODEL_VIEWS = 3
};

/* Blocks as plain arrays; chains found by walking parents; finals remembered per height. */
struct model {
    int parent[MODEL_BLOCKS]; /* -1: genesis is the parent */
    int height[MODEL_BLOCKS];
    int tip[MODEL_VIEWS];
    int final[MODEL_VIEWS][MODEL_BLOCKS + 1]; /* block at height, or -1 */
    uint64_t changed[MODEL_VIEWS];
    int count;
};

static int model_at(const struct model *model, int tip, int height)
{
    while (tip >= 0 && model->height[tip] > height)
        tip = model->parent[tip];
    return tip;
}

static void model_final(struct model *model, int view, int final)
{
    for (int block = final; block >= 0; block = model->parent[block]) {
        int *known = &model->final[view][model->height[block]];

        if (*known >= 0 && *known != block)
            model->changed[view]++;
        *known = block;
    }
}

static const char *name_of(int block, char out[16])
{
    (void)snprintf(out, 16, "b%d", block);
    return out;
}

/* Moves a view to a random block: names the path from a random ancestor on that both know. */
static void move_randomly(
    struct chain *chain, struct model *model, int view, struct random_stream *random)
{
    static char names[MODEL_BLOCKS][16];
    const char *ids[MODEL_BLOCKS];
    const int target = (int)random_below(random, (uint64_t)model->count);
    int path[MODEL_BLOCKS], length = 0;
    struct chain_move move;
    struct error err = {0};

    /* Down to where the view's chain stands, and by chance further. */
    for (int block = target; block >= 0; block = model->parent[block]) {
        path[length++] = block;
        if (model->tip[view] >= 0 && model->parent[block] >= 0 && random_below(random, 2) &&
            model_at(model, model->tip[view], model->height[model->parent[block]]) ==
                model->parent[block])
            break;
    }
    for (int i = 0; i < length; i++)
        ids[i] = name_of(path[length - 1 - i], names[i]);
    if (chain_extend(chain, (uint32_t)view,
            &(struct chain_path){.ids = ids, .count = (size_t)length}, &move, &err))
        fail_msg("%s", err.text);
    assert_int_equal(move.is_reorg,
        model->tip[view] >= 0 &&
            model_at(model, target, model->height[model->tip[view]]) != model->tip[view]);
    model->tip[view] = target;
}

static void compare_with_model(const struct chain *chain, const struct model *model, int view)
{
    char name[16];

    for (int height = 1; height <= MODEL_BLOCKS; height++) {
        const int tip = model->tip[view];
        const int block =
            tip >= 0 && height <= model->height[tip] ? model_at(model, tip, height) : -1;

        assert_string_equal(
            id_at(chain, (uint32_t)view, (uint64_t)height), block >= 0 ? name_of(block, name) : "");
        assert_string_equal(final_id_at(chain, (uint32_t)view, (uint64_t)height),
            model->final[view][height] >= 0 ? name_of(model->final[view][height], name) : "");
    }
    assert_int_equal(chain->views[view].final_changed, model->changed[view]);
}

static void model_grow(struct chain *chain, struct model *model, struct random_stream *random)
{
    char id[16], parent[16] = "g";
    uint64_t said = 0;
    const int block = model->count++;
    /* On one of the newest, so that chains get long. */
    const uint64_t choice = block < 5 ? (uint64_t)block : 5;
    const int below = block == 0 ? -1 : block - 1 - (int)random_below(random, choice);

    model->parent[block] = random_below(random, 50) == 0 ? -1 : below;
    model->height[block] = model->parent[block] < 0 ? 1 : model->height[model->parent[block]] + 1;
    if (model->parent[block] >= 0)
        (void)name_of(model->parent[block], parent);
    if (model->parent[block] < 0 || random_below(random, 2))
        said = (uint64_t)model->height[block];
    assert_int_equal(publish(chain, name_of(block, id), parent, said, NULL), ASSAY_OK);
}

static void random_forks_agree_with_a_naive_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct chain chain;
        struct model *model = calloc(1, sizeof(*model));
        struct random_stream random;

        random_root(&random,
            &(struct random_origin){.seed = seed, .instance = "test", .operation = "forks"});
        assert_int_equal(chain_init(&chain, MODEL_VIEWS), ASSAY_OK);
        memset(model->final, 0xFF, sizeof(model->final));
        memset(model->tip, 0xFF, sizeof(model->tip));
        for (int i = 0; i < MODEL_MOVES; i++) {
            const int view = (int)random_below(&random, MODEL_VIEWS);

            if (model->count < MODEL_BLOCKS && (model->count == 0 || random_below(&random, 3) == 0))
                model_grow(&chain, model, &random);
            move_randomly(&chain, model, view, &random);
            if (random_below(&random, 4) == 0) {
                const int height =
                    1 + (int)random_below(&random, (uint64_t)model->height[model->tip[view]]);
                const int final = model_at(model, model->tip[view], height);
                char name[16];

                model_final(model, view, final);
                assert_int_equal(
                    chain_status(&chain, (uint32_t)view, 0, name_of(final, name)), ASSAY_OK);
            }
            if (i % 10 == 0 || i > MODEL_MOVES - 10)
                compare_with_model(&chain, model, view);
        }
        chain_done(&chain);
        free(model);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_published_block_is_found_by_its_id),
        TEST(height_0_means_one_above_the_parent),
        TEST(a_height_that_contradicts_the_parent_is_refused),
        TEST(an_id_that_is_no_id_is_refused),
        TEST(publishing_again_changes_nothing_but_a_missing_body),
        TEST(payloads_of_the_newest_blocks_are_kept),
        TEST(a_tip_moves_up),
        TEST(naming_what_stands_already_moves_nothing),
        TEST(a_fork_gives_up_what_stood_above_it),
        TEST(a_tip_may_go_back),
        TEST(a_chain_may_start_over_from_genesis),
        TEST(a_genesis_that_is_published_stands_at_height_0),
        TEST(a_view_may_begin_in_the_middle),
        TEST(heights_nobody_gave_are_counted_from_genesis),
        TEST(one_known_height_settles_those_below),
        TEST(what_does_not_fit_is_refused_and_changes_nothing),
        TEST(coverage_counts_blocks_with_contents_alone),
        TEST(final_blocks_are_those_up_to_the_one_named),
        TEST(a_final_block_taken_back_is_counted_at_each_height),
        TEST(a_restart_that_follows_the_same_chain_takes_nothing_back),
        TEST(a_final_block_off_the_nodes_own_chain_counts_where_it_contradicts),
        TEST(every_allocation_may_fail),
        TEST(random_forks_agree_with_a_naive_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
