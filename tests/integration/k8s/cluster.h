/* What tests of deployer k8s share: the cluster, which is asked by kubectl as a user would. */
#ifndef ASSAY_TEST_K8S_CLUSTER_H
#define ASSAY_TEST_K8S_CLUSTER_H

#include "tests/integration/scenarios/support.h"

/* Programs of tests run at the same time, on one cluster. Each has a theme: its runs are those whose
   names begin with it and a dash, it sees and removes no others. */
struct cluster_theme {
    const char *name;
    const char *pinned;             /* a namespace that its tests may make; tear-down removes it */
    const char *const *other_names; /* of runs that have names of their own, NULL at the end */
};

/* Exits with 77, and says why, unless there is a cluster to test on. Call first in main. */
void cluster_need(const struct cluster_theme *theme);

/* stage_manifest, by a name of the theme. */
void cluster_manifest(struct stage *stage, const char *text);

/* CMocka set-up and tear-down: a stage that finds kubectl, helm and the cluster; nothing of it is left
   in the cluster. */
int cluster_open(void **state);
int cluster_close(void **state);

/* Runs kubectl to its end; its exit code, and what it said in stage->out and stage->err. */
#define KUBECTL(stage, ...) cluster_call((stage), (const char *const[]){__VA_ARGS__, NULL})
int cluster_call(struct stage *stage, const char *const *words);

/* Namespaces that some run of the theme has made and that are there still, one a line; "" when there are none. */
const char *cluster_left(struct stage *stage);
/* The same for things of a run in the pinned namespace, helm's among them. */
const char *cluster_left_in_pinned(struct stage *stage);
/* Waits until there are no such namespaces. */
void cluster_await_empty(struct stage *stage);

/* A stage to call kubectl on while a run of the other one goes on. */
void cluster_beside(const struct stage *stage, struct stage *out);
void cluster_beside_done(struct stage *beside);

/* The first such namespace, waited for while the run goes on. */
void cluster_await_namespace(struct stage *stage, char *out, size_t size);

#endif
