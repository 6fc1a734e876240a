/* assay.wallet/1: the funded accounts, and who leased which.

   Leases are handed out from the first account on and never come back: an account that was used
   has a history. Any thread. */
#ifndef ASSAY_HOST_WALLET_H
#define ASSAY_HOST_WALLET_H

#include <assay/plugin.h>

struct host;
struct wallet;

struct wallet *wallet_new(const struct host *host);
void wallet_free(struct wallet *wallet);

uint32_t wallet_count(const struct wallet *wallet);
assay_status wallet_account(const struct wallet *wallet, uint32_t index, assay_account *out);

extern const assay_wallet wallet_table;

#endif
