/* misbehave.h - the switches that make a node do wrong on purpose.
 *
 * A test framework's expectations must be seen to fail; these make them. Each has a name and,
 * some, a number. They are set at start (--misbehave, NOMOS_DEVNODE_MISBEHAVE) or while the node
 * runs (POST /test/misbehave). One owner, one thread. */
#ifndef DEVNODE_CORE_MISBEHAVE_H
#define DEVNODE_CORE_MISBEHAVE_H

#include <stddef.h>
#include <stdint.h>

#include "devnode/core/reason.h"

enum misbehaviour {
    MISBEHAVE_STOP_PROPOSING = 0,
    MISBEHAVE_IGNORE_PEERS,
    MISBEHAVE_DROP_TRANSACTIONS,
    MISBEHAVE_REFUSE_TRANSACTIONS,
    MISBEHAVE_FORK,
    MISBEHAVE_SLOW,
    MISBEHAVE_ERRORS,
    MISBEHAVE_CRASH,
    MISBEHAVE_DROP_SHARES,
    MISBEHAVE_CORRUPT_COLUMNS,
    MISBEHAVE_REFUSE_COLUMNS,
    MISBEHAVE_SERVE_CORRUPTED,
    MISBEHAVE_COUNT,
};

struct misbehaviours {
    bool is_on[MISBEHAVE_COUNT];
    uint64_t argument[MISBEHAVE_COUNT];
};

struct misbehaviour_kind {
    const char *name;
    const char *argument;      /* how help calls it, NULL when there is none */
    bool argument_is_required; /* else argument_default stands in */
    uint64_t argument_default;
    uint64_t argument_max;
    const char *help;
};

extern const struct misbehaviour_kind misbehaviour_kinds[MISBEHAVE_COUNT];

/* Turns one on, from "name" and an optional number as text (NULL: none). "none" turns all off.
 * False and a reason, which lists the names, when it cannot. */
bool misbehave_set(
    struct misbehaviours *set, const char *name, const char *argument, struct reason *why);

/* The same from "name" or "name=argument", and from several of them separated by commas. */
bool misbehave_parse(struct misbehaviours *set, const char *text, struct reason *why);

/* Whether a switch with a slot (or height) as its argument applies at `now`. */
bool misbehave_since(const struct misbehaviours *set, enum misbehaviour kind, uint64_t now);

#endif
