#include "plugins/systems/nomos/container.h"
#include "plugins/systems/nomos/prover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nomos/multiaddr.h"

assay_status nomos_fail_with(
    const struct nomos *self, enum nomos_status status, const char *what, const char *why)
{
    char text[NOMOS_ERROR_SIZE + 128];

    (void)snprintf(text, sizeof(text), "%s: %s", what, why);
    return self->host->fail(
        self->host, status == NOMOS_E_MEMORY ? ASSAY_E_NOMEM : ASSAY_E_INVALID, text);
}

assay_status network_draw_seeds(struct nomos *self, assay_task *task)
{
    self->node_count = self->topology->node_count(self->host);
    self->nodes = calloc(self->node_count, sizeof(*self->nodes));
    if (!self->nodes)
        return ASSAY_E_NOMEM;
    for (uint32_t i = 0; i < self->node_count; i++) {
        assay_node_info info = {.struct_size = sizeof(info)};
        const assay_status s = self->topology->node(self->host, i, &info);

        if (s)
            return s;
        self->nodes[i].is_executor = strcmp(info.role, "executor") == 0;
        self->random->fill(task, self->nodes[i].seed.bytes, sizeof(self->nodes[i].seed.bytes));
    }
    return ASSAY_OK;
}

void network_done(struct nomos *self)
{
    prover_done(self);
    signed_tx_done(&self->genesis);
    free(self->genesis_nodes);
    free(self->genesis_accounts);
    free(self->wallet_keys);
    self->genesis_nodes = NULL;
    self->genesis_accounts = NULL;
    self->wallet_keys = NULL;
    free(self->nodes);
    self->nodes = NULL;
}

static bool make_locator(const assay_endpoint *endpoint, struct multiaddr *out)
{
    char text[64];

    /* An address that is not known yet: no note depends on it. */
    (void)snprintf(text, sizeof(text), "/ip4/%s/udp/%u/quic-v1",
        endpoint->peer_ip[0] ? endpoint->peer_ip : "0.0.0.0", (unsigned)endpoint->peer_port);
    return multiaddr_parse(text, out);
}

static assay_status fill_nodes(const struct nomos *self, struct genesis_node *out)
{
    for (uint32_t i = 0; i < self->node_count; i++) {
        const struct nomos_node *node = &self->nodes[i];

        out[i].seed = node->seed;
        if (!make_locator(&node->ports[PORT_DA], &out[i].da_locator) ||
            !make_locator(&node->ports[PORT_BLEND], &out[i].blend_locator))
            return self->host->fail(self->host, ASSAY_E_INVALID,
                "the deployer gave a node an address that is not IPv4; the genesis of this system "
                "needs one");
    }
    return ASSAY_OK;
}

/* Once for genesis and configurations: a public key takes a permutation, and there may be many. */
static assay_status make_wallet_keys(struct nomos *self, uint32_t count)
{
    free(self->wallet_keys);
    self->wallet_keys = calloc(count ? count : 1, sizeof(*self->wallet_keys));
    if (!self->wallet_keys)
        return ASSAY_E_NOMEM;
    for (uint32_t i = 0; i < count; i++) {
        struct node_config_key *key = &self->wallet_keys[i];

        key->secret_key = wallet_secret_key(i);
        key->public_key = zk_public_key(&self->wire, &key->secret_key);
    }
    return ASSAY_OK;
}

static assay_status fill_accounts(struct nomos *self, struct note *out, uint32_t count)
{
    assay_status s = make_wallet_keys(self, count);

    for (uint32_t i = 0; !s && i < count; i++) {
        assay_account account = {.struct_size = sizeof(account)};

        s = self->topology->account(self->host, i, &account);
        if (!s)
            out[i] = (struct note){.value = account.funds, .pk = self->wallet_keys[i].public_key};
    }
    return s;
}

static assay_status fill_spec(struct nomos *self)
{
    const uint32_t account_count = self->topology->account_count(self->host);
    assay_status s;

    free(self->genesis_nodes);
    free(self->genesis_accounts);
    self->genesis_nodes = calloc(self->node_count, sizeof(*self->genesis_nodes));
    self->genesis_accounts =
        calloc(account_count ? account_count : 1, sizeof(*self->genesis_accounts));
    if (!self->genesis_nodes || !self->genesis_accounts)
        return ASSAY_E_NOMEM;
    s = fill_nodes(self, self->genesis_nodes);
    if (!s)
        s = fill_accounts(self, self->genesis_accounts, account_count);
    self->genesis_spec = (struct genesis_spec){.nodes = self->genesis_nodes,
        .node_count = self->node_count,
        .accounts = self->genesis_accounts,
        .account_count = account_count,
        .is_without_da = !self->revision->has_da};
    return s;
}

assay_status network_make_genesis(struct nomos *self, assay_task *task)
{
    struct nomos_error err = {""};
    enum nomos_status status;
    assay_status s = fill_spec(self);

    if (s)
        return s;
    signed_tx_done(&self->genesis);
    status = genesis_begin(&self->wire, &self->genesis_spec, &self->genesis, &err);
    if (status != NOMOS_OK)
        return nomos_fail_with(self, status, "the genesis transaction cannot be made", err.text);
    self->signing = (struct genesis_signing){
        &self->genesis_spec, &self->genesis, tx_hash(&self->wire, &self->genesis.tx)};
    if (container_is_needed(self))
        return ASSAY_OK; /* the nodes' own is made where their addresses are known */
    s = prover_sign_genesis(self, task, &self->signing);
    if (!s) {
        const struct block_header header = block_header_genesis(&self->signing.hash);
        const struct bytes32 id = block_header_id(&self->wire, &header);

        (void)network_take_genesis(self, &id);
    }
    return s;
}

bool network_is_genesis(struct nomos *self, const struct bytes32 *id)
{
    return atomic_load(&self->knows_genesis) && bytes32_equal(id, &self->genesis_id);
}

bool network_take_genesis(struct nomos *self, const struct bytes32 *id)
{
    bool is_same;

    (void)pthread_mutex_lock(&self->lock);
    if (!atomic_load(&self->knows_genesis))
        self->genesis_id = *id;
    atomic_store(&self->knows_genesis, true);
    is_same = bytes32_equal(id, &self->genesis_id);
    (void)pthread_mutex_unlock(&self->lock);
    return is_same;
}

uint32_t network_peer_count(const struct nomos *self, uint32_t node)
{
    uint32_t count = self->topology->dial_count(self->host, node);

    for (uint32_t other = 0; other < self->node_count; other++) {
        const uint32_t dials = self->topology->dial_count(self->host, other);

        for (uint32_t nth = 0; nth < dials; nth++)
            count += self->topology->dial(self->host, other, nth) == node;
    }
    return count;
}
