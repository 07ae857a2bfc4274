#ifndef PLD_TESTS_TALL_H
#define PLD_TESTS_TALL_H

#include <complex.h>

#include "polder/tall.h"

/* Tall matrices whose elements are a function of row and column, over grids of
 * one to three dimensions, for tests of what is done with them. */

/* Element (row, column); rows count in C order. */
typedef double complex tall_element(int64_t row, int64_t column, void *data);

struct tall_spec {
    pld_type type;
    int ndims;                /* 0: a matrix; else snapshots on such a grid */
    int64_t size[PLD_MAXDIM]; /* of the grid; of a matrix size[0] rows */
    int ncolumns;
    int nprocs[PLD_MAXDIM]; /* 0: as the library chooses */
    bool turned;            /* the first dimension dense in memory */
    int ncomps;             /* of each snapshot; 0: 1 */
    bool uneven;            /* ranks of other weights */
};

struct tall {
    struct tall_spec spec;
    pld_ctx *ctx;
    pld_grid *grid;
    pld_tall tall;
    pld_field *fields[64];
};

/* On all ranks of `team`. */
void tall_create(pld_ctx *team, const struct tall_spec *spec, struct tall *out);
void tall_fill(struct tall *tall, tall_element *element, void *data);
void tall_destroy(struct tall *tall);

int64_t tall_nrows(const struct tall_spec *spec);

/* Own elements: calls `visit` with each. */
typedef void tall_visit(int64_t row, int64_t column, double complex value,
                        void *data);
void tall_each(const struct tall *tall, tall_visit *visit, void *data);

/* All elements of all ranks, row by row, on every rank: to be freed. */
double complex *tall_all(const struct tall *tall);

/* A digest of all elements, the same in any decomposition. */
uint64_t tall_digest(struct tall *tall);

/* Element i of an array of a type. */
double complex tall_number(pld_type type, const void *array, int64_t i);
void tall_put(pld_type type, double complex value, void *array, int64_t i);

/* Relative spacing of the type. */
double tall_epsilon(pld_type type);

#endif
