/* The real programs, run as a user runs them: assay is spawned with a manifest in a directory of the
   test's own, and what it leaves (exit code, output, run directory, processes) is looked at.

   Every wait has a deadline that no healthy machine reaches; nothing depends on how fast it is. A
   test that fails prints what assay has said. */
#ifndef ASSAY_TEST_SCENARIOS_SUPPORT_H
#define ASSAY_TEST_SCENARIOS_SUPPORT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    STAGE_PATIENCE_S = 240, /* for anything that is waited for */
    STAGE_WORDS_MAX = 32,   /* on a command line */
    STAGE_PATH_SIZE = 512
};

/* One test's directory, its programs and what they said. */
struct stage {
    char root[STAGE_PATH_SIZE / 2]; /* by mkdtemp; removed by stage_close */
    char run[STAGE_PATH_SIZE];      /* the run directory that stage_run and stage_start name */
    char manifest[STAGE_PATH_SIZE]; /* what stage_manifest has written */
    char *out, *err;                /* of the last program that has ended; owned */
    pid_t pid;                      /* of the program that runs, 0: none */
    unsigned runs;                  /* that stage_next has counted */
    char run_id[128];               /* once stage_await_event has found the run */
    json_object *verdict;           /* of stage_verdict; owned */
    const char *env[STAGE_WORDS_MAX];
    size_t env_count; /* NAME=VALUE on top of a small fixed environment */
};

/* CMocka set-up and tear-down; *state is the stage. Tear-down kills what carries the run's marker,
   so that a test that fails leaves nothing behind either. */
int stage_open(void **state);
int stage_close(void **state);

/* Writes a file into the stage's directory; stage_manifest writes scenario.ini and remembers it. */
void stage_write(struct stage *stage, const char *name, const char *text);
void stage_manifest(struct stage *stage, const char *text);
/* A path in the stage's directory; overwritten by the next call but three. */
const char *stage_path(const struct stage *stage, const char *name);

/* Adds NAME=VALUE to the environment of what is started from now on; not copied. */
void stage_setenv(struct stage *stage, const char *assignment);

/* Runs a program of the build's bin directory, or at an absolute path, to its end. Words end with NULL. The exit code, or
   128 and the number of the signal that ended it. */
int stage_call(struct stage *stage, const char *program, const char *const *words);
#define ASSAY(stage, ...) stage_call((stage), "assay", (const char *const[]){__VA_ARGS__, NULL})

/* `assay run` on the stage's manifest with more words (NULL at the end; may be NULL itself). */
int stage_run(struct stage *stage, const char *const *words);
/* The next run of the same stage gets a run directory of its own. */
void stage_next(struct stage *stage);
/* The same as stage_run without waiting, and the wait. */
void stage_start(struct stage *stage, const char *const *words);
int stage_join(struct stage *stage);

/* Waits until events.ndjson of the run has a line with this text, and learns the run's id. */
void stage_await_event(struct stage *stage, const char *text);
#define WINDOW_OPEN "\"type\":\"window\",\"text\":\"open\""

/* Between two looks at something that no event announces. */
void stage_pause(void);

/* The run's processes: those with its marker in their environment. */
size_t stage_processes(const struct stage *stage);
/* The one whose program has this name (`nth` from 0, in the order of pids), or 0. */
pid_t stage_process(const struct stage *stage, const char *program, size_t nth);
/* Waits until there is none, and prints how long that took from now. */
void stage_await_nobody(struct stage *stage);

/* verdict.json of the run; fails the test when it is not there or not JSON. */
json_object *stage_verdict(struct stage *stage);
/* Texts of the verdict: "" when they are not there. */
const char *verdict_text(json_object *verdict, const char *key);
const char *verdict_of(
    json_object *verdict, const char *group, const char *instance, const char *key);

/* Fails, and prints the whole text, unless it has the part. */
#define assert_has(text, part)   stage_assert_has((text), (part), __FILE__, __LINE__)
#define assert_lacks(text, part) stage_assert_lacks((text), (part), __FILE__, __LINE__)
void stage_assert_has(const char *text, const char *part, const char *file, int line);
void stage_assert_lacks(const char *text, const char *part, const char *file, int line);

/* Fails, and prints what assay has said, unless it ended with this exit code. */
#define assert_exit(stage, code, wanted)                                                           \
    stage_assert_exit((stage), (code), (wanted), __FILE__, __LINE__)
void stage_assert_exit(const struct stage *stage, int code, int wanted, const char *file, int line);

/* The outcome of an expectation ("liveness" stands for "expectation.liveness"). */
#define assert_judged(stage, name, outcome)                                                        \
    stage_assert_judged((stage), (name), (outcome), __FILE__, __LINE__)
void stage_assert_judged(
    struct stage *stage, const char *name, const char *outcome, const char *file, int line);
/* Why it was judged so. */
const char *stage_why(struct stage *stage, const char *name);

/* A file of the run directory, NULL when it is not there; the caller frees it. */
char *stage_read(const struct stage *stage, const char *name);

/* A file of a directory of the stage whose name begins so, NULL without one; the caller frees it. */
char *stage_find(const struct stage *stage, const char *directory, const char *prefix);

/* Tells a development node of the run to misbehave from now on: {"name": ..., "arg": ...}. */
void stage_misbehave(const struct stage *stage, const char *node, const char *json);

#endif
