#include "framework/host/query.h"

#include <string.h>

#include "framework/base/parse.h"
#include "framework/base/str.h"
#include "framework/host/http_service.h"
#include "framework/host/json.h"
#include "framework/host/state.h"
#include "framework/host/tasks.h"

assay_status query_url(const char *url, const char *expression, assay_ns age_max, struct str *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t len = strlen(url);

    while (len > 0 && url[len - 1] == '/')
        len--;
    (void)str_append_n(out, url, len);
    (void)str_append(out, "/api/v1/query?query=");
    for (const char *c = expression; *c; c++) {
        if (strchr(plain, *c))
            (void)str_append_char(out, *c);
        else
            (void)str_appendf(out, "%%%02X", (unsigned)(unsigned char)*c);
    }
    if (age_max > 0)
        (void)str_appendf(out, "&lookback_delta=%lldms", (long long)(age_max / ASSAY_MS));
    return out->status;
}

/* The pair [time, "value"] that holds the number, or NULL. */
static const assay_value *find_pair(const assay_value *data, assay_status *why)
{
    const char *type = json_table.text(json_table.member(data, "resultType"));
    const assay_value *result = json_table.member(data, "result");

    *why = ASSAY_E_INVALID;
    if (!type)
        return NULL;
    if (strcmp(type, "scalar") == 0)
        return result;
    if (strcmp(type, "vector") != 0)
        return NULL;
    if (json_table.count(result) == 0)
        *why = ASSAY_E_NOTFOUND;
    if (json_table.count(result) != 1)
        return NULL;
    return json_table.member(json_table.element(result, 0), "value");
}

static assay_status read_root(const assay_value *root, double *out, struct error *err)
{
    const char *status = json_table.text(json_table.member(root, "status"));
    const char *message = json_table.text(json_table.member(root, "error"));
    const assay_value *pair = NULL;
    const char *number = NULL;
    assay_status s = ASSAY_OK;

    if (!status || strcmp(status, "success") != 0)
        return error_set(err, ASSAY_E_INVALID, "the metrics store refuses the query: %s",
            message ? message : "it does not say why");
    pair = find_pair(json_table.member(root, "data"), &s);
    if (!pair)
        return error_set(err, s,
            s == ASSAY_E_NOTFOUND ? "the query yields nothing"
                                  : "the query does not yield one number: sum() it");
    number = json_table.text(json_table.element(pair, 1));
    if (!number || parse_real(number, out, NULL))
        return error_set(err, ASSAY_E_INVALID, "the query yields \"%s\", which is no finite number",
            number ? number : "");
    return ASSAY_OK;
}

assay_status query_read(assay_bytes answer, double *out, struct error *err)
{
    assay_json *document = NULL;
    assay_status s = json_parse(answer, &document, err);

    if (s)
        return error_wrap(err, s, "the metrics store's answer");
    s = read_root(json_table.root(document), out, err);
    json_table.release(document);
    return s;
}

assay_status query_run(assay_task *task, const char *url, const struct query *query, double *out)
{
    auto_str struct str address = STR_INIT(QUERY_URL_MAX);
    assay_reply *reply = NULL;
    struct error err = {0};
    assay_status s = ASSAY_OK;

    if (!host_http_state(task_host(task)))
        return task_fail(task, ASSAY_E_UNSUPPORTED, "this run has no HTTP to ask %s with", url);
    if (query_url(url, query->expression, query->age_max, &address))
        return task_fail(task, address.status, "metrics.query: the expression is too long");
    s = http_service_get(task, str_text(&address), &reply);
    if (s)
        return s;
    s = query_read(http_table.info(reply)->body, out, &err);
    http_table.release(reply);
    return s ? task_fail(task, s, "%s: %s: %s", url, query->expression, err.text) : s;
}
