/* Connections of a node: whom it dials, and when it gives up. */
#include "devnode/shell/links.h"

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    PATIENCE_MS = 50,
    PATIENCE_FOR_EVER_MS = 60000,
    CROWD = 4, /* more than wait to be accepted where one may */
    MESSAGE_BYTES = 1 << 20,
    MESSAGES = 32 /* more than the system's buffers hold */
};

struct bench {
    struct event_base *base;
    struct config_address listen;
    struct links *links;
    struct link *up; /* the newest */
    size_t ups, downs, closes;
    const void *closed;
    uint64_t lasted_ns;
    uint64_t now_ns;
};

static void *on_up(void *self, struct link *link, void *dialled, const uint8_t *ip)
{
    struct bench *bench = self;

    (void)ip;
    bench->ups++;
    if (dialled)
        bench->up = link;
    return bench;
}

static void on_down(void *self, void *peer)
{
    struct bench *bench = self;

    assert_ptr_equal(peer, bench);
    bench->downs++;
}

static void on_message(void *self, void *peer, const uint8_t *message, size_t size)
{
    (void)self;
    (void)peer;
    (void)message;
    fail_msg("nobody says anything here, least of all %zu bytes", size);
}

static void after_input(void *self)
{
    (void)self;
}

static void on_closed(void *self, void *dialled, uint64_t lasted_ns)
{
    struct bench *bench = self;

    bench->closes++;
    bench->closed = dialled;
    bench->lasted_ns = lasted_ns;
    (void)event_base_loopbreak(bench->base);
}

static uint64_t now_ns(void *self)
{
    struct bench *bench = self;

    return ++bench->now_ns;
}

static int set_up(void **state)
{
    static struct bench bench;

    bench = (struct bench){.base = event_base_new(), .listen = {.host = "127.0.0.1"}};
    const struct links_params params = {.base = bench.base,
        .listen = &bench.listen,
        .who = "peers",
        .message_bytes_max = 100,
        .links_max = 10,
        .user = {.self = &bench,
            .up = on_up,
            .down = on_down,
            .receive = on_message,
            .after_input = after_input,
            .closed = on_closed,
            .now_ns = now_ns}};

    bench.links = links_new(&params, NULL);
    links_start(bench.links);
    *state = &bench;
    return bench.links ? 0 : -1;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;

    links_free(bench->links);
    event_base_free(bench->base);
    return 0;
}

/* On a free port of 127.0.0.1. */
static int bound_socket(struct socket_address *address)
{
    const struct config_address wanted = {.host = "127.0.0.1"};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_true(socket_resolve(address, &wanted, NULL));
    assert_int_equal(bind(fd, &address->as.any, address->size), 0);
    assert_int_equal(getsockname(fd, &address->as.any, &address->size), 0);
    return fd;
}

/* Who dials a listener that nobody serves and whose queue is full hears nothing, as from a host that
   is gone. */
static void who_does_not_answer_is_given_up_on(void **state)
{
    struct bench *bench = *state;
    struct socket_address address;
    int crowd[CROWD];
    int mute = bound_socket(&address);
    char mark;

    assert_int_equal(listen(mute, 0), 0);
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(crowd[i], &address.as.any, address.size);
    }

    assert_true(links_dial(bench->links, &address, &mark, PATIENCE_MS));
    (void)event_base_dispatch(bench->base);

    assert_int_equal(bench->closes, 1);
    assert_ptr_equal(bench->closed, &mark);
    assert_int_equal(bench->lasted_ns, 0);
    assert_int_equal(bench->ups, 0);
    assert_int_equal(bench->downs, 0);
    for (size_t i = 0; i < CROWD; i++)
        (void)close(crowd[i]);
    (void)close(mute);
}

static void who_refuses_is_not_waited_for(void **state)
{
    struct bench *bench = *state;
    struct socket_address address;
    int deaf = bound_socket(&address); /* does not listen */
    char mark;

    assert_true(links_dial(bench->links, &address, &mark, PATIENCE_FOR_EVER_MS));
    (void)event_base_dispatch(bench->base);

    assert_ptr_equal(bench->closed, &mark);
    assert_int_equal(bench->lasted_ns, 0);
    assert_int_equal(bench->ups, 0);
    (void)close(deaf);
}

static void end(evutil_socket_t fd, short what, void *self)
{
    struct bench *bench = self;

    (void)fd;
    (void)what;
    (void)event_base_loopbreak(bench->base);
}

/* The patience is for being answered: who then takes nothing for a while, as a stopped process, is
   kept. The system answers for a listener that accepts nobody. */
static void who_answered_may_be_slow(void **state)
{
    static const struct timeval twice = {.tv_usec = 2 * PATIENCE_MS * 1000};
    static const uint8_t much[MESSAGE_BYTES];
    struct bench *bench = *state;
    struct socket_address address;
    int slow = bound_socket(&address);
    char mark;

    assert_int_equal(listen(slow, 1), 0);
    assert_true(links_dial(bench->links, &address, &mark, PATIENCE_MS));
    while (!bench->up)
        (void)event_base_loop(bench->base, EVLOOP_ONCE);
    for (size_t i = 0; i < MESSAGES; i++)
        link_send(bench->up, much, sizeof(much));
    assert_int_equal(event_base_once(bench->base, -1, EV_TIMEOUT, end, bench, &twice), 0);
    (void)event_base_dispatch(bench->base);

    assert_int_equal(bench->ups, 1);
    assert_int_equal(bench->downs, 0);
    assert_int_equal(bench->closes, 0);
    (void)close(slow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_does_not_answer_is_given_up_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_refuses_is_not_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_answered_may_be_slow, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
