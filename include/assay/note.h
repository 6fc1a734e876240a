/* assay/note.h - the ELF note that says what a library contains without running any of its code.
 *
 * The host reads it before it loads the file: listing plugins executes nothing, and a file that was
 * built for another major is refused with a sentence instead of a crash. ASSAY_PLUGIN of assay/sdk.h
 * writes note and descriptor from one set of facts; without it, ASSAY_NOTE once per plugin.
 * Authors include assay/plugin.h.
 */
#ifndef ASSAY_NOTE_H
#define ASSAY_NOTE_H

#include <assay/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ELF note that the host reads before it runs any code: one per plugin in the library, in
 * section ".note.assay", owner "assay", type 1. It must say what the descriptor says. */
#define ASSAY_NOTE_TYPE 1u
typedef struct assay_note {
    uint32_t name_size, desc_size, type;
    char name[8];
    uint32_t abi_major, abi_built, abi_needs, kind;
    char id[64], version[24], summary[168];
} assay_note;
#define ASSAY_NOTE_DESC_SIZE ((uint32_t)(sizeof(assay_note) - offsetof(assay_note, abi_major)))

/* Write it once per plugin, at file level: ASSAY_NOTE(burst, ASSAY_WORKLOAD, "acme.tx-burst",
 * "1.4.0", "Bursts of transactions"). The strings are the descriptor's. */
#define ASSAY_NOTE(symbol, kind_, id_, version_, summary_)                                         \
    __attribute__((section(".note.assay"), used,                                                   \
        aligned(4))) static const assay_note assay_note_##symbol = {6u, ASSAY_NOTE_DESC_SIZE,      \
        ASSAY_NOTE_TYPE, "assay", ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR, ASSAY_ABI_NEEDS, (kind_), id_, \
        version_, summary_}

#ifdef __cplusplus
}
#endif
#endif
