/* Multiaddresses: text and bytes, and what is neither. */
#include "test_nomos_support.h"

static void example_of_the_contract_has_its_binary_form(void **state)
{
    static const uint8_t expected[] = {
        0x04, 0x7f, 0x00, 0x00, 0x01, 0x91, 0x02, 0x0c, 0xe4, 0xcd, 0x03};
    const struct multiaddr address = multiaddr_of("/ip4/127.0.0.1/udp/3300/quic-v1");

    (void)state;
    assert_int_equal(address.size, sizeof(expected));
    assert_memory_equal(address.bytes, expected, sizeof(expected));
}

static void texts_read_back_as_they_were_written(void **state)
{
    static const char *const texts[] = {"/ip4/127.0.0.1/udp/3000/quic-v1", "/ip4/0.0.0.0/tcp/0",
        "/ip4/255.255.255.255/tcp/65535/ws", "/ip6/::1/udp/1/quic", "/dns/a/tcp/80",
        "/dns4/node-1.example.org/udp/3000/quic-v1", "/dns6/x/udp/9",
        "/ip4/10.0.0.1/udp/3000/quic-v1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN",
        "/p2p/12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct multiaddr address = multiaddr_of(texts[i]);
        char text[MULTIADDR_TEXT_SIZE];
        struct multiaddr again;

        multiaddr_write(&address, text);
        assert_string_equal(text, texts[i]);
        assert_true(multiaddr_from_bytes(address.bytes, address.size, &again));
        assert_int_equal(again.size, address.size);
        assert_memory_equal(again.bytes, address.bytes, address.size);
    }
}

static void what_is_no_multiaddress_is_refused(void **state)
{
    static const char *const texts[] = {"", "/", "ip4/1.2.3.4", "/ip4", "/ip4/", "/ip4/1.2.3",
        "/ip4/1.2.3.256", "/ip4/1.2.3.4/", "/ip4/1.2.3.4//udp/1", "/ip6/127.0.0.1", "/udp/65536",
        "/udp/-1", "/udp/", "/udp/1x", "/udp/000001", "/unknown/1", "/dns/bad name/tcp/1",
        "/p2p/12D3KooW", "/ip4/1.2.3.4/udp/3000/quic-v1/quic-v2", "/dns/\xc3\xa9/tcp/1"};
    struct multiaddr address;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(multiaddr_parse(texts[i], &address));
}

static void addresses_end_at_the_limit(void **state)
{
    /* /quic-v1 takes two bytes: 164 of them take 328, one more would take 330. */
    char text[MULTIADDR_TEXT_SIZE + 8] = "";
    char back[MULTIADDR_TEXT_SIZE];
    struct multiaddr address;

    (void)state;
    for (size_t i = 0; i < 164; i++)
        memcpy(text + 8 * i, "/quic-v1", 9);
    assert_true(multiaddr_parse(text, &address));
    assert_int_equal(address.size, 328);
    multiaddr_write(&address, back);
    assert_string_equal(back, text);
    memcpy(text + 8 * 164, "/quic", 6);
    assert_false(multiaddr_parse(text, &address));
}

static void host_names_end_at_253_characters(void **state)
{
    char text[300] = "/dns/";
    char host[MULTIADDR_HOST_SIZE];
    struct multiaddr address;
    uint16_t port = 0;

    (void)state;
    memset(text + 5, 'a', 253);
    memcpy(text + 5 + 253, "/tcp/80", 8);
    assert_true(multiaddr_parse(text, &address));
    assert_true(multiaddr_endpoint(&address, host, &port));
    assert_int_equal(strlen(host), 253);
    memset(text + 5, 'a', 254);
    memcpy(text + 5 + 254, "/tcp/80", 8);
    assert_false(multiaddr_parse(text, &address));
}

static void broken_bytes_are_refused(void **state)
{
    static const struct {
        size_t size;
        uint8_t bytes[8];
    } broken[] = {
        {0, {0}}, {1, {0x04}},         /* an address that is missing */
        {4, {0x04, 127, 0, 0}},        /* and one cut short */
        {1, {0x80}},                   /* a varint cut short */
        {2, {0x80, 0x00}},             /* a varint with padding */
        {3, {0x80, 0x80, 0x01}},       /* a varint of three bytes */
        {2, {0x85, 0x00}},             /* code 5 in two bytes, unknown anyway */
        {1, {0x05}},                   /* an unknown code */
        {3, {0x35, 0x05, 'a'}},        /* a name cut short */
        {2, {0x35, 0x00}},             /* an empty name */
        {3, {0x35, 0x01, '/'}},        /* a slash in a name */
        {3, {0x35, 0x01, '"'}},        /* a quote in a name */
        {3, {0x35, 0x01, '\\'}},       /* a backslash in a name */
        {4, {0xa5, 0x03, 0x01, 0x00}}, /* a peer id of one byte */
        {3, {0x91, 0x02, 0x0c}},       /* half a port */
    };
    struct multiaddr address;

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        assert_false(multiaddr_from_bytes(broken[i].bytes, broken[i].size, &address));
}

static void bytes_beyond_the_limit_are_refused(void **state)
{
    uint8_t bytes[MULTIADDR_SIZE_MAX + 1];
    struct multiaddr address;

    (void)state;
    for (size_t i = 0; i + 1 < sizeof(bytes); i += 2) {
        bytes[i] = 0xcd;
        bytes[i + 1] = 0x03;
    }
    assert_true(multiaddr_from_bytes(bytes, MULTIADDR_SIZE_MAX - 1, &address));
    assert_false(multiaddr_from_bytes(bytes, MULTIADDR_SIZE_MAX + 1, &address));
}

static void random_bytes_never_read_as_something_that_does_not_write(void **state)
{
    uint64_t seed = 0xadd;
    char text[MULTIADDR_TEXT_SIZE];

    (void)state;
    for (size_t i = 0; i < 200000; i++) {
        uint8_t bytes[24];
        struct multiaddr address;
        const size_t size = next_number(&seed) % sizeof(bytes);

        for (size_t j = 0; j < size; j++)
            bytes[j] = (uint8_t)(next_number(&seed) >> 16);
        bytes[0] = i % 2 ? 0x04 : 0x06; /* so that some get further than the first byte */
        if (!multiaddr_from_bytes(bytes, size, &address))
            continue;
        struct multiaddr again;
        multiaddr_write(&address, text);
        assert_true(multiaddr_parse(text, &again));
        assert_int_equal(again.size, size);
        assert_memory_equal(again.bytes, bytes, size);
    }
}

static void endpoint_is_the_first_host_and_port(void **state)
{
    const struct multiaddr plain = multiaddr_of("/ip4/127.0.0.1/udp/3000/quic-v1");
    const struct multiaddr two = multiaddr_of("/dns4/first/tcp/1/ip4/2.2.2.2/tcp/2");
    const struct multiaddr six = multiaddr_of("/ip6/::1/tcp/7");
    char host[MULTIADDR_HOST_SIZE];
    uint16_t port = 0;

    (void)state;
    assert_true(multiaddr_endpoint(&plain, host, &port));
    assert_string_equal(host, "127.0.0.1");
    assert_int_equal(port, 3000);
    assert_true(multiaddr_endpoint(&two, host, &port));
    assert_string_equal(host, "first");
    assert_int_equal(port, 1);
    assert_true(multiaddr_endpoint(&six, host, &port));
    assert_string_equal(host, "::1");
}

static void endpoint_needs_both_host_and_port(void **state)
{
    const struct multiaddr no_port = multiaddr_of("/ip4/127.0.0.1/quic-v1");
    const struct multiaddr no_host = multiaddr_of("/udp/3000");
    char host[MULTIADDR_HOST_SIZE];
    uint16_t port;

    (void)state;
    assert_false(multiaddr_endpoint(&no_port, host, &port));
    assert_false(multiaddr_endpoint(&no_host, host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(example_of_the_contract_has_its_binary_form),
        cmocka_unit_test(texts_read_back_as_they_were_written),
        cmocka_unit_test(what_is_no_multiaddress_is_refused),
        cmocka_unit_test(addresses_end_at_the_limit),
        cmocka_unit_test(host_names_end_at_253_characters),
        cmocka_unit_test(broken_bytes_are_refused),
        cmocka_unit_test(bytes_beyond_the_limit_are_refused),
        cmocka_unit_test(random_bytes_never_read_as_something_that_does_not_write),
        cmocka_unit_test(endpoint_is_the_first_host_and_port),
        cmocka_unit_test(endpoint_needs_both_host_and_port),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
