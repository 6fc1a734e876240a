/* One exchange on libcurl, and the lines in which exchanges wait for their turn; for curl_engine.c,
   lane.c and transfer.c, on the engine's thread alone.

   libcurl has limits on connections, too, but lets newcomers overtake those that wait, and now and
   then forgets one of them; so it never gets more than it may start at once. */
#ifndef ASSAY_HOST_CURL_TRANSFER_H
#define ASSAY_HOST_CURL_TRANSFER_H

#include <curl/curl.h>

#include "framework/base/map.h"
#include "framework/host/http_engine.h"
#include "framework/host/http_heap.h"

enum {
    LANES_MAX = 65536, /* addresses ever spoken to */
    SPARE_MAX = 64     /* handles kept for the next transfers; about 5 KiB each */
};

/* The exchanges to one address. */
struct lane {
    TAILQ_ENTRY(lane) list;
    struct http_exchange_list waiting;
    uint32_t active; /* with libcurl */
    bool is_listed;  /* something waits */
};
TAILQ_HEAD(lane_list, lane);

struct curl_engine {
    struct http_engine base; /* first: engines are found by it */
    pthread_t thread;
    CURLM *multi;
    struct http_heap heap; /* all exchanges: by their moment, then by their deadline */
    uint64_t next_order;
    struct map lanes; /* by address_text */
    struct lane_list waiting;
    uint32_t active; /* with libcurl */
    CURL *spare[SPARE_MAX];
    size_t spare_count;
};

struct transfer {
    struct curl_engine *engine;
    struct http_exchange *exchange; /* whose carrier this is */
    struct lane *lane;
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

/* The lane for the exchange's address, made if need be. ASSAY_E_NOMEM; ASSAY_E_INVALID: too many. */
assay_status lane_for(
    struct curl_engine *engine, const struct http_exchange *exchange, struct lane **out);
/* Puts an exchange at the end of its lane, or takes it out of it. */
void lane_enter(struct curl_engine *engine, struct lane *lane, struct http_exchange *exchange);
void lane_leave(struct curl_engine *engine, struct lane *lane, struct http_exchange *exchange);
/* The next exchange that may start, taken out of its lane; NULL: none may. Lanes take turns. */
struct http_exchange *lane_next(struct curl_engine *engine, struct lane **out);

/* Hands the exchange to libcurl. ASSAY_E_NOMEM. */
assay_status transfer_start(
    struct curl_engine *engine, struct lane *lane, struct http_exchange *exchange);
/* What came of it; fills in code and content type of the answer when all is well. */
void transfer_judge(struct transfer *transfer, CURLcode code, struct transfer_result *out);
/* Takes it off libcurl and frees it; closes its connection unless the reply was complete. */
void transfer_end(struct transfer *transfer);

#endif
