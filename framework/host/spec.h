/* What the nodes need, written by the system (assay.spec/1), read by the deployer.

   In `plan` the system names ports, binaries, images, stages, cadence; the deployer binds each port
   to an address; in `render` the system writes command lines, environment and files. Rendering
   again starts those three over. Texts and files live as long as the run, since a node may be
   started anew at any time. Any thread; the deployer must not hold a spec across a render. */
#ifndef ASSAY_HOST_SPEC_H
#define ASSAY_HOST_SPEC_H

#include <stdbool.h>

#include "framework/base/error.h"

struct host;
struct specs;

enum {
    SPEC_WORDS_MAX = 4096,              /* of one command line or environment */
    SPEC_FILES_MAX = 1024,              /* of one node */
    SPEC_BYTES_MAX = 512 * 1024 * 1024, /* all texts and files of all nodes */
    SPEC_STAGES_MAX = 16,
    SPEC_SUPPORTS_MAX = 16, /* the ABI's promise */
    SPEC_PATH_MAX = 1024
};

struct cadence {
    assay_ns block_interval; /* 0: not known */
    uint64_t final_depth;
};

struct specs *specs_new(struct host *host);
void specs_free(struct specs *specs);

struct cadence specs_cadence(struct specs *specs);
uint32_t specs_stage_count(struct specs *specs);
const char *specs_stage(struct specs *specs, uint32_t stage);

/* The node's, with argv[0]; NULL: no such node, or no memory. */
const assay_node_spec *specs_get(struct specs *specs, uint32_t node);
/* "http://127.0.0.1:20001" of port 0 as the runner reaches it; "" while it is not bound. */
const char *specs_url(struct specs *specs, uint32_t node);

/* The path of its profile on that port; NULL: none was named. */
const char *specs_profile(struct specs *specs, uint32_t node);

/* ASSAY_E_INVALID: the record is not complete. ASSAY_E_NOTFOUND: the system asked for no
   such port. */
assay_status specs_bind(struct specs *specs, uint32_t node, uint32_t port,
    const assay_endpoint *endpoint, struct error *err);
/* ASSAY_E_NOTFOUND: no such port, or it is not bound yet. */
assay_status specs_endpoint(
    struct specs *specs, uint32_t node, uint32_t port, assay_endpoint *out, struct error *err);
/* Are all ports of all nodes bound? The error names the first that is not. */
assay_status specs_check_bound(struct specs *specs, struct error *err);
/* Forgets what the last render wrote. */
void specs_start_render(struct specs *specs);

/* May this be a path below a node's directory? Not empty, relative, no "." or ".." or empty
   part. */
bool spec_path_is_good(const char *path);

extern const assay_spec spec_table;

#endif
