/* server.h - cfgsync over HTTP (node contract 5.4).
 *
 *     POST /validator, POST /executor   announces a host; the answer is its configuration, once all
 *                                       hosts have announced themselves
 *     GET /status                       {"known": 2, "complete": false}
 *
 * The answer is JSON, or YAML for a client that accepts application/yaml. Other answers: 400 the
 * body is no announcement, 404, 405, 408 with no body when the others do not come within the
 * timeout (announce again), 409 all hosts are known and this is none of them, 500 and the reason when
 * the genesis cannot be made. Who asks late, or again, is answered at once.
 *
 * One thread, libevent's loop. */
#ifndef CFGSYNC_SERVER_H
#define CFGSYNC_SERVER_H

#include "cfgsync/registry.h"

struct event_base;
struct server;

struct server_params {
    struct event_base *base;
    const char *address; /* "0.0.0.0" */
    uint16_t port;       /* 0: any; see server_port */
    uint64_t timeout_ns;
    struct registry *registry;
    /* Nanoseconds since 1970: the start of the chain. */
    int64_t (*unix_ns)(void);
    /* One line for the log; may be NULL. */
    void (*log)(const char *text);
};

/* NULL and a reason when it cannot listen there. */
struct server *server_new(const struct server_params *params, struct reason *why);
uint16_t server_port(const struct server *server);
void server_free(struct server *server);

#endif
