#include "tests/fakehost/fakehost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/fakehost/internal.h"

/* ---- memory and text ---- */

void *fake_alloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    assert_non_null(memory);
    return memory;
}

void *fake_grow(void *items, size_t count, size_t size)
{
    if (count & (count - 1))
        return items; /* room is always a power of two, and filled only when the count is one */
    items = realloc(items, (count ? count * 2 : 1) * size);
    assert_non_null(items);
    return items;
}

char *fake_copy(const char *text)
{
    char *copy = strdup(text);

    assert_non_null(copy);
    return copy;
}

void fake_write(struct fake_text *text, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(text->text + text->used, sizeof(text->text) - text->used, format, args);
    va_end(args);
    assert_true(length >= 0);
    text->used += (size_t)length;
    if (text->used >= sizeof(text->text))
        text->used = sizeof(text->text) - 1;
}

/* ---- the host table ---- */

struct fakehost *fake_of(const assay_host *host)
{
    assert_non_null(host);
    return host->impl;
}

/* There is one flow of control: the task is the host itself. */
struct fakehost *fake_of_task(assay_task *task)
{
    assert_non_null(task);
    return (struct fakehost *)(void *)task;
}

static void host_log(const assay_host *host, uint32_t level, const char *text)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARN", "ERROR"};

    assert_true(level <= ASSAY_ERROR);
    fake_write(&fake_of(host)->log, "%s %s\n", names[level], text);
}

static assay_status host_fail(const assay_host *host, assay_status status, const char *why)
{
    struct fakehost *f = fake_of(host);

    assert_true(status < 0);
    assert_true(strlen(why) > 0);
    (void)snprintf(f->why, sizeof(f->why), "%s", why);
    return status;
}

/* ---- torture ---- */

assay_status fake_enter(struct fakehost *f, const char *name)
{
    if (f->aim[0] && strcmp(f->aim, name) != 0)
        return ASSAY_OK;
    f->calls++;
    if (f->calls == f->adopt_call ||
        (f->adopt_call && f->adopt_blocks[1] && f->calls % f->adopt_call == 0)) {
        fake_adopt(f, f->now, f->adopt_node, f->adopt_blocks[(f->calls / f->adopt_call - 1) % 2]);
        fake_advance(f, f->now);
    }
    if (f->calls != f->fail_call)
        return ASSAY_OK;
    (void)snprintf(f->failed_call, sizeof(f->failed_call), "%s", name);
    return f->fail_status;
}

assay_status fake_enter_blocking(struct fakehost *f, const char *name)
{
    f->blocking_calls++;
    if (f->blocking_calls == f->cancel_call)
        f->is_cancelled = true;
    if (f->is_cancelled)
        return ASSAY_E_CANCELLED;
    return fake_enter(f, name);
}

void fake_fail_call(struct fakehost *f, uint64_t nth, assay_status status)
{
    f->fail_call = nth;
    f->fail_status = status;
}

void fake_adopt_at_call(
    struct fakehost *f, uint64_t nth, uint32_t node, const char *block, const char *other)
{
    f->adopt_call = nth;
    f->adopt_node = node;
    f->adopt_blocks[0] = block;
    f->adopt_blocks[1] = other;
}

void fake_cancel_call(struct fakehost *f, uint64_t nth)
{
    f->cancel_call = nth;
}

void fake_aim(struct fakehost *f, const char *name)
{
    (void)snprintf(f->aim, sizeof(f->aim), "%s", name);
    f->calls = 0;
}

uint64_t fake_calls(const struct fakehost *f)
{
    return f->calls;
}

uint64_t fake_blocking_calls(const struct fakehost *f)
{
    return f->blocking_calls;
}

const char *fake_failed_call(const struct fakehost *f)
{
    return f->failed_call;
}

/* ---- time ---- */

struct fake_event *fake_at(struct fakehost *f, assay_ns at,
    void (*fire)(struct fakehost *, const struct fake_event *), uint32_t node, const char *id)
{
    struct fake_event *event = fake_alloc(1, sizeof(*event));
    struct fake_event **place = &f->events;

    event->at = at;
    event->fire = fire;
    event->node = node;
    event->id = id;
    while (*place && (*place)->at <= at)
        place = &(*place)->next;
    event->next = *place;
    *place = event;
    return event;
}

static void fire_next(struct fakehost *f)
{
    struct fake_event *event = f->events;

    f->events = event->next;
    if (event->at > f->now)
        f->now = event->at;
    event->fire(f, event);
    free(event);
}

assay_status fake_wait(
    struct fakehost *f, assay_ns until, bool (*is_ready)(struct fakehost *, void *), void *context)
{
    for (;;) {
        assay_ns next = f->events ? f->events->at : ASSAY_FOREVER;

        if (f->is_cancelled || f->now >= f->cancel_at) {
            f->is_cancelled = true;
            return ASSAY_E_CANCELLED;
        }
        if (next > f->now && is_ready && is_ready(f, context))
            return ASSAY_OK;
        if (next > f->now && f->now >= until)
            return ASSAY_E_TIMEOUT;
        if (f->events && (next <= f->now || (next <= until && next <= f->cancel_at))) {
            fire_next(f);
        } else if (until <= f->cancel_at && until != ASSAY_FOREVER) {
            f->now = until;
        } else {
            if (f->cancel_at == ASSAY_FOREVER)
                fail_msg("the plugin waits for ever and nobody is going to cancel it");
            f->now = f->cancel_at;
        }
    }
}

assay_ns fake_now(const struct fakehost *f)
{
    return f->now;
}

void fake_advance(struct fakehost *f, assay_ns until)
{
    while (f->events && f->events->at <= until)
        fire_next(f);
    if (until > f->now)
        f->now = until;
}

void fake_window(struct fakehost *f, assay_ns start, assay_ns end)
{
    f->window_start = start;
    f->window_end = end;
    f->facts.duration = end - start;
}

void fake_cancel_at(struct fakehost *f, assay_ns at)
{
    f->cancel_at = at;
}

static assay_ns clock_now(const assay_host *host)
{
    return fake_of(host)->now;
}

/* The script knows the window from the start; the plugin must not before it opens. */
static assay_ns clock_window_start(const assay_host *host)
{
    const struct fakehost *f = fake_of(host);

    return f->now >= f->window_start ? f->window_start : ASSAY_FOREVER;
}

static assay_ns clock_window_end(const assay_host *host)
{
    const struct fakehost *f = fake_of(host);

    return f->now >= f->window_start ? f->window_end : ASSAY_FOREVER;
}

static int64_t clock_unix(const assay_host *host)
{
    return fake_of(host)->now + 1700000000 * ASSAY_SECOND;
}

static assay_status clock_sleep(assay_task *task, assay_ns until)
{
    struct fakehost *f = fake_of_task(task);
    assay_status s = fake_enter_blocking(f, "sleep_until");

    if (s)
        return s;
    s = fake_wait(f, until, NULL, NULL);
    return s == ASSAY_E_TIMEOUT ? ASSAY_OK : s;
}

static const assay_clock clock_table = {
    .struct_size = sizeof(clock_table),
    .now = clock_now,
    .window_start = clock_window_start,
    .window_end = clock_window_end,
    .unix_ns = clock_unix,
    .sleep_until = clock_sleep,
};

static const void *host_service(const assay_host *host, const char *id)
{
    struct fakehost *f = fake_of(host);
    const void *table = NULL;

    if (!strcmp(id, ASSAY_CLOCK))
        return &clock_table;
    table = fake_chain_service(id);
    if (!table)
        table = fake_traffic_service(f, id);
    if (!table)
        table = fake_meter_service(id);
    if (!table)
        table = fake_deployment_service(id);
    if (!table)
        table = fake_da_service(f, id);
    if (!table)
        table = fake_control_service(id);
    return table;
}

/* ---- the life of the instance ---- */

struct fakehost *fake_new(void)
{
    struct fakehost *f = fake_alloc(1, sizeof(*f));

    f->table = (assay_host){
        .struct_size = sizeof(f->table),
        .impl = f,
        .instance = "test.instance",
        .service = host_service,
        .log = host_log,
        .fail = host_fail,
        .abi_minor = ASSAY_ABI_MINOR,
    };
    f->window_start = f->window_end = f->cancel_at = ASSAY_FOREVER;
    f->accounts = 10;
    f->actions = UINT64_MAX;
    f->act_proof = ASSAY_PROVEN;
    f->facts.name = "test";
    f->facts.id = "test-1";
    fake_da_init(f);
    return f;
}

static void services_must_be_there(struct fakehost *f)
{
    for (const char *const *need = f->plugin->needs; need && *need; need++)
        if (!host_service(&f->table, *need))
            fail_msg("the scripted host does not offer %s", *need);
}

assay_status fake_create(struct fakehost *f, ...)
{
    const assay_library *library = assay_library_v1();
    const char *settings[32];
    size_t count = 0;
    const char *setting;
    va_list args;

    assert_int_equal(library->plugin_count, 1);
    f->plugin = library->plugins[0];
    services_must_be_there(f);
    va_start(args, f);
    while ((setting = va_arg(args, const char *))) {
        assert_true(count < 32);
        settings[count++] = setting;
    }
    va_end(args);
    fake_options_fill(f, settings, count);
    return f->plugin->create(&f->table, f->options, &f->self);
}

static assay_task *fresh_task(struct fakehost *f)
{
    f->is_cancelled = false;
    return (assay_task *)(void *)f;
}

/* Cancellation is of one operation; the next starts on a fresh task. */
static assay_status ended(struct fakehost *f, assay_status s)
{
    f->cancel_at = ASSAY_FOREVER;
    return s;
}

assay_status fake_prepare(struct fakehost *f)
{
    return f->plugin->prepare ? ended(f, f->plugin->prepare(f->self, fresh_task(f))) : ASSAY_OK;
}

assay_status fake_run(struct fakehost *f)
{
    return f->plugin->run ? ended(f, f->plugin->run(f->self, fresh_task(f))) : ASSAY_OK;
}

assay_status fake_finish(struct fakehost *f)
{
    return f->plugin->finish ? ended(f, f->plugin->finish(f->self, fresh_task(f))) : ASSAY_OK;
}

assay_status fake_judge(struct fakehost *f, assay_verdict *out)
{
    assay_status s;

    *out = (assay_verdict){.struct_size = sizeof(*out)};
    s = ended(f, f->plugin->judge(f->self, fresh_task(f), out));
    if (!s) {
        assert_in_range(out->outcome, ASSAY_PASS, ASSAY_VACUOUS);
        assert_true(strlen(out->why) > 0);
        assert_true(out->coverage >= 0 && out->coverage <= 1);
    }
    return s;
}

assay_status fake_control(struct fakehost *f, uint32_t kind, uint32_t node, assay_ns until)
{
    const assay_action action = {
        .struct_size = sizeof(action), .kind = kind, .node = node, .peer = ASSAY_NO_NODE};

    return ended(f, f->plugin->deployer->control(f->self, fresh_task(f), &action, until));
}

assay_status fake_inspect(struct fakehost *f, uint32_t node, assay_process *out, char detail[160])
{
    *out = (assay_process){.struct_size = sizeof(*out)};
    return ended(f, f->plugin->deployer->inspect(f->self, fresh_task(f), node, out, detail));
}

void fake_free(struct fakehost *f)
{
    int64_t alive;

    if (f->plugin)
        f->plugin->destroy(f->self);
    alive = f->alive;
    while (f->events) {
        struct fake_event *event = f->events;

        f->events = event->next;
        free(event->object);
        free(event);
    }
    fake_chain_done(f);
    fake_traffic_done(f);
    fake_meter_done(f);
    fake_deployment_done(f);
    fake_da_done(f);
    fake_control_done(f);
    fake_options_done(f);
    free(f);
    assert_int_equal(alive, 0);
}

const char *fake_log(const struct fakehost *f)
{
    return f->log.text;
}

const char *fake_why(const struct fakehost *f)
{
    return f->why;
}
