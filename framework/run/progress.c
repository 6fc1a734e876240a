#include "framework/run/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/parse.h"
#include "framework/base/str.h"

enum {
    LINE_MAX_BYTES = 1000,
    STATE_WIDTH = 9,    /* the state and the space behind it */
    WIDTH_DEFAULT = 80, /* of a terminal that does not say */
    WIDTH_MIN = 20      /* of one that says nonsense */
};

#define PLAIN_INTERVAL (10 * ASSAY_SECOND)

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && value[0] != '\0';
}

static bool is_dumb(void)
{
    const char *term = getenv("TERM");

    return !term || strcmp(term, "dumb") == 0;
}

bool progress_wants_colour(int fd)
{
    const char *force = getenv("CLICOLOR_FORCE");
    const char *wish = getenv("CLICOLOR");

    if (is_set("NO_COLOR"))
        return false;
    if (force && strcmp(force, "0") != 0 && force[0] != '\0')
        return true;
    if (wish && strcmp(wish, "0") == 0)
        return false;
    return isatty(fd) && !is_dumb();
}

void progress_init(struct progress *progress, int fd, bool is_quiet)
{
    *progress = (struct progress){.fd = fd,
        .is_quiet = is_quiet,
        .is_live = isatty(fd) && !is_dumb() && !is_set("CI"),
        .has_colour = progress_wants_colour(fd),
        .state = "start",
        .state_end = ASSAY_FOREVER};
    log_set_redrawn(progress->is_live && !is_quiet);
}

void progress_clear(struct progress *progress)
{
    if (!progress->is_line_open)
        return;
    (void)file_write_fd(progress->fd, "\r\033[K", 4, NULL);
    progress->is_line_open = false;
}

/* Bytes of a redrawn line's text: one that wraps could not be wiped. */
static int redrawn_width(const struct progress *progress)
{
    struct winsize size = {0};
    int width = WIDTH_DEFAULT;

    if (ioctl(progress->fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN)
        width = size.ws_col;
    return width - STATE_WIDTH - 1;
}

static void write_line(struct progress *progress, const char *text, bool is_redrawn)
{
    auto_str struct str line = STR_INIT(LINE_MAX_BYTES + 64);

    if (progress->is_quiet)
        return;
    progress_clear(progress);
    if (progress->has_colour)
        (void)str_appendf(&line, "\033[2m%-8s\033[0m ", progress->state);
    else
        (void)str_appendf(&line, "%-8s ", progress->state);
    (void)str_appendf(&line, "%.*s", is_redrawn ? redrawn_width(progress) : LINE_MAX_BYTES, text);
    if (!is_redrawn)
        (void)str_append_char(&line, '\n');
    (void)file_write_fd(progress->fd, str_text(&line), line.len, NULL);
    progress->is_line_open = is_redrawn;
}

void progress_say(struct progress *progress, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    write_line(progress, text, false);
}

void progress_state(
    struct progress *progress, const struct host *host, const char *state, assay_ns end)
{
    progress->state = state;
    progress->state_start = host_now(host);
    progress->state_end = end;
    progress->last_plain = progress->state_start;
}

/* ---- the line ---- */

static void append_time(const struct progress *progress, const struct host *host, struct str *line)
{
    char passed[QUANTITY_TEXT_SIZE], whole[QUANTITY_TEXT_SIZE];
    const assay_ns since = host_now(host) - progress->state_start;

    (void)str_append(line, format_span(since / ASSAY_SECOND * ASSAY_SECOND, passed));
    if (progress->state_end != ASSAY_FOREVER)
        (void)str_appendf(line, " of %s",
            format_span((progress->state_end - progress->state_start + 50 * ASSAY_MS) /
                    (100 * ASSAY_MS) * (100 * ASSAY_MS),
                whole));
}

static void append_heights(const struct host *host, struct str *line)
{
    uint64_t low = UINT64_MAX, high = 0;
    uint32_t seen = 0;

    for (uint32_t node = 0; node < host_node_count(host); node++) {
        assay_node_status status = {.struct_size = sizeof(status)};

        if (host_node_status(host, node, &status) || status.observed_at < 0)
            continue;
        low = status.height < low ? status.height : low;
        high = status.height > high ? status.height : high;
        seen++;
    }
    if (seen == 0)
        return;
    if (low == high)
        (void)str_appendf(line, ", height %" PRIu64, high);
    else
        (void)str_appendf(line, ", height %" PRIu64 " to %" PRIu64, low, high);
    (void)str_appendf(line, " on %" PRIu32 " nodes", seen);
}

/* The counters of workloads, as "sent 60, accepted 58". */
static void append_counters(const struct host *host, struct str *line)
{
    struct host_metric metric;

    for (size_t i = 0; host_metric_at(host, i, &metric); i++) {
        if (metric.kind == ASSAY_COUNTER && metric.value > 0.0 &&
            strncmp(metric.instance, "workload.", strlen("workload.")) == 0)
            (void)str_appendf(line, ", %s %.0f", metric.name, metric.value);
    }
}

void progress_tick(struct progress *progress, const struct host *host)
{
    const assay_ns now = host_now(host);
    auto_str struct str line = STR_INIT(LINE_MAX_BYTES);

    if (progress->is_quiet)
        return;
    if (!progress->is_live && now - progress->last_plain < PLAIN_INTERVAL)
        return;
    progress->last_plain = now;
    append_time(progress, host, &line);
    append_heights(host, &line);
    append_counters(host, &line);
    write_line(progress, str_text(&line), progress->is_live);
}
