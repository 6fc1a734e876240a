#include "devnode/shell/links.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"

#define LENGTH_BYTES 4

/* Dead ones are freed by an event of their own, as the user may hang up in the middle of
   anything. */
struct link {
    struct links *links;
    struct bufferevent *stream;
    void *peer;    /* the user's; NULL before it is up and after it is down */
    void *dialled; /* NULL: they dialled us */
    uint64_t since_ns;
    bool is_dead;
    struct link *next;
    struct link **place; /* what points to this link */
};

struct links {
    struct links_params params;
    struct evconnlistener *listener;
    struct link *first;
    size_t count;
    struct event *reaper;
};

static void after_input(struct links *links)
{
    links->params.user.after_input(links->params.user.self);
}

static uint64_t now_of(const struct links *links)
{
    return links->params.user.now_ns(links->params.user.self);
}

static void bury(struct link *link)
{
    static const struct timeval at_once = {0, 0};

    if (link->is_dead)
        return;
    link->is_dead = true;
    link->peer = NULL;
    bufferevent_disable(link->stream, EV_READ | EV_WRITE);
    (void)event_add(link->links->reaper, &at_once);
}

static void link_free(struct link *link)
{
    *link->place = link->next;
    if (link->next)
        link->next->place = link->place;
    link->links->count--;
    bufferevent_free(link->stream);
    free(link);
}

static void reap(evutil_socket_t fd, short what, void *self)
{
    struct links *links = self;
    struct link *next;

    (void)fd;
    (void)what;
    for (struct link *link = links->first; link; link = next) {
        void *dialled = link->dialled;
        uint64_t lasted_ns = link->since_ns ? now_of(links) - link->since_ns + 1 : 0;

        next = link->next;
        if (!link->is_dead)
            continue;
        link_free(link);
        if (dialled)
            links->params.user.closed(links->params.user.self, dialled, lasted_ns);
    }
    after_input(links);
}

/* The other side is gone, or not worth talking to. */
static void drop(struct link *link)
{
    const struct links_user *user = &link->links->params.user;
    void *peer = link->peer;

    if (link->is_dead)
        return;
    bury(link);
    if (peer)
        user->down(user->self, peer);
}

static void on_read(struct bufferevent *stream, void *self)
{
    struct link *link = self;
    struct links *links = link->links;
    struct evbuffer *input = bufferevent_get_input(stream);

    while (!link->is_dead && evbuffer_get_length(input) >= LENGTH_BYTES) {
        uint8_t prefix[LENGTH_BYTES];

        (void)evbuffer_copyout(input, prefix, sizeof(prefix));
        size_t size = (size_t)prefix[0] | (size_t)prefix[1] << 8 | (size_t)prefix[2] << 16 |
            (size_t)prefix[3] << 24;
        if (!size || size > links->params.message_bytes_max) {
            drop(link);
            break;
        }
        if (evbuffer_get_length(input) < LENGTH_BYTES + size)
            break;
        const uint8_t *bytes = evbuffer_pullup(input, (ev_ssize_t)(LENGTH_BYTES + size));
        if (!bytes) {
            drop(link);
            break;
        }
        links->params.user.receive(links->params.user.self, link->peer, bytes + LENGTH_BYTES, size);
        if (!link->is_dead)
            (void)evbuffer_drain(input, LENGTH_BYTES + size);
    }
    after_input(links);
}

static void link_up(struct link *link)
{
    struct links *links = link->links;
    uint8_t ip[16];
    int on = 1;

    /* Messages matter at once; they are few and whole. */
    (void)setsockopt(bufferevent_getfd(link->stream), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    bufferevent_setwatermark(
        link->stream, EV_READ, 0, links->params.message_bytes_max + LENGTH_BYTES);
    (void)bufferevent_set_timeouts(link->stream, NULL, NULL);
    (void)bufferevent_enable(link->stream, EV_READ | EV_WRITE);
    link->since_ns = now_of(links);
    link->peer = links->params.user.up(links->params.user.self, link, link->dialled,
        socket_peer_ip(bufferevent_getfd(link->stream), ip) ? ip : NULL);
}

static void on_event(struct bufferevent *stream, short what, void *self)
{
    struct link *link = self;
    struct links *links = link->links;

    (void)stream;
    if (what & BEV_EVENT_CONNECTED)
        link_up(link);
    else if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
        drop(link);
    after_input(links);
}

static struct link *link_new(struct links *links, evutil_socket_t fd)
{
    struct bufferevent *stream =
        bufferevent_socket_new(links->params.base, fd, BEV_OPT_CLOSE_ON_FREE);

    if (!stream)
        return NULL;
    struct link *link = memory_new(1, sizeof(*link));
    link->links = links;
    link->stream = stream;
    link->next = links->first;
    link->place = &links->first;
    if (link->next)
        link->next->place = &link->next;
    links->first = link;
    links->count++;
    bufferevent_setcb(stream, on_read, NULL, on_event, link);
    return link;
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
    int size, void *self)
{
    struct links *links = self;
    struct link *link = links->count < links->params.links_max ? link_new(links, fd) : NULL;

    (void)listener;
    (void)address;
    (void)size;
    if (!link) {
        (void)evutil_closesocket(fd);
        return;
    }
    link_up(link);
    after_input(links);
}

bool links_dial(
    struct links *links, const struct socket_address *address, void *dialled, uint32_t patience_ms)
{
    const struct timeval patience = {
        .tv_sec = patience_ms / 1000, .tv_usec = (suseconds_t)(patience_ms % 1000) * 1000};
    struct link *link = link_new(links, -1);

    if (!link)
        return false;
    link->dialled = dialled;
    (void)bufferevent_set_timeouts(link->stream, NULL, &patience); /* until it is up */
    if (bufferevent_socket_connect(link->stream, &address->as.any, (int)address->size))
        drop(link);
    return true;
}

struct links *links_new(const struct links_params *params, struct reason *why)
{
    struct links *links = memory_new(1, sizeof(*links));
    struct socket_address address;

    links->params = *params;
    links->reaper = evtimer_new(params->base, reap, links);
    if (!links->reaper || !socket_resolve(&address, params->listen, why)) {
        links_free(links);
        return NULL;
    }
    links->listener = evconnlistener_new_bind(params->base, on_accept, links,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE | LEV_OPT_DISABLED, -1,
        &address.as.any, (int)address.size);
    if (!links->listener) {
        int error = EVUTIL_SOCKET_ERROR();

        reason_format(why, "cannot listen for %s on %s port %u: %s", params->who,
            params->listen->host, params->listen->port, evutil_socket_error_to_string(error));
        links_free(links);
        return NULL;
    }
    return links;
}

void links_start(struct links *links)
{
    (void)evconnlistener_enable(links->listener);
}

void links_free(struct links *links)
{
    struct link *next;

    if (!links)
        return;
    for (struct link *link = links->first; link; link = next) {
        next = link->next;
        link_free(link);
    }
    if (links->listener)
        evconnlistener_free(links->listener);
    if (links->reaper)
        event_free(links->reaper);
    free(links);
}

uint16_t links_port(const struct links *links)
{
    return socket_port(evconnlistener_get_fd(links->listener));
}

void link_send(struct link *link, const uint8_t *message, size_t size)
{
    struct evbuffer *output = bufferevent_get_output(link->stream);
    uint8_t prefix[LENGTH_BYTES] = {
        (uint8_t)size, (uint8_t)(size >> 8), (uint8_t)(size >> 16), (uint8_t)(size >> 24)};

    if (link->is_dead)
        return;
    if (evbuffer_get_length(output) + size > LINKS_OUTPUT_MAX) {
        /* The user is in the middle of something: it hears of it from the event. */
        bufferevent_trigger_event(link->stream, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
        return;
    }
    (void)evbuffer_add(output, prefix, sizeof(prefix));
    (void)evbuffer_add(output, message, size);
}

void link_hang_up(struct link *link)
{
    bury(link);
}
