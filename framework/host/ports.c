#include "framework/host/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "framework/base/cleanup.h"
#include "framework/base/mem.h"
#include "framework/base/parse.h"
#include "framework/base/vec.h"

struct ports {
    pthread_mutex_t lock; /* guards everything */
    uint32_t low, count;  /* the range */
    uint32_t first;       /* where in it we began */
    uint32_t tried;
    struct vec held; /* int: sockets */
};

enum {
    EPHEMERAL_LOW_CUSTOMARY = 32768
}; /* where the kernel does not say */

/* The first port that outgoing connections may get. */
static uint32_t ephemeral_low(void)
{
    auto_file FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    char line[64] = "";
    uint64_t low = 0;

    if (!file || !fgets(line, sizeof(line), file))
        return EPHEMERAL_LOW_CUSTOMARY;
    line[strcspn(line, " \t\n")] = '\0';
    if (parse_u64_in(line, (struct u64_range){.min = 1, .max = UINT16_MAX}, &low, NULL))
        return EPHEMERAL_LOW_CUSTOMARY;
    return (uint32_t)low;
}

struct ports *ports_new(const char *run_id)
{
    struct ports *ports = mem_new(sizeof(*ports));
    const uint32_t end = ephemeral_low();
    uint32_t place = 0;

    if (!ports)
        return NULL;
    (void)pthread_mutex_init(&ports->lock, NULL);
    vec_init(&ports->held, sizeof(int), 2 * UINT16_MAX);
    ports->low = PORTS_LOWEST;
    /* A machine may have its range moved down to us; then there is nothing better than above it. */
    ports->count = end > PORTS_LOWEST + 1000 ? end - PORTS_LOWEST : 65536 - PORTS_LOWEST;
    (void)crypto_generichash((unsigned char *)&place, sizeof(place), (const unsigned char *)run_id,
        strlen(run_id), NULL, 0);
    ports->first = place % ports->count;
    return ports;
}

static void release_locked(struct ports *ports)
{
    VEC_EACH(int, fd, &ports->held) {
        (void)close(*fd);
    }
    vec_clear(&ports->held);
}

void ports_release(struct ports *ports)
{
    (void)pthread_mutex_lock(&ports->lock);
    release_locked(ports);
    (void)pthread_mutex_unlock(&ports->lock);
}

void ports_free(struct ports *ports)
{
    if (!ports)
        return;
    release_locked(ports);
    vec_done(&ports->held);
    (void)pthread_mutex_destroy(&ports->lock);
    free(ports);
}

/* Holding a thousand ports takes more descriptors than a shell allows by default; the hard limit is
   what the machine allows. */
static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int new_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    if (fd < 0 && errno == EMFILE) {
        allow_descriptors();
        fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    }
    return fd;
}

/* ASSAY_E_DENIED: somebody has it. */
static assay_status hold(struct ports *ports, uint32_t port, int type, struct error *err)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    auto_fd int fd = new_socket(type);

    if (fd < 0)
        return error_errno(err, errno, "cannot make a socket to look for a free port");
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        return ASSAY_E_DENIED;
    if (vec_push(&ports->held, &fd))
        return error_nomem(err);
    (void)take_fd(&fd);
    return ASSAY_OK;
}

/* Both or neither. */
static assay_status hold_all(
    struct ports *ports, uint32_t port, uint32_t protocols, struct error *err)
{
    const size_t before = ports->held.count;
    assay_status s = ASSAY_OK;

    if (protocols & ASSAY_TCP)
        s = hold(ports, port, SOCK_STREAM, err);
    if (!s && protocols & ASSAY_UDP)
        s = hold(ports, port, SOCK_DGRAM, err);
    while (s && ports->held.count > before) {
        (void)close(*(int *)vec_at(&ports->held, ports->held.count - 1));
        vec_remove(&ports->held, ports->held.count - 1);
    }
    return s;
}

assay_status ports_take(struct ports *ports, uint32_t protocols, uint32_t *out, struct error *err)
{
    assay_status s = ASSAY_E_DENIED;

    if (protocols == 0 || protocols > (ASSAY_TCP | ASSAY_UDP))
        return error_set(err, ASSAY_E_INVALID, "%u is no set of protocols", protocols);
    (void)pthread_mutex_lock(&ports->lock);
    while (s == ASSAY_E_DENIED && ports->tried < ports->count) {
        const uint32_t port = ports->low + (ports->first + ports->tried++) % ports->count;

        s = hold_all(ports, port, protocols, err);
        if (!s)
            *out = port;
    }
    (void)pthread_mutex_unlock(&ports->lock);
    if (s == ASSAY_E_DENIED)
        return error_set(err, ASSAY_E_NOTFOUND,
            "no free port is left on 127.0.0.1 between %u and %u: stop other programs, or move "
            "net.ipv4.ip_local_port_range up",
            ports->low, ports->low + ports->count - 1);
    return s;
}
