/* What the files of this deployer share.

     compose.c   the plugin: options, prepare, finish
     stack.c     the files that Compose reads, from what the nodes need
     engine.c    one request to the container engine, and what it says of images and containers
     network.c   a network with addresses that stay
     programs.c  the programs docker and docker-compose: up, down, building the image
     acts.c      node control
     watch.c     containers that ended by themselves
     logs.c      what containers have printed
     template.c, text.c

   Everything that is made carries the label io.assay.run=<run id>, by which assets/stack/scripts/sweep.sh
   finds and removes it whatever becomes of this process. One struct compose per instance; what prepare
   writes is constant afterwards. */
#ifndef ASSAY_PLUGINS_COMPOSE_H
#define ASSAY_PLUGINS_COMPOSE_H

#include <assay/plugin.h>

enum {
    COMPOSE_PORTS_MAX = 16, /* of one node; as the host's limit */
    COMPOSE_NAME_SIZE = 256,
    COMPOSE_PATH_SIZE = 4096,
    COMPOSE_SUPPORTS_MAX = 16
};

#define COMPOSE_LABEL      "io.assay.run"
#define COMPOSE_NODE_LABEL "io.assay.node"

struct compose_options {
    assay_ns patience, limit, up_limit, stop_patience;
    const char *engine, *compose;
    const char *prometheus, *prometheus_image, *metrics_path;
    int64_t prometheus_port;
    int64_t grafana;
    const char *grafana_image;
    int64_t build, preserve;
};

/* What stands beside the nodes for the whole network. */
struct compose_store {
    uint32_t is_wanted;
    uint32_t port, is_fixed; /* on this machine; no other will do */
    const char *image;
};

/* What is known of a node's container; watch.c. Node control and watching take turns. */
struct compose_watched {
    int64_t started_unix_ns; /* of the process that is known to run; 0: not looked at yet */
    uint32_t is_down;        /* since it was told to */
    uint32_t is_told;        /* the host knows that it has ended */
};

struct compose {
    const assay_host *host;
    const assay_clock *clock;
    const assay_deployment *deployment;
    const assay_http *http;
    const assay_json_table *json;
    const assay_topology *topology;
    struct compose_options options; /* strings live until destroy */
    assay_ns patience, up_limit;
    uint32_t node_count;
    const char *run_id;
    int64_t zero_unix_ns; /* when run time began; taken once, so that equal moments stay equal */
    char project
        [COMPOSE_NAME_SIZE]; /* of Compose; also the network's name, and what containers' begin with */

    /* The engine: a socket, or a URL with certificates. */
    char engine[COMPOSE_PATH_SIZE]; /* as DOCKER_HOST has it */
    char socket[COMPOSE_PATH_SIZE], url[COMPOSE_NAME_SIZE];
    char ca_file[COMPOSE_PATH_SIZE], certificate_file[COMPOSE_PATH_SIZE],
        key_file[COMPOSE_PATH_SIZE];
    uint32_t is_v1; /* the program docker-compose instead of docker's own */

    uint32_t (*ports)[COMPOSE_PORTS_MAX]; /* by node and port: on this machine; 0: not published */
    struct compose_watched *watched;      /* by node */
    uint32_t next_look;                   /* whose turn it is; watch.c */
    struct compose_store prometheus, grafana;
    uint32_t subnet, prefix;      /* of the network: address in host order, length */
    char file[COMPOSE_PATH_SIZE]; /* the compose file */
    uint32_t is_up;               /* containers may exist */
};

/* "assay-demo-...-validator-0": the container of a node, or of a program beside the nodes. */
void compose_container(
    const struct compose *self, const char *service, char out[COMPOSE_NAME_SIZE]);
const char *compose_node_name(const struct compose *self, uint32_t node);

/* The value of a variable, NULL when it is not set or empty. */
const char *compose_setting(const struct compose *self, const char *name);

/* ---- stack.c ---- */

/* Writes compose.yml, prometheus.yml and the rest into the workspace. */
assay_status stack_write(struct compose *self);

/* ---- network.c ---- */

assay_status network_make(struct compose *self, assay_task *task);
/* The `nth` address for a container, "172.20.0.2" and on. */
void network_address(const struct compose *self, uint32_t nth, char out[16]);

/* ---- programs.c ---- */

/* Which Compose there is. ASSAY_E_NOTFOUND, and what to install. */
assay_status programs_find(struct compose *self, assay_task *task);
/* ASSAY_E_LAGGED: somebody took a port meanwhile; try with others. */
assay_status programs_up(struct compose *self, assay_task *task);
assay_status programs_recreate(
    struct compose *self, assay_task *task, const char *service, assay_ns until);
assay_status programs_down(struct compose *self, assay_task *task);
assay_status programs_build_image(struct compose *self, assay_task *task);

/* ---- logs.c ---- */

/* Node logs into their directories, the others' beside the compose file. What cannot be had is left
   out, and said in the log. */
void logs_collect_all(struct compose *self, assay_task *task);
assay_status logs_collect_node(void *self, assay_task *task, uint32_t node);
/* Before a container goes, and its log with it: "output.until-<ms of the run>.log". */
void logs_keep_node(struct compose *self, assay_task *task, uint32_t node);

/* ---- watch.c ---- */

struct container_state;

/* One look at all of them: assay_deployer_ops.watch. */
assay_status watch_look(void *self, assay_task *task);
/* What was seen of a node's container: tells the host of an end that nobody asked for. */
void watch_note(struct compose *self, uint32_t node, const struct container_state *state);
/* Node control has ended it, or started another process in it. */
void watch_took_down(struct compose *self, uint32_t node);
void watch_brought_up(struct compose *self, uint32_t node);
/* It was asked to end by this signal ("SIGTERM"), and did so with this code. */
void watch_note_stop(
    struct compose *self, uint32_t node, const char *signal_name, uint32_t exit_code);

/* ---- acts.c ---- */

/* A moment of the engine's clock, which is this machine's, in run time; 0 stays 0. */
assay_ns acts_run_time(const struct compose *self, int64_t unix_ns);

extern const assay_deployer_ops compose_ops;

#endif
