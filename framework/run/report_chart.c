#include "framework/run/report_chart.h"

#include <inttypes.h>

#include "framework/base/markup.h"
#include "framework/base/number.h"

enum {
    WIDTH = 960,
    HEIGHT = 280,
    LEFT = 44, /* room for the numbers of the axis */
    RIGHT = 12,
    TOP = 12,
    BOTTOM = 28,
    LEGEND_MAX = 12,      /* more names than that do not fit in a line */
    STEPS_MAX = WIDTH * 2 /* per node; more would draw over each other */
};

static const char *const colours[] = {
    "#0969da", "#bf3989", "#1a7f37", "#9a6700", "#8250df", "#cf222e", "#1b7c83", "#bc4c00"};

struct axes {
    assay_ns time_max;
    uint64_t height_max;
};

static double x_of(const struct axes *axes, assay_ns at)
{
    return LEFT + (double)at / (double)axes->time_max * (WIDTH - LEFT - RIGHT);
}

static double y_of(const struct axes *axes, uint64_t height)
{
    return HEIGHT - BOTTOM - (double)height / (double)axes->height_max * (HEIGHT - TOP - BOTTOM);
}

static struct axes measure(const struct report *report)
{
    struct axes axes = {.time_max = report->duration, .height_max = 1};

    VEC_EACH(struct report_point, point, &report->points) {
        if (point->at > axes.time_max)
            axes.time_max = point->at;
        if (point->height > axes.height_max)
            axes.height_max = point->height;
    }
    if (axes.time_max <= 0)
        axes.time_max = ASSAY_SECOND;
    return axes;
}

static void write_frame(const struct report *report, const struct axes *axes, struct str *out)
{
    const double left = x_of(axes, report->window_start);
    const double right = x_of(axes, report->window_end);

    (void)str_appendf(out,
        "<h2>Height of each node over time</h2><svg viewBox=\"0 0 %d %d\" role=\"img\" "
        "aria-label=\"height of each node over time\">",
        WIDTH, HEIGHT);
    if (right > left)
        (void)str_appendf(out,
            "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#54aeff\" "
            "opacity=\".12\"><title>window</title></rect>",
            left, TOP, right - left, HEIGHT - TOP - BOTTOM);
    for (unsigned i = 0; i <= 4; i++) {
        const uint64_t height = axes->height_max * i / 4;
        const assay_ns at = axes->time_max / 4 * (assay_ns)i;

        (void)str_appendf(out,
            "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#8884\"/>"
            "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%" PRIu64 "</text>"
            "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%.1f s</text>",
            LEFT, WIDTH - RIGHT, y_of(axes, height), y_of(axes, height), LEFT - 6,
            y_of(axes, height) + 4, height, x_of(axes, at), HEIGHT - 10, i == 4 ? "end" : "middle",
            (double)at / 1e9);
    }
}

/* A node's tip holds until the next one: a staircase. */
static void write_line(
    const struct report *report, const struct axes *axes, uint32_t node, struct str *out)
{
    const double step_min = (double)(WIDTH - LEFT - RIGHT) / STEPS_MAX;
    double x_last = -1.0;
    bool has_point = false;

    (void)str_append(out, "<path fill=\"none\" stroke-width=\"1.5\" d=\"");
    VEC_EACH(struct report_point, point, &report->points) {
        const double x = x_of(axes, point->at);

        if (point->node != node || x - x_last < step_min)
            continue;
        (void)str_appendf(
            out, has_point ? "H%.1fV%.1f" : "M%.1f %.1f", x, y_of(axes, point->height));
        has_point = true;
        x_last = x;
    }
    (void)str_appendf(out, "\" stroke=\"%s\"/>", colours[node % ARRAY_COUNT(colours)]);
}

static void write_faults(const struct report *report, const struct axes *axes, struct str *out)
{
    VEC_EACH(struct report_receipt, receipt, &report->receipts) {
        const double x = x_of(axes, receipt->asked_at);

        (void)str_appendf(out,
            "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" stroke=\"#cf222e\" "
            "stroke-dasharray=\"3 3\"><title>",
            x, x, TOP, HEIGHT - BOTTOM);
        markup_text(out, receipt->action);
        (void)str_append(out, " ");
        markup_text(out, receipt->node);
        (void)str_append(out, "</title></line>");
    }
}

static void write_legend(const struct report *report, struct str *out)
{
    (void)str_append(out, "<p class=\"soft\">");
    for (size_t i = 0; i < report->nodes.count && i < LEGEND_MAX; i++) {
        const struct report_node *node = vec_at(&report->nodes, i);

        (void)str_appendf(
            out, "<span style=\"color:%s\">&#9632;</span> ", colours[i % ARRAY_COUNT(colours)]);
        markup_text(out, node->name);
        (void)str_append(out, "&ensp;");
    }
    if (report->nodes.count > LEGEND_MAX)
        (void)str_appendf(out, "and %zu more", report->nodes.count - LEGEND_MAX);
    (void)str_append(out, "</p>");
}

void report_chart(const struct report *report, struct str *out)
{
    const struct axes axes = measure(report);

    if (report->points.count == 0)
        return;
    write_frame(report, &axes, out);
    for (uint32_t node = 0; node < report->nodes.count; node++)
        write_line(report, &axes, node, out);
    write_faults(report, &axes, out);
    (void)str_append(out, "</svg>");
    write_legend(report, out);
}
