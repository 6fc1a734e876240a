#include "devnode/shell/api.h"
#include "devnode/shell/availability.h"

void api_add_metrics(struct text *text, const struct api_metric *metrics, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_add(text, "# HELP ");
        text_add(text, metrics[i].name);
        text_add(text, " ");
        text_add(text, metrics[i].help);
        text_add(text, "\n# TYPE ");
        text_add(text, metrics[i].name);
        text_add(text, " ");
        text_add(text, metrics[i].type);
        text_add(text, "\n");
        text_add(text, metrics[i].name);
        text_add(text, " ");
        text_add_u64(text, metrics[i].value);
        text_add(text, "\n");
    }
}

void api_write_metrics(const void *self, struct text *text)
{
    const struct api *api = self;
    struct node_counts counts = node_counts(api->node);
    struct node_info info = node_info(api->node);
    const struct api_metric metrics[] = {
        {"consensus_processed_blocks", "counter", "blocks taken or made, on any branch",
            counts.blocks_processed},
        {"consensus_proposed_blocks", "counter", "blocks made", counts.blocks_proposed},
        {"consensus_refused_blocks", "counter", "blocks of peers that were not valid",
            counts.blocks_refused},
        {"consensus_transactions_total", "counter", "transactions in the blocks processed",
            counts.transactions_processed},
        {"consensus_reorganisations_total", "counter", "switches to another branch",
            counts.reorganisations},
        {"consensus_tip_height", "gauge", "height of the tip", info.height},
        {"consensus_tip_slot", "gauge", "slot of the tip", info.slot},
        {"consensus_lib_height", "gauge", "height of the last irreversible block", info.lib_height},
        {"mempool_pending_items", "gauge", "transactions that wait for a block", counts.pending},
        {"mempool_dropped_items", "counter", "transactions refused while a block was made",
            counts.transactions_dropped},
        {"consensus_waiting_blocks", "gauge", "blocks whose blobs were not sampled yet",
            counts.blocks_waiting},
        {"network_peers", "gauge", "distinct peers connected", counts.peers},
        {"network_connections", "gauge", "connections to peers", counts.connections},
    };

    api_add_metrics(text, metrics, sizeof(metrics) / sizeof(*metrics));
    availability_add_metrics(api->availability, text);
}

void api_metrics(void *self, struct http_request *request)
{
    struct text text = {.bytes = NULL};

    api_write_metrics(self, &text);
    http_reply_text(request, "text/plain; version=0.0.4; charset=utf-8", &text);
}
