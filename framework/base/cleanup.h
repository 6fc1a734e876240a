/* Cleanup is declared where the resource is.

       auto_free char *text = NULL;
       auto_fd int fd = -1;
       ...
       *out_text = take(text);     hands ownership out and leaves NULL

   Variables so declared are initialised where they are declared, always. A
   module offers the same for its own objects with one line in its header:

       CLEANUP_DEFINE(auto_feed, struct feed *, feed_free)
       #define auto_feed CLEANUP(auto_feed)

   where feed_free accepts NULL. */
#ifndef ASSAY_BASE_CLEANUP_H
#define ASSAY_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(name) __attribute__((cleanup(name##_cleanup)))

/* For pointers: at the end of the scope, calls function with the variable's value. */
#define CLEANUP_DEFINE(name, type, function)                                                       \
    static inline void name##_cleanup(type *variable)                                              \
    {                                                                                              \
        function(*variable);                                                                       \
    }

/* For objects in place: at the end of the scope, calls function with their address. */
#define CLEANUP_DEFINE_DONE(name, type, function)                                                  \
    static inline void name##_cleanup(type *variable)                                              \
    {                                                                                              \
        function(variable);                                                                        \
    }

static inline void auto_free_cleanup(void *variable)
{
    free(*(void **)variable);
}

static inline void auto_fd_cleanup(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

static inline void auto_file_cleanup(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

#define auto_free CLEANUP(auto_free)
#define auto_fd   CLEANUP(auto_fd)
#define auto_file CLEANUP(auto_file)

/* The value of a pointer variable, which is NULL afterwards. */
#define take(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) *take_from = &(pointer);                                               \
        __typeof__(pointer) take_value = *take_from;                                               \
        *take_from = NULL;                                                                         \
        take_value;                                                                                \
    })

/* The value of a descriptor variable, which is -1 afterwards. */
static inline int take_fd(int *fd)
{
    const int value = *fd;

    *fd = -1;
    return value;
}

#endif
