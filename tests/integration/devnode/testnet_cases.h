/* testnet_cases.h - tables of requests and what they must be answered with, for tests of the HTTP
 * interface. */
#ifndef DEVNODE_TESTNET_CASES_H
#define DEVNODE_TESTNET_CASES_H

#include "testnet.h"

#define JSON "application/json"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

struct api_case {
    const char *method;
    const char *path;
    const char *type; /* NULL: no content type */
    const char *body;
    long status;
    const char *contains;
    bool is_testing;
};

/* Fails the test at the first case whose answer has another status, does not contain the text, or is
 * of another type than JSON (200) or plain text. */
void check_cases(struct testnet *net, size_t node, const struct api_case *cases, size_t count);

/* A route, as far as it is like all others. */
struct route_case {
    const char *method;
    const char *path;
    bool is_testing;
    const char *wrong; /* JSON that is not what the route takes; NULL: it takes no body */
};

/* For each route: another method is 405, the other port does not have it (404), nor does it with
 * something behind it; and if it takes a body: without a content type or with another it is 415, what
 * is no JSON is 400, JSON of another shape is 422, too much is 413. */
void check_routes(struct testnet *net, size_t node, const struct route_case *routes, size_t count);

#endif
