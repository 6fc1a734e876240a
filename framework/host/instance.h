/* One plugin instance as the services see it: who asks, and what dies with it.

   A service gets an assay_host and finds the instance with instance_of. Objects that a plugin may
   forget (gates, feeds, sets of calls) are put on the instance's list and released with it:

       struct feed {
           struct owned owned;      first member
           ...
       };
       instance_own(instance, &feed->owned, feed_release);    in subscribe
       instance_disown(&feed->owned);                         in unsubscribe, before freeing */
#ifndef ASSAY_HOST_INSTANCE_H
#define ASSAY_HOST_INSTANCE_H

#include "framework/host/host.h"

struct owned {
    struct owned *prev, *next;
    struct host_instance *instance; /* NULL: on no list */
    void (*release)(struct owned *owned);
};

struct host_instance *instance_of(const assay_host *table);
struct host *instance_host(const struct host_instance *instance);
uint32_t instance_kind(const struct host_instance *instance);

void instance_own(
    struct host_instance *instance, struct owned *owned, void (*release)(struct owned *));
void instance_disown(struct owned *owned);

/* Records why the current operation fails; returns status. As assay_host.fail, with a format. */
assay_status instance_fail(const assay_host *table, assay_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
