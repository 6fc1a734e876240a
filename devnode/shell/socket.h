/* socket.h - addresses as the system wants them. Pure functions but for socket_port(). */
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

/* The port that a bound socket has; zero when it has none. */
uint16_t socket_port(int fd);

#endif
