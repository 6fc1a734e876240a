#include "framework/base/status.h"

#include <errno.h>

const char *status_name(assay_status status)
{
    switch (status) {
#define STATUS_CASE(name, number, text)                                                            \
    case number:                                                                                   \
        return #name;
        ASSAY_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    }
    return "E_INTERNAL";
}

const char *status_text(assay_status status)
{
    switch (status) {
#define STATUS_CASE(name, number, text)                                                            \
    case number:                                                                                   \
        return text;
        ASSAY_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    }
    return status_text(ASSAY_E_INTERNAL);
}

assay_status status_of_errno(int error_number)
{
    switch (error_number) {
    case ENOMEM:
        return ASSAY_E_NOMEM;
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return ASSAY_E_NOTFOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ASSAY_E_DENIED;
    case ETIMEDOUT:
        return ASSAY_E_TIMEOUT;
    case EINVAL:
    case ENAMETOOLONG:
        return ASSAY_E_INVALID;
    case ENOSYS:
    case EOPNOTSUPP:
        return ASSAY_E_UNSUPPORTED;
    default: /* errno values are an open set */
        return ASSAY_E_IO;
    }
}
