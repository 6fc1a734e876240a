#include "devnode/shell/socket.h"

#include <arpa/inet.h>
#include <string.h>

/* ::ffff:0:0/96, what IPv4 addresses look like among IPv6 ones. */
static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool socket_resolve(
    struct socket_address *out, const struct config_address *address, struct reason *why)
{
    *out = (struct socket_address){.size = 0};
    if (inet_pton(AF_INET, address->host, &out->as.v4.sin_addr) == 1) {
        out->as.v4.sin_family = AF_INET;
        out->as.v4.sin_port = htons(address->port);
        out->size = sizeof(out->as.v4);
        return true;
    }
    if (inet_pton(AF_INET6, address->host, &out->as.v6.sin6_addr) == 1) {
        out->as.v6.sin6_family = AF_INET6;
        out->as.v6.sin6_port = htons(address->port);
        out->size = sizeof(out->as.v6);
        return true;
    }
    return reason_set(why, "`%s` is no IP address", address->host);
}

void socket_from_ip(struct socket_address *out, const uint8_t ip[16], uint16_t port)
{
    *out = (struct socket_address){.size = 0};
    if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
        out->as.v4.sin_family = AF_INET;
        out->as.v4.sin_port = htons(port);
        memcpy(&out->as.v4.sin_addr, ip + sizeof(mapped), 4);
        out->size = sizeof(out->as.v4);
        return;
    }
    out->as.v6.sin6_family = AF_INET6;
    out->as.v6.sin6_port = htons(port);
    memcpy(&out->as.v6.sin6_addr, ip, 16);
    out->size = sizeof(out->as.v6);
}

bool socket_peer_ip(int fd, uint8_t out[16])
{
    struct socket_address address = {.size = sizeof(address.as)};

    if (getpeername(fd, &address.as.any, &address.size))
        return false;
    if (address.as.any.sa_family == AF_INET) {
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), &address.as.v4.sin_addr, 4);
        return true;
    }
    if (address.as.any.sa_family != AF_INET6)
        return false;
    memcpy(out, &address.as.v6.sin6_addr, 16);
    return true;
}

bool socket_equal(const struct socket_address *a, const struct socket_address *b)
{
    if (a->as.any.sa_family != b->as.any.sa_family)
        return false;
    if (a->as.any.sa_family == AF_INET)
        return a->as.v4.sin_port == b->as.v4.sin_port &&
            a->as.v4.sin_addr.s_addr == b->as.v4.sin_addr.s_addr;
    return a->as.v6.sin6_port == b->as.v6.sin6_port &&
        memcmp(&a->as.v6.sin6_addr, &b->as.v6.sin6_addr, 16) == 0;
}

uint16_t socket_port(int fd)
{
    struct socket_address address = {.size = sizeof(address.as)};

    if (getsockname(fd, &address.as.any, &address.size))
        return 0;
    if (address.as.any.sa_family == AF_INET6)
        return ntohs(address.as.v6.sin6_port);
    return address.as.any.sa_family == AF_INET ? ntohs(address.as.v4.sin_port) : 0;
}
