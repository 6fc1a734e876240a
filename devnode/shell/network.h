/* network.h - the node's TCP connections to its peers.
 *
 * Listens, dials the initial peers for as long as the node runs (with growing pauses, whose jitter
 * the seed decides), cuts the streams into messages and carries them to and from the node. Each
 * message is preceded by its length, u32 little-endian. A peer that does not read what is sent to
 * it is disconnected when NETWORK_OUTPUT_MAX bytes wait. All on the event loop's thread. */
#ifndef DEVNODE_SHELL_NETWORK_H
#define DEVNODE_SHELL_NETWORK_H

#include "devnode/core/node.h"
#include "devnode/shell/config.h"

struct event_base;

/* A window of blocks and a burst of transactions fit many times over. */
#define NETWORK_OUTPUT_MAX (64u << 20)
/* The first pause before dialling again, and the longest. */
#define NETWORK_PAUSE_MS_MIN 100u
#define NETWORK_PAUSE_MS_MAX 2000u

struct network;

struct network_params {
    struct event_base *base;
    const struct config_address *listen;
    const struct config_address *peers;
    size_t peer_count;
    uint64_t seed;
    /* Called after the node was given anything, so that its wake-up can be set anew. */
    void (*after_input)(void *self);
    /* The clock, as node.h wants it. */
    uint64_t (*now_ns)(void *self);
    void *self;
};

/* Listens. NULL and a reason when it cannot. Nothing is dialled or taken before network_start(). */
struct network *network_new(const struct network_params *params, struct reason *why);
void network_start(struct network *network, struct node *node);
void network_free(struct network *network);

/* The port that is listened on, also when it was chosen by the system. */
uint16_t network_port(const struct network *network);

/* For struct node_host; self is the network, link is a connection. */
void network_send(void *self, void *link, const uint8_t *message, size_t size);
void network_hang_up(void *self, void *link, const char *why);

#endif
