#include "tests/unit/support/http_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 512,
    REQUESTS_MAX = 65536,
    REQUEST_SIZE_MAX = 4 << 20
};

struct session {
    struct http_server *server;
    const struct step *script;
    pthread_t thread;
    int fd;
    char *request; /* the last one */
    size_t request_size, head_size;
    char *input; /* read but not used */
    size_t input_size;
    size_t gates_passed;
};

struct http_server {
    const struct step *const *scripts;
    size_t script_count;
    pthread_t thread;
    int listener;
    uint16_t port;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct session *sessions[CONNECTIONS_MAX];
    size_t session_count, closed_count;
    char *requests[REQUESTS_MAX];
    size_t request_count;
    size_t gates_open;
    bool is_stopping;
};

static void *allocate(void *old, size_t size)
{
    void *memory = realloc(old, size);

    assert(memory);
    return memory;
}

/* ---- one connection ---- */

static bool fill(struct session *session)
{
    ssize_t n;

    session->input = allocate(session->input, session->input_size + 65536);
    n = recv(session->fd, session->input + session->input_size, 65536, 0);
    if (n <= 0)
        return false;
    session->input_size += (size_t)n;
    return session->input_size < REQUEST_SIZE_MAX;
}

static size_t content_length(const char *head, size_t size)
{
    const char *found = memmem(head, size, "Content-Length: ", 16);

    return found ? (size_t)strtoul(found + 16, NULL, 10) : 0;
}

static void keep_request(struct session *session, size_t size)
{
    struct http_server *server = session->server;

    session->request = allocate(session->request, size + 1);
    memcpy(session->request, session->input, size);
    session->request[size] = '\0';
    session->request_size = size;
    memmove(session->input, session->input + size, session->input_size - size);
    session->input_size -= size;
    (void)pthread_mutex_lock(&server->lock);
    assert(server->request_count < REQUESTS_MAX);
    server->requests[server->request_count] = allocate(NULL, size + 1);
    memcpy(server->requests[server->request_count], session->request, size + 1);
    server->request_count++;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
}

static bool read_request(struct session *session, bool wants_body)
{
    const char *end;
    size_t size;

    while (!(end = memmem(session->input, session->input_size, "\r\n\r\n", 4)))
        if (!fill(session))
            return false;
    session->head_size = (size_t)(end - session->input) + 4;
    size = session->head_size;
    if (wants_body)
        size += content_length(session->input, session->head_size);
    while (session->input_size < size)
        if (!fill(session))
            return false;
    keep_request(session, size);
    return true;
}

static bool send_all(const struct session *session, const char *text, size_t size)
{
    while (size > 0) {
        const ssize_t n = send(session->fd, text, size, MSG_NOSIGNAL);

        if (n < 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

static bool trickle(const struct session *session, const char *text)
{
    for (; *text; text++)
        if (!send_all(session, text, 1))
            return false;
    return true;
}

static bool echo(const struct session *session)
{
    const size_t size = session->request_size - session->head_size;
    char head[128];
    const int len = snprintf(head, sizeof head,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", size);

    return send_all(session, head, (size_t)len) &&
        send_all(session, session->request + session->head_size, size);
}

static void hold(struct session *session)
{
    while (fill(session))
        session->input_size = 0;
}

static bool pass_gate(struct session *session)
{
    struct http_server *server = session->server;
    bool is_open;

    session->gates_passed++;
    (void)pthread_mutex_lock(&server->lock);
    while (server->gates_open < session->gates_passed && !server->is_stopping)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    is_open = !server->is_stopping;
    (void)pthread_mutex_unlock(&server->lock);
    return is_open;
}

static bool do_step(struct session *session, const struct step *step)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    switch (step->kind) {
    case STEP_READ:
        return read_request(session, true);
    case STEP_READ_HEAD:
        return read_request(session, false);
    case STEP_SEND:
        return send_all(session, step->text, strlen(step->text));
    case STEP_TRICKLE:
        return trickle(session, step->text);
    case STEP_FLOOD:
        while (send_all(session, step->text, strlen(step->text)))
            continue;
        return false;
    case STEP_ECHO:
        return echo(session);
    case STEP_HALF_CLOSE:
        return shutdown(session->fd, SHUT_WR) == 0;
    case STEP_HOLD:
        hold(session);
        return true;
    case STEP_GATE:
        return pass_gate(session);
    case STEP_RESET:
        (void)setsockopt(session->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
    case STEP_LOOP:
    case STEP_END:
        break;
    }
    return false;
}

static void *serve(void *arg)
{
    struct session *session = arg;
    struct http_server *server = session->server;
    const struct step *step = session->script;

    while (step->kind == STEP_LOOP || do_step(session, step))
        step = step->kind == STEP_LOOP ? session->script : step + 1;
    (void)pthread_mutex_lock(&server->lock);
    (void)close(session->fd);
    session->fd = -1;
    server->closed_count++;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

/* ---- all of them ---- */

/* Lock held. */
static void start_session(struct http_server *server, int fd)
{
    struct session *session = calloc(1, sizeof *session);
    const size_t index = server->session_count;
    const int on = 1;
    int error_number;

    assert(session && index < CONNECTIONS_MAX);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    session->server = server;
    session->fd = fd;
    session->input = allocate(NULL, 1);
    session->script =
        server->scripts[index < server->script_count ? index : server->script_count - 1];
    server->sessions[index] = session;
    server->session_count++;
    (void)pthread_cond_broadcast(&server->changed);
    error_number = pthread_create(&session->thread, NULL, serve, session);
    assert(error_number == 0);
    (void)error_number;
}

static void *accept_all(void *arg)
{
    struct http_server *server = arg;
    int fd;

    while ((fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        (void)pthread_mutex_lock(&server->lock);
        if (server->is_stopping)
            (void)close(fd);
        else
            start_session(server, fd);
        (void)pthread_mutex_unlock(&server->lock);
    }
    return NULL;
}

static struct http_server *start(
    int listener, const struct step *const *scripts, size_t script_count)
{
    struct http_server *server = calloc(1, sizeof *server);
    int result = listen(listener, CONNECTIONS_MAX);

    assert(server && result == 0);
    server->listener = listener;
    server->scripts = scripts;
    server->script_count = script_count;
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_cond_init(&server->changed, NULL);
    result = pthread_create(&server->thread, NULL, accept_all, server);
    assert(result == 0);
    (void)result;
    return server;
}

static int bind_loopback(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = bind(fd, (const struct sockaddr *)&address, size);

    assert(result == 0);
    result = getsockname(fd, (struct sockaddr *)&address, &size);
    assert(result == 0);
    (void)result;
    *port = ntohs(address.sin_port);
    return fd;
}

struct http_server *http_server_start(const struct step *const *scripts, size_t count)
{
    uint16_t port = 0;
    struct http_server *server = start(bind_loopback(&port), scripts, count);

    server->port = port;
    return server;
}

struct http_server *http_server_start_unix(
    const char *path, const struct step *const *scripts, size_t count)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    (void)unlink(path);
    result = bind(fd, (const struct sockaddr *)&address, sizeof address);
    assert(result == 0);
    (void)result;
    return start(fd, scripts, count);
}

void http_server_stop(struct http_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    server->is_stopping = true;
    for (size_t i = 0; i < server->session_count; i++)
        if (server->sessions[i]->fd >= 0)
            (void)shutdown(server->sessions[i]->fd, SHUT_RDWR);
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
    (void)shutdown(server->listener, SHUT_RDWR);
    (void)pthread_join(server->thread, NULL);
    for (size_t i = 0; i < server->session_count; i++) {
        (void)pthread_join(server->sessions[i]->thread, NULL);
        free(server->sessions[i]->input);
        free(server->sessions[i]->request);
        free(server->sessions[i]);
    }
    for (size_t i = 0; i < server->request_count; i++)
        free(server->requests[i]);
    (void)close(server->listener);
    (void)pthread_cond_destroy(&server->changed);
    (void)pthread_mutex_destroy(&server->lock);
    free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_open_gate(struct http_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    server->gates_open++;
    (void)pthread_cond_broadcast(&server->changed);
    (void)pthread_mutex_unlock(&server->lock);
}

static size_t read_count(struct http_server *server, const size_t *count)
{
    size_t value;

    (void)pthread_mutex_lock(&server->lock);
    value = *count;
    (void)pthread_mutex_unlock(&server->lock);
    return value;
}

static void await(struct http_server *server, const size_t *count, size_t wanted)
{
    (void)pthread_mutex_lock(&server->lock);
    while (*count < wanted)
        (void)pthread_cond_wait(&server->changed, &server->lock);
    (void)pthread_mutex_unlock(&server->lock);
}

size_t http_server_request_count(struct http_server *server)
{
    return read_count(server, &server->request_count);
}

size_t http_server_connection_count(struct http_server *server)
{
    return read_count(server, &server->session_count);
}

const char *http_server_request(struct http_server *server, size_t index)
{
    const char *request;

    (void)pthread_mutex_lock(&server->lock);
    assert(index < server->request_count);
    request = server->requests[index];
    (void)pthread_mutex_unlock(&server->lock);
    return request;
}

void http_server_await_requests(struct http_server *server, size_t count)
{
    await(server, &server->request_count, count);
}

void http_server_await_closed(struct http_server *server, size_t count)
{
    await(server, &server->closed_count, count);
}

uint16_t http_server_dead_port(void)
{
    uint16_t port = 0;
    const int fd = bind_loopback(&port);

    (void)close(fd);
    return port;
}
