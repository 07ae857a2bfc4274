#ifndef PLD_MESH_FIELD_H
#define PLD_MESH_FIELD_H

#include "mesh/grid.h"
#include "polder/field.h"

struct pld_field {
    pld_grid *grid;
    char *name;
    pld_type type;
    int ncomps;
    pld_layout layout;
    bool node[PLD_MAXDIM];
    int64_t low[PLD_MAXDIM]; /* halo widths; 0 beyond the dimensions */
    int64_t high[PLD_MAXDIM];
    pld_box owned;
    pld_box padded;
    bool wrapped;
    char *memory;                 /* lower corner of the padded block */
    int64_t stride[PLD_MAXDIM];   /* elements */
    int64_t comp_stride;          /* elements */
    int nusers; /* halos and series that hold it */
};

/* Name the caller in "%s is NULL" errors and check that a handle is there. */
pld_status pld_field_check(const pld_field *field, const char *argument);

/* A halo or a series holds the field, or lets it go. */
void pld_field_retain(pld_field *field);
void pld_field_release(pld_field *field);

#endif
