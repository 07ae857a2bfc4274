#ifndef BENCH_SLABS_H
#define BENCH_SLABS_H

#include <polder.h>

/* Cubes of f64 cut into slabs, for benchmarks that move them about. */

/* A box in memory, addressed by global indices. */
struct slab {
    pld_box box;
    double *at; /* index (0, 0, 0) */
    int64_t stride[PLD_MAXDIM];
};

/* A dense one, its dimensions in an order, the slowest first. */
struct slab slab_in(double *memory, pld_box box, const int order[PLD_MAXDIM]);
struct slab slab_of_field(const pld_field *field);

double *slab_first(const struct slab *slab);

/* Values that tell all points of a cube apart; whether a slab has them; a time
 * step of some simulation, which reads and writes all of them. */
void slab_fill(const struct slab *slab, int64_t edge);
bool slab_is_filled(const struct slab *slab, int64_t edge);
void slab_negate(const struct slab *slab);
void slab_clear(const struct slab *slab);

/* Copy a box as one does by hand: by rows, by squares where dimensions are
 * turned. */
void slab_copy(const struct slab *from, const struct slab *to, pld_box box);

/* Copy past the caches: rows that lie dense on both sides; bytes. */
void slab_stream(const struct slab *from, const struct slab *to, pld_box box);
void stream_bytes(const void *from, void *to, int64_t bytes);

/* What to move: from slabs along one dimension to slabs along another. */
struct slab_setting {
    const char *name;
    int from_cut;
    int to_cut;
    int order[PLD_MAXDIM]; /* in memory, where it goes to */
};

/* Polder's way. */
struct slab_move {
    pld_grid *grids[2];
    pld_field *fields[2];
    pld_redistribution *redistribution;
};

pld_status slab_move_create(pld_ctx *ctx, const struct slab_setting *setting,
                            int64_t edge, struct slab_move *out);
pld_status slab_move_destroy(struct slab_move *move);

#endif
