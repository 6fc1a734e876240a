/* The ELF reader against files that no compiler makes. Every buffer is exactly as long as the file
   it holds, so that the sanitizers see a read beyond its end. */
#include "framework/plugin/elf.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"

#define SAMPLE ASSAY_BUILD_DIR "/tests/plugins/run/sample.so"

/* ---- a good file to spoil ---- */

struct image {
    char *bytes;
    size_t size;
};

static void image_done(struct image *image)
{
    free(image->bytes);
}
CLEANUP_DEFINE_DONE(auto_image, struct image, image_done)
#define auto_image CLEANUP(auto_image)

static struct image sample(void)
{
    struct file_text text;
    struct error err = {.text = ""};

    if (file_read(SAMPLE, 64 << 20, &text, &err))
        fail_msg("%s", err.text);
    struct image image = {malloc(text.size), text.size}; /* without the NUL behind it */
    assert_non_null(image.bytes);
    memcpy(image.bytes, text.data, text.size);
    free(text.data);
    return image;
}

static Elf64_Ehdr *header_of(const struct image *image)
{
    return (Elf64_Ehdr *)(void *)image->bytes;
}

static Elf64_Phdr *segment_of(const struct image *image, uint32_t type)
{
    const Elf64_Ehdr *header = header_of(image);

    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr *segment = (Elf64_Phdr *)(void *)(image->bytes + header->e_phoff) + i;

        if (segment->p_type == type)
            return segment;
    }
    fail_msg("no segment of type %u", type);
    return NULL;
}

static Elf64_Dyn *dynamic_of(const struct image *image, int64_t tag)
{
    Elf64_Dyn *entry =
        (Elf64_Dyn *)(void *)(image->bytes + segment_of(image, PT_DYNAMIC)->p_offset);

    while (entry->d_tag != tag) {
        if (entry->d_tag == DT_NULL)
            fail_msg("no dynamic entry %ld", (long)tag);
        entry++;
    }
    return entry;
}

/* The first assay note. */
static assay_note *note_of(const struct image *image)
{
    static const uint32_t head[] = {6, ASSAY_NOTE_DESC_SIZE, ASSAY_NOTE_TYPE};

    void *found = memmem(image->bytes, image->size, head, sizeof(head));
    assert_non_null(found);
    return found;
}

static void refuses(const struct image *image, const char *why)
{
    struct elf_info info;
    struct error err = {.text = ""};

    assert_int_equal(elf_inspect(image->bytes, image->size, &info, &err), ASSAY_E_INVALID);
    if (!strstr(err.text, why))
        fail_msg("\"%s\" is not in: %s", why, err.text);
}

/* ---- what is read ---- */

static const assay_note *find_note(const struct elf_info *info, const char *id)
{
    VEC_EACH(assay_note, note, &info->notes)
        if (strcmp(note->id, id) == 0)
            return note;
    fail_msg("no note for %s", id);
    return NULL;
}

static void all_notes_are_read(void **state)
{
    auto_image struct image image = sample();
    auto_elf_info struct elf_info info;

    (void)state;
    assert_int_equal(elf_inspect(image.bytes, image.size, &info, NULL), ASSAY_OK);
    assert_int_equal(info.notes.count, 4);
    const assay_note *system = find_note(&info, "sample.still");
    assert_int_equal(system->kind, ASSAY_SYSTEM);
    assert_int_equal(system->abi_major, ASSAY_ABI_MAJOR);
    assert_int_equal(system->abi_built, ASSAY_ABI_MINOR);
    assert_string_equal(find_note(&info, "sample.judge")->summary, "Judges as its options say");
    assert_int_equal(info.entry_majors, 1u << 1);
}

static void imports_have_versions_and_files(void **state)
{
    auto_image struct image image = sample();
    auto_elf_info struct elf_info info;
    bool has_strcmp = false;

    (void)state;
    assert_int_equal(elf_inspect(image.bytes, image.size, &info, NULL), ASSAY_OK);
    VEC_EACH(struct elf_import, import, &info.imports) {
        if (strcmp(import->name, "vsnprintf") != 0)
            continue;
        has_strcmp = true;
        if (import->version) { /* a sanitizer's own has none */
            assert_memory_equal(import->version, "GLIBC_", 6);
            assert_string_equal(import->file, "libc.so.6");
        }
    }
    assert_true(has_strcmp);
}

static void needed_libraries_are_read(void **state)
{
    auto_image struct image image = sample();
    auto_elf_info struct elf_info info;

    (void)state;
    assert_int_equal(elf_inspect(image.bytes, image.size, &info, NULL), ASSAY_OK);
    assert_true(info.libraries.count > 0); /* libc.so.6, or a sanitizer in its place */
    for (size_t i = 0; i < info.libraries.count; i++)
        assert_memory_equal(*(const char **)vec_at(&info.libraries, i), "lib", 3);
}

static void the_old_hash_table_serves_as_well(void **state)
{
    auto_image struct image image = sample();
    auto_elf_info struct elf_info whole;
    auto_elf_info struct elf_info info;

    /* Given: the GNU table forgotten, and an old one with the right count of symbols in its place. */
    (void)state;
    assert_int_equal(elf_inspect(image.bytes, image.size, &whole, NULL), ASSAY_OK);
    Elf64_Dyn *entry = dynamic_of(&image, DT_GNU_HASH);
    uint32_t *table = (uint32_t *)(void *)(image.bytes + entry->d_un.d_ptr);
    entry->d_tag = DT_HASH;
    table[0] = 1;
    table[1] = (uint32_t)whole.imports.count + 2; /* the null symbol and the entry function */

    assert_int_equal(elf_inspect(image.bytes, image.size, &info, NULL), ASSAY_OK);

    assert_int_equal(info.imports.count, whole.imports.count);
    assert_int_equal(info.entry_majors, whole.entry_majors);
}

/* ---- what is refused, and why ---- */

static void a_file_cut_off_anywhere_is_refused(void **state)
{
    auto_image struct image image = sample();
    size_t refused = 0;

    /* Behind the last byte that is read there are only section headers and debug information,
       which may be missing. */
    (void)state;
    for (size_t size = 0; size < image.size; size++) {
        struct elf_info info;
        struct error err = {.text = ""};
        char *cut = malloc(size > 0 ? size : 1);

        assert_non_null(cut);
        memcpy(cut, image.bytes, size);
        if (elf_inspect(cut, size, &info, &err)) {
            assert_true(strlen(err.text) > 10);
            refused++;
        } else {
            assert_int_equal(info.notes.count, 4);
            elf_info_done(&info);
        }
        free(cut);
        if (size > 16384)
            size += 96; /* the tables are in the first pages; the rest goes faster */
    }
    assert_true(refused > 8192);
}

static void an_empty_file_is_refused(void **state)
{
    char nothing[1] = "";

    (void)state;
    refuses(&(struct image){nothing, 0}, "the file is empty");
}

static void text_is_no_shared_object(void **state)
{
    char text[] =
        "#!/bin/sh\necho this is a script with some length to it, so that a header fits\n";

    (void)state;
    refuses(&(struct image){text, 9}, "not an ELF file");
    refuses(&(struct image){text, sizeof(text)}, "not an ELF file");
}

static void other_classes_machines_and_types_are_told_apart(void **state)
{
    auto_image struct image image = sample();
    Elf64_Ehdr *header = header_of(&image);
    const Elf64_Ehdr good = *header;

    (void)state;
    header->e_ident[EI_CLASS] = ELFCLASS32;
    refuses(&image, "not a 64-bit file");
    *header = good;
    header->e_ident[EI_DATA] = ELFDATA2MSB;
    refuses(&image, "a big-endian file");
    *header = good;
    header->e_ident[EI_VERSION] = 9;
    refuses(&image, "an ELF version other than 1");
    *header = good;
    header->e_machine = EM_RISCV;
    refuses(&image, "built for another machine (ELF number 243)");
    *header = good;
    header->e_type = ET_EXEC;
    refuses(&image, "not a shared object (ELF type 2)");
}

static void bad_program_headers_are_refused(void **state)
{
    auto_image struct image image = sample();
    Elf64_Ehdr *header = header_of(&image);
    const Elf64_Ehdr good = *header;

    (void)state;
    header->e_phnum = 0;
    refuses(&image, "it has no program headers");
    *header = good;
    header->e_phentsize = 3;
    refuses(&image, "it has no program headers");
    *header = good;
    header->e_phnum = 65;
    refuses(&image, "65 program headers; at most 64");
    *header = good;
    header->e_phoff = image.size - 8;
    refuses(&image, "cut off inside the program headers");
    header->e_phoff = UINT64_MAX - 8;
    refuses(&image, "cut off inside the program headers");
}

static void segments_outside_the_file_are_refused(void **state)
{
    static const uint32_t types[] = {PT_LOAD, PT_DYNAMIC, PT_NOTE};

    (void)state;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        auto_image struct image image = sample();
        Elf64_Phdr *segment = segment_of(&image, types[i]);

        segment->p_filesz = UINT64_MAX;
        refuses(&image, "cut off: the file has");
        segment->p_filesz = 64;
        segment->p_offset = UINT64_MAX - 16;
        refuses(&image, "cut off: the file has");
    }
}

static void a_damaged_dynamic_table_is_refused(void **state)
{
    auto_image struct image image = sample();
    Elf64_Phdr *segment = segment_of(&image, PT_DYNAMIC);
    const uint64_t size = segment->p_filesz;

    (void)state;
    segment->p_type = PT_NULL;
    refuses(&image, "it has no dynamic table");
    segment->p_type = PT_DYNAMIC;
    segment->p_filesz = sizeof(Elf64_Dyn);
    refuses(&image, "the dynamic table has no end");
    segment->p_filesz = size;
    Elf64_Dyn *strings = dynamic_of(&image, DT_STRTAB);
    strings->d_tag = DT_DEBUG;
    refuses(&image, "the dynamic table lacks symbols, strings or a hash table");
}

static void names_outside_the_string_table_are_refused(void **state)
{
    auto_image struct image image = sample();
    Elf64_Dyn *needed = dynamic_of(&image, DT_NEEDED);
    const uint64_t offset = needed->d_un.d_val;

    (void)state;
    needed->d_un.d_val = UINT64_MAX;
    refuses(&image, "the name of a library lies outside the string table");
    needed->d_un.d_val = offset;
    dynamic_of(&image, DT_STRSZ)->d_un.d_val = 2;
    refuses(&image, "lies outside the string table");
}

static void a_damaged_hash_table_is_refused(void **state)
{
    auto_image struct image image = sample();
    Elf64_Dyn *entry = dynamic_of(&image, DT_GNU_HASH);
    const uint64_t address = entry->d_un.d_ptr;
    uint32_t *table = (uint32_t *)(void *)(image.bytes + address);
    const uint32_t buckets = table[0];

    (void)state;
    entry->d_un.d_ptr = UINT64_MAX - 3;
    refuses(&image, "the symbol hash table is damaged");
    entry->d_un.d_ptr = address;
    table[0] = UINT32_MAX;
    refuses(&image, "the symbol hash table is damaged");
    table[0] = buckets;
    table[2] = UINT32_MAX;
    refuses(&image, "the symbol hash table is damaged");
}

static void too_many_symbols_are_refused(void **state)
{
    auto_image struct image image = sample();
    Elf64_Dyn *entry = dynamic_of(&image, DT_GNU_HASH);
    uint32_t *table = (uint32_t *)(void *)(image.bytes + entry->d_un.d_ptr);

    (void)state;
    entry->d_tag = DT_HASH;
    table[1] = ELF_SYMBOLS_MAX + 1;
    refuses(&image, "more than 262144 dynamic symbols");
}

static void symbols_outside_the_file_are_refused(void **state)
{
    auto_image struct image image = sample();

    (void)state;
    dynamic_of(&image, DT_SYMTAB)->d_un.d_ptr = UINT64_MAX - 64;
    refuses(&image, "a dynamic symbol lies outside the file");
}

static void damaged_notes_are_refused(void **state)
{
    auto_image struct image image = sample();
    assay_note *note = note_of(&image);
    const assay_note good = *note;

    (void)state;
    note->desc_size = 8;
    refuses(&image, "an assay note is too short");
    *note = good;
    note->desc_size = UINT32_MAX;
    refuses(&image, "an assay note reaches beyond its segment");
    *note = good;
    memset(note->id, 'x', sizeof(note->id));
    refuses(&image, "a text in its assay note is too long");
    *note = good;
    memset(note->summary, 'x', sizeof(note->summary));
    refuses(&image, "a text in its assay note is too long");
}

static void notes_of_others_are_passed_over(void **state)
{
    auto_image struct image image = sample();
    auto_elf_info struct elf_info info;
    assay_note *note = note_of(&image);

    (void)state;
    note->name[0] = 'x';
    assert_int_equal(elf_inspect(image.bytes, image.size, &info, NULL), ASSAY_OK);
    assert_int_equal(info.notes.count, 3);
}

static void zero_words_between_notes_are_passed_over(void **state)
{
    auto_image struct image image = sample();
    auto_elf_info struct elf_info info;
    assay_note *note = note_of(&image);

    (void)state;
    memset(note, 0, sizeof(*note));
    assert_int_equal(elf_inspect(image.bytes, image.size, &info, NULL), ASSAY_OK);
    assert_int_equal(info.notes.count, 3);
}

static void a_newer_note_may_be_longer(void **state)
{
    auto_image struct image image = sample();
    auto_elf_info struct elf_info info;
    assay_note *note = note_of(&image);
    const assay_note first = *note;

    /* The first swallows the second: as if a later minor had appended fields. */
    (void)state;
    note->desc_size = ASSAY_NOTE_DESC_SIZE + (uint32_t)sizeof(*note);
    assert_int_equal(elf_inspect(image.bytes, image.size, &info, NULL), ASSAY_OK);
    assert_int_equal(info.notes.count, 3);
    assert_non_null(find_note(&info, first.id));
}

/* A fixed generator, so that a failure can be had again. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void random_damage_never_faults(void **state)
{
    auto_image struct image image = sample();
    auto_image struct image spoilt = sample();
    uint32_t random = 42;
    int refused = 0;

    (void)state;
    for (int round = 0; round < 4000; round++) {
        struct elf_info info;
        struct error err = {.text = ""};
        const uint32_t changes = 1 + next_random(&random) % 8;

        memcpy(spoilt.bytes, image.bytes, image.size);
        for (uint32_t i = 0; i < changes; i++) {
            /* Mostly in the first pages, where the headers and tables are. */
            const size_t reach = next_random(&random) % 4 ? 6144 : image.size;
            const size_t at = next_random(&random) % (reach < image.size ? reach : image.size);

            spoilt.bytes[at] = (char)next_random(&random);
        }
        if (elf_inspect(spoilt.bytes, spoilt.size, &info, &err)) {
            assert_true(err.text[0] != '\0');
            refused++;
        } else {
            elf_info_done(&info);
        }
    }
    assert_true(refused > 100);
}

static void every_failed_allocation_is_an_error(void **state)
{
    auto_image struct image image = sample();
    int failures = 0;

    (void)state;
    for (uint64_t n = 1;; n++) {
        struct elf_info info;

        mem_fail_at(n, MEM_FAIL_ONCE);
        const assay_status status = elf_inspect(image.bytes, image.size, &info, NULL);
        const int has_failed = mem_has_failed();
        mem_fail_at(0, MEM_FAIL_ONCE);
        if (!status)
            elf_info_done(&info);
        if (!has_failed)
            break;
        assert_int_equal(status, ASSAY_E_NOMEM);
        failures++;
    }
    assert_true(failures >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_notes_are_read),
        cmocka_unit_test(imports_have_versions_and_files),
        cmocka_unit_test(needed_libraries_are_read),
        cmocka_unit_test(the_old_hash_table_serves_as_well),
        cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
        cmocka_unit_test(an_empty_file_is_refused),
        cmocka_unit_test(text_is_no_shared_object),
        cmocka_unit_test(other_classes_machines_and_types_are_told_apart),
        cmocka_unit_test(bad_program_headers_are_refused),
        cmocka_unit_test(segments_outside_the_file_are_refused),
        cmocka_unit_test(a_damaged_dynamic_table_is_refused),
        cmocka_unit_test(names_outside_the_string_table_are_refused),
        cmocka_unit_test(a_damaged_hash_table_is_refused),
        cmocka_unit_test(too_many_symbols_are_refused),
        cmocka_unit_test(symbols_outside_the_file_are_refused),
        cmocka_unit_test(damaged_notes_are_refused),
        cmocka_unit_test(notes_of_others_are_passed_over),
        cmocka_unit_test(zero_words_between_notes_are_passed_over),
        cmocka_unit_test(a_newer_note_may_be_longer),
        cmocka_unit_test(random_damage_never_faults),
        cmocka_unit_test(every_failed_allocation_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
