#include "linalg/walk.h"

#include "base/alloc.h"
#include "mesh/block.h"

#include <string.h>

/* Elements of each field in a tile: with a few fields well within a cache of
 * the second level, and enough to make what each tile costs by itself small. */
enum { TILE = 16384 };

enum { NLOOPS = PLD_WALK_LOOPS };

/* --- Which fields go together --------------------------------------------- */

static bool is_vector(pld_type type)
{
    return type == PLD_F64 || type == PLD_F32 || type == PLD_C128;
}

bool pld_walk_fits(const pld_field *first, const pld_field *field)
{
    if (!field || field->alive != PLD_FIELD_ALIVE || !is_vector(field->type))
        return false;
    return field == first ||
           (field->grid == first->grid && field->type == first->type &&
            field->ncomps == first->ncomps &&
            memcmp(field->node, first->node, sizeof field->node) == 0);
}

static pld_status check_first(const pld_field *field, const char *name)
{
    PLD_TRY(pld_field_check(field, name));
    PLD_CHECK(is_vector(field->type), PLD_ERR_TYPE,
              "%s: field \"%s\" is %s, but vectors are f64, f32 or c128", name,
              field->name, pld_type_name(field->type));
    return PLD_OK;
}

pld_status pld_walk_check_points(const pld_field *first, const pld_field *field,
                                 const char *name)
{
    PLD_TRY(check_first(field, name));
    if (field == first)
        return PLD_OK;
    PLD_CHECK(field->grid == first->grid, PLD_ERR_SHAPE,
              "%s: field \"%s\" lives on another grid than \"%s\"", name,
              field->name, first->name);
    PLD_CHECK(field->type == first->type, PLD_ERR_TYPE,
              "%s: field \"%s\" is %s, but \"%s\" is %s", name, field->name,
              pld_type_name(field->type), first->name,
              pld_type_name(first->type));
    for (int d = 0; d < first->grid->ndims; d++)
        PLD_CHECK(field->node[d] == first->node[d], PLD_ERR_SHAPE,
                  "%s: fields \"%s\" and \"%s\" differ in stagger in "
                  "dimension %d",
                  name, field->name, first->name, d);
    return PLD_OK;
}

pld_status pld_walk_check(const pld_field *first, const pld_field *field,
                          const char *name)
{
    PLD_TRY(pld_walk_check_points(first, field, name));
    PLD_CHECK(field->ncomps == first->ncomps, PLD_ERR_SHAPE,
              "%s: field \"%s\" has %d components, but \"%s\" has %d", name,
              field->name, field->ncomps, first->name, first->ncomps);
    return PLD_OK;
}

/* --- Loops ---------------------------------------------------------------- */

static int64_t sum_of_steps(const struct pld_walk *walk, int loop)
{
    int64_t sum = 0;
    for (int i = 0; i < walk->nfields; i++)
        sum += walk->loops[loop].step[i];
    return sum;
}

/* Shortest steps first; loops that are run once, last. */
static void sort_loops(struct pld_walk *walk)
{
    for (int i = 1; i < NLOOPS; i++)
        for (int j = i; j > 0; j--) {
            struct pld_walk_loop *a = &walk->loops[j - 1];
            struct pld_walk_loop *b = &walk->loops[j];
            bool swap =
                b->n > 1 && (a->n == 1 ||
                             sum_of_steps(walk, j) < sum_of_steps(walk, j - 1));
            if (!swap)
                break;
            struct pld_walk_loop kept = *a;
            *a = *b;
            *b = kept;
        }
}

/* Whether loop `outer` only goes on where loop `inner` stops. */
static bool follows(const struct pld_walk *walk, int inner, int outer)
{
    const struct pld_walk_loop *a = &walk->loops[inner];
    const struct pld_walk_loop *b = &walk->loops[outer];
    for (int i = 0; i < walk->nfields; i++)
        if (b->step[i] != a->n * a->step[i])
            return false;
    return true;
}

static void merge_loops(struct pld_walk *walk)
{
    int last = 0;
    for (int i = 1; i < NLOOPS; i++) {
        struct pld_walk_loop *loop = &walk->loops[i];
        if (loop->n > 1 && follows(walk, last, i)) {
            walk->loops[last].n *= loop->n;
            loop->n = 1;
        } else if (loop->n > 1 && ++last < i) {
            struct pld_walk_loop kept = walk->loops[last];
            walk->loops[last] = *loop;
            *loop = kept;
        }
    }
}

static void fill_in(const pld_field *const *fields, int ncomps,
                    struct pld_walk *walk)
{
    const pld_field *first = fields[0];
    for (int d = 0; d < PLD_MAXDIM; d++)
        walk->loops[d].n = first->owned.count[d];
    walk->loops[PLD_MAXDIM].n = ncomps;
    for (int i = 0; i < walk->nfields; i++) {
        struct pld_block block = pld_field_block(fields[i]);
        walk->data[i] = pld_block_at(&block, first->owned.first);
        for (int d = 0; d < PLD_MAXDIM; d++)
            walk->loops[d].step[i] = fields[i]->stride[d];
        walk->loops[PLD_MAXDIM].step[i] = fields[i]->comp_stride;
    }
}

static pld_status create(int nfields, const pld_field *const *fields,
                         int ncomps, struct pld_walk *out)
{
    int64_t *steps = out->few;
    out->type = fields[0]->type;
    out->nfields = nfields;
    out->most = TILE;
    out->data = NULL;
    out->room = NULL;
    if (pld_box_empty(fields[0]->owned))
        return PLD_OK;
    /* The steps of each loop, the data, and the places of a tile. */
    if (nfields > PLD_WALK_FEW) {
        PLD_TRY(pld_alloc("walk over fields", (NLOOPS + 2) * (int64_t)nfields,
                          sizeof *steps, &steps));
        out->room = steps;
    }
    for (int i = 0; i < NLOOPS; i++)
        out->loops[i].step = steps + i * nfields;
    out->data = (char **)(steps + NLOOPS * nfields);
    fill_in(fields, ncomps, out);
    sort_loops(out);
    merge_loops(out);
    return PLD_OK;
}

pld_status pld_walk_create(int nfields, const pld_field *const *fields,
                           struct pld_walk *out)
{
    return create(nfields, fields, fields[0]->ncomps, out);
}

pld_status pld_walk_create_points(int nfields, const pld_field *const *fields,
                                  struct pld_walk *out)
{
    return create(nfields, fields, 1, out);
}

void pld_walk_destroy(struct pld_walk *walk)
{
    pld_free(walk->room);
    walk->room = NULL;
}

/* --- Running -------------------------------------------------------------- */

/* Where a walk is: of each of the loops. */
struct place {
    int64_t index[NLOOPS];
};

static void go_to(const struct pld_walk *walk, const struct place *place,
                  char **at)
{
    int64_t size = (int64_t)pld_type_size(walk->type);
    for (int i = 0; i < walk->nfields; i++) {
        int64_t offset = 0;
        for (int l = 0; l < NLOOPS; l++)
            offset += place->index[l] * walk->loops[l].step[i];
        at[i] = walk->data[i] + offset * size;
    }
}

/* The two inner loops, in tiles. */
static pld_status run_plane(const struct pld_walk *walk, struct place *place,
                            char **at, pld_visit_tile *visit, void *data)
{
    const struct pld_walk_loop *inner = &walk->loops[0];
    const struct pld_walk_loop *rows = &walk->loops[1];
    int64_t most = inner->n < walk->most ? inner->n : walk->most;
    int64_t many = walk->most / most < rows->n ? walk->most / most : rows->n;
    struct pld_tile tile = {
        .at = at, .row_step = rows->step, .step = inner->step};
    for (int64_t row = 0; row < rows->n; row += many)
        for (int64_t i = 0; i < inner->n; i += most) {
            place->index[0] = i;
            place->index[1] = row;
            tile.n = inner->n - i < most ? inner->n - i : most;
            tile.nrows = rows->n - row < many ? rows->n - row : many;
            go_to(walk, place, at);
            PLD_TRY(visit(&tile, data));
        }
    return PLD_OK;
}

pld_status pld_walk_run(const struct pld_walk *walk, pld_visit_tile *visit,
                        void *data)
{
    struct place place = {{0}};
    if (!walk->data)
        return PLD_OK;
    char **at = walk->data + walk->nfields;
    for (int64_t k = 0; k < walk->loops[3].n; k++)
        for (int64_t j = 0; j < walk->loops[2].n; j++) {
            place.index[3] = k;
            place.index[2] = j;
            PLD_TRY(run_plane(walk, &place, at, visit, data));
        }
    return PLD_OK;
}
