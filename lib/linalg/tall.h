#ifndef PLD_LINALG_TALL_H
#define PLD_LINALG_TALL_H

#include "linalg/tree.h"
#include "mesh/block.h"
#include "polder/tall.h"

/* A tall matrix made ready to be gone through, tile by tile.
 *
 * Rows are the points of a box of indices in C order; a tile is a box of them,
 * cut at multiples of a size that depends on the global problem alone. This
 * rank goes through the tiles that the tree gives it. Rows of those that others
 * own are borrowed: copied here once. */

/* Columns that lie together: a field, or the matrix. */
struct pld_tall_source {
    pld_field *field;
    struct pld_block block; /* of rows; its components are columns */
    int64_t first_column;
};

/* What is done with a tall matrix. */
enum pld_tall_use {
    PLD_TALL_READS = 1,        /* its tiles */
    PLD_TALL_WRITES_ROWS = 2,  /* own rows, with pld_tiled_each */
    PLD_TALL_WRITES_TILES = 4, /* whole tiles, with pld_tiled_store */
    PLD_TALL_READS_ROWS = 8    /* own rows alone */
};

/* How the index space is cut into tiles, and who goes through them. */
struct pld_tiling {
    int ndims; /* 1 of a matrix: of its rows */
    pld_box domain;
    struct pld_tree tree;
    int64_t *cuts[PLD_MAXDIM]; /* those of the tree */
    int64_t most_rows;         /* of a tile */
};

struct pld_tiled {
    pld_ctx *ctx;
    const char *name;
    int uses;
    pld_type type;
    int64_t ncolumns;
    bool is_matrix;
    bool is_staged; /* columns are cut, rows are brought together in a copy */
    struct pld_tiling tiling;
    pld_box own;  /* rows of this rank */
    pld_box want; /* rows of its tiles */
    int nsources;
    struct pld_tall_source *sources;
    struct pld_lending *lending; /* NULL: none borrows */
    char *buffer;                /* a packed tile */
};

/* The rows of a tile in memory, row by row. */
struct pld_tile {
    pld_box box;
    int64_t nrows;
    char *data;
    int64_t ld;    /* elements from a row to the next */
    bool in_place; /* in the field itself */
};

/* The context of a tall matrix that names a live field, to agree over. */
pld_status pld_tall_ctx(const pld_tall *tall, const char *name, pld_ctx **out);

/* Open for `uses`, with tiles for so many columns in all: of all that is gone
 * through together. `name` is for errors. To be closed also when it failed.
 * *Collective, agreed*. */
pld_status pld_tiled_open(const pld_tall *tall, const char *name, int uses,
                          int64_t width, struct pld_tiled *out);

/* Open another matrix of as many rows, by the tiles of `like`. Unless its
 * tiles are read or written as such, its own rows must be those of `like`. */
pld_status pld_tiled_open_like(const pld_tall *tall, const char *name, int uses,
                               const struct pld_tiled *like,
                               struct pld_tiled *out);

/* When rows or tiles were written: they go where they belong, ghosts are stale.
 * *Collective, agreed*. */
pld_status pld_tiled_written(struct pld_tiled *tiled);

/* Let go of the fields: it serves as `like` from now on. *Collective*. */
pld_status pld_tiled_detach(struct pld_tiled *tiled);

/* *Collective*. */
pld_status pld_tiled_close(struct pld_tiled *tiled);

/* PLD_ERR_SHAPE when there are fewer rows than columns. Local, the same on all
 * ranks. */
pld_status pld_tall_check_rows(const struct pld_tiled *tiled);

/* Elements of a row as real numbers, and their type. */
int64_t pld_tiled_reals(const struct pld_tiled *tiled);
pld_type pld_real_of(pld_type type);

/* The rows of a tile of this rank: in place or in the buffer, until the next
 * one. */
struct pld_tile pld_tiled_load(struct pld_tiled *tiled,
                               const int64_t index[PLD_MAXDIM]);
/* Without reading it: rows in the buffer hold anything. */
struct pld_tile pld_tiled_place(struct pld_tiled *tiled,
                                const int64_t index[PLD_MAXDIM]);
/* Put back a tile that is not in place: own rows, and borrowed ones to where
 * they are kept. With PLD_TALL_WRITES_TILES these go home in the end. */
void pld_tiled_store(struct pld_tiled *tiled, const struct pld_tile *tile);

/* Own rows, tile by tile: `visit` each, after loading it if `reads`, then store
 * it if `writes`. With `others`, only of tiles that are not this rank's. */
struct pld_tiled_tour {
    bool reads;
    bool writes;
    bool others;
    void (*visit)(const struct pld_tile *tile, void *data);
    void *data;
};
void pld_tiled_each(struct pld_tiled *tiled, const struct pld_tiled_tour *tour);

/* Rows of a box of `like`, a tile or a part of it, in another matrix. */
struct pld_tile pld_tiled_place_box(struct pld_tiled *tiled, pld_box box);
void pld_tiled_fetch(struct pld_tiled *tiled, const struct pld_tile *tile);

/* --- Tilings, pure arithmetic --------------------------------------------- */

/* Cut `domain` into tiles for `width` columns of a type. Sets all but the
 * tree's parts and cuts. */
void pld_tiling_cut(int ndims, pld_box domain, pld_type type, int64_t width,
                    struct pld_tiling *out);
/* The rows of a tile, or of all tiles of a box of them. */
pld_box pld_tiling_box(const struct pld_tiling *tiling, pld_box tiles);
/* The boundary of tiles along a dimension that is next to an index. */
int64_t pld_tiling_nearest(const struct pld_tiling *tiling, int dim,
                           int64_t index);
/* The tile of an index. */
int64_t pld_tiling_find(const struct pld_tiling *tiling, int dim,
                        int64_t index);
#endif
