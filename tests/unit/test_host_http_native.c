#include "framework/host/http_native.h"

#include "tests/unit/support/http_conformance.h"

int main(void)
{
    return http_conformance_run(http_native_new);
}
