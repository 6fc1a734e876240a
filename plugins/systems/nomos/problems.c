#include "plugins/systems/nomos/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <assay/sdk.h>

enum {
    LINE_SIZE = 501,
    FAIL_TEXT_MAX = 1000 /* bytes that assay_host.fail takes (assay/types.h) */
};

void nomos_problems_add(struct nomos_problems *problems, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    problems->count++;
    text_add(&problems->text, "\n  - ");
    text_add(&problems->text, line);
}

/* Each line, without the dash, as a line of the log. */
static void log_all(const struct nomos_problems *problems, const assay_host *host)
{
    static const char dash[] = "\n  - ";
    const char *at = problems->text.bytes;

    while (at && *at != '\0') {
        const char *begin = at + strlen(dash);
        const char *end = strstr(begin, dash);

        if (!end)
            end = begin + strlen(begin);
        assay_log_f(host, ASSAY_ERROR, "%.*s", (int)(end - begin), begin);
        at = end;
    }
}

assay_status nomos_problems_report(struct nomos_problems *problems, const assay_host *host)
{
    assay_status s = ASSAY_E_NOMEM;

    if (problems->count == 0)
        return ASSAY_OK;
    if (!text_ok(&problems->text)) {
        s = assay_fail_f(host, s, "out of memory while naming %u problems", problems->count);
    } else if (problems->count == 1) {
        s = host->fail(host, ASSAY_E_INVALID, problems->text.bytes + strlen("\n  - "));
    } else {
        const char *where = "";

        if (problems->text.size + 100 > FAIL_TEXT_MAX) {
            log_all(problems, host);
            where = " (the log has them in full)";
        }
        s = assay_fail_f(host, ASSAY_E_INVALID,
            "%u things are to be mended before anything can start%s:%s", problems->count, where,
            problems->text.bytes);
    }
    text_done(&problems->text);
    problems->count = 0;
    return s;
}
