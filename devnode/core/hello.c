#include "devnode/core/hello.h"

#include <assert.h>
#include <string.h>

#define PROOF_TEXT_MAX (HELLO_DOMAIN_BYTES + 4 * 32)

void hello_take(struct hello *out, const char magic[HELLO_MAGIC_BYTES], struct cursor *cursor)
{
    uint8_t seen[HELLO_MAGIC_BYTES];

    cursor_take(cursor, seen, sizeof(seen));
    if (memcmp(seen, magic, sizeof(seen)) != 0)
        cursor->is_bad = true;
    out->version = (uint16_t)cursor_take_number(cursor, 2);
    cursor_take(cursor, out->genesis.bytes, 32);
    cursor_take(cursor, out->public_key.bytes, 32);
    cursor_take(cursor, out->challenge.bytes, 32);
}

uint8_t *hello_put(const struct hello *hello, const char magic[HELLO_MAGIC_BYTES], uint8_t *out)
{
    out = put_bytes(out, magic, HELLO_MAGIC_BYTES);
    out = put_number(out, hello->version, 2);
    out = put_bytes(out, hello->genesis.bytes, 32);
    out = put_bytes(out, hello->public_key.bytes, 32);
    return put_bytes(out, hello->challenge.bytes, 32);
}

/* What is signed; its size. */
static size_t proof_text(const char *domain, const struct hello *to, const struct bytes32 *signer,
    uint8_t text[PROOF_TEXT_MAX])
{
    uint8_t *out = text;

    assert(strlen(domain) <= HELLO_DOMAIN_BYTES);
    out = put_bytes(out, domain, strlen(domain));
    out = put_bytes(out, to->genesis.bytes, 32);
    out = put_bytes(out, signer->bytes, 32);
    out = put_bytes(out, to->public_key.bytes, 32);
    out = put_bytes(out, to->challenge.bytes, 32);
    return (size_t)(out - text);
}

struct signature hello_prove(
    const char *domain, const struct hello *to, const struct ed25519_key *key)
{
    uint8_t text[PROOF_TEXT_MAX];
    const size_t size = proof_text(domain, to, &key->public_key, text);

    return ed25519_sign(key, text, size);
}

bool hello_is_proved(const char *domain, const struct hello *to, const struct bytes32 *public_key,
    const struct signature *proof)
{
    uint8_t text[PROOF_TEXT_MAX];
    const size_t size = proof_text(domain, to, public_key, text);

    return ed25519_verify(public_key, text, size, proof);
}
