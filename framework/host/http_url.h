/* URLs of the simple kind: "http://host[:port][/path]", "https://...". No user, no fragment. */
#ifndef ASSAY_HOST_HTTP_URL_H
#define ASSAY_HOST_HTTP_URL_H

#include "framework/host/http_exchange.h"

/* *path points into url, or to "/" when it has none. An IPv6 address stands in brackets.
   ASSAY_E_INVALID, with a text that quotes the url. */
assay_status http_url_parse(
    const char *url, struct http_address *address, const char **path, struct error *err);

#endif
