/* The deployer "k8s": what its parts share.

     k8s.c        the plugin: options, the order of a deployment
     names.c      namespace, release, labels; what is undone by whom
     cluster.c    the cluster's API: credentials out of kubectl's configuration, requests
     release.c    helm, the addresses that services were given, the nodes' files
     reach.c      which way nodes are reached from here
     metrics.c    where to ask for metrics, and to look at them
     values.c     the values as JSON
     pods.c       what the cluster says of the nodes' pods
     ends.c       ends of nodes that nobody here asked for
     trouble.c    why a pod does not run: its state, events, log
     control.c    acting on a node inside its pod, and looking at it there

   The deployer knows no kind of node: image, command line, environment, files and ports come from
   the system's specs. Everything that lives in the cluster has the label io.assay.run, by which it
   is found again whatever becomes of this process. */
#ifndef PLUGINS_DEPLOYERS_K8S_K8S_H
#define PLUGINS_DEPLOYERS_K8S_K8S_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include <assay/sdk.h>

/* On everything that a run makes in the cluster. */
#define RUN_LABEL  "io.assay.run"
#define HOST_LABEL "io.assay.host"

enum {
    K8S_NAME_SIZE = 64,   /* a label or the name of most objects: 63 letters */
    K8S_PORTS_MAX = 16,   /* of one node */
    K8S_PATH_SIZE = 4096, /* of the kernel */
    K8S_URL_SIZE = 512,
    K8S_UID_SIZE = 64,  /* a UUID */
    K8S_END_SIZE = 128, /* "docker://" and 64 digits, and a moment */
    K8S_WORDS_MAX = 48
};

/* How nodes are reached from here. */
enum k8s_way {
    WAY_NODE_PORT,  /* at ports of a cluster node */
    WAY_CLUSTER_IP, /* at their services' own addresses */
    WAY_FORWARD     /* at ports of this machine: one port-forward to one relay pod */
};

struct k8s_options {
    const char *context, *namespace, *release, *image, *pull_policy;
    const char *const *pull_secrets, *const *node_selector, *const *tolerations;
    const char *access, *node_host, *relay_image;
    const char *node_cpu, *node_memory, *node_cpu_limit, *node_memory_limit;
    const char *kzg, *kzg_host_path;
    int64_t has_prometheus, has_grafana, is_preserved;
    const char *prometheus_image, *prometheus_url, *grafana_image;
    const char *const *prometheus_args;
    const char *values;
    assay_ns deployment_timeout, http_timeout, limit;
};

/* How long things are waited for; from variables alone, since few will ever want others. */
struct k8s_waits {
    assay_ns probe;         /* for a way to the nodes that may not be there */
    assay_ns probe_pace;    /* between two looks for it */
    assay_ns metrics_probe; /* for Prometheus and Grafana beside the nodes, directly */
    assay_ns metrics;       /* and through a port-forward */
};

/* How to ask the cluster. Files are in the workspace, readable by us alone. */
struct cluster {
    char url[K8S_URL_SIZE], context[256], kubeconfig[K8S_PATH_SIZE]; /* "": kubectl's default */
    char ca[K8S_PATH_SIZE], certificate[K8S_PATH_SIZE], key[K8S_PATH_SIZE], token[K8S_PATH_SIZE];
    bool is_unverified;
};

/* What the cluster said of a node's pod. */
struct pod {
    bool is_there;
    bool is_running; /* its container, ready or not */
    bool has_ended;  /* its container, and nothing runs in its place yet */
    uint32_t restarts;
    int64_t exit_code; /* of the latest container that ended */
    char reason[64];   /* why it waits, or "" */
    char uid[K8S_UID_SIZE];
    bool is_leaving;        /* it is being deleted, or the cluster has given it up */
    char left_reason[64];   /* why it was given up, as "Evicted", or "" */
    char end[K8S_END_SIZE]; /* which container ended latest and when; "": none */
    char end_reason[64];    /* as "OOMKilled" */
};

/* What is known of a node's pod and its ends; what differs from it is news. */
struct told {
    char uid[K8S_UID_SIZE], end[K8S_END_SIZE];
    uint32_t end_count;
    bool is_gone; /* said already that it has no pod */
};

struct k8s_node {
    const char *name, *role; /* of the spec */
    uint32_t role_index;
    char address[64];                    /* of its service */
    uint32_t node_ports[K8S_PORTS_MAX];  /* by index of the spec's ports; 0: not exposed */
    uint32_t local_ports[K8S_PORTS_MAX]; /* of this machine, with WAY_FORWARD; 0: not exposed */
    bool has_boot;                       /* boot is known; this, it and asked_signal under lock */
    assay_ns boot;                       /* when the pod's machine was started, in run time */
    int asked_signal; /* that control has sent and whose end was not seen; or 0 */
    struct told told; /* of ends.c */
};

struct k8s {
    const assay_host *host;
    const assay_deployment *deployment;
    const assay_topology *topology;
    const assay_json_table *json;
    const assay_http *http; /* info and release of the cluster's replies */
    const assay_clock *clock;
    const assay_run_table *run;
    struct k8s_options options; /* strings live until destroy */
    struct k8s_waits waits;
    uint32_t grafana_port; /* of cluster nodes, where one is asked for; 0: any */
    assay_bytes dashboard; /* for Grafana; empty without one */

    struct cluster cluster;
    char namespace[K8S_NAME_SIZE], release[K8S_NAME_SIZE];
    char run_id[K8S_NAME_SIZE], host_name[K8S_NAME_SIZE]; /* as labels: the run, and whose it is */
    bool owns_namespace; /* it did not exist before, and goes with the run */
    bool is_ready;       /* nodes have been: from now on inspect looks inside pods */
    bool has_claimed;    /* there may be something in the cluster to remove */
    bool is_preserved;
    char node_host[256];
    enum k8s_way way;
    uint32_t node_count;
    struct k8s_node *nodes;

    pthread_mutex_t lock; /* guards what follows */
    struct pod *pods;     /* the latest look at all nodes' */
    assay_ns looked_at;
    bool is_looking; /* somebody is asking the cluster right now */
};

/* The variable's value; NULL when it is unset or empty. */
const char *k8s_variable(const struct k8s *k8s, const char *name);
/* The option if it is given, else the first variable that is set, else the fallback. */
const char *k8s_choose(
    const struct k8s *k8s, const char *option, const char *variable, const char *fallback);

/* ---- names.c ---- */

/* Decides namespace, release and the run's label. */
assay_status names_choose(struct k8s *k8s);
/* Asks what this machine is called, for the label by which `assay clean --orphans` finds its own. */
assay_status names_ask_host(struct k8s *k8s, assay_task *task);
/* Journals how to undo, then makes the namespace, or takes the one that is there. */
assay_status names_claim(struct k8s *k8s, assay_task *task);
/* Removes everything of this run, and waits until it is gone. */
assay_status names_release(struct k8s *k8s, assay_task *task, assay_ns until);

/* ---- cluster.c ---- */

/* Reads kubectl's configuration and asks the cluster for its version. */
assay_status cluster_open(struct k8s *k8s, assay_task *task);

struct ask {
    const char *method, *path; /* "GET", "/api/v1/..." */
    assay_bytes body;          /* JSON; empty: none */
    const char *content_type;  /* NULL: application/json */
};

/* The cluster's answer. Release it with answer_done. */
struct answer {
    const struct k8s *k8s;
    uint32_t code;
    assay_bytes text;
    assay_json *document; /* NULL when it is no JSON */
    const assay_value *root;
    assay_reply *reply;
};

/* Asks. OK: there was an answer, whatever its code. */
assay_status cluster_ask(
    const struct k8s *k8s, assay_task *task, const struct ask *ask, struct answer *out);
/* The same for GET; a code other than 200 is a failure with the cluster's words. */
assay_status cluster_get(
    const struct k8s *k8s, assay_task *task, const char *path, struct answer *out);
void answer_done(struct answer *answer);
/* Fails with what the cluster answered: its message, or its code. */
assay_status cluster_refused(const struct k8s *k8s, const struct answer *answer, const char *what);

/* Puts "kubectl --kubeconfig F --context C" or the same for helm in front; returns the number of
   words. `words` has room for K8S_WORDS_MAX. */
size_t cluster_words(const struct k8s *k8s, const char *program, const char **words);

/* Member of an object by a path of names: find(k8s, root, "status", "podIP", NULL). */
const assay_value *json_find(const struct k8s *k8s, const assay_value *value, ...)
    __attribute__((sentinel));
/* The text there, "" without one. */
const char *json_text(const struct k8s *k8s, const assay_value *value);

/* ---- release.c ---- */

/* Installs the nodes' services and binds every port of every node to what they were given. */
assay_status release_addresses(struct k8s *k8s, assay_task *task);
/* Installs everything; files of nodes go into secrets first. */
assay_status release_install(struct k8s *k8s, assay_task *task);
/* Brings the release to what the values say now. */
assay_status release_upgrade(struct k8s *k8s, assay_task *task);
/* Binds every port of every node, by the way. */
assay_status release_bind(struct k8s *k8s);

/* ---- reach.c ---- */

/* The way that the options ask for, before anything is known. */
void reach_choose(struct k8s *k8s);
/* Finds a way to the nodes' ports that works, and binds them anew when it is not the first. */
assay_status reach_nodes(struct k8s *k8s, assay_task *task);
/* Waits until something answers at http://ip:port and the path, and not with an error of its own. OK
   and false when it has not by then. */
struct spot {
    const char *ip, *path;
    uint32_t port;
};
assay_status reach_await(
    struct k8s *k8s, assay_task *task, const struct spot *spot, assay_ns until, bool *out);
/* Keeps one `kubectl port-forward` to the target, started again whenever it ends; `ports` has the
   words "local:remote", NULL at the end. */
assay_status reach_forward(
    struct k8s *k8s, const char *name, const char *target, const char *const *ports);
/* Calls `visit` with each exposed port of each node, counted from 0. */
void reach_each_port(const struct k8s *k8s,
    void (*visit)(void *arg, uint32_t node, uint32_t port, uint32_t nth), void *arg);

enum {
    RELAY_PORT_FIRST = 10000 /* the relay listens on this and on */
};

/* ---- metrics.c ---- */

/* What the options and NOMOS_GRAFANA_NODE_PORT say of Grafana, before anything is made. */
assay_status metrics_choose(struct k8s *k8s);
/* Tells the host where metrics can be asked for, if anywhere: at a Prometheus that is there already, or
   at the one beside the nodes, once it is ready. The same for a Grafana beside the nodes. */
assay_status metrics_find(struct k8s *k8s, assay_task *task);

/* ---- values.c ---- */

/* Writes the chart's values as JSON. */
void values_write(const struct k8s *k8s, const char *phase, FILE *out);
/* A JSON string with its quotes; NULL is "". */
void values_text(FILE *out, const char *text, size_t size);

/* ---- pods.c ---- */

/* The latest look at a node's pod, not older than half a second if the cluster answers. */
assay_status pods_look(struct k8s *k8s, assay_task *task, uint32_t node, struct pod *out);
/* Waits until every pod's container runs. Fails as soon as one cannot. */
assay_status pods_await(struct k8s *k8s, assay_task *task, assay_ns until);
/* Lists the nodes' pods now: `pods` has one entry per node, all zero. */
assay_status pods_list(struct k8s *k8s, assay_task *task, struct pod *pods);
/* Is somebody else taking the namespace away under us? */
assay_status pods_ask_namespace(struct k8s *k8s, assay_task *task, bool *out_is_going);
/* "release-validator-0-0" */
void pods_name(const struct k8s *k8s, uint32_t node, char out[2 * K8S_NAME_SIZE]);

/* ---- ends.c ---- */

/* What is there now is what the nodes begin with. One entry of `pods` per node. */
void ends_begin(struct k8s *k8s, const struct pod *pods);
/* Looks at all nodes' pods once, and tells the host of each container that has ended and each pod that
   went since the last look: actions of control end neither. */
assay_status ends_watch(void *self, assay_task *task);
/* A signal is about to be sent; 0: what was sent before is of no interest any more. */
void ends_ask(struct k8s *k8s, uint32_t node, int signal_number);
/* The node has ended with this code (128 + the signal): tells the host, once, when it was asked to end
   and did so in another way. */
assay_status ends_see(struct k8s *k8s, uint32_t node, unsigned long code);
/* The code as the host has it. */
void ends_read_code(unsigned long code, uint32_t *how, uint32_t *number);

/* ---- trouble.c ---- */

/* Fails with why this pod (a node's, or another by name) is in trouble: `what`, its events, the end
   of its log. */
assay_status trouble_report(struct k8s *k8s, assay_task *task, const char *pod, const char *what);
/* Hands the node's log to the host, and that of the container before when there was one. */
assay_status trouble_collect(struct k8s *k8s, assay_task *task, uint32_t node);
/* For a node that does not get ready: hands that of its container which ended as the node's log, where
   one did, and not that of the one which runs in its place. */
assay_status trouble_collect_end(struct k8s *k8s, assay_task *task, uint32_t node);

/* ---- control.c ---- */

extern const assay_deployer_ops control_ops;

#endif
