#ifndef PLD_LINALG_PRODUCT_H
#define PLD_LINALG_PRODUCT_H

#include "linalg/panels.h"

/* Inside products. */

/* How the work is shared out. */
enum pld_way {
    PLD_WAY_OWNERS, /* whoever owns a part of c computes it */
    PLD_WAY_SPREAD, /* evenly; results are sent to the owners */
    PLD_WAY_SPLIT   /* by the length of the sums, all of c on each rank */
};

/* Panels that are added up one after the other when k is split. */
enum { PLD_LEAF_PANELS = 4, PLD_LEAF = PLD_LEAF_PANELS * PLD_PANEL };

struct pld_product {
    uint32_t alive;
    pld_ctx *ctx;
    double alpha;
    double beta;
    pld_half half;
    bool symmetric;
    int64_t memory;
    struct pld_operand_matrix a, b, c;
    enum pld_way way;
    struct pld_work work;
    struct pld_source sources[2];
    struct pld_panels panels[2];
    bool held;        /* the fields are */
    pld_box own;      /* of c, in its field */
    int64_t owned[2]; /* rows and columns of it */
    int64_t first[2]; /* counted from the box of c */

    /* What this rank computes: a tile, all of its work, or a leaf's; padded. */
    char *room;
    int64_t room_ld;
    int64_t steps;               /* that are done in this run */
    struct pld_source results;   /* with PLD_WAY_SPREAD: of `room` */
    struct pld_fetch landing[2]; /* as they are, and mirrored */
    int landing_tag[2];
    int64_t *leaf_cuts; /* if k is split: leaves of each rank */
    char *landed; /* what the owner has of it, or all of c if k is split */
};

/* Check a spec, and find the operands. Local. */
pld_status pld_product_check(const pld_product_spec *spec,
                             struct pld_product *out);
/* The context of the first live field. */
pld_status pld_product_find_ctx(const pld_product_spec *spec, pld_ctx **out);

/* Choose the way and share out the work, all but tiles. Local. */
pld_status pld_product_share_out(struct pld_product *product);

/* Whether a tile comes to be in c itself. */
bool pld_product_in_place(const struct pld_product *product,
                          const struct pld_step *step);

/* Bytes that this rank takes. Local. */
int64_t pld_product_bytes(const struct pld_product *product);

/* Do the next step. */
pld_status pld_product_step(struct pld_product *product);

/* Of `count` rows of results in memory make rows of c from `row` on, columns
 * from `column` on, all counted from what this rank owns. */
void pld_product_conclude(const struct pld_product *product,
                          const struct pld_dense *result, int64_t row,
                          int64_t column, const int64_t count[2]);

/* Bring results to the owners and conclude, after all are through. */
pld_status pld_product_deliver(struct pld_product *product);

int64_t pld_product_landing_bytes(const struct pld_product *product);
int64_t pld_product_landed_bytes(const struct pld_product *product);

/* All of a run when k is split. */
pld_status pld_product_run_split(struct pld_product *product);

/* Of a square, make what lies above the diagonal the mirror image of what lies
 * below. */
void pld_mirror_lower(pld_type type, int64_t n, char *data, int64_t ld);

/* n elements of c128. */
void pld_conjugate_row(int64_t n, char *data);

#endif
