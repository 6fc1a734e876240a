#include "devnode/shell/socket.h"

#include <arpa/inet.h>

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

uint16_t socket_port(int fd)
{
    struct socket_address address = {.size = sizeof(address.as)};

    if (getsockname(fd, &address.as.any, &address.size))
        return 0;
    if (address.as.any.sa_family == AF_INET6)
        return ntohs(address.as.v6.sin6_port);
    return address.as.any.sa_family == AF_INET ? ntohs(address.as.v4.sin_port) : 0;
}
