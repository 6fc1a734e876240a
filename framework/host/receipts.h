/* assay.receipts/1: what was done to the nodes, and what became of them, for those who judge. Reads
   what control.c, ends.c and the observation keep. Any thread. */
#ifndef ASSAY_HOST_RECEIPTS_H
#define ASSAY_HOST_RECEIPTS_H

#include <assay/plugin.h>

extern const assay_receipts receipts_table;

#endif
