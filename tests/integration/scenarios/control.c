#include "tests/integration/scenarios/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

void use_node(struct stage *stage, const char *second)
{
    static char assignments[2][STAGE_PATH_SIZE + 32];
    char script[2 * STAGE_PATH_SIZE];

    (void)snprintf(script, sizeof(script),
        "#!/bin/sh\nnode=%s/bin/nomos-devnode\nif [ -e started ]; then\n%s\nfi\n"
        ": >started\nexec \"$node\" \"$@\"\n",
        ASSAY_BUILD_DIR, second);
    stage_write(stage, "nomos-devnode", script);
    assert_int_equal(chmod(stage_path(stage, "nomos-devnode"), 0700), 0);
    (void)snprintf(assignments[0], sizeof(assignments[0]), "NOMOS_NODE_BIN=%s",
        stage_path(stage, "nomos-devnode"));
    (void)snprintf(assignments[1], sizeof(assignments[1]), "NOMOS_EXECUTOR_BIN=%s",
        stage_path(stage, "nomos-devnode"));
    stage_setenv(stage, assignments[0]);
    stage_setenv(stage, assignments[1]);
}

void run_to(struct stage *stage, const char *manifest, int exit_code)
{
    stage_manifest(stage, manifest);
    assert_exit(stage, stage_run(stage, NULL), exit_code);
}

size_t receipt_count(struct stage *stage)
{
    json_object *list = NULL;

    assert_true(json_object_object_get_ex(stage_verdict(stage), "receipts", &list));
    return json_object_array_length(list);
}

const char *receipt_text(struct stage *stage, size_t index, const char *key)
{
    json_object *list = NULL;

    assert_true(json_object_object_get_ex(stage_verdict(stage), "receipts", &list));
    return verdict_text(json_object_array_get_idx(list, index), key);
}

void assert_all_proven(struct stage *stage)
{
    assert_true(receipt_count(stage) > 0);
    for (size_t i = 0; i < receipt_count(stage); i++) {
        if (strcmp(receipt_text(stage, i, "proven"), "true") != 0)
            fail_msg("%s of %s is not proven; before: %s; after: %s",
                receipt_text(stage, i, "action"), receipt_text(stage, i, "node"),
                receipt_text(stage, i, "before"), receipt_text(stage, i, "after"));
    }
}

void assert_no_crash_told(struct stage *stage)
{
    char *events = stage_read(stage, "events.ndjson");

    assert_lacks(verdict_text(stage_verdict(stage), "notices"), " ended ");
    assert_lacks(events, "node-ended");
    free(events);
}
