#include "mesh/fresh.h"

#include "mesh/block.h"
#include "polder/digest.h"

#include <math.h>
#include <string.h>

#ifdef PLD_DEBUG
static const bool debugging = true;
#else
static const bool debugging = false;
#endif

/* --- Depths ----------------------------------------------------------------
 */

static bool reaches(const struct pld_depth *a, const struct pld_depth *b)
{
    for (int d = 0; d < PLD_MAXDIM; d++)
        if (a->at[d][0] < b->at[d][0] || a->at[d][1] < b->at[d][1])
            return false;
    return true;
}

/* Without edges and corners, as nothing meets in them. */
static bool is_flat(const struct pld_depth *depth)
{
    int ndims = 0;
    for (int d = 0; d < PLD_MAXDIM; d++)
        ndims += depth->at[d][0] > 0 || depth->at[d][1] > 0;
    return ndims <= 1;
}

static int64_t min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct pld_depth least(const struct pld_depth *a,
                              const struct pld_depth *b)
{
    struct pld_depth depth;
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++)
            depth.at[d][side] = min(a->at[d][side], b->at[d][side]);
    return depth;
}

pld_box pld_fresh_box(const pld_field *field, const struct pld_depth *depth)
{
    pld_box box = field->owned;
    pld_box domain = pld_field_domain(field);
    if (pld_box_empty(box))
        return box;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        box.first[d] -= depth->at[d][0];
        box.count[d] += depth->at[d][0] + depth->at[d][1];
        if (field->grid->periodic[d]) {
            domain.first[d] = box.first[d];
            domain.count[d] = box.count[d];
        }
    }
    return pld_box_intersect(box, domain);
}

struct pld_depth pld_fresh_depth(const pld_field *field,
                                 const struct pld_depth *width, bool star)
{
    bool flat = star || is_flat(width);
    return least(flat ? &field->fresh.faces : &field->fresh.frame, width);
}

bool pld_fresh_covers(const pld_field *field, const struct pld_depth *width,
                      bool star)
{
    struct pld_depth depth = pld_fresh_depth(field, width, star);
    return reaches(&depth, width);
}

/* --- Poison ----------------------------------------------------------------
 */

static void poison_box(pld_field *field, pld_box box)
{
    const double f64[2] = {NAN, NAN};
    const float f32 = NAN;
    const int64_t i64 = INT64_MAX;
    const int32_t i32 = INT32_MAX;
    const void *const values[PLD_TYPE_COUNT] = {[PLD_F64] = f64,
                                                [PLD_F32] = &f32,
                                                [PLD_I64] = &i64,
                                                [PLD_I32] = &i32,
                                                [PLD_C128] = f64};
    struct pld_block to = pld_field_block(field);
    const struct pld_block from = {.data = (char *)values[field->type],
                                   .ncomps = to.ncomps,
                                   .size = to.size};
    pld_block_copy(&from, box, &to, (const int64_t[PLD_MAXDIM]){0});
}

void pld_fresh_poison(pld_field *field, const struct pld_depth *width,
                      const struct pld_depth *depth)
{
    pld_box rest[6];
    if (!debugging)
        return;
    int n = pld_box_subtract(pld_fresh_box(field, width),
                             pld_fresh_box(field, depth), rest);
    for (int i = 0; i < n; i++)
        poison_box(field, rest[i]);
}

static void poison_valid(pld_field *field)
{
    const struct pld_fresh *fresh = &field->fresh;
    const struct pld_depth none = {{{0}}};
    pld_fresh_poison(field, &fresh->frame, &none);
    for (int d = 0; d < PLD_MAXDIM; d++) {
        struct pld_depth along = none;
        memcpy(along.at[d], fresh->faces.at[d], sizeof along.at[d]);
        pld_fresh_poison(field, &along, &none);
    }
}

/* --- Changes without a touch -----------------------------------------------
 */

struct digesting {
    struct pld_block block;
    int64_t step;
    uint64_t digest;
};

static pld_status digest_row(const int64_t index[PLD_MAXDIM], int64_t n,
                             void *data)
{
    struct digesting *digesting = data;
    const struct pld_block *block = &digesting->block;
    const char *at = pld_block_at(block, index);
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < block->ncomps; c++)
            digesting->digest = pld_digest_bytes(
                at + i * digesting->step + c * block->comp_stride, block->size,
                digesting->digest);
    return PLD_OK;
}

/* Of the own points of this rank; not 0. */
static pld_status digest_own(const pld_field *field, uint64_t *out)
{
    int ndims = field->grid->ndims;
    struct digesting digesting = {.block = pld_field_block(field)};
    digesting.step = digesting.block.stride[ndims - 1];
    PLD_TRY(pld_box_rows(field->owned, ndims, digest_row, &digesting));
    *out = digesting.digest | 1;
    return PLD_OK;
}

pld_status pld_fresh_check(const pld_field *field)
{
    uint64_t digest = 0;
    if (field->fresh.digest == 0)
        return PLD_OK;
    PLD_TRY(digest_own(field, &digest));
    PLD_CHECK(digest == field->fresh.digest, PLD_ERR_STATE,
              "field \"%s\": own points changed since its ghosts were filled: "
              "call pld_field_touch where they do",
              field->name);
    return PLD_OK;
}

/* --- What happens to a field ----------------------------------------------
 */

void pld_fresh_fill(pld_field *field, const struct pld_depth *width, bool star)
{
    struct pld_fresh *fresh = &field->fresh;
    for (int d = 0; d < PLD_MAXDIM; d++)
        for (int side = 0; side < 2; side++)
            if (fresh->faces.at[d][side] < width->at[d][side])
                fresh->faces.at[d][side] = width->at[d][side];
    if (!star && !reaches(&fresh->frame, width))
        fresh->frame = *width;
    if (debugging && digest_own(field, &fresh->digest) != PLD_OK)
        fresh->digest = 0;
}

void pld_fresh_forget(pld_field *field)
{
    field->fresh = (struct pld_fresh){.touches = field->fresh.touches + 1};
}

void pld_fresh_touch(pld_field *field)
{
    poison_valid(field);
    pld_fresh_forget(field);
}

void pld_fresh_compute(pld_field *field, const struct pld_depth *depth)
{
    pld_fresh_forget(field);
    field->fresh.faces = *depth;
    field->fresh.frame = *depth;
}

void pld_fresh_copy(const pld_field *from, pld_field *to)
{
    struct pld_depth halo;
    for (int d = 0; d < PLD_MAXDIM; d++) {
        halo.at[d][0] = min(from->low[d], to->low[d]);
        halo.at[d][1] = min(from->high[d], to->high[d]);
    }
    to->fresh.faces = least(&from->fresh.faces, &halo);
    to->fresh.frame = least(&from->fresh.frame, &halo);
    to->fresh.digest = from->fresh.digest;
}

pld_status pld_field_touch(pld_field *field)
{
    PLD_TRY(pld_field_check(field, "field"));
    pld_fresh_touch(field);
    return PLD_OK;
}
