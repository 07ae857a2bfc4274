#ifndef PLD_PAR_BOARD_H
#define PLD_PAR_BOARD_H

#include "par/context.h"

/* Where ranks show each other small records, one after the other; a record may
 * be written while others still read the one before.
 *
 * A few ranks that all share memory write side by side, and each reads the
 * records of all. Others have leaders: the first rank of each node reads the
 * records of its node and merges them into one, leaders exchange theirs in
 * messages, and each node reads the last one from its leader's memory. Ranks
 * without shared memory are leaders, each of itself. */
struct pld_board;

enum {
    /* More ranks than this read less when a leader reads for them. */
    PLD_BOARD_MOST_RANKS = 16,
    /* Records that are merged or read at once. */
    PLD_BOARD_MOST_RECORDS = PLD_BOARD_MOST_RANKS
};

/* Merge 1 to PLD_BOARD_MOST_RECORDS records, of the same call, into `out`,
 * which is none of them; returns its words. Whatever the order of merging, the
 * last record must say the same. */
typedef int64_t pld_merge(const void *how, int n, const int64_t *const *records,
                          int64_t *out);

/* A board for records of up to `nwords` 64-bit words, merged ones too.
 * *Collective, agreed*. */
pld_status pld_board_create(pld_ctx *ctx, int64_t nwords,
                            struct pld_board **out);

/* *Collective*: a rank waits until none reads its records any more. */
void pld_board_destroy(struct pld_board **board);

/* Words of the longest record. */
int64_t pld_board_nwords(const struct pld_board *board);

/* Records to be read after a wait: one of each rank, in their order, or the
 * merged one alone. */
int pld_board_nrecords(const struct pld_board *board);
bool pld_board_merges(const struct pld_board *board);

/* Where to write the next record. */
int64_t *pld_board_room(struct pld_board *board);

/* Show it, of so many words. `call` is what all ranks are taken to be doing, a
 * number of their own making. */
void pld_board_post(struct pld_board *board, uint64_t call, int64_t nwords);

/* Show instead that this rank cannot take part, by its error. */
void pld_board_post_error(struct pld_board *board, pld_status status);

/* Wait for the records of all. `merge` may be NULL where records are empty. On
 * all ranks the error of the lowest one that has posted one; PLD_ERR_MISMATCH
 * when `call` is not the same on all; PLD_ERR_PEER when a rank is gone. */
pld_status pld_board_wait(struct pld_board *board, pld_merge *merge,
                          const void *how);

/* A record to be read; until the next one is posted. */
const int64_t *pld_board_of(const struct pld_board *board, int i);

/* Post an error and wait; returns the error that all ranks get. */
pld_status pld_board_fail(struct pld_board *board, pld_status status);

#endif
