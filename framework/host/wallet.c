#include "framework/host/wallet.h"

#include "framework/base/mem.h"
#include "framework/host/record.h"
#include "framework/host/state.h"
#include "framework/topology/topology.h"

struct wallet {
    struct topology_account *accounts; /* labels must live as long as the run */
    uint32_t count;
    _Atomic uint32_t leased;
};

struct wallet *wallet_new(const struct host *host)
{
    const struct topology *topology = host->config.topology;
    struct wallet *wallet = mem_new(sizeof(*wallet));

    if (!wallet)
        return NULL;
    wallet->count = topology->shape.accounts;
    wallet->accounts = mem_new_array(wallet->count, sizeof(*wallet->accounts));
    if (!wallet->accounts) {
        free(wallet);
        return NULL;
    }
    for (uint32_t i = 0; i < wallet->count; i++)
        wallet->accounts[i] = topology_account(topology, i);
    return wallet;
}

void wallet_free(struct wallet *wallet)
{
    if (!wallet)
        return;
    free(wallet->accounts);
    free(wallet);
}

uint32_t wallet_count(const struct wallet *wallet)
{
    return wallet->count;
}

assay_status wallet_account(const struct wallet *wallet, uint32_t index, assay_account *out)
{
    const struct topology_account *account = NULL;

    if (index >= wallet->count)
        return ASSAY_E_NOTFOUND;
    account = &wallet->accounts[index];
    return record_give(out,
               &(assay_account){.struct_size = sizeof(*out),
                   .label = account->label,
                   .funds = account->funds,
                   .index = index},
               sizeof(*out))
        ? ASSAY_OK
        : ASSAY_E_INVALID;
}

/* ---- the service ---- */

static uint32_t service_count(const assay_host *table)
{
    return wallet_count(host_of(table)->wallet);
}

static assay_status service_account(const assay_host *table, uint32_t index, assay_account *out)
{
    return wallet_account(host_of(table)->wallet, index, out);
}

static assay_status service_lease(const assay_host *table, uint32_t count, uint32_t *first)
{
    struct wallet *wallet = host_of(table)->wallet;
    uint32_t leased = atomic_load(&wallet->leased);

    do {
        if (count > wallet->count - leased)
            return instance_fail(table, ASSAY_E_NOTFOUND,
                "%u accounts are asked for, but %u of the %u are leased already: raise `count` in "
                "[wallets], or ask for fewer users",
                count, leased, wallet->count);
    } while (!atomic_compare_exchange_weak(&wallet->leased, &leased, leased + count));
    *first = leased;
    return ASSAY_OK;
}

const assay_wallet wallet_table = {
    .struct_size = sizeof(assay_wallet),
    .count = service_count,
    .account = service_account,
    .lease = service_lease,
};
