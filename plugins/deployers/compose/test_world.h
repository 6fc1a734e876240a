/* A host and an engine that do what a test says, and write down what they were asked, in order. */
#ifndef ASSAY_PLUGINS_COMPOSE_TEST_WORLD_H
#define ASSAY_PLUGINS_COMPOSE_TEST_WORLD_H

#include <stdbool.h>
#include <stddef.h>

#include "compose.h"

enum {
    WORLD_NODES = 2,
    WORLD_RULES_MAX = 32
};

/* "POST /networks/create" is answered so; the first rule whose beginning fits counts, and after `times`
   answers no more (0: always). Without a rule: 200 and "{}". code 0: no answer at all. */
void world_answer(const char *request, unsigned code, const char *body, unsigned times);
void world_subnet(const char *subnet); /* that the engine chooses for the run */
/* What a program whose words begin so says and ends with. */
void world_program(const char *words, int32_t code, const char *output);
void world_variable(const char *name, const char *value);
void world_support(const assay_support *support);
/* The nth call that can fail does; 0: none. Returns how many there were since the last time. */
unsigned world_fail_call(unsigned nth, assay_status status);

/* Makes the instance; further changes to the options by `change`, which may be NULL. */
assay_status world_create(void (*change)(struct compose_options *));
assay_status world_prepare(void);
assay_status world_finish(void);
assay_status world_control(uint32_t kind, uint32_t node);
assay_status world_inspect(uint32_t node, assay_process *out, char detail[160]);
assay_status world_collect(uint32_t node);
assay_status world_watch(void);

const char *world_story(void); /* what was done, a line each */
const char *world_why(void);   /* the latest failure */
const char *world_log(void);
/* The text of a file that was written, by its path in the workspace; the test fails without. */
const char *world_file(const char *path);

int world_open(void **state);
int world_close(void **state);

#endif
