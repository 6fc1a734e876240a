/* One HTTP exchange: a request, checked and rendered, and what became of it.

   Made by http_exchange_new, which copies all it is given, then handed to an engine
   (http_engine.h), which fills in the answer and calls `done` exactly once. It is counted: the
   maker holds one reference, the engine one more from submit until after `done`.

       struct http_exchange *exchange;
       http_exchange_new(&call, &exchange, err);
       http_engine_submit(engine, exchange);
       ... call.done(exchange) reads exchange->answer, and http_exchange_unref(exchange)

   Only the engine touches the answer before `done`; afterwards nobody changes it, so any thread
   that learned of `done` by some lock may read it. */
#ifndef ASSAY_HOST_HTTP_EXCHANGE_H
#define ASSAY_HOST_HTTP_EXCHANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "framework/base/cleanup.h"
#include "framework/base/error.h"
#include "framework/host/http_parse.h"

enum {
    HTTP_HOST_SIZE = 108, /* as in sockaddr_un; the longest IP address is shorter */
    HTTP_ADDRESS_TEXT_SIZE = HTTP_HOST_SIZE + 16,
    HTTP_WHY_SIZE = 256,           /* a sentence and an address */
    HTTP_REQUEST_HEAD_MAX = 65536, /* path and headers; servers take less */
    HTTP_TIMEOUT_DEFAULT_S = 10,
    HTTP_REPLY_DEFAULT = 16 << 20
};

/* Bodies to send: a block of a network is far smaller, and thousands may be in flight. */
#define HTTP_BODY_MAX ((size_t)64 << 20)

enum http_transport {
    HTTP_TCP = 1,  /* host: an IP address, never a name: nothing here may block on a resolver */
    HTTP_UNIX = 2, /* host: the socket's path */
    HTTP_TLS = 3   /* host: an IP address or a name; needs the curl engine */
};

struct http_address {
    enum http_transport transport;
    uint16_t port;
    char host[HTTP_HOST_SIZE];
};

/* Fills *out; ASSAY_E_INVALID when host is empty or too long, or port is 0 where one is needed. */
assay_status http_address_set(
    struct http_address *out, enum http_transport transport, const char *host, uint32_t port);

/* How to speak TLS: paths of PEM files, each of which may be NULL. */
struct http_tls {
    const char *ca_file;                     /* whom to trust; NULL: the system's authorities */
    const char *certificate_file, *key_file; /* who we are */
    bool is_unverified;                      /* the server's certificate is not looked at */
};

struct http_exchange;

/* What is to be sent. Borrowed by http_exchange_new. */
struct http_call {
    const struct http_address *address;
    const char *method, *path;
    const char *const *headers; /* "name: value", NULL at the end; or NULL */
    assay_bytes body;
    const char *content_type;   /* NULL: application/json when there is a body */
    assay_ns at;                /* CLOCK_MONOTONIC; past: now */
    assay_ns timeout;           /* counted from `at`, or from submit when that is later; 0: 10 s */
    size_t reply_max;           /* 0: 16 MiB */
    const struct http_tls *tls; /* HTTP_TLS only; NULL: all as usual */
    void (*done)(struct http_exchange *exchange); /* on the engine's thread; must not block */
    void *context;
};

struct http_answer {
    assay_status status;
    uint32_t code; /* 0 without an answer */
    assay_ns sent; /* CLOCK_MONOTONIC; 0: its last byte was never handed to the kernel */
    assay_ns done;
    char *body; /* a NUL stands behind it, uncounted; NULL when nothing came */
    size_t size;
    char content_type[HTTP_VALUE_SIZE];
    char why[HTTP_WHY_SIZE]; /* "" when nothing went wrong */
};

/* Where an exchange is, for the engine that has it. */
enum http_stage {
    HTTP_STAGE_NEW = 0,
    HTTP_STAGE_SCHEDULED, /* its moment has not come */
    HTTP_STAGE_WAITING,   /* all connections are busy */
    HTTP_STAGE_ACTIVE,    /* on a connection */
    HTTP_STAGE_ENDED
};

TAILQ_HEAD(http_exchange_list, http_exchange);

struct http_exchange {
    /* ---- constant after http_exchange_new ---- */
    struct http_address address;
    char address_text[HTTP_ADDRESS_TEXT_SIZE]; /* "127.0.0.1:20001", as in the Host header */
    bool is_head;
    bool is_repeatable; /* by its method, doing it twice does no more than doing it once */
    assay_ns at, timeout;
    size_t reply_max;
    void (*done)(struct http_exchange *exchange);
    void *context;
    char *request;    /* header and body, as they go on the wire */
    size_t head_size; /* of the header in it */
    size_t request_size;
    struct http_tls tls;
    char *tls_texts[3]; /* its paths, our copies */

    /* ---- the engine's until done, constant afterwards ---- */
    struct http_answer answer;
    size_t body_capacity;

    /* ---- the engine's own ---- */
    atomic_uint references;
    enum http_stage stage;
    bool is_repeated;  /* on its second connection */
    bool wants_cancel; /* guarded by the inbox's lock */
    size_t heap_index; /* see http_heap.h */
    assay_ns deadline;
    assay_ns heap_when;                   /* scheduled: at; later: the deadline */
    uint64_t heap_order;                  /* ties: in order of submission */
    TAILQ_ENTRY(http_exchange) queue;     /* in the inbox; later among those that wait */
    TAILQ_ENTRY(http_exchange) cancelled; /* in the inbox */
    void *carrier; /* what has it: a pool, a connection, or libcurl's handle */
};

/* Checks and renders a request. ASSAY_E_INVALID: a method that is no token; a path that does not
   begin with a slash or has blanks or control bytes; a header that is not "name: value" or that
   is the engine's to write (Host, Connection, Content-Length, Content-Type, ...); too much. */
assay_status http_exchange_new(
    const struct http_call *call, struct http_exchange **out, struct error *err);
struct http_exchange *http_exchange_ref(struct http_exchange *exchange);
void http_exchange_unref(struct http_exchange *exchange);
CLEANUP_DEFINE(auto_http_exchange, struct http_exchange *, http_exchange_unref)
#define auto_http_exchange CLEANUP(auto_http_exchange)

/* ---- for engines ---- */

/* Makes room for `size` bytes of body in all, at most reply_max. */
assay_status http_exchange_reserve(struct http_exchange *exchange, size_t size);
/* Appends to the body. ASSAY_E_LAGGED: longer than reply_max. ASSAY_E_NOMEM. */
assay_status http_exchange_append(struct http_exchange *exchange, assay_bytes piece);
/* Forgets what came, for a second attempt. */
void http_exchange_rewind(struct http_exchange *exchange);

/* Gives back what doubling took too much, when it is worth a copy: answers may be kept long. */
void http_exchange_trim(struct http_exchange *exchange);

/* The moment at which it times out, when it is submitted now. */
assay_ns http_exchange_deadline(const struct http_exchange *exchange, assay_ns now);

#endif
