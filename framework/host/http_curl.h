/* The curl engine: TLS, host names, and everything else that the native one leaves out.

   libcurl brings 30 libraries and ten megabytes with it, so no program of ours is linked with it:
   it stands behind a module of our own, assay-http-curl.so, which is loaded when a run first
   needs it and stays loaded. http_engine.h says what engines do; this one differs in two things:
   send times are kept to a millisecond, and requests that must not be sent twice get a connection
   of their own, since libcurl would repeat them on a stale one. */
#ifndef ASSAY_HOST_HTTP_CURL_H
#define ASSAY_HOST_HTTP_CURL_H

#include "framework/host/http_engine.h"

/* module: the module's path; NULL: assay-http-curl.so in the directory of the running program.
   Call from one thread at a time. ASSAY_E_NOTFOUND: it cannot be loaded; ASSAY_E_UNSUPPORTED: it
   belongs to another build of assay. */
assay_status http_curl_new(const char *module, const struct http_engine_config *config,
    struct http_engine **out, struct error *err);

/* ---- what the module exports ---- */

#define HTTP_CURL_MODULE_FILE "assay-http-curl.so"
#define HTTP_CURL_MODULE_NAME "assay_http_curl_module"

/* Module and program share structs that are no ABI; equal layouts mean that they fit. */
#define HTTP_CURL_LAYOUT                                                                           \
    ((uint64_t)sizeof(struct http_engine) << 32 | (uint64_t)sizeof(struct http_exchange))

struct http_curl_module {
    uint64_t layout;
    assay_status (*engine_new)(
        const struct http_engine_config *config, struct http_engine **out, struct error *err);
};

#endif
