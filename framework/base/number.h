/* Arithmetic that says when it does not fit, for sizes, counts and spans.

       if (add_overflows(used, more, &total))
           return error_set(err, ASSAY_E_INVALID, "...");

   The result is written in any case and is only meaningful when false is
   returned. Works on every pair of integer types that agree with *out. */
#ifndef ASSAY_BASE_NUMBER_H
#define ASSAY_BASE_NUMBER_H

#include <stdbool.h>

#define add_overflows(a, b, out) __builtin_add_overflow((a), (b), (out))
#define sub_overflows(a, b, out) __builtin_sub_overflow((a), (b), (out))
#define mul_overflows(a, b, out) __builtin_mul_overflow((a), (b), (out))

#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
