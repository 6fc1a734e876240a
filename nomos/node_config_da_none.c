/* In the place of node_config_da.c, in a build without data availability. */
#include "nomos/node_config_parts.h"

const bool node_config_knows_da = false;

void node_config_write_da(struct node_config_writer *writer)
{
    (void)writer; /* which was refused before */
}
