/* What tests of deployer k8s share: the cluster, which is asked by kubectl as a user would. */
#ifndef ASSAY_TEST_K8S_CLUSTER_H
#define ASSAY_TEST_K8S_CLUSTER_H

#include "tests/integration/scenarios/support.h"

/* Exits with 77, and says why, unless there is a cluster to test on. Call first in main. */
void cluster_need(void);

/* A namespace that a test may make for itself; tear-down removes it. */
#define CLUSTER_PINNED "assay-pinned"

/* CMocka set-up and tear-down: a stage that finds kubectl, helm and the cluster; nothing of it is left
   in the cluster. */
int cluster_open(void **state);
int cluster_close(void **state);

/* Runs kubectl to its end; its exit code, and what it said in stage->out and stage->err. */
#define KUBECTL(stage, ...) cluster_call((stage), (const char *const[]){__VA_ARGS__, NULL})
int cluster_call(struct stage *stage, const char *const *words);

/* Namespaces that some run has made and that are there still, one a line; "" when there are none. */
const char *cluster_left(struct stage *stage);
/* Waits until there are none. */
void cluster_await_empty(struct stage *stage);

/* A stage to call kubectl on while a run of the other one goes on. */
void cluster_beside(const struct stage *stage, struct stage *out);
void cluster_beside_done(struct stage *beside);

/* The first such namespace, waited for while the run goes on. */
void cluster_await_namespace(struct stage *stage, char *out, size_t size);

#endif
