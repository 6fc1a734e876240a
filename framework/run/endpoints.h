/* Lines that say where to look on from outside while a run goes on, for scripts:

       TESTNET_ENDPOINTS prometheus=http://127.0.0.1:9090/ grafana=<disabled>
       TESTNET_PPROF validator_0=http://127.0.0.1:20001/debug/pprof/profile?seconds=15&format=proto

   The first says where measurements are stored and shown; a backend without such a service has
   `<disabled>` there. Of the others there is one for each node that has a profile to fetch. The form
   is the predecessor's (node contract 9.3), and so is the variable that asks for them. */
#ifndef ASSAY_RUN_ENDPOINTS_H
#define ASSAY_RUN_ENDPOINTS_H

#include "framework/base/str.h"
#include "framework/host/host.h"

/* Call when the network is up. */
void endpoints_write(const struct host *host, struct str *out);

/* To standard output, where TESTNET_PRINT_ENDPOINTS is set to anything, even nothing. */
void endpoints_print(const struct host *host);

#endif
