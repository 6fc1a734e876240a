/* cfgsync-server: hands every node of a network its configuration once all nodes are known. */
#include <event2/event.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cfgsync/circuits.h"
#include "cfgsync/server.h"
#include "nomos/keys.h"

enum exit_status {
    EXIT_STOPPED = 0,
    EXIT_CANNOT = 1,
    EXIT_USAGE = 2,
};

static const char any_address[] = "0.0.0.0";

static int64_t unix_ns(void)
{
    struct timespec now = {.tv_sec = 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void say(const char *text)
{
    (void)printf("%s\n", text);
    (void)fflush(stdout);
}

static int cannot(const char *why)
{
    (void)fprintf(stderr, "Error: %s\n", why);
    return EXIT_CANNOT;
}

static void on_stop(evutil_socket_t signal_number, short what, void *arg)
{
    (void)signal_number;
    (void)what;
    (void)event_base_loopbreak(arg);
}

/* Longer than any machine needs for one. */
#define PROOF_PATIENCE_NS (UINT64_C(600) * 1000000000)

static bool sign(
    void *self, const struct wire *wire, const struct genesis_signing *signing, struct reason *why)
{
    return circuits_sign(self, wire, signing, why);
}

/* With circuits, as an image with real nodes has them (node contract 5.5), the genesis carries real
   proofs. `path` is room for where they are. False and a reason when they are not there. */
static bool find_circuits(struct circuits *out, char path[PATH_MAX], struct reason *why)
{
    const char *named = getenv("NOMOS_CIRCUITS"), *scratch = getenv("TMPDIR");
    struct stat status;

    *out = (struct circuits){
        .scratch = scratch && *scratch ? scratch : "/tmp", .patience_ns = PROOF_PATIENCE_NS};
    if (!named || !*named)
        return true;
    if (!realpath(named, path) || stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return reason_set(why,
            "NOMOS_CIRCUITS is %s, which is no directory; unset it for development nodes", named);
    out->directory = path;
    return true;
}

static int serve(
    const struct settings *settings, struct circuits *circuits, struct event_base *base)
{
    const struct registry_prover prover = {.self = circuits, .sign = sign, .unix_ns = unix_ns};
    struct registry *registry = registry_new(settings);
    /* It runs as the first process of a container, which no signal ends that it does not handle. */
    struct event *stops[] = {
        evsignal_new(base, SIGINT, on_stop, base), evsignal_new(base, SIGTERM, on_stop, base)};
    const struct server_params params = {.base = base,
        .address = any_address,
        .port = settings->port,
        .timeout_ns = settings->timeout_ns,
        .registry = registry,
        .unix_ns = unix_ns,
        .log = say};
    struct reason why = {""};
    struct server *server = server_new(&params, &why);
    int status = EXIT_STOPPED;
    char line[64];

    if (circuits->directory)
        registry_prove_with(registry, &prover);
    if (!server || !stops[0] || !stops[1]) {
        status = cannot(server ? "out of memory" : why.text);
    } else {
        (void)event_add(stops[0], NULL);
        (void)event_add(stops[1], NULL);
        (void)snprintf(line, sizeof(line), "Server running on http://%s:%u", any_address,
            (unsigned)server_port(server));
        say(line);
        (void)event_base_dispatch(base);
    }
    server_free(server);
    for (size_t i = 0; i < 2; i++)
        if (stops[i])
            event_free(stops[i]);
    registry_free(registry);
    return status;
}

int main(int argc, char **argv)
{
    struct settings settings;
    struct circuits circuits;
    char circuits_path[PATH_MAX];
    struct event_base *base = NULL;
    struct reason why = {""};
    int status;

    if (argc != 2 || strcmp(argv[1], "--help") == 0) {
        (void)fprintf(argc == 2 ? stdout : stderr, "usage: cfgsync-server CFGSYNC.yaml\n");
        return argc == 2 ? EXIT_STOPPED : EXIT_USAGE;
    }
    if (!keys_init())
        return cannot("the cryptographic library cannot be started");
    if (!find_circuits(&circuits, circuits_path, &why))
        return cannot(why.text);
    if (!settings_read(&settings, argv[1], &why))
        return cannot(why.text);
    (void)signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    status = base ? serve(&settings, &circuits, base) : cannot("cannot make an event loop");
    if (base)
        event_base_free(base);
    settings_done(&settings);
    return status;
}
