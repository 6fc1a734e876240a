/* ${NAME} in a value, from the environment.

       ${NAME}             the variable's value; it must be set
       ${NAME:-default}    the default when the variable is unset or empty; no } in it
       $$                  one dollar
       $ before anything else stands for itself

   What comes out is not expanded again. Reads the environment, so not while
   another thread changes it. */
#ifndef ASSAY_CONFIG_EXPAND_H
#define ASSAY_CONFIG_EXPAND_H

#include "framework/base/error.h"
#include "framework/base/str.h"

struct expansion {
    const char *variable; /* the last one named, inside the text given; NULL: none */
    size_t variable_len;
};

/* Appends the expanded text to out. ASSAY_E_INVALID: a variable is unset or ${ is not closed.
   ASSAY_E_NOMEM; also ASSAY_E_INVALID when out would exceed its maximum. */
assay_status expand_environment(
    const char *text, struct str *out, struct expansion *expansion, struct error *err);

/* Appends text so that expansion gives it back: every dollar doubled. */
assay_status expand_escape(const char *text, struct str *out);

#endif
