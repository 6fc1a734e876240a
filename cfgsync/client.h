/* client.h - asks cfgsync-server for this node's configuration (node contract 5.4).
 *
 * One exchange: announce, wait, hand over what came. A server that cannot be reached yet, because it
 * starts at the same time as the nodes, is tried again every 100 ms for a while. */
#ifndef CFGSYNC_CLIENT_H
#define CFGSYNC_CLIENT_H

#include "cfgsync/registry.h"

#define CLIENT_URL_BYTES  512
#define CLIENT_PATH_BYTES 4096

struct client_options {
    char server[CLIENT_URL_BYTES]; /* "http://cfgsync:4400" */
    char path[CLIENT_PATH_BYTES];  /* of the file to write */
    struct announcement host;
    uint64_t connect_ns; /* how long an unreachable server is tried again */
    uint64_t answer_ns;  /* how long to wait for the answer */
};

/* Reads CFG_FILE_PATH, CFG_SERVER_ADDR, CFG_HOST_IP, CFG_HOST_IDENTIFIER, CFG_HOST_KIND and the
 * CFG_..._PORT variables. What cannot be understood is the customary value, with a word about it on
 * standard error. */
void client_options_read(struct client_options *out);

enum client_result {
    CLIENT_OK = 0,
    CLIENT_LATER,  /* not now; announcing again may do */
    CLIENT_REFUSED /* the server does not want this host, or cannot make a network at all */
};

/* Appends the configuration. A reason when there was none to be had. */
enum client_result client_fetch(
    const struct client_options *options, struct text *out, struct reason *why);

/* Writes the file beside its place and moves it there, so that a node never reads half of it. */
bool client_save(const char *path, const struct text *text, struct reason *why);

#endif
