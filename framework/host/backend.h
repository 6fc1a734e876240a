/* assay_deployment.call: one HTTP request of a deployer to its backend, a container engine behind a
   Unix socket or a cluster behind https.

   Goes over the run's HTTP engines (http_service.h); https and host names bring in libcurl. Nothing
   is kept between calls but connections. */
#ifndef ASSAY_HOST_BACKEND_H
#define ASSAY_HOST_BACKEND_H

#include <assay/plugin.h>

enum {
    BACKEND_TOKEN_MAX = 16 * 1024, /* bytes of a token file: tokens of clusters have 1 to 2 KiB */
    BACKEND_HEADERS_MAX = 32
};

assay_status backend_call(assay_task *task, const assay_backend_call *call, assay_reply **reply);

#endif
