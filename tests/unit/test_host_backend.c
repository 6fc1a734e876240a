/* Calls of a deployer to its backend: over a Unix socket, over TCP, over TLS with certificates. */
#include "framework/host/backend.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "framework/host/http_curl.h"
#include "framework/host/http_service.h"
#include "host_fixture.h"
#include "tests/unit/support/http_server.h"

#define MODULE ASSAY_BUILD_DIR "/libexec/assay/" HTTP_CURL_MODULE_FILE

static const struct step echo_forever[] = {{STEP_READ, NULL}, {STEP_ECHO, NULL}, {STEP_LOOP, NULL}};
static const struct step *const echo_scripts[] = {echo_forever};
static const struct step refusal[] = {{STEP_READ, NULL},
    {STEP_SEND, "HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\n\r\nbusy"}, {STEP_LOOP, NULL}};
static const struct step *const refusal_scripts[] = {refusal};

struct world {
    struct fixture *fixture;
    struct http_service *service;
    struct host_instance *deployer;
    const assay_deployment *deployment;
    const assay_http *http;
    char socket[100];
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    const struct http_service_config config = {.curl_module = MODULE};

    assert_non_null(world);
    world->fixture = fixture_prepare(1);
    assert_int_equal(http_service_new(&config, &world->service, NULL), ASSAY_OK);
    world->fixture->config.http = &http_table;
    world->fixture->config.http_state = world->service;
    fixture_start(world->fixture);
    world->deployer = fixture_instance(world->fixture, "deployer.d", ASSAY_DEPLOYER);
    world->deployment = fixture_service(world->deployer, ASSAY_DEPLOYMENT);
    world->http = &http_table;
    (void)snprintf(world->socket, sizeof(world->socket), "%s/engine.sock", world->fixture->run_dir);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    fixture_free(world->fixture);
    http_service_free(world->service);
    free(world);
    return 0;
}

struct calling {
    const struct world *world;
    const assay_backend_call *call;
    assay_reply *reply;
};

static assay_status do_call(assay_task *task, void *arg)
{
    struct calling *calling = arg;

    return calling->world->deployment->call(task, calling->call, &calling->reply);
}

static struct host_operation_result call(
    const struct world *world, const assay_backend_call *call, assay_reply **reply)
{
    struct calling calling = {.world = world, .call = call};
    const struct host_operation_result result = run_body(world->deployer, do_call, &calling);

    if (reply)
        *reply = calling.reply;
    else
        world->http->release(calling.reply);
    return result;
}

static void fails(const struct world *world, const assay_backend_call *what, assay_status status,
    const char *part)
{
    const struct host_operation_result result = call(world, what, NULL);

    assert_int_equal(result.status, status);
    if (!strstr(result.why, part))
        fail_msg("\"%s\" does not say \"%s\"", result.why, part);
}

/* ---- plain ---- */

static void an_engine_is_asked_over_its_socket(void **state)
{
    static const char *const headers[] = {"X-Trace: 7", NULL};
    struct world *world = *state;
    struct http_server *server = http_server_start_unix(world->socket, echo_scripts, 1);
    const assay_backend_call what = {.struct_size = sizeof(what),
        .socket = world->socket,
        .method = "POST",
        .path = "/containers/a/stop?t=1",
        .headers = headers,
        .body = {"{}", 2}};
    assay_reply *reply = NULL;

    assert_int_equal(call(world, &what, &reply).status, ASSAY_OK);
    assert_int_equal(world->http->info(reply)->code, 200);
    assert_int_equal(world->http->info(reply)->body.size, 2);
    world->http->release(reply);
    assert_non_null(strstr(http_server_request(server, 0), "POST /containers/a/stop?t=1 HTTP/1.1"));
    assert_non_null(strstr(http_server_request(server, 0), "X-Trace: 7\r\n"));
    assert_non_null(strstr(http_server_request(server, 0), "Content-Type: application/json\r\n"));
    assert_null(strstr(http_server_request(server, 0), "Authorization"));
    http_server_stop(server);
}

static void an_answer_is_no_failure_whatever_its_code(void **state)
{
    struct world *world = *state;
    struct http_server *server = http_server_start_unix(world->socket, refusal_scripts, 1);
    const assay_backend_call what = {
        .struct_size = sizeof(what), .socket = world->socket, .method = "POST", .path = "/x"};
    assay_reply *reply = NULL;

    assert_int_equal(call(world, &what, &reply).status, ASSAY_OK);
    assert_int_equal(world->http->info(reply)->code, 409);
    assert_memory_equal(world->http->info(reply)->body.data, "busy", 4);
    world->http->release(reply);
    http_server_stop(server);
}

static void a_backend_that_is_not_there_is_named(void **state)
{
    struct world *world = *state;
    const assay_backend_call what = {
        .struct_size = sizeof(what), .socket = world->socket, .method = "GET", .path = "/info"};

    fails(world, &what, ASSAY_E_IO, world->socket);
}

static void a_token_is_read_anew_for_each_call(void **state)
{
    struct world *world = *state;
    struct http_server *server = http_server_start_unix(world->socket, echo_scripts, 1);
    char path[100];
    const assay_backend_call what = {.struct_size = sizeof(what),
        .socket = world->socket,
        .method = "GET",
        .path = "/api",
        .token_file = path};
    struct file_text text = {.data = (char *)"first\nnot this", .size = 14};

    (void)snprintf(path, sizeof(path), "%s/token", world->fixture->run_dir);
    fails(world, &what, ASSAY_E_NOTFOUND, "while reading the token");
    assert_int_equal(file_write(path, &text, FILE_PRIVATE, NULL), ASSAY_OK);
    assert_int_equal(call(world, &what, NULL).status, ASSAY_OK);
    text = (struct file_text){.data = (char *)"second", .size = 6};
    assert_int_equal(file_write(path, &text, FILE_PRIVATE, NULL), ASSAY_OK);
    assert_int_equal(call(world, &what, NULL).status, ASSAY_OK);
    assert_non_null(strstr(http_server_request(server, 0), "\r\nAuthorization: Bearer first\r\n"));
    assert_non_null(strstr(http_server_request(server, 1), "\r\nAuthorization: Bearer second\r\n"));
    text = (struct file_text){.data = (char *)"\nx", .size = 2};
    assert_int_equal(file_write(path, &text, FILE_PRIVATE, NULL), ASSAY_OK);
    fails(world, &what, ASSAY_E_INVALID, "has no token in its first line");
    http_server_stop(server);
}

static void what_makes_no_sense_is_refused_before_anything_is_sent(void **state)
{
    struct world *world = *state;
    const assay_backend_call good = {
        .struct_size = sizeof(good), .socket = world->socket, .method = "GET", .path = "/"};
    const char *many[BACKEND_HEADERS_MAX + 2] = {NULL};
    assay_backend_call what = good;

    what.struct_size = 0;
    fails(world, &what, ASSAY_E_INVALID, "struct_size");
    what = good;
    what.socket = NULL;
    fails(world, &what, ASSAY_E_INVALID, "neither a socket nor a url");
    what.url = "http://127.0.0.1:1/x";
    fails(world, &what, ASSAY_E_INVALID, "the path goes into `path`");
    what.url = "ftp://127.0.0.1";
    fails(world, &what, ASSAY_E_INVALID, "http://");
    what = good;
    what.url = "http://127.0.0.1:1";
    fails(world, &what, ASSAY_E_INVALID, "not both");
    what = good;
    what.socket = "engine.sock";
    fails(world, &what, ASSAY_E_INVALID, "no absolute path");
    what = good;
    what.flags = 2;
    fails(world, &what, ASSAY_E_INVALID, "flags");
    what = good;
    for (size_t i = 0; i <= BACKEND_HEADERS_MAX; i++)
        many[i] = "a: b";
    what.headers = many;
    fails(world, &what, ASSAY_E_INVALID, "more than 32 headers");
    what = good;
    what.path = "no slash";
    fails(world, &what, ASSAY_E_INVALID, "path must begin");
}

/* ---- TLS ---- */

/* openssl with these words, to its end; false when it fails. */
static bool openssl(const char *const *words)
{
    extern char **environ;
    pid_t pid = 0;
    int status = -1;

    if (posix_spawn(&pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words, environ) != 0)
        return false;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool make_certificate(const char *directory, const char *name)
{
    char key[160], certificate[160], subject[64];
    const char *const words[] = {"/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", subject, "-addext",
        "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate, "-batch", NULL};
    /* What it prints is of interest to nobody. */
    FILE *quiet = freopen("/dev/null", "a", stderr);

    (void)snprintf(key, sizeof(key), "%s/%s.key", directory, name);
    (void)snprintf(certificate, sizeof(certificate), "%s/%s.pem", directory, name);
    (void)snprintf(subject, sizeof(subject), "/CN=%s", name);
    return quiet && openssl(words);
}

struct tls_server {
    pid_t pid;
    uint16_t port;
};

/* A server that wants to see the client's certificate, signed by itself, before it answers. */
static struct tls_server start_tls_server(const char *directory)
{
    extern char **environ;
    struct tls_server server = {.port = http_server_dead_port()};
    char accept[32], key[160], certificate[160], client[160];
    const char *const words[] = {"/usr/bin/openssl", "s_server", "-quiet", "-www", "-accept",
        accept, "-key", key, "-cert", certificate, "-Verify", "1", "-verify_return_error",
        "-CAfile", client, NULL};

    (void)snprintf(accept, sizeof(accept), "127.0.0.1:%u", server.port);
    (void)snprintf(key, sizeof(key), "%s/server.key", directory);
    (void)snprintf(certificate, sizeof(certificate), "%s/server.pem", directory);
    (void)snprintf(client, sizeof(client), "%s/client.pem", directory);
    assert_int_equal(
        posix_spawn(&server.pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words, environ),
        0);
    return server;
}

/* The server is up when a connection is not refused any more. */
static void await_tls_server(const struct world *world, const assay_backend_call *good)
{
    for (int tries = 0; tries < 600; tries++) {
        const struct timespec pause = {.tv_nsec = 50 * 1000 * 1000};

        if (call(world, good, NULL).status == ASSAY_OK)
            return;
        (void)nanosleep(&pause, NULL);
    }
    fail_msg("openssl s_server does not answer");
}

static void a_cluster_is_asked_with_certificates_on_both_sides(void **state)
{
    struct world *world = *state;
    const char *directory = world->fixture->run_dir;
    char url[64], ca[160], certificate[160], key[160];
    assay_backend_call what = {.struct_size = sizeof(what),
        .url = url,
        .method = "GET",
        .path = "/version",
        .ca_file = ca,
        .certificate_file = certificate,
        .key_file = key};
    const assay_backend_call good = what;
    struct tls_server server;

    if (access("/usr/bin/openssl", X_OK) != 0)
        skip(); /* nothing to make certificates with */
    assert_true(make_certificate(directory, "server"));
    assert_true(make_certificate(directory, "client"));
    (void)snprintf(ca, sizeof(ca), "%s/server.pem", directory);
    (void)snprintf(certificate, sizeof(certificate), "%s/client.pem", directory);
    (void)snprintf(key, sizeof(key), "%s/client.key", directory);
    server = start_tls_server(directory);
    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%u", server.port);
    await_tls_server(world, &good);

    what.ca_file = NULL; /* the system's authorities do not know it */
    fails(world, &what, ASSAY_E_IO, "certificate");
    what.flags = ASSAY_CALL_UNVERIFIED;
    assert_int_equal(call(world, &what, NULL).status, ASSAY_OK);
    what = good;
    what.certificate_file = what.key_file = NULL;
    assert_int_not_equal(call(world, &what, NULL).status, ASSAY_OK);
    what = good;
    what.ca_file = certificate; /* trusts somebody else */
    fails(world, &what, ASSAY_E_IO, "certificate");

    assert_int_equal(kill(server.pid, SIGKILL), 0);
    assert_int_equal(waitpid(server.pid, NULL, 0), server.pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_engine_is_asked_over_its_socket, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_is_no_failure_whatever_its_code, setup, teardown),
        cmocka_unit_test_setup_teardown(a_backend_that_is_not_there_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_token_is_read_anew_for_each_call, setup, teardown),
        cmocka_unit_test_setup_teardown(
            what_makes_no_sense_is_refused_before_anything_is_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_cluster_is_asked_with_certificates_on_both_sides, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
