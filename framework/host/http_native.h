/* The native engine: plain HTTP/1.1 over TCP or a Unix socket, one epoll thread, no library.

   Built for load: send times by a timer accurate to microseconds, one system call to send and one
   to receive, nothing allocated per connection but its own struct of some hundred bytes. Addresses
   are numeric; names and TLS are http_curl.h's. http_engine.h says what engines do. */
#ifndef ASSAY_HOST_HTTP_NATIVE_H
#define ASSAY_HOST_HTTP_NATIVE_H

#include "framework/host/http_engine.h"

/* ASSAY_E_IO: the system gives no epoll or timer descriptor, or no thread. */
assay_status http_native_new(
    const struct http_engine_config *config, struct http_engine **out, struct error *err);

/* Can the native engine reach this address? Exchanges to others end with ASSAY_E_UNSUPPORTED. */
bool http_native_takes(const struct http_address *address);

#endif
