#include "comm/halo.h"

#include "polder/agree.h"
#include "polder/digest.h"

#include <stdio.h>
#include <string.h>

/* Exchanging only when ghosts are stale. Every rank decides alone and all come
 * to the same: see mesh/fresh.h. */

/* --- What debug builds look at ---------------------------------------------
 */

#ifdef PLD_DEBUG
static pld_status check_fields(const pld_halo *halo)
{
    for (int i = 0; i < halo->spec.nfields; i++)
        PLD_TRY(pld_fresh_check(halo->fields[i]));
    return PLD_OK;
}

/* Whether all ranks will decide alike, and rightly. */
static pld_status check_freshness(const pld_halo *halo, int64_t radius)
{
    uint64_t digest = (uint64_t)radius;
    for (int i = 0; i < halo->spec.nfields; i++) {
        const struct pld_fresh *fresh = &halo->fields[i]->fresh;
        digest = pld_digest_bytes(&fresh->faces, sizeof fresh->faces, digest);
        digest = pld_digest_bytes(&fresh->frame, sizeof fresh->frame, digest);
    }
    PLD_TRY(pld_agree_same(halo->ctx,
                           "the radius, or which ghosts of the halo are "
                           "stale (on all ranks call what changes fields),",
                           &digest, sizeof digest));
    return pld_agree(halo->ctx, check_fields(halo));
}
#else
static pld_status check_freshness(const pld_halo *halo, int64_t radius)
{
    (void)halo;
    (void)radius;
    return PLD_OK;
}
#endif

/* --- Exchanging when there is a need ---------------------------------------
 */

bool pld_halo_fresh(const pld_halo *halo)
{
    if (pld_halo_check(halo, "halo") != PLD_OK)
        return false;
    for (int i = 0; i < halo->spec.nfields; i++)
        if (!pld_fresh_covers(halo->fields[i], &halo->widths[i],
                              halo->spec.stencil == PLD_STAR))
            return false;
    return true;
}

pld_status pld_halo_need(pld_halo *halo)
{
    PLD_TRY(pld_halo_check_idle(halo, "halo"));
    PLD_TRY(check_freshness(halo, 0));
    if (!pld_halo_fresh(halo))
        PLD_TRY(pld_halo_exchange(halo));
    return PLD_OK;
}

/* --- Several steps for one exchange ---------------------------------------
 *
 * A step that reads ghosts to depth m, with a stencil of radius r, can compute
 * the ghosts to depth m - r itself:
 *
 *      |<----- own ----->|<--- m = 3 --->|
 *      +-----------------+----+----+----+
 *      |                 |    |    |    |    read by step 1
 *      |                      |    |         computed by 1, read by 2
 *      |                 |    |              computed by 2, read by 3
 *      +-----------------+                   computed by 3
 */

static int64_t max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How far a stencil reaches into the ghosts of a field: not at all where there
 * are none to be exchanged. */
static int64_t reach_at(const pld_halo *halo, int i, int64_t radius, int d,
                        int side)
{
    return halo->widths[i].at[d][side] > 0 ? radius : 0;
}

static struct pld_depth depth_of(const pld_halo *halo, int i)
{
    return pld_fresh_depth(halo->fields[i], &halo->widths[i],
                           halo->spec.stencil == PLD_STAR);
}

/* How many ghosts all fields can have after a step; false when at some side
 * there are too few to make it. */
static bool find_growth(const pld_halo *halo, int64_t radius,
                        struct pld_depth *out)
{
    bool enough = true;
    for (int i = 0; i < halo->spec.nfields; i++) {
        struct pld_depth depth = depth_of(halo, i);
        for (int d = 0; d < PLD_MAXDIM; d++)
            for (int side = 0; side < 2; side++) {
                int64_t left =
                    depth.at[d][side] - reach_at(halo, i, radius, d, side);
                if (i == 0 || left < out->at[d][side])
                    out->at[d][side] = left;
                enough = enough && left >= 0;
            }
    }
    return enough;
}

/* Ghosts to be computed from others need edges and corners, but where there is
 * but one dimension to speak of. */
static pld_status check_stencil(const pld_halo *halo, int i, int64_t radius)
{
    const struct pld_depth *width = &halo->widths[i];
    int ndims = 0;
    int64_t most = 0;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        int64_t at = max(width->at[d][0], width->at[d][1]);
        ndims += at > 0;
        most = max(most, at);
    }
    PLD_CHECK(
        halo->spec.stencil != PLD_STAR || ndims <= 1 || most <= radius,
        PLD_ERR_ARG,
        "the width %lld of field \"%s\" is more than the radius %lld, and the "
        "stencil is PLD_STAR: computing ghosts takes edges and corners, so "
        "create the halo with PLD_BOX",
        (long long)most, halo->fields[i]->name, (long long)radius);
    return PLD_OK;
}

static const char *const side_names[] = {"low", "high"};

static pld_status check_radius(const pld_halo *halo, int i, int64_t radius)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++) {
            int64_t width = halo->widths[i].at[d][side];
            PLD_CHECK(width == 0 || radius <= width, PLD_ERR_ARG,
                      "radius %lld exceeds the width %lld of field \"%s\" at "
                      "the %s side of dimension %d",
                      (long long)radius, (long long)width,
                      halo->fields[i]->name, side_names[side], d);
        }
    return check_stencil(halo, i, radius);
}

/* It has the points of the halo's field, and ghosts enough. */
static pld_status check_target(const pld_halo *halo, int i, int64_t radius,
                               const pld_field *to)
{
    const pld_field *from = halo->fields[i];
    char argument[32];
    snprintf(argument, sizeof argument, "to[%d]", i);
    PLD_TRY(pld_field_check(to, argument));
    PLD_CHECK(to->grid == from->grid &&
                  memcmp(to->node, from->node, sizeof to->node) == 0,
              PLD_ERR_ARG,
              "to[%d] \"%s\" does not have the points of field \"%s\": it is "
              "on another grid or staggered otherwise",
              i, to->name, from->name);
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++) {
            int64_t least = halo->widths[i].at[d][side] -
                            reach_at(halo, i, radius, d, side);
            int64_t has = pld_field_halo(to, d, side);
            PLD_CHECK(has >= least, PLD_ERR_ARG,
                      "to[%d] \"%s\" has halo %lld at the %s side of "
                      "dimension %d: steps for field \"%s\" write %lld ghosts",
                      i, to->name, (long long)has, side_names[side], d,
                      from->name, (long long)least);
        }
    return PLD_OK;
}

static pld_status check_next(const pld_halo *halo, int64_t radius,
                             pld_field *const *to, const pld_box *out)
{
    PLD_CHECK(out, PLD_ERR_ARG, "out is NULL");
    PLD_CHECK(radius >= 0, PLD_ERR_ARG, "radius is %lld: give 0 or more",
              (long long)radius);
    for (int i = 0; i < halo->spec.nfields; i++) {
        PLD_TRY(check_radius(halo, i, radius));
        if (to)
            PLD_TRY(check_target(halo, i, radius, to[i]));
    }
    return PLD_OK;
}

static bool is_read(const pld_halo *halo, const pld_field *field)
{
    for (int i = 0; i < halo->spec.nfields; i++)
        if (halo->fields[i] == field)
            return true;
    return false;
}

/* What the step is about to do to the fields. */
static void note_step(const pld_halo *halo, pld_field *const *to,
                      const struct pld_depth *growth)
{
    for (int i = 0; i < halo->spec.nfields; i++) {
        struct pld_depth depth = depth_of(halo, i);
        pld_fresh_poison(halo->fields[i], &halo->widths[i], &depth);
    }
    for (int i = 0; i < halo->spec.nfields; i++) {
        pld_field *target = to ? to[i] : halo->fields[i];
        if (!is_read(halo, target))
            pld_fresh_touch(target);
        pld_fresh_compute(target, growth);
    }
}

pld_status pld_halo_next(pld_halo *halo, int64_t radius, pld_field *const *to,
                         pld_box *out)
{
    struct pld_depth growth;
    PLD_TRY(pld_halo_check_idle(halo, "halo"));
    PLD_TRY(check_next(halo, radius, to, out));
    PLD_TRY(check_freshness(halo, radius));
    if (!find_growth(halo, radius, &growth)) {
        PLD_TRY(pld_halo_exchange(halo));
        find_growth(halo, radius, &growth);
    }
    note_step(halo, to, &growth);
    for (int i = 0; i < halo->spec.nfields; i++)
        out[i] = pld_fresh_box(halo->fields[i], &growth);
    return PLD_OK;
}
