/* What the parts of the conformance tests share: a client of the engine under test with the scripted
   server it speaks to, and the tests of each part. http_conformance.c sets the engine and runs them. */
#ifndef ASSAY_TESTS_HTTP_CONFORMANCE_PARTS_H
#define ASSAY_TESTS_HTTP_CONFORMANCE_PARTS_H

#include "tests/unit/support/http_client.h"
#include "tests/unit/support/http_conformance.h"
#include "tests/unit/support/http_server.h"

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define OK_FIVE  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* Scripts: answers every request with its body; reads and never answers. */
extern const struct step echo_forever[];
extern const struct step silent_forever[];
extern const struct step *const echo_scripts[1];
extern const struct step *const silent_scripts[1];

struct pair {
    struct http_server *server;
    struct client *client;
};

/* A client of the engine under test, by itself: for servers of another make. */
struct client *http_conformance_client(const struct http_engine_config *config, uint16_t port);

/* `config` may be NULL. */
struct pair pair_new(
    const struct step *const *scripts, size_t count, const struct http_engine_config *config);
void pair_free(struct pair *pair);

void assert_body(const struct outcome *outcome, const char *body);
/* Failed with that status, no body, and a text that says why. */
void assert_failed(const struct outcome *outcome, assay_status status);

/* The parts. Each answers with its number of failures. */
int http_conformance_messages(void);
int http_conformance_connections(void);
int http_conformance_flight(void);

#endif
