#include "framework/run/crumb.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/cleanup.h"

static assay_status map(int fd, struct crumb_page **out, struct error *err)
{
    void *page = mmap(NULL, sizeof **out, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (page == MAP_FAILED)
        return error_errno(err, errno, "the crumb page cannot be mapped");
    *out = page;
    return ASSAY_OK;
}

assay_status crumb_new(int *out_fd, struct crumb_page **out, struct error *err)
{
    auto_fd int fd = memfd_create("assay-crumb", MFD_CLOEXEC);
    assay_status s = ASSAY_OK;

    if (fd < 0)
        return error_errno(err, errno, "the crumb page cannot be made");
    if (ftruncate(fd, sizeof **out) < 0)
        return error_errno(err, errno, "the crumb page cannot be sized");
    s = map(fd, out, err);
    if (!s)
        *out_fd = take_fd(&fd);
    return s;
}

assay_status crumb_map(int fd, struct crumb_page **out, struct error *err)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        return error_errno(err, errno, "descriptor %d is no crumb page", fd);
    if (info.st_size != (off_t)sizeof **out)
        return error_set(err, ASSAY_E_INVALID, "descriptor %d is no crumb page", fd);
    return map(fd, out, err);
}

void crumb_unmap(struct crumb_page *page)
{
    if (page)
        (void)munmap(page, sizeof *page);
}

/* By hand, since a signal handler may call it: copies what fits and always terminates. */
static void copy_text(char out[CRUMB_TEXT_SIZE], const char *text)
{
    size_t i = 0;

    for (; text && text[i] != '\0' && i < CRUMB_TEXT_SIZE - 1; i++)
        out[i] = text[i];
    out[i] = '\0';
}

void crumb_fill(
    struct crumb_note *note, const char *instance, const char *plugin, const char *operation)
{
    copy_text(note->instance, instance);
    copy_text(note->plugin, plugin);
    copy_text(note->operation, operation);
}

/* Into the copy that does not hold at present; then switches. */
static void cell_write(struct crumb_cell *cell, const struct crumb_note *note)
{
    const uint32_t current = atomic_load_explicit(&cell->current, memory_order_relaxed);
    const uint32_t next = current == 1 ? 1 : 0; /* an index: 1 + 0 holds, so write copy 1 */

    crumb_fill(&cell->copies[next], note->instance, note->plugin, note->operation);
    atomic_store_explicit(&cell->current, next + 1, memory_order_release);
}

void crumb_phase(struct crumb_page *page, const char *name)
{
    struct crumb_note note;

    if (!page)
        return;
    crumb_fill(&note, NULL, NULL, name);
    cell_write(&page->phase, &note);
}

void crumb_operation(
    struct crumb_page *page, const char *instance, const char *plugin, const char *operation)
{
    struct crumb_note note;

    if (!page)
        return;
    crumb_fill(&note, instance, plugin, operation);
    cell_write(&page->operation, &note);
}

void crumb_crash(struct crumb_page *page, int signal_number, const struct crumb_note *where)
{
    if (!page)
        return;
    if (where)
        cell_write(&page->crash, where);
    atomic_store_explicit(&page->crash_signal, signal_number, memory_order_release);
}

void crumb_verdict(struct crumb_page *page, int exit_code)
{
    if (page)
        atomic_store_explicit(&page->verdict, exit_code + 1, memory_order_release);
}

static bool cell_read(const struct crumb_cell *cell, struct crumb_note *out)
{
    const uint32_t current = atomic_load_explicit(&cell->current, memory_order_acquire);

    if (current != 1 && current != 2)
        return false;
    *out = cell->copies[current - 1];
    out->instance[CRUMB_TEXT_SIZE - 1] = '\0';
    out->plugin[CRUMB_TEXT_SIZE - 1] = '\0';
    out->operation[CRUMB_TEXT_SIZE - 1] = '\0';
    return true;
}

void crumb_read(const struct crumb_page *page, struct crumb_report *out)
{
    *out = (struct crumb_report){.verdict_code = -1};
    if (!page)
        return;
    out->has_phase = cell_read(&page->phase, &out->phase);
    out->has_operation = cell_read(&page->operation, &out->operation);
    out->has_crash = cell_read(&page->crash, &out->crash);
    out->crash_signal = atomic_load_explicit(&page->crash_signal, memory_order_acquire);
    out->verdict_code = atomic_load_explicit(&page->verdict, memory_order_acquire) - 1;
}
