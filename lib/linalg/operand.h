#ifndef PLD_LINALG_OPERAND_H
#define PLD_LINALG_OPERAND_H

#include "mesh/block.h"
#include "mesh/field.h"
#include "polder/matrix.h"

/* A matrix as an operand: its rows and columns are those after taking its
 * form, counted from 0. */
struct pld_operand_matrix {
    pld_field *field;
    pld_box box;
    pld_form form;
    int64_t size[2];
};

/* Check a matrix by itself; `name` is for errors. */
pld_status pld_operand_create(const pld_matrix *matrix, const char *name,
                              struct pld_operand_matrix *out);

/* The same for a vector: n x 1, 1 x n, or in one dimension, which is taken as
 * the former. */
pld_status pld_operand_create_vector(const pld_matrix *vector, const char *name,
                                     struct pld_operand_matrix *out);

/* Whether another operand goes together with c; names are for errors. */
pld_status pld_operand_check_pair(const struct pld_operand_matrix *c,
                                  const char *c_name,
                                  const struct pld_operand_matrix *other,
                                  const char *name);

/* Where these rows and columns of the operand lie in its field. */
pld_box pld_operand_box(const struct pld_operand_matrix *operand,
                        const int64_t first[2], const int64_t count[2]);

/* The rows and columns of an operand in PLD_PLAIN that a rank owns. */
void pld_operand_owned(const struct pld_operand_matrix *operand, int rank,
                       int64_t first[2], int64_t count[2]);

#endif
