#include "framework/config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "framework/base/mem.h"

enum {
    PROBLEM_TEXT_MAX = 4096,
    PLACE_TEXT_MAX = 8192 /* a path of the longest kind, and a line number */
};

void problems_init(struct problems *problems)
{
    *problems = (struct problems){.error_count = 0};
    vec_init(&problems->list, sizeof(struct problem), PROBLEMS_MAX);
}

void problems_done(struct problems *problems)
{
    VEC_EACH(struct problem, problem, &problems->list) {
        free(problem->where);
        free(problem->text);
    }
    vec_done(&problems->list);
    problems->error_count = 0;
    problems->warning_count = 0;
    problems->is_short_of_memory = false;
}

/* Is a, which came first, from the same file as b and from further down? */
static bool is_below(const struct problem *a, const struct problem *b)
{
    const size_t a_len = strcspn(a->where, ":");

    return a->line > b->line && b->line > 0 && a_len == strcspn(b->where, ":") &&
        strncmp(a->where, b->where, a_len) == 0;
}

/* Takes the problem's strings. */
static void keep(struct problems *problems, struct problem problem)
{
    struct problem *list = NULL;
    assay_status status = ASSAY_E_NOMEM;

    if (problem.where && problem.text)
        status = vec_push(&problems->list, &problem);
    if (status) { /* beyond the maximum it is counted, not kept */
        problems->is_short_of_memory = problems->is_short_of_memory || status == ASSAY_E_NOMEM;
        free(problem.where);
        free(problem.text);
        return;
    }
    /* A file is read from top to bottom, whatever the order of the checks. */
    list = problems->list.items;
    for (size_t i = problems->list.count - 1; i > 0 && is_below(&list[i - 1], &problem); i--) {
        list[i] = list[i - 1];
        list[i - 1] = problem;
    }
}

static char *place_of(const struct origin *origin)
{
    auto_str struct str place = STR_INIT(PLACE_TEXT_MAX);

    if (origin)
        (void)origin_write(origin, &place);
    return str_take(&place);
}

static void add(struct problems *problems, enum problem_severity severity,
    const struct origin *origin, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

static void add(struct problems *problems, enum problem_severity severity,
    const struct origin *origin, const char *format, va_list args)
{
    char text[PROBLEM_TEXT_MAX];

    if (severity == PROBLEM_ERROR)
        problems->error_count++;
    else
        problems->warning_count++;
    if (problems->list.count >= PROBLEMS_MAX)
        return;
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    keep(problems,
        (struct problem){.severity = severity,
            .line = origin && origin->kind == ORIGIN_FILE ? origin->line : 0,
            .where = place_of(origin),
            .text = mem_dup(text)});
}

void problems_add(struct problems *problems, const struct origin *origin, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(problems, PROBLEM_ERROR, origin, format, args);
    va_end(args);
}

void problems_warn(struct problems *problems, const struct origin *origin, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add(problems, PROBLEM_WARNING, origin, format, args);
    va_end(args);
}

void problems_add_error(
    struct problems *problems, const struct origin *origin, const struct error *err)
{
    if (err->code == ASSAY_E_NOMEM)
        problems_nomem(problems);
    else
        problems_add(problems, origin, "%s", err->text);
}

void problems_append(struct problems *problems, const struct problems *from)
{
    problems->error_count += from->error_count;
    problems->warning_count += from->warning_count;
    problems->is_short_of_memory = problems->is_short_of_memory || from->is_short_of_memory;
    VEC_EACH(const struct problem, problem, &from->list) {
        const struct problem copy = {.severity = problem->severity,
            .line = problem->line,
            .where = mem_dup(problem->where),
            .text = mem_dup(problem->text)};

        keep(problems, copy);
    }
}

void problems_nomem(struct problems *problems)
{
    problems->is_short_of_memory = true;
}

assay_status problems_status(const struct problems *problems)
{
    if (problems->is_short_of_memory)
        return ASSAY_E_NOMEM;
    return problems->error_count > 0 ? ASSAY_E_INVALID : ASSAY_OK;
}

assay_status problems_write(const struct problems *problems, struct str *out)
{
    const size_t total = problems->error_count + problems->warning_count;

    VEC_EACH(const struct problem, problem, &problems->list)
        (void)str_appendf(out, "%s%s%s%s\n", problem->where, problem->where[0] ? ": " : "",
            problem->severity == PROBLEM_WARNING ? "warning: " : "", problem->text);
    if (problems->is_short_of_memory)
        (void)str_append(out, "out of memory\n");
    else if (total > problems->list.count)
        (void)str_appendf(out, "... and %zu more\n", total - problems->list.count);
    return out->status;
}
