#include "devnode/core/misbehave.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longest "name=argument" that is looked at; all names are much shorter. */
#define SWITCH_BYTES_MAX 80

const struct misbehaviour_kind misbehaviour_kinds[MISBEHAVE_COUNT] = {
    [MISBEHAVE_STOP_PROPOSING] = {.name = "stop-proposing",
        .argument = "SLOT",
        .argument_max = UINT64_MAX,
        .help = "make no blocks, from SLOT on (at once without it)"},
    [MISBEHAVE_IGNORE_PEERS] = {.name = "ignore-peers",
        .help =
            "stay connected, but neither send nor take blocks and transactions: the node's chain "
            "forks away"},
    [MISBEHAVE_DROP_TRANSACTIONS] = {.name = "drop-transactions",
        .help = "answer every submitted transaction with 200 and forget it"},
    [MISBEHAVE_REFUSE_TRANSACTIONS] = {.name = "refuse-transactions",
        .help = "answer every submitted transaction with 500, as if the pool were full"},
    [MISBEHAVE_FORK] = {.name = "fork",
        .argument = "HEIGHT",
        .argument_default = 1,
        .argument_max = UINT64_MAX,
        .help = "serve over HTTP a chain of its own from HEIGHT on (1 without it): same heights, "
                "slots and transactions, other ids"},
    [MISBEHAVE_SLOW] = {.name = "slow",
        .argument = "MS",
        .argument_is_required = true,
        .argument_max = 3600000,
        .help = "answer every HTTP request MS milliseconds late"},
    [MISBEHAVE_ERRORS] = {.name = "errors",
        .argument = "PERCENT",
        .argument_is_required = true,
        .argument_max = 100,
        .help =
            "answer PERCENT of all HTTP requests with 500, in a sequence that the seed decides"},
    [MISBEHAVE_CRASH] = {.name = "crash",
        .argument = "SLOT",
        .argument_max = UINT64_MAX,
        .help = "abort the process in SLOT (at once without it)"},
    [MISBEHAVE_DROP_SHARES] = {.name = "drop-shares",
        .help = "(executors) answer every dispersal with a blob id, and send no column anywhere"},
    [MISBEHAVE_CORRUPT_COLUMNS] = {.name = "corrupt-columns",
        .help = "(executors) answer every dispersal with a blob id, and send columns that are not "
                "the blob's"},
    [MISBEHAVE_REFUSE_COLUMNS] = {.name = "refuse-columns",
        .help = "keep no column that an executor or another member sends"},
    [MISBEHAVE_SERVE_CORRUPTED] = {.name = "serve-corrupted",
        .help = "answer over HTTP with columns that are not the blob's"},
};

static bool unknown_name(const char *name, struct reason *why)
{
    reason_format(why, "`%.40s` is no misbehaviour, expected one of none", name);
    for (size_t i = 0; why && i < MISBEHAVE_COUNT; i++) {
        size_t used = strlen(why->text);

        /* All names together are far shorter than a reason. */
        strncat(why->text, ", ", sizeof(why->text) - used - 1);
        used = strlen(why->text);
        strncat(why->text, misbehaviour_kinds[i].name, sizeof(why->text) - used - 1);
    }
    return false;
}

static bool read_argument(
    const struct misbehaviour_kind *kind, const char *text, uint64_t *out, struct reason *why)
{
    size_t digits;

    if (!text && kind->argument_is_required)
        return reason_set(why, "%s needs a number: %s=%s", kind->name, kind->name, kind->argument);
    if (!text) {
        *out = kind->argument_default;
        return true;
    }
    if (!kind->argument)
        return reason_set(why, "%s takes no argument", kind->name);
    digits = strspn(text, "0123456789");
    errno = 0;
    *out = strtoull(text, NULL, 10);
    if (!digits || text[digits] || errno || *out > kind->argument_max)
        return reason_set(why, "%s=%.24s: expected a whole number up to %llu", kind->name, text,
            (unsigned long long)kind->argument_max);
    return true;
}

bool misbehave_set(
    struct misbehaviours *set, const char *name, const char *argument, struct reason *why)
{
    if (strcmp(name, "none") == 0) {
        *set = (struct misbehaviours){.is_on = {false}};
        return true;
    }
    for (size_t i = 0; i < MISBEHAVE_COUNT; i++) {
        uint64_t number = 0;

        if (strcmp(name, misbehaviour_kinds[i].name) != 0)
            continue;
        if (!read_argument(&misbehaviour_kinds[i], argument, &number, why))
            return false;
        set->is_on[i] = true;
        set->argument[i] = number;
        return true;
    }
    return unknown_name(name, why);
}

bool misbehave_parse(struct misbehaviours *set, const char *text, struct reason *why)
{
    struct misbehaviours made = *set;

    while (*text) {
        char one[SWITCH_BYTES_MAX];
        size_t length = strcspn(text, ",");

        if (length >= sizeof(one))
            return reason_set(why, "`%.40s...` is no misbehaviour", text);
        memcpy(one, text, length);
        one[length] = '\0';
        char *argument = strchr(one, '=');
        if (argument)
            *argument++ = '\0';
        if (!misbehave_set(&made, one, argument, why))
            return false;
        text += length + (text[length] == ',');
    }
    *set = made;
    return true;
}

bool misbehave_since(const struct misbehaviours *set, enum misbehaviour kind, uint64_t now)
{
    return set->is_on[kind] && now >= set->argument[kind];
}
