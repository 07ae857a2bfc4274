#ifndef PLD_LINALG_TILES_H
#define PLD_LINALG_TILES_H

#include <stdatomic.h>

#include "par/context.h"
#include "polder/types.h"

/* A matrix cut into tiles of a size that does not depend on the ranks. Each
 * tile lies with one rank, column by column, in memory that the other ranks of
 * the node read where it is. Tiles are numbered by columns of tiles. */
struct pld_tiles_spec {
    pld_type type;
    int64_t size[2]; /* rows and columns of the matrix */
    int64_t edge[2]; /* of a tile; those at the end are smaller */
    bool lower;      /* no tiles above the diagonal */
    int64_t more;    /* bytes behind the elements of each tile */
};

/* By which an owner tells when a tile was last done; see par/flag.c for why
 * who finds it set may read the tile. */
typedef _Atomic int64_t pld_tile_flag;

/* Memory of a rank of the node; NULL: it is read by messages. */
struct pld_tiles_home {
    char *tiles;
    pld_tile_flag *flags;
};

struct pld_tiles {
    pld_ctx *ctx;
    struct pld_tiles_spec spec;
    int64_t count[2]; /* tiles down and across */
    int64_t ld;       /* elements from a column of a tile to the next */
    int64_t bytes;    /* from a tile to the next */
    int64_t ntiles;
    int *owner;    /* of each tile */
    int64_t *slot; /* its place there */
    int64_t nown;
    int64_t *own; /* this rank's, ascending */
    char *memory;
    pld_tile_flag *flags; /* of own tiles, and behind them their states */
    struct pld_tiles_home *homes; /* by place on the node */
    bool shared;                  /* the others of the node read own tiles */
    int64_t round;                /* what the flags say of tiles done now */
};

/* Share the tiles out and find those of the others. What is made by then stays
 * in *out, to be destroyed also after an error. Memory: the own tiles, and 12
 * bytes for each tile of all. *Collective, agreed*. */
pld_status pld_tiles_create(pld_ctx *ctx, const struct pld_tiles_spec *spec,
                            struct pld_tiles *out);

/* Once no rank works on them any more. Local. */
void pld_tiles_destroy(struct pld_tiles *tiles);

int64_t pld_tiles_number(const struct pld_tiles *tiles, int64_t row,
                         int64_t column);
void pld_tiles_place(const struct pld_tiles *tiles, int64_t number,
                     int64_t place[2]);

/* Rows (d = 0) or columns of tiles in that row or column of tiles. */
int64_t pld_tiles_extent(const struct pld_tiles *tiles, int d, int64_t at);

/* The elements; NULL for those that are only got by messages. */
char *pld_tiles_at(const struct pld_tiles *tiles, int64_t number);

/* Likewise its flag, and one more for what is known of a tile in work. */
pld_tile_flag *pld_tiles_flag(const struct pld_tiles *tiles, int64_t number);
pld_tile_flag *pld_tiles_state(const struct pld_tiles *tiles, int64_t number);

/* Whether rank `rank` reads this rank's tiles where they are. */
bool pld_tiles_read_by(const struct pld_tiles *tiles, int rank);

#endif
