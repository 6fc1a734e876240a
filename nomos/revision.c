#include "nomos/revision.h"

#include <assert.h>
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
    if (strcmp(name, revision_2025_12.name) == 0)
        return &revision_2025_12;
    return strcmp(name, revision_2026_01.name) == 0 ? &revision_2026_01 : NULL;
}

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

struct revision_name revision_called(const struct revision *revision, const char *name)
{
    const bool is_ours = begins_with(name, first_prefix) && !begins_with(name, own_prefix);
    struct revision_name out;
    const int length = snprintf(out.text, sizeof(out.text), "%s%s", is_ours ? revision->prefix : "",
        is_ours ? name + strlen(first_prefix) : name);

    assert(length > 0 && (size_t)length < sizeof(out.text));
    (void)length;
    return out;
}
