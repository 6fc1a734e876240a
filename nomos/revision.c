#include "nomos/revision.h"

#include <stdio.h>
#include <string.h>

static const char first_prefix[] = "NOMOS_";
static const char own_prefix[] = "NOMOS_DEVNODE_";

const struct revision revision_2025_12 = {
    .name = "2025-12",
    .wire = &wire_revision_2025_12,
    .has_da = true,
    .has_roles = true,
    .prefix = first_prefix,
    .node_program = "nomos-node",
    .executor_program = "nomos-executor",
    .circuits_directory = ".nomos-circuits",
    .node_config = "validator.yaml",
    .executor_config = "executor.yaml",
};

const struct revision revision_2026_01 = {
    .name = "2026-01",
    .wire = &wire_revision_2025_12,
    .prefix = "LOGOS_BLOCKCHAIN_",
    .node_program = "logos-blockchain-node",
    .circuits_directory = ".logos-blockchain-circuits",
    .node_config = "node.yaml",
};

const struct revision *revision_find(const char *name)
{
    static const struct revision *const all[] = {&revision_2025_12, &revision_2026_01};

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool revision_variable(
    const struct revision *revision, const char *name, char out[REVISION_VARIABLE_SIZE])
{
    const bool is_ours = begins_with(name, first_prefix) && !begins_with(name, own_prefix);
    const int length = snprintf(out, REVISION_VARIABLE_SIZE, "%s%s",
        is_ours ? revision->prefix : "", is_ours ? name + strlen(first_prefix) : name);

    return length > 0 && length < REVISION_VARIABLE_SIZE;
}
