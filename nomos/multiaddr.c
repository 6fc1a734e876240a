#include "nomos/multiaddr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "nomos/keys.h"

/* What follows the code of a protocol. */
enum value_kind {
    VALUE_NONE,
    VALUE_IP4,  /* 4 bytes */
    VALUE_IP6,  /* 16 bytes */
    VALUE_PORT, /* 2 bytes, big-endian */
    VALUE_NAME, /* length, then that many bytes */
    VALUE_PEER, /* length 38, then a peer id in binary */
};

struct protocol {
    const char *name;
    uint16_t code; /* written as a varint; all are below 2^14, so at most two bytes */
    enum value_kind kind;
};

static const struct protocol protocols[] = {
    {"ip4", 4, VALUE_IP4},
    {"tcp", 6, VALUE_PORT},
    {"ip6", 41, VALUE_IP6},
    {"dns", 53, VALUE_NAME},
    {"dns4", 54, VALUE_NAME},
    {"dns6", 55, VALUE_NAME},
    {"udp", 273, VALUE_PORT},
    {"p2p", 421, VALUE_PEER},
    {"quic", 460, VALUE_NONE},
    {"quic-v1", 461, VALUE_NONE},
    {"ws", 477, VALUE_NONE},
};
#define PROTOCOL_COUNT (sizeof(protocols) / sizeof(protocols[0]))

/* An identity multihash: code 0, length 36, and a protobuf of an Ed25519 key. */
#define PEER_BYTES 38
static const uint8_t peer_prefix[] = {0x00, 0x24, 0x08, 0x01, 0x12, 0x20};

/* One part of an address, in place. */
struct part {
    const struct protocol *protocol;
    const uint8_t *value;
    size_t value_size;
};

static bool append(struct multiaddr *address, const void *bytes, size_t size)
{
    if (size > (size_t)MULTIADDR_SIZE_MAX - address->size)
        return false;
    memcpy(address->bytes + address->size, bytes, size);
    address->size = (uint16_t)(address->size + size);
    return true;
}

static bool append_varint(struct multiaddr *address, size_t value)
{
    const uint8_t bytes[2] = {(uint8_t)(value & 0x7f), (uint8_t)(value >> 7)};
    const uint8_t two[2] = {(uint8_t)(bytes[0] | 0x80), bytes[1]};

    return bytes[1] ? append(address, two, 2) : append(address, bytes, 1);
}

/* Two bytes are enough for every code and every length we take; a longer or padded varint is not a
   known one. */
static bool read_varint(const uint8_t **at, const uint8_t *end, size_t *out)
{
    if (*at == end)
        return false;
    size_t value = *(*at)++;
    if (value & 0x80) {
        if (*at == end || **at == 0 || **at & 0x80)
            return false;
        value = (value & 0x7f) | (size_t) * (*at)++ << 7;
    }
    *out = value;
    return true;
}

/* Host names only: what is no letter, digit, '-', '.' or '_' has no business here, and the JSON
   writers rely on it. */
static bool is_name(const uint8_t *bytes, size_t size)
{
    if (size == 0 || size >= MULTIADDR_HOST_SIZE)
        return false;
    for (size_t i = 0; i < size; i++) {
        const uint8_t letter = bytes[i] | 0x20;
        const bool is_letter = letter >= 'a' && letter <= 'z';
        const bool is_digit = bytes[i] >= '0' && bytes[i] <= '9';

        if (!is_letter && !is_digit && bytes[i] != '-' && bytes[i] != '.' && bytes[i] != '_')
            return false;
    }
    return true;
}

static bool is_peer(const uint8_t *bytes, size_t size)
{
    return size == PEER_BYTES && memcmp(bytes, peer_prefix, sizeof(peer_prefix)) == 0;
}

/* The size of a value; reads the length of those that carry one. */
static bool read_value_size(
    enum value_kind kind, const uint8_t **at, const uint8_t *end, size_t *out)
{
    switch (kind) {
    case VALUE_NONE:
        *out = 0;
        return true;
    case VALUE_IP4:
        *out = 4;
        return true;
    case VALUE_IP6:
        *out = 16;
        return true;
    case VALUE_PORT:
        *out = 2;
        return true;
    case VALUE_NAME:
    case VALUE_PEER:
        return read_varint(at, end, out);
    }
    return false;
}

static bool read_part(const uint8_t **at, const uint8_t *end, struct part *out)
{
    const struct protocol *protocol = NULL;
    size_t code;
    size_t size;

    if (!read_varint(at, end, &code))
        return false;
    for (size_t i = 0; i < PROTOCOL_COUNT; i++)
        if (protocols[i].code == code)
            protocol = &protocols[i];
    if (!protocol || !read_value_size(protocol->kind, at, end, &size) || size > (size_t)(end - *at))
        return false;
    if (protocol->kind == VALUE_NAME && !is_name(*at, size))
        return false;
    if (protocol->kind == VALUE_PEER && !is_peer(*at, size))
        return false;
    *out = (struct part){protocol, *at, size};
    *at += size;
    return true;
}

bool multiaddr_from_bytes(const uint8_t *bytes, size_t size, struct multiaddr *out)
{
    const uint8_t *at = bytes;
    struct part part;

    if (size == 0 || size > MULTIADDR_SIZE_MAX)
        return false;
    while (at < bytes + size)
        if (!read_part(&at, bytes + size, &part))
            return false;
    *out = (struct multiaddr){.size = (uint16_t)size};
    memcpy(out->bytes, bytes, size);
    return true;
}

/* Digits only, below 65536. */
static bool parse_port(const char *text, uint8_t out[2])
{
    unsigned long value = 0;
    size_t length = strlen(text);

    if (length == 0 || length > 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (unsigned long)(text[i] - '0');
    }
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
    return value <= UINT16_MAX;
}

static bool append_value(struct multiaddr *address, enum value_kind kind, const char *text)
{
    uint8_t bytes[16];
    struct bytes32 key;

    switch (kind) {
    case VALUE_NONE:
        return true;
    case VALUE_IP4:
        return inet_pton(AF_INET, text, bytes) == 1 && append(address, bytes, 4);
    case VALUE_IP6:
        return inet_pton(AF_INET6, text, bytes) == 1 && append(address, bytes, 16);
    case VALUE_PORT:
        return parse_port(text, bytes) && append(address, bytes, 2);
    case VALUE_NAME:
        return is_name((const uint8_t *)text, strlen(text)) &&
            append_varint(address, strlen(text)) && append(address, text, strlen(text));
    case VALUE_PEER:
        return peer_id_read(text, &key) && append_varint(address, PEER_BYTES) &&
            append(address, peer_prefix, sizeof(peer_prefix)) &&
            append(address, key.bytes, sizeof(key.bytes));
    }
    return false;
}

/* Takes "/word" off the front of *at. */
static bool next_word(const char **at, char out[MULTIADDR_HOST_SIZE])
{
    if (**at != '/')
        return false;
    const size_t length = strcspn(*at + 1, "/");
    if (length == 0 || length >= MULTIADDR_HOST_SIZE)
        return false;
    memcpy(out, *at + 1, length);
    out[length] = '\0';
    *at += 1 + length;
    return true;
}

bool multiaddr_parse(const char *text, struct multiaddr *out)
{
    struct multiaddr address = {0};
    char word[MULTIADDR_HOST_SIZE];
    const char *at = text;

    do {
        const struct protocol *protocol = NULL;

        if (!next_word(&at, word))
            return false;
        for (size_t i = 0; i < PROTOCOL_COUNT; i++)
            if (strcmp(protocols[i].name, word) == 0)
                protocol = &protocols[i];
        if (!protocol || !append_varint(&address, protocol->code))
            return false;
        if (protocol->kind != VALUE_NONE && !next_word(&at, word))
            return false;
        if (!append_value(&address, protocol->kind, word))
            return false;
    } while (*at);
    *out = address;
    return true;
}

static void value_text(const struct part *part, char out[MULTIADDR_HOST_SIZE])
{
    struct bytes32 key;

    switch (part->protocol->kind) {
    case VALUE_NONE:
        out[0] = '\0';
        return;
    case VALUE_IP4:
        (void)inet_ntop(AF_INET, part->value, out, MULTIADDR_HOST_SIZE);
        return;
    case VALUE_IP6:
        (void)inet_ntop(AF_INET6, part->value, out, MULTIADDR_HOST_SIZE);
        return;
    case VALUE_PORT:
        (void)snprintf(out, MULTIADDR_HOST_SIZE, "%d", part->value[0] << 8 | part->value[1]);
        return;
    case VALUE_NAME:
        memcpy(out, part->value, part->value_size);
        out[part->value_size] = '\0';
        return;
    case VALUE_PEER:
        memcpy(key.bytes, part->value + sizeof(peer_prefix), sizeof(key.bytes));
        peer_id_write(&key, out);
        return;
    }
}

void multiaddr_write(const struct multiaddr *address, char out[MULTIADDR_TEXT_SIZE])
{
    const uint8_t *at = address->bytes;
    char value[MULTIADDR_HOST_SIZE];
    size_t size = 0;
    struct part part;

    out[0] = '\0';
    while (at < address->bytes + address->size &&
        read_part(&at, address->bytes + address->size, &part)) {
        value_text(&part, value);
        size += (size_t)snprintf(out + size, MULTIADDR_TEXT_SIZE - size, "/%s%s%s",
            part.protocol->name, value[0] ? "/" : "", value);
    }
}

bool multiaddr_endpoint(
    const struct multiaddr *address, char host[MULTIADDR_HOST_SIZE], uint16_t *out_port)
{
    const uint8_t *at = address->bytes;
    bool has_host = false;
    bool has_port = false;
    struct part part;

    while (at < address->bytes + address->size &&
        read_part(&at, address->bytes + address->size, &part)) {
        const enum value_kind kind = part.protocol->kind;

        if (!has_host && (kind == VALUE_IP4 || kind == VALUE_IP6 || kind == VALUE_NAME)) {
            value_text(&part, host);
            has_host = true;
        } else if (!has_port && kind == VALUE_PORT) {
            *out_port = (uint16_t)(part.value[0] << 8 | part.value[1]);
            has_port = true;
        }
    }
    return has_host && has_port;
}
