#ifndef PLD_FIELD_H
#define PLD_FIELD_H

#include "polder/grid.h"
#include "polder/reduce.h"
#include "polder/types.h"

PLD_BEGIN_C

/** @file
 * Fields: values on a grid, each rank holding its own block and, around it,
 * ghosts: copies of its neighbours' values.
 *
 * A field knows how deep its ghosts are valid. An exchange fills them; when own
 * points change they are stale. What the library writes it notices itself; what
 * the caller writes through a view, pld_field_touch() tells. This matters only
 * to pld_halo_need() and pld_halo_next() (polder/halo.h), and in debug builds:
 * there ghosts that an exchange filled become NaN, or the largest integer, when
 * own points change, so that reading them shows. Every rank keeps its own
 * record and none asks the others: a program that uses these calls tells on
 * all ranks, also on those that own nothing and in *Local* calls like
 * pld_field_fill(). */

/** Opaque. */
typedef struct pld_field pld_field;

/** Widths of a halo in cells. The width at a side is the larger of `all` and
 * the side's own entry. `{.all = 1}` is one cell everywhere. */
typedef struct pld_width {
    int64_t all;              /**< at every side */
    int64_t low[PLD_MAXDIM];  /**< at the low side of each dimension */
    int64_t high[PLD_MAXDIM]; /**< at the high side */
} pld_width;

/** Where the components of a point lie. */
typedef enum pld_layout {
    PLD_PLANES,     /**< each component is an array of its own */
    PLD_INTERLEAVED /**< the components of a point are neighbours */
} pld_layout;

/** What to hold. Zero is the default. */
typedef struct pld_field_spec {
    const char *name;  /**< for errors and files, copied; NULL: "field" */
    pld_type type;     /**< of each component */
    int ncomps;        /**< components at each point; 0: 1 */
    pld_layout layout; /**< of several components */
    /** Points on the nodes along a dimension and not in the cells: one point
     * more than cells, unless periodic. The owner of the last cell owns it. */
    bool node[PLD_MAXDIM];
    pld_width halo; /**< ghost points kept around the block */
    /** Order of the dimensions in memory, the slowest first: {1, 2, 0} makes
     * neighbours along dimension 0 neighbours in memory. A permutation of the
     * grid's dimensions, 0 beyond them; all 0: as they are, the last one
     * dense. Changes no result. */
    int order[PLD_MAXDIM];
    /** The caller's own array, to be used in place of the library's memory: it
     * holds the padded block of this rank (see pld_field_padded), components
     * as `layout` says, and must outlive the field. NULL: allocated, aligned
     * to 64 bytes, zeroed. A rank that owns nothing may pass NULL where others
     * wrap. */
    void *memory;
    /** With `memory`: points along each dimension of that array, at least
     * those of the padded block, the block lying in its lower corner; 0: just
     * as many. PLD_ERR_SHAPE when the halo does not fit. */
    int64_t extent[PLD_MAXDIM];
} pld_field_spec;

/** Create a field. *Collective, agreed*. */
PLD_CALL pld_field_create(pld_grid *grid, const pld_field_spec *spec,
                          pld_field **out);

/** Destroy it and set *field to NULL; *field may be NULL. PLD_ERR_STATE while
 * a halo uses it. Wrapped memory stays the caller's. *Collective*. */
PLD_CALL pld_field_destroy(pld_field **field);

/** The grid it lives on. *Local*. */
PLD_API pld_grid *pld_field_grid(const pld_field *field);
/** Its name. *Local*. */
PLD_API const char *pld_field_name(const pld_field *field);
/** Its element type. *Local*. */
PLD_API pld_type pld_field_type(const pld_field *field);
/** Components at each point. *Local*. */
PLD_API int pld_field_ncomps(const pld_field *field);
/** Whether its points lie on the nodes along `dim`. *Local*. */
PLD_API bool pld_field_node(const pld_field *field, int dim);
/** Halo width along `dim` at the low (0) or high (1) side. *Local*. */
PLD_API int64_t pld_field_halo(const pld_field *field, int dim, int side);

/** All points: the grid's cells, or one more along node dimensions. *Local*. */
PLD_API pld_box pld_field_domain(const pld_field *field);
/** Points of this rank. *Local*. */
PLD_API pld_box pld_field_owned(const pld_field *field);
/** Points of any rank. *Local*. */
PLD_API pld_box pld_field_owned_by(const pld_field *field, int rank);
/** Points of this rank and its ghosts; indices beyond the domain stand for
 * periodic images or for a boundary. Empty when the rank owns nothing.
 * *Local*. */
PLD_API pld_box pld_field_padded(const pld_field *field);
/** Own points that are at least `width` away from every face of the own block:
 * what a stencil of that width can compute before the exchange ends. *Local*.
 */
PLD_API pld_box pld_field_interior(const pld_field *field, int64_t width);
/** The own points that are not interior, as at most 6 boxes; returns how many.
 * *Local*. */
PLD_API int pld_field_rim(const pld_field *field, int64_t width,
                          pld_box out[6]);
/** The ghosts of this rank that lie outside the domain beyond one of its
 * faces: of dimension `dim`, low (0) or high (1) side, over the padded block
 * in the other dimensions. Empty where the dimension is periodic or the padded
 * block does not reach beyond the face. This is where a caller sets boundary
 * values. *Local*. */
PLD_API pld_box pld_field_outside(const pld_field *field, int dim, int side);

/** Direct access by global indices: the point (k, j, i) of component 0 is
 * v.f64[k * v.stride[0] + j * v.stride[1] + i * v.stride[2]], and component c
 * lies c * v.comp_stride further. In two dimensions (j, i) use stride[0] and
 * stride[1]. Strides count elements; that of the last dimension in `order` is 1
 * in PLD_PLANES.
 * Valid for indices in `valid`, until the field is destroyed. */
typedef struct pld_view {
    union {
        void *data;
        double *f64;
        float *f32;
        int64_t *i64;
        int32_t *i32;
        double (*c128)[2];
    };
    int64_t stride[PLD_MAXDIM]; /**< elements from an index to the next */
    int64_t comp_stride;        /**< elements from a component to the next */
    pld_box valid;              /**< the padded block */
} pld_view;

/** The view of a field; `data` is NULL when this rank owns nothing. *Local*. */
PLD_API pld_view pld_field_view(const pld_field *field);

/** Say that own points changed, or are about to: ghosts are stale from now on.
 * To be called on all ranks between the same exchanges. *Local*. */
PLD_CALL pld_field_touch(pld_field *field);

/** Computes the `ncomps` elements at a global index into `value`. */
typedef void pld_fill(const int64_t index[PLD_MAXDIM], void *value, void *data);

/** Set every own point by a function of its global index. Ghosts stay as they
 * are, but for valid ones in debug builds. *Local*. */
PLD_CALL pld_field_fill(pld_field *field, pld_fill *fill, void *data);

/** Set every own point and every ghost to the `ncomps` elements at `value`.
 * Ghosts count as stale: other ranks may set other values. *Local*. */
PLD_CALL pld_field_set(pld_field *field, const void *value);

/** Copy own points and ghosts that both hold, with what is known of them; both
 * fields must live on one grid and have the same type, stagger and components.
 * *Local*. */
PLD_CALL pld_field_copy(const pld_field *from, pld_field *to);

/** Sum, minimum or maximum of one component over all points of all ranks, as by
 * pld_reduce_array(): the same bits in any decomposition. `out` is one element
 * of the field's type. For more see polder/measure.h. *Collective*. */
PLD_CALL pld_field_reduce(pld_field *field, pld_op op, int comp, void *out);

/** Digest of all own points of all ranks: a function of the field's global
 * values alone, not of the decomposition, the halo or the layout. Tells -0
 * from +0 and NaNs by their bits. *Collective*. */
PLD_CALL pld_field_digest(pld_field *field, uint64_t *out);

PLD_END_C

#endif
