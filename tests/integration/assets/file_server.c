#include "tests/integration/assets/file_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    REQUESTS_MAX = 64,
    HEAD_SIZE = 4096
};

struct file_server {
    struct file_server_plan plan;
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    int client; /* that is being served, or -1 */
    bool is_ending, saw_authorization;
    unsigned requests, answers, served;
    size_t offsets[REQUESTS_MAX];
};

/* The request's header; false when there is none. */
static bool read_head(int fd, char head[HEAD_SIZE])
{
    size_t used = 0;

    while (used < HEAD_SIZE - 1) {
        const ssize_t got = recv(fd, head + used, HEAD_SIZE - 1 - used, 0);

        if (got <= 0)
            return false;
        used += (size_t)got;
        head[used] = '\0';
        if (strstr(head, "\r\n\r\n"))
            return true;
    }
    return false;
}

static void send_all(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        const ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        at += sent;
        size -= (size_t)sent;
    }
}

static void await_close(int fd)
{
    char buffer[256];

    while (recv(fd, buffer, sizeof(buffer), 0) > 0)
        continue;
}

/* Sends the file from `offset` on; the mishap, if it is this answer's turn. */
static void send_file(struct file_server *server, int fd, size_t offset)
{
    const struct file_server_plan *plan = &server->plan;
    const bool has_mishap = plan->mishap != SERVE_WHOLE && server->served < plan->mishap_count;
    const size_t size = plan->size - offset;
    char head[256];

    (void)snprintf(head, sizeof(head),
        "HTTP/1.1 %s\r\nContent-Length: %zu\r\nContent-Range: bytes %zu-%zu/%zu\r\n"
        "Connection: close\r\n\r\n",
        offset ? "206 Partial Content" : "200 OK", size, offset, plan->size - 1, plan->size);
    send_all(fd, head, strlen(head));
    send_all(fd, (const char *)plan->bytes + offset,
        has_mishap && plan->middle < size ? plan->middle : size);
    server->served++;
}

static void answer(struct file_server *server, int fd, const char *head)
{
    const struct file_server_plan *plan = &server->plan;
    const char *range = strcasestr(head, "\r\nRange: bytes=");
    size_t offset = range ? strtoul(range + strlen("\r\nRange: bytes="), NULL, 10) : 0;
    char path[256], status[128];

    (void)snprintf(path, sizeof(path), "/%s HTTP/", plan->name);
    if (plan->status || !strstr(head, path)) {
        (void)snprintf(status, sizeof(status),
            "HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            plan->status ? plan->status : 404);
        send_all(fd, status, strlen(status));
        return;
    }
    (void)pthread_mutex_lock(&server->lock);
    if (server->requests < REQUESTS_MAX)
        server->offsets[server->requests] = offset;
    server->requests++;
    server->saw_authorization = server->saw_authorization || strcasestr(head, "\r\nAuthorization:");
    (void)pthread_mutex_unlock(&server->lock);
    if (plan->has_no_ranges)
        offset = 0;
    if (offset >= plan->size && offset > 0) {
        static const char beyond[] =
            "HTTP/1.1 416 Beyond\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

        send_all(fd, beyond, strlen(beyond));
        return;
    }
    send_file(server, fd, offset);
}

static bool take_client(struct file_server *server, int fd)
{
    bool is_ending;

    (void)pthread_mutex_lock(&server->lock);
    is_ending = server->is_ending;
    server->client = is_ending ? -1 : fd;
    (void)pthread_mutex_unlock(&server->lock);
    return !is_ending;
}

static void *serve(void *arg)
{
    struct file_server *server = arg;

    for (;;) {
        const int fd = accept(server->listener, NULL, NULL);
        char head[HEAD_SIZE];
        bool is_stalled;

        if (fd < 0)
            return NULL;
        if (!take_client(server, fd)) {
            (void)close(fd);
            return NULL;
        }
        if (read_head(fd, head))
            answer(server, fd, head);
        is_stalled = server->plan.mishap == SERVE_STALL && server->served > 0 &&
            server->served <= server->plan.mishap_count;
        (void)pthread_mutex_lock(&server->lock);
        server->answers++;
        (void)pthread_cond_broadcast(&server->changed);
        (void)pthread_mutex_unlock(&server->lock);
        if (is_stalled)
            await_close(fd);
        (void)pthread_mutex_lock(&server->lock);
        server->client = -1;
        (void)pthread_mutex_unlock(&server->lock);
        (void)close(fd);
    }
}

struct file_server *file_server_start(const struct file_server_plan *plan)
{
    struct file_server *server = calloc(1, sizeof(*server));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);

    assert_non_null(server);
    server->plan = *plan;
    server->client = -1;
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_cond_init(&server->changed, NULL);
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server->listener >= 0);
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listener, 16), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    server->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

void file_server_stop(struct file_server *server)
{
    if (!server)
        return;
    (void)pthread_mutex_lock(&server->lock);
    server->is_ending = true;
    if (server->client >= 0)
        (void)shutdown(server->client, SHUT_RDWR);
    (void)pthread_mutex_unlock(&server->lock);
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    (void)close(server->listener);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

uint16_t file_server_port(const struct file_server *server)
{
    return server->port;
}

unsigned file_server_requests(struct file_server *server)
{
    unsigned requests;

    (void)pthread_mutex_lock(&server->lock);
    requests = server->requests;
    (void)pthread_mutex_unlock(&server->lock);
    return requests;
}

size_t file_server_offset(struct file_server *server, unsigned nth)
{
    size_t offset;

    assert_true(nth < file_server_requests(server) && nth < REQUESTS_MAX);
    (void)pthread_mutex_lock(&server->lock);
    offset = server->offsets[nth];
    (void)pthread_mutex_unlock(&server->lock);
    return offset;
}

bool file_server_saw_authorization(struct file_server *server)
{
    bool saw;

    (void)pthread_mutex_lock(&server->lock);
    saw = server->saw_authorization;
    (void)pthread_mutex_unlock(&server->lock);
    return saw;
}

void file_server_await(struct file_server *server, unsigned answers)
{
    (void)pthread_mutex_lock(&server->lock);
    while (server->answers < answers)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    (void)pthread_mutex_unlock(&server->lock);
}
