#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/sdk.h>

enum {
    MESSAGE_SIZE = 400,
    LOG_MAX = 64 << 20 /* bytes of one container's log; what a file of a node may have */
};

static const char default_engine[] = "unix:///var/run/docker.sock";

/* ---- where it is ---- */

/* tcp://host:port, with certificates when DOCKER_TLS_VERIFY asks for them. */
static assay_status find_remote(struct compose *self, const char *rest)
{
    const char *path = compose_setting(self, "DOCKER_CERT_PATH");
    const uint32_t is_tls = compose_setting(self, "DOCKER_TLS_VERIFY") != NULL;

    if (is_tls && !path)
        return self->host->fail(self->host, ASSAY_E_INVALID,
            "DOCKER_TLS_VERIFY is set, but not DOCKER_CERT_PATH, the directory of ca.pem, cert.pem "
            "and key.pem");
    (void)snprintf(self->url, sizeof(self->url), "%s://%s", is_tls ? "https" : "http", rest);
    if (!is_tls)
        return ASSAY_OK;
    (void)snprintf(self->ca_file, sizeof(self->ca_file), "%.4000s/ca.pem", path);
    (void)snprintf(
        self->certificate_file, sizeof(self->certificate_file), "%.4000s/cert.pem", path);
    (void)snprintf(self->key_file, sizeof(self->key_file), "%.4000s/key.pem", path);
    return ASSAY_OK;
}

assay_status engine_find(struct compose *self)
{
    const char *engine = self->options.engine;

    if (!engine[0])
        engine = compose_setting(self, "DOCKER_HOST");
    if (!engine)
        engine = default_engine;
    if (strlen(engine) >= sizeof(self->engine) - 16)
        return self->host->fail(self->host, ASSAY_E_INVALID, "the engine's address is too long");
    if (engine[0] == '/') /* a bare path is a socket */
        (void)snprintf(self->engine, sizeof(self->engine), "unix://%.4000s", engine);
    else
        (void)snprintf(self->engine, sizeof(self->engine), "%s", engine);
    if (!strncmp(self->engine, "unix://", 7)) {
        (void)snprintf(self->socket, sizeof(self->socket), "%s", self->engine + 7);
        return ASSAY_OK;
    }
    if (!strncmp(self->engine, "tcp://", 6))
        return find_remote(self, self->engine + 6);
    return assay_fail_f(self->host, ASSAY_E_INVALID,
        "the engine is at %.200s (option engine, or DOCKER_HOST); it must be unix:///path or "
        "tcp://host:port",
        self->engine);
}

/* ---- one request ---- */

static const char *set_or_null(const char *text)
{
    return text[0] ? text : NULL;
}

assay_status engine_ask(struct compose *self, assay_task *task,
    const struct engine_request *request, struct engine_answer *out)
{
    const assay_backend_call call = {.struct_size = sizeof(call),
        .socket = set_or_null(self->socket),
        .url = self->socket[0] ? NULL : self->url,
        .method = request->method,
        .path = request->path,
        .body = {.data = request->body, .size = request->body ? strlen(request->body) : 0},
        .timeout = request->timeout ? request->timeout : ENGINE_TIMEOUT,
        .reply_max = LOG_MAX,
        .ca_file = set_or_null(self->ca_file),
        .certificate_file = set_or_null(self->certificate_file),
        .key_file = set_or_null(self->key_file)};
    assay_status s;

    *out = (struct engine_answer){.reply = NULL};
    s = self->deployment->call(task, &call, &out->reply);
    if (s)
        return s;
    out->code = self->http->info(out->reply)->code;
    out->body = self->http->info(out->reply)->body;
    return ASSAY_OK;
}

void engine_release(struct compose *self, struct engine_answer *answer)
{
    self->http->release(answer->reply);
    *answer = (struct engine_answer){.reply = NULL};
}

/* {"message": "..."}, or the body itself. */
static void read_message(struct compose *self, assay_bytes body, char out[MESSAGE_SIZE])
{
    assay_json *json = NULL;
    const char *message = NULL;

    if (!self->json->parse(self->host, body, &json))
        message = self->json->text(self->json->member(self->json->root(json), "message"));
    if (message)
        (void)snprintf(out, MESSAGE_SIZE, "%s", message);
    else
        (void)snprintf(out, MESSAGE_SIZE, "%.*s",
            (int)(body.size < MESSAGE_SIZE ? body.size : MESSAGE_SIZE - 1),
            body.data ? (const char *)body.data : "");
    self->json->release(json);
}

assay_status engine_refused(
    struct compose *self, const struct engine_request *request, const struct engine_answer *answer)
{
    char message[MESSAGE_SIZE];

    read_message(self, answer->body, message);
    return assay_fail_f(self->host, answer->code == 404 ? ASSAY_E_NOTFOUND : ASSAY_E_IO,
        "the engine answers %s %.200s with %u: %s", request->method, request->path, answer->code,
        message);
}

assay_status engine_do(struct compose *self, assay_task *task, const struct engine_request *request)
{
    struct engine_answer answer;
    assay_status s = engine_ask(self, task, request, &answer);

    if (s)
        return s;
    if ((answer.code < 200 || answer.code > 299) && answer.code != 304)
        s = engine_refused(self, request, &answer);
    engine_release(self, &answer);
    return s;
}

assay_status engine_check(struct compose *self, assay_task *task)
{
    const struct engine_request request = {.method = "GET", .path = "/version"};
    struct engine_answer answer;
    assay_status s = engine_ask(self, task, &request, &answer);

    if (s == ASSAY_E_CANCELLED)
        return s;
    if (s)
        return assay_fail_f(self->host, ASSAY_E_UNSUPPORTED,
            "no container engine answers at %.300s. Install one (apt install docker.io "
            "docker-compose), start it, see to it that this user may use it (group docker), or set "
            "DOCKER_HOST to where it is",
            self->engine);
    if (answer.code != 200)
        s = engine_refused(self, &request, &answer);
    engine_release(self, &answer);
    return s;
}

/* ---- images ---- */

assay_status engine_has_image(
    struct compose *self, assay_task *task, const char *image, uint32_t *out)
{
    struct text path = {.bytes = NULL};
    struct engine_request request = {.method = "GET"};
    struct engine_answer answer;
    assay_status s;

    text_add(&path, "/images/");
    text_add_escaped(&path, image);
    text_add(&path, "/json");
    request.path = text_get(&path);
    s = engine_ask(self, task, &request, &answer);
    if (!s) {
        *out = answer.code == 200;
        if (answer.code != 200 && answer.code != 404)
            s = engine_refused(self, &request, &answer);
        engine_release(self, &answer);
    }
    text_done(&path);
    return s;
}

/* ---- containers ---- */

static uint32_t digits(const char *text, int count, int64_t *out)
{
    *out = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        *out = *out * 10 + (text[i] - '0');
    }
    return 1;
}

/* Days from 1970-01-01 to the first of March of a year, by the Gregorian calendar's 400-year cycle. */
static int64_t days_to(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = y / 400, of_era = y % 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t engine_read_time(const char *text)
{
    int64_t year, month, day, hour, minute, second, ns = 0, unit = ASSAY_SECOND;
    const size_t size = strlen(text);

    if (size < 20 || !digits(text, 4, &year) || !digits(text + 5, 2, &month) ||
        !digits(text + 8, 2, &day) || !digits(text + 11, 2, &hour) ||
        !digits(text + 14, 2, &minute) || !digits(text + 17, 2, &second) || year < 1970 ||
        year > 2200)
        return 0;
    text += 19;
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && unit > 1; text++) {
            unit /= 10;
            ns += unit * (*text - '0');
        }
    }
    return (days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second) * ASSAY_SECOND +
        ns;
}

static void read_state(struct compose *self, const assay_value *root, struct container_state *out)
{
    const assay_json_table *json = self->json;
    const assay_value *state = json->member(root, "State");
    const char *status = json->text(json->member(state, "Status"));
    const char *started = json->text(json->member(state, "StartedAt"));
    const char *ended = json->text(json->member(state, "FinishedAt"));
    const char *error = json->text(json->member(state, "Error"));
    const char *signal = json->text(json->member(json->member(root, "Config"), "StopSignal"));
    uint64_t code = 0;

    *out = (struct container_state){.is_created = status && !strcmp(status, "created")};
    (void)json->boolean(json->member(state, "Running"), &out->is_running);
    (void)json->boolean(json->member(state, "Paused"), &out->is_paused);
    out->is_running |= out->is_paused; /* not every engine says so */
    (void)json->boolean(json->member(state, "OOMKilled"), &out->is_out_of_memory);
    (void)json->natural(json->member(state, "ExitCode"), &code);
    (void)json->integer(json->member(state, "Pid"), &out->pid);
    out->exit_code = (uint32_t)code;
    out->started_unix_ns = started ? engine_read_time(started) : 0;
    out->ended_unix_ns = ended ? engine_read_time(ended) : 0;
    (void)snprintf(
        out->stop_signal, sizeof(out->stop_signal), "%s", signal && *signal ? signal : "SIGTERM");
    (void)snprintf(out->error, sizeof(out->error), "%s", error ? error : "");
}

assay_status engine_inspect(
    struct compose *self, assay_task *task, const char *container, struct container_state *out)
{
    char path[COMPOSE_NAME_SIZE + 32];
    const struct engine_request request = {.method = "GET", .path = path};
    struct engine_answer answer;
    assay_json *json = NULL;
    assay_status s;

    (void)snprintf(path, sizeof(path), "/containers/%s/json", container);
    s = engine_ask(self, task, &request, &answer);
    if (s)
        return s;
    if (answer.code != 200)
        s = engine_refused(self, &request, &answer);
    else
        s = self->json->parse(self->host, answer.body, &json);
    if (!s)
        read_state(self, self->json->root(json), out);
    self->json->release(json);
    engine_release(self, &answer);
    return s;
}

static void read_list(
    const struct compose *self, const assay_value *list, enum container_sight *out)
{
    const assay_json_table *json = self->json;
    const assay_value *one;

    for (size_t i = 0; (one = json->element(list, i)); i++) {
        const char *state = json->text(json->member(one, "State"));
        const char *node =
            json->text(json->member(json->member(one, "Labels"), COMPOSE_NODE_LABEL));
        const unsigned long index = node ? strtoul(node, NULL, 10) : self->node_count;

        if (index < self->node_count)
            out[index] = state && (!strcmp(state, "running") || !strcmp(state, "paused"))
                ? CONTAINER_UP
                : CONTAINER_DOWN;
    }
}

assay_status engine_list(struct compose *self, assay_task *task, enum container_sight *out)
{
    struct text path = {.bytes = NULL}, filters = {.bytes = NULL};
    struct engine_request request = {.method = "GET"};
    struct engine_answer answer = {.reply = NULL};
    assay_json *document = NULL;
    assay_status s;

    text_addf(&filters, "{\"label\":[\"%s=%s\"]}", COMPOSE_LABEL, self->run_id);
    text_add(&path, "/containers/json?all=1&filters=");
    text_add_escaped(&path, text_get(&filters));
    request.path = text_get(&path);
    s = engine_ask(self, task, &request, &answer);
    if (!s && answer.code != 200)
        s = engine_refused(self, &request, &answer);
    else if (!s)
        s = self->json->parse(self->host, answer.body, &document);
    if (!s) {
        for (uint32_t node = 0; node < self->node_count; node++)
            out[node] = CONTAINER_GONE;
        read_list(self, self->json->root(document), out);
    }
    self->json->release(document);
    engine_release(self, &answer);
    text_done(&filters);
    text_done(&path);
    return s;
}

assay_status engine_await_end(struct compose *self, assay_task *task, const char *container,
    assay_ns timeout, uint32_t *exit_code)
{
    char path[COMPOSE_NAME_SIZE + 64];
    const struct engine_request request = {.method = "POST", .path = path, .timeout = timeout};
    struct engine_answer answer;
    assay_json *document = NULL;
    uint64_t code = 0;
    assay_status s;

    (void)snprintf(path, sizeof(path), "/containers/%s/wait?condition=not-running", container);
    s = engine_ask(self, task, &request, &answer);
    if (s)
        return s;
    if (answer.code != 200)
        s = engine_refused(self, &request, &answer);
    else
        s = self->json->parse(self->host, answer.body, &document);
    if (!s) {
        (void)self->json->natural(
            self->json->member(self->json->root(document), "StatusCode"), &code);
        *exit_code = (uint32_t)code;
    }
    self->json->release(document);
    engine_release(self, &answer);
    return s;
}

/* ---- logs ---- */

/* Without a terminal both streams come as one, each piece behind a head of eight bytes: which stream,
   three zeros, the size (big endian). */
static void add_pieces(assay_bytes body, struct text *out)
{
    const unsigned char *at = body.data;
    size_t left = body.size;

    while (left >= 8) {
        size_t size = (size_t)at[4] << 24 | (size_t)at[5] << 16 | (size_t)at[6] << 8 | at[7];

        if (size > left - 8)
            size = left - 8;
        text_add_n(out, (const char *)at + 8, size);
        at += 8 + size;
        left -= 8 + size;
    }
}

assay_status engine_logs(
    struct compose *self, assay_task *task, const char *container, unsigned lines, struct text *out)
{
    char path[COMPOSE_NAME_SIZE + 64], tail[16] = "all";
    const struct engine_request request = {.method = "GET", .path = path};
    struct engine_answer answer;
    assay_status s;

    if (lines)
        (void)snprintf(tail, sizeof(tail), "%u", lines);
    (void)snprintf(
        path, sizeof(path), "/containers/%s/logs?stdout=1&stderr=1&tail=%s", container, tail);
    s = engine_ask(self, task, &request, &answer);
    if (s)
        return s;
    if (answer.code != 200)
        s = engine_refused(self, &request, &answer);
    else
        add_pieces(answer.body, out);
    engine_release(self, &answer);
    return s;
}
