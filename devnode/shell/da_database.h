/* da_database.h - the store of columns that survives the process: a table of the node's database.
 * Its key is the blob's id and the column, big-endian, so that a blob's columns are neighbours in
 * order. One thread. */
#ifndef DEVNODE_SHELL_DA_DATABASE_H
#define DEVNODE_SHELL_DA_DATABASE_H

#include "devnode/core/da_store.h"
#include "devnode/shell/database.h"

/* Opens the table. The database outlives what is answered; `out->self` is freed with free(). False and
 * a reason when it cannot. */
bool da_database_open(struct database *database, struct da_store *out, struct reason *why);

#endif
