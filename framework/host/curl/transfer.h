/* One exchange on libcurl; for curl_engine.c and transfer.c, on the engine's thread alone. */
#ifndef ASSAY_HOST_CURL_TRANSFER_H
#define ASSAY_HOST_CURL_TRANSFER_H

#include <curl/curl.h>

#include "framework/host/http_engine.h"
#include "framework/host/http_heap.h"

enum {
    SPARE_MAX = 64 /* handles kept for the next transfers; about 5 KiB each */
};

struct curl_engine {
    struct http_engine base; /* first: engines are found by it */
    pthread_t thread;
    CURLM *multi;
    struct http_heap heap; /* all exchanges: by their moment, then by their deadline */
    uint64_t next_order;
    CURL *spare[SPARE_MAX];
    size_t spare_count;
};

struct transfer {
    struct curl_engine *engine;
    struct http_exchange *exchange; /* whose carrier this is */
    CURL *easy;
    struct curl_slist *headers;
    size_t body_sent;
    bool is_header_complete;  /* the empty line behind the final reply's header has come */
    assay_status body_status; /* why the body was refused, if it was */
    char error_text[CURL_ERROR_SIZE];
};

struct transfer_result {
    assay_status status;
    char why[HTTP_WHY_SIZE];
};

/* Hands the exchange to libcurl. ASSAY_E_NOMEM. */
assay_status transfer_start(struct curl_engine *engine, struct http_exchange *exchange);
/* What came of it; fills in code and content type of the answer when all is well. */
void transfer_judge(struct transfer *transfer, CURLcode code, struct transfer_result *out);
/* Takes it off libcurl and frees it; closes its connection unless the reply was complete. */
void transfer_end(struct transfer *transfer);

#endif
