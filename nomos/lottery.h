/* Who may propose a block, and when (node contract 4.1, 4.2). */
#ifndef NOMOS_LOTTERY_H
#define NOMOS_LOTTERY_H

#include "nomos/error.h"
#include "nomos/wire.h"

/* --- the lottery -------------------------------------------------------------------------- */

/* The constants of the winning threshold for a total stake S and an active slot coefficient f:
 *     N  = round(-ln(1 - f) * 10^18)
 *     t0 = floor(r * N / (S * 10^18))
 *     t1 = r - (floor(r * N^2 / (2 * S^2 * 10^36)) mod r)
 * N is computed in double precision, as the node does (f = 0.9 gives 2302585092994045952), so its
 * last three digits or so are the machine's; from N on, all is exact integer arithmetic. */
struct lottery {
    uint64_t total_stake;
    uint64_t n; /* N above */
    struct fr t0;
    struct fr t1;
};

/* NOMOS_E_DATA unless 0 < f < 1, N fits 64 bits (f up to about 1 - 10^-8) and the stake is not
   0. */
enum nomos_status lottery_init(struct lottery *lottery, double active_slot_coefficient,
    uint64_t total_stake, struct nomos_error *err);

/* v * (t0 + t1 * v) for a note worth v. */
struct fr lottery_threshold(const struct lottery *lottery, uint64_t value);

/* What a note draws in a slot. `secret_key` is the node's leader key. */
struct lottery_draw {
    struct fr note_id;
    struct fr secret_key;
    struct fr epoch_nonce;
    uint64_t slot;
};
struct fr lottery_ticket(const struct lottery_draw *draw);

/* Whether the ticket, as an integer, is below the threshold of the note's value. */
bool lottery_wins(const struct lottery *lottery, const struct lottery_draw *draw, uint64_t value);

/* The nonce after a block: from the nonce before it, its entropy and its slot. */
struct fr lottery_next_nonce(
    const struct wire *wire, const struct fr *nonce, const struct fr *entropy, uint64_t slot);

/* --- epochs ------------------------------------------------------------------------------- */

struct epoch_config {
    double active_slot_coefficient;
    uint32_t security_param; /* k */
    /* In base periods. */
    uint32_t stake_stabilization;
    uint32_t nonce_buffer;
    uint32_t nonce_stabilization;
};

struct epochs {
    uint64_t base_period;   /* floor(k / f) slots */
    uint64_t length;        /* slots in an epoch */
    uint64_t nonce_contrib; /* blocks before this slot of an epoch go into the next one's nonce */
};

/* NOMOS_E_DATA when a part is zero, f is not in (0, 1], or k is too large for 64 bits of slots. */
enum nomos_status epochs_init(
    struct epochs *epochs, const struct epoch_config *config, struct nomos_error *err);
uint64_t epochs_of_slot(const struct epochs *epochs, uint64_t slot);
/* First slot of an epoch; UINT64_MAX when that is beyond 64 bits. */
uint64_t epochs_first_slot(const struct epochs *epochs, uint64_t epoch);

#endif
