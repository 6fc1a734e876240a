/* links.h - TCP connections that carry messages.
 *
 * Listens, dials what it is told to, and cuts the streams into messages: each is preceded by its
 * length, u32 little-endian. Who speaks out of these bounds, or does not read what is sent to it
 * until LINKS_OUTPUT_MAX bytes wait, is disconnected. What the messages mean is the user's
 * business: network.h for blocks and transactions, da_shell.c for data. All on the event loop's
 * thread. */
#ifndef DEVNODE_SHELL_LINKS_H
#define DEVNODE_SHELL_LINKS_H

#include "devnode/core/reason.h"
#include "devnode/shell/config.h"
#include "devnode/shell/socket.h"

struct event_base;

/* A window of blocks and a burst of transactions fit many times over. */
#define LINKS_OUTPUT_MAX (64u << 20)

struct links;
struct link; /* a connection */

struct links_user {
    void *self;
    /* A connection is up; `dialled` is what links_dial() was told, NULL when the other side dialled.
     * `ip` is its address as IPv6 (or mapped IPv4), NULL when it has none. Answers what stands for
     * the connection in the calls below. */
    void *(*up)(void *self, struct link *link, void *dialled, const uint8_t *ip);
    /* The other side closed it, or it broke. */
    void (*down)(void *self, void *peer);
    void (*receive)(void *self, void *peer, const uint8_t *message, size_t size);
    /* After each burst of the calls above. */
    void (*after_input)(void *self);
    /* A dialled connection is gone for good, also when links_hang_up() ended it. It was up for
     * `lasted_ns`; zero: it never was. */
    void (*closed)(void *self, void *dialled, uint64_t lasted_ns);
    uint64_t (*now_ns)(void *self);
};

struct links_params {
    struct event_base *base;
    const struct config_address *listen;
    const char *who; /* for messages: who is listened for */
    size_t message_bytes_max;
    size_t links_max;
    struct links_user user;
};

/* Binds. NULL and a reason when it cannot. Nothing is taken before links_start(). */
struct links *links_new(const struct links_params *params, struct reason *why);
void links_start(struct links *links);
/* Closes everything without telling the user. */
void links_free(struct links *links);

/* The port that is listened on, also when it was chosen by the system. */
uint16_t links_port(const struct links *links);

/* `dialled` must not be NULL. Who has not answered after `patience_ms` is given up on, which `closed`
 * tells: the system itself would ask a host that is gone again after a second, after two more, and so
 * on, and hear of its return as late. False when it cannot even be tried; `closed` is then not called. */
bool links_dial(
    struct links *links, const struct socket_address *address, void *dialled, uint32_t patience_ms);

void link_send(struct link *link, const uint8_t *message, size_t size);
/* Closes a connection; `down` is not called for it. May be called in the middle of anything. */
void link_hang_up(struct link *link);

#endif
