/* An HTTP server for benchmarks that records when requests arrive.

   Binds a free port on 127.0.0.1, writes its number to standard output, and answers every POST with
   a short JSON text. A body that begins with "at=<CLOCK_MONOTONIC in ns> " says when its request was
   meant to be sent; the difference to its arrival is recorded. GET /stats answers with the count of
   requests and the median, 99th percentile and maximum of those differences in microseconds, and
   forgets them. GET /pace/<rate> does so for differences to an even schedule of that many requests
   a second that begins as late as it can without a request being early: for tools that do not tell
   when they meant to send. One thread, and as little work per request as can be. Ends when its
   parent does, however that ended. */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "framework/host/histogram.h"

enum {
    EVENTS_MAX = 256,
    INPUT_SIZE = 16384, /* of one request; benchmarks send a few hundred bytes */
    BACKLOG = 1024,
    ARRIVALS_MAX = 1 << 20 /* kept for /pace; later ones are counted only */
};

struct client {
    int fd;
    size_t size;
    char input[INPUT_SIZE + 1];
};

struct server {
    int epoll_fd, listener;
    uint64_t requests;
    struct histogram lag_us;
    int64_t *arrivals; /* ARRIVALS_MAX, of the requests since the last record */
};

static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\nnull";

static int64_t now_ns(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static double quantile(const struct histogram *histogram, double q)
{
    double value = 0;

    (void)histogram_quantile(histogram, q, &value);
    return value;
}

static void send_text(int fd, const char *text, size_t size)
{
    /* Answers are far smaller than a socket's buffer; a client that reads nothing is cut off. */
    if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
        (void)shutdown(fd, SHUT_RDWR);
}

/* How far behind the even schedule the nth request came: its moment is n / rate. */
static int64_t delay(const struct server *server, size_t nth, double rate)
{
    return server->arrivals[nth] - (int64_t)((double)nth * 1e9 / rate);
}

/* Makes lag_us the differences to an even schedule. No request is early in it, so it begins when the
   one with the least delay says. */
static void lag_behind(struct server *server, double rate)
{
    const size_t count = server->requests < ARRIVALS_MAX ? (size_t)server->requests : ARRIVALS_MAX;
    int64_t least = INT64_MAX;

    histogram_done(&server->lag_us);
    histogram_init(&server->lag_us);
    if (rate <= 0)
        return;
    for (size_t i = 0; i < count; i++)
        least = delay(server, i, rate) < least ? delay(server, i, rate) : least;
    for (size_t i = 0; i < count; i++)
        (void)histogram_add(&server->lag_us, (double)(delay(server, i, rate) - least) / 1000);
}

static void send_record(struct server *server, int fd)
{
    char body[256], text[512];
    const int size = snprintf(body, sizeof body, "%" PRIu64 " %.1f %.1f %.1f", server->requests,
        quantile(&server->lag_us, 0.5), quantile(&server->lag_us, 0.99), server->lag_us.max);
    const int total = snprintf(text, sizeof text,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", size, body);

    send_text(fd, text, (size_t)total);
    server->requests = 0;
    histogram_done(&server->lag_us);
    histogram_init(&server->lag_us);
}

/* Answers the first request of the input. Its size; 0: it is not complete. */
static size_t answer_one(struct server *server, struct client *client)
{
    const char *end = memmem(client->input, client->size, "\r\n\r\n", 4);
    const char *length, *body;
    size_t size;

    if (!end)
        return 0;
    body = end + 4;
    length = memmem(client->input, (size_t)(end - client->input), "Content-Length: ", 16);
    size = (size_t)(body - client->input);
    size += length ? strtoul(length + 16, NULL, 10) : 0;
    if (client->size < size)
        return 0;
    if (strncmp(client->input, "GET ", 4) == 0) {
        if (strncmp(client->input, "GET /pace/", 10) == 0)
            lag_behind(server, strtod(client->input + 10, NULL));
        send_record(server, client->fd);
        return size;
    }
    if (server->requests < ARRIVALS_MAX)
        server->arrivals[server->requests] = now_ns();
    server->requests++;
    if (strncmp(body, "at=", 3) == 0) {
        const int64_t lag = now_ns() - strtoll(body + 3, NULL, 10);

        (void)histogram_add(&server->lag_us, lag > 0 ? (double)lag / 1000 : 0);
    }
    send_text(client->fd, answer, sizeof answer - 1);
    return size;
}

/* False: the connection is over. */
static bool serve(struct server *server, struct client *client)
{
    const ssize_t n = recv(client->fd, client->input + client->size, INPUT_SIZE - client->size, 0);
    size_t used;

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0 || client->size + (size_t)n == INPUT_SIZE)
        return false;
    client->size += (size_t)n;
    client->input[client->size] = '\0';
    while ((used = answer_one(server, client)) > 0) {
        memmove(client->input, client->input + used, client->size - used + 1);
        client->size -= used;
    }
    return true;
}

/* From here on epoll holds the only pointer to the client. */
static void take_client(const struct server *server)
{
    const int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct client *client = fd >= 0 ? malloc(sizeof *client) : NULL;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    const int on = 1;

    if (!client) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    client->fd = fd;
    client->size = 0;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        (void)close(fd);
        free(client);
    }
} /* NOLINT(clang-analyzer-unix.Malloc): epoll's data is a pointer the analyzer loses */

static int run(struct server *server)
{
    struct epoll_event events[EVENTS_MAX];

    for (;;) {
        const int count = epoll_wait(server->epoll_fd, events, EVENTS_MAX, -1);

        if (count < 0 && errno != EINTR)
            return 1;
        for (int i = 0; i < count; i++) {
            struct client *client = events[i].data.ptr;

            if (!client) {
                take_client(server);
            } else if (!serve(server, client)) {
                (void)close(client->fd);
                free(client);
            }
        }
    }
}

static int open_listener(struct server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    socklen_t size = sizeof address;

    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (server->listener < 0 || server->epoll_fd < 0 ||
        bind(server->listener, (const struct sockaddr *)&address, size) != 0 ||
        listen(server->listener, BACKLOG) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0 ||
        epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listener, &event) != 0)
        return -1;
    return ntohs(address.sin_port);
}

int main(void)
{
    struct server server = {.arrivals = calloc(ARRIVALS_MAX, sizeof *server.arrivals)};
    int port;

    if (!server.arrivals || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() == 1)
        return 1;
    histogram_init(&server.lag_us);
    port = open_listener(&server);
    if (port < 0) {
        perror("bench_stubserver");
        return 1;
    }
    (void)printf("%d\n", port);
    (void)fflush(stdout);
    return run(&server);
}
