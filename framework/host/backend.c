#include "framework/host/backend.h"

#include <string.h>

#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/str.h"
#include "framework/host/host.h"
#include "framework/host/http_service.h"
#include "framework/host/http_url.h"
#include "framework/host/record.h"
#include "framework/host/tasks.h"

static assay_status find_address(
    const assay_backend_call *call, struct http_address *out, struct error *err)
{
    const char *path = NULL;
    assay_status s = ASSAY_OK;

    if (call->socket && call->url)
        return error_set(err, ASSAY_E_INVALID, "a socket or a url, not both");
    if (call->socket) {
        if (call->socket[0] != '/' || http_address_set(out, HTTP_UNIX, call->socket, 0))
            return error_set(err, ASSAY_E_INVALID,
                "\"%.200s\" is no absolute path of a socket, or longer than 107 bytes",
                call->socket);
        return ASSAY_OK;
    }
    if (!call->url)
        return error_set(err, ASSAY_E_INVALID, "neither a socket nor a url");
    s = http_url_parse(call->url, out, &path, err);
    if (!s && strcmp(path, "/") != 0)
        return error_set(err, ASSAY_E_INVALID, "\"%s\": the path goes into `path`", call->url);
    return s;
}

/* "Authorization: Bearer ..." with the file's first line; the caller frees it. */
static assay_status read_token(const char *path, char **out, struct error *err)
{
    struct file_text text = {0};
    auto_free char *data = NULL;
    const assay_status s = file_read(path, BACKEND_TOKEN_MAX, &text, err);

    if (s)
        return error_wrap(err, s, "while reading the token");
    data = text.data;
    data[strcspn(data, "\r\n")] = '\0';
    if (!data[0])
        return error_set(err, ASSAY_E_INVALID, "%s has no token in its first line", path);
    *out = str_format("Authorization: Bearer %s", data);
    return *out ? ASSAY_OK : error_nomem(err);
}

/* Theirs, and the token behind them. */
static assay_status gather_headers(const assay_backend_call *call, const char *token,
    const char *out[BACKEND_HEADERS_MAX + 2], struct error *err)
{
    size_t count = 0;

    for (; call->headers && call->headers[count]; count++) {
        if (count == BACKEND_HEADERS_MAX)
            return error_set(
                err, ASSAY_E_INVALID, "more than %d headers", (int)BACKEND_HEADERS_MAX);
        out[count] = call->headers[count];
    }
    if (token)
        out[count++] = token;
    out[count] = NULL;
    return ASSAY_OK;
}

assay_status backend_call(assay_task *task, const assay_backend_call *theirs, assay_reply **reply)
{
    const char *headers[BACKEND_HEADERS_MAX + 2];
    auto_free char *token = NULL;
    struct http_target target = {.tls = NULL};
    struct http_tls tls;
    assay_backend_call call;
    assay_request request = {.struct_size = sizeof(request), .node = ASSAY_NO_NODE};
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!record_take(&call, sizeof(call), theirs))
        return task_fail(task, ASSAY_E_INVALID, "deployment.call: struct_size is not set");
    if (!host_http_state(task_host(task)))
        return task_fail(
            task, ASSAY_E_UNSUPPORTED, "deployment.call: this run has no HTTP to call with");
    s = find_address(&call, &target.address, &err);
    if (!s && call.flags & ~(uint32_t)ASSAY_CALL_UNVERIFIED)
        s = error_set(&err, ASSAY_E_INVALID, "flags that this host does not know");
    if (!s && call.token_file)
        s = read_token(call.token_file, &token, &err);
    if (!s)
        s = gather_headers(&call, token, headers, &err);
    if (s)
        return task_fail(task, s, "deployment.call: %s", err.text);
    tls = (struct http_tls){.ca_file = call.ca_file,
        .certificate_file = call.certificate_file,
        .key_file = call.key_file,
        .is_unverified = call.flags & ASSAY_CALL_UNVERIFIED};
    target.tls = &tls;
    request.method = call.method;
    request.path = call.path;
    request.headers = headers;
    request.body = call.body;
    request.content_type = call.content_type;
    request.timeout = call.timeout;
    request.reply_max = call.reply_max;
    return http_service_perform(task, &target, &request, reply);
}
