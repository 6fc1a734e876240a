#include "devnode/core/da_monitor.h"

#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"

#define NS_PER_S 1000000000u

void da_monitor_init(
    struct da_monitor *monitor, const struct da_monitor_settings *settings, uint32_t member_count)
{
    *monitor = (struct da_monitor){.settings = *settings, .member_count = member_count};
    monitor->records = memory_new(member_count, sizeof(struct da_record *));
}

void da_monitor_done(struct da_monitor *monitor)
{
    for (uint32_t i = 0; i < monitor->member_count; i++)
        free(monitor->records[i]);
    free(monitor->records);
    free(monitor->blocked);
}

static bool is_within(const struct da_monitor *monitor, uint64_t at_ns, uint64_t now_ns)
{
    return at_ns && now_ns - at_ns < monitor->settings.window_ns;
}

static uint32_t count_of(
    const struct da_monitor *monitor, uint32_t member, enum da_failure kind, uint64_t now_ns)
{
    const struct da_record *record = monitor->records[member];
    uint32_t count = 0;

    for (uint32_t i = 0; record && i < DA_FAILURES_KEPT; i++)
        count += is_within(monitor, record->of[kind].at_ns[i], now_ns);
    return count;
}

bool da_monitor_note(
    struct da_monitor *monitor, uint32_t member, enum da_failure kind, uint64_t now_ns)
{
    if (!monitor->records[member])
        monitor->records[member] = memory_new(1, sizeof(struct da_record));
    struct da_failures *failures = &monitor->records[member]->of[kind];
    failures->at_ns[failures->next++ % DA_FAILURES_KEPT] = now_ns;
    return kind == DA_OFFENCE &&
        count_of(monitor, member, kind, now_ns) > monitor->settings.max[DA_OFFENCE];
}

uint64_t da_monitor_rate(
    const struct da_monitor *monitor, uint32_t member, enum da_failure kind, uint64_t now_ns)
{
    const struct da_monitor_settings *settings = &monitor->settings;
    const struct da_record *record = monitor->records[member];
    uint64_t weight = 0; /* in units of 1/128 failure */

    if (!record || !settings->window_ns)
        return 0;
    for (uint32_t i = 0; i < DA_FAILURES_KEPT; i++) {
        uint64_t at_ns = record->of[kind].at_ns[i];

        /* The age in 128ths of the window, so that no product is near 64 bits. */
        if (is_within(monitor, at_ns, now_ns))
            weight += 128 -
                settings->decay_128 * ((now_ns - at_ns) / (settings->window_ns / 128 + 1)) / 128;
    }
    return weight * NS_PER_S / settings->window_ns;
}

bool da_monitor_is_healthy(const struct da_monitor *monitor, uint32_t member, uint64_t now_ns)
{
    for (int kind = 0; kind < DA_FAILURE_KINDS; kind++) {
        if (count_of(monitor, member, (enum da_failure)kind, now_ns) > monitor->settings.max[kind])
            return false;
    }
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    return bytes32_compare(a, b);
}

static struct bytes32 *find(const struct da_monitor *monitor, const struct bytes32 *key)
{
    if (!monitor->blocked_count)
        return NULL;
    return bsearch(
        key, monitor->blocked, monitor->blocked_count, sizeof(*monitor->blocked), compare_keys);
}

bool da_monitor_is_blocked(const struct da_monitor *monitor, const struct bytes32 *key)
{
    return find(monitor, key) != NULL;
}

enum da_blocking da_monitor_block(struct da_monitor *monitor, const struct bytes32 *key)
{
    size_t at = monitor->blocked_count;

    if (find(monitor, key))
        return DA_BLOCKING_SAME;
    if (monitor->blocked_count == DA_BLOCKED_MAX)
        return DA_BLOCKING_FULL;
    if (monitor->blocked_count == monitor->blocked_room) {
        monitor->blocked_room = monitor->blocked_room ? monitor->blocked_room * 2 : 4;
        monitor->blocked =
            memory_resize(monitor->blocked, monitor->blocked_room, sizeof(*monitor->blocked));
    }
    for (; at && bytes32_compare(&monitor->blocked[at - 1], key) > 0; at--)
        monitor->blocked[at] = monitor->blocked[at - 1];
    monitor->blocked[at] = *key;
    monitor->blocked_count++;
    return DA_BLOCKING_CHANGED;
}

bool da_monitor_unblock(struct da_monitor *monitor, const struct bytes32 *key, uint32_t member)
{
    struct bytes32 *found = find(monitor, key);

    if (!found)
        return false;
    size_t after = monitor->blocked_count - (size_t)(found - monitor->blocked) - 1;
    memmove(found, found + 1, after * sizeof(*found));
    monitor->blocked_count--;
    if (member != DA_NOBODY && monitor->records[member])
        monitor->records[member]->of[DA_OFFENCE] = (struct da_failures){.next = 0};
    return true;
}
