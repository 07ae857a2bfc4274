#ifndef PLD_MOVE_PARTS_H
#define PLD_MOVE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

/* One dimension of a transfer, as pure arithmetic.
 *
 * Boxes intersect when their intervals do in every dimension, so a plan is the
 * product of what these functions find along each one. They look only at the
 * parts that overlap, found by binary search in the cuts. */

/* How the points of a dimension are shared out: part p holds those from
 * cuts[p] up to cuts[p + 1]. Points beyond the last cut (on the nodes of a
 * dimension that is not periodic) belong to the part of the point before. */
struct pld_parts {
    int nparts;
    const int64_t *cuts; /* nparts + 1, ascending, the first 0 */
    int64_t size;        /* points */
    bool periodic;       /* index i is an image of point i modulo size */
};

/* What every part wants: its own interval, `low` indices below and `high`
 * above it. A part that owns nothing wants nothing. */
struct pld_wants {
    struct pld_parts parts;
    int64_t low;
    int64_t high;
};

/* Indices that one part wants and another one holds. */
struct pld_piece {
    int part;      /* the other one */
    bool is_ghost; /* wanted beyond the own interval */
    int64_t first; /* in the indices of this part, wanting or holding */
    int64_t count;
    int64_t shift; /* index as wanted minus index as held */
};

/* The points of a part. */
int64_t pld_part_first(const struct pld_parts *parts, int part);
int64_t pld_part_end(const struct pld_parts *parts, int part);

/* What part `part` of `wants` gets from the parts of `holds`, or what part
 * `part` of `holds` gives to those of `wants`. Both return the number of
 * pieces and write them to `out` unless it is NULL. The pieces between two
 * parts come in the same order on both sides. */
int64_t pld_pieces_wanted(const struct pld_wants *wants, int part,
                          const struct pld_parts *holds, struct pld_piece *out);
int64_t pld_pieces_held(const struct pld_parts *holds, int part,
                        const struct pld_wants *wants, struct pld_piece *out);

/* Who holds `count` indices from `first` on, and which of them part `part`
 * holds; images beyond the ends where the dimension is periodic. The pieces
 * are in the order of the indices. */
int64_t pld_pieces_of(const struct pld_parts *holds, int64_t first,
                      int64_t count, struct pld_piece *out);
int64_t pld_pieces_of_part(const struct pld_parts *holds, int part,
                           int64_t first, int64_t count, struct pld_piece *out);

#endif
