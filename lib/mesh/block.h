#ifndef PLD_MESH_BLOCK_H
#define PLD_MESH_BLOCK_H

#include "mesh/field.h"
#include "polder/box.h"

/* Elements that lie in no order that strides could tell: it knows where, and
 * copies those with indices first ... first + n - 1 along the last dimension to
 * and from dense memory. */
struct pld_carrier {
    void (*pack)(const struct pld_carrier *carrier, int64_t first, int64_t n,
                 char *to);
    void (*unpack)(const struct pld_carrier *carrier, int64_t first, int64_t n,
                   const char *from);
};

/* Elements in memory addressed by global index: the one description that
 * packing, filling, digests and files work on. A message buffer or an HDF5
 * bounce buffer is a block too. All strides are in bytes. */
struct pld_block {
    char *data; /* element of global index (0, 0, 0), component 0 */
    int64_t stride[PLD_MAXDIM];
    int64_t comp_stride;
    int ncomps;
    size_t size; /* of an element */
    /* If not NULL, `data` is nothing: the carrier copies, to and from blocks
     * that are dense. One component, in one dimension. */
    const struct pld_carrier *carrier;
};

/* The element at a global index, component 0. Unsigned arithmetic: `data` may
 * lie anywhere outside the array, which pointer arithmetic must not. */
static inline char *pld_block_at(const struct pld_block *block,
                                 const int64_t index[PLD_MAXDIM])
{
    uintptr_t at = (uintptr_t)block->data;
    for (int d = 0; d < PLD_MAXDIM; d++)
        at += (uintptr_t)index[d] * (uintptr_t)block->stride[d];
    return (char *)at;
}

/* The block of a field: own points and ghosts. */
struct pld_block pld_field_block(const pld_field *field);

/* The same points with but `ncomps` components from `comp` on. */
struct pld_block pld_block_components(struct pld_block block, int comp,
                                      int ncomps);

/* A block over a dense buffer that holds just `box`: planes (component, 0, 1,
 * 2) or interleaved (0, 1, 2, component). */
struct pld_block pld_block_dense(void *buffer, pld_box box, pld_layout layout,
                                 int ncomps, size_t size);

/* The same with dimensions in an order, the slowest first; all 0: as they are.
 */
struct pld_block pld_block_ordered(void *buffer, pld_box box, pld_layout layout,
                                   const int order[PLD_MAXDIM], int ncomps,
                                   size_t size);

/* Copy the points of `box` of `from` to the points of `box` moved by `shift`
 * in `to`; elements and components alike, memory not overlapping. Chooses the
 * innermost loop by what is contiguous on both sides. */
void pld_block_copy(const struct pld_block *from, pld_box box,
                    const struct pld_block *to,
                    const int64_t shift[PLD_MAXDIM]);

/* Call `visit` for each run of points along the last dimension of `box`, in
 * global order: `index` is the first point, `n` the points. Stops at the first
 * error. */
typedef pld_status pld_visit_row(const int64_t index[PLD_MAXDIM], int64_t n,
                                 void *data);
pld_status pld_box_rows(pld_box box, int ndims, pld_visit_row *visit,
                        void *data);

#endif
