/* The network of a run, made here and not by Compose, for addresses that stay.

   A container that is started again may get another address, and who dialled it before goes on dialling
   the old one: after a restart of the node in the middle of a star the network would be in pieces. An
   engine keeps an address only in a subnet that somebody chose, and a subnet that nobody chose could be
   one that the machine has elsewhere. So the engine chooses first, for a network that goes again at
   once, and then it is told to take just that subnet. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "engine.h"

enum {
    TRIES = 8 /* between the two steps somebody else may be given the subnet */
};

/* Creates the network, in a subnet unless it is "". *taken: somebody has it already. */
static assay_status create(
    struct compose *self, assay_task *task, const char *subnet, uint32_t *taken)
{
    struct text body = {.bytes = NULL};
    struct engine_request request = {.method = "POST", .path = "/networks/create"};
    struct engine_answer answer;
    assay_status s;

    text_addf(&body,
        "{\"Name\":\"%s\",\"CheckDuplicate\":true,\"Driver\":\"bridge\",\"Labels\":{\"%s\":\"%s\"}",
        self->project, COMPOSE_LABEL, self->run_id);
    if (subnet[0])
        text_addf(&body, ",\"IPAM\":{\"Config\":[{\"Subnet\":\"%s\"}]}", subnet);
    text_add(&body, "}");
    request.body = text_get(&body);
    s = engine_ask(self, task, &request, &answer);
    *taken = 0;
    if (!s) {
        if (answer.code != 201) {
            *taken = subnet[0] && (answer.code == 403 || answer.code == 409);
            if (!*taken)
                s = engine_refused(self, &request, &answer);
        }
        engine_release(self, &answer);
    }
    text_done(&body);
    return s;
}

static assay_status read_subnet(struct compose *self, assay_task *task, char out[32])
{
    char path[COMPOSE_NAME_SIZE + 16];
    const struct engine_request request = {.method = "GET", .path = path};
    const assay_json_table *json = self->json;
    struct engine_answer answer;
    assay_json *document = NULL;
    const char *subnet = NULL;
    assay_status s;

    (void)snprintf(path, sizeof(path), "/networks/%s", self->project);
    s = engine_ask(self, task, &request, &answer);
    if (s)
        return s;
    if (answer.code != 200)
        s = engine_refused(self, &request, &answer);
    else
        s = json->parse(self->host, answer.body, &document);
    for (size_t i = 0; !s && i < 4; i++) { /* there may be one for IPv6 as well */
        const assay_value *config =
            json->member(json->member(json->root(document), "IPAM"), "Config");
        const char *one = json->text(json->member(json->element(config, i), "Subnet"));

        if (one && !strchr(one, ':') && strlen(one) < 32)
            subnet = one;
    }
    if (!s && !subnet)
        s = self->host->fail(
            self->host, ASSAY_E_UNSUPPORTED, "the engine gives its networks no IPv4 subnet");
    if (!s)
        (void)snprintf(out, 32, "%s", subnet);
    json->release(document);
    engine_release(self, &answer);
    return s;
}

static assay_status remove_network(struct compose *self, assay_task *task)
{
    char path[COMPOSE_NAME_SIZE + 16];
    const struct engine_request request = {.method = "DELETE", .path = path};

    (void)snprintf(path, sizeof(path), "/networks/%s", self->project);
    return engine_do(self, task, &request);
}

/* "172.20.0.0/16" as its first address and the length of its prefix; prefixes of 8 to 30 bits, which
   are what networks of engines have. */
static int subnet_parse(const char *text, uint32_t *address, uint32_t *prefix)
{
    const char *slash = strchr(text, '/');
    char first[INET_ADDRSTRLEN];
    struct in_addr in;
    char *end = NULL;

    if (!slash || (size_t)(slash - text) >= sizeof(first) || !isdigit((unsigned char)slash[1]))
        return 0;
    (void)snprintf(first, sizeof(first), "%.*s", (int)(slash - text), text);
    const unsigned long bits = strtoul(slash + 1, &end, 10);
    if (*end != '\0' || bits < 8 || bits > 30 || inet_pton(AF_INET, first, &in) != 1)
        return 0;
    *address = ntohl(in.s_addr);
    *prefix = (uint32_t)bits;
    return 1;
}

static assay_status keep_subnet(struct compose *self, const char *subnet)
{
    const uint32_t needed = self->node_count + COMPOSE_SUPPORTS_MAX + 8;

    if (!subnet_parse(subnet, &self->subnet, &self->prefix))
        return assay_fail_f(self->host, ASSAY_E_UNSUPPORTED,
            "the engine's subnet %s is not an IPv4 network with a prefix of 8 to 30 bits; see "
            "default-address-pools in its daemon.json",
            subnet);
    if (needed > (uint32_t)1 << (32 - self->prefix))
        return assay_fail_f(self->host, ASSAY_E_UNSUPPORTED,
            "the engine gives its networks subnets such as %s, too small for %u nodes; see "
            "default-address-pools in its daemon.json",
            subnet, self->node_count);
    return ASSAY_OK;
}

assay_status network_make(struct compose *self, assay_task *task)
{
    char subnet[32];

    for (int i = 0; i < TRIES; i++) {
        uint32_t taken = 0;
        assay_status s = create(self, task, "", &taken);

        if (!s)
            s = read_subnet(self, task, subnet);
        if (!s)
            s = remove_network(self, task);
        if (!s)
            s = keep_subnet(self, subnet);
        if (!s)
            s = create(self, task, subnet, &taken);
        if (s || !taken)
            return s;
    }
    return assay_fail_f(self->host, ASSAY_E_IO,
        "no subnet could be had: others were quicker %d times; too many networks are being made",
        (int)TRIES);
}

void network_address(const struct compose *self, uint32_t nth, char out[16])
{
    const uint32_t address = self->subnet + 2 + nth; /* the first is the engine's own */

    (void)snprintf(out, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255,
        address & 255);
}
