#include "framework/host/chain.h"

#include <assert.h>
#include <string.h>

#include "framework/base/mem.h"

enum {
    PAGE_BLOCKS = 256
};

static const char *text_of(const void *owner, uint32_t number)
{
    return chain_block(owner, number)->id;
}

assay_status chain_init(struct chain *chain, uint32_t view_count)
{
    *chain = (struct chain){.view_count = view_count};
    vec_init(&chain->pages, sizeof(struct chain_block *), CHAIN_BLOCKS_MAX / PAGE_BLOCKS);
    vec_init(&chain->payloads, sizeof(uint32_t), CHAIN_BLOCKS_MAX);
    idtable_init(&chain->by_id, text_of, chain);
    chain->views = mem_new_array(view_count, sizeof(*chain->views));
    if (!chain->views)
        return ASSAY_E_NOMEM;
    for (uint32_t i = 0; i < view_count; i++) {
        vec_init(&chain->views[i].best.numbers, sizeof(uint32_t), CHAIN_HEIGHTS_MAX);
        vec_init(&chain->views[i].final.numbers, sizeof(uint32_t), CHAIN_HEIGHTS_MAX);
    }
    return ASSAY_OK;
}

void chain_done(struct chain *chain)
{
    for (uint32_t i = 0; i < chain->block_count; i++) {
        body_unref(chain_block(chain, i)->body);
        blob_unref(chain_block(chain, i)->payload);
    }
    VEC_EACH(struct chain_block *, page, &chain->pages) {
        free(*page);
    }
    vec_done(&chain->pages);
    for (uint32_t i = 0; chain->views && i < chain->view_count; i++) {
        vec_done(&chain->views[i].best.numbers);
        vec_done(&chain->views[i].final.numbers);
    }
    free(chain->views);
    vec_done(&chain->payloads);
    idtable_done(&chain->by_id);
    texts_done(&chain->texts);
}

/* ---- blocks ---- */

uint32_t chain_find(const struct chain *chain, const char *id)
{
    uint32_t number = 0;

    return idtable_find(&chain->by_id, id, &number) ? number : CHAIN_NONE;
}

struct chain_block *chain_block(const struct chain *chain, uint32_t number)
{
    struct chain_block *const *page = NULL;

    assert(number < chain->pages.count * PAGE_BLOCKS);
    page = vec_at(&chain->pages, number / PAGE_BLOCKS);
    return &(*page)[number % PAGE_BLOCKS];
}

static bool room_for_one(struct chain *chain)
{
    auto_free struct chain_block *page = NULL;

    if (chain->block_count < chain->pages.count * PAGE_BLOCKS)
        return true;
    page = mem_new_array(PAGE_BLOCKS, sizeof(*page));
    if (!page || vec_push(&chain->pages, &page))
        return false;
    page = NULL; /* the chain's now */
    return true;
}

uint32_t chain_hear(struct chain *chain, const char *id)
{
    const size_t len = strnlen(id, ASSAY_ID_MAX);
    uint32_t number = chain_find(chain, id);
    struct chain_block *block = NULL;

    if (number != CHAIN_NONE)
        return number;
    if (len == 0 || len >= ASSAY_ID_MAX || !room_for_one(chain))
        return CHAIN_NONE;
    number = chain->block_count;
    block = chain_block(chain, number);
    *block = (struct chain_block){.id = texts_add(&chain->texts, id, len), .parent = CHAIN_NONE};
    if (!block->id || idtable_add(&chain->by_id, number))
        return CHAIN_NONE;
    chain->block_count++;
    return number;
}

/* ---- publishing ---- */

static bool payload_evict(struct chain *chain)
{
    struct chain_block *block = NULL;

    if (chain->payloads.count == 0)
        return false;
    block = chain_block(chain, *(uint32_t *)vec_at(&chain->payloads, 0));
    chain->payload_bytes -= blob_bytes(block->payload).size;
    blob_unref(block->payload);
    block->payload = NULL;
    vec_remove(&chain->payloads, 0);
    return true;
}

/* Payloads are a convenience that may be missing: no memory or no room for one is no failure. */
static void payload_keep(struct chain *chain, uint32_t number, assay_bytes payload)
{
    struct chain_block *block = chain_block(chain, number);

    if (payload.size == 0 || payload.size > CHAIN_PAYLOADS_MAX || block->payload)
        return;
    while (chain->payload_bytes + payload.size > CHAIN_PAYLOADS_MAX) {
        if (!payload_evict(chain))
            return;
    }
    if (vec_push(&chain->payloads, &number))
        return;
    block->payload = blob_new(payload);
    if (!block->payload) {
        vec_remove(&chain->payloads, chain->payloads.count - 1);
        return;
    }
    chain->payload_bytes += payload.size;
}

/* What the header of a block says, its height worked out where that is possible. Nobody's parent is
   the empty id, or, as chains of hashes have it, the one that is all zeros. */
struct header {
    uint32_t parent;
    uint64_t height;
    bool has_height;
};

static assay_status header_read(
    struct chain *chain, const assay_block_info *info, struct header *out, struct error *err)
{
    const bool is_root = !info->parent || strspn(info->parent, "0") == strlen(info->parent);
    const struct chain_block *parent = NULL;

    *out = (struct header){.parent = CHAIN_NONE, .height = info->height, .has_height = true};
    if (is_root)
        return ASSAY_OK;
    if (strcmp(info->parent, info->id) == 0)
        return error_set(err, ASSAY_E_INVALID, "block %s is its own parent", info->id);
    out->parent = chain_hear(chain, info->parent);
    if (out->parent == CHAIN_NONE)
        return error_set(err,
            strnlen(info->parent, ASSAY_ID_MAX) < ASSAY_ID_MAX ? ASSAY_E_NOMEM : ASSAY_E_INVALID,
            "block %s: its parent cannot be recorded", info->id);
    parent = chain_block(chain, out->parent);
    if (parent->is_published && parent->has_height) {
        if (out->height == 0)
            out->height = parent->height + 1;
        if (out->height != parent->height + 1)
            return error_set(err, ASSAY_E_INVALID,
                "block %s is at height %llu, but its parent %s at %llu", info->id,
                (unsigned long long)out->height, parent->id, (unsigned long long)parent->height);
    }
    out->has_height = out->height != 0;
    return ASSAY_OK;
}

static assay_status publish_again(struct chain_block *block, const assay_block_info *info,
    const struct header *header, struct error *err)
{
    const bool other_height =
        block->has_height && header->has_height && block->height != header->height;

    if (block->parent != header->parent || block->slot != info->slot || other_height)
        return error_set(err, ASSAY_E_INVALID,
            "block %s was published before with another parent, slot or height", info->id);
    return ASSAY_OK;
}

assay_status chain_publish(
    struct chain *chain, const struct chain_news *news, uint32_t *out, struct error *err)
{
    const assay_block_info *info = news->info;
    const bool is_bodiless = info->flags & ASSAY_BLOCK_BODILESS;
    struct header header = {0};
    struct chain_block *block = NULL;
    uint32_t number = 0;
    assay_status s = ASSAY_OK;

    if (!info->id || !info->id[0] || strnlen(info->id, ASSAY_ID_MAX) >= ASSAY_ID_MAX)
        return error_set(err, ASSAY_E_INVALID, "a block's id has 1 to %u bytes", ASSAY_ID_MAX - 1);
    if (chain->block_count + 2 > CHAIN_BLOCKS_MAX)
        return error_set(err, ASSAY_E_LAGGED, "more than %d blocks in one run", CHAIN_BLOCKS_MAX);
    number = chain_hear(chain, info->id);
    if (number == CHAIN_NONE)
        return error_nomem(err);
    s = header_read(chain, info, &header, err);
    if (s)
        return s;
    block = chain_block(chain, number);
    if (block->is_published)
        s = publish_again(block, info, &header, err);
    if (s)
        return s;
    if (!block->is_published)
        block->seen_at = news->now;
    if (!block->is_published || (block->is_bodiless && !is_bodiless)) {
        body_unref(block->body);
        block->body = body_ref(news->body);
        block->is_bodiless = is_bodiless;
    }
    block->is_published = true;
    block->parent = header.parent;
    block->slot = info->slot;
    if (!block->has_height) {
        block->height = header.height;
        block->has_height = header.has_height;
    }
    payload_keep(chain, number, info->payload);
    *out = number;
    return ASSAY_OK;
}

/* ---- chains by height ---- */

static uint64_t heights_end(const struct heights *heights)
{
    return heights->low + heights->numbers.count;
}

static uint32_t heights_at(const struct heights *heights, uint64_t height)
{
    if (height < heights->low || height >= heights_end(heights))
        return CHAIN_NONE;
    return *(const uint32_t *)vec_at(&heights->numbers, (size_t)(height - heights->low));
}

static void heights_set(struct heights *heights, uint64_t height, uint32_t number)
{
    *(uint32_t *)vec_at(&heights->numbers, (size_t)(height - heights->low)) = number;
}

uint32_t chain_at(const struct chain *chain, uint32_t view, uint64_t height)
{
    return heights_at(&chain->views[view].best, height);
}

uint32_t chain_final_at(const struct chain *chain, uint32_t view, uint64_t height)
{
    return heights_at(&chain->views[view].final, height);
}

/* Is the block on this chain? */
static bool heights_has(const struct heights *heights, const struct chain *chain, uint32_t number)
{
    const struct chain_block *block = number == CHAIN_NONE ? NULL : chain_block(chain, number);

    return block && block->has_height && heights_at(heights, block->height) == number;
}

uint64_t chain_known(const struct chain *chain, uint32_t view)
{
    const struct heights *best = &chain->views[view].best;
    uint64_t known = 0;

    for (uint64_t height = best->low; height < heights_end(best); height++) {
        const struct chain_block *block = chain_block(chain, heights_at(best, height));

        known += height > 0 && block->is_published && !block->is_bodiless;
    }
    return known;
}

/* ---- a tip moves ---- */

/* Looks up the path's blocks and checks that each is the next one's parent. */
static assay_status path_resolve(const struct chain *chain, const struct chain_path *path,
    struct vec *numbers, struct error *err)
{
    uint32_t before = CHAIN_NONE;

    for (size_t i = 0; i < path->count; i++) {
        const char *id = path->ids[i] ? path->ids[i] : "";
        const uint32_t number = chain_find(chain, id);

        if (number == CHAIN_NONE || !chain_block(chain, number)->is_published)
            return error_set(err, ASSAY_E_INVALID, "block %s has not been published", id);
        if (i > 0 && chain_block(chain, number)->parent != before)
            return error_set(err, ASSAY_E_INVALID,
                "block %s is not the child of %s, which is "
                "named before it",
                id, path->ids[i - 1]);
        if (vec_push(numbers, &number))
            return error_nomem(err);
        before = number;
    }
    return ASSAY_OK;
}

/* The height of the path's first block as the publishers gave it, or worked out from those above
   it; 1 when nobody said: then it must be the child of genesis. */
static uint64_t path_height_said(const struct chain *chain, const struct vec *numbers)
{
    for (size_t i = 0; i < numbers->count; i++) {
        const struct chain_block *block = chain_block(chain, *(uint32_t *)vec_at(numbers, i));

        if (block->has_height && block->height >= i)
            return block->height - i;
    }
    return 1;
}

/* The height of the path's first block, by the rules of chain_extend. */
static assay_status path_height(const struct chain *chain, const struct heights *best,
    const struct vec *numbers, uint64_t *out, struct error *err)
{
    const struct chain_block *first = chain_block(chain, *(uint32_t *)vec_at(numbers, 0));
    const bool is_empty = best->numbers.count == 0;
    const uint32_t root =
        is_empty ? CHAIN_NONE : chain_block(chain, heights_at(best, best->low))->parent;
    const uint64_t said = path_height_said(chain, numbers);

    if (heights_has(best, chain, first->parent))
        *out = chain_block(chain, first->parent)->height + 1;
    else if (is_empty || (said <= 1 && said <= best->low))
        *out = said;
    else if (first->parent == root)
        *out = best->low;
    else
        return error_set(err, ASSAY_E_INVALID,
            "block %s at height %llu does not stand on the chain known for this node, from height "
            "%llu to %llu: name the blocks between",
            first->id, (unsigned long long)said, (unsigned long long)best->low,
            (unsigned long long)heights_end(best) - 1);
    return ASSAY_OK;
}

/* Gives the path's blocks their heights, from `height` on. */
static assay_status path_number(
    const struct chain *chain, const struct vec *numbers, uint64_t height, struct error *err)
{
    for (size_t i = 0; i < numbers->count; i++, height++) {
        struct chain_block *block = chain_block(chain, *(uint32_t *)vec_at(numbers, i));

        if (block->has_height && block->height != height)
            return error_set(err, ASSAY_E_INVALID,
                "block %s was published at height %llu, but on this chain it is at %llu", block->id,
                (unsigned long long)block->height, (unsigned long long)height);
    }
    return ASSAY_OK;
}

/* Grows by `count` places that are not blocks yet; all or nothing. */
static assay_status heights_grow(struct heights *heights, size_t count)
{
    const size_t before = heights->numbers.count;
    const uint32_t none = CHAIN_NONE;

    for (size_t i = 0; i < count; i++) {
        const assay_status s = vec_push(&heights->numbers, &none);

        if (s) {
            heights->numbers.count = before;
            return s == ASSAY_E_INVALID ? ASSAY_E_LAGGED : s;
        }
    }
    return ASSAY_OK;
}

static assay_status view_rewrite(struct chain *chain, struct chain_view *view,
    const struct vec *numbers, uint64_t height, struct chain_move *out)
{
    struct heights *best = &view->best;
    const bool starts_over = best->numbers.count == 0 || height < best->low;
    const uint64_t old_end = heights_end(best), new_end = height + numbers->count;
    const size_t old_count = best->numbers.count;
    uint64_t same = height; /* the first height at which something changes */
    const size_t wanted = (size_t)(new_end - (starts_over ? height : best->low));

    if (wanted > old_count && heights_grow(best, wanted - old_count))
        return ASSAY_E_NOMEM;
    if (starts_over)
        best->low = height;
    else
        while (same < new_end && same < old_end &&
            heights_at(best, same) == *(uint32_t *)vec_at(numbers, (size_t)(same - height)))
            same++;
    for (uint64_t h = same; h < new_end; h++) {
        const uint32_t number = *(uint32_t *)vec_at(numbers, (size_t)(h - height));

        heights_set(best, h, number);
        chain_block(chain, number)->height = h;
        chain_block(chain, number)->has_height = true;
    }
    best->numbers.count = wanted;
    if (view->checked > same)
        view->checked = same;
    *out = (struct chain_move){.first = same,
        .count = new_end - same,
        .is_reorg = old_count > 0 && (starts_over || same < old_end)};
    return ASSAY_OK;
}

assay_status chain_extend(struct chain *chain, uint32_t view, const struct chain_path *path,
    struct chain_move *out, struct error *err)
{
    struct chain_view *target = &chain->views[view];
    auto_vec struct vec numbers = VEC_INIT(uint32_t, CHAIN_PATH_MAX);
    uint64_t height = 0;
    assay_status s = ASSAY_OK;

    if (path->count == 0) {
        *out = (struct chain_move){.count = 0};
        return ASSAY_OK;
    }
    s = path_resolve(chain, path, &numbers, err);
    if (s)
        return s;
    s = path_height(chain, &target->best, &numbers, &height, err);
    if (!s)
        s = path_number(chain, &numbers, height, err);
    if (!s && view_rewrite(chain, target, &numbers, height, out))
        s = error_nomem(err);
    return s;
}

/* ---- finality ---- */

/* Compares what was called final with the present chain, up to and with `top`, and takes over
   what is new. Room was made. */
static void final_follow(struct chain_view *view, uint64_t top)
{
    uint64_t height = view->checked > view->final.low ? view->checked : view->final.low;

    for (; height <= top; height++) {
        const uint32_t before = heights_at(&view->final, height);
        const uint32_t now = heights_at(&view->best, height);

        if (now == CHAIN_NONE || now == before)
            continue;
        if (before != CHAIN_NONE)
            view->final_changed++;
        heights_set(&view->final, height, now);
    }
    if (view->checked <= top)
        view->checked = top + 1;
}

assay_status chain_status(struct chain *chain, uint32_t view, uint64_t height, const char *final)
{
    struct chain_view *target = &chain->views[view];
    const uint32_t number = final ? chain_find(chain, final) : CHAIN_NONE;
    const struct chain_block *block = number == CHAIN_NONE ? NULL : chain_block(chain, number);

    if (height > target->height_max)
        target->height_max = height;
    if (!block || !block->is_published || !block->has_height)
        return ASSAY_OK;
    if (heights_at(&target->best, block->height) != number) {
        /* It calls a block final that is not on its chain. If it called another one final there
           before, it has taken that back. */
        const uint32_t before = heights_at(&target->final, block->height);

        if (before != CHAIN_NONE && before != number) {
            target->final_changed++;
            heights_set(&target->final, block->height, number);
        }
        return ASSAY_OK;
    }
    if (target->final.numbers.count == 0)
        target->final.low = target->best.low;
    if (block->height >= heights_end(&target->final) &&
        heights_grow(&target->final, (size_t)(block->height + 1 - heights_end(&target->final))))
        return ASSAY_E_NOMEM;
    if (block->height >= target->final.low)
        final_follow(target, block->height);
    return ASSAY_OK;
}
