/* For tests of configuration: texts in, problems out. */
#ifndef ASSAY_TESTS_UNIT_SUPPORT_INI_TEXT_H
#define ASSAY_TESTS_UNIT_SUPPORT_INI_TEXT_H

#include <string.h>

#include "framework/config/ini.h"

/* Reads text as the file "m.ini". */
static inline void read_text(struct ini *ini, const char *text, struct problems *problems)
{
    const struct file_text file = {.data = (char *)(uintptr_t)text, .size = strlen(text)};

    ini_read_text(ini, "m.ini", &file, problems);
}

/* Fails unless exactly one problem was found and it is this one. */
#define assert_problem(problems, place, part)                                                      \
    do {                                                                                           \
        const struct problem *found = NULL;                                                        \
        assert_int_equal((problems)->list.count, 1);                                               \
        found = vec_at(&(problems)->list, 0);                                                      \
        assert_string_equal(found->where, place);                                                  \
        if (!strstr(found->text, part))                                                            \
            fail_msg("'%s' does not say '%s'", found->text, part);                                 \
    } while (0)

#define assert_no_problem(problems)                                                                \
    do {                                                                                           \
        if ((problems)->list.count > 0)                                                            \
            fail_msg("%s", ((struct problem *)vec_at(&(problems)->list, 0))->text);                \
        assert_int_equal(problems_status(problems), ASSAY_OK);                                     \
    } while (0)

#endif
