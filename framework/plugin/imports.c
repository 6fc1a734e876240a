#include "framework/plugin/imports.h"

#include <stdlib.h>
#include <string.h>

#include "framework/base/number.h"
#include "framework/base/str.h"

/* What a finding advises, once for each way around the services. */
static const char USE_CLOCK[] = "use assay.clock/1 now";
static const char USE_SLEEP[] = "use assay.clock/1 sleep_until";
static const char USE_UNIX[] = "use assay.clock/1 unix_ns, for protocol fields and display only";
static const char USE_RANDOM[] = "use assay.random/1, whose numbers follow from the run's seed";
static const char USE_TASKS[] = "use assay.tasks/1 spawn and join";
static const char USE_GATE[] = "use assay.tasks/1 gate; a wait that the host cannot see hangs it";
static const char USE_HTTP[] = "use assay.http/1";
static const char USE_EXEC[] = "use assay.deployment/1 start or exec, so that nothing outlives us";
static const char USE_FILES[] = "use assay.artifacts/1 to write, options or assay.spec/1 to read";
static const char USE_LOG[] = "use the host's log function";
static const char USE_OPTIONS[] = "use an option, or assay.spec/1 variable";
static const char USE_FAIL[] = "return a status with the host's fail function";
static const char NO_PROCESS_STATE[] = "a plugin must not change the state of the whole process";
static const char NO_LOADING[] = "a plugin must not load code; link what it needs";
static const char NOT_KNOWN[] = "not on the list of C library calls that are free of side effects; "
                                "docs/abi.md says what to use instead";

struct advice {
    const char *name; /* a function, or with '*' at the end all that start so */
    const char *text;
};

/* By topic. The first that fits counts. */
static const struct advice advices[] = {
    {"clock_gettime", USE_CLOCK},
    {"clock", USE_CLOCK},
    {"times", USE_CLOCK},
    {"timespec_get", USE_CLOCK},
    {"time", USE_UNIX},
    {"gettimeofday", USE_UNIX},
    {"ftime", USE_UNIX},
    {"nanosleep", USE_SLEEP},
    {"clock_nanosleep", USE_SLEEP},
    {"sleep", USE_SLEEP},
    {"usleep", USE_SLEEP},
    {"pause", USE_SLEEP},
    {"alarm", USE_SLEEP},
    {"thrd_sleep", USE_SLEEP},
    {"timer_*", USE_SLEEP},
    {"timerfd_*", USE_SLEEP},
    {"setitimer", USE_SLEEP},
    {"poll", USE_SLEEP},
    {"ppoll", USE_SLEEP},
    {"select", USE_SLEEP},
    {"pselect", USE_SLEEP},
    {"epoll_*", USE_SLEEP},
    {"sched_yield", USE_SLEEP},
    {"rand", USE_RANDOM},
    {"rand_r", USE_RANDOM},
    {"srand", USE_RANDOM},
    {"random", USE_RANDOM},
    {"random_r", USE_RANDOM},
    {"srandom", USE_RANDOM},
    {"*rand48", USE_RANDOM},
    {"*rand48_r", USE_RANDOM},
    {"getrandom", USE_RANDOM},
    {"getentropy", USE_RANDOM},
    {"arc4random*", USE_RANDOM},
    {"uuid_generate*", USE_RANDOM},
    {"pthread_create", USE_TASKS},
    {"pthread_join", USE_TASKS},
    {"pthread_timedjoin_np", USE_TASKS},
    {"pthread_detach", USE_TASKS},
    {"pthread_cancel", USE_TASKS},
    {"pthread_exit", USE_TASKS},
    {"pthread_kill", USE_TASKS},
    {"thrd_create", USE_TASKS},
    {"thrd_join", USE_TASKS},
    {"thrd_exit", USE_TASKS},
    {"pthread_cond_*", USE_GATE},
    {"cnd_*", USE_GATE},
    {"pthread_barrier_*", USE_GATE},
    {"sem_*", USE_GATE},
    {"eventfd*", USE_GATE},
    {"socket", USE_HTTP},
    {"socketpair", USE_HTTP},
    {"connect", USE_HTTP},
    {"bind", USE_HTTP},
    {"listen", USE_HTTP},
    {"accept*", USE_HTTP},
    {"send", USE_HTTP},
    {"sendto", USE_HTTP},
    {"sendmsg", USE_HTTP},
    {"sendmmsg", USE_HTTP},
    {"recv", USE_HTTP},
    {"recvfrom", USE_HTTP},
    {"recvmsg", USE_HTTP},
    {"recvmmsg", USE_HTTP},
    {"getaddrinfo", USE_HTTP},
    {"gethostby*", USE_HTTP},
    {"fork", USE_EXEC},
    {"vfork", USE_EXEC},
    {"clone", USE_EXEC},
    {"posix_spawn*", USE_EXEC},
    {"exec*", USE_EXEC},
    {"fexecve", USE_EXEC},
    {"system", USE_EXEC},
    {"popen", USE_EXEC},
    {"wait", USE_EXEC},
    {"wait3", USE_EXEC},
    {"wait4", USE_EXEC},
    {"waitpid", USE_EXEC},
    {"waitid", USE_EXEC},
    {"kill", USE_EXEC},
    {"killpg", USE_EXEC},
    {"daemon", USE_EXEC},
    {"fopen*", USE_FILES},
    {"freopen*", USE_FILES},
    {"fdopen", USE_FILES},
    {"tmpfile*", USE_FILES},
    {"open", USE_FILES},
    {"open64", USE_FILES},
    {"openat*", USE_FILES},
    {"__open*", USE_FILES},
    {"creat*", USE_FILES},
    {"read", USE_FILES},
    {"pread*", USE_FILES},
    {"readv", USE_FILES},
    {"write", USE_FILES},
    {"pwrite*", USE_FILES},
    {"writev", USE_FILES},
    {"unlink*", USE_FILES},
    {"remove", USE_FILES},
    {"rename*", USE_FILES},
    {"mkdir*", USE_FILES},
    {"rmdir", USE_FILES},
    {"mkstemp*", USE_FILES},
    {"opendir", USE_FILES},
    {"scandir*", USE_FILES},
    {"stat", USE_FILES},
    {"stat64", USE_FILES},
    {"lstat*", USE_FILES},
    {"fstatat*", USE_FILES},
    {"access", USE_FILES},
    {"shm_open", USE_FILES},
    {"printf", USE_LOG},
    {"__printf_chk", USE_LOG},
    {"vprintf", USE_LOG},
    {"__vprintf_chk", USE_LOG},
    {"puts", USE_LOG},
    {"putchar", USE_LOG},
    {"perror", USE_LOG},
    {"isatty", USE_LOG},
    {"dprintf", USE_LOG},
    {"__dprintf_chk", USE_LOG},
    {"stdout", USE_LOG},
    {"stderr", USE_LOG},
    {"syslog", USE_LOG},
    {"getenv", USE_OPTIONS},
    {"secure_getenv", USE_OPTIONS},
    {"environ", USE_OPTIONS},
    {"exit", USE_FAIL},
    {"abort", USE_FAIL},
    {"_exit", USE_FAIL},
    {"_Exit", USE_FAIL},
    {"quick_exit", USE_FAIL},
    {"longjmp", USE_FAIL},
    {"siglongjmp", USE_FAIL},
    {"atexit", NO_PROCESS_STATE},
    {"on_exit", NO_PROCESS_STATE},
    {"signal", NO_PROCESS_STATE},
    {"sigaction", NO_PROCESS_STATE},
    {"sigprocmask", NO_PROCESS_STATE},
    {"pthread_sigmask", NO_PROCESS_STATE},
    {"raise", NO_PROCESS_STATE},
    {"chdir", NO_PROCESS_STATE},
    {"fchdir", NO_PROCESS_STATE},
    {"umask", NO_PROCESS_STATE},
    {"setenv", NO_PROCESS_STATE},
    {"unsetenv", NO_PROCESS_STATE},
    {"putenv", NO_PROCESS_STATE},
    {"clearenv", NO_PROCESS_STATE},
    {"setlocale", NO_PROCESS_STATE},
    {"setrlimit*", NO_PROCESS_STATE},
    {"prctl", NO_PROCESS_STATE},
    {"set*id", NO_PROCESS_STATE},
    {"dup", NO_PROCESS_STATE},
    {"dup2", NO_PROCESS_STATE},
    {"dup3", NO_PROCESS_STATE},
    {"dlopen", NO_LOADING},
    {"dlmopen", NO_LOADING},
    {"dlsym", NO_LOADING},
    {"dlvsym", NO_LOADING},
    {"syscall", "a system call by number goes around every service"},
};

/* Memory, text, numbers, sorting, locks: nothing that anybody outside the plugin can notice. Streams
   are here, for open_memstream; what opens a file or names stdout is not. Sorted, for bsearch. */
static const char *const allowed[] = {
    "__assert",
    "__assert_fail",
    "__assert_perror_fail",
    "__ctype_b_loc",
    "__ctype_get_mb_cur_max",
    "__ctype_tolower_loc",
    "__ctype_toupper_loc",
    "__cxa_finalize",
    "__errno_location",
    "__explicit_bzero_chk",
    "__fprintf_chk",
    "__gmon_start__",
    "__isoc23_sscanf",
    "__isoc23_strtol",
    "__isoc23_strtoll",
    "__isoc23_strtoul",
    "__isoc23_strtoull",
    "__isoc99_sscanf",
    "__memcpy_chk",
    "__memmove_chk",
    "__memset_chk",
    "__snprintf_chk",
    "__sprintf_chk",
    "__stack_chk_fail",
    "__stpcpy_chk",
    "__stpncpy_chk",
    "__strcat_chk",
    "__strcpy_chk",
    "__strncat_chk",
    "__strncpy_chk",
    "__tls_get_addr",
    "__vasprintf_chk",
    "__vfprintf_chk",
    "__vsnprintf_chk",
    "__xpg_basename",
    "abs",
    "aligned_alloc",
    "asprintf",
    "atof",
    "atoi",
    "atol",
    "atoll",
    "bcmp",
    "bsearch",
    "calloc",
    "div",
    "explicit_bzero",
    "fclose",
    "feof",
    "ferror",
    "fflush",
    "ffs",
    "ffsl",
    "ffsll",
    "fgetc",
    "fgets",
    "fmemopen",
    "fprintf",
    "fputc",
    "fputs",
    "fread",
    "free",
    "fseek",
    "fseeko",
    "ftell",
    "ftello",
    "fwrite",
    "getc",
    "getdelim",
    "getline",
    "gmtime_r",
    "hcreate_r",
    "htonl",
    "htons",
    "imaxabs",
    "imaxdiv",
    "inet_ntop",
    "inet_pton",
    "labs",
    "ldiv",
    "llabs",
    "lldiv",
    "malloc",
    "malloc_usable_size",
    "memccpy",
    "memchr",
    "memcmp",
    "memcpy",
    "memmem",
    "memmove",
    "mempcpy",
    "memrchr",
    "memset",
    "mtx_destroy",
    "mtx_init",
    "mtx_lock",
    "mtx_trylock",
    "mtx_unlock",
    "ntohl",
    "ntohs",
    "open_memstream",
    "posix_memalign",
    "pthread_equal",
    "pthread_once",
    "pthread_self",
    "putc",
    "qsort",
    "qsort_r",
    "rawmemchr",
    "realloc",
    "reallocarray",
    "rewind",
    "snprintf",
    "sscanf",
    "stpcpy",
    "stpncpy",
    "strcasecmp",
    "strcasestr",
    "strcat",
    "strchr",
    "strchrnul",
    "strcmp",
    "strcoll",
    "strcpy",
    "strcspn",
    "strdup",
    "strerror_r",
    "strerrordesc_np",
    "strerrorname_np",
    "strftime",
    "strlen",
    "strncasecmp",
    "strncat",
    "strncmp",
    "strncpy",
    "strndup",
    "strnlen",
    "strpbrk",
    "strrchr",
    "strsep",
    "strsignal",
    "strspn",
    "strstr",
    "strtod",
    "strtof",
    "strtoimax",
    "strtok_r",
    "strtol",
    "strtold",
    "strtoll",
    "strtoul",
    "strtoull",
    "strtoumax",
    "strverscmp",
    "strxfrm",
    "tdelete",
    "tfind",
    "timegm",
    "tolower",
    "toupper",
    "tsearch",
    "twalk",
    "ungetc",
    "vasprintf",
    "vfprintf",
    "vsnprintf",
    "vsscanf",
};

static const char *const allowed_families[] = {
    "__cxa_*", /* C++ and destructors of the library */
    "is*",     /* isdigit and so on; isatty has advice of its own */
    "pthread_mutex*",
    "pthread_rwlock*",
    "pthread_spin_*",
};

/* Libraries that only compute, and what compilers bring along. */
static const char *const allowed_libraries[] = {
    "ld-linux*",
    "libasan.so*",
    "libc.so*",
    "libgcc_s.so*",
    "libgcov*",
    "libjson-c.so*", /* assay.json/1 reads; a plugin that writes much of it may link this */
    "libm.so*",
    "libpthread.so*", /* empty since glibc 2.34; its functions are judged by name */
    "libsodium.so*",
    "libstdc++.so*",
    "libtsan.so*",
    "libubsan.so*",
    "libyaml-0.so*",
    "libz.so*",
    "libzstd.so*",
};

static const struct advice library_advices[] = {
    {"libcurl*", USE_HTTP},
    {"libuv.so*", USE_TASKS},
    {"libevent*", USE_TASKS},
    {"libssl.so*", USE_HTTP},
    {"libuuid.so*", USE_RANDOM},
    {"libdl.so*", NO_LOADING},
};

/* Does name fit a pattern that is exact, or has one '*'? */
static bool fits(const char *pattern, const char *name)
{
    size_t head = 0;

    while (pattern[head] != '\0' && pattern[head] != '*' && pattern[head] == name[head])
        head++;
    if (pattern[head] != '*')
        return pattern[head] == name[head]; /* both end here, or they differ */
    const char *rest = pattern + head + 1;
    const size_t tail = strlen(rest);
    const size_t left = strlen(name + head);
    return left >= tail && strcmp(name + head + left - tail, rest) == 0;
}

static bool fits_any(const char *const *patterns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (fits(patterns[i], name))
            return true;
    return false;
}

static const char *find_advice(const struct advice *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (fits(table[i].name, name))
            return table[i].text;
    return NULL;
}

static int compare_names(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

const char *imports_advice(const char *function)
{
    if (bsearch(function, allowed, ARRAY_COUNT(allowed), sizeof(allowed[0]), compare_names))
        return NULL;
    const char *text = find_advice(advices, ARRAY_COUNT(advices), function);
    if (text)
        return text;
    return fits_any(allowed_families, ARRAY_COUNT(allowed_families), function) ? NULL : NOT_KNOWN;
}

const char *imports_library_advice(const char *soname)
{
    if (fits_any(allowed_libraries, ARRAY_COUNT(allowed_libraries), soname))
        return NULL;
    const char *text = find_advice(library_advices, ARRAY_COUNT(library_advices), soname);
    return text ? text
                : "a library that assay does not know; link it statically if it only computes";
}

/* Of libc by its version's file, which every import from it has; sanitizers stand in front of libc
   with functions of the same names that have no version, and so do libraries that know nothing of
   versions: those are judged only by what is known to go around a service. */
static const char *advice_for(const struct elf_import *import)
{
    static const char *const libc[] = {"libc.so*", "libpthread.so*", "librt.so*", "libdl.so*"};
    const char *text = imports_advice(import->name);

    if (import->file && fits_any(libc, ARRAY_COUNT(libc), import->file))
        return text;
    return import->file || text == NOT_KNOWN ? NULL : text;
}

/* Puts a finding into the list, or counts it when only the last place is left. */
static assay_status add_finding(
    struct vec *findings, size_t *dropped, const char *name, const char *text)
{
    if (findings->count + 1 >= findings->count_max) {
        (*dropped)++;
        return ASSAY_OK;
    }
    auto_free char *line = str_format("%s: %s", name, text);
    if (!line || vec_push(findings, &line))
        return ASSAY_E_NOMEM;
    line = NULL;
    return ASSAY_OK;
}

assay_status imports_lint(const struct elf_info *info, struct vec *findings, struct error *err)
{
    size_t dropped = 0;

    for (size_t i = 0; i < info->libraries.count; i++) {
        const char *library = *(const char **)vec_at(&info->libraries, i);
        const char *text = imports_library_advice(library);

        if (text && add_finding(findings, &dropped, library, text))
            return error_nomem(err);
    }
    VEC_EACH(struct elf_import, import, &info->imports) {
        const char *text = advice_for(import);

        if (text && add_finding(findings, &dropped, import->name, text))
            return error_nomem(err);
    }
    if (dropped == 0)
        return ASSAY_OK;
    auto_free char *line = str_format("and %zu more", dropped);
    if (!line || vec_push(findings, &line))
        return error_nomem(err);
    line = NULL;
    return ASSAY_OK;
}
