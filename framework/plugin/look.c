#include "framework/plugin/look.h"

#include <stdlib.h>
#include <string.h>

#include "framework/plugin/catalogue.h"

assay_status look_at_file(const char *path, struct look *look, struct error *err)
{
    struct file_text bytes = {.data = NULL};
    assay_status status = mark_read_file(path, PLUGIN_FILE_SIZE_MAX, &bytes, &look->mark, err);

    if (status)
        return status;
    status = elf_inspect(bytes.data, bytes.size, &look->info, err);
    if (status)
        free(bytes.data);
    else
        look->bytes = bytes;
    return status;
}

void look_done(struct look *look)
{
    elf_info_done(&look->info);
    free(look->bytes.data);
    look->bytes = (struct file_text){.data = NULL};
}

/* A major that the file can do instead of ours; 0: none. */
static uint32_t other_major(const struct elf_info *info)
{
    for (uint32_t major = 31; major > 0; major--)
        if (info->entry_majors & (1u << major))
            return major;
    VEC_EACH(assay_note, note, &info->notes)
        if (note->abi_major != ASSAY_ABI_MAJOR)
            return note->abi_major;
    return 0;
}

static assay_status judge_entry(const struct elf_info *info, struct error *err)
{
    if (info->entry_majors & (1u << ASSAY_ABI_MAJOR))
        return ASSAY_OK;
    const uint32_t other = other_major(info);
    if (other)
        return error_set(err, ASSAY_E_UNSUPPORTED,
            "made for ABI major %u: it has assay_library_v%u, but this assay looks for "
            "assay_library_v%u; build the plugin with this assay's headers",
            other, other, ASSAY_ABI_MAJOR);
    if (info->notes.count == 0)
        return error_set(err, ASSAY_E_INVALID,
            "a shared object, but no assay plugin: it has neither an assay note nor the function "
            "assay_library_v%u",
            ASSAY_ABI_MAJOR);
    return error_set(err, ASSAY_E_INVALID,
        "the function assay_library_v%u is missing: define it with ASSAY_LIBRARY, and export it "
        "(assay_add_plugin does)",
        ASSAY_ABI_MAJOR);
}

static assay_status judge_note(const struct vec *notes, size_t index, struct error *err)
{
    const assay_note *note = vec_at(notes, index);

    if (!plugin_id_is_valid(note->id))
        return error_set(err, ASSAY_E_INVALID,
            "the plugin id \"%s\" in its note is not of the form vendor.name (lower-case letters, "
            "digits, - and _)",
            note->id);
    if (note->abi_needs > ASSAY_ABI_MINOR)
        return error_set(err, ASSAY_E_UNSUPPORTED,
            "%s needs ABI %u.%u, and this assay has %u.%u: use a newer assay, or build the plugin "
            "with a lower ASSAY_ABI_NEEDS",
            note->id, note->abi_major, note->abi_needs, ASSAY_ABI_MAJOR, ASSAY_ABI_MINOR);
    if (note->kind < ASSAY_SYSTEM || note->kind > ASSAY_EXPECTATION)
        return error_set(err, ASSAY_E_INVALID, "%s is of kind %u, which this assay does not know",
            note->id, note->kind);
    for (size_t i = 0; i < index; i++) {
        const assay_note *earlier = vec_at(notes, i);

        if (strcmp(earlier->id, note->id) == 0)
            return error_set(err, ASSAY_E_INVALID,
                "two plugins in it have the id %s; an id names one plugin", note->id);
    }
    return ASSAY_OK;
}

assay_status look_judge(struct look *look, struct error *err)
{
    struct vec *notes = &look->info.notes;
    assay_status status = judge_entry(&look->info, err);

    if (status)
        return status;
    for (size_t i = notes->count; i-- > 0;) {
        const assay_note *note = vec_at(notes, i);

        if (note->abi_major != ASSAY_ABI_MAJOR)
            vec_remove(notes, i);
    }
    if (notes->count == 0)
        return error_set(err, ASSAY_E_INVALID,
            "it has no assay note of major %u, so nothing is known of it before its code runs: "
            "define plugins with ASSAY_PLUGIN or add ASSAY_NOTE",
            ASSAY_ABI_MAJOR);
    for (size_t i = 0; i < notes->count; i++) {
        status = judge_note(notes, i, err);
        if (status)
            return status;
    }
    return ASSAY_OK;
}
