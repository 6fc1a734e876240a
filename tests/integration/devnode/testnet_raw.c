#include "testnet_raw.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define HEAD_MAX    8192
#define PATIENCE_MS 60000

int raw_open(const struct testnet *net, size_t node, bool is_testing)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons(is_testing ? net->nodes[node].testing_port : net->nodes[node].api_port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    /* A head and its body are two writes, and the second is not to wait for the first's receipt. */
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
    return fd;
}

void raw_send(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left) {
        ssize_t sent = send(fd, text, left, MSG_NOSIGNAL);

        if (sent <= 0)
            return; /* refused while it was being sent: the answer tells */
        text += sent;
        left -= (size_t)sent;
    }
}

void raw_post(int fd, const char *path, const char *body)
{
    char head[512];

    (void)snprintf(head, sizeof(head),
        "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        path, strlen(body));
    raw_send(fd, head);
    raw_send(fd, body);
}

static bool read_byte(int fd, char *out)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&wait, 1, PATIENCE_MS), 1);
    return recv(fd, out, 1, 0) == 1;
}

int raw_status(int fd)
{
    char head[HEAD_MAX] = "";
    size_t used = 0;
    size_t length = 0;
    char byte;

    while (used + 1 < sizeof(head) && (used < 4 || memcmp(head + used - 4, "\r\n\r\n", 4) != 0)) {
        if (!read_byte(fd, &head[used]))
            return 0;
        used++;
    }
    const char *found = strcasestr(head, "Content-Length:");
    if (found)
        length = strtoul(found + strlen("Content-Length:"), NULL, 10);
    while (length--)
        assert_true(read_byte(fd, &byte));
    return (int)strtol(head + strlen("HTTP/1.1 "), NULL, 10);
}

bool raw_is_closed(int fd)
{
    char byte;

    return !read_byte(fd, &byte);
}
