#include "bench/http_hey.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void pause_for(double seconds)
{
    struct timespec left = {
        .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        continue;
}

static void *freeze(void *arg)
{
    const struct hey_plan *plan = arg;

    pause_for(plan->freeze_at_s);
    (void)kill(plan->server->pid, SIGSTOP);
    pause_for(plan->freeze_s);
    (void)kill(plan->server->pid, SIGCONT);
    return NULL;
}

assay_status hey_run(const struct hey_plan *plan, double *out_p99_ms, struct error *err)
{
    struct hey_plan copy = *plan;
    char hey[] = "hey", post[] = "-m", method[] = "POST", data[] = "-d", body[] = "x";
    char of_workers[] = "-c", of_rate[] = "-q", of_time[] = "-z";
    char workers[16], rate[16], seconds[16], url[64], output[8192];
    char *const argv[] = {hey, of_workers, workers, of_rate, rate, of_time, seconds, post, method,
        data, body, url, NULL};
    const struct bench_command command = {argv, output, sizeof output};
    pthread_t freezer;
    double cpu_s = 0;

    (void)snprintf(workers, sizeof workers, "%u", plan->workers);
    (void)snprintf(rate, sizeof rate, "%u", plan->rate / plan->workers);
    (void)snprintf(seconds, sizeof seconds, "%us", plan->seconds);
    (void)snprintf(
        url, sizeof url, "http://127.0.0.1:%u/mempool/add/tx", (unsigned)plan->server->port);
    if (pthread_create(&freezer, NULL, freeze, &copy) != 0)
        return error_nomem(err);
    const assay_status s = bench_run(&command, &cpu_s, err);
    (void)pthread_join(freezer, NULL); /* also when hey is missing: the server goes on */
    if (s)
        return s;
    const char *found = strstr(output, "99% in ");
    if (!found)
        return error_set(err, ASSAY_E_IO, "hey did not say \"99%% in\"");
    *out_p99_ms = strtod(found + 7, NULL) * 1e3;
    return ASSAY_OK;
}
