#include "devnode/shell/network.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/limits.h"
#include "devnode/core/memory.h"
#include "devnode/shell/socket.h"
#include "nomos/hash.h"

#define LENGTH_BYTES 4
/* A connection that lasted so long was a good one: the next pause is the shortest again. */
#define LASTED_NS 500000000u

struct dialler {
    struct network *network;
    struct socket_address address;
    struct event *timer;
    struct link *link; /* NULL while pausing */
    uint32_t number;   /* which of all it is, for its share of chance */
    uint32_t attempt;
    uint32_t failures; /* in a row */
    uint32_t pause_ms;
};

/* A connection. Dead ones are freed by an event of their own, as the node may hang up in the
   middle of anything. */
struct link {
    struct network *network;
    struct bufferevent *stream;
    struct peer *peer;       /* NULL before it is up and after it is down */
    struct dialler *dialler; /* NULL: they dialled us */
    uint64_t since_ns;
    bool is_dead;
    struct link *next;
    struct link **place; /* what points to this link */
};

struct network {
    struct network_params params;
    struct node *node;
    struct evconnlistener *listener;
    /* The initial peers first, then places for those discovered: free without a timer. */
    struct dialler *diallers;
    size_t dialler_count;
    size_t dialler_total; /* made so far */
    struct link *links;
    size_t link_count;
    struct event *reaper;
};

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

static bool is_initial(const struct dialler *dialler)
{
    return (size_t)(dialler - dialler->network->diallers) < dialler->network->params.peer_count;
}

/* After a connection ended, or never began. */
static void dial_again(struct dialler *dialler, bool has_lasted)
{
    dialler->failures = has_lasted ? 0 : dialler->failures + 1;
    if (has_lasted)
        dialler->pause_ms = NETWORK_PAUSE_MS_MIN;
    if (!is_initial(dialler) && dialler->failures >= NETWORK_ATTEMPTS_MAX) {
        event_free(dialler->timer);
        dialler->timer = NULL;
        return;
    }
    dial_later(dialler);
}

static void bury(struct link *link)
{
    static const struct timeval at_once = {0, 0};

    if (link->is_dead)
        return;
    link->is_dead = true;
    link->peer = NULL;
    bufferevent_disable(link->stream, EV_READ | EV_WRITE);
    (void)event_add(link->network->reaper, &at_once);
}

static void link_free(struct link *link)
{
    struct dialler *dialler = link->dialler;

    *link->place = link->next;
    if (link->next)
        link->next->place = link->place;
    link->network->link_count--;
    if (dialler) {
        uint64_t now = link->network->params.now_ns(link->network->params.self);

        dialler->link = NULL;
        dial_again(dialler, link->since_ns && now - link->since_ns >= LASTED_NS);
    }
    bufferevent_free(link->stream);
    free(link);
}

static void reap(evutil_socket_t fd, short what, void *self)
{
    struct network *network = self;
    struct link *next;

    (void)fd;
    (void)what;
    for (struct link *link = network->links; link; link = next) {
        next = link->next;
        if (link->is_dead)
            link_free(link);
    }
}

/* The other side is gone, or not worth talking to. */
static void drop(struct link *link)
{
    struct peer *peer = link->peer;

    if (link->is_dead)
        return;
    bury(link);
    if (peer)
        node_link_down(link->network->node, peer);
}

static void on_read(struct bufferevent *stream, void *self)
{
    struct link *link = self;
    struct network *network = link->network;
    struct evbuffer *input = bufferevent_get_input(stream);

    while (!link->is_dead && evbuffer_get_length(input) >= LENGTH_BYTES) {
        uint8_t prefix[LENGTH_BYTES];

        (void)evbuffer_copyout(input, prefix, sizeof(prefix));
        size_t size = (size_t)prefix[0] | (size_t)prefix[1] << 8 | (size_t)prefix[2] << 16 |
            (size_t)prefix[3] << 24;
        if (!size || size > MESSAGE_BYTES_MAX) {
            drop(link);
            return;
        }
        if (evbuffer_get_length(input) < LENGTH_BYTES + size)
            return;
        const uint8_t *bytes = evbuffer_pullup(input, (ev_ssize_t)(LENGTH_BYTES + size));
        if (!bytes) {
            drop(link);
            return;
        }
        node_receive(network->node, link->peer, bytes + LENGTH_BYTES, size,
            network->params.now_ns(network->params.self));
        if (!link->is_dead)
            (void)evbuffer_drain(input, LENGTH_BYTES + size);
    }
    network->params.after_input(network->params.self);
}

static void link_up(struct link *link)
{
    struct network *network = link->network;
    uint8_t ip[16];
    int on = 1;

    /* Blocks and transactions matter at once; they are few and whole. */
    (void)setsockopt(bufferevent_getfd(link->stream), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    bufferevent_setwatermark(link->stream, EV_READ, 0, MESSAGE_BYTES_MAX + LENGTH_BYTES);
    (void)bufferevent_enable(link->stream, EV_READ | EV_WRITE);
    link->since_ns = network->params.now_ns(network->params.self);
    link->peer = node_link_up(network->node, link,
        socket_peer_ip(bufferevent_getfd(link->stream), ip) ? ip : NULL, link->since_ns);
}

static void on_event(struct bufferevent *stream, short what, void *self)
{
    struct link *link = self;
    struct network *network = link->network;

    (void)stream;
    if (what & BEV_EVENT_CONNECTED)
        link_up(link);
    else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
        drop(link);
    network->params.after_input(network->params.self);
}

static struct link *link_new(struct network *network, evutil_socket_t fd)
{
    struct bufferevent *stream =
        bufferevent_socket_new(network->params.base, fd, BEV_OPT_CLOSE_ON_FREE);

    if (!stream)
        return NULL;
    struct link *link = memory_new(1, sizeof(*link));
    link->network = network;
    link->stream = stream;
    link->next = network->links;
    link->place = &network->links;
    if (link->next)
        link->next->place = &link->next;
    network->links = link;
    network->link_count++;
    bufferevent_setcb(stream, on_read, NULL, on_event, link);
    return link;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
    int size, void *self)
{
    struct network *network = self;
    struct link *link = network->link_count < LINKS_MAX ? link_new(network, fd) : NULL;

    (void)listener;
    (void)address;
    (void)size;
    if (!link) {
        (void)evutil_closesocket(fd);
        return;
    }
    link_up(link);
    network->params.after_input(network->params.self);
}

static void on_dial(evutil_socket_t fd, short what, void *self)
{
    struct dialler *dialler = self;
    struct link *link = link_new(dialler->network, -1);

    (void)fd;
    (void)what;
    if (!link) {
        dial_later(dialler);
        return;
    }
    link->dialler = dialler;
    dialler->link = link;
    if (bufferevent_socket_connect(
            link->stream, &dialler->address.as.any, (int)dialler->address.size))
        drop(link);
}

/* Makes the dialler of one address; it dials when its timer is set. */
static bool dialler_init(
    struct dialler *dialler, struct network *network, const struct socket_address *address)
{
    *dialler = (struct dialler){.network = network,
        .address = *address,
        .number = (uint32_t)network->dialler_total++,
        .pause_ms = NETWORK_PAUSE_MS_MIN};
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

        if (!dialler->timer)
            free_place = dialler;
        else if (socket_equal(&dialler->address, &address))
            return;
    }
    if (free_place && dialler_init(free_place, network, &address))
        (void)event_add(free_place->timer, &at_once);
}

struct network *network_new(const struct network_params *params, struct reason *why)
{
    struct network *network = memory_new(1, sizeof(*network));
    struct socket_address address;

    network->params = *params;
    network->reaper = evtimer_new(params->base, reap, network);
    if (!network->reaper || !socket_resolve(&address, params->listen, why) ||
        !set_up_diallers(network, why)) {
        network_free(network);
        return NULL;
    }
    network->listener = evconnlistener_new_bind(params->base, on_accept, network,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_DISABLED, -1,
        &address.as.any, (int)address.size);
    if (!network->listener) {
        int error = EVUTIL_SOCKET_ERROR();

        reason_format(why, "cannot listen for peers on %s port %u: %s", params->listen->host,
            params->listen->port, evutil_socket_error_to_string(error));
        network_free(network);
        return NULL;
    }
    return network;
}

void network_start(struct network *network, struct node *node)
{
    static const struct timeval at_once = {0, 0};

    network->node = node;
    (void)evconnlistener_enable(network->listener);
    for (size_t i = 0; i < network->params.peer_count; i++)
        (void)event_add(network->diallers[i].timer, &at_once);
}

void network_free(struct network *network)
{
    struct link *next;

    if (!network)
        return;
    for (struct link *link = network->links; link; link = next) {
        next = link->next;
        bufferevent_free(link->stream);
        free(link);
    }
    for (size_t i = 0; network->diallers && i < network->dialler_count; i++) {
        if (network->diallers[i].timer)
            event_free(network->diallers[i].timer);
    }
    free(network->diallers);
    if (network->listener)
        evconnlistener_free(network->listener);
    if (network->reaper)
        event_free(network->reaper);
    free(network);
}

uint16_t network_port(const struct network *network)
{
    return socket_port(evconnlistener_get_fd(network->listener));
}

static void on_overflow(struct link *link)
{
    /* Called from within the node, so it must not be called back: it hears of it from the event. */
    bufferevent_trigger_event(link->stream, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

void network_send(void *self, void *link, const uint8_t *message, size_t size)
{
    struct link *to = link;
    struct evbuffer *output = bufferevent_get_output(to->stream);
    uint8_t prefix[LENGTH_BYTES] = {
        (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), (uint8_t)(size >> 24)};

    (void)self;
    if (to->is_dead)
        return;
    if (evbuffer_get_length(output) + size > NETWORK_OUTPUT_MAX) {
        on_overflow(to);
        return;
    }
    (void)evbuffer_add(output, prefix, sizeof(prefix));
    (void)evbuffer_add(output, message, size);
}

void network_hang_up(void *self, void *link, const char *why)
{
    (void)self;
    (void)why;
    bury(link);
}
