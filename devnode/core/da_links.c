#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/da_parts.h"
#include "devnode/core/memory.h"
#include "nomos/hash.h"

/* A place, a column of a small blob with its transaction: without an allocation. */
#define SMALL_MESSAGE 2048

void da_send(struct da *da, struct da_peer *peer, const struct da_message *message)
{
    size_t size = da_message_size(message);
    uint8_t small[SMALL_MESSAGE];
    uint8_t *bytes = size <= sizeof(small) ? small : memory_new(size, 1);

    da_message_write(message, bytes);
    da->host.send(da->host.self, peer->link, bytes, size);
    if (bytes != small)
        free(bytes);
}

void da_send_place(
    struct da *da, struct da_peer *peer, enum da_message_type type, const struct da_place *place)
{
    da_send(da, peer, &(struct da_message){.type = type, .as.place = *place});
}

struct da_peer *da_find_peer(const struct da *da, uint32_t member)
{
    for (size_t i = 0; i < da->peer_count; i++) {
        if (da->peers[i]->is_proved && da->peers[i]->member == member)
            return da->peers[i];
    }
    return NULL;
}

bool da_is_cut_off(const struct da *da)
{
    uint32_t others = da->membership.member_count - (da->membership.self != DA_NOBODY);

    for (size_t i = 0; i < da->peer_count; i++) {
        if (da->peers[i]->is_proved)
            return false;
    }
    return others > 0;
}

/* --- dialling --------------------------------------------------------------------------------- */

static bool is_blocked(const struct da *da, uint32_t member)
{
    return da_monitor_is_blocked(&da->monitor, &da->membership.members[member].key);
}

struct da_peer *da_reach(struct da *da, uint32_t member)
{
    struct da_peer *peer = da_find_peer(da, member);
    struct da_contact *contact = &da->contacts[member];

    if (peer || contact->is_reaching || is_blocked(da, member) || da->now_ns < contact->dial_at_ns)
        return peer;
    contact->is_reaching = true;
    da->host.dial(da->host.self, member, &da->membership.members[member].locator);
    return NULL;
}

/* A connection that we made, or tried to make, is no more. */
static void dial_later(struct da *da, uint32_t member)
{
    struct da_contact *contact = &da->contacts[member];
    uint64_t pause = DA_DIAL_PAUSE_MIN_NS;

    for (uint32_t i = 0; i < contact->failures && pause < DA_DIAL_PAUSE_MAX_NS; i++)
        pause *= 2;
    if (pause > DA_DIAL_PAUSE_MAX_NS)
        pause = DA_DIAL_PAUSE_MAX_NS;
    if (pause < da->params.redial_cooldown_ns)
        pause = da->params.redial_cooldown_ns;
    contact->failures++;
    contact->is_reaching = false;
    contact->dial_at_ns = da->now_ns + pause;
    da->is_balanced = false;
    da_due(da, da->now_ns);
}

void da_dial_failed(struct da *da, uint32_t member, uint64_t now_ns)
{
    da->now_ns = now_ns;
    dial_later(da, member);
}

/* A member to which there should always be a connection. Of two that need each other, the lower one
   dials at once and the other gives it some time, so that there is mostly one connection. */
static bool keep_connected(struct da *da, uint32_t member)
{
    struct da_contact *contact = &da->contacts[member];

    if (member == da->membership.self || is_blocked(da, member) || da_find_peer(da, member))
        return true;
    if (!contact->dial_at_ns)
        contact->dial_at_ns =
            da->now_ns + (da->membership.self < member ? 0 : da->params.balancer_interval_ns);
    (void)da_reach(da, member);
    if (!contact->is_reaching)
        da_due(da, contact->dial_at_ns);
    return false;
}

/* Executors need everybody who takes columns; all others, the members of their own subnetworks. */
static bool needs_all_of(const struct da *da, uint32_t subnet, uint32_t columns_end)
{
    return (da->params.is_executor && subnet < columns_end) ||
        da_is_in_subnet(&da->membership, da->membership.self, subnet);
}

static bool is_reached(const struct da *da, uint32_t subnet)
{
    for (uint32_t n = 0; n < da->membership.replication; n++) {
        uint32_t member = da_subnet_member(&da->membership, subnet, n);

        if (member == da->membership.self || da_find_peer(da, member))
            return true;
    }
    return false;
}

/* Somebody to sample a column from, chosen by chance, so that not all go to the same member, and
   another one after each failure. */
static bool keep_reached(struct da *da, uint32_t subnet)
{
    uint32_t replication = da->membership.replication;
    uint32_t failures = 0;
    uint64_t drawn;

    assert(replication); /* da_membership_init() takes no other */
    if (is_reached(da, subnet))
        return true;
    for (uint32_t n = 0; n < replication; n++)
        failures += da->contacts[da_subnet_member(&da->membership, subnet, n)].failures;
    drawn = da_draw(da, &da->identity.public_key, subnet, failures) % replication;
    for (uint32_t n = 0; n < replication; n++) {
        uint32_t member =
            da_subnet_member(&da->membership, subnet, ((uint32_t)drawn + n) % replication);

        if (!is_blocked(da, member))
            return keep_connected(da, member);
    }
    return true; /* all are blocked: as it should be */
}

/* Sees that the connections are there that should be. */
static void balance(struct da *da)
{
    const struct da_membership *membership = &da->membership;
    uint32_t columns_end = da->params.column_count;
    bool is_balanced = true;

    if (columns_end > membership->subnet_count)
        columns_end = membership->subnet_count;
    for (uint32_t subnet = 0; subnet < membership->subnet_count; subnet++) {
        if (needs_all_of(da, subnet, columns_end)) {
            for (uint32_t n = 0; n < membership->replication; n++) {
                if (!keep_connected(da, da_subnet_member(membership, subnet, n)))
                    is_balanced = false;
            }
        } else if (subnet < columns_end && !keep_reached(da, subnet)) {
            is_balanced = false;
        }
    }
    da->is_balanced = is_balanced;
}

/* --- connections ------------------------------------------------------------------------------ */

struct da_peer *da_link_up(struct da *da, void *link, uint32_t dialled, uint64_t now_ns)
{
    struct da_peer *peer = memory_new(1, sizeof(*peer));
    uint64_t count = da->challenge_count++;

    da->now_ns = now_ns;
    *peer =
        (struct da_peer){.link = link, .since_ns = now_ns, .dialled = dialled, .member = DA_NOBODY};
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t drawn = da_draw(da, &da->identity.public_key, count, ~i);

        memcpy(peer->challenge.bytes + 8 * i, &drawn, 8);
    }
    if (da->peer_count == da->peer_room) {
        da->peer_room = da->peer_room ? da->peer_room * 2 : 8;
        da->peers = memory_resize(da->peers, da->peer_room, sizeof(struct da_peer *));
    }
    da->peers[da->peer_count++] = peer;
    da_due(da, now_ns + HELLO_LIMIT_NS);
    da_send(da, peer,
        &(struct da_message){.type = DA_HELLO,
            .as.hello = {.version = DA_MESSAGE_VERSION,
                .genesis = da->params.genesis_id,
                .public_key = da->identity.public_key,
                .challenge = peer->challenge}});
    return peer;
}

/* Takes a connection out of all lists. What was asked over it is asked of others when it is found
   that there is no connection. */
static void forget_peer(struct da *da, struct da_peer *peer)
{
    for (size_t i = 0; i < da->peer_count; i++) {
        if (da->peers[i] == peer) {
            da->peers[i] = da->peers[--da->peer_count];
            break;
        }
    }
    if (peer->dialled != DA_NOBODY && !da_find_peer(da, peer->dialled))
        dial_later(da, peer->dialled);
    da->is_balanced = false;
    da_due(da, da->now_ns);
    free(peer);
}

void da_link_down(struct da *da, struct da_peer *peer, uint64_t now_ns)
{
    da->now_ns = now_ns;
    forget_peer(da, peer);
}

static void hang_up(struct da *da, struct da_peer *peer, const char *why)
{
    void *link = peer->link;

    /* Somebody who is blocked goes on trying: nothing to warn of each time. */
    da_log(da, peer->is_proved ? NODE_WARN : NODE_DEBUG, "hung up on a data connection: %s", why);
    forget_peer(da, peer);
    da->host.hang_up(da->host.self, link);
}

/* Closes all connections to a key. */
static void hang_up_on(struct da *da, const struct bytes32 *key, const char *why)
{
    /* Backwards: hanging up moves the last peer into the gap. */
    for (size_t i = da->peer_count; i-- > 0;) {
        struct da_peer *peer = da->peers[i];

        if (peer->has_hello && bytes32_equal(&peer->hello.public_key, key))
            hang_up(da, peer, why);
    }
}

enum da_blocking da_block(struct da *da, const struct bytes32 *key, uint64_t now_ns)
{
    enum da_blocking answer = da_monitor_block(&da->monitor, key);
    char name[PEER_ID_SIZE];

    da->now_ns = now_ns;
    if (answer == DA_BLOCKING_CHANGED) {
        peer_id_write(key, name);
        da_log(da, NODE_INFO, "blocked peer %s", name);
        hang_up_on(da, key, "it is blocked");
    }
    return answer;
}

bool da_unblock(struct da *da, const struct bytes32 *key, uint64_t now_ns)
{
    uint32_t member = da_member_of(&da->membership, key);
    char name[PEER_ID_SIZE];

    da->now_ns = now_ns;
    if (!da_monitor_unblock(&da->monitor, key, member))
        return false;
    peer_id_write(key, name);
    da_log(da, NODE_INFO, "unblocked peer %s", name);
    if (member != DA_NOBODY)
        da->contacts[member] = (struct da_contact){.is_reaching = da->contacts[member].is_reaching};
    da->is_balanced = false;
    da_due(da, now_ns);
    return true;
}

void da_blame(struct da *da, uint32_t member, enum da_failure kind, const char *what)
{
    static const char *const names[DA_FAILURE_KINDS] = {
        "failed dispersal", "failed sampling", "failed replication", "an offence"};
    char name[PEER_ID_SIZE];

    if (member == DA_NOBODY || member == da->membership.self)
        return;
    peer_id_write(&da->membership.members[member].key, name);
    da_log(da, kind == DA_OFFENCE ? NODE_WARN : NODE_DEBUG, "%s of peer %s: %s", names[kind], name,
        what);
    if (da_monitor_note(&da->monitor, member, kind, da->now_ns))
        (void)da_block(da, &da->membership.members[member].key, da->now_ns);
}

/* --- messages --------------------------------------------------------------------------------- */

/* Why a hello is refused; NULL when it is not. */
static const char *problem_of(
    const struct da *da, const struct da_peer *peer, const struct hello *hello)
{
    uint32_t member = da_member_of(&da->membership, &hello->public_key);

    if (peer->has_hello)
        return "it said hello twice";
    if (hello->version != DA_MESSAGE_VERSION)
        return "it speaks another version of the protocol";
    if (!bytes32_equal(&hello->genesis, &da->params.genesis_id))
        return "it has another genesis block: its configuration is of another network";
    if (member == DA_NOBODY)
        return "it is no member: genesis does not declare it for data availability";
    if (member == da->membership.self)
        return "it is this very node";
    if (da_monitor_is_blocked(&da->monitor, &hello->public_key))
        return "it is blocked";
    if (peer->dialled != DA_NOBODY && peer->dialled != member)
        return "another member answers at the declared address";
    return NULL;
}

static void take_hello(struct da *da, struct da_peer *peer, const struct hello *hello)
{
    const char *problem = problem_of(da, peer, hello);
    struct da_message answer = {.type = DA_PROOF};

    if (problem) {
        hang_up(da, peer, problem);
        return;
    }
    peer->hello = *hello;
    peer->has_hello = true;
    peer->member = da_member_of(&da->membership, &hello->public_key);
    answer.as.proof = hello_prove(DA_PROOF_DOMAIN, hello, &da->identity);
    da_send(da, peer, &answer);
}

static void take_proof(struct da *da, struct da_peer *peer, const struct signature *proof)
{
    const struct hello ours = {.genesis = da->params.genesis_id,
        .public_key = da->identity.public_key,
        .challenge = peer->challenge};
    char name[PEER_ID_SIZE];

    if (!peer->has_hello || peer->is_proved) {
        hang_up(da, peer, "it proved itself out of turn");
        return;
    }
    if (!hello_is_proved(DA_PROOF_DOMAIN, &ours, &peer->hello.public_key, proof)) {
        hang_up(da, peer, "it is not who it says it is");
        return;
    }
    peer->is_proved = true;
    da->contacts[peer->member] = (struct da_contact){.failures = 0};
    peer_id_write(&peer->hello.public_key, name);
    da_log(da, NODE_DEBUG, "data connection %s peer %s", peer->dialled == DA_NOBODY ? "from" : "to",
        name);
    da_due(da, da->now_ns); /* somebody may wait for it */
}

static void take_parcel(struct da *da, struct da_peer *peer, const struct da_message *message)
{
    struct reason why = {.text = ""};
    struct da_place place;
    uint32_t member = peer->member;
    enum da_taking taking = da_take_parcel(da, member, &message->as.parcel, &place, &why);

    if (taking != PARCEL_TAKEN)
        da->counts.columns_refused++;
    if (taking == PARCEL_IS_OFFENCE) {
        da_blame(da, member, DA_OFFENCE, why.text);
        peer = da_find_peer(da, member);
    }
    if (message->type == DA_REPLICA)
        da_wish_ended(da, member, &place, taking == PARCEL_TAKEN);
    else if (peer)
        da_send_place(da, peer, taking == PARCEL_TAKEN ? DA_TAKEN : DA_REFUSED, &place);
}

static void take_message(struct da *da, struct da_peer *peer, const struct da_message *message)
{
    const struct da_place *place = &message->as.place;
    uint32_t member = peer->member;

    switch (message->type) {
    case DA_HELLO:
        take_hello(da, peer, &message->as.hello);
        break;
    case DA_PROOF:
        take_proof(da, peer, &message->as.proof);
        break;
    case DA_DISPERSE:
    case DA_REPLICA:
        take_parcel(da, peer, message);
        break;
    case DA_TAKEN:
    case DA_REFUSED:
        da_took_answer(da, member, place, message->type == DA_TAKEN);
        break;
    case DA_OFFER:
        da_took_offer(da, peer, place);
        break;
    case DA_WANT:
        da_took_want(da, peer, place);
        break;
    case DA_GET:
        da_took_get(da, peer, place);
        break;
    case DA_SHARE:
        da_took_share(da, member, &message->as.parcel);
        break;
    case DA_LACKS:
        da_wish_ended(da, member, place, false);
        da_took_lack(da, member, place);
        break;
    }
}

void da_receive(
    struct da *da, struct da_peer *peer, const uint8_t *message, size_t size, uint64_t now_ns)
{
    struct da_message read;
    struct reason why;

    da->now_ns = now_ns;
    if (!da_message_read(&read, message, size, &why)) {
        uint32_t member = peer->is_proved ? peer->member : DA_NOBODY;

        hang_up(da, peer, why.text);
        da_blame(da, member, DA_OFFENCE, why.text);
    } else if (!peer->is_proved && read.type != DA_HELLO && read.type != DA_PROOF) {
        hang_up(da, peer, "it spoke before it said who it is");
    } else if (!da_misbehaves(da, MISBEHAVE_IGNORE_PEERS) || !peer->is_proved) {
        take_message(da, peer, &read);
    }
}

/* --- life ------------------------------------------------------------------------------------- */

void da_links_tick(struct da *da)
{
    for (size_t i = da->peer_count; i-- > 0;) {
        struct da_peer *peer = da->peers[i];

        if (!peer->is_proved && da->now_ns - peer->since_ns >= HELLO_LIMIT_NS)
            hang_up(da, peer, "it did not say who it is in time");
        else if (!peer->is_proved)
            da_due(da, peer->since_ns + HELLO_LIMIT_NS);
    }
    if (!da->is_balanced)
        balance(da);
}

void da_links_done(struct da *da)
{
    for (size_t i = 0; i < da->peer_count; i++)
        free(da->peers[i]);
    free(da->peers);
    free(da->contacts);
}
