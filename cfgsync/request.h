/* request.h - the body of POST /validator and POST /executor (node contract 5.4): read by the
 * server, written by the client. Pure functions. */
#ifndef CFGSYNC_REQUEST_H
#define CFGSYNC_REQUEST_H

#include "cfgsync/registry.h"

/* JSON with ip, identifier and, unless they are the customary ones, ports. False with a reason when
 * it is not JSON, a field is missing or wrong, or the address is no IPv4 address. is_executor is
 * the caller's to set. */
bool request_parse(struct announcement *out, const char *body, size_t size, struct reason *why);

void request_write(const struct announcement *host, struct text *out);

#endif
