/* The programs docker and docker-compose, for what the engine's socket does not offer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

#include "compose.h"

#define VERSION_LIMIT (30 * ASSAY_SECOND)
#define DOWN_LIMIT    (120 * ASSAY_SECOND)
#define BUILD_LIMIT   (600 * ASSAY_SECOND)

enum {
    WORDS_MAX = 24,
    OUTPUT_SHOWN = 500, /* bytes of a program's last words in an error, which has room for 1,000 */
    LINE_SHOWN = 300
};

struct command {
    const char *words[WORDS_MAX + 1];
    size_t count;
};

static void add(struct command *command, const char *word)
{
    if (command->count < WORDS_MAX)
        command->words[command->count++] = word;
}

/* `docker -H ENGINE compose -p PROJECT -f FILE`, or what version 1 calls that. */
static struct command compose_command(const struct compose *self)
{
    struct command command = {.count = 0};

    add(&command, self->is_v1 ? "docker-compose" : "docker");
    add(&command, "-H");
    add(&command, self->engine);
    if (!self->is_v1)
        add(&command, "compose");
    add(&command, "--ansi");
    add(&command, "never");
    add(&command, "-p");
    add(&command, self->project);
    add(&command, "-f");
    add(&command, self->file);
    return command;
}

static assay_status run(struct compose *self, assay_task *task, const struct command *command,
    assay_ns limit, int32_t *code, assay_bytes *output)
{
    return self->deployment->exec(
        task, command->words, self->clock->now(self->host) + limit, code, output);
}

/* The failure of a program: what it said last first, since that is what went wrong; then all the end of
   it. */
static assay_status failed(const struct compose *self, assay_status status, const char *what,
    int32_t code, assay_bytes output)
{
    const char *text = output.data ? output.data : "";
    const char *end = text + output.size, *last;
    const char *shown = output.size > OUTPUT_SHOWN ? end - OUTPUT_SHOWN : text;

    while (end > text && (end[-1] == '\n' || end[-1] == ' '))
        end--;
    for (last = end; last > text && last[-1] != '\n';)
        last--;
    return assay_fail_f(self->host, status, "%s ended with %d: %.*s; all it said:\n%.*s", what,
        code, (int)(end - last < LINE_SHOWN ? end - last : LINE_SHOWN), last, (int)(end - shown),
        shown);
}

/* ---- which Compose ---- */

static uint32_t answers(struct compose *self, assay_task *task, uint32_t is_v1, assay_status *s)
{
    struct command command = {.count = 0};
    assay_bytes output = {.data = NULL};
    int32_t code = -1;

    add(&command, is_v1 ? "docker-compose" : "docker");
    if (!is_v1)
        add(&command, "compose");
    add(&command, "version");
    add(&command, "--short");
    *s = run(self, task, &command, VERSION_LIMIT, &code, &output);
    self->is_v1 = is_v1;
    return !*s && code == 0;
}

assay_status programs_find(struct compose *self, assay_task *task)
{
    const char *wanted = self->options.compose;
    assay_status s = ASSAY_OK;

    if (strcmp(wanted, "v1") != 0 && answers(self, task, 0, &s))
        return ASSAY_OK;
    if (s == ASSAY_E_CANCELLED)
        return s;
    if (strcmp(wanted, "v2") != 0 && answers(self, task, 1, &s))
        return ASSAY_OK;
    if (s == ASSAY_E_CANCELLED)
        return s;
    return assay_fail_f(self->host, ASSAY_E_UNSUPPORTED,
        "no Docker Compose%s: neither `docker compose` (version 2) nor `docker-compose` (version "
        "1) can be run. apt install docker-compose has version 1; version 2 is the plug-in "
        "docker-compose-v2 or docker-compose-plugin of newer systems",
        strcmp(wanted, "auto") != 0 ? " of the version that option compose asks for" : "");
}

/* ---- up and down ---- */

static uint32_t names_port(const char *output, const struct compose_store *store)
{
    char port[16];

    (void)snprintf(port, sizeof(port), ":%u", store->port);
    return store->is_wanted && store->is_fixed && strstr(output, port);
}

/* Has somebody taken a port that could as well be another? */
static uint32_t is_port_taken(const struct compose *self, const char *output)
{
    return (strstr(output, "port is already allocated") ||
               strstr(output, "address already in use")) &&
        !names_port(output, &self->prometheus) && !names_port(output, &self->grafana);
}

assay_status programs_up(struct compose *self, assay_task *task)
{
    struct command command = compose_command(self);
    assay_bytes output = {.data = NULL};
    int32_t code = 0;
    assay_status s;

    add(&command, "up");
    add(&command, "-d");
    add(&command, "--no-build");
    s = run(self, task, &command, self->up_limit, &code, &output);
    if (s == ASSAY_E_TIMEOUT)
        return assay_fail_f(self->host, s,
            "docker compose up was not done after %.0f s (option up_limit): the machine is "
            "overloaded, or the engine hangs",
            (double)self->up_limit / (double)ASSAY_SECOND);
    if (s || code == 0)
        return s;
    return failed(self,
        output.data && is_port_taken(self, output.data) ? ASSAY_E_LAGGED : ASSAY_E_IO,
        "docker compose up", code, output);
}

assay_status programs_recreate(
    struct compose *self, assay_task *task, const char *service, assay_ns until)
{
    struct command command = compose_command(self);
    assay_bytes output = {.data = NULL};
    int32_t code = 0;
    assay_status s;

    add(&command, "up");
    add(&command, "-d");
    add(&command, "--no-build");
    add(&command, "--no-deps");
    add(&command, "--force-recreate");
    add(&command, "-V");
    add(&command, service);
    s = self->deployment->exec(task, command.words, until, &code, &output);
    if (s || code == 0)
        return s;
    return failed(self, ASSAY_E_IO, "docker compose up --force-recreate", code, output);
}

assay_status programs_down(struct compose *self, assay_task *task)
{
    struct command command = compose_command(self);
    assay_bytes output = {.data = NULL};
    int32_t code = 0;
    assay_status s;

    add(&command, "down");
    add(&command, "--volumes");
    add(&command, "--timeout");
    add(&command, "0");
    s = run(self, task, &command, DOWN_LIMIT, &code, &output);
    if (s || code == 0)
        return s;
    return failed(self, ASSAY_E_IO, "docker compose down", code, output);
}

/* ---- the image ---- */

assay_status programs_build_image(struct compose *self, assay_task *task)
{
    const char *image = self->deployment->spec(self->host, 0)->image;
    const char *script = self->deployment->asset(self->host, "stack/scripts/build_test_image.sh");
    char engine[COMPOSE_PATH_SIZE + 16], tag[COMPOSE_NAME_SIZE + 16], what[COMPOSE_PATH_SIZE + 256];
    struct command command = {.count = 0};
    assay_bytes output = {.data = NULL};
    int32_t code = 0;
    assay_status s;

    if (!script)
        return self->host->fail(self->host, ASSAY_E_NOTFOUND,
            "stack/scripts/build_test_image.sh is not among the assets; is assay installed whole?");
    (void)snprintf(engine, sizeof(engine), "DOCKER_HOST=%s", self->engine);
    (void)snprintf(tag, sizeof(tag), "IMAGE_TAG=%.240s", image);
    add(&command, "env");
    add(&command, engine);
    add(&command, tag);
    add(&command, "bash");
    add(&command, script);
    assay_log_f(self->host, ASSAY_INFO, "image %s is not there and is built, once", image);
    s = run(self, task, &command, BUILD_LIMIT, &code, &output);
    if (s || code == 0)
        return s;
    (void)snprintf(what, sizeof(what), "building image %.200s (%.4000s)", image, script);
    return failed(self, ASSAY_E_IO, what, code, output);
}
