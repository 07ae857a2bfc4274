#ifndef PLD_PAR_BOARD_H
#define PLD_PAR_BOARD_H

#include "par/context.h"

/* Where the ranks of a node show each other small records, through memory that
 * they share: each writes its own and reads those of all. One after the other;
 * a record may be written while others still read the one before. */
struct pld_board;

/* More ranks than this are better off with messages, whose steps are the
 * logarithm of their number. */
enum { PLD_BOARD_MOST_RANKS = 16 };

/* A board for records of up to `nwords` 64-bit words. *out is NULL where there
 * can be none: ranks that do not share memory, or that are too many; and for
 * records that are too long. *Collective, agreed*. */
pld_status pld_board_create(pld_ctx *ctx, int64_t nwords,
                            struct pld_board **out);

/* *Collective*: a rank waits until none reads its records any more. */
void pld_board_destroy(struct pld_board **board);

/* Words of the longest record, and ranks that post them. */
int64_t pld_board_nwords(const struct pld_board *board);
int pld_board_nranks(const struct pld_board *board);

/* Where to write the next record. */
int64_t *pld_board_room(struct pld_board *board);

/* Show it, of so many words. `call` is what all ranks are taken to be doing, a
 * number of their own making. */
void pld_board_post(struct pld_board *board, uint64_t call, int64_t nwords);

/* Show instead that this rank cannot take part, by its error. */
void pld_board_post_error(struct pld_board *board, pld_status status);

/* Wait for the records of all. On all ranks the error of the lowest one that
 * has posted one; PLD_ERR_MISMATCH when `call` is not the same on all;
 * PLD_ERR_PEER when a rank is gone. */
pld_status pld_board_wait(struct pld_board *board);

/* What `rank` has posted; until the next record is posted. */
const int64_t *pld_board_of(const struct pld_board *board, int rank);

/* Post an error and wait; returns the error that all ranks get. */
pld_status pld_board_fail(struct pld_board *board, pld_status status);

#endif
