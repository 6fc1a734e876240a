/* One value by the rules of one option: the inside of schema.h. */
#ifndef ASSAY_CONFIG_OPTION_VALUE_H
#define ASSAY_CONFIG_OPTION_VALUE_H

#include "framework/base/error.h"
#include "framework/base/pool.h"

/* A parsed value; which member counts is told by the option's type. */
struct option_value {
    int64_t integer; /* BOOL, INT, SPAN, SIZE */
    double real;
    const char *text;        /* TEXT, CHOICE; in the pool */
    const char *const *list; /* LIST; in the pool, NULL at the end */
};

/* Parses text and checks the option's range. The message says what is expected;
   it does not quote the text of an option that is secret. */
assay_status option_value_parse(const assay_option *option, const char *text, struct pool *pool,
    struct option_value *out, struct error *err);

/* Is the range text valid for the option's type? */
assay_status option_range_check(const assay_option *option, struct error *err);

/* Writes the value to its field. */
void option_value_store(
    const assay_option *option, const struct option_value *value, void *options_struct);

/* Bytes of the field that an option of this type fills; 0: no such type. */
size_t option_field_size(uint32_t type);

#endif
