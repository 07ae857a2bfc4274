#ifndef PLD_IO_LATTICE_H
#define PLD_IO_LATTICE_H

#include "polder/file.h"

/* Points of a variable at equal distances, and how they are those of a part of
 * a field: pure arithmetic.
 *
 * A variable has any number of dimensions. Along some it stays at one index;
 * those along which it does not are the dimensions of the lattice, in the
 * variable's order; the last of the variable's may be of components. Point i of
 * the lattice has index first + step * i. */

enum { PLD_ROLE_FIXED = -1, PLD_ROLE_COMPONENTS = PLD_MAXDIM };

struct pld_lattice {
    int ndims;                     /* of the variable */
    int role[PLD_VARIABLE_MAXDIM]; /* a dimension of the lattice, or above */
    int64_t first[PLD_VARIABLE_MAXDIM];
    int64_t step[PLD_VARIABLE_MAXDIM];
    int npoints;               /* dimensions of the lattice */
    int dim[PLD_MAXDIM];       /* the variable's for each of these */
    int64_t count[PLD_MAXDIM]; /* points, 1 beyond */
    int from[PLD_MAXDIM];      /* the field's dimension for each of these */
    bool reversed[PLD_MAXDIM]; /* the field's index falls as ours rises */
    int ncomps;                /* that are moved together */
    int comps;                 /* the variable's dimension of them, or -1 */
};

/* The lattice of a part of a field with `ndims` dimensions in a variable of so
 * many points. `part` is complete: no zeros that stand for something. A part
 * with several components whose dimension is not the last, or has gaps, is
 * moved one component at a time, `comp` of the part: *split says whether.
 * PLD_ERR_SHAPE when it is not within the variable, PLD_ERR_ARG when `dims` say
 * nothing sensible. */
pld_status pld_lattice_make(const char *name, const pld_part *part, int ndims,
                            int nsizes, const int64_t *sizes, int comp,
                            struct pld_lattice *out, bool *split);

/* The points of a lattice that belong to `owned`, a box of the field. */
pld_box pld_lattice_own(const struct pld_lattice *lattice, const pld_part *part,
                        pld_box owned);

/* Whether there are gaps between points, or parts of them are left out. */
bool pld_lattice_sparse(const struct pld_lattice *lattice, int ncomps);

/* The box of the variable, in the dimensions of the lattice, that holds a box
 * of the lattice; and the points of that box which lie in a box of the
 * variable. NULL: the box itself. */
pld_box pld_lattice_bound(const struct pld_lattice *lattice, pld_box box);
pld_box pld_lattice_inside(const struct pld_lattice *lattice, pld_box box,
                           pld_box there);

#endif
