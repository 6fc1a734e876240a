/* testnet_raw.h - requests byte by byte: for what a proper client never sends, and for requests whose
 * answer is not waited for at once. */
#ifndef DEVNODE_TESTNET_RAW_H
#define DEVNODE_TESTNET_RAW_H

#include "testnet.h"

/* A connection to a node's API (or testing) port. Close it with close(). */
int raw_open(const struct testnet *net, size_t node, bool is_testing);
void raw_send(int fd, const char *text);
/* A POST of a JSON body. */
void raw_post(int fd, const char *path, const char *body);
/* Reads one answer and answers its status; 0 when the connection is closed instead. */
int raw_status(int fd);
/* Whether the other side has closed the connection. */
bool raw_is_closed(int fd);

#endif
