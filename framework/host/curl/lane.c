#include <assert.h>

#include "framework/base/mem.h"
#include "framework/host/curl/transfer.h"

assay_status lane_for(
    struct curl_engine *engine, const struct http_exchange *exchange, struct lane **out)
{
    struct lane *known = map_get(&engine->lanes, exchange->address_text);
    auto_free struct lane *lane = NULL;
    assay_status s;

    if (known) {
        *out = known;
        return ASSAY_OK;
    }
    lane = mem_new(sizeof *lane);
    if (!lane)
        return ASSAY_E_NOMEM;
    TAILQ_INIT(&lane->waiting);
    s = map_put(&engine->lanes, exchange->address_text, lane);
    if (!s)
        *out = take(lane); /* the map owns it */
    return s;
}

void lane_enter(struct curl_engine *engine, struct lane *lane, struct http_exchange *exchange)
{
    exchange->stage = HTTP_STAGE_WAITING;
    exchange->carrier = lane;
    TAILQ_INSERT_TAIL(&lane->waiting, exchange, queue);
    if (!lane->is_listed)
        TAILQ_INSERT_TAIL(&engine->waiting, lane, list);
    lane->is_listed = true;
}

void lane_leave(struct curl_engine *engine, struct lane *lane, struct http_exchange *exchange)
{
    assert(exchange->carrier == lane && lane->is_listed);
    exchange->carrier = NULL;
    TAILQ_REMOVE(&lane->waiting, exchange, queue);
    if (!TAILQ_EMPTY(&lane->waiting))
        return;
    TAILQ_REMOVE(&engine->waiting, lane, list);
    lane->is_listed = false;
}

struct http_exchange *lane_next(struct curl_engine *engine, struct lane **out)
{
    const struct http_engine_config *config = &engine->base.config;
    struct http_exchange *exchange;
    struct lane *lane = TAILQ_FIRST(&engine->waiting);

    if (engine->active >= config->connections_max)
        return NULL;
    while (lane && lane->active >= config->connections_per_address)
        lane = TAILQ_NEXT(lane, list);
    if (!lane)
        return NULL;
    exchange = TAILQ_FIRST(&lane->waiting);
    lane_leave(engine, lane, exchange);
    if (lane->is_listed) { /* to the end: the others first */
        TAILQ_REMOVE(&engine->waiting, lane, list);
        TAILQ_INSERT_TAIL(&engine->waiting, lane, list);
    }
    *out = lane;
    return exchange;
}
