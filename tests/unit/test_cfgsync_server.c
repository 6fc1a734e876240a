/* Server and client over real sockets: everybody waits for the last, and whoever asks again is
   answered. The server's loop runs on a thread of its own. */
#include <event2/event.h>
#include <json-c/json.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "cfgsync/client.h"
#include "cfgsync/request.h"
#include "cfgsync/server.h"
#include "cfgsync_world.h"

struct world {
    struct settings settings;
    struct registry *registry;
    struct event_base *base;
    struct event *stop; /* made active by the test's thread */
    struct server *server;
    pthread_t thread;
    int pipe[2];
};

static int64_t some_time(void)
{
    return INT64_C(1765540000000000000);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)event_base_loopbreak(arg);
}

static void *loop(void *arg)
{
    (void)event_base_dispatch(arg);
    return NULL;
}

static struct world *world_new(unsigned hosts, uint64_t timeout_ms)
{
    struct world *world = calloc(1, sizeof(*world));
    struct server_params params = {
        .address = "127.0.0.1", .timeout_ns = timeout_ms * 1000000u, .unix_ns = some_time};
    struct reason why = {""};

    assert_non_null(world);
    world->settings = settings_of(hosts, "");
    world->registry = registry_new(&world->settings);
    world->base = event_base_new();
    assert_int_equal(pipe(world->pipe), 0);
    world->stop = event_new(world->base, world->pipe[0], EV_READ, on_stop, world->base);
    assert_int_equal(event_add(world->stop, NULL), 0);
    params.base = world->base;
    params.registry = world->registry;
    world->server = server_new(&params, &why);
    if (!world->server)
        fail_msg("%s", why.text);
    assert_int_equal(pthread_create(&world->thread, NULL, loop, world->base), 0);
    return world;
}

static void world_free(struct world *world)
{
    assert_int_equal(write(world->pipe[1], "x", 1), 1);
    assert_int_equal(pthread_join(world->thread, NULL), 0);
    server_free(world->server);
    event_free(world->stop);
    event_base_free(world->base);
    registry_free(world->registry);
    settings_done(&world->settings);
    (void)close(world->pipe[0]);
    (void)close(world->pipe[1]);
    free(world);
}

static struct client_options client_of(const struct world *world, const char *name)
{
    struct client_options options = {.connect_ns = 20000000000u, .answer_ns = 60000000000u};

    options.host = host_named(name, "127.0.0.1");
    (void)snprintf(options.server, sizeof(options.server), "http://127.0.0.1:%u",
        (unsigned)server_port(world->server));
    return options;
}

struct fetching {
    struct client_options options;
    struct text text;
    struct reason why;
    enum client_result result;
    pthread_t thread;
};

static void *fetch(void *arg)
{
    struct fetching *fetching = arg;

    fetching->result = client_fetch(&fetching->options, &fetching->text, &fetching->why);
    return NULL;
}

static void start(struct fetching *fetching, const struct world *world, const char *name)
{
    *fetching = (struct fetching){.options = client_of(world, name)};
    assert_int_equal(pthread_create(&fetching->thread, NULL, fetch, fetching), 0);
}

static void finish(struct fetching *fetching, enum client_result result)
{
    assert_int_equal(pthread_join(fetching->thread, NULL), 0);
    if (fetching->result != result)
        fail_msg("%d: %s", (int)fetching->result, fetching->why.text);
}

/* Sends raw bytes and reads to the end; "" when the server hangs up at once. */
static void talk(const struct world *world, const char *bytes, char *out, size_t room)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons(server_port(world->server)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t used = 0;
    ssize_t n = 1;

    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), (ssize_t)strlen(bytes));
    while (n > 0 && used < room - 1) {
        n = recv(fd, out + used, room - 1 - used, 0);
        used += n > 0 ? (size_t)n : 0;
    }
    out[used] = '\0';
    (void)close(fd);
}

static void everybody_is_answered_when_the_last_has_come(void **state)
{
    struct world *world = world_new(3, 60000);
    struct fetching nodes[3];
    static const char *const names[] = {"validator-0", "validator-1", "executor-0"};

    (void)state;
    for (size_t i = 0; i < 3; i++)
        start(&nodes[i], world, names[i]);
    for (size_t i = 0; i < 3; i++) {
        finish(&nodes[i], CLIENT_OK);
        assert_non_null(strstr(nodes[i].text.bytes, "genesis_tx"));
        assert_non_null(strstr(nodes[i].text.bytes, "!Genesis")); /* YAML was asked for */
        text_done(&nodes[i].text);
    }
    world_free(world);
}

static void whoever_comes_late_or_again_is_answered_at_once(void **state)
{
    struct world *world = world_new(1, 60000);
    struct fetching first, again;

    (void)state;
    start(&first, world, "validator-0");
    finish(&first, CLIENT_OK);
    start(&again, world, "validator-0");
    finish(&again, CLIENT_OK);
    assert_string_equal(first.text.bytes, again.text.bytes);
    text_done(&first.text);
    text_done(&again.text);
    world_free(world);
}

static void who_waits_in_vain_is_told_so_and_may_try_again(void **state)
{
    struct world *world = world_new(2, 50);
    struct fetching first, second, again;

    (void)state;
    start(&first, world, "validator-0");
    finish(&first, CLIENT_LATER);
    assert_non_null(strstr(first.why.text, "have not announced themselves in time"));
    start(&second, world, "validator-1"); /* the first is known still */
    finish(&second, CLIENT_OK);
    start(&again, world, "validator-0");
    finish(&again, CLIENT_OK);
    text_done(&second.text);
    text_done(&again.text);
    world_free(world);
}

static void a_stranger_is_refused(void **state)
{
    struct world *world = world_new(1, 60000);
    struct fetching own, stranger;

    (void)state;
    start(&own, world, "validator-0");
    finish(&own, CLIENT_OK);
    start(&stranger, world, "validator-1");
    finish(&stranger, CLIENT_REFUSED);
    assert_non_null(strstr(stranger.why.text, "409"));
    text_done(&own.text);
    world_free(world);
}

static void a_network_that_cannot_be_made_is_reported_to_all(void **state)
{
    struct world *world = world_new(2, 60000);
    struct fetching nodes[2];

    (void)state;
    world->settings.accounts[0].value = UINT64_MAX;
    start(&nodes[0], world, "validator-0");
    start(&nodes[1], world, "validator-1");
    for (size_t i = 0; i < 2; i++) {
        finish(&nodes[i], CLIENT_REFUSED);
        assert_non_null(strstr(nodes[i].why.text, "genesis"));
    }
    world_free(world);
}

static void json_is_what_others_get(void **state)
{
    static char reply[200000];
    struct world *world = world_new(1, 60000);
    struct json_object *config, *state_object = NULL;
    const char *body;

    (void)state;
    talk(world,
        "POST /validator HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 48\r\n\r\n"
        "{\"ip\":\"127.0.0.1\",\"identifier\":\"validator-0\"}   ",
        reply, sizeof(reply));
    assert_non_null(strstr(reply, "HTTP/1.1 200"));
    assert_non_null(strstr(reply, "Content-Type: application/json"));
    body = strstr(reply, "\r\n\r\n") + 4;
    config = json_tokener_parse(body);
    assert_non_null(config);
    assert_true(json_object_object_get_ex(config, "cryptarchia", &state_object));
    assert_true(json_object_object_get_ex(state_object, "service", &state_object));
    assert_true(json_object_object_get_ex(state_object, "starting_state", &state_object));
    assert_true(json_object_object_get_ex(state_object, "Genesis", &state_object));
    json_object_put(config);
    world_free(world);
}

static void requests_that_make_no_sense_are_answered_so(void **state)
{
    static const struct {
        const char *bytes, *answer;
    } cases[] = {
        {"GET /validator HTTP/1.0\r\n\r\n", " 405 "},
        {"POST /elsewhere HTTP/1.0\r\nContent-Length: 0\r\n\r\n", " 404 "},
        {"POST /validator HTTP/1.0\r\nContent-Length: 0\r\n\r\n", " 400 "},
        {"POST /validator HTTP/1.0\r\nContent-Length: 2\r\n\r\n[]", " 400 "},
        {"POST /executor HTTP/1.0\r\nContent-Length: 1\r\n\r\n{", " 400 "},
        {"GET /status HTTP/1.0\r\n\r\n", "{\"known\":0,\"complete\":false}"},
    };
    struct world *world = world_new(1, 60000);
    char reply[4096];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk(world, cases[i].bytes, reply, sizeof(reply));
        if (!strstr(reply, cases[i].answer))
            fail_msg("%s -> %s", cases[i].bytes, reply);
    }
    world_free(world);
}

static void a_host_that_goes_while_it_waits_is_forgotten_but_known(void **state)
{
    struct world *world = world_new(2, 60000);
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons(server_port(world->server)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static const char request[] =
        "POST /validator HTTP/1.1\r\nHost: x\r\nContent-Length: 45\r\n\r\n"
        "{\"ip\":\"127.0.0.1\",\"identifier\":\"validator-0\"}";
    struct fetching other;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char reply[512] = "";

    (void)state;
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    while (!strstr(reply, "\"known\":1"))
        talk(world, "GET /status HTTP/1.0\r\n\r\n", reply, sizeof(reply));
    (void)close(fd);
    start(&other, world, "validator-1");
    finish(&other, CLIENT_OK);
    text_done(&other.text);
    world_free(world);
}

static void a_server_that_is_not_there_is_tried_for_a_while(void **state)
{
    struct client_options options = {.connect_ns = 300000000u, .answer_ns = 1000000000u};
    struct text text = {.bytes = NULL};
    struct reason why = {""};

    (void)state;
    options.host = host_named("validator-0", "127.0.0.1");
    (void)snprintf(options.server, sizeof(options.server), "http://127.0.0.1:1");
    assert_int_equal(client_fetch(&options, &text, &why), CLIENT_LATER);
    assert_non_null(strstr(why.text, "http://127.0.0.1:1 cannot be reached"));
    (void)snprintf(options.server, sizeof(options.server), "https://127.0.0.1:1");
    assert_int_equal(client_fetch(&options, &text, &why), CLIENT_REFUSED);
    (void)snprintf(options.server, sizeof(options.server), "not an address");
    assert_int_equal(client_fetch(&options, &text, &why), CLIENT_REFUSED);
    assert_non_null(strstr(why.text, "not http://host:port"));
}

/* Answers one request after the other with the same bytes, until the socket is closed. */
struct stranger {
    int listener;
    const char *says;
    pthread_t thread;
};

static void *be_a_stranger(void *arg)
{
    struct stranger *stranger = arg;
    char request[4096];
    int fd;

    while ((fd = accept(stranger->listener, NULL, NULL)) >= 0) {
        (void)recv(fd, request, sizeof(request), 0);
        (void)send(fd, stranger->says, strlen(stranger->says), MSG_NOSIGNAL);
        (void)close(fd);
    }
    return NULL;
}

static void somebody_else_at_the_address_is_asked_again_later(void **state)
{
    static const char *const answers[] = {"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct stranger stranger = {
            .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .says = answers[i]};
        struct sockaddr_in address = {
            .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof(address);
        struct client_options options = {.connect_ns = 5000000000u, .answer_ns = 30000000000u};
        struct text text = {.bytes = NULL};
        struct reason why = {""};

        assert_int_equal(bind(stranger.listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(stranger.listener, 4), 0);
        assert_int_equal(getsockname(stranger.listener, (struct sockaddr *)&address, &size), 0);
        assert_int_equal(pthread_create(&stranger.thread, NULL, be_a_stranger, &stranger), 0);
        options.host = host_named("validator-0", "127.0.0.1");
        (void)snprintf(options.server, sizeof(options.server), "http://127.0.0.1:%u",
            (unsigned)ntohs(address.sin_port));
        assert_int_equal(client_fetch(&options, &text, &why), CLIENT_LATER);
        assert_non_null(strstr(why.text, "it is not cfgsync that answers there"));
        (void)shutdown(stranger.listener, SHUT_RDWR);
        assert_int_equal(pthread_join(stranger.thread, NULL), 0);
        (void)close(stranger.listener);
    }
}

static void a_port_that_is_taken_is_reported(void **state)
{
    struct world *world = world_new(1, 1000);
    const struct server_params params = {.base = world->base,
        .address = "127.0.0.1",
        .port = server_port(world->server),
        .registry = world->registry};
    struct reason why = {""};

    (void)state;
    assert_null(server_new(&params, &why));
    assert_non_null(strstr(why.text, "cannot listen on 127.0.0.1"));
    world_free(world);
}

/* ---- the client's environment, and its file ---- */

static void the_environment_says_who_the_client_is(void **state)
{
    struct client_options options;

    (void)state;
    client_options_read(&options);
    assert_string_equal(options.server, "http://127.0.0.1:4400");
    assert_string_equal(options.path, "config.yaml");
    assert_string_equal(options.host.ip, "127.0.0.1");
    assert_string_equal(options.host.identifier, "unidentified-node");
    assert_false(options.host.is_executor);
    assert_int_equal(options.host.testing_port, 18081);

    assert_int_equal(setenv("CFG_SERVER_ADDR", "http://cfgsync:1", 1), 0);
    assert_int_equal(setenv("CFG_FILE_PATH", "/x/y.yaml", 1), 0);
    assert_int_equal(setenv("CFG_HOST_IP", "10.1.2.3", 1), 0);
    assert_int_equal(setenv("CFG_HOST_IDENTIFIER", "executor-7", 1), 0);
    assert_int_equal(setenv("CFG_HOST_KIND", "executor", 1), 0);
    assert_int_equal(setenv("CFG_API_PORT", "20001", 1), 0);
    assert_int_equal(setenv("CFG_DA_PORT", "many", 1), 0);
    client_options_read(&options);
    assert_string_equal(options.server, "http://cfgsync:1");
    assert_string_equal(options.path, "/x/y.yaml");
    assert_string_equal(options.host.ip, "10.1.2.3");
    assert_string_equal(options.host.identifier, "executor-7");
    assert_true(options.host.is_executor);
    assert_int_equal(options.host.api_port, 20001);
    assert_int_equal(options.host.da_port, 3300);
    assert_int_equal(setenv("CFG_HOST_IP", "somewhere", 1), 0);
    client_options_read(&options);
    assert_string_equal(options.host.ip, "127.0.0.1");
}

static void a_configuration_is_written_whole_and_for_its_owner_alone(void **state)
{
    char directory[] = "/tmp/assay-cfgsync-XXXXXX", path[64], missing[64];
    struct text text = {.bytes = NULL};
    struct reason why = {""};
    struct stat status;

    (void)state;
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/config.yaml", directory);
    (void)snprintf(missing, sizeof(missing), "%s/no/config.yaml", directory);
    text_add(&text, "a: 1\n");
    assert_true(client_save(path, &text, &why));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 5);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_false(client_save(missing, &text, &why));
    assert_non_null(strstr(why.text, missing));
    text_done(&text);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void what_a_client_writes_a_server_reads(void **state)
{
    struct announcement host = host_named("validator-3", "10.0.0.3"), read;
    struct text text = {.bytes = NULL};
    struct reason why = {""};

    (void)state;
    host.network_port = 1;
    host.testing_port = 65535;
    request_write(&host, &text);
    assert_true(request_parse(&read, text.bytes, text.size, &why));
    assert_string_equal(read.identifier, "validator-3");
    assert_string_equal(read.ip, "10.0.0.3");
    assert_int_equal(read.network_port, 1);
    assert_int_equal(read.da_port, 3300);
    assert_int_equal(read.testing_port, 65535);
    text_done(&text);
}

static void refuse(const char *body, const char *part)
{
    struct announcement host;
    struct reason why = {""};

    if (request_parse(&host, body, strlen(body), &why))
        fail_msg("accepted %s", body);
    if (!strstr(why.text, part))
        fail_msg("\"%s\" does not say \"%s\"", why.text, part);
}

static void an_announcement_is_checked(void **state)
{
    struct announcement host;
    const char *nulls = "{\"ip\":\"1.2.3.4\",\"identifier\":\"a\",\"api_port\":null,\"da_port\":7}";

    (void)state;
    assert_true(request_parse(&host, nulls, strlen(nulls), NULL));
    assert_int_equal(host.api_port, 18080);
    assert_int_equal(host.da_port, 7);
    refuse("", "no JSON");
    refuse("{\"a\":[[[[[1]]]]]}", "no JSON");
    refuse("[1]", "must be a JSON object");
    refuse("{\"ip\":\"1.2.3.4\"}", "`identifier`");
    refuse("{\"ip\":7,\"identifier\":\"a\"}", "`ip`");
    refuse("{\"ip\":\"1.2.3\",\"identifier\":\"a\"}", "no IPv4 address");
    refuse("{\"ip\":\"::1\",\"identifier\":\"a\"}", "no IPv4 address");
    refuse("{\"ip\":\"1.2.3.4\",\"identifier\":\"a\",\"api_port\":0}", "`api_port`");
    refuse("{\"ip\":\"1.2.3.4\",\"identifier\":\"a\",\"api_port\":65536}", "`api_port`");
    refuse("{\"ip\":\"1.2.3.4\",\"identifier\":\"a\",\"api_port\":\"1\"}", "`api_port`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_answered_when_the_last_has_come),
        cmocka_unit_test(whoever_comes_late_or_again_is_answered_at_once),
        cmocka_unit_test(who_waits_in_vain_is_told_so_and_may_try_again),
        cmocka_unit_test(a_stranger_is_refused),
        cmocka_unit_test(a_network_that_cannot_be_made_is_reported_to_all),
        cmocka_unit_test(json_is_what_others_get),
        cmocka_unit_test(requests_that_make_no_sense_are_answered_so),
        cmocka_unit_test(a_host_that_goes_while_it_waits_is_forgotten_but_known),
        cmocka_unit_test(a_server_that_is_not_there_is_tried_for_a_while),
        cmocka_unit_test(somebody_else_at_the_address_is_asked_again_later),
        cmocka_unit_test(a_port_that_is_taken_is_reported),
        cmocka_unit_test(the_environment_says_who_the_client_is),
        cmocka_unit_test(a_configuration_is_written_whole_and_for_its_owner_alone),
        cmocka_unit_test(what_a_client_writes_a_server_reads),
        cmocka_unit_test(an_announcement_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
