#ifndef FACES_H
#define FACES_H

#include "support/cube.h"

/* The same exchange as a cube's without the library, on memory that the ranks
 * share by a window of MPI: what a user would write, and what the hardware
 * charges. Indices are local: own points from 0 to edge - 1, ghosts around. */

/* Values of one field, addressed by point. */
struct face_block {
    double *at; /* index (0, 0, 0) */
    int64_t stride[PLD_MAXDIM];
};

struct faces {
    struct cube_setting setting;
    MPI_Comm comm;
    MPI_Win window;
    double *memory;
    int64_t nvalues; /* of a padded block */
    int neighbour[2];
    struct face_block own[CUBE_MAX_FIELDS];
    struct face_block beside[2][CUBE_MAX_FIELDS]; /* the neighbours' */
    double *packed[4]; /* received low, high; sent low, high */
    int nmessages;     /* each way: sides with a neighbour */
    int sides[2];
    MPI_Request receives[2];
    MPI_Request sends[2];
    int ntyped; /* persistent messages of subarrays, both ways */
    MPI_Request typed[4 * CUBE_MAX_FIELDS];
    MPI_Datatype types[4];              /* received high, low; sent low, high */
    MPI_Comm graph;                     /* for alltoallw, of one field */
    MPI_Datatype graph_types[4];        /* those with a neighbour */
    pld_field *fields[CUBE_MAX_FIELDS]; /* views of it, for the check */
};

pld_status faces_create(const struct cube *cube, struct faces *out);
pld_status faces_destroy(struct faces *faces);

void faces_touch(const struct faces *faces);

/* The boxes copied straight from the neighbours' memory, without any
 * synchronisation. */
void faces_copy(struct faces *faces);
/* Persistent messages packed by hand, one for each side, all fields in one. */
void faces_persistent(struct faces *faces);
/* Persistent messages of subarrays, one for each side and field. */
void faces_subarray(struct faces *faces);
/* MPI_Neighbor_alltoallw, for one field. */
void faces_alltoallw(struct faces *faces);

/* Whether a way fills the right ghosts. */
bool faces_are_right(struct faces *faces, void (*way)(struct faces *faces));

#endif
