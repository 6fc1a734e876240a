/* What development nodes say to each other about blocks and transactions. A message that was read is
   written as the very same bytes; what it carries is read, too. */
#include <string.h>

#include "devnode/core/gossip.h"
#include "devnode/core/transaction.h"
#include "fuzz/insist.h"
#include "fuzz/target.h"
#include "nomos/block.h"

static void check_block(const struct gossip_body *body)
{
    struct block block;

    if (block_decode(body->bytes, body->size, &block, NULL))
        return;
    uint8_t *bytes = malloc(body->size + 1);
    insist(bytes != NULL);
    insist(block_size(&block) == body->size);
    block_encode(&block, bytes);
    insist(memcmp(bytes, body->bytes, body->size) == 0);
    free(bytes);
    block_done(&block);
}

static void check_tx(const struct wire *wire, const struct gossip_body *body)
{
    struct reason why = {.text = ""};
    struct transaction *tx = transaction_decode(wire, body->bytes, body->size, &why);

    insist((tx == NULL) == (why.text[0] != '\0'));
    if (tx)
        insist(tx->size == body->size && memcmp(tx->bytes, body->bytes, body->size) == 0);
    transaction_unref(tx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct wire wire;
    struct gossip_message message;
    struct reason why = {.text = ""};
    uint8_t *bytes;

    if (!wire.revision) {
        insist(keys_init());
        wire_init(&wire, &wire_revision_2025_12);
    }
    if (!gossip_read(&message, data, size, &why)) {
        insist(why.text[0] != '\0');
        return 0;
    }
    bytes = malloc(size);
    insist(bytes != NULL);
    insist(gossip_size(&message) == size);
    gossip_write(&message, bytes);
    insist(memcmp(bytes, data, size) == 0);
    free(bytes);
    if (message.type == GOSSIP_BLOCK)
        check_block(&message.as.body);
    if (message.type == GOSSIP_TX)
        check_tx(&wire, &message.as.body);
    return 0;
}
