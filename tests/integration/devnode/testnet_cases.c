#include "testnet_cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void check_cases(struct testnet *net, size_t node, const struct api_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct api_case *c = &cases[i];
        struct reply reply =
            testnet_call(net, node, c->is_testing, c->method, c->path, c->type, c->body);

        if (reply.status != c->status || !strstr(reply.body, c->contains))
            fail_msg("%s %s %.200s: status %ld, expected %ld with \"%s\": %.300s", c->method,
                c->path, c->body ? c->body : "", reply.status, c->status, c->contains, reply.body);
        if (reply.status == 200 && strcmp(c->path, "/metrics") != 0)
            assert_string_equal(reply.type, JSON);
        if (reply.status != 200)
            assert_memory_equal(reply.type, "text/plain", 10);
        reply_done(&reply);
    }
}

static void expect(struct testnet *net, size_t node, const struct api_case *c)
{
    check_cases(net, node, c, 1);
}

static void check_bodies(struct testnet *net, size_t node, const struct route_case *route)
{
    static const char *const no_json[] = {"", "{", "[1,", "\"", "nul", "{\"a\":}", "{}}", "[] 1",
        "{\"a\":1,}", "\x01", "01", "[\"\xff\"]"};
    static const char *const no_type[] = {
        NULL, "text/plain", "application/jsonx", "json", "application/x-www-form-urlencoded"};
    struct api_case c = {
        .method = route->method, .path = route->path, .is_testing = route->is_testing};

    c.contains = "";
    c.status = 415;
    for (size_t i = 0; i < sizeof(no_type) / sizeof(*no_type); i++) {
        c.type = no_type[i];
        c.body = route->wrong;
        expect(net, node, &c);
    }
    c.type = JSON;
    c.status = 400;
    /* Whether a text of wrong UTF-8 or a number with a leading zero is one is for each reader. */
    for (size_t i = 0; i < sizeof(no_json) / sizeof(*no_json) - 2; i++) {
        c.body = no_json[i];
        expect(net, node, &c);
    }
    c.status = 422;
    c.contains = "Failed to deserialize the JSON body into the target type: ";
    c.body = route->wrong;
    expect(net, node, &c);
    c.type = "application/json; charset=utf-8";
    expect(net, node, &c);
}

static void check_too_large(struct testnet *net, size_t node, const struct route_case *route)
{
    const size_t size = (10u << 20) + 1;
    char *big = malloc(size + 1);

    assert_non_null(big);
    memset(big, ' ', size);
    big[size] = '\0';
    struct reply reply =
        testnet_call(net, node, route->is_testing, route->method, route->path, JSON, big);
    if (reply.status != 413)
        fail_msg("%s with a large body: status %ld", route->path, reply.status);
    reply_done(&reply);
    free(big);
}

void check_routes(struct testnet *net, size_t node, const struct route_case *routes, size_t count)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "DELETE", "PATCH", "BREW"};

    for (size_t i = 0; i < count; i++) {
        const struct route_case *route = &routes[i];
        char longer[256];

        (void)snprintf(longer, sizeof(longer), "%s/x", route->path);
        for (size_t m = 0; m < sizeof(methods) / sizeof(*methods); m++) {
            bool is_it = strcmp(methods[m], route->method) == 0;
            bool has_others = strcmp(route->path, "/test/misbehave") == 0;

            if (!is_it && !has_others)
                expect(net, node,
                    &(struct api_case){
                        methods[m], route->path, JSON, "{}", 405, "", route->is_testing});
        }
        expect(net, node,
            &(struct api_case){
                route->method, route->path, JSON, "{}", 404, "", !route->is_testing});
        expect(net, node,
            &(struct api_case){route->method, longer, JSON, "{}", 404, "", route->is_testing});
        if (!route->wrong)
            continue;
        check_bodies(net, node, route);
        check_too_large(net, node, route);
    }
}
