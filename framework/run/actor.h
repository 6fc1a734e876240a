/* The instances of a run at work: one actor per section of the manifest.

   An actor knows its plugin, its host instance, and how far it has come; each operation of the
   plugin has one function here. What an operation came to is kept as the actor's judgement, from
   which the report is made: an operation that breaks the ABI's contract is an error, one that
   merely cannot do its work leaves the run undecided.

   All functions are called by the life cycle's thread. An actor whose instance is stuck must never
   be freed: the plugin may still write to it. */
#ifndef ASSAY_RUN_ACTOR_H
#define ASSAY_RUN_ACTOR_H

#include "framework/host/operation.h"
#include "framework/run/outcome.h"
#include "framework/run/plan.h"

struct actor {
    const struct instance *instance;
    const struct plugin *plugin;
    struct host_instance *host;
    struct host_operation *running; /* `run` under way, or NULL */
    void *self;
    bool is_created, is_prepared,
        is_broken; /* broken: no operation but finish is called any more */
    bool is_judged, was_run;
    enum outcome outcome;
    double coverage;
    assay_verdict verdict; /* written by judge, which may be stuck in there for ever */
    char why[HOST_WHY_SIZE];
};

/* What operations may take; all from [run]. */
struct actor_limits {
    assay_ns operation, grace;
};

assay_status actor_init(
    struct actor *actor, struct host *host, const struct plan_instance *item, struct error *err);
void actor_done(struct actor *actor); /* after actor_destroy; keeps what is stuck */

/* Each returns whether it went well; when not, why and outcome say more. */
bool actor_create(struct actor *actor);
bool actor_prepare(struct actor *actor, const struct actor_limits *limits);
bool actor_plan(struct actor *actor, const struct actor_limits *limits); /* systems */
bool actor_finish(struct actor *actor, const struct actor_limits *limits);
bool actor_judge(struct actor *actor, const struct actor_limits *limits); /* expectations */
bool actor_destroy(struct actor *actor); /* only while no instance is stuck */

/* A deployer's prepare has no limit of its own but the options that it has. It is started, waited
   for by the life cycle, and ended like run. */
bool actor_deploy_start(struct actor *actor, const struct actor_limits *limits);

/* `run` goes on in the background. */
bool actor_run_start(struct actor *actor, const struct actor_limits *limits);
bool actor_is_running(const struct actor *actor);

/* Waits for the end of what was started; cancels it first when asked to. */
bool actor_end(struct actor *actor, bool is_cancelled);

#endif
