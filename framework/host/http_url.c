#include "framework/host/http_url.h"

#include <string.h>

#include "framework/base/mem.h"
#include "framework/base/parse.h"

enum {
    PORT_HTTP = 80,
    PORT_HTTPS = 443
};

/* "host", "host:port", "[v6]", "[v6]:port"; *port stays as it is when there is none. */
static assay_status split_authority(
    char *authority, const char **host, uint64_t *port, struct error *err)
{
    const struct u64_range ports = {1, UINT16_MAX};
    char *rest = authority;

    *host = authority;
    if (authority[0] == '[') {
        *host = authority + 1;
        rest = strchr(authority, ']');
        if (!rest)
            return error_set(err, ASSAY_E_INVALID, "\"[\" is not closed");
        *rest++ = '\0';
    }
    rest = rest == authority ? strchr(authority, ':') : rest;
    if (!rest || !*rest)
        return ASSAY_OK;
    if (*rest != ':')
        return error_set(err, ASSAY_E_INVALID, "only a port may follow \"]\"");
    *rest++ = '\0';
    return parse_u64_in(rest, ports, port, err);
}

assay_status http_url_parse(
    const char *url, struct http_address *address, const char **path, struct error *err)
{
    const bool is_tls = strncmp(url, "https://", 8) == 0;
    const char *begin = url + (is_tls ? 8 : 7);
    auto_free char *authority = NULL;
    const char *host = NULL;
    uint64_t port = is_tls ? PORT_HTTPS : PORT_HTTP;
    size_t len;
    assay_status s;

    if (!is_tls && strncmp(url, "http://", 7) != 0)
        return error_set(
            err, ASSAY_E_INVALID, "\"%s\" does not begin with http:// or https://", url);
    len = strcspn(begin, "/?#@");
    if (begin[len] != '/' && begin[len] != '\0')
        return error_set(
            err, ASSAY_E_INVALID, "\"%s\" is not of the form http://host:port/path", url);
    authority = mem_dup_n(begin, len);
    if (!authority)
        return error_nomem(err);
    s = split_authority(authority, &host, &port, err);
    if (s)
        return error_wrap(err, s, "\"%s\"", url);
    if (http_address_set(address, is_tls ? HTTP_TLS : HTTP_TCP, host, (uint32_t)port))
        return error_set(err, ASSAY_E_INVALID, "\"%s\" has no host, or one over 107 bytes", url);
    *path = begin[len] ? begin + len : "/";
    return ASSAY_OK;
}
