/* config_values.h - single values of a configuration file. Shared by the files that read it
 * (config.c, da_config.c). Paths are as in yaml_tree_find(). Every function that answers false says why, naming
 * the path. One thread. */
#ifndef DEVNODE_SHELL_CONFIG_VALUES_H
#define DEVNODE_SHELL_CONFIG_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "devnode/core/reason.h"

#define NS_PER_S 1000000000u

struct yaml_tree;

/* Decimal digits alone, up to `max`. */
bool config_parse_number(uint64_t *out, const char *text, uint64_t max);

/* The text of a value that must be there and be a single one; NULL when not. */
const char *config_text_at(const struct yaml_tree *file, const char *path, struct reason *why);

bool config_number_at(uint64_t *out, const struct yaml_tree *file, const char *path, uint64_t max,
    struct reason *why);

/* A duration in any of its spellings: "1.000000000", [1, 0], {secs: 1, nanos: 0}. */
bool config_duration_at(
    uint64_t *out_ns, const struct yaml_tree *file, const char *path, struct reason *why);

#endif
