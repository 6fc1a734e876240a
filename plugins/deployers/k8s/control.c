#include "plugins/deployers/k8s/k8s.h"

#include <inttypes.h>
#include <signal.h>

enum {
    EXEC_LIMIT_S = 20,
    TICKS_PER_SECOND = 100, /* USER_HZ of Linux, the same everywhere */
    STAT_STATE = 3,         /* fields of /proc/PID/stat, counted from 1 */
    STAT_START = 22
};

/* The state files of the pod's first process (files/node.sh of the chart) are what we act
   through: `hold` keeps a node from running, `node` has its process, how it ended and when. A paused node hears no
   TERM before it goes on. */
#define READ_NODE "read -r pid code at </assay/state/node; "
#define HOLD      ": >/assay/state/hold; "
#define LET_GO    "rm -f /assay/state/hold"
/* It may be gone before it could be told to go on. */
#define TERMINATE "kill -TERM $pid || exit 1; kill -CONT $pid 2>/dev/null || true"
#define AWAIT_END "while { " READ_NODE "[ \"$code\" = - ]; }; do sleep 0.1; done; "

static const char *const scripts[] = {
    [ASSAY_ACT_START] = LET_GO,
    [ASSAY_ACT_STOP] = READ_NODE HOLD TERMINATE,
    [ASSAY_ACT_RESTART] = READ_NODE HOLD TERMINATE "; " AWAIT_END LET_GO "; echo $code",
    [ASSAY_ACT_KILL] = READ_NODE HOLD "kill -KILL $pid",
    [ASSAY_ACT_PAUSE] = READ_NODE "kill -STOP $pid",
    [ASSAY_ACT_RESUME] = READ_NODE "kill -CONT $pid",
};

/* Runs a script of the shell in the node's pod. */
static assay_status run_inside(struct k8s *k8s, assay_task *task, uint32_t node, const char *script,
    assay_ns until, int32_t *code, assay_bytes *output)
{
    const assay_ns limit = k8s->clock->now(k8s->host) + EXEC_LIMIT_S * ASSAY_SECOND;
    const char *words[K8S_WORDS_MAX];
    char pod[2 * K8S_NAME_SIZE];
    size_t n = cluster_words(k8s, "kubectl", words);

    pods_name(k8s, node, pod);
    words[n++] = "exec";
    words[n++] = "--namespace";
    words[n++] = k8s->namespace;
    words[n++] = pod;
    words[n++] = "--container";
    words[n++] = "node";
    words[n++] = "--";
    words[n++] = "/bin/sh";
    words[n++] = "-c";
    words[n++] = script;
    words[n] = NULL;
    return k8s->deployment->exec(task, words, until < limit ? until : limit, code, output);
}

static const int signals[] = {[ASSAY_ACT_START] = 0,
    [ASSAY_ACT_STOP] = SIGTERM,
    [ASSAY_ACT_RESTART] = SIGTERM,
    [ASSAY_ACT_KILL] = SIGKILL};

/* Does it, and hears of a restart how the process before it ended; of the others, inspect does. */
static assay_status run_action(
    struct k8s *k8s, assay_task *task, const assay_action *action, assay_ns until)
{
    const size_t kind = action->kind;
    const char *restarted;
    char *rest = NULL;
    unsigned long ended;
    int32_t code = 0;
    assay_bytes output = {0};
    assay_status s;

    if (kind < sizeof(signals) / sizeof(signals[0]))
        ends_ask(k8s, action->node, signals[kind]);
    s = run_inside(k8s, task, action->node, scripts[kind], until, &code, &output);
    if (s)
        return s;
    if (code != 0)
        return assay_fail_f(k8s->host, ASSAY_E_IO, "kubectl exec in the pod of %s says: %.400s",
            k8s->nodes[action->node].name, (const char *)output.data);
    if (kind != ASSAY_ACT_RESTART)
        return ASSAY_OK;
    restarted = output.data;
    ended = strtoul(restarted, &rest, 10);
    return rest == restarted ? ASSAY_OK : ends_see(k8s, action->node, ended);
}

static assay_status control(
    void *self, assay_task *task, const assay_action *action, assay_ns until)
{
    struct k8s *k8s = self;

    if (action->kind >= sizeof(scripts) / sizeof(scripts[0]) || !scripts[action->kind] ||
        action->node >= k8s->node_count)
        return k8s->host->fail(k8s->host, ASSAY_E_UNSUPPORTED, "no such action on nodes in pods");
    return run_action(k8s, task, action, until);
}

/* ---- looking ---- */

/* What the script of inspect prints: the state file, how long the machine is up, and of a process
   that is there, its line in /proc. */
static const char look_script[] =
    READ_NODE "echo $pid $code $at; read -r up rest </proc/uptime; echo $up; "
              "[ \"$code\" = - ] && read -r line </proc/$pid/stat && echo \"$line\"; true";

/* The nth field (from 1) of a line of /proc/PID/stat, whose second may have blanks in it. */
static const char *stat_field(const char *line, int nth)
{
    const char *at = strrchr(line, ')');

    for (int field = 2; at && field < nth; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at;
}

/* A moment since the start of the node's machine in run time. That start is measured once: a jitter
   in it would make the same process look like another. */
static assay_ns run_time(struct k8s *k8s, struct k8s_node *node, double up, double moment)
{
    assay_ns boot;

    (void)pthread_mutex_lock(&k8s->lock);
    if (!node->has_boot) {
        node->boot = k8s->clock->now(k8s->host) - (assay_ns)(up * (double)ASSAY_SECOND);
        node->has_boot = true;
    }
    boot = node->boot;
    (void)pthread_mutex_unlock(&k8s->lock);
    return boot + (assay_ns)(moment * (double)ASSAY_SECOND);
}

/* The numbers of ASSAY_END_EXITED and _KILLED are those of the process's states. */
static void read_ended(unsigned long code, assay_process *out)
{
    ends_read_code(code, &out->state, &out->code);
}

/* Reads what look_script printed; false when it makes no sense. */
static bool read_look(struct k8s *k8s, uint32_t index, const char *text, assay_process *out)
{
    struct k8s_node *node = &k8s->nodes[index];
    const char *second = strchr(text, '\n');
    const char *third = second ? strchr(second + 1, '\n') : NULL;
    const char *state, *ticks;
    char *code = NULL, *rest = NULL;
    double up;
    long long pid;

    if (!third)
        return false;
    pid = strtoll(text, &code, 10);
    if (code == text || *code++ != ' ')
        return false;
    up = strtod(second + 1, NULL);
    if (code[0] != '-') {
        const unsigned long ended = strtoul(code, &rest, 10);

        if (code[0] < '0' || code[0] > '9')
            return false;
        out->pid = pid;
        read_ended(ended, out);
        out->ended_at = run_time(k8s, node, up, strtod(rest, NULL));
        return true;
    }
    state = stat_field(third + 1, STAT_STATE);
    ticks = stat_field(third + 1, STAT_START);
    if (!ticks || *state == 'Z' || *state == 'X') /* just ended; its first process will say how */
        return false;
    out->pid = pid;
    out->state = ASSAY_PROCESS_RUNNING;
    out->is_stopped = *state == 'T';
    out->started_at = run_time(k8s, node, up, strtod(ticks, NULL) / TICKS_PER_SECOND);
    return true;
}

/* What was seen inside; an end that was asked for may be another than was asked for. */
static assay_status see_end(
    struct k8s *k8s, uint32_t node, const assay_process *process, char detail[160])
{
    (void)snprintf(detail, 160, "in its pod");
    if (process->state == ASSAY_PROCESS_EXITED)
        return ends_see(k8s, node, process->code);
    if (process->state == ASSAY_PROCESS_KILLED)
        return ends_see(k8s, node, 128 + (unsigned long)process->code);
    return ASSAY_OK;
}

/* What the cluster says of the pod, where nobody inside can be asked. */
static assay_status inspect_pod(
    struct k8s *k8s, assay_task *task, uint32_t node, assay_process *out, char detail[160])
{
    struct pod pod;
    const assay_status s = pods_look(k8s, task, node, &pod);

    if (s)
        return s;
    /* Until it is ready a node that had to be started again has failed. After that what happened some
       time ago says nothing about now. */
    if (pod.has_ended || (pod.restarts > 0 && !(k8s->is_ready && pod.is_running)))
        read_ended((unsigned long)pod.exit_code, out);
    else
        out->state = pod.is_running ? ASSAY_PROCESS_RUNNING : 0;
    (void)snprintf(detail, 160, "pod %s, %" PRIu32 " restarts%s%s",
        pod.is_running     ? "runs"
            : pod.is_there ? "does not run"
                           : "is not there",
        pod.restarts, pod.reason[0] ? ", " : "", pod.reason);
    return ASSAY_OK;
}

/* Until the nodes are ready, the cluster's own word will do, and one list is for all of them; after
   that the process itself is looked at, inside its pod. */
static assay_status inspect(
    void *self, assay_task *task, uint32_t node, assay_process *out, char detail[160])
{
    struct k8s *k8s = self;
    assay_process process = ASSAY_RECORD(assay_process);
    int32_t code = 0;
    assay_bytes output = {0};
    assay_status s;

    if (node >= k8s->node_count)
        return ASSAY_E_INVALID;
    if (!k8s->is_ready) {
        s = inspect_pod(k8s, task, node, &process, detail);
    } else {
        s = run_inside(k8s, task, node, look_script,
            k8s->clock->now(k8s->host) + EXEC_LIMIT_S * ASSAY_SECOND, &code, &output);
        if (!s && (code != 0 || !read_look(k8s, node, output.data, &process)))
            s = inspect_pod(k8s, task, node, &process, detail);
        else if (!s)
            s = see_end(k8s, node, &process, detail);
    }
    if (!s) {
        process.struct_size = out->struct_size;
        assay_take(out, out->struct_size, &process);
    }
    return s;
}

static assay_status collect(void *self, assay_task *task, uint32_t node)
{
    struct k8s *k8s = self;

    return k8s->is_ready ? trouble_collect(k8s, task, node) : trouble_collect_end(k8s, task, node);
}

#define BIT(action) (UINT64_C(1) << (action))

const assay_deployer_ops control_ops = {.struct_size = sizeof(assay_deployer_ops),
    .actions = BIT(ASSAY_ACT_START) | BIT(ASSAY_ACT_STOP) | BIT(ASSAY_ACT_RESTART) |
        BIT(ASSAY_ACT_KILL) | BIT(ASSAY_ACT_PAUSE) | BIT(ASSAY_ACT_RESUME),
    .control = control,
    .inspect = inspect,
    .collect = collect,
    .watch = ends_watch,
    .flags = ASSAY_DEPLOYER_IMAGES};
