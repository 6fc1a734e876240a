#include "framework/run/launch_signals.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

static const int forwarded[LAUNCH_SIGNALS] = {SIGINT, SIGTERM, SIGHUP};

/* A handler gets no context, so where it writes to is the one thing here that a file has to know.
   -1: nobody has the signals. */
static _Atomic int writer_fd = -1;

static void handle(int signal_number)
{
    const int saved = errno;
    const unsigned char byte = (unsigned char)signal_number;
    const int fd = atomic_load(&writer_fd);

    if (fd >= 0) /* a full pipe holds plenty of signals already */
        (void)!write(fd, &byte, 1);
    errno = saved;
}

static void install_one(struct launch_signals *signals, size_t i)
{
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};

    (void)sigemptyset(&action.sa_mask);
    if (sigaction(forwarded[i], NULL, &signals->old[i]) < 0)
        return;
    if (forwarded[i] == SIGHUP && (signals->old[i].sa_flags & SA_SIGINFO) == 0 &&
        signals->old[i].sa_handler == SIG_IGN)
        return; /* nohup */
    signals->is_replaced[i] = sigaction(forwarded[i], &action, NULL) == 0;
}

assay_status launch_signals_install(struct launch_signals *signals, struct error *err)
{
    int fds[2] = {-1, -1};

    *signals = (struct launch_signals){.fd = -1, .writer = -1};
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return error_errno(err, errno, "no pipe for signals");
    assert(atomic_load(&writer_fd) < 0);
    atomic_store(&writer_fd, fds[1]);
    signals->fd = fds[0];
    signals->writer = fds[1];
    for (size_t i = 0; i < LAUNCH_SIGNALS; i++)
        install_one(signals, i);
    return ASSAY_OK;
}

void launch_signals_restore(struct launch_signals *signals)
{
    if (signals->fd < 0)
        return;
    for (size_t i = 0; i < LAUNCH_SIGNALS; i++)
        if (signals->is_replaced[i])
            (void)sigaction(forwarded[i], &signals->old[i], NULL);
    atomic_store(&writer_fd, -1);
    (void)close(signals->fd);
    (void)close(signals->writer);
    signals->fd = signals->writer = -1;
}

int launch_signals_take(struct launch_signals *signals)
{
    unsigned char byte = 0;

    if (signals->fd < 0 || read(signals->fd, &byte, 1) != 1)
        return 0;
    return byte;
}
