#include "tests/unit/support/http_conformance_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static engine_maker make_engine;

const struct step echo_forever[] = {{STEP_READ, NULL}, {STEP_ECHO, NULL}, {STEP_LOOP, NULL}};
const struct step *const echo_scripts[1] = {echo_forever};
const struct step silent_forever[] = {{STEP_READ, NULL}, {STEP_HOLD, NULL}, {STEP_END, NULL}};
const struct step *const silent_scripts[1] = {silent_forever};

struct client *http_conformance_client(const struct http_engine_config *config, uint16_t port)
{
    return client_new(make_engine, config, port);
}

struct pair pair_new(
    const struct step *const *scripts, size_t count, const struct http_engine_config *config)
{
    struct pair pair = {.server = http_server_start(scripts, count)};

    pair.client = http_conformance_client(config, http_server_port(pair.server));
    return pair;
}

void pair_free(struct pair *pair)
{
    client_free(pair->client);
    http_server_stop(pair->server);
}

void assert_body(const struct outcome *outcome, const char *body)
{
    assert_int_equal(outcome->answer->status, ASSAY_OK);
    assert_int_equal(outcome->answer->size, strlen(body));
    if (outcome->answer->size > 0)
        assert_memory_equal(outcome->answer->body, body, strlen(body));
}

void assert_failed(const struct outcome *outcome, assay_status status)
{
    assert_int_equal(outcome->answer->status, status);
    assert_int_equal(outcome->answer->code, 0);
    assert_int_equal(outcome->answer->size, 0);
    assert_true(outcome->answer->why[0] != '\0');
}

int http_conformance_run(engine_maker make)
{
    make_engine = make;
    return http_conformance_messages() + http_conformance_connections() + http_conformance_flight();
}
