/* An HTTP server on 127.0.0.1 that serves one file, and can be told to do it badly. One thread. */
#ifndef ASSAY_TESTS_FILE_SERVER_H
#define ASSAY_TESTS_FILE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum file_server_mishap {
    SERVE_WHOLE,
    SERVE_CUT,  /* closes in the middle */
    SERVE_STALL /* keeps still in the middle, until the client goes away */
};

struct file_server_plan {
    const char *name;  /* the path's last part; anything else is 404 */
    const void *bytes; /* borrowed */
    size_t size;
    enum file_server_mishap mishap; /* of the first `mishap_count` answers */
    unsigned mishap_count;
    size_t middle;      /* bytes of the body that are sent before the mishap */
    bool has_no_ranges; /* answers a request for a part with all of it */
    int status;         /* to answer instead, with an empty body; 0: none */
};

struct file_server;

/* Fails the test when it cannot start. The plan is copied. */
struct file_server *file_server_start(const struct file_server_plan *plan);
void file_server_stop(struct file_server *server);

uint16_t file_server_port(const struct file_server *server);
/* Requests that were read so far. */
unsigned file_server_requests(struct file_server *server);
/* First byte that the nth request for the file asked for: 0 without a Range header. */
size_t file_server_offset(struct file_server *server, unsigned nth);
/* Did any request carry an Authorization header? */
bool file_server_saw_authorization(struct file_server *server);
/* Waits until so many requests have been read and answered as far as the plan says. */
void file_server_await(struct file_server *server, unsigned answers);

#endif
