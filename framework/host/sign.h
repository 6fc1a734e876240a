/* assay.sign/1: Ed25519 and Blake2b, by libsodium. Stateless; any thread. */
#ifndef ASSAY_HOST_SIGN_H
#define ASSAY_HOST_SIGN_H

#include <assay/plugin.h>

extern const assay_sign sign_table;

#endif
