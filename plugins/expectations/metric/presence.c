#include "presence.h"

#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

/* Appends "|validator-[0-9]+" unless it is there. 0: there is no room for it. */
static uint32_t add_role(char pattern[PRESENCE_PATTERN_SIZE], const char *role)
{
    const size_t used = strlen(pattern);
    char one[PRESENCE_PATTERN_SIZE];
    const int size = snprintf(one, sizeof(one), "|%s-[0-9]+", role);

    if (strstr(pattern, one))
        return 1;
    if (size >= (int)(PRESENCE_PATTERN_SIZE - used))
        return 0;
    memcpy(pattern + used, one, (size_t)size + 1);
    return 1;
}

assay_status presence_init(struct presence *presence, const assay_host *host, assay_ns age_max)
{
    const assay_nodes *nodes = assay_nodes_of(host);
    char pattern[PRESENCE_PATTERN_SIZE] = "";

    presence->metrics = assay_metrics_of(host);
    presence->node_count = nodes->count(host);
    presence->age_max = age_max;
    for (uint32_t i = 0; i < presence->node_count; i++) {
        assay_node_info info = ASSAY_RECORD(assay_node_info);
        const assay_status s = nodes->info(host, i, &info);

        if (s)
            return s;
        if (!add_role(pattern, info.role))
            return host->fail(host, ASSAY_E_INVALID,
                "there are too many kinds of nodes to ask a store for; nodes = any does without");
    }
    (void)snprintf(presence->scraped, PRESENCE_QUERY_SIZE, "count(up{job=~\"%s\"} == 1)",
        pattern[0] ? pattern + 1 : "");
    (void)snprintf(presence->pushed, PRESENCE_QUERY_SIZE,
        "count(count by (job) ({job=~\"%s\",__name__!~\"up|scrape_.*\"}))",
        pattern[0] ? pattern + 1 : "");
    return ASSAY_OK;
}

static assay_status ask(
    const struct presence *presence, assay_task *task, const char *query, uint32_t *out)
{
    double count = 0;
    const assay_status s = presence->metrics->query_fresh(task, query, presence->age_max, &count);

    if (s == ASSAY_E_NOTFOUND) {
        *out = 0;
        return ASSAY_OK;
    }
    if (!s)
        *out = count >= 0 && count < (double)UINT32_MAX ? (uint32_t)count : 0;
    return s;
}

/* By what Prometheus says of its scraping, which costs it little; if that is not all, by all series. */
assay_status presence_ask(const struct presence *presence, assay_task *task, uint32_t *out)
{
    assay_status s = ask(presence, task, presence->scraped, out);

    if (!s && *out < presence->node_count)
        s = ask(presence, task, presence->pushed, out);
    return s;
}
