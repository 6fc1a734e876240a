/* Reading journals: after a crash, by whoever is left. Nothing in one is trusted more than the
   file's owner and mode warrant. */
#include "framework/run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "framework/base/cleanup.h"
#include "framework/base/file.h"
#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/host/processes.h"

enum {
    WORDS_MAX = PROCESS_WORDS_MAX + 1
};

/* The words of one line, decoded in place; texts point into the line. */
struct line {
    char *words[WORDS_MAX + 1]; /* NULL at the end */
    size_t count;
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool decode_word(char *word)
{
    char *out = word;

    if (strcmp(word, "%-") == 0) {
        *word = '\0';
        return true;
    }
    for (const char *c = word; *c; c++) {
        if (*c == '%') {
            const int high = hex_digit(c[1]);
            const int low = high < 0 ? -1 : hex_digit(c[2]);

            if (low < 0 || high * 16 + low == 0)
                return false;
            *out++ = (char)(high * 16 + low);
            c += 2;
        } else {
            *out++ = *c;
        }
    }
    *out = '\0';
    return out > word;
}

static bool split_line(char *text, struct line *line)
{
    line->count = 0;
    for (char *rest = text; rest;) {
        char *word = strsep(&rest, " ");

        if (line->count == WORDS_MAX || !decode_word(word))
            return false;
        line->words[line->count++] = word;
    }
    line->words[line->count] = NULL;
    return true;
}

/* The readers of single records. ASSAY_E_INVALID: not a record; ASSAY_E_NOMEM must not pass for
   that, since what is not read is not undone. */

static assay_status set_text(char **field, const char *text)
{
    if (*field)
        return ASSAY_E_INVALID; /* said twice */
    *field = mem_dup(text);
    return *field ? ASSAY_OK : ASSAY_E_NOMEM;
}

static assay_status read_machine(const struct line *line, struct proc_machine *out)
{
    struct proc_machine machine = {0};

    if (line->count != 4 || strlen(line->words[1]) >= sizeof machine.host ||
        strlen(line->words[2]) >= sizeof machine.boot ||
        strlen(line->words[3]) >= sizeof machine.pids)
        return ASSAY_E_INVALID;
    (void)stpcpy(machine.host, line->words[1]);
    (void)stpcpy(machine.boot, line->words[2]);
    (void)stpcpy(machine.pids, line->words[3]);
    *out = machine;
    return ASSAY_OK;
}

static assay_status read_process(const struct line *line, struct vec *processes)
{
    struct journal_process_record record = {0};
    uint64_t pid = 0;

    if (line->count != 4 ||
        parse_u64_in(line->words[2], (struct u64_range){1, INT32_MAX}, &pid, NULL) ||
        parse_u64(line->words[3], &record.start_time, NULL))
        return ASSAY_E_INVALID;
    record.pid = (pid_t)pid;
    record.is_front_end = strcmp(line->words[1], "frontend") == 0;
    return vec_push(processes, &record);
}

static void free_words(char **words)
{
    for (size_t i = 0; words && words[i]; i++)
        free(words[i]);
    free(words);
}

static char **copy_words(char *const *words, size_t count)
{
    char **copy = mem_new_array(count + 1, sizeof *copy);

    for (size_t i = 0; copy && i < count; i++) {
        copy[i] = mem_dup(words[i]);
        if (!copy[i]) {
            free_words(copy);
            return NULL;
        }
    }
    return copy;
}

static assay_status add_undo(struct vec *undos, struct journal_undo_record *record)
{
    const assay_status s = vec_push(undos, record);

    if (s) {
        free_words(record->argv);
        free(record->remove);
    }
    return s;
}

static assay_status read_undo(struct line *line, struct vec *undos)
{
    struct journal_undo_record record = {0};

    if (line->count < 2 || line->words[1][0] != '/')
        return ASSAY_E_INVALID;
    record.argv = copy_words(line->words + 1, line->count - 1);
    return record.argv ? add_undo(undos, &record) : ASSAY_E_NOMEM;
}

static assay_status read_remove(const struct line *line, struct journal_content *content)
{
    struct journal_undo_record record = {0};

    if (line->count != 2 || !content->run_directory ||
        !journal_is_below(line->words[1], content->run_directory))
        return ASSAY_E_INVALID;
    record.remove = mem_dup(line->words[1]);
    return record.remove ? add_undo(&content->undos, &record) : ASSAY_E_NOMEM;
}

static assay_status read_line(struct line *line, struct journal_content *content)
{
    const char *keyword = line->words[0];

    if (strcmp(keyword, "process") == 0)
        return read_process(line, &content->processes);
    if (strcmp(keyword, "undo") == 0)
        return read_undo(line, &content->undos);
    if (strcmp(keyword, "remove") == 0)
        return read_remove(line, content);
    if (strcmp(keyword, "machine") == 0)
        return read_machine(line, &content->machine);
    if (line->count != 2)
        return ASSAY_E_INVALID;
    if (strcmp(keyword, "run") == 0)
        return set_text(&content->run_id, line->words[1]);
    if (strcmp(keyword, "directory") == 0 && line->words[1][0] == '/')
        return set_text(&content->run_directory, line->words[1]);
    if (strcmp(keyword, "cgroup") == 0)
        return set_text(&content->cgroup, line->words[1]);
    return ASSAY_E_INVALID;
}

static assay_status read_content(
    char *text, const char *path, struct journal_content *content, struct error *err)
{
    static const char head[] = "assay-journal 1\n";
    auto_free struct line *line = NULL;

    if (strncmp(text, head, strlen(head)) != 0)
        return error_set(err, ASSAY_E_INVALID,
            "%s is not a journal of this version of assay; delete it when you know that nothing is "
            "left of its run",
            path);
    line = mem_new(sizeof *line);
    if (!line)
        return error_nomem(err);
    for (char *rest = text + strlen(head); *rest != '\0';) {
        char *end = strchr(rest, '\n');
        assay_status s = ASSAY_E_INVALID;

        if (!end) {
            content->is_torn = true;
            break;
        }
        *end = '\0';
        if (split_line(rest, line))
            s = read_line(line, content);
        if (s == ASSAY_E_NOMEM)
            return error_nomem(err);
        if (s)
            content->bad_lines++;
        rest = end + 1;
    }
    if (!content->run_id || !content->run_directory)
        return error_set(err, ASSAY_E_INVALID, "%s says neither its run nor where it ran", path);
    return ASSAY_OK;
}

/* Undo commands are executed, so a file that somebody else may write is not believed. */
static assay_status check_owner(int fd, const char *path, struct error *err)
{
    struct stat info;

    if (fstat(fd, &info) < 0)
        return error_errno(err, errno, "%s", path);
    if (info.st_nlink == 0)
        return error_set(err, ASSAY_E_NOTFOUND, "%s is gone", path);
    if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 022) != 0)
        return error_set(err, ASSAY_E_DENIED,
            "%s is not a file that you alone may write; not trusting it", path);
    return ASSAY_OK;
}

static assay_status read_fd(
    int fd, const char *path, struct journal_content *content, struct error *err)
{
    struct journal_content read = {0};
    struct file_text text = {0};
    assay_status s = check_owner(fd, path, err);

    if (s)
        return s;
    vec_init(&read.processes, sizeof(struct journal_process_record), JOURNAL_PROCESSES_MAX);
    vec_init(&read.undos, sizeof(struct journal_undo_record), JOURNAL_UNDO_MAX);
    s = file_read_fd(fd, JOURNAL_SIZE_MAX, &text, err);
    if (s)
        return error_wrap(err, s, "while reading %s", path);
    s = read_content(text.data, path, &read, err);
    free(text.data);
    if (s) {
        journal_content_done(&read);
        return s;
    }
    *content = read;
    return ASSAY_OK;
}

static int open_file(const char *path, struct error *err, assay_status *out_status)
{
    const int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        *out_status = errno == ENOENT ? error_set(err, ASSAY_E_NOTFOUND, "%s is gone", path)
                                      : error_errno(err, errno, "%s cannot be opened", path);
    return fd;
}

assay_status journal_open(
    const char *path, struct journal *out, struct journal_content *content, struct error *err)
{
    assay_status s = ASSAY_OK;
    auto_fd int fd = open_file(path, err, &s);
    char *copy = NULL;

    if (s)
        return s;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK
            ? error_set(err, ASSAY_E_LAGGED, "%s is in use: its run is alive", path)
            : error_errno(err, errno, "%s cannot be locked", path);
    copy = mem_dup(path);
    if (!copy)
        return error_nomem(err);
    s = read_fd(fd, path, content, err);
    if (s) {
        free(copy);
        return s;
    }
    *out = (struct journal){.fd = take_fd(&fd), .path = copy, .undo_count = content->undos.count};
    str_init(&out->pending, JOURNAL_BUFFER_MAX);
    return ASSAY_OK;
}

assay_status journal_peek(const char *path, struct journal_content *content, struct error *err)
{
    assay_status s = ASSAY_OK;
    auto_fd int fd = open_file(path, err, &s);

    return s ? s : read_fd(fd, path, content, err);
}

void journal_content_done(struct journal_content *content)
{
    VEC_EACH(struct journal_undo_record, record, &content->undos) {
        free_words(record->argv);
        free(record->remove);
    }
    vec_done(&content->undos);
    vec_done(&content->processes);
    free(content->run_id);
    free(content->run_directory);
    free(content->cgroup);
    *content = (struct journal_content){0};
}
