/* A server that does what it is told, for tests of HTTP clients.

   Each connection follows a script; the nth connection the nth script, and all later ones the
   last. A thread accepts, one more serves each connection. Nothing sleeps: where a script must wait
   for the test, it waits at a gate.

       static const struct step once[] = {{STEP_READ, NULL}, {STEP_SEND, "HTTP/1.1 204 x\r\n\r\n"},
           {STEP_CLOSE, NULL}};
       static const struct step *const scripts[] = {once};
       struct http_server *server = http_server_start(scripts, 1); */
#ifndef ASSAY_TESTS_HTTP_SERVER_H
#define ASSAY_TESTS_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

enum step_kind {
    STEP_END = 0,    /* close the connection in an orderly way */
    STEP_READ,       /* one whole request, by Content-Length; at the end of input: STEP_END */
    STEP_READ_HEAD,  /* its header alone */
    STEP_SEND,       /* text */
    STEP_TRICKLE,    /* text, byte by byte */
    STEP_FLOOD,      /* text again and again until the other side is gone */
    STEP_ECHO,       /* a 200 with the body of the last request */
    STEP_HALF_CLOSE, /* no more output; input stays open */
    STEP_HOLD,       /* until the other side closes */
    STEP_GATE,       /* until http_server_open_gate has been called once more */
    STEP_RESET,      /* close with RST */
    STEP_LOOP        /* from the beginning of the script */
};

struct step {
    enum step_kind kind;
    const char *text;
};

struct http_server;

/* Fails the test when it cannot start. Scripts end with STEP_END, _RESET or _LOOP; they are borrowed. */
struct http_server *http_server_start(const struct step *const *scripts, size_t count);
/* The same on a Unix socket. */
struct http_server *http_server_start_unix(
    const char *path, const struct step *const *scripts, size_t count);
/* Ends all connections and joins all threads. */
void http_server_stop(struct http_server *server);

uint16_t http_server_port(const struct http_server *server);
void http_server_open_gate(struct http_server *server);

/* How many requests were read whole, and the nth one, header and body. */
size_t http_server_request_count(struct http_server *server);
const char *http_server_request(struct http_server *server, size_t index);
size_t http_server_connection_count(struct http_server *server);

/* Waits until so many requests were read, or so many connections have ended. */
void http_server_await_requests(struct http_server *server, size_t count);
void http_server_await_closed(struct http_server *server, size_t count);

/* A port on 127.0.0.1 on which nobody listens. */
uint16_t http_server_dead_port(void);

#endif
