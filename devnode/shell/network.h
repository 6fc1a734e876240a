/* network.h - the node's connections to its peers, for blocks and transactions.
 *
 * Listens, dials the initial peers for as long as the node runs (with growing pauses, whose jitter
 * the seed decides) and some of those that others told of, and carries messages to and from the
 * node. All on the event loop's thread. */
#ifndef DEVNODE_SHELL_NETWORK_H
#define DEVNODE_SHELL_NETWORK_H

#include "devnode/core/node.h"
#include "devnode/shell/config.h"

struct event_base;

/* The first pause before dialling again, and the longest. The first is short for a network that is
 * brought up at once: then a peer may listen a few milliseconds after it was dialled. */
#define NETWORK_PAUSE_MS_MIN 10u
#define NETWORK_PAUSE_MS_MAX 500u
/* How long a peer is waited for when it is dialled, doubling while nobody answers: long enough for a
 * slow network in the end. */
#define NETWORK_PATIENCE_MS_MIN 250u
#define NETWORK_PATIENCE_MS_MAX 4000u
/* Peers that others told us of and that we dial, besides the initial ones: with three each, losing
 * any one node (the hub of a star, say) does not part the others. */
#define NETWORK_DISCOVERED_MAX 3u
/* One of these that could not be reached so often in a row, within 2 s or so, gives way to somebody
 * new. Until there is such a one it is dialled on: it may be down for a while. */
#define NETWORK_ATTEMPTS_MAX 8u

struct network;

struct network_params {
    struct event_base *base;
    const struct config_address *listen;
    const struct config_address *peers;
    size_t peer_count;
    uint64_t seed;
    bool is_exact; /* dial none but the initial peers */
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

/* How long to wait for a peer at the next dialling when it was `patience_ms` at the last, which took
 * `took_ns` and led to a connection or not. Who did not answer may be far away; who refused is near. */
uint32_t network_patience_ms(uint32_t patience_ms, uint64_t took_ns, bool was_up);

/* For struct node_host; self is the network, link is a connection. */
void network_send(void *self, void *link, const uint8_t *message, size_t size);
void network_hang_up(void *self, void *link, const char *why);
void network_discovered(void *self, const struct gossip_address *address);

#endif
