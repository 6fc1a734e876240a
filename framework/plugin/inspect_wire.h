/* What the inspecting child tells its parent: messages of a head and so many bytes, in order.

       STEP text ...            what of the file's code is about to run
       RESULT text              the description: all went well, or
       STATUS assay_status, ERROR text

   Both ends are one build on one machine, so the head is a plain struct. The parent still believes
   nothing: code of the file under inspection could write to the pipe too. */
#ifndef ASSAY_PLUGIN_INSPECT_WIRE_H
#define ASSAY_PLUGIN_INSPECT_WIRE_H

#include <stdint.h>

enum {
    INSPECT_FD = 3,
    INSPECT_STEP = 's',
    INSPECT_STATUS = 'n',
    INSPECT_ERROR = 'e',
    INSPECT_RESULT = 'r'
};

struct inspect_head {
    char type;
    char reserved[3];
    uint32_t size;
};

#endif
