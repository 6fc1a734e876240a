/* The chart of a report: every node's height over time as inline SVG, the window shaded, faults as
   marks on the same axis. Nothing is written when there are no points. */
#ifndef ASSAY_RUN_REPORT_CHART_H
#define ASSAY_RUN_REPORT_CHART_H

#include "framework/run/report.h"

void report_chart(const struct report *report, struct str *out);

#endif
