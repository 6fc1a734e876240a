/* Signed transactions as clients send them: JSON in, and what was understood written and read again
   must be the same transaction. */
#include <string.h>

#include "fuzz/insist.h"
#include "fuzz/target.h"
#include "nomos/json_tx.h"

static void check(const struct signed_tx *signed_tx)
{
    struct text text = {.bytes = NULL};
    struct signed_tx again;
    size_t size = signed_tx_size(signed_tx, TX_FORM_STORE);
    uint8_t *bytes = malloc(size);
    uint8_t *other;

    insist(bytes != NULL);
    json_tx_write(&text, signed_tx);
    insist(text_ok(&text));
    insist(json_tx_parse(text.bytes, text.size, &again, NULL) == NOMOS_OK);
    insist(signed_tx_size(&again, TX_FORM_STORE) == size);
    other = malloc(size);
    insist(other != NULL);
    signed_tx_encode(signed_tx, TX_FORM_STORE, bytes);
    signed_tx_encode(&again, TX_FORM_STORE, other);
    insist(memcmp(bytes, other, size) == 0);
    signed_tx_done(&again);
    /* And the binary form reads back, too. */
    insist(signed_tx_decode(bytes, size, TX_FORM_STORE, &again, NULL) == NOMOS_OK);
    signed_tx_done(&again);
    free(bytes);
    free(other);
    text_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct signed_tx signed_tx;
    struct nomos_error err;

    switch (json_tx_parse((const char *)data, size, &signed_tx, &err)) {
    case NOMOS_OK:
        check(&signed_tx);
        signed_tx_done(&signed_tx);
        break;
    case NOMOS_E_SYNTAX:
    case NOMOS_E_DATA:
        insist(err.text[0] != '\0');
        break;
    default:
        break;
    }
    return 0;
}
