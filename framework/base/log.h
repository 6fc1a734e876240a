/* Lines for the person who watches: level, where, what, key=value.

       log_write(LOG_LEVEL_INFO, "deployer.local", "node started name=%s pid=%d", name, pid);
       12:00:03.117 INFO  deployer.local: node started name=validator-0 pid=4711

   Only run/ and runners/ log; everything below returns errors. One line is one
   write(2) of at most LOG_LINE_SIZE bytes, so lines of several threads and
   processes do not mix. Control bytes are shown as \n, \t or \xNN: a node's
   message cannot forge a line or colour a terminal. A line that cannot be
   written is dropped. Any thread; the settings are atomic. */
#ifndef ASSAY_BASE_LOG_H
#define ASSAY_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { /* the first four are the ABI's ASSAY_DEBUG..ASSAY_ERROR */
    LOG_LEVEL_DEBUG = 0,
    LOG_LEVEL_INFO = 1,
    LOG_LEVEL_WARN = 2,
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_OFF = 4
};

enum {
    LOG_LINE_SIZE = 4096
}; /* PIPE_BUF: larger writes to a pipe may be torn */

/* Before the first call: INFO and above to descriptor 2, without a time. */
void log_set_level(enum log_level level);
void log_set_fd(int fd);

/* unix_ms gives milliseconds since 1970 for the time column (UTC); NULL leaves
   the column out. This module reads no clock itself. */
void log_set_clock(int64_t (*unix_ms)(void));

/* The descriptor is a terminal on which somebody redraws the last line: each log line wipes that
   first. */
void log_set_redrawn(bool is_redrawn);

bool log_is_on(enum log_level level);

void log_write(enum log_level level, const char *where, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The level that a text such as "debug", "WARN" or "assay=debug,info" asks for:
   directives separated by commas; the last that names no target, or assay, wins; other targets are ignored. "trace" is debug, "off" is off.
   False when a level is unknown or none applies to us; *out is unchanged then. */
bool log_level_parse(const char *text, enum log_level *out);

/* ASSAY_LOG, else RUST_LOG. NULL when all is well (also when neither is set);
   else the name of the variable that was not understood, for a warning. */
const char *log_level_from_environment(void);

#endif
