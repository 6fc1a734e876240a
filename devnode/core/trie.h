/* trie.h - a persistent map from 32-byte ids to small immutable records.
 *
 * Every block has its own view of the channels and declarations, and most views are equal. A trie
 * is shared: trie_ref() is one increment, and a change copies only the path to what it changes, so
 * a fork costs what differs. Records are copied in and never change; a record lives as long as any
 * trie that holds it. NULL is the empty trie. A path is at most 64 levels deep (ids have 64
 * nibbles), which bounds recursion whatever ids a stranger chooses. One thread for all tries that
 * share nodes.
 *
 *     trie_put(&state->channels, channel_id, record, record_size);
 */
#ifndef DEVNODE_CORE_TRIE_H
#define DEVNODE_CORE_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trie;

/* Another owner of the same version; answers `trie`. */
struct trie *trie_ref(struct trie *trie);

/* Gives one ownership back. */
void trie_unref(struct trie *trie);

/* The record of `id` and its size, NULL when there is none. Valid while `trie` is owned. */
const void *trie_get(const struct trie *trie, const uint8_t id[32], size_t *out_size);

/* Replaces *trie, whose ownership is taken, by a version in which `id` has this record. */
void trie_put(struct trie **trie, const uint8_t id[32], const void *record, size_t record_size);

/* Replaces *trie by a version without `id`; nothing happens when it is not there. */
void trie_remove(struct trie **trie, const uint8_t id[32]);

typedef void (*trie_visitor)(void *self, const uint8_t id[32], const void *record, size_t size);

/* Calls `visit` for each record, in ascending order of the ids' bytes. */
void trie_walk(const struct trie *trie, trie_visitor visit, void *self);

#endif
