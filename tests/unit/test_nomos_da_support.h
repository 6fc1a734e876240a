/* Blobs for the tests of the nomos library's data availability. */
#ifndef TEST_NOMOS_DA_SUPPORT_H
#define TEST_NOMOS_DA_SUPPORT_H

#include "test_nomos_support.h"

#include "nomos/da_share.h"

/* Byte i of the data is 7 i + 3, as in the vectors. The caller frees. */
static inline uint8_t *da_data(size_t size)
{
    uint8_t *data = malloc(size);

    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 + 3);
    return data;
}

/* A blob of channel 01.. after parent 02.., as in the vectors. */
static inline struct da_blob da_blob_of(size_t chunks, uint32_t columns)
{
    uint8_t *data = da_data(chunks * DA_CHUNK_SIZE);
    const struct da_source source = {.context = {.channel = bytes32_of(1), .parent = bytes32_of(2)},
        .data = data,
        .size = chunks * DA_CHUNK_SIZE,
        .columns = columns};
    struct da_blob blob;

    assert_int_equal(da_encode(&source, &blob, NULL), NOMOS_OK);
    free(data);
    return blob;
}

#endif
