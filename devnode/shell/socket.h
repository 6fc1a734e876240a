/* socket.h - addresses as the system wants them. Pure functions but for those that take a
 * socket. */
#ifndef DEVNODE_SHELL_SOCKET_H
#define DEVNODE_SHELL_SOCKET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "devnode/shell/config.h"

struct socket_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } as;
    socklen_t size;
};

/* From an IPv4 or IPv6 address and a port; names are not looked up. False and a reason when it is
 * neither. */
bool socket_resolve(
    struct socket_address *out, const struct config_address *address, struct reason *why);

/* From an IPv6 address, or an IPv4 address mapped into one, in network order. */
void socket_from_ip(struct socket_address *out, const uint8_t ip[16], uint16_t port);

/* The other side's IP address in that form; false when the socket is not connected. */
bool socket_peer_ip(int fd, uint8_t out[16]);

/* Whether address and port are the same. */
bool socket_equal(const struct socket_address *a, const struct socket_address *b);

/* The port that a bound socket has; zero when it has none. */
uint16_t socket_port(int fd);

#endif
