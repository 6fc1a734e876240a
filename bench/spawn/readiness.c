#include "readiness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/measure.h"

enum {
    ASKED_AT_A_TIME = 200, /* connections open at once: far from the limit on descriptors */
    PATIENCE_MS = 60 * 1000
};

static int ask(unsigned index)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: stub\r\n\r\n";
    const struct sockaddr_in at = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)(PORT_FIRST + index)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        bench_die("no socket: %s", strerror(errno));
    /* On loopback a connection is made or refused at once. */
    if (connect(fd, (const struct sockaddr *)&at, sizeof at) ||
        send(fd, request, sizeof request - 1, MSG_NOSIGNAL) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool is_good(int fd)
{
    static const char good[] = "HTTP/1.1 200";
    char answer[64] = "";

    return recv(fd, answer, sizeof answer - 1, 0) >= (ssize_t)sizeof good - 1 &&
        strncmp(answer, good, sizeof good - 1) == 0;
}

/* Asks up to ASKED_AT_A_TIME of those not ready and takes the answers. */
static unsigned look(bool *is_ready, unsigned count)
{
    struct pollfd asked[ASKED_AT_A_TIME];
    unsigned who[ASKED_AT_A_TIME];
    nfds_t n = 0;
    unsigned ready = 0;

    for (unsigned i = 0; i < count && n < ASKED_AT_A_TIME; i++) {
        const int fd = is_ready[i] ? -1 : ask(i);

        if (fd < 0)
            continue;
        asked[n] = (struct pollfd){.fd = fd, .events = POLLIN};
        who[n++] = i;
    }
    for (nfds_t i = 0; i < n; i++) {
        if (poll(&asked[i], 1, 1000) == 1 && is_good(asked[i].fd)) {
            is_ready[who[i]] = true;
            ready++;
        }
        (void)close(asked[i].fd);
    }
    return ready;
}

void await_answers(unsigned count)
{
    const double deadline = bench_now_ms() + PATIENCE_MS;
    bool is_ready[STUBS_MAX] = {false};
    unsigned ready = 0;

    while (ready < count) {
        const unsigned news = look(is_ready, count);

        ready += news;
        if (bench_now_ms() > deadline)
            bench_die("%u of %u stubs do not answer; are their ports (%d and on) taken?",
                count - ready, count, PORT_FIRST);
        if (news == 0)
            (void)poll(NULL, 0, 1);
    }
}
