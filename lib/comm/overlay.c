#include "comm/overlay.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Where faces of boxes cut each dimension, ascending. */
struct cuts {
    int64_t n[PLD_MAXDIM];
    int64_t *at[PLD_MAXDIM];
};

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t drop_equals(int64_t n, int64_t *values)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++)
        if (kept == 0 || values[i] != values[kept - 1])
            values[kept++] = values[i];
    return kept;
}

static pld_status find_cuts(int64_t nboxes, const pld_box *boxes,
                            struct cuts *out)
{
    for (int d = 0; d < PLD_MAXDIM; d++) {
        PLD_TRY(pld_alloc("cuts of overlapping boxes", 2 * nboxes,
                          sizeof *out->at[d], &out->at[d]));
        for (int64_t i = 0; i < nboxes; i++) {
            out->at[d][2 * i] = boxes[i].first[d];
            out->at[d][2 * i + 1] = boxes[i].first[d] + boxes[i].count[d];
        }
        if (nboxes > 0)
            qsort(out->at[d], (size_t)(2 * nboxes), sizeof *out->at[d],
                  compare);
        out->n[d] = drop_equals(2 * nboxes, out->at[d]);
    }
    return PLD_OK;
}

/* The box between cuts (k, j, i) and the next ones. */
static pld_box between(const struct cuts *cuts, int64_t k, int64_t j, int64_t i)
{
    const int64_t place[PLD_MAXDIM] = {k, j, i};
    pld_box box;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        const int64_t *at = cuts->at[d] + place[d];
        box.first[d] = at[0];
        box.count[d] = at[1] - at[0];
    }
    return box;
}

/* Append a region unless no box covers it; only count it when there is no room
 * yet. Returns how many boxes do. */
static int64_t append(int64_t nboxes, const pld_box *boxes, pld_box box,
                      int64_t nwhich, struct pld_overlay *out)
{
    int64_t count = 0;
    for (int64_t i = 0; i < nboxes; i++) {
        if (!pld_box_contains(boxes[i], box))
            continue;
        if (out->which)
            out->which[nwhich + count] = i;
        count++;
    }
    if (count == 0)
        return 0;
    if (out->regions)
        out->regions[out->nregions] =
            (struct pld_region){.box = box, .first = nwhich, .count = count};
    out->nregions++;
    out->most = count > out->most ? count : out->most;
    return count;
}

static int64_t append_all(int64_t nboxes, const pld_box *boxes,
                          const struct cuts *cuts, struct pld_overlay *out)
{
    int64_t nwhich = 0;
    out->nregions = 0;
    for (int64_t k = 0; k + 1 < cuts->n[0]; k++)
        for (int64_t j = 0; j + 1 < cuts->n[1]; j++)
            for (int64_t i = 0; i + 1 < cuts->n[2]; i++)
                nwhich +=
                    append(nboxes, boxes, between(cuts, k, j, i), nwhich, out);
    return nwhich;
}

pld_status pld_overlay_create(int64_t nboxes, const pld_box *boxes,
                              struct pld_overlay *out)
{
    pld_status status = PLD_OK;
    struct cuts cuts = {.n = {0}};
    *out = (struct pld_overlay){0};
    PLD_TRY_TO(out, find_cuts(nboxes, boxes, &cuts));
    int64_t nwhich = append_all(nboxes, boxes, &cuts, out);
    PLD_TRY_TO(out, pld_alloc("regions of overlapping boxes", out->nregions,
                              sizeof *out->regions, &out->regions));
    PLD_TRY_TO(out, pld_alloc("boxes of regions", nwhich, sizeof *out->which,
                              &out->which));
    append_all(nboxes, boxes, &cuts, out);
out:
    for (int d = 0; d < PLD_MAXDIM; d++)
        pld_free(cuts.at[d]);
    if (status != PLD_OK)
        pld_overlay_destroy(out);
    return status;
}

void pld_overlay_destroy(struct pld_overlay *overlay)
{
    pld_free(overlay->which);
    pld_free(overlay->regions);
    *overlay = (struct pld_overlay){0};
}
