/* Multiaddresses: "/ip4/127.0.0.1/udp/3000/quic-v1" and its binary form.
 *
 * Known protocols: ip4, ip6, dns, dns4, dns6, tcp, udp, quic, quic-v1, ws, p2p (of Ed25519 peer
 * ids). Held in binary form, which is what gets hashed and signed. */
#ifndef NOMOS_MULTIADDR_H
#define NOMOS_MULTIADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The node's limit for a locator. */
#define MULTIADDR_SIZE_MAX 329
/* Enough for the text of any binary form within the limit: no part grows more than fourfold when
   written (quic-v1 does: 2 bytes, 8 characters). */
#define MULTIADDR_TEXT_SIZE (4 * MULTIADDR_SIZE_MAX + 1)

struct multiaddr {
    uint16_t size;
    uint8_t bytes[MULTIADDR_SIZE_MAX];
};

/* False when the text is not a multiaddress of known protocols or too long. At least one part is
   required. */
bool multiaddr_parse(const char *text, struct multiaddr *out);

/* Checks that `size` bytes are a sequence of whole, known parts. */
bool multiaddr_from_bytes(const uint8_t *bytes, size_t size, struct multiaddr *out);

/* The text of a well-formed address (from the two above). */
void multiaddr_write(const struct multiaddr *address, char out[MULTIADDR_TEXT_SIZE]);

/* Longest host name, 253 characters, and the terminator. */
#define MULTIADDR_HOST_SIZE 254

/* The first host (ip4, ip6 or a dns name) as text, and the port of the first tcp or udp part. False
   when the address lacks either; the outputs are then undefined. */
bool multiaddr_endpoint(
    const struct multiaddr *address, char host[MULTIADDR_HOST_SIZE], uint16_t *out_port);

#endif
