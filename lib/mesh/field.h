#ifndef PLD_MESH_FIELD_H
#define PLD_MESH_FIELD_H

#include "mesh/fresh.h"
#include "mesh/grid.h"
#include "polder/field.h"

/* First word of a live field, cleared when it is destroyed. */
#define PLD_FIELD_ALIVE 0x6669656cu

struct pld_field {
    uint32_t alive;
    pld_grid *grid;
    char *name;
    pld_type type;
    int ncomps;
    pld_layout layout;
    int order[PLD_MAXDIM]; /* dimensions in memory, the slowest first */
    bool node[PLD_MAXDIM];
    int64_t low[PLD_MAXDIM]; /* halo widths; 0 beyond the dimensions */
    int64_t high[PLD_MAXDIM];
    pld_box owned;
    pld_box padded;
    bool wrapped;
    char *memory; /* lower corner of the padded block; NULL when it is empty */
    int64_t stride[PLD_MAXDIM]; /* elements; 0 beyond the dimensions */
    int64_t comp_stride;        /* elements */
    struct pld_fresh fresh;     /* its ghosts */
    int nusers;                 /* halos, redistributions and series */
};

/* Check that `field` is a live field; `argument` names it in errors. */
pld_status pld_field_check(const pld_field *field, const char *argument);

/* Whether all ranks mean the same field, as far as one can tell:
 * PLD_ERR_MISMATCH names `what`. Collective, agreed. */
pld_status pld_field_agree_same(const char *what, const pld_field *field);

/* Something that is done with the field holds it, or lets it go. */
void pld_field_retain(pld_field *field);
void pld_field_release(pld_field *field);

#endif
