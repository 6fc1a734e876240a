/* assay.chaos - takes nodes down at random, and brings them back.

   One thing at a time: a pause, then a target that is not in its cooldown, then one of the selected
   deeds, which ends with the node being back. All chance is from the run's seed. What cannot be
   done or proven fails the workload, since whatever is expected of the network under these faults
   would be judged without them. */
#include <assay/sdk.h>

struct chaos_options {
    assay_ns pause_min, pause_max, cooldown, outage, patience;
    int64_t validators, executors;
    const char *const *actions;
};

/* What is done to a node: one action that leaves it running, or two with an outage between. */
struct deed {
    const char *word;
    uint32_t down, up; /* up 0: the first does it all */
};
static const struct deed known_deeds[] = {
    {"restart", ASSAY_ACT_RESTART, 0},
    {"stop", ASSAY_ACT_STOP, ASSAY_ACT_START},
    {"kill", ASSAY_ACT_KILL, ASSAY_ACT_START},
    {"pause", ASSAY_ACT_PAUSE, ASSAY_ACT_RESUME},
    {"replace", ASSAY_ACT_REPLACE, 0},
};
#define DEEDS_KNOWN (sizeof(known_deeds) / sizeof(known_deeds[0]))

struct target {
    const char *name;
    uint32_t node, times; /* how often it was taken down */
    assay_ns ready_at;    /* when its cooldown is over */
};

struct chaos {
    const assay_host *host;
    const assay_clock *clock;
    const assay_control *control;
    const assay_metrics *metrics;
    const assay_random *random;
    const struct chaos_options *options;
    const struct deed *deeds[DEEDS_KNOWN];
    uint32_t deed_count, done;
    struct target *targets;
    uint32_t target_count, metric_done, metric_down;
    uint32_t is_over; /* the window has no room for more */
};

static double in_seconds(assay_ns span)
{
    return (double)span / (double)ASSAY_SECOND;
}

/* ---- life ---- */

static void destroy(void *self)
{
    struct chaos *chaos = self;

    if (!chaos)
        return;
    free(chaos->targets);
    free(chaos);
}

static const struct deed *deed_named(const char *word)
{
    for (size_t i = 0; i < DEEDS_KNOWN; i++)
        if (!strcmp(known_deeds[i].word, word))
            return &known_deeds[i];
    return NULL;
}

/* A word that is there twice counts once: the choice is even. */
static void add_deed(struct chaos *chaos, const struct deed *deed)
{
    for (uint32_t i = 0; i < chaos->deed_count; i++)
        if (chaos->deeds[i] == deed)
            return;
    chaos->deeds[chaos->deed_count++] = deed;
}

static assay_status read_actions(struct chaos *chaos)
{
    for (const char *const *word = chaos->options->actions; *word; word++) {
        const struct deed *deed = deed_named(*word);

        if (!deed)
            return assay_fail_f(chaos->host, ASSAY_E_INVALID,
                "actions: '%s' is not known; there are restart, stop, kill, pause and replace",
                *word);
        add_deed(chaos, deed);
    }
    if (!chaos->deed_count)
        return chaos->host->fail(
            chaos->host, ASSAY_E_INVALID, "actions names nothing to do; leave it out for restart");
    return ASSAY_OK;
}

static assay_status check_options(const struct chaos *chaos)
{
    const struct chaos_options *options = chaos->options;

    if (options->pause_max < options->pause_min)
        return chaos->host->fail(
            chaos->host, ASSAY_E_INVALID, "pause_max must not be below pause_min");
    if (options->cooldown < options->pause_min)
        return chaos->host->fail(chaos->host, ASSAY_E_INVALID,
            "cooldown must not be below pause_min: a shorter one would change nothing");
    if (!options->validators && !options->executors)
        return chaos->host->fail(chaos->host, ASSAY_E_INVALID,
            "validators and executors are both off: nobody is left to be taken down");
    return ASSAY_OK;
}

static assay_status create(const assay_host *host, const void *given, void **self)
{
    struct chaos *chaos = calloc(1, sizeof(*chaos));
    assay_status s;

    if (!chaos)
        return host->fail(host, ASSAY_E_NOMEM, "out of memory");
    chaos->host = host;
    chaos->clock = assay_clock_of(host);
    chaos->control = assay_control_of(host);
    chaos->metrics = assay_metrics_of(host);
    chaos->random = assay_random_of(host);
    chaos->options = given;
    s = check_options(chaos);
    if (!s)
        s = read_actions(chaos);
    if (s) {
        destroy(chaos);
        return s;
    }
    *self = chaos;
    return ASSAY_OK;
}

/* ---- whom, and whether ---- */

static assay_status check_support(const struct chaos *chaos)
{
    for (uint32_t i = 0; i < chaos->deed_count; i++) {
        const struct deed *deed = chaos->deeds[i];

        if (!chaos->control->supports(chaos->host, deed->down) ||
            (deed->up && !chaos->control->supports(chaos->host, deed->up)))
            return assay_fail_f(chaos->host, ASSAY_E_UNSUPPORTED,
                "the deployer cannot %s nodes; choose other actions, or another deployer",
                deed->word);
    }
    return ASSAY_OK;
}

/* Where there is one kind of node it makes the chain, as validators do. */
static uint32_t is_validator(const assay_node_info *info)
{
    return !strcmp(info->role, "validator") || !strcmp(info->role, "node");
}

static uint32_t count_validators(const assay_node_info *infos, uint32_t count)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < count; i++)
        found += is_validator(&infos[i]);
    return found;
}

/* The only validator is left alone: without it there is no chain that anybody could judge. */
static void choose_targets(struct chaos *chaos, const assay_node_info *infos, uint32_t count)
{
    const uint32_t takes_validators =
        chaos->options->validators && count_validators(infos, count) > 1;

    for (uint32_t i = 0; i < count; i++) {
        if ((takes_validators && is_validator(&infos[i])) ||
            (chaos->options->executors && !strcmp(infos[i].role, "executor")))
            chaos->targets[chaos->target_count++] =
                (struct target){.name = infos[i].name, .node = i};
    }
}

static assay_status find_targets(struct chaos *chaos)
{
    const assay_nodes *nodes = assay_nodes_of(chaos->host);
    const uint32_t count = nodes->count(chaos->host);
    assay_node_info *infos = calloc(count ? count : 1, sizeof(*infos));
    assay_status s = ASSAY_OK;

    chaos->targets = calloc(count ? count : 1, sizeof(chaos->targets[0]));
    if (!infos || !chaos->targets) {
        free(infos);
        (void)chaos->host->fail(chaos->host, ASSAY_E_NOMEM, "out of memory");
        return ASSAY_E_NOMEM;
    }
    for (uint32_t i = 0; !s && i < count; i++) {
        infos[i] = ASSAY_RECORD(assay_node_info);
        s = nodes->info(chaos->host, i, &infos[i]);
    }
    if (!s)
        choose_targets(chaos, infos, count);
    free(infos);
    if (!s && !chaos->target_count)
        s = chaos->host->fail(chaos->host, ASSAY_E_INVALID,
            "there is no node to take down: a lone validator is left alone, and of executors there "
            "are none, or they are switched off; have more of either");
    return s;
}

static assay_status prepare(void *self, assay_task *task)
{
    struct chaos *chaos = self;
    assay_run_facts facts = ASSAY_RECORD(assay_run_facts);
    assay_status s = assay_run_of(chaos->host)->facts(chaos->host, &facts);

    (void)task;
    if (!s)
        s = check_support(chaos);
    if (!s)
        s = find_targets(chaos);
    if (s)
        return s;
    chaos->metric_done = chaos->metrics->define(chaos->host, "actions", ASSAY_COUNTER, "actions");
    chaos->metric_down = chaos->metrics->define(chaos->host, "down", ASSAY_HISTOGRAM, "seconds");
    chaos->metrics->record(chaos->host, chaos->metric_done, 0); /* none is a number too */
    if (facts.duration <= chaos->options->pause_min)
        assay_log_f(chaos->host, ASSAY_WARN,
            "nothing will be done: the first pause is at least %.1f s, the window %.1f s",
            in_seconds(chaos->options->pause_min), in_seconds(facts.duration));
    return ASSAY_OK;
}

/* ---- doing ---- */

/* Of an action that a deed consists of. */
static const char *word_of(uint32_t kind)
{
    static const char *const words[] = {[ASSAY_ACT_START] = "start",
        [ASSAY_ACT_STOP] = "stop",
        [ASSAY_ACT_RESTART] = "restart",
        [ASSAY_ACT_KILL] = "kill",
        [ASSAY_ACT_PAUSE] = "pause",
        [ASSAY_ACT_RESUME] = "resumption",
        [ASSAY_ACT_REPLACE] = "replacement"};

    return words[kind];
}

static assay_status act(
    struct chaos *chaos, assay_task *task, uint32_t kind, const struct target *target)
{
    const assay_action action =
        ASSAY_RECORD_WITH(assay_action, .kind = kind, .node = target->node, .peer = ASSAY_NO_NODE);
    const assay_ns until = chaos->clock->now(chaos->host) + chaos->options->patience;
    assay_receipt receipt = ASSAY_RECORD(assay_receipt);
    assay_status s = chaos->control->act(task, &action, until, &receipt);

    if (s || receipt.proof == ASSAY_PROVEN)
        return s;
    return assay_fail_f(chaos->host, ASSAY_E_IO,
        "the %s of %s is not proven within %.1f s (patience); before: %s; after: %s", word_of(kind),
        target->name, in_seconds(chaos->options->patience), receipt.before, receipt.after);
}

/* Down, a while nothing, and up again, at the latest when the window ends. */
static assay_status take_down(
    struct chaos *chaos, assay_task *task, const struct deed *deed, const struct target *target)
{
    assay_ns up_at = chaos->clock->window_end(chaos->host);
    assay_status s = act(chaos, task, deed->down, target);

    if (s || !deed->up)
        return s;
    if (up_at > chaos->clock->now(chaos->host) + chaos->options->outage)
        up_at = chaos->clock->now(chaos->host) + chaos->options->outage;
    s = chaos->clock->sleep_until(task, up_at);
    return s ? s : act(chaos, task, deed->up, target);
}

/* The nth of those whose cooldown is over, or how many these are when there is none such. */
static struct target *ready_target(struct chaos *chaos, uint64_t nth, uint64_t *count)
{
    const assay_ns now = chaos->clock->now(chaos->host);

    *count = 0;
    for (uint32_t i = 0; i < chaos->target_count; i++) {
        if (chaos->targets[i].ready_at > now)
            continue;
        if ((*count)++ == nth)
            return &chaos->targets[i];
    }
    return NULL;
}

static assay_ns first_ready(const struct chaos *chaos)
{
    assay_ns first = ASSAY_FOREVER;

    for (uint32_t i = 0; i < chaos->target_count; i++)
        if (chaos->targets[i].ready_at < first)
            first = chaos->targets[i].ready_at;
    return first;
}

/* Notes that it is over if the window ends before the moment. */
static assay_status sleep_inside(struct chaos *chaos, assay_task *task, assay_ns until)
{
    chaos->is_over = until >= chaos->clock->window_end(chaos->host);
    return chaos->is_over ? ASSAY_OK : chaos->clock->sleep_until(task, until);
}

/* The next one to take down; NULL when it is over. */
static assay_status choose_target(struct chaos *chaos, assay_task *task, struct target **out)
{
    uint64_t count = 0;

    *out = NULL;
    (void)ready_target(chaos, UINT64_MAX, &count);
    if (!count) {
        assay_status s = sleep_inside(chaos, task, first_ready(chaos));

        if (s || chaos->is_over)
            return s;
        (void)ready_target(chaos, UINT64_MAX, &count);
    }
    *out = ready_target(chaos, chaos->random->below(task, count), &count);
    return ASSAY_OK;
}

static assay_status pause_and_choose(struct chaos *chaos, assay_task *task, struct target **out)
{
    const struct chaos_options *options = chaos->options;
    const uint64_t span = (uint64_t)(options->pause_max - options->pause_min);
    const assay_ns pause = options->pause_min + (assay_ns)chaos->random->below(task, span + 1);
    assay_status s = sleep_inside(chaos, task, chaos->clock->now(chaos->host) + pause);

    return s || chaos->is_over ? s : choose_target(chaos, task, out);
}

/* One pause and one deed, unless the window has no room for more. */
static assay_status step(struct chaos *chaos, assay_task *task)
{
    const struct deed *deed;
    struct target *target = NULL;
    assay_ns begin;
    assay_status s = pause_and_choose(chaos, task, &target);

    if (s || chaos->is_over)
        return s;
    deed = chaos->deeds[chaos->random->below(task, chaos->deed_count)];
    begin = chaos->clock->now(chaos->host);
    assay_log_f(chaos->host, ASSAY_INFO, "%s %s", deed->word, target->name);
    s = take_down(chaos, task, deed, target);
    if (s)
        return s;
    target->ready_at = chaos->clock->now(chaos->host) + chaos->options->cooldown;
    target->times++;
    chaos->done++;
    chaos->metrics->record(chaos->host, chaos->metric_done, 1);
    chaos->metrics->record(
        chaos->host, chaos->metric_down, in_seconds(chaos->clock->now(chaos->host) - begin));
    return ASSAY_OK;
}

/* Without a single fault, what holds would pass for having held under them. */
static assay_status tell(const struct chaos *chaos)
{
    uint32_t hit = 0;

    if (!chaos->done)
        return assay_fail_f(chaos->host, ASSAY_E_INVALID,
            "no node was taken down: the window ended before the first pause did; make the window "
            "longer, or pause_min and pause_max shorter");
    for (uint32_t i = 0; i < chaos->target_count; i++)
        hit += chaos->targets[i].times > 0;
    assay_log_f(chaos->host, ASSAY_INFO, "%u of %u nodes were taken down, %u times in all", hit,
        chaos->target_count, chaos->done);
    return ASSAY_OK;
}

static assay_status run(void *self, assay_task *task)
{
    struct chaos *chaos = self;
    assay_status s = ASSAY_OK;

    while (!s && !chaos->is_over)
        s = step(chaos, task);
    return s ? s : tell(chaos);
}

static const assay_option options[] = {
    ASSAY_OPTION_SPAN(struct chaos_options, pause_min, "10s", "1ms..24h",
        "Shortest pause before a node is taken down."),
    ASSAY_OPTION_SPAN(struct chaos_options, pause_max, "30s", "1ms..24h",
        "Longest such pause; each is drawn evenly between the two."),
    ASSAY_OPTION_SPAN(struct chaos_options, cooldown, "60s", "1ms..24h",
        "How long a node that has come back is left alone."),
    ASSAY_OPTION_BOOL(struct chaos_options, validators, "yes",
        "Take validators down; a lone one is left alone all the same."),
    ASSAY_OPTION_BOOL(struct chaos_options, executors, "yes", "Take executors down."),
    ASSAY_OPTION_LIST(struct chaos_options, actions, "restart",
        "What is done to them, one of these each time: restart, stop, kill, pause, replace."),
    ASSAY_OPTION_SPAN(struct chaos_options, outage, "5s", "0s..24h",
        "How long a node stays stopped, killed or paused."),
    ASSAY_OPTION_SPAN(struct chaos_options, patience, "60s", "1s..1h",
        "How long an action may take, until a restarted node is ready again."),
};
static const char *const needs[] = {
    ASSAY_CLOCK, ASSAY_RANDOM, ASSAY_CONTROL, ASSAY_NODES, ASSAY_METRICS, ASSAY_RUN, NULL};

ASSAY_PLUGIN(chaos, ASSAY_WORKLOAD, "assay.chaos", "0.1.0",
    "Restarts, kills and pauses nodes at random", ASSAY_OPTIONS(struct chaos_options, options),
    .needs = needs, .create = create, .destroy = destroy, .prepare = prepare, .run = run);
ASSAY_LIBRARY("assay-chaos", "0.1.0", "Apache-2.0", &chaos);
