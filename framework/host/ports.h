/* Ports that nobody has on 127.0.0.1.

   They are taken from below the kernel's ephemeral range, so that no outgoing connection gets one
   between our look and the node's, and from a place in there that depends on the run, so that runs
   beside each other do not race for the same. A port counts as free when a socket could be bound to
   it; that socket holds it until ports_release. Any thread. */
#ifndef ASSAY_HOST_PORTS_H
#define ASSAY_HOST_PORTS_H

#include "framework/base/error.h"

struct ports;

enum {
    PORTS_LOWEST = 10000 /* below are services that a machine may start at any time */
};

struct ports *ports_new(const char *run_id);
void ports_free(struct ports *ports);

/* A port that is free for each protocol of the set (ASSAY_TCP, ASSAY_UDP, or both). Never the same
   twice. ASSAY_E_INVALID: no such protocol. ASSAY_E_NOTFOUND: none is left. */
assay_status ports_take(struct ports *ports, uint32_t protocols, uint32_t *out, struct error *err);
void ports_release(struct ports *ports);

#endif
