/* A look at a shared object without running any of it.

   Reads ELF64, little endian, of the machine that assay itself was built for: the plugin notes
   (assay_note in assay/note.h), which assay_library_v<major> it exports, what it imports, and the
   libraries it asks for. Every offset and size is checked against the bytes given; a file cut off
   or damaged at any place is an error with a reason, never a fault.

       struct elf_info info;
       if (elf_inspect(bytes, size, &info, &err))
           return ...;
       use info.notes, info.imports
       elf_info_done(&info);

   What the dynamic linker would find is what is read here: program headers and the dynamic table,
   not the section headers, which it ignores too. Any thread; no state. */
#ifndef ASSAY_PLUGIN_ELF_H
#define ASSAY_PLUGIN_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "framework/base/cleanup.h"
#include "framework/base/error.h"
#include "framework/base/vec.h"

enum {
    ELF_SEGMENTS_MAX = 64,    /* linkers write about a dozen program headers */
    ELF_LIBRARIES_MAX = 256,  /* that one file asks for */
    ELF_DYNAMIC_MAX = 1024,   /* entries of the dynamic table; about thirty are customary */
    ELF_SYMBOLS_MAX = 262144, /* of a plugin that links much of the world statically */
    ELF_NAME_MAX = 4096,      /* bytes of one symbol's or library's name; C++ ones are long */
    ELF_NOTES_MAX = 64        /* plugins in one library */
};

/* A function or variable that the dynamic linker has to find elsewhere. */
struct elf_import {
    const char *name;
    const char *version; /* "GLIBC_2.34"; NULL when the symbol has none */
    const char *file;    /* the library that the version is of, "libc.so.6"; NULL likewise */
};

/* Strings lie in the bytes that were inspected: they live as long as those. */
struct elf_info {
    struct vec notes;      /* assay_note, in file order, strings NUL-terminated */
    struct vec imports;    /* struct elf_import */
    struct vec libraries;  /* const char *: DT_NEEDED, in file order */
    uint32_t entry_majors; /* bit n: assay_library_v<n> is exported, n up to 31 */
};

/* ASSAY_E_INVALID: this is no shared object that assay could load; the text says what is wrong
   (without naming the file, which the caller knows). On failure info needs no elf_info_done. */
assay_status elf_inspect(const void *bytes, size_t size, struct elf_info *info, struct error *err);

void elf_info_done(struct elf_info *info);
CLEANUP_DEFINE_DONE(auto_elf_info, struct elf_info, elf_info_done)
#define auto_elf_info CLEANUP(auto_elf_info)

#endif
