/* Fills in a template: a text file that a person can read and change.

       # a line that begins with "#" stays as it is
       {{#node}}                     what follows is repeated for each item named "node"
         {{name}}:
           image: {{image}}
       {{/node}}

   A value goes in as it is given, so whoever gives it quotes it. Sections begin and end on lines of
   their own and do not nest. A name that no item has, a section that is not closed, or a value outside
   of every section that was not given as "" is a mistake in the template, and said with its line. */
#ifndef ASSAY_PLUGINS_COMPOSE_TEMPLATE_H
#define ASSAY_PLUGINS_COMPOSE_TEMPLATE_H

#include "text.h"

struct template_value {
    const char *name, *text;
};

struct template_item {
    const char *section; /* "": values for lines outside of sections */
    const struct template_value *values;
    size_t value_count;
};

struct template_data {
    const struct template_item *items; /* a section's, in the order in which they come out */
    size_t item_count;
};

/* Appends to `out`. ASSAY_E_INVALID: a mistake, which `why` explains. */
assay_status template_fill(
    const char *source, const struct template_data *data, struct text *out, char why[200]);

#endif
