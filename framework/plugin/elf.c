#include "framework/plugin/elf.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

#include "framework/base/number.h"
#include "framework/plugin/record.h"

#if defined(__x86_64__)
#define HOST_MACHINE      EM_X86_64
#define HOST_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define HOST_MACHINE      EM_AARCH64
#define HOST_MACHINE_NAME "arm64"
#else
#error "assay is written for x86-64 and arm64"
#endif

enum {
    ELF_VERSIONS_MAX = 128, /* "GLIBC_2.34" of "libc.so.6" and so on; about five are customary */
    VERSION_INDEX = 0x7fff  /* the bits of a version's number; the top one hides a definition */
};

/* A version of a library that imports refer to by its index. */
struct version {
    uint16_t index;
    const char *name, *file;
};

/* The file, and where the dynamic linker would have its parts. Structures are copied out of the
   bytes, which need not be aligned. */
struct elf {
    const unsigned char *bytes;
    size_t size;
    Elf64_Phdr segments[ELF_SEGMENTS_MAX];
    size_t segment_count;
    struct error *err;

    /* Of the dynamic table; 0: absent. Addresses but for the sizes. */
    uint64_t strings, strings_size, symbols, hash, gnu_hash, symbol_versions, needed_versions;
    uint64_t needed_version_count;
    uint64_t libraries[ELF_LIBRARIES_MAX]; /* offsets into the strings */
    size_t library_count;
    struct version versions[ELF_VERSIONS_MAX];
    size_t version_count;
};

static assay_status bad(struct elf *elf, const char *why)
{
    return error_set(elf->err, ASSAY_E_INVALID, "%s; build or copy the file again", why);
}

/* ---- bytes ---- */

static bool read_at(const struct elf *elf, uint64_t offset, void *out, size_t size)
{
    if (size > elf->size || offset > elf->size - size)
        return false;
    (void)memcpy(out, elf->bytes + offset, size);
    return true;
}

/* Where the bytes of an address are in the file, and how many follow in the same segment. */
static bool locate(const struct elf *elf, uint64_t address, uint64_t *offset, uint64_t *left)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];

        if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
            address - segment->p_vaddr >= segment->p_filesz)
            continue;
        *left = segment->p_filesz - (address - segment->p_vaddr);
        return !add_overflows(segment->p_offset, address - segment->p_vaddr, offset);
    }
    return false;
}

static bool read_address(const struct elf *elf, uint64_t address, void *out, size_t size)
{
    uint64_t offset = 0;
    uint64_t left = 0;

    return locate(elf, address, &offset, &left) && size <= left && read_at(elf, offset, out, size);
}

/* Item `index` of a table at an address. */
static bool read_item(const struct elf *elf, uint64_t table, uint64_t index, void *out, size_t size)
{
    uint64_t offset = 0;
    uint64_t address = 0;

    return !mul_overflows(index, (uint64_t)size, &offset) &&
        !add_overflows(table, offset, &address) && read_address(elf, address, out, size);
}

/* A string of the dynamic string table; NULL when it does not lie in it whole. */
static const char *string_at(const struct elf *elf, uint64_t index)
{
    uint64_t offset = 0;
    uint64_t left = 0;
    uint64_t address = 0;

    if (index >= elf->strings_size || add_overflows(elf->strings, index, &address) ||
        !locate(elf, address, &offset, &left) || offset >= elf->size)
        return NULL;
    if (left > elf->strings_size - index)
        left = elf->strings_size - index;
    if (left > elf->size - offset)
        left = elf->size - offset;
    if (left > ELF_NAME_MAX)
        left = ELF_NAME_MAX;
    const char *text = (const char *)elf->bytes + offset;
    return memchr(text, '\0', (size_t)left) ? text : NULL;
}

/* ---- header and segments ---- */

static assay_status check_header(struct elf *elf, const Elf64_Ehdr *header)
{
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return error_set(
            elf->err, ASSAY_E_INVALID, "not an ELF file, so no shared object; plugins end in .so");
    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return error_set(elf->err, ASSAY_E_INVALID,
            "not a 64-bit file; this assay needs plugins for " HOST_MACHINE_NAME);
    if (header->e_ident[EI_DATA] != ELFDATA2LSB)
        return error_set(elf->err, ASSAY_E_INVALID,
            "a big-endian file; this assay needs plugins for " HOST_MACHINE_NAME);
    if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
        return bad(elf, "an ELF version other than 1");
    if (header->e_machine != HOST_MACHINE)
        return error_set(elf->err, ASSAY_E_INVALID,
            "built for another machine (ELF number %u); this assay needs plugins for %s",
            header->e_machine, HOST_MACHINE_NAME);
    if (header->e_type != ET_DYN)
        return error_set(elf->err, ASSAY_E_INVALID,
            "not a shared object (ELF type %u); link it with -shared", header->e_type);
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0)
        return bad(elf, "it has no program headers");
    if (header->e_phnum > ELF_SEGMENTS_MAX)
        return error_set(elf->err, ASSAY_E_INVALID, "%u program headers; at most %d are read",
            header->e_phnum, ELF_SEGMENTS_MAX);
    return ASSAY_OK;
}

static assay_status read_segments(struct elf *elf)
{
    Elf64_Ehdr header;

    if (elf->size == 0)
        return bad(elf, "the file is empty");
    if (!read_at(elf, 0, &header, sizeof(header))) {
        if (elf->size >= SELFMAG && memcmp(elf->bytes, ELFMAG, SELFMAG) == 0)
            return bad(elf, "cut off inside the ELF header");
        return error_set(
            elf->err, ASSAY_E_INVALID, "not an ELF file, so no shared object; plugins end in .so");
    }
    const assay_status status = check_header(elf, &header);
    if (status)
        return status;

    const size_t table_size = header.e_phnum * sizeof(Elf64_Phdr);
    if (!read_at(elf, header.e_phoff, elf->segments, table_size))
        return bad(elf, "cut off inside the program headers");
    elf->segment_count = header.e_phnum;

    for (size_t i = 0; i < elf->segment_count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];
        const bool is_read = segment->p_type == PT_LOAD || segment->p_type == PT_DYNAMIC ||
            segment->p_type == PT_NOTE;

        if (is_read &&
            (segment->p_filesz > elf->size || segment->p_offset > elf->size - segment->p_filesz))
            return error_set(elf->err, ASSAY_E_INVALID,
                "cut off: the file has %zu bytes, but program header %zu says there are more; "
                "build or copy the file again",
                elf->size, i);
    }
    return ASSAY_OK;
}

/* ---- notes ---- */

static bool is_plugin_note(const struct elf *elf, uint64_t offset, const Elf64_Nhdr *head)
{
    static const char owner[] = "assay";
    char name[sizeof(owner)];

    return head->n_type == ASSAY_NOTE_TYPE && head->n_namesz == sizeof(owner) &&
        read_at(elf, offset + sizeof(*head), name, sizeof(name)) &&
        memcmp(name, owner, sizeof(owner)) == 0;
}

static assay_status add_note(
    struct elf *elf, uint64_t offset, const Elf64_Nhdr *head, struct vec *notes)
{
    assay_note note = {.kind = 0};
    size_t size = offsetof(assay_note, abi_major) + head->n_descsz;

    /* Later minors may append to the note, on either side; minor 0 has all up to the summary. */
    if (size > sizeof(note))
        size = sizeof(note);
    if (size < RECORD_END(assay_note, summary) || !read_at(elf, offset, &note, size))
        return bad(elf, "an assay note is too short");
    if (!memchr(note.id, '\0', sizeof(note.id)) ||
        !memchr(note.version, '\0', sizeof(note.version)) ||
        !memchr(note.summary, '\0', sizeof(note.summary)))
        return error_set(elf->err, ASSAY_E_INVALID,
            "a text in its assay note is too long: id %zu, version %zu, summary %zu bytes at most",
            sizeof(note.id) - 1, sizeof(note.version) - 1, sizeof(note.summary) - 1);
    const assay_status status = vec_push(notes, &note);
    if (status == ASSAY_E_INVALID)
        return error_set(
            elf->err, status, "more than %d plugins in one library", (int)ELF_NOTES_MAX);
    return status ? error_nomem(elf->err) : ASSAY_OK;
}

static assay_status read_note_segment(struct elf *elf, const Elf64_Phdr *segment, struct vec *notes)
{
    const uint64_t align = segment->p_align == 8 ? 8 : 4;
    const uint64_t end = segment->p_offset + segment->p_filesz; /* inside the file: was checked */
    uint64_t at = segment->p_offset;
    Elf64_Nhdr head;

    while (end - at >= sizeof(head)) {
        if (!read_at(elf, at, &head, sizeof(head)))
            return bad(elf, "cut off inside the notes");
        if (head.n_namesz == 0) {
            at += 4; /* a word of the padding that some compilers put between objects */
            continue;
        }
        const uint64_t name_size = ((uint64_t)head.n_namesz + align - 1) / align * align;
        const uint64_t desc_size = ((uint64_t)head.n_descsz + align - 1) / align * align;
        const uint64_t size = sizeof(head) + name_size + desc_size;

        if (is_plugin_note(elf, at, &head)) {
            if (size > end - at)
                return bad(elf, "an assay note reaches beyond its segment");
            const assay_status status = add_note(elf, at, &head, notes);
            if (status)
                return status;
        }
        if (size >= end - at)
            return ASSAY_OK; /* the last descriptor need not be padded */
        at += size;
    }
    return ASSAY_OK;
}

static assay_status read_notes(struct elf *elf, struct vec *notes)
{
    for (size_t i = 0; i < elf->segment_count; i++) {
        if (elf->segments[i].p_type != PT_NOTE)
            continue;
        const assay_status status = read_note_segment(elf, &elf->segments[i], notes);
        if (status)
            return status;
    }
    return ASSAY_OK;
}

/* ---- the dynamic table ---- */

static void note_entry(struct elf *elf, const Elf64_Dyn *entry)
{
    switch (entry->d_tag) {
    case DT_STRTAB:
        elf->strings = entry->d_un.d_ptr;
        break;
    case DT_STRSZ:
        elf->strings_size = entry->d_un.d_val;
        break;
    case DT_SYMTAB:
        elf->symbols = entry->d_un.d_ptr;
        break;
    case DT_HASH:
        elf->hash = entry->d_un.d_ptr;
        break;
    case DT_GNU_HASH:
        elf->gnu_hash = entry->d_un.d_ptr;
        break;
    case DT_VERSYM:
        elf->symbol_versions = entry->d_un.d_ptr;
        break;
    case DT_VERNEED:
        elf->needed_versions = entry->d_un.d_ptr;
        break;
    case DT_VERNEEDNUM:
        elf->needed_version_count = entry->d_un.d_val;
        break;
    case DT_NEEDED: /* more than there is room for are counted, and refused by the caller */
        if (elf->library_count < ELF_LIBRARIES_MAX)
            elf->libraries[elf->library_count] = entry->d_un.d_val;
        elf->library_count++;
        break;
    }
}

static assay_status read_dynamic(struct elf *elf)
{
    const Elf64_Phdr *dynamic = NULL;

    for (size_t i = 0; i < elf->segment_count && !dynamic; i++)
        if (elf->segments[i].p_type == PT_DYNAMIC)
            dynamic = &elf->segments[i];
    if (!dynamic)
        return error_set(
            elf->err, ASSAY_E_INVALID, "it has no dynamic table; link it with -shared");

    const uint64_t count = dynamic->p_filesz / sizeof(Elf64_Dyn);
    for (uint64_t i = 0;; i++) {
        Elf64_Dyn entry;

        if (i == ELF_DYNAMIC_MAX)
            return error_set(elf->err, ASSAY_E_INVALID, "more than %d entries in the dynamic table",
                (int)ELF_DYNAMIC_MAX);
        if (i == count ||
            !read_at(elf, dynamic->p_offset + i * sizeof(entry), &entry, sizeof(entry)))
            return bad(elf, "the dynamic table has no end");
        if (entry.d_tag == DT_NULL)
            break;
        note_entry(elf, &entry);
    }
    if (!elf->strings || !elf->strings_size || !elf->symbols || (!elf->hash && !elf->gnu_hash))
        return bad(elf, "the dynamic table lacks symbols, strings or a hash table");
    return ASSAY_OK;
}

static assay_status read_libraries(struct elf *elf, struct vec *libraries)
{
    if (elf->library_count > ELF_LIBRARIES_MAX)
        return error_set(elf->err, ASSAY_E_INVALID,
            "it asks for %zu libraries; at most %d are read", elf->library_count,
            (int)ELF_LIBRARIES_MAX);
    for (size_t i = 0; i < elf->library_count; i++) {
        const char *name = string_at(elf, elf->libraries[i]);

        if (!name)
            return bad(elf, "the name of a library lies outside the string table");
        if (vec_push(libraries, &name))
            return error_nomem(elf->err);
    }
    return ASSAY_OK;
}

/* ---- symbols ---- */

/* The GNU hash table does not say how many symbols there are: the chain of the bucket with the
   greatest symbol ends behind the last one. */
static bool count_by_gnu_hash(const struct elf *elf, uint64_t *count)
{
    uint32_t head[4]; /* buckets, first hashed symbol, words of the filter, shift */
    uint64_t buckets = 0;
    uint64_t chains = 0;
    uint32_t last = 0;

    if (!read_address(elf, elf->gnu_hash, head, sizeof(head)) || head[0] > ELF_SYMBOLS_MAX ||
        head[2] > ELF_SYMBOLS_MAX ||
        add_overflows(elf->gnu_hash, sizeof(head) + 8u * (uint64_t)head[2], &buckets) ||
        add_overflows(buckets, 4u * (uint64_t)head[0], &chains))
        return false;
    for (uint32_t i = 0; i < head[0]; i++) {
        uint32_t first = 0;

        if (!read_item(elf, buckets, i, &first, sizeof(first)))
            return false;
        last = first > last ? first : last;
    }
    if (last < head[1]) { /* all buckets empty: nothing is exported */
        *count = head[1];
        return true;
    }
    for (; last < ELF_SYMBOLS_MAX; last++) {
        uint32_t link = 0;

        if (!read_item(elf, chains, last - head[1], &link, sizeof(link)))
            return false;
        if (link & 1u) {
            *count = (uint64_t)last + 1;
            return true;
        }
    }
    return false;
}

static bool count_symbols(const struct elf *elf, uint64_t *count)
{
    uint32_t head[2]; /* buckets, chains; there is a chain entry per symbol */

    if (elf->gnu_hash)
        return count_by_gnu_hash(elf, count);
    if (!read_address(elf, elf->hash, head, sizeof(head)))
        return false;
    *count = head[1];
    return true;
}

/* Collects what DT_VERNEED lists. Whatever of it is damaged is left out: versions serve the lint
   only, and the dynamic linker will refuse the file. */
static void read_versions(struct elf *elf)
{
    uint64_t at = elf->needed_versions;

    for (uint64_t i = 0; i < elf->needed_version_count && i < ELF_VERSIONS_MAX; i++) {
        Elf64_Verneed file;
        uint64_t aux = 0;

        if (!read_address(elf, at, &file, sizeof(file)) || add_overflows(at, file.vn_aux, &aux))
            return;
        for (unsigned k = 0; k < file.vn_cnt && elf->version_count < ELF_VERSIONS_MAX; k++) {
            Elf64_Vernaux version;

            if (!read_address(elf, aux, &version, sizeof(version)))
                return;
            elf->versions[elf->version_count++] = (struct version){
                .index = (uint16_t)(version.vna_other & VERSION_INDEX),
                .name = string_at(elf, version.vna_name),
                .file = string_at(elf, file.vn_file),
            };
            if (add_overflows(aux, version.vna_next, &aux))
                return;
        }
        if (add_overflows(at, file.vn_next, &at))
            return;
    }
}

static void find_version(const struct elf *elf, uint64_t symbol, struct elf_import *import)
{
    Elf64_Half wanted = 0;

    if (!elf->symbol_versions ||
        !read_item(elf, elf->symbol_versions, symbol, &wanted, sizeof(wanted)))
        return;
    for (size_t i = 0; i < elf->version_count; i++) {
        if (elf->versions[i].index == (wanted & VERSION_INDEX)) {
            import->version = elf->versions[i].name;
            import->file = elf->versions[i].file;
            return;
        }
    }
}

/* "assay_library_v" and a number of one or two digits up to 31 is a major; else 0. */
static uint32_t entry_major(const char *name)
{
    static const char prefix[] = "assay_library_v";
    const char *digits = name + sizeof(prefix) - 1;
    uint32_t major = 0;

    if (strncmp(name, prefix, sizeof(prefix) - 1) != 0 || *digits == '0')
        return 0;
    for (; *digits >= '0' && *digits <= '9'; digits++) {
        major = major * 10 + (uint32_t)(*digits - '0');
        if (major > 31)
            return 0;
    }
    return *digits == '\0' ? major : 0;
}

static assay_status read_symbols(struct elf *elf, struct elf_info *info)
{
    uint64_t count = 0;

    if (!count_symbols(elf, &count))
        return bad(elf, "the symbol hash table is damaged");
    if (count > ELF_SYMBOLS_MAX)
        return error_set(elf->err, ASSAY_E_INVALID,
            "more than %d dynamic symbols; export assay_library_v1 alone", (int)ELF_SYMBOLS_MAX);

    read_versions(elf);
    for (uint64_t i = 1; i < count; i++) {
        Elf64_Sym symbol;

        if (!read_item(elf, elf->symbols, i, &symbol, sizeof(symbol)))
            return bad(elf, "a dynamic symbol lies outside the file");
        struct elf_import import = {.name = string_at(elf, symbol.st_name)};
        if (!import.name)
            return bad(elf, "the name of a symbol lies outside the string table");
        if (symbol.st_shndx != SHN_UNDEF) {
            const uint32_t major = entry_major(import.name);

            if (major && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
                info->entry_majors |= 1u << major;
            continue;
        }
        if (import.name[0] == '\0')
            continue;
        find_version(elf, i, &import);
        if (vec_push(&info->imports, &import))
            return error_nomem(elf->err);
    }
    return ASSAY_OK;
}

/* ---- */

assay_status elf_inspect(const void *bytes, size_t size, struct elf_info *info, struct error *err)
{
    struct elf elf = {.bytes = bytes, .size = size, .err = err};
    assay_status status = ASSAY_OK;

    info->entry_majors = 0;
    vec_init(&info->notes, sizeof(assay_note), ELF_NOTES_MAX);
    vec_init(&info->imports, sizeof(struct elf_import), ELF_SYMBOLS_MAX);
    vec_init(&info->libraries, sizeof(const char *), ELF_LIBRARIES_MAX);

    status = read_segments(&elf);
    if (!status)
        status = read_notes(&elf, &info->notes);
    if (!status)
        status = read_dynamic(&elf);
    if (!status)
        status = read_libraries(&elf, &info->libraries);
    if (!status)
        status = read_symbols(&elf, info);
    if (status)
        elf_info_done(info);
    return status;
}

void elf_info_done(struct elf_info *info)
{
    vec_done(&info->notes);
    vec_done(&info->imports);
    vec_done(&info->libraries);
}
