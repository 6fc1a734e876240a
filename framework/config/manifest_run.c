#include "framework/config/manifest_run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "framework/base/number.h"
#include "framework/base/parse.h"
#include "framework/base/path.h"
#include "framework/config/manifest_tables.h"

/* Variables that, if they are set at all, stand for an option which nobody has given. */
static const struct {
    const char *variable;
    const char *key;
    const char *value;
} environment_options[] = {
    {"NOMOS_TESTS_KEEP_LOGS", "keep", "always"},
};

/* [run] as it was written, and what takes the place of what was not. */
struct run_reading {
    struct manifest *manifest;
    struct section section; /* its settings borrow from the ini and the manifest */
    struct problems *problems;
};

static void imply(
    struct run_reading *reading, const char *key, const char *value, struct origin origin)
{
    const struct setting setting = {.key = key, .value = value, .raw = value, .origin = origin};

    if (section_find(&reading->section, key))
        return;
    if (vec_push(&reading->section.settings, &setting))
        problems_nomem(reading->problems);
}

static void imply_environment(struct run_reading *reading)
{
    for (size_t i = 0; i < ARRAY_COUNT(environment_options); i++) {
        const char *variable = environment_options[i].variable;

        if (getenv(variable))
            imply(reading, environment_options[i].key, environment_options[i].value,
                (struct origin){.kind = ORIGIN_ENVIRONMENT, .name = variable});
    }
}

/* The manifest's file name without .ini, if there is a file and the name will do; "scenario"
   otherwise. */
static void imply_name(struct run_reading *reading, const struct ini *ini)
{
    VEC_EACH(const struct section, section, &ini->sections) {
        const char *base = NULL;
        const char *end = NULL;
        char *name = NULL;

        if (section->origin.kind != ORIGIN_FILE)
            continue;
        base = path_base(section->origin.name);
        end = strstr(base, ".ini");
        name =
            pool_dup_n(&reading->manifest->pool, base, end ? (size_t)(end - base) : strlen(base));
        if (!name)
            problems_nomem(reading->problems);
        else if (path_is_plain_name(name))
            imply(reading, "name", name, (struct origin){.kind = ORIGIN_DEFAULT});
        break;
    }
    imply(reading, "name", "scenario", (struct origin){.kind = ORIGIN_DEFAULT});
}

/* A seed drawn now takes the place of "random", so that the plan is decided. */
static void draw_seed(struct run_reading *reading)
{
    struct setting *written = section_find(&reading->section, "seed");
    char text[QUANTITY_TEXT_SIZE];
    uint64_t seed = 0;
    char *copy = NULL;

    if (written && (strcmp(written->value, "random") != 0))
        return;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) {
        problems_add(reading->problems, NULL,
            "no random number could be had for the seed (%s); write seed = 1", strerror(errno));
        return;
    }
    seed >>= 32; /* short enough to read out and type again */
    (void)snprintf(text, sizeof text, "%" PRIu64, seed);
    copy = pool_dup(&reading->manifest->pool, text);
    if (!copy)
        problems_nomem(reading->problems);
    else if (written)
        *written = (struct setting){
            .key = "seed", .value = copy, .raw = copy, .origin = {.kind = ORIGIN_CHOSEN}};
    else
        imply(reading, "seed", copy, (struct origin){.kind = ORIGIN_CHOSEN});
}

static void report(struct run_reading *reading, const char *key, struct error *err)
{
    const struct value *value = values_find(&reading->manifest->run_values, key);

    (void)error_wrap(err, err->code, "[run] %s", key);
    problems_add_error(reading->problems, &value->origin, err);
}

static void read_seed(struct run_reading *reading)
{
    struct run_options *run = &reading->manifest->run;
    struct error err;

    error_clear(&err);
    if (run->seed_text && parse_u64(run->seed_text, &run->seed, &err)) {
        (void)error_set(&err, ASSAY_E_INVALID,
            "'%.60s' is neither random nor a whole number below 2^64", run->seed_text);
        report(reading, "seed", &err);
    }
}

static void read_auto_span(
    struct run_reading *reading, const char *key, const char *text, assay_ns *out)
{
    struct error err;

    error_clear(&err);
    *out = RUN_AUTO;
    if (text && strcmp(text, "auto") != 0 && parse_span(text, out, &err)) {
        (void)error_wrap(&err, err.code, "neither auto nor a time");
        report(reading, key, &err);
    }
}

static void read_name(struct run_reading *reading)
{
    struct run_options *run = &reading->manifest->run;
    struct error err;

    error_clear(&err);
    if (!run->name || path_is_plain_name(run->name))
        return; /* without a name, something has been reported already */
    (void)error_set(&err, ASSAY_E_INVALID,
        "'%.60s' cannot name a run: use letters, digits and the signs . _ - + @", run->name);
    report(reading, "name", &err);
}

void manifest_read_run(struct manifest *manifest, const struct ini *ini, struct problems *problems)
{
    const struct section *written = ini_find(ini, "run");
    struct run_reading reading = {.manifest = manifest, .problems = problems};
    struct run_options *run = &manifest->run;

    reading.section.name = "run";
    vec_init(&reading.section.settings, sizeof(struct setting), INI_SETTINGS_MAX * 2);
    if (written) {
        reading.section.origin = written->origin;
        VEC_EACH(const struct setting, setting, &written->settings) {
            if (vec_push(&reading.section.settings, setting))
                problems_nomem(problems);
        }
    }
    imply_environment(&reading);
    imply_name(&reading, ini);
    draw_seed(&reading);
    schema_fill(&manifest_run_schema, "run", &reading.section, &manifest->run_values, problems);
    if (manifest->run_values.data)
        memcpy(run, manifest->run_values.data, sizeof *run);
    read_name(&reading);
    read_seed(&reading);
    read_auto_span(&reading, "cooldown", run->cooldown_text, &run->cooldown);
    read_auto_span(&reading, "settle", run->settle_text, &run->settle);
    vec_done(&reading.section.settings);
}
