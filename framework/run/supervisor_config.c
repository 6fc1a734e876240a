/* The command line of assay-supervisor. It is read by programs, and by people in `ps`. */
#include "framework/run/supervisor.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/number.h"
#include "framework/base/parse.h"
#include "framework/base/str.h"

enum {
    WORDS = 11 /* the program and its settings */
};

char **supervisor_config_words(const char *program, const struct supervisor_config *config)
{
    char **words = mem_new_array(WORDS + 1, sizeof *words);
    bool is_complete = words != NULL;

    if (!words)
        return NULL;
    words[0] = mem_dup(program);
    words[1] = str_format("run=%s", config->run_id);
    words[2] = str_format("name=%s", config->name);
    words[3] = str_format("directory=%s", config->run_directory);
    words[4] = str_format("worker=%s", config->worker);
    words[5] = str_format("journal=%s", config->journal);
    words[6] = str_format("seed=%" PRIu64, config->seed);
    words[7] = str_format("front-end=%d", (int)config->front_end);
    words[8] = str_format("grace-ns=%" PRId64, config->cancel_grace);
    words[9] = str_format("limit-ns=%" PRId64, config->limit);
    words[10] = str_format("cgroup=%s", config->avoids_cgroup ? "off" : "on");
    for (size_t i = 0; i < WORDS; i++)
        is_complete = is_complete && words[i];
    if (is_complete)
        return words;
    for (size_t i = 0; i < WORDS; i++)
        free(words[i]);
    free(words);
    return NULL;
}

/* The value behind "name="; NULL when the word is about something else. */
static const char *value_of(const char *word, const char *name)
{
    const size_t len = strlen(name);

    return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

struct text_setting {
    const char *name;
    const char **field;
};

struct number_setting {
    const char *name;
    uint64_t max;
    uint64_t value;
};

static bool take_text(const char *word, const struct text_setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = value_of(word, settings[i].name);

        if (value && value[0] != '\0' && !*settings[i].field) {
            *settings[i].field = value;
            return true;
        }
    }
    return false;
}

static bool take_number(const char *word, struct number_setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *value = value_of(word, settings[i].name);

        if (value)
            return !parse_u64_in(
                value, (struct u64_range){0, settings[i].max}, &settings[i].value, NULL);
    }
    return false;
}

assay_status supervisor_config_parse(char **argv, struct supervisor_config *out, struct error *err)
{
    struct supervisor_config config = {0};
    const struct text_setting texts[] = {{"run", &config.run_id}, {"name", &config.name},
        {"directory", &config.run_directory}, {"worker", &config.worker},
        {"journal", &config.journal}};
    struct number_setting numbers[] = {{"seed", UINT64_MAX, 0}, {"front-end", INT32_MAX, 0},
        {"grace-ns", INT64_MAX, 0}, {"limit-ns", INT64_MAX, 0}};

    for (size_t i = 1; argv[0] && argv[i]; i++) {
        const char *cgroup = value_of(argv[i], "cgroup");

        if (cgroup)
            config.avoids_cgroup = strcmp(cgroup, "off") == 0;
        else if (!take_text(argv[i], texts, ARRAY_COUNT(texts)) &&
            !take_number(argv[i], numbers, ARRAY_COUNT(numbers)))
            return error_set(err, ASSAY_E_INVALID,
                "%s: this program is started by assay, not by hand; try `assay run`", argv[i]);
    }
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (!*texts[i].field)
            return error_set(err, ASSAY_E_INVALID,
                "%s= is missing: this program is started by assay, not by hand; try `assay run`",
                texts[i].name);
    config.seed = numbers[0].value;
    config.front_end = (pid_t)numbers[1].value;
    config.cancel_grace = (assay_ns)numbers[2].value;
    config.limit = (assay_ns)numbers[3].value;
    *out = config;
    return ASSAY_OK;
}
