/* Groth16 proofs of ownership ("zksign"), made by outside programs (node contract 3.9).
 *
 * The statement has room for 32 owners; what is left is filled with the secret key 0. Making a proof
 * is two commands with files between them, which is for the caller to run:
 *
 *     zksign_input      -> input.json
 *     CIRCUITS/zksign/witness_generator input.json witness.wtns
 *     CIRCUITS/prover CIRCUITS/zksign/proving_key.zkey witness.wtns proof.json public.json
 *     zksign_read_proof <- proof.json, zksign_check_public <- public.json
 *
 * input.json holds secret keys. Nothing here checks whether a proof is true: that takes a pairing.
 * But a proof whose points are no points, or that speaks of other owners or another message, is
 * refused, so that circuits of another revision are found out before a node is. */
#ifndef NOMOS_ZKSIGN_H
#define NOMOS_ZKSIGN_H

#include "nomos/proof.h"
#include "nomos/text.h"

/* Owners of a statement; the circuit's size. */
#define ZKSIGN_OWNERS_MAX 32

/* The programs and files, below the directory of the circuits. */
#define ZKSIGN_GENERATOR     "zksign/witness_generator"
#define ZKSIGN_PROVER        "prover"
#define ZKSIGN_PROVING_KEY   "zksign/proving_key.zkey"
#define ZKSIGN_VERIFYING_KEY "zksign/verification_key.json"

/* Largest of the files that are read: proof.json has 800 bytes, public.json 2,600; the verifying key
   of 33 inputs about 9,000. */
#define ZKSIGN_FILE_MAX (64 * 1024)

/* Appends the witness generator's input. `secret_keys` holds the key of owners[i] at place i.
   NOMOS_E_DATA when there are more than 32 owners or a key is not its owner's. */
enum nomos_status zksign_input(const struct wire *wire, const struct zk_statement *statement,
    const struct fr *secret_keys, struct text *out, struct nomos_error *err);

/* Reads proof.json, as snarkjs writes it, trailing NULs allowed. NOMOS_E_SYNTAX: no JSON;
   NOMOS_E_DATA: another protocol, or points that are none. */
enum nomos_status zksign_read_proof(
    const char *json, size_t size, struct zk_proof *out, struct nomos_error *err);

/* Checks that public.json has the statement's 32 public keys and its message, in this order. */
enum nomos_status zksign_check_public(const struct wire *wire, const struct zk_statement *statement,
    const char *json, size_t size, struct nomos_error *err);

/* Whether the 128 bytes are three points of the curve. */
bool zksign_is_well_formed(const struct zk_proof *proof);

/* Names what is proved, for a cache: Blake2b-256 of the owners and the message. */
struct bytes32 zksign_name(const struct zk_statement *statement);

/* For networks of development nodes whose proofs are made outside: takes every proof that is well
   formed, true or not. What it makes itself, for those that have no programs at hand (executors, for
   the transactions of blobs), is the generators of the curve: well formed, and true of nothing. */
extern const struct zk_scheme zk_scheme_groth16_form;

#endif
