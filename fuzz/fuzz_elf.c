/* Files that call themselves plugins. The catalogue reads every *.so of a directory, so anything
   may come, and it must never fault. */
#include "framework/plugin/look.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct look look = {.bytes = {0}};

    if (elf_inspect(data, size, &look.info, NULL) == ASSAY_OK)
        (void)look_judge(&look, NULL);
    look_done(&look);
    return 0;
}
