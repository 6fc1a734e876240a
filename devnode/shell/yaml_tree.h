/* yaml_tree.h - a YAML document as a tree.
 *
 * Reads one document into memory that the caller owns and frees with yaml_tree_free(). Made for
 * node configuration, so it is stricter than YAML: no anchors or aliases (they let a small file
 * expand without end), no duplicate keys, at most YAML_DEPTH_MAX levels, YAML_VALUES_MAX values
 * and YAML_BYTES_MAX bytes. JSON is YAML, so a JSON configuration reads the same. Errors name
 * file and line. One thread. The only user of libyaml. */
#ifndef DEVNODE_SHELL_YAML_TREE_H
#define DEVNODE_SHELL_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "devnode/core/reason.h"

/* Deeper than any configuration (about ten levels), shallow enough to recurse on any stack. */
#define YAML_DEPTH_MAX 64
/* A genesis with 100,000 notes has about 400,000 values. */
#define YAML_VALUES_MAX 4000000u
#define YAML_BYTES_MAX  (256u << 20)

enum yaml_kind {
    YAML_SCALAR,
    YAML_SEQUENCE,
    YAML_MAPPING,
};

struct yaml_tree {
    enum yaml_kind kind;
    bool is_plain; /* a scalar without quotes: may stand for a number, a bool or null */
    unsigned line; /* where it begins, from 1 */
    char *tag;     /* "Genesis" of `!Genesis`, NULL without one */
    char *text;    /* of a scalar */
    size_t count;  /* of a sequence or mapping */
    size_t room;   /* allocated entries */
    char **keys;   /* of a mapping */
    struct yaml_tree **values;
};

/* Reads a file, or bytes under a name for messages. NULL with a reason when it cannot. */
struct yaml_tree *yaml_tree_read(const char *path, struct reason *why);
struct yaml_tree *yaml_tree_parse(
    const char *name, const void *bytes, size_t size, struct reason *why);

void yaml_tree_free(struct yaml_tree *yaml);

/* The value at a dotted path below `yaml`, NULL when any part of it is missing. A tagged value that
 * stands for one variant is looked through: "starting_state.genesis_tx" finds the key below
 * `starting_state: !Genesis {genesis_tx: ...}` and below `starting_state: {Genesis: {...}}`. */
const struct yaml_tree *yaml_tree_find(const struct yaml_tree *yaml, const char *path);

/* The name of the variant that `yaml` stands for: the tag, or the only key of a mapping, or the
 * text of a scalar. NULL when it is none of these. */
const char *yaml_tree_variant(const struct yaml_tree *yaml);

struct json_object;

/* The same as JSON, owned by the caller: a tagged value becomes {"Tag": value}, a plain scalar that
 * reads as an unsigned 64-bit number, true, false or null becomes that, all others become text. */
struct json_object *yaml_tree_to_json(const struct yaml_tree *yaml);

#endif
