/* registry.h - who has announced itself, and the configuration of each once all have.
 *
 * A host is its kind and its name (CFG_HOST_IDENTIFIER). Announcing again is always fine: a
 * container that was started anew gets its configuration again, and when its address has changed,
 * so does everybody who asks afterwards. The genesis and the start of the chain are made once, when
 * the last host has announced itself, and never change.
 *
 *     answer = registry_announce(registry, &host, now, &why);
 *     if (answer == REGISTRY_KNOWN && registry_is_complete(registry))
 *         registry_write(registry, &host, DOCUMENT_YAML, &text, &why);
 *
 * No I/O, no clock. Borrows the settings. One thread. */
#ifndef CFGSYNC_REGISTRY_H
#define CFGSYNC_REGISTRY_H

#include "cfgsync/settings.h"
#include "nomos/genesis.h"

#define REGISTRY_NAME_BYTES 128
#define REGISTRY_IP_BYTES   46

/* What a host says of itself. */
struct announcement {
    bool is_executor;
    char identifier[REGISTRY_NAME_BYTES];
    char ip[REGISTRY_IP_BYTES]; /* IPv4, as text */
    uint16_t network_port, da_port, blend_port, api_port, testing_port;
};

/* An announcement with the customary ports (node contract 5.4). */
void announcement_default(struct announcement *out);

enum registry_answer {
    REGISTRY_KNOWN = 0,
    REGISTRY_FULL,  /* all hosts are known, and this is none of them */
    REGISTRY_FAILED /* it was the last one, and the genesis cannot be made */
};

struct registry;

struct registry *registry_new(const struct settings *settings);
void registry_free(struct registry *registry);

/* Who makes the proofs of the genesis' declarations. Without one they are development proofs. */
struct registry_prover {
    void *self;
    /* All of them; may take minutes. False and a reason when they cannot be made. */
    bool (*sign)(void *self, const struct wire *wire, const struct genesis_signing *signing,
        struct reason *why);
    /* Nanoseconds since 1970: the chain starts when the proofs are there. */
    int64_t (*unix_ns)(void);
};
void registry_prove_with(struct registry *registry, const struct registry_prover *prover);

/* `unix_ns` becomes the start of the chain when this is the last host. */
enum registry_answer registry_announce(struct registry *registry, const struct announcement *host,
    int64_t unix_ns, struct reason *why);

bool registry_is_complete(const struct registry *registry);
uint32_t registry_count(const struct registry *registry);

/* Appends the host's configuration. All must be known, and the host one of them. */
bool registry_write(const struct registry *registry, const struct announcement *host,
    enum document_format format, struct text *out, struct reason *why);

#endif
