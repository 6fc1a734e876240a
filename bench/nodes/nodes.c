/* The floor under deploying development nodes: the same processes with the same configurations as a
   run has had, started by nothing but posix_spawn, and asked in the plainest way until they are as
   ready as the run wants them.

       bench_nodes RUN_DIRECTORY NODE_PROGRAM

   RUN_DIRECTORY is that of a run that kept its nodes' directories; what the nodes had stored is
   removed first. Ready means: GET /cryptarchia/info answers 200, then GET /network/info shows as
   many peers as the star layout gives the node. Prints one JSON object with milliseconds: `deploy_ms`
   until all are ready, `teardown_ms` from the first SIGKILL until the last is reaped. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/measure.h"
#include "framework/base/file.h"
#include "framework/base/path.h"
#include "framework/base/str.h"

enum {
    NODES_MAX = 1000,
    CONFIG_BYTES_MAX = 64 << 20,
    PATIENCE_MS = 120 * 1000,
    ANSWER_BYTES_MAX = 16 * 1024,
    PAUSE_MS = 5 /* between two looks at a node: as often as the run looks */
};

struct node {
    char *directory, *config;
    uint16_t port;
    bool is_first; /* the middle of the star */
    bool is_up, is_ready;
    pid_t pid;
};

static struct node nodes[NODES_MAX];
static unsigned node_count;

/* ---- what the run has left ---- */

static uint16_t port_of(const char *config)
{
    static const char section[] = "\nhttp:";
    static const char before[] = "address: \"127.0.0.1:";
    struct file_text text = {.data = NULL};
    struct error err = {.text = ""};
    const char *at = NULL;
    uint16_t port = 0;

    if (file_read(config, CONFIG_BYTES_MAX, &text, &err))
        bench_die("%s", err.text);
    at = strstr(text.data, section);
    at = at ? strstr(at, before) : NULL; /* the first in the section */
    if (at)
        port = (uint16_t)strtoul(at + sizeof before - 1, NULL, 10);
    free(text.data);
    if (port == 0)
        bench_die("%s: no port of the HTTP interface in it", config);
    return port;
}

static void add_node(const char *parent, const char *name)
{
    struct node *node = &nodes[node_count];
    auto_free char *stored = NULL;

    if (node_count == NODES_MAX)
        bench_die("more than %d nodes", NODES_MAX);
    node->directory = path_join(parent, name);
    stored = node->directory ? path_join(node->directory, "db") : NULL;
    node->config = node->directory
        ? path_join(
              node->directory, strncmp(name, "executor", 8) ? "validator.yaml" : "executor.yaml")
        : NULL;
    if (!stored || !node->config)
        bench_die("no memory");
    node->is_first = strcmp(name, "validator-0") == 0;
    node->port = port_of(node->config);
    (void)dir_remove(stored, NULL); /* not there when the node never stored anything */
    node_count++;
}

static void find_nodes(const char *run)
{
    auto_free char *parent = path_join(run, "nodes");
    DIR *directory = parent ? opendir(parent) : NULL;

    if (!directory)
        bench_die("%s: has no nodes; was the run told to keep them?", run);
    for (const struct dirent *item = readdir(directory); item; item = readdir(directory))
        if (item->d_name[0] != '.')
            add_node(parent, item->d_name);
    (void)closedir(directory);
    if (node_count == 0)
        bench_die("%s: no nodes", parent);
}

/* ---- asking ---- */

static bool ask(const struct node *node, const char *path, char answer[ANSWER_BYTES_MAX])
{
    const struct sockaddr_in at = {.sin_family = AF_INET,
        .sin_port = htons(node->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    auto_free char *request =
        str_format("GET %s HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\r\n", path);
    auto_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = 0;
    ssize_t got = 0;

    if (fd < 0 || !request || connect(fd, (const struct sockaddr *)&at, sizeof at) ||
        send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
        return false;
    while (size < ANSWER_BYTES_MAX - 1 &&
        (got = recv(fd, answer + size, ANSWER_BYTES_MAX - 1 - size, 0)) > 0)
        size += (size_t)got;
    answer[size] = '\0';
    return strncmp(answer, "HTTP/1.1 200", 12) == 0;
}

static void look(struct node *node)
{
    static const char peers[] = "\"n_peers\":";
    char answer[ANSWER_BYTES_MAX];
    const char *at = NULL;

    if (bench_has_ended(node->pid)) /* ports were free a moment ago, but nobody holds them */
        bench_die("%s ended; is a port of its taken by now?", node->directory);
    if (!node->is_up)
        node->is_up = ask(node, "/cryptarchia/info", answer);
    if (!node->is_up || !ask(node, "/network/info", answer))
        return;
    at = strstr(answer, peers);
    node->is_ready =
        at && strtoul(at + sizeof peers - 1, NULL, 10) >= (node->is_first ? node_count - 1 : 1);
    if (node_count == 1)
        node->is_ready = true;
}

static void await_ready(void)
{
    const double deadline = bench_now_ms() + PATIENCE_MS;

    for (unsigned ready = 0; ready < node_count;) {
        ready = 0;
        for (unsigned i = 0; i < node_count; i++) {
            if (!nodes[i].is_ready)
                look(&nodes[i]);
            ready += nodes[i].is_ready;
        }
        if (bench_now_ms() > deadline)
            bench_die("%u of %u nodes are not ready", node_count - ready, node_count);
        if (ready < node_count)
            (void)poll(NULL, 0, PAUSE_MS);
    }
}

int main(int argc, char **argv)
{
    double begin = 0, deploy_ms = 0;

    if (argc != 3)
        bench_die("usage: bench_nodes RUN_DIRECTORY NODE_PROGRAM");
    find_nodes(argv[1]);
    begin = bench_now_ms();
    for (unsigned i = 0; i < node_count; i++) {
        const char *const words[] = {argv[2], nodes[i].config, NULL};

        nodes[i].pid = bench_spawn(words);
    }
    await_ready();
    deploy_ms = bench_now_ms() - begin;
    begin = bench_now_ms();
    for (unsigned i = 0; i < node_count; i++)
        (void)kill(nodes[i].pid, SIGKILL);
    for (unsigned i = 0; i < node_count; i++)
        (void)bench_wait(nodes[i].pid);
    (void)printf("{\"nodes\": %u, \"deploy_ms\": %.1f, \"teardown_ms\": %.2f}\n", node_count,
        deploy_ms, bench_now_ms() - begin);
    for (unsigned i = 0; i < node_count; i++) {
        free(nodes[i].directory);
        free(nodes[i].config);
    }
    return 0;
}
