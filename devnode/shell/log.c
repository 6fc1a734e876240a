#include "devnode/shell/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The longest line that is written in full; a reason with its context fits. */
#define LINE_BYTES_MAX 1200

static bool open_file(struct log *log, time_t seconds, struct reason *why)
{
    char path[4096];
    char stamp[32];
    struct tm tm;
    int length;

    (void)gmtime_r(&seconds, &tm);
    (void)strftime(stamp, sizeof(stamp), "%Y-%m-%d-%H", &tm);
    length = snprintf(path, sizeof(path), "%s/%s.%s", log->directory, log->prefix, stamp);
    if (length < 0 || (size_t)length >= sizeof(path))
        return reason_set(why, "log path is longer than %zu bytes", sizeof(path) - 1);
    if (mkdir(log->directory, 0777) && errno != EEXIST)
        return reason_set(why, "cannot make log directory %s: %s", log->directory, strerror(errno));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0)
        return reason_set(why, "cannot write log file %s: %s", path, strerror(errno));
    if (log->fd >= 0)
        (void)close(log->fd);
    log->fd = fd;
    log->hour = seconds / 3600;
    return true;
}

bool log_open(struct log *log, const struct config *config, struct reason *why)
{
    struct timespec now;

    *log = (struct log){
        .backend = config->log_backend,
        .level = config->log_level,
        .directory = config->log_directory,
        .prefix = config->log_prefix,
        .fd = -1,
    };
    switch (log->backend) {
    case CONFIG_LOG_STDOUT:
        log->fd = STDOUT_FILENO;
        break;
    case CONFIG_LOG_STDERR:
        log->fd = STDERR_FILENO;
        break;
    case CONFIG_LOG_FILE:
        (void)clock_gettime(CLOCK_REALTIME, &now);
        return open_file(log, now.tv_sec, why);
    case CONFIG_LOG_NONE:
        break;
    }
    return true;
}

void log_close(struct log *log)
{
    if (log->backend == CONFIG_LOG_FILE && log->fd >= 0)
        (void)close(log->fd);
    log->fd = -1;
}

void log_write(struct log *log, enum config_log_level level, const char *text)
{
    static const char *const names[] = {"ERROR", " WARN", " INFO", "DEBUG"};
    char line[LINE_BYTES_MAX];
    char stamp[32];
    struct timespec now;
    struct tm tm;

    if (log->fd < 0 || level > log->level)
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (log->backend == CONFIG_LOG_FILE && now.tv_sec / 3600 != log->hour)
        (void)open_file(log, now.tv_sec, NULL); /* on failure the old file goes on */
    (void)gmtime_r(&now.tv_sec, &tm);
    (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
    int length = snprintf(
        line, sizeof(line), "%s.%06ldZ %s %s\n", stamp, now.tv_nsec / 1000, names[level], text);
    if (length >= (int)sizeof(line)) {
        length = (int)sizeof(line) - 1;
        line[length - 1] = '\n';
    }
    if (length > 0 && write(log->fd, line, (size_t)length) < 0)
        return;
}

void log_format(struct log *log, enum config_log_level level, const char *format, ...)
{
    char text[LINE_BYTES_MAX];
    va_list arguments;

    if (level > log->level)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    log_write(log, level, text);
}
