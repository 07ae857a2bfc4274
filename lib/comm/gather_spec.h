#ifndef PLD_COMM_GATHER_SPEC_H
#define PLD_COMM_GATHER_SPEC_H

#include "mesh/block.h"
#include "par/context.h"
#include "polder/gather.h"

/* What a caller asks of a gather: checked, the same on all ranks, and with its
 * defaults filled in. */
struct pld_gather_terms {
    pld_ctx *ctx;
    pld_field *field;
    /* The points to move: place i along a dimension is the global index
     * first + i * stride. */
    int64_t first[PLD_MAXDIM];
    int64_t stride[PLD_MAXDIM];
    int64_t count[PLD_MAXDIM];
    int comp;
    int ncomps;
    pld_layout layout; /* of the arrays */
    bool scatter;
    int64_t bytes; /* of an array */
    int nroots;
    int *roots; /* by node, those of a node by rank */
};

/* Check all that one rank can see of a spec with a live field, and fill in the
 * terms; the list of roots is to be freed. Local. */
pld_status pld_gather_terms_find(const pld_gather_spec *spec,
                                 struct pld_gather_terms *out);
void pld_gather_terms_drop(struct pld_gather_terms *terms);

/* Whether all ranks ask for the same. Collective, agreed. */
pld_status pld_gather_terms_agree(const struct pld_gather_terms *terms);

/* All places. */
pld_box pld_gather_places(const struct pld_gather_terms *terms);

/* Bytes of a point. */
int64_t pld_gather_point_bytes(const struct pld_gather_terms *terms);

/* Whether a rank has an array, and from whose array it reads its own points. */
bool pld_gather_is_root(const struct pld_gather_terms *terms, int rank);
int pld_gather_root_of(const struct pld_gather_terms *terms, int rank);

#endif
