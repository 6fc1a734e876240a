/* assay-worker: where plugins run; see framework/run/worker.h. */
#include "framework/run/worker.h"

/* In a build with a sanitizer, a crash goes to our own handler, which knows whose plugin it was in,
   and what the sanitizer itself finds ends in abort and so goes there too. */
#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif

#define SANITIZER_OPTIONS                                                                          \
    "abort_on_error=1:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0"

#if defined(__SANITIZE_ADDRESS__) || HAS_FEATURE(address_sanitizer)
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return SANITIZER_OPTIONS;
}
#endif

#if defined(__SANITIZE_THREAD__) || HAS_FEATURE(thread_sanitizer)
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return SANITIZER_OPTIONS;
}
#endif

int main(int argc, char **argv)
{
    return worker_main(argc, argv);
}
