/* bench_stub PORT: the least that can pass for a node. Listens on BENCH_ADDRESS:PORT and answers
   whatever comes with an empty 200. One connection at a time, until it is killed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

int main(int argc, char **argv)
{
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 0)),
        .sin_addr.s_addr = htonl(BENCH_ADDRESS)};
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;

    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 ||
        listen(listener, 16) < 0)
        return 1;
    for (;;) {
        char request[1024];
        const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (client < 0)
            continue;
        if (read(client, request, sizeof request) > 0)
            (void)send(client, answer, strlen(answer), MSG_NOSIGNAL);
        (void)close(client);
    }
}
