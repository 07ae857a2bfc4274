#ifndef PLD_PAR_REDUCTION_BOARD_H
#define PLD_PAR_REDUCTION_BOARD_H

#include "par/board.h"
#include "par/reduction.h"

/* Batches of terms as records of a board: see reduction_board.c. */

/* Words of the longest record of a batch, by any number of ranks. */
int64_t pld_batch_words(const pld_ctx *ctx, int nterms, const pld_term *terms);

/* Most exact sums of any one term. */
int64_t pld_batch_sums(int nterms, const pld_term *terms);

/* Compute the terms of this rank and post them. `sums` has room for those of
 * any one term, all 0; so they are afterwards. */
pld_status pld_batch_post(const pld_ctx *ctx, struct pld_board *board,
                          int nterms, const pld_term *terms, pld_exact *sums);

/* Wait for those of all ranks, and write the results. */
pld_status pld_batch_conclude(const pld_ctx *ctx, struct pld_board *board,
                              int nterms, const pld_term *terms,
                              pld_exact *sums);

/* The same for batches of nothing but sums of one double on each rank, which
 * need no more than columns of doubles do, on boards that do not merge. */
bool pld_batch_is_scalars(int nterms, const pld_term *terms);
void pld_scalars_post(struct pld_board *board, int nterms,
                      const pld_term *terms);
pld_status pld_scalars_conclude(struct pld_board *board, int nterms,
                                const pld_term *terms);

/* The sum of a few doubles, rounded once, if it is found the short way. In the
 * default environment. */
bool pld_sum_of_few(int n, const double *x, double *out);

#endif
