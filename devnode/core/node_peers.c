#include "devnode/core/node_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "devnode/core/memory.h"
#include "nomos/hash.h"
#include "nomos/hex.h"

/* Transactions are passed on one by one; a message this small needs no allocation. */
#define SMALL_MESSAGE 2048

bool node_is_deaf(const struct node *node)
{
    return node->misbehaviours.is_on[MISBEHAVE_IGNORE_PEERS];
}

void peer_send(struct node *node, struct peer *peer, const struct gossip_message *message)
{
    size_t size = gossip_size(message);
    uint8_t small[SMALL_MESSAGE];
    uint8_t *bytes = size <= sizeof(small) ? small : memory_new(size, 1);

    gossip_write(message, bytes);
    node->host.send(node->host.self, peer->link, bytes, size);
    if (bytes != small)
        free(bytes);
}

static void forget_peer(struct node *node, struct peer *peer)
{
    fetch_stop(node, peer);
    for (size_t i = 0; i < node->peer_count; i++) {
        if (node->peers[i] == peer) {
            node->peers[i] = node->peers[--node->peer_count];
            break;
        }
    }
    /* Another connection to the same peer takes over. */
    for (size_t i = 0; peer->is_proved && !peer->is_spare && i < node->peer_count; i++) {
        struct peer *other = node->peers[i];

        if (other->is_proved && bytes32_equal(&other->hello.public_key, &peer->hello.public_key)) {
            other->is_spare = false;
            break;
        }
    }
    free(peer);
}

void peer_hang_up(struct node *node, struct peer *peer, const char *why)
{
    void *link = peer->link;

    node_log(node, NODE_WARN, "hung up on a peer: %s", why);
    forget_peer(node, peer);
    node->host.hang_up(node->host.self, link, why);
}

void node_set_listen_port(struct node *node, uint16_t port)
{
    node->listen_port = port;
}

struct peer *node_link_up(struct node *node, void *link, const uint8_t ip[16], uint64_t now_ns)
{
    struct peer *peer = memory_new(1, sizeof(*peer));
    uint8_t text[32 + 32 + 8];

    node->now_ns = now_ns;
    peer->link = link;
    peer->since_ns = now_ns;
    if (ip)
        memcpy(peer->address.ip, ip, sizeof(peer->address.ip));
    memcpy(text, node->params.chance.bytes, 32);
    memcpy(text + 32, node->identity.public_key.bytes, 32);
    memcpy(text + 64, &node->challenge_count, 8);
    node->challenge_count++;
    peer->challenge = hash_of(text, sizeof(text));
    if (node->peer_count == node->peer_room) {
        node->peer_room = node->peer_room ? node->peer_room * 2 : 8;
        node->peers = memory_resize(node->peers, node->peer_room, sizeof(struct peer *));
    }
    node->peers[node->peer_count++] = peer;
    peer_send(node, peer,
        &(struct gossip_message){.type = GOSSIP_HELLO,
            .as.hello = {.hello = {.version = GOSSIP_VERSION,
                             .genesis = node->genesis_id,
                             .public_key = node->identity.public_key,
                             .challenge = peer->challenge},
                .listen_port = node->listen_port}});
    return peer;
}

static bool is_connected_to(const struct node *node, const struct bytes32 *public_key)
{
    for (size_t i = 0; i < node->peer_count; i++) {
        const struct peer *peer = node->peers[i];

        if (peer->is_proved && bytes32_equal(&peer->hello.public_key, public_key))
            return true;
    }
    return false;
}

static bool has_address(const struct peer *peer)
{
    static const uint8_t nowhere[16] = {0};

    return peer->address.port && memcmp(peer->address.ip, nowhere, sizeof(nowhere)) != 0;
}

/* Who had dialled us knows us from others, and may have been restarted: then it has forgotten, and
   those it was told of to begin with may be gone. So it is for us to find it again. */
void node_link_down(struct node *node, struct peer *peer)
{
    const struct gossip_address address = peer->address;
    const struct bytes32 public_key = peer->hello.public_key;
    const bool is_known = peer->is_proved && has_address(peer);

    if (peer->is_proved)
        node_log(node, NODE_INFO, "lost the connection to a peer");
    forget_peer(node, peer);
    if (is_known && !is_connected_to(node, &public_key) && node->host.discovered)
        node->host.discovered(node->host.self, &address);
}

static void send_tip(struct node *node, struct peer *peer)
{
    const struct chain_block *tip = node->chain.tip;

    peer->told = tip->id;
    peer_send(node, peer,
        &(struct gossip_message){.type = GOSSIP_TIP,
            .as.tip = {.id = tip->id, .height = tip->height, .slot = tip->header.slot}});
}

void node_announce_tip(struct node *node)
{
    for (size_t i = 0; i < node->peer_count && !node_is_deaf(node); i++) {
        struct peer *peer = node->peers[i];

        if (peer->is_proved && !peer->is_spare && !bytes32_equal(&peer->told, &node->chain.tip->id))
            send_tip(node, peer);
    }
}

static void send_tx(struct node *node, struct peer *peer, const struct transaction *tx)
{
    peer_send(node, peer,
        &(struct gossip_message){
            .type = GOSSIP_TX, .as.body = {.bytes = tx->bytes, .size = tx->size}});
}

void node_pass_on_tx(struct node *node, const struct transaction *tx, const struct peer *from)
{
    for (size_t i = 0; i < node->peer_count && !node_is_deaf(node); i++) {
        struct peer *peer = node->peers[i];

        if (peer != from && peer->is_proved && !peer->is_spare)
            send_tx(node, peer, tx);
    }
}

void node_check_hellos(struct node *node)
{
    /* Backwards: hanging up moves the last peer into the gap. */
    for (size_t i = node->peer_count; i-- > 0;) {
        struct peer *peer = node->peers[i];

        if (!peer->is_proved && node->now_ns - peer->since_ns > HELLO_LIMIT_NS)
            peer_hang_up(node, peer, "it did not say who it is in time");
    }
}

static void take_hello(struct node *node, struct peer *peer, const struct gossip_hello *message)
{
    const struct hello *hello = &message->hello;
    struct gossip_message proof = {.type = GOSSIP_HELLO_PROOF};

    if (peer->has_hello) {
        peer_hang_up(node, peer, "it said hello twice");
        return;
    }
    if (hello->version != GOSSIP_VERSION) {
        peer_hang_up(node, peer, "it speaks another version of the gossip protocol");
        return;
    }
    if (!bytes32_equal(&hello->genesis, &node->genesis_id)) {
        peer_hang_up(
            node, peer, "it has another genesis block: its configuration is of another network");
        return;
    }
    if (bytes32_equal(&hello->public_key, &node->identity.public_key)) {
        peer_hang_up(node, peer, "it is this very node");
        return;
    }
    peer->hello = *hello;
    peer->has_hello = true;
    peer->address.port = message->listen_port;
    proof.as.proof = hello_prove(GOSSIP_PROOF_DOMAIN, hello, &node->identity);
    peer_send(node, peer, &proof);
}

/* Tells a new peer of others. The list begins at a place that is different for each, so that not
   all newcomers go to the same few. */
static void introduce(struct node *node, struct peer *peer)
{
    struct gossip_message message = {.type = GOSSIP_PEERS};
    struct gossip_contacts *list = &message.as.peers;
    size_t first;

    memcpy(&first, peer->challenge.bytes, sizeof(first));
    for (size_t i = 0; i < node->peer_count && list->count < CONTACTS_MAX; i++) {
        const struct peer *other = node->peers[(first + i) % node->peer_count];

        if (other == peer || !other->is_proved || other->is_spare || !has_address(other))
            continue;
        list->contacts[list->count++] = (struct gossip_contact){
            .address = other->address, .public_key = other->hello.public_key};
    }
    if (list->count)
        peer_send(node, peer, &message);
}

static void take_peers(struct node *node, const struct gossip_contacts *list)
{
    for (size_t i = 0; i < list->count && node->host.discovered; i++) {
        const struct gossip_contact *contact = &list->contacts[i];

        if (contact->address.port &&
            !bytes32_equal(&contact->public_key, &node->identity.public_key) &&
            !is_connected_to(node, &contact->public_key))
            node->host.discovered(node->host.self, &contact->address);
    }
}

static void greet(struct node *node, struct peer *peer)
{
    size_t cursor = 0;
    struct transaction *tx;

    if (node_is_deaf(node))
        return;
    send_tip(node, peer);
    if (peer->is_spare)
        return;
    introduce(node, peer);
    for (size_t i = 0; i < GREETING_TXS_MAX; i++) {
        tx = mempool_next(&node->mempool, &cursor);
        if (!tx)
            break;
        send_tx(node, peer, tx);
    }
}

static void take_proof(struct node *node, struct peer *peer, const struct signature *proof)
{
    const struct hello ours = {
        .genesis = node->genesis_id,
        .public_key = node->identity.public_key,
        .challenge = peer->challenge,
    };
    char name[PEER_ID_SIZE];

    if (!peer->has_hello || peer->is_proved) {
        peer_hang_up(node, peer, "it proved itself out of turn");
        return;
    }
    if (!hello_is_proved(GOSSIP_PROOF_DOMAIN, &ours, &peer->hello.public_key, proof)) {
        peer_hang_up(node, peer, "it is not who it says it is");
        return;
    }
    peer->is_spare = is_connected_to(node, &peer->hello.public_key);
    peer->is_proved = true;
    peer_id_write(&peer->hello.public_key, name);
    node_log(node, NODE_INFO, "connected to peer %s%s", name, peer->is_spare ? " once more" : "");
    greet(node, peer);
}

static void take_tip(struct node *node, struct peer *peer, const struct gossip_tip *tip)
{
    peer->tip = *tip;
    peer->has_tip = true;
    peer->told = tip->id; /* they have it, no need to tell them */
    fetch_consider(node, peer);
}

/* The height of the last block that we share with the sender of `locator`. */
static uint64_t common_height(struct node *node, const struct gossip_locator *locator)
{
    for (size_t i = 0; i < locator->count; i++) {
        struct bytes32 id;

        if (node_id_at(node, locator->places[i].height, &id) &&
            bytes32_equal(&id, &locator->places[i].id))
            return locator->places[i].height;
    }
    return 0; /* genesis */
}

static void answer_chain(struct node *node, struct peer *peer, const struct gossip_locator *locator)
{
    uint64_t height = common_height(node, locator);
    struct bytes32 *ids = memory_new(HEADERS_MAX, sizeof(*ids));
    struct gossip_message answer = {
        .type = GOSSIP_CHAIN, .as.ids = {.first_height = height + 1, .ids = ids}};
    uint16_t count = 0;

    while (count < HEADERS_MAX && node_id_at(node, height + 1 + count, &ids[count]))
        count++;
    answer.as.ids.count = count;
    peer_send(node, peer, &answer);
    free(ids);
}

static void answer_blocks(struct node *node, struct peer *peer, const struct gossip_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        struct gossip_message answer = {.type = GOSSIP_NO_BLOCK, .as.id = ids->ids[i]};
        size_t size = 0;
        uint8_t *bytes = node->store.get_block(node->store.self, &ids->ids[i], &size);

        if (bytes) {
            answer.type = GOSSIP_BLOCK;
            answer.as.body = (struct gossip_body){.bytes = bytes, .size = size};
        }
        peer_send(node, peer, &answer);
        free(bytes);
    }
}

static void take_block(struct node *node, struct peer *peer, const struct gossip_body *body)
{
    const struct chain_block *tip = node->chain.tip;
    struct reason why = {.text = ""};
    char text[HEX32_SIZE];
    struct bytes32 id;
    enum block_result result = node_take_block(node, body->bytes, body->size, &id, &why);

    hex_from_bytes32(&id, text);
    if (result == BLOCK_INVALID) {
        node_log(node, NODE_WARN, "refused block 0x%s: %s", text, why.text);
        peer_hang_up(node, peer, "it sent an invalid block");
        return;
    }
    if (result == BLOCK_TOO_OLD || result == BLOCK_TOO_EARLY || result == BLOCK_WAITS)
        node_log(node, NODE_DEBUG, "passed over block 0x%s: %s", text, why.text);
    fetch_took_block(node, peer, &id, result);
    if (node->chain.tip != tip)
        node_announce_tip(node);
}

static void take_tx(struct node *node, struct peer *peer, const struct gossip_body *body)
{
    struct bytes32 digest = hash_of(body->bytes, body->size);
    struct reason why = {.text = ""};
    struct transaction *tx;

    if (node_saw_tx(node, &digest) || mempool_find_digest(&node->mempool, &digest) ||
        node->misbehaviours.is_on[MISBEHAVE_DROP_TRANSACTIONS])
        return;
    tx = transaction_decode(&node->wire, body->bytes, body->size, &why);
    if (!tx) {
        node_log(node, NODE_WARN, "refused a transaction of a peer: %s", why.text);
        peer_hang_up(node, peer, "it sent an invalid transaction");
        return;
    }
    /* Who finds the mempool full forgets the transaction; others may have room. */
    if (!node_has_tx(node, &tx->id) && node_pool(node, tx, NULL))
        node_pass_on_tx(node, tx, peer);
    transaction_unref(tx);
}

static void take_message(struct node *node, struct peer *peer, const struct gossip_message *message)
{
    switch (message->type) {
    case GOSSIP_HELLO:
        take_hello(node, peer, &message->as.hello);
        break;
    case GOSSIP_HELLO_PROOF:
        take_proof(node, peer, &message->as.proof);
        break;
    case GOSSIP_TIP:
        take_tip(node, peer, &message->as.tip);
        break;
    case GOSSIP_GET_CHAIN:
        answer_chain(node, peer, &message->as.locator);
        break;
    case GOSSIP_CHAIN:
        fetch_took_chain(node, peer, &message->as.ids);
        break;
    case GOSSIP_GET_BLOCKS:
        answer_blocks(node, peer, &message->as.ids);
        break;
    case GOSSIP_BLOCK:
        take_block(node, peer, &message->as.body);
        break;
    case GOSSIP_NO_BLOCK:
        fetch_refused(node, peer, &message->as.id);
        break;
    case GOSSIP_TX:
        take_tx(node, peer, &message->as.body);
        break;
    case GOSSIP_PEERS:
        take_peers(node, &message->as.peers);
        break;
    }
}

void node_receive(
    struct node *node, struct peer *peer, const uint8_t *message, size_t size, uint64_t now_ns)
{
    struct gossip_message read;
    struct reason why;

    node->now_ns = now_ns;
    if (!gossip_read(&read, message, size, &why)) {
        peer_hang_up(node, peer, why.text);
    } else if (!peer->is_proved && read.type != GOSSIP_HELLO && read.type != GOSSIP_HELLO_PROOF) {
        peer_hang_up(node, peer, "it spoke before it said who it is");
    } else if (!node_is_deaf(node) || !peer->is_proved) {
        peer->has_stalled = false;
        take_message(node, peer, &read);
    }
}
