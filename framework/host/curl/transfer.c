#include "framework/host/curl/transfer.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "framework/base/mem.h"

enum {
    CONNECT_MAX_MS = 24 * 60 * 60 * 1000 /* libcurl takes no more than an int */
};

/* ---- libcurl calls back ---- */

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const size_t total = size * count;

    /* Every reply, interim ones included, begins with a status line and ends with an empty one. */
    if (total >= 5 && memcmp(data, "HTTP/", 5) == 0)
        transfer->is_header_complete = false;
    else if (total == 2 && memcmp(data, "\r\n", 2) == 0)
        transfer->is_header_complete = true;
    return total;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct http_exchange *exchange = transfer->exchange;
    curl_off_t announced = -1;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    if (announced >= 0 && (uint64_t)announced > exchange->reply_max)
        transfer->body_status = ASSAY_E_LAGGED;
    else
        transfer->body_status = http_exchange_append(exchange, (assay_bytes){data, size * count});
    return transfer->body_status ? 0 : size * count; /* 0 ends the transfer */
}

/* The one way to learn when a request's last byte was handed on. A header that goes out although
   the request was sent already is libcurl's second attempt, on a fresh connection. */
static int note_output(CURL *easy, curl_infotype type, char *data, size_t size, void *context)
{
    struct transfer *transfer = context;
    struct http_exchange *exchange = transfer->exchange;
    struct curl_engine *engine = transfer->engine;

    (void)easy;
    (void)data;
    if (type == CURLINFO_HEADER_OUT) {
        if (exchange->answer.sent > 0)
            http_engine_note_repeat(&engine->base, exchange);
        transfer->body_sent = 0;
    } else if (type == CURLINFO_DATA_OUT) {
        transfer->body_sent += size;
    } else {
        return 0;
    }
    if (exchange->answer.sent == 0 &&
        transfer->body_sent >= exchange->request_size - exchange->head_size)
        http_engine_sent(&engine->base, exchange, engine->base.config.now());
    return 0;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct curl_engine *engine = context;
    const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd >= 0)
        http_engine_note_connections(&engine->base, 1);
    return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int close_socket(void *context, curl_socket_t fd)
{
    struct curl_engine *engine = context;

    http_engine_note_connections(&engine->base, -1);
    return close(fd);
}

/* ---- from our request to libcurl's options ---- */

/* Appends one header; false without memory. */
static bool add_header(struct transfer *transfer, const char *header)
{
    struct curl_slist *grown = curl_slist_append(transfer->headers, header);

    if (grown)
        transfer->headers = grown;
    return grown != NULL;
}

/* Every header of the rendered request but those that libcurl writes as we would. */
static assay_status set_headers(struct transfer *transfer)
{
    const struct http_exchange *exchange = transfer->exchange;
    const char *line = memmem(exchange->request, exchange->head_size, "\r\n", 2);
    bool has_accept = false;
    bool has_type = false;

    for (;;) {
        auto_free char *header = NULL;
        const char *end;

        line += 2;
        end = strstr(line, "\r\n"); /* the header ends in two of them */
        if (end == line)
            break;
        has_accept = has_accept || strncasecmp(line, "accept:", 7) == 0;
        has_type = has_type || strncasecmp(line, "content-type:", 13) == 0;
        header = mem_dup_n(line, (size_t)(end - line));
        line = end;
        if (!header)
            return ASSAY_E_NOMEM;
        if (strncasecmp(header, "content-length:", 15) != 0 && !add_header(transfer, header))
            return ASSAY_E_NOMEM;
    }
    /* What libcurl would add by itself is switched off by an empty header. */
    if ((!has_accept && !add_header(transfer, "Accept:")) ||
        (!has_type && !add_header(transfer, "Content-Type:")) || !add_header(transfer, "Expect:"))
        return ASSAY_E_NOMEM;
    (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    return ASSAY_OK;
}

static assay_status set_target(struct transfer *transfer)
{
    const struct http_exchange *exchange = transfer->exchange;
    const struct http_address *address = &exchange->address;
    const char *method_end = memchr(exchange->request, ' ', exchange->head_size);
    const char *path_end = strchr(method_end + 1, ' ');
    auto_str struct str text = STR_INIT(HTTP_REQUEST_HEAD_MAX + HTTP_ADDRESS_TEXT_SIZE);

    (void)str_append_n(&text, exchange->request, (size_t)(method_end - exchange->request));
    if (text.status)
        return text.status;
    (void)curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, str_text(&text));
    str_clear(&text);
    (void)str_append(&text, address->transport == HTTP_TLS ? "https://" : "http://");
    (void)str_append(&text, address->transport == HTTP_UNIX ? "localhost" : exchange->address_text);
    (void)str_append_n(&text, method_end + 1, (size_t)(path_end - method_end - 1));
    if (text.status)
        return text.status;
    (void)curl_easy_setopt(transfer->easy, CURLOPT_PATH_AS_IS, 1L);
    if (address->transport == HTTP_UNIX)
        (void)curl_easy_setopt(transfer->easy, CURLOPT_UNIX_SOCKET_PATH, address->host);
    return curl_easy_setopt(transfer->easy, CURLOPT_URL, str_text(&text)) == CURLE_OK
        ? ASSAY_OK
        : ASSAY_E_NOMEM;
}

static void set_body(const struct transfer *transfer)
{
    const struct http_exchange *exchange = transfer->exchange;
    const size_t size = exchange->request_size - exchange->head_size;
    const bool has_length =
        memmem(exchange->request, exchange->head_size, "\r\nContent-Length: ", 18) != NULL;

    if (has_length) {
        (void)curl_easy_setopt(transfer->easy, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
        (void)curl_easy_setopt(
            transfer->easy, CURLOPT_POSTFIELDS, exchange->request + exchange->head_size);
    } else {
        (void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPGET, 1L);
    }
    if (exchange->is_head)
        (void)curl_easy_setopt(transfer->easy, CURLOPT_NOBODY, 1L);
}

static void set_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error_text);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, note_output);
    (void)curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
    (void)curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L); /* or note_output is not called */
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    (void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer->engine);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    (void)curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, transfer->engine);
}

/* As the native engine behaves: no proxies, redirects, passwords from files, or signals. */
static void set_manners(const struct transfer *transfer)
{
    const assay_ns timeout_ms = transfer->exchange->timeout / ASSAY_MS;
    const bool is_repeatable = transfer->exchange->is_repeatable;
    CURL *easy = transfer->easy;

    (void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    (void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)HTTP_IDLE_MAX_S);
    /* Our deadline counts, not libcurl's five minutes for connecting. */
    (void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
        (long)(timeout_ms < CONNECT_MAX_MS ? timeout_ms + 1000 : CONNECT_MAX_MS));
    /* libcurl repeats any request on a stale connection; a fresh one cannot be stale. It is not kept
       either, or connections would pile up. */
    (void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_repeatable ? 0L : 1L);
    (void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, is_repeatable ? 0L : 1L);
}

/* libcurl keeps a connection apart from others when its files are others. */
static void set_tls(const struct transfer *transfer)
{
    const struct http_tls *tls = &transfer->exchange->tls;
    CURL *easy = transfer->easy;

    if (transfer->exchange->address.transport != HTTP_TLS)
        return;
    if (tls->ca_file)
        (void)curl_easy_setopt(easy, CURLOPT_CAINFO, tls->ca_file);
    if (tls->certificate_file)
        (void)curl_easy_setopt(easy, CURLOPT_SSLCERT, tls->certificate_file);
    if (tls->key_file)
        (void)curl_easy_setopt(easy, CURLOPT_SSLKEY, tls->key_file);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->is_unverified ? 0L : 1L);
    (void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->is_unverified ? 0L : 2L);
}

assay_status transfer_start(
    struct curl_engine *engine, struct lane *lane, struct http_exchange *exchange)
{
    struct transfer *transfer = mem_new(sizeof *transfer);
    assay_status s;

    if (!transfer)
        return ASSAY_E_NOMEM;
    transfer->engine = engine;
    transfer->exchange = exchange;
    transfer->easy =
        engine->spare_count > 0 ? engine->spare[--engine->spare_count] : curl_easy_init();
    if (!transfer->easy) {
        free(transfer);
        return ASSAY_E_NOMEM;
    }
    transfer->lane = lane;
    lane->active++;
    engine->active++;
    exchange->stage = HTTP_STAGE_ACTIVE;
    exchange->carrier = transfer;
    set_body(transfer);
    set_callbacks(transfer);
    set_manners(transfer);
    set_tls(transfer);
    s = set_target(transfer);
    if (!s)
        s = set_headers(transfer);
    if (!s && curl_multi_add_handle(engine->multi, transfer->easy) != CURLM_OK)
        s = ASSAY_E_NOMEM;
    if (s)
        transfer_end(transfer);
    return s;
}

void transfer_end(struct transfer *transfer)
{
    struct curl_engine *engine = transfer->engine;

    (void)curl_multi_remove_handle(engine->multi, transfer->easy);
    curl_easy_reset(transfer->easy);
    if (engine->spare_count < SPARE_MAX)
        engine->spare[engine->spare_count++] = transfer->easy;
    else
        curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    assert(transfer->lane->active > 0 && engine->active > 0);
    transfer->lane->active--;
    engine->active--;
    transfer->exchange->carrier = NULL;
    free(transfer);
}

/* ---- what came of it ---- */

static assay_status fill_answer(struct transfer *transfer, struct transfer_result *out)
{
    struct http_answer *answer = &transfer->exchange->answer;
    const char *type = NULL;
    long code = 0;

    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &code);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
    if (code <= 0 || !transfer->is_header_complete) {
        (void)snprintf(out->why, sizeof out->why,
            "%s: the connection was closed in the header of the reply",
            transfer->exchange->address_text);
        return ASSAY_E_IO;
    }
    if (type && strlen(type) >= HTTP_VALUE_SIZE) {
        (void)snprintf(out->why, sizeof out->why,
            "bad answer from %s: its Content-Type is over 127 bytes long",
            transfer->exchange->address_text);
        return ASSAY_E_IO;
    }
    answer->code = (uint32_t)code;
    (void)snprintf(answer->content_type, sizeof answer->content_type, "%s", type ? type : "");
    return ASSAY_OK;
}

void transfer_judge(struct transfer *transfer, CURLcode code, struct transfer_result *out)
{
    const struct http_exchange *exchange = transfer->exchange;
    const char *text = transfer->error_text[0] ? transfer->error_text : curl_easy_strerror(code);

    *out = (struct transfer_result){.status = ASSAY_E_IO};
    if (code == CURLE_OK) {
        out->status = fill_answer(transfer, out);
    } else if (transfer->body_status == ASSAY_E_LAGGED) {
        out->status = ASSAY_E_LAGGED;
        (void)snprintf(out->why, sizeof out->why,
            "the answer from %s is longer than the %zu bytes allowed", exchange->address_text,
            exchange->reply_max);
    } else if (transfer->body_status || code == CURLE_OUT_OF_MEMORY) {
        out->status = ASSAY_E_NOMEM;
        (void)snprintf(out->why, sizeof out->why, "no memory for the answer's body");
    } else if (code == CURLE_COULDNT_CONNECT) {
        (void)snprintf(out->why, sizeof out->why, "cannot connect to %s: %.110s",
            exchange->address_text, text);
    } else {
        (void)snprintf(out->why, sizeof out->why, "%s: %.128s", exchange->address_text, text);
    }
}
