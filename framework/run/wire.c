#include "framework/run/wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(sizeof(struct wire_request) + PROCESS_SPEC_BYTES_MAX <= WIRE_REQUEST_MAX,
    "every spec that the host accepts fits one packet");

/* Where the next string goes. Once something did not fit, nothing does. */
struct writer {
    char *packet;
    size_t size;
    bool is_full;
};

static void write_string(struct writer *writer, const char *text)
{
    const size_t size = strlen(text) + 1;

    if (writer->is_full || size > WIRE_REQUEST_MAX - writer->size) {
        writer->is_full = true;
        return;
    }
    memcpy(writer->packet + writer->size, text, size);
    writer->size += size;
}

static uint32_t write_list(struct writer *writer, const char *const *list)
{
    uint32_t count = 0;

    while (list && list[count] && count <= PROCESS_WORDS_MAX)
        write_string(writer, list[count++]);
    return count;
}

size_t wire_request_write(
    const struct wire_request *head, const struct process_spec *spec, char *packet)
{
    struct wire_request filled = *head;
    struct writer writer = {.packet = packet, .size = sizeof filled};

    filled.argv_count = filled.env_count = 0;
    if (spec) {
        write_string(&writer, spec->name ? spec->name : "");
        write_string(&writer, spec->directory ? spec->directory : "");
        write_string(&writer, spec->output ? spec->output : "");
        filled.argv_count = write_list(&writer, spec->argv);
        filled.env_count = write_list(&writer, spec->env);
    }
    if (writer.is_full || filled.argv_count + filled.env_count > PROCESS_WORDS_MAX)
        return 0;
    filled.text_size = (uint32_t)(writer.size - sizeof filled);
    memcpy(packet, &filled, sizeof filled);
    return writer.size;
}

/* Takes the next string off the text; NULL when there is none. */
static const char *read_string(const char **text, size_t *left)
{
    const char *string = *text;
    const char *end = memchr(string, '\0', *left);

    if (!end)
        return NULL;
    *left -= (size_t)(end - string) + 1;
    *text = end + 1;
    return string;
}

static bool read_strings(const char *text, struct wire_parsed *out)
{
    size_t left = out->head.text_size;
    size_t n = 0;

    out->name = read_string(&text, &left);
    out->directory = out->name ? read_string(&text, &left) : NULL;
    out->output = out->directory ? read_string(&text, &left) : NULL;
    if (!out->output)
        return false;
    out->argv = &out->words[0];
    for (uint32_t i = 0; i < out->head.argv_count; i++) {
        out->words[n] = read_string(&text, &left);
        if (!out->words[n++])
            return false;
    }
    out->words[n++] = NULL;
    out->env = &out->words[n];
    for (uint32_t i = 0; i < out->head.env_count; i++) {
        out->words[n] = read_string(&text, &left);
        if (!out->words[n++])
            return false;
    }
    out->words[n] = NULL;
    return left == 0;
}

static bool has_strings(uint32_t type)
{
    return type == WIRE_START || type == WIRE_UNDO || type == WIRE_REMOVE_LATER;
}

static assay_status check_paths(const struct wire_parsed *request, struct error *err)
{
    const bool has_command = request->head.type != WIRE_REMOVE_LATER;

    if (has_command && (request->head.argv_count == 0 || request->argv[0][0] == '\0'))
        return error_set(err, ASSAY_E_INVALID, "a request to run something names no program");
    if (request->directory[0] != '/' && (!has_command || request->directory[0] != '\0'))
        return error_set(err, ASSAY_E_INVALID, "a directory is not absolute");
    if (request->output[0] != '\0' && request->output[0] != '/')
        return error_set(err, ASSAY_E_INVALID, "an output file is not absolute");
    for (uint32_t i = 0; i < request->head.env_count; i++)
        if (!strchr(request->env[i], '='))
            return error_set(err, ASSAY_E_INVALID, "an environment entry has no '='");
    return ASSAY_OK;
}

assay_status wire_request_read(
    const char *packet, size_t size, struct wire_parsed *out, struct error *err)
{
    if (size < sizeof out->head)
        return error_set(err, ASSAY_E_INVALID, "a request of %zu bytes is too short", size);
    memcpy(&out->head, packet, sizeof out->head);
    if (out->head.type < WIRE_START || out->head.type > WIRE_REMOVE_LATER)
        return error_set(err, ASSAY_E_INVALID, "request type %u is unknown", out->head.type);
    if (out->head.text_size != size - sizeof out->head)
        return error_set(err, ASSAY_E_INVALID, "a request lies about its size");
    if (!has_strings(out->head.type))
        return out->head.text_size == 0
            ? ASSAY_OK
            : error_set(err, ASSAY_E_INVALID, "a request carries text it should not");
    if (out->head.argv_count > PROCESS_WORDS_MAX ||
        out->head.env_count > PROCESS_WORDS_MAX - out->head.argv_count)
        return error_set(err, ASSAY_E_INVALID, "a request has too many words");
    if (!read_strings(packet + sizeof out->head, out))
        return error_set(err, ASSAY_E_INVALID, "a request's strings do not add up");
    return check_paths(out, err);
}

assay_status wire_pair(int fds[2], struct error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
        return error_errno(err, errno, "a socket pair cannot be made");
    return ASSAY_OK;
}

enum wire_result wire_send(int fd, const void *data, size_t size, bool waits)
{
    for (;;) {
        const ssize_t sent = send(fd, data, size, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));

        if (sent >= 0)
            return WIRE_OK;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
            return WIRE_AGAIN;
        if (errno != EINTR)
            return WIRE_CLOSED;
    }
}

enum wire_result wire_receive(int fd, void *data, size_t size_max, size_t *out_size)
{
    struct iovec part = {.iov_base = data, .iov_len = size_max};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t got = -1;

    do
        got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? WIRE_AGAIN : WIRE_CLOSED;
    if (got == 0)
        return WIRE_CLOSED;
    if ((message.msg_flags & MSG_TRUNC) != 0)
        return WIRE_MALFORMED;
    *out_size = (size_t)got;
    return WIRE_OK;
}
