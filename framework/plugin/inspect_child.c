#include "framework/plugin/inspect.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "framework/base/file.h"
#include "framework/base/json_out.h"
#include "framework/base/str.h"
#include "framework/plugin/describe.h"
#include "framework/plugin/digest.h"
#include "framework/plugin/inspect_wire.h"

struct task {
    const char *path;
    bool as_json;
    struct loader_options options;
};

static assay_status parse(int argc, char **argv, struct task *task)
{
    if (argc < 3 || strcmp(argv[1], "--inspect") != 0)
        return ASSAY_E_INVALID;
    task->path = argv[2];
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            task->as_json = true;
        else if (strcmp(argv[i], "--allow-untrusted") == 0)
            task->options.allow_untrusted = true;
        else if (strcmp(argv[i], "--strict-imports") == 0)
            task->options.strict_imports = true;
        else
            return ASSAY_E_INVALID;
    }
    return ASSAY_OK;
}

/* One message; a failure to write means that nobody listens any more. */
static void send(char type, const char *text, size_t size)
{
    const struct inspect_head head = {.type = type, .size = (uint32_t)size};

    if (file_write_fd(INSPECT_FD, &head, sizeof(head), NULL) == ASSAY_OK)
        (void)file_write_fd(INSPECT_FD, text, size, NULL);
}

static void send_step(void *context, const char *path, const char *step)
{
    (void)context;
    (void)path;
    send(INSPECT_STEP, step, strlen(step));
}

static assay_status describe(const struct task *task, struct str *out, struct error *err)
{
    auto_loader struct loader *loader = NULL;
    const struct plugin_library *library = NULL;
    char digest[SHA256_TEXT_SIZE];
    struct json_out json;
    assay_status status = loader_new(&task->options, &loader, err);

    if (!status)
        status = loader_open_library(loader, task->path, &library, err);
    if (!status)
        status = library_digest(library, digest, err);
    if (status)
        return status;
    if (task->as_json) {
        json_out_init(&json, out, JSON_PRETTY);
        describe_json(library, digest, &json);
        (void)str_append_char(out, '\n');
    } else {
        describe_text(library, digest, out);
    }
    if (out->status)
        return error_set(
            err, out->status, "its description is longer than %d bytes", (int)INSPECT_OUTPUT_MAX);
    return ASSAY_OK;
}

int plugin_inspect_main(int argc, char **argv)
{
    static const struct rlimit no_core = {0, 0};
    struct task task = {.options = {.on_step = send_step}};
    struct error err = {.code = ASSAY_OK};
    auto_str struct str out = STR_INIT(INSPECT_OUTPUT_MAX);

    if (parse(argc, argv, &task) != ASSAY_OK || fcntl(INSPECT_FD, F_GETFD) < 0)
        return 2;
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (describe(&task, &out, &err)) {
        send(INSPECT_STATUS, (const char *)&err.code, sizeof(err.code));
        send(INSPECT_ERROR, err.text, strlen(err.text));
        return 1;
    }
    send(INSPECT_RESULT, str_text(&out), out.len);
    return 0;
}
