#include "devnode/shell/network.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/limits.h"
#include "devnode/core/memory.h"
#include "devnode/shell/links.h"
#include "devnode/shell/socket.h"
#include "nomos/hash.h"

/* A connection that lasted so long was a good one: the next pause is the shortest again. */
#define LASTED_NS 500000000u

struct dialler {
    struct network *network;
    struct socket_address address;
    struct event *timer;
    uint32_t number; /* which of all it is, for its share of chance */
    uint32_t attempt;
    uint32_t failures; /* in a row */
    uint32_t pause_ms;
    uint32_t patience_ms;
    uint64_t dialled_ns;
};

struct network {
    struct network_params params;
    struct node *node;
    struct links *links;
    /* The initial peers first, then places for those discovered: free without a timer. */
    struct dialler *diallers;
    size_t dialler_count;
    size_t dialler_total; /* made so far */
};

static uint64_t now_ns(void *self)
{
    const struct network *network = self;

    return network->params.now_ns(network->params.self);
}

/* --- dialling --------------------------------------------------------------------------------- */

static void dial_later(struct dialler *dialler)
{
    uint8_t text[24];
    uint64_t drawn;
    uint32_t jitter;

    uint64_t which = dialler->number;
    uint64_t attempt = dialler->attempt++;
    memcpy(text, &dialler->network->params.seed, 8);
    memcpy(text + 8, &which, 8);
    memcpy(text + 16, &attempt, 8);
    struct bytes32 hash = hash_of(text, sizeof(text));
    memcpy(&drawn, hash.bytes, sizeof(drawn));
    jitter = (uint32_t)(drawn % (dialler->pause_ms / 2));
    uint32_t wait_ms = dialler->pause_ms + jitter;
    struct timeval wait = {
        .tv_sec = wait_ms / 1000, .tv_usec = (suseconds_t)(wait_ms % 1000) * 1000};
    dialler->pause_ms *= 2;
    if (dialler->pause_ms > NETWORK_PAUSE_MS_MAX)
        dialler->pause_ms = NETWORK_PAUSE_MS_MAX;
    (void)event_add(dialler->timer, &wait);
}

uint32_t network_patience_ms(uint32_t patience_ms, uint64_t took_ns, bool was_up)
{
    if (was_up)
        return NETWORK_PATIENCE_MS_MIN;
    if (took_ns < patience_ms * UINT64_C(1000000))
        return patience_ms;
    return patience_ms < NETWORK_PATIENCE_MS_MAX / 2 ? patience_ms * 2 : NETWORK_PATIENCE_MS_MAX;
}

/* After a connection ended, or never began. */
static void on_closed(void *self, void *dialled, uint64_t lasted_ns)
{
    struct dialler *dialler = dialled;
    bool has_lasted = lasted_ns >= LASTED_NS;

    (void)self;
    dialler->failures = has_lasted ? 0 : dialler->failures + 1;
    if (has_lasted)
        dialler->pause_ms = NETWORK_PAUSE_MS_MIN;
    dialler->patience_ms = network_patience_ms(
        dialler->patience_ms, now_ns(dialler->network) - dialler->dialled_ns, lasted_ns > 0);
    dial_later(dialler);
}

static void on_dial(evutil_socket_t fd, short what, void *self)
{
    struct dialler *dialler = self;

    (void)fd;
    (void)what;
    dialler->dialled_ns = now_ns(dialler->network);
    if (!links_dial(dialler->network->links, &dialler->address, dialler, dialler->patience_ms))
        dial_later(dialler);
}

/* Makes the dialler of one address; it dials when its timer is set. */
static bool dialler_init(
    struct dialler *dialler, struct network *network, const struct socket_address *address)
{
    *dialler = (struct dialler){.network = network,
        .address = *address,
        .number = (uint32_t)network->dialler_total++,
        .pause_ms = NETWORK_PAUSE_MS_MIN,
        .patience_ms = NETWORK_PATIENCE_MS_MIN};
    dialler->timer = evtimer_new(network->params.base, on_dial, dialler);
    return dialler->timer != NULL;
}

static bool set_up_diallers(struct network *network, struct reason *why)
{
    const struct network_params *params = &network->params;

    network->dialler_count = params->peer_count + NETWORK_DISCOVERED_MAX;
    network->diallers = memory_new(network->dialler_count, sizeof(*network->diallers));
    for (size_t i = 0; i < params->peer_count; i++) {
        struct socket_address address;

        if (!socket_resolve(&address, &params->peers[i], why))
            return reason_wrap(why, "initial peer");
        if (!dialler_init(&network->diallers[i], network, &address))
            return reason_set(why, "out of memory");
    }
    return true;
}

static bool is_initial(const struct dialler *dialler)
{
    return (size_t)(dialler - dialler->network->diallers) < dialler->network->params.peer_count;
}

/* Nobody uses it, or nobody has been reached by it for long, and it rests between two attempts. */
static bool is_free(const struct dialler *dialler)
{
    return !dialler->timer ||
        (!is_initial(dialler) && dialler->failures >= NETWORK_ATTEMPTS_MAX &&
            event_pending(dialler->timer, EV_TIMEOUT, NULL));
}

void network_discovered(void *self, const struct gossip_address *contact)
{
    static const struct timeval at_once = {0, 0};
    struct network *network = self;
    struct socket_address address;
    struct dialler *free_place = NULL;

    if (network->params.is_exact)
        return;
    socket_from_ip(&address, contact->ip, contact->port);
    for (size_t i = 0; i < network->dialler_count; i++) {
        struct dialler *dialler = &network->diallers[i];

        if (dialler->timer && socket_equal(&dialler->address, &address))
            return;
        if (is_free(dialler) && (!free_place || free_place->timer))
            free_place = dialler; /* one that nobody uses is better */
    }
    if (!free_place)
        return;
    if (free_place->timer)
        event_free(free_place->timer);
    if (dialler_init(free_place, network, &address))
        (void)event_add(free_place->timer, &at_once);
}

/* --- between the connections and the node ----------------------------------------------------- */

static void *on_up(void *self, struct link *link, void *dialled, const uint8_t *ip)
{
    const struct network *network = self;

    (void)dialled;
    return node_link_up(network->node, link, ip, now_ns(self));
}

static void on_down(void *self, void *peer)
{
    const struct network *network = self;

    node_link_down(network->node, peer);
}

static void on_receive(void *self, void *peer, const uint8_t *message, size_t size)
{
    const struct network *network = self;

    node_receive(network->node, peer, message, size, now_ns(self));
}

static void after_input(void *self)
{
    const struct network *network = self;

    network->params.after_input(network->params.self);
}

void network_send(void *self, void *link, const uint8_t *message, size_t size)
{
    (void)self;
    link_send(link, message, size);
}

void network_hang_up(void *self, void *link, const char *why)
{
    (void)self;
    (void)why;
    link_hang_up(link);
}

/* --- life ------------------------------------------------------------------------------------- */

struct network *network_new(const struct network_params *params, struct reason *why)
{
    struct network *network = memory_new(1, sizeof(*network));

    network->params = *params;
    if (set_up_diallers(network, why))
        network->links = links_new(&(struct links_params){.base = params->base,
                                       .listen = params->listen,
                                       .who = "peers",
                                       .message_bytes_max = MESSAGE_BYTES_MAX,
                                       .links_max = LINKS_MAX,
                                       .user = {.self = network,
                                           .up = on_up,
                                           .down = on_down,
                                           .receive = on_receive,
                                           .after_input = after_input,
                                           .closed = on_closed,
                                           .now_ns = now_ns}},
            why);
    if (!network->links) {
        network_free(network);
        return NULL;
    }
    return network;
}

void network_start(struct network *network, struct node *node)
{
    static const struct timeval at_once = {0, 0};

    network->node = node;
    links_start(network->links);
    for (size_t i = 0; i < network->params.peer_count; i++)
        (void)event_add(network->diallers[i].timer, &at_once);
}

void network_free(struct network *network)
{
    if (!network)
        return;
    links_free(network->links);
    for (size_t i = 0; network->diallers && i < network->dialler_count; i++) {
        if (network->diallers[i].timer)
            event_free(network->diallers[i].timer);
    }
    free(network->diallers);
    free(network);
}

uint16_t network_port(const struct network *network)
{
    return links_port(network->links);
}
