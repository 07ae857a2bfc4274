#ifndef PLD_LINALG_FACTOR_H
#define PLD_LINALG_FACTOR_H

#include "linalg/operand.h"
#include "linalg/tiles.h"
#include "linalg/tiles_move.h"
#include "polder/factor.h"

/* What factors of all kinds have in common. */

/* The edge of the tiles of a matrix of n rows. */
int64_t pld_factor_edge(int64_t n);

/* Check a matrix as it is, which has `form` PLD_PLAIN. Local. */
pld_status pld_factor_check(const pld_ctx *ctx, const pld_matrix *matrix,
                            const char *name, struct pld_operand_matrix *out);

/* A square one. Local. */
pld_status pld_factor_check_square(const pld_ctx *ctx, const pld_matrix *matrix,
                                   const char *name,
                                   struct pld_operand_matrix *out);

/* The right sides of a system of `n` rows and a type. Local. */
pld_status pld_factor_check_sides(const pld_ctx *ctx, const pld_matrix *b,
                                  int64_t n, pld_type type,
                                  struct pld_operand_matrix *out);

/* The context of the first matrix with a live field; PLD_ERR_ARG: there is
 * nobody to agree with. Local. */
pld_status pld_factor_ctx(int n, const pld_matrix *const matrices[],
                          pld_ctx **out);

/* Whether all ranks give the same boxes and the same `number`. *Collective,
 * agreed*. */
pld_status pld_factor_agree(pld_ctx *ctx, const char *what, int nmatrices,
                            const struct pld_operand_matrix *matrices,
                            int64_t number);

/* Tiles for right sides, to be destroyed also after an error. *Collective,
 * agreed*. */
pld_status pld_factor_take_sides(pld_ctx *ctx, pld_type type, int64_t rows,
                                 int64_t columns, int64_t edge,
                                 struct pld_tiles *out);

/* A matrix of the size and type of one that was factored. Local. */
pld_status pld_factor_check_same(const struct pld_tiles *tiles,
                                 const pld_matrix *matrix, const char *name,
                                 struct pld_operand_matrix *out);

/* The diagonal as pairs of real and imaginary parts, on all ranks; to be
 * freed. *Collective, agreed*. */
pld_status pld_factor_diagonal(const struct pld_tiles *tiles, double **out);

/* Conjugate all own tiles of c128, those on the diagonal too. Local. */
void pld_factor_conjugate(const struct pld_tiles *tiles);

/* The least of a number, but for -1 that stands for none; -1: all have none.
 * *Collective*. */
pld_status pld_factor_least(pld_ctx *ctx, int64_t *number);

#endif
