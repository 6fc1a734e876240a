/* What every HTTP engine must do, as CMocka tests; test_host_http_native.c and
   test_host_http_curl.c run them over the two engines. */
#ifndef ASSAY_TESTS_HTTP_CONFORMANCE_H
#define ASSAY_TESTS_HTTP_CONFORMANCE_H

#include "tests/unit/support/http_client.h"

/* Runs all; returns the number of failures. */
int http_conformance_run(engine_maker make);

#endif
