/* da_monitor.h - how members behave: failures by kind, offences, and who is blocked.
 *
 * A failure is a wish that a member did not meet (a column refused or not sent, no answer in time);
 * it makes the member somebody to be asked last. An offence is something an honest member never
 * does (a column that is not the blob's, a malformed message); who commits more than `threshold`
 * within the window is blocked, as if over the API. Both are remembered for the window; only the
 * last DA_FAILURES_KEPT of a kind count. Times are the node's. One thread. */
#ifndef DEVNODE_CORE_DA_MONITOR_H
#define DEVNODE_CORE_DA_MONITOR_H

#include "devnode/core/da_membership.h"

/* Far more than any threshold in use (10). */
#define DA_FAILURES_KEPT 32u

enum da_failure {
    DA_FAILED_DISPERSAL = 0,
    DA_FAILED_SAMPLING,
    DA_FAILED_REPLICATION,
    DA_OFFENCE,
    DA_FAILURE_KINDS,
};

struct da_failures {
    uint64_t at_ns[DA_FAILURES_KEPT]; /* a ring; zero: none */
    uint32_t next;
};

struct da_record {
    struct da_failures of[DA_FAILURE_KINDS];
};

struct da_monitor_settings {
    uint64_t window_ns;
    uint32_t decay_128;             /* of 128: how much a failure weighs less at its window's end */
    uint32_t max[DA_FAILURE_KINDS]; /* failures within the window that are forgiven */
};

struct da_monitor {
    struct da_monitor_settings settings;
    struct da_record **records; /* by member; NULL: without a failure ever */
    uint32_t member_count;
    struct bytes32 *blocked; /* keys, sorted */
    size_t blocked_count;
    size_t blocked_room;
};

void da_monitor_init(
    struct da_monitor *monitor, const struct da_monitor_settings *settings, uint32_t member_count);
void da_monitor_done(struct da_monitor *monitor);

/* Notes a failure. True when it was an offence beyond what is forgiven: block the member. */
bool da_monitor_note(
    struct da_monitor *monitor, uint32_t member, enum da_failure kind, uint64_t now_ns);

/* Failures per second within the window, in units of 1/128 (the node's numbers have 7 binary
 * places). */
uint64_t da_monitor_rate(
    const struct da_monitor *monitor, uint32_t member, enum da_failure kind, uint64_t now_ns);

/* Whether no kind of failure is beyond what is forgiven. */
bool da_monitor_is_healthy(const struct da_monitor *monitor, uint32_t member, uint64_t now_ns);

bool da_monitor_is_blocked(const struct da_monitor *monitor, const struct bytes32 *key);

enum da_blocking {
    DA_BLOCKING_CHANGED = 0,
    DA_BLOCKING_SAME,
    DA_BLOCKING_FULL, /* DA_BLOCKED_MAX are blocked already */
};
enum da_blocking da_monitor_block(struct da_monitor *monitor, const struct bytes32 *key);
/* Also forgets the member's offences, else the next one would block it again at once. `member` may
 * be DA_NOBODY. True when it was blocked. */
bool da_monitor_unblock(struct da_monitor *monitor, const struct bytes32 *key, uint32_t member);

#endif
