#include "framework/base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static const char *const level_words[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};

/* The settings of the process's one log. Atomic: any thread logs at any time. */
static struct {
    _Atomic int level;
    _Atomic int fd;
    _Atomic bool is_redrawn;
    int64_t (*_Atomic clock)(void);
} settings = {.level = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

void log_set_level(enum log_level level)
{
    atomic_store(&settings.level, (int)level);
}

void log_set_fd(int fd)
{
    atomic_store(&settings.fd, fd);
}

void log_set_clock(int64_t (*unix_ms)(void))
{
    atomic_store(&settings.clock, unix_ms);
}

void log_set_redrawn(bool is_redrawn)
{
    atomic_store(&settings.is_redrawn, is_redrawn);
}

bool log_is_on(enum log_level level)
{
    return (int)level >= atomic_load(&settings.level);
}

/* "12:00:03.117 ", or nothing without a clock. */
static size_t put_time(char *line, size_t size)
{
    int64_t (*clock)(void) = atomic_load(&settings.clock);
    int64_t ms = 0;
    int len = 0;

    if (!clock)
        return 0;
    ms = clock() % (24 * 3600 * 1000LL);
    if (ms < 0)
        ms += 24 * 3600 * 1000LL;
    len = snprintf(line, size, "%02d:%02d:%02d.%03d ", (int)(ms / 3600000), (int)(ms / 60000 % 60),
        (int)(ms / 1000 % 60), (int)(ms % 1000));
    assert(len > 0 && (size_t)len < size);
    return (size_t)len;
}

/* Copies text as far as it fits, control bytes spelled out; returns the new length. */
static size_t put_escaped(char *line, size_t used, size_t limit, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        char piece[8];
        size_t len = 1;

        if (c == '\n' || c == '\t')
            len = (size_t)snprintf(piece, sizeof piece, "\\%c", c == '\n' ? 'n' : 't');
        else if (c < 0x20 || c == 0x7F)
            len = (size_t)snprintf(piece, sizeof piece, "\\x%02X", c);
        else
            piece[0] = (char)c;
        if (used + len > limit)
            break;
        memcpy(line + used, piece, len);
        used += len;
    }
    return used;
}

void log_write(enum log_level level, const char *where, const char *format, ...)
{
    char text[LOG_LINE_SIZE];
    char line[LOG_LINE_SIZE];
    const size_t limit = sizeof line - 1; /* the last byte is the newline's */
    size_t used = 0;
    va_list args;

    assert(level >= LOG_LEVEL_DEBUG && level <= LOG_LEVEL_ERROR);
    if (!log_is_on(level))
        return;
    va_start(args, format);
    if (vsnprintf(text, sizeof text, format, args) < 0)
        text[0] = '\0';
    va_end(args);
    if (atomic_load(&settings.is_redrawn))
        used = (size_t)snprintf(line, sizeof line, "\r\033[K");
    used += put_time(line + used, sizeof line - used);
    used = put_escaped(line, used, limit, level_words[level]);
    used = put_escaped(line, used, limit, " ");
    used = put_escaped(line, used, limit, where);
    used = put_escaped(line, used, limit, ": ");
    used = put_escaped(line, used, limit, text);
    line[used++] = '\n';
    if (write(atomic_load(&settings.fd), line, used) < 0)
        return; /* nobody is left to tell */
}

static bool level_of_word(const char *word, size_t len, enum log_level *out)
{
    static const struct {
        const char *word;
        enum log_level level;
    } known[] = {
        {"trace", LOG_LEVEL_DEBUG},
        {"debug", LOG_LEVEL_DEBUG},
        {"info", LOG_LEVEL_INFO},
        {"warn", LOG_LEVEL_WARN},
        {"warning", LOG_LEVEL_WARN},
        {"error", LOG_LEVEL_ERROR},
        {"off", LOG_LEVEL_OFF},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strlen(known[i].word) == len && strncasecmp(known[i].word, word, len) == 0) {
            *out = known[i].level;
            return true;
        }
    }
    return false;
}

bool log_level_parse(const char *text, enum log_level *out)
{
    enum log_level level = *out;

    while (*text) {
        const size_t len = strcspn(text, ",");
        const size_t target_len = strcspn(text, "=");
        const char *word = text;
        size_t word_len = len;
        bool is_ours = true;

        if (target_len < len) {
            is_ours = target_len == strlen("assay") && strncmp(text, "assay", target_len) == 0;
            word = text + target_len + 1;
            word_len = len - target_len - 1;
        }
        if (is_ours && len > 0 && !level_of_word(word, word_len, &level))
            return false;
        text += len;
        text += *text == ',';
    }
    *out = level;
    return true;
}

const char *log_level_from_environment(void)
{
    static const char *const names[] = {"ASSAY_LOG", "RUST_LOG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);
        enum log_level level = (enum log_level)atomic_load(&settings.level);

        if (!value || !*value)
            continue;
        if (!log_level_parse(value, &level))
            return names[i];
        log_set_level(level);
        return NULL;
    }
    return NULL;
}
