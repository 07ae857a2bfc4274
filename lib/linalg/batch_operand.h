#ifndef PLD_LINALG_BATCH_OPERAND_H
#define PLD_LINALG_BATCH_OPERAND_H

#include "mesh/field.h"
#include "polder/batch.h"

enum { PLD_BATCH_A, PLD_BATCH_B, PLD_BATCH_C, PLD_BATCH_OPERANDS };

/* An operand: its size after taking its form, and how far it is from a row and
 * from a column to the next one, in elements of its field. */
struct pld_batch_operand {
    pld_field *field;
    int rows;
    int columns;
    int64_t row;
    int64_t column;
    bool conjugate;
};

/* Check a, b and c, each and together. */
pld_status pld_batch_operands(const pld_batch *const batches[],
                              struct pld_batch_operand out[]);

#endif
