#include "bench/http_wrk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "framework/base/file.h"

static const char script[] = "wrk.method = \"POST\"\n"
                             "wrk.path = \"/mempool/add/tx\"\n"
                             "wrk.body = string.rep(\"x\", 200)\n"
                             "wrk.headers[\"Content-Type\"] = \"application/json\"\n";

static assay_status write_script(char *path, struct error *err)
{
    const int fd = mkstemp(path);
    assay_status s;

    if (fd < 0)
        return error_errno(err, errno, "making a file for wrk's script");
    s = file_write_fd(fd, script, sizeof script - 1, err);
    (void)close(fd);
    return s;
}

assay_status wrk_run(
    const struct bench_server *server, uint32_t seconds, struct wrk_result *out, struct error *err)
{
    char path[] = "/tmp/assay-bench-XXXXXX";
    char wrk[] = "wrk", threads[] = "-t1", connections[] = "-c64", use[] = "-s";
    char duration[16], url[64], output[4096];
    char *const argv[] = {wrk, threads, connections, duration, use, path, url, NULL};
    const struct bench_command command = {argv, output, sizeof output};
    double cpu_s = 0;
    const char *found;
    assay_status s = write_script(path, err);

    if (s)
        return s;
    (void)snprintf(duration, sizeof duration, "-d%us", seconds);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", server->port);
    s = bench_run(&command, &cpu_s, err);
    (void)unlink(path);
    if (s)
        return s;
    found = strstr(output, "Requests/sec:");
    if (!found)
        return error_set(err, ASSAY_E_IO, "wrk did not say \"Requests/sec:\"");
    out->requests_per_s = strtod(found + 13, NULL);
    out->cpu_us_per_request = cpu_s * 1e6 / (out->requests_per_s * seconds);
    return ASSAY_OK;
}
