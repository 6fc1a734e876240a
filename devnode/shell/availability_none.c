#include "devnode/shell/availability.h"

/* A build without data availability. */

bool availability_read(struct availability **out, const struct yaml_tree *file, struct reason *why)
{
    (void)file;
    (void)why;
    *out = NULL;
    return true;
}

void availability_free(struct availability *availability)
{
    (void)availability;
}

uint64_t availability_validity_ns(const struct availability *availability)
{
    (void)availability;
    return 0;
}

bool availability_open(
    struct availability *availability, const struct availability_params *params, struct reason *why)
{
    (void)availability;
    (void)params;
    (void)why;
    return true;
}

void availability_start(struct availability *availability)
{
    (void)availability;
}

void availability_tick(struct availability *availability, uint64_t now_ns)
{
    (void)availability;
    (void)now_ns;
}

uint64_t availability_next_wake(const struct availability *availability)
{
    (void)availability;
    return UINT64_MAX;
}

bool availability_is_sampled(struct availability *availability, const struct bytes32 *blob)
{
    (void)availability;
    (void)blob;
    return false;
}

bool availability_is_cut_off(struct availability *availability)
{
    (void)availability;
    return false;
}

void availability_want(struct availability *availability, const struct bytes32 *blob)
{
    (void)availability;
    (void)blob;
}

void availability_block_added(struct availability *availability, const struct chain_block *block)
{
    (void)availability;
    (void)block;
}

struct http_routes availability_routes(void)
{
    return (struct http_routes){.count = 0};
}

struct http_routes availability_testing_routes(void)
{
    return (struct http_routes){.count = 0};
}

void availability_add_metrics(const struct availability *availability, struct text *text)
{
    (void)availability;
    (void)text;
}
