/* What supervisor, worker and front end say to each other.

   Two socket pairs of type SOCK_SEQPACKET, one message per packet, both ends of the same build and
   machine, so messages are C structs. A receiver checks size and content all the same: the worker
   carries foreign code, and what it sends decides what is executed and killed.

       worker -> supervisor      struct wire_request, followed by `text_size` bytes of strings
       supervisor -> worker      one or more struct wire_report
       front end -> supervisor   struct wire_order
       supervisor -> front end   struct wire_news

   The end of either socket means that the other side is dead. */
#ifndef ASSAY_RUN_WIRE_H
#define ASSAY_RUN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "framework/host/processes.h"

enum {
    WIRE_REQUEST_MAX = 64 * 1024, /* one packet: PROCESS_SPEC_BYTES_MAX and the head */
    WIRE_REPORTS_MAX = 128,       /* reports in one packet */
    WIRE_NEWS_TEXT = 1024
};

/* ---- worker to supervisor ---- */

enum wire_request_type {
    WIRE_START = 1,       /* number: the process, counting up from 0; argv and env follow */
    WIRE_SIGNAL = 2,      /* number: the process; value: the signal */
    WIRE_END_ALL = 3,     /* number: the ticket; value: grace in ns */
    WIRE_UNDO = 4,        /* number: the ticket; argv follows */
    WIRE_REMOVE_LATER = 5 /* number: the ticket; directory follows */
};

/* The strings that follow, each with its NUL: name, directory, output ("": none), then argv_count
   and env_count words. */
struct wire_request {
    uint32_t type;
    uint32_t number;
    int64_t value;
    uint32_t argv_count;
    uint32_t env_count;
    uint32_t text_size;
    uint32_t reserved;
};

/* A request taken apart; pointers into the packet it was read from. */
struct wire_parsed {
    struct wire_request head;
    const char *name;
    const char *directory;
    const char *output;
    const char *words[PROCESS_WORDS_MAX + 2]; /* argv, NULL, env, NULL */
    const char *const *argv;
    const char *const *env;
};

/* Puts head and the spec's strings into packet (WIRE_REQUEST_MAX bytes). Returns the size, 0 when
   it does not fit. spec may be NULL; head's counts are filled in. */
size_t wire_request_write(
    const struct wire_request *head, const struct process_spec *spec, char *packet);

/* ASSAY_E_INVALID: the packet breaks a rule; the text says which. */
assay_status wire_request_read(
    const char *packet, size_t size, struct wire_parsed *out, struct error *err);

/* ---- supervisor to worker ---- */

enum wire_report_type {
    WIRE_STATUS = 1, /* number: the process */
    WIRE_DONE = 2,   /* number: the ticket of an undo, removal or end_all; code: assay_status */
    WIRE_CANCEL = 3  /* code: the signal for which the run is to stop */
};

struct wire_report {
    uint32_t type;
    uint32_t number;
    int32_t code;
    uint8_t state, step, is_stopped, reserved;
    int64_t pid;
    int64_t started_at, ended_at;
};

/* ---- front end to supervisor ---- */

enum wire_order_type {
    WIRE_ORDER_CANCEL = 1, /* value: the signal; the worker gets its grace */
    WIRE_ORDER_KILL = 2    /* end everything now */
};

struct wire_order {
    uint32_t type;
    int32_t value;
};

/* ---- supervisor to front end ---- */

enum wire_news_type {
    WIRE_NEWS_STARTED = 1,    /* the worker runs; value: its pid */
    WIRE_NEWS_FAILED = 2,     /* the run could not be started; text says why */
    WIRE_NEWS_WORKER_END = 3, /* value: the worker's wait status */
    WIRE_NEWS_NOTICE = 4,     /* text: something the user should know */
    /* Everything is over and clean. Value: the exit code; text: empty when the worker has reported,
       else why somebody else had to. */
    WIRE_NEWS_DONE = 5
};

struct wire_news {
    uint32_t type;
    int32_t value;
    char text[WIRE_NEWS_TEXT]; /* NUL-terminated */
};

/* ---- packets ---- */

/* A pair of connected sockets, close-on-exec. */
assay_status wire_pair(int fds[2], struct error *err);

enum wire_result {
    WIRE_OK,
    WIRE_AGAIN,    /* nothing there, or no room, now */
    WIRE_CLOSED,   /* the other side is gone */
    WIRE_MALFORMED /* longer than size_max */
};

/* One packet. Receiving never waits; sending waits for room when asked to. */
enum wire_result wire_send(int fd, const void *data, size_t size, bool waits);
enum wire_result wire_receive(int fd, void *data, size_t size_max, size_t *out_size);

#endif
