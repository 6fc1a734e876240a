#include "framework/config/origin.h"

assay_status origin_write(const struct origin *origin, struct str *out)
{
    switch (origin->kind) {
    case ORIGIN_DEFAULT:
        (void)str_append(out, "default");
        break;
    case ORIGIN_FILE:
        (void)str_appendf(out, "%s:%u", origin->name, origin->line);
        break;
    case ORIGIN_SET:
        (void)str_append(out, "--set");
        break;
    case ORIGIN_BUILDER:
        (void)str_append(out, origin->name);
        break;
    case ORIGIN_ENVIRONMENT:
        (void)str_appendf(out, "$%s", origin->name);
        break;
    case ORIGIN_CHOSEN:
        (void)str_append(out, "drawn at random");
        break;
    }
    if (origin->variable)
        (void)str_appendf(out, ", $%s", origin->variable);
    return out->status;
}
