/* log.h - the node's log: one line per event.
 *
 *     2025-12-16T10:00:00.123456Z  INFO proposed block 0x... slot 5 height 1
 *
 * Goes to standard output, standard error, a file, or nowhere, as configured. Files are named
 * PREFIX.YYYY-MM-DD-HH (UTC) and a new one begins with each hour, as the real node's do; a line
 * is written with one call and appended, so several nodes may share a file. One log per process,
 * one thread. */
#ifndef DEVNODE_SHELL_LOG_H
#define DEVNODE_SHELL_LOG_H

#include "devnode/shell/config.h"

struct log {
    enum config_log_backend backend;
    enum config_log_level level;
    const char *directory; /* borrowed from the configuration */
    const char *prefix;
    int fd;       /* -1 while there is none */
    int64_t hour; /* since 1970, of the open file */
};

/* Opens the log as the configuration says. False and a reason when the file cannot be written. The
 * configuration must outlive the log. */
bool log_open(struct log *log, const struct config *config, struct reason *why);
void log_close(struct log *log);

/* Writes a line if its level is wanted. What cannot be written (a full disk) is lost: a log must
 * not stop a node. */
void log_write(struct log *log, enum config_log_level level, const char *text);
void log_format(struct log *log, enum config_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
