#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "devnode/shell/http_parts.h"

#define NS_PER_S 1000000000u

void http_limit_done(struct http_limit *limit)
{
    free(limit->clients);
}

static struct http_client *find(struct http_limit *limit, const uint8_t ip[16], uint64_t now_ns)
{
    struct http_client *oldest = limit->clients;

    for (size_t i = 0; i < limit->count; i++) {
        if (memcmp(limit->clients[i].ip, ip, 16) == 0)
            return &limit->clients[i];
        if (limit->clients[i].asked_ns < oldest->asked_ns)
            oldest = &limit->clients[i];
    }
    if (limit->count < HTTP_CLIENTS_MAX) {
        limit->clients = memory_resize(limit->clients, limit->count + 1, sizeof(*limit->clients));
        oldest = &limit->clients[limit->count++];
    }
    *oldest = (struct http_client){.left = limit->burst, .filled_ns = now_ns};
    memcpy(oldest->ip, ip, 16);
    return oldest;
}

uint64_t http_limit_take(struct http_limit *limit, const uint8_t ip[16], uint64_t now_ns)
{
    struct http_client *client;
    uint64_t earned;

    if (!limit->burst)
        return 0;
    client = find(limit, ip, now_ns);
    client->asked_ns = now_ns;
    earned = (now_ns - client->filled_ns) / limit->interval_ns;
    client->filled_ns += earned * limit->interval_ns;
    client->left = earned > limit->burst - client->left ? limit->burst : client->left + earned;
    if (client->left) {
        client->left--;
        return 0;
    }
    return (client->filled_ns + limit->interval_ns - now_ns + NS_PER_S - 1) / NS_PER_S;
}
