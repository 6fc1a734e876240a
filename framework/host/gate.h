/* Gates: counting semaphores of assay.tasks/1, which see for what they do. They die with their
   instance. Who waited longest is woken first, but a task that comes by at that moment may be
   quicker. */
#ifndef ASSAY_HOST_GATE_H
#define ASSAY_HOST_GATE_H

#include <assay/plugin.h>

assay_status gate_new(const assay_host *table, uint32_t count, assay_gate **out);
assay_status gate_enter(assay_task *task, assay_gate *gate, assay_ns until);
void gate_leave(const assay_host *table, assay_gate *gate);

#endif
