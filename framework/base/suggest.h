/* "Did you mean ...?": the nearest of the known names.

       struct suggestion suggestion;
       suggestion_init(&suggestion, "duratoin");
       for each known name
           suggestion_offer(&suggestion, name);
       if (suggestion.best)
           ...

   Distance is the number of letters to insert, delete, replace or swap with
   their neighbour, capitals and -/_ counting as equal. A name farther away than
   a third of its length is no help and is not taken. Offered names are borrowed:
   they must live as long as `best` is used. No allocation. */
#ifndef ASSAY_BASE_SUGGEST_H
#define ASSAY_BASE_SUGGEST_H

#include <stddef.h>

enum {
    SUGGEST_NAME_MAX = 64
}; /* longer names are never suggested */

struct suggestion {
    const char *wanted;
    const char *best; /* NULL: nothing is near enough */
    size_t distance;  /* of best */
};

void suggestion_init(struct suggestion *suggestion, const char *wanted);
void suggestion_offer(struct suggestion *suggestion, const char *candidate);

#endif
