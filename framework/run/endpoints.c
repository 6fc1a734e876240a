#include "framework/run/endpoints.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"

enum {
    TEXT_MAX = 4 * 1024 * 1024 /* a line for each of the most nodes that a run can have */
};

/* "http://127.0.0.1:9090" gets the slash that those who take URLs apart put behind it. */
static void write_address(struct str *out, const char *key, const char *url)
{
    const char *host = url ? strstr(url, "://") : NULL;

    (void)str_appendf(out, " %s=%s", key, url ? url : "<disabled>");
    if (host && !strchr(host + 3, '/'))
        (void)str_append_char(out, '/');
}

/* The name as one word of a shell: "validator_0". */
static void write_name(struct str *out, const char *name)
{
    for (; *name != '\0'; name++)
        (void)str_append_char(out, *name == '-' ? '_' : *name);
}

static void write_profile(const struct host *host, uint32_t node, struct str *out)
{
    auto_free char *url = host_node_profile_url(host, node);
    assay_node_info info = {.struct_size = sizeof(info)};

    if (!url || host_node_info(host, node, &info))
        return;
    (void)str_append(out, "TESTNET_PPROF ");
    write_name(out, info.name);
    (void)str_appendf(out, "=%s\n", url);
}

void endpoints_write(const struct host *host, struct str *out)
{
    auto_free char *metrics = host_metrics_url(host);
    auto_free char *dashboard = host_dashboard_url(host);

    (void)str_append(out, "TESTNET_ENDPOINTS");
    write_address(out, "prometheus", metrics);
    write_address(out, "grafana", dashboard);
    (void)str_append_char(out, '\n');
    for (uint32_t node = 0; node < host_node_count(host); node++)
        write_profile(host, node, out);
}

void endpoints_print(const struct host *host)
{
    auto_str struct str text = STR_INIT(TEXT_MAX);

    if (!getenv("TESTNET_PRINT_ENDPOINTS"))
        return;
    endpoints_write(host, &text);
    (void)file_write_fd(STDOUT_FILENO, str_text(&text), text.len, NULL);
}
