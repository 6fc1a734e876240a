/* bench.feed-probe: writes down when each block reached a subscriber of the block feed.

   A line of its artifact feed.txt per block and node: "<node> <block id> <microseconds since 1970>".
   A node's log has the moment at which it took the block; bench/run puts the two together. */
#include <inttypes.h>

#include <assay/sdk.h>

struct probe {
    const assay_host *host;
    const assay_clock *clock;
    const assay_nodes *nodes;
    const assay_blocks *blocks;
    const assay_artifacts *artifacts;
    uint64_t seen;
};

static const char *const needs[] = {ASSAY_CLOCK, ASSAY_NODES, ASSAY_BLOCKS, ASSAY_ARTIFACTS, NULL};

static assay_status create(const assay_host *host, const void *options, void **self)
{
    struct probe *probe = calloc(1, sizeof(*probe));

    (void)options;
    if (!probe)
        return host->fail(host, ASSAY_E_NOMEM, "no memory");
    probe->host = host;
    probe->clock = assay_clock_of(host);
    probe->nodes = assay_nodes_of(host);
    probe->blocks = assay_blocks_of(host);
    probe->artifacts = assay_artifacts_of(host);
    *self = probe;
    return ASSAY_OK;
}

static void destroy(void *self)
{
    free(self);
}

static assay_status write_line(struct probe *probe, const assay_block_info *block, int64_t unix_ns)
{
    assay_node_info node = ASSAY_RECORD(assay_node_info);
    char line[256];
    assay_status status = probe->nodes->info(probe->host, block->node, &node);

    if (status)
        return status;
    (void)snprintf(line, sizeof(line), "%s %s %" PRId64 "\n", node.name, block->id, unix_ns / 1000);
    probe->seen++;
    return probe->artifacts->append(probe->host, "feed.txt", assay_bytes_of(line));
}

static assay_status run(void *self, assay_task *task)
{
    struct probe *probe = self;
    assay_feed *feed = NULL;
    assay_status status = probe->blocks->subscribe(probe->host, ASSAY_ANY_NODE, &feed);

    while (!status) {
        assay_block *block = NULL;

        status = probe->blocks->next(task, feed, ASSAY_FOREVER, &block);
        if (status)
            break;
        status = write_line(probe, probe->blocks->info(block), probe->clock->unix_ns(probe->host));
        probe->blocks->release(block);
    }
    if (feed)
        probe->blocks->unsubscribe(feed);
    return status;
}

static assay_status judge(void *self, assay_task *task, assay_verdict *out)
{
    const struct probe *probe = self;

    (void)task;
    return assay_verdict_f(out, probe->seen > 0 ? ASSAY_PASS : ASSAY_VACUOUS, 1,
        "%" PRIu64 " observations written down", probe->seen);
}

ASSAY_PLUGIN(feed_probe, ASSAY_EXPECTATION, "bench.feed-probe", "0.1.0",
    "Writes down when blocks reach the feed", .needs = needs, .create = create, .destroy = destroy,
    .run = run, .judge = judge);
ASSAY_LIBRARY("bench-feed-probe", "0.1.0", "Apache-2.0", &feed_probe);
