#include "polder/vector.h"

#include "linalg/strip.h"
#include "linalg/walk.h"

#include "base/alloc.h"
#include "par/exact_sums.h"
#include "par/reduction.h"
#include "polder/agree.h"

#include <stdio.h>
#include <string.h>

/* An update or a product, its fields by their place in the walk; -1: none. */
struct step {
    int y;
    int x;
    int times;
    int over;
};

/* Parts of a product of complex numbers. */
enum { REAL, IMAGINARY, PARTS };

enum { FEW = 8 };

struct work {
    int nupdates;
    const pld_update *updates;
    int nproducts;
    const pld_product *products;
    int nfields;
    const pld_field **fields;
    struct step *steps; /* of the updates, then of the products */
    int parts;
    pld_exact *sums; /* `parts` of each product */
    struct pld_walk walk;
    /* Of a few updates and products. */
    const pld_field *few_fields[4 * FEW];
    struct step few_steps[FEW];
    pld_exact few_sums[PARTS];
    void *room[3]; /* of more */
};

/* --- Which fields --------------------------------------------------------- */

/* A member of a list, for errors. */
struct member {
    const char *list;
    int i;
    const char *name;
};

static pld_status refuse(const pld_field *first, const pld_field *field,
                         struct member member)
{
    char name[64];
    snprintf(name, sizeof name, "%s[%d].%s", member.list, member.i,
             member.name);
    return pld_walk_check(first, field, name);
}

static pld_status find_place(const pld_field *field, struct member member,
                             struct work *work, int *out)
{
    const pld_field *first = work->nfields > 0 ? work->fields[0] : field;
    if (!pld_walk_fits(first, field))
        return refuse(first, field, member);
    for (*out = 0; *out < work->nfields; ++*out)
        if (work->fields[*out] == field)
            return PLD_OK;
    work->fields[work->nfields++] = field;
    return PLD_OK;
}

static pld_status find_optional(const pld_field *field, struct member member,
                                struct work *work, int *out)
{
    *out = -1;
    return field ? find_place(field, member, work, out) : PLD_OK;
}

static pld_status check_factors(const pld_update *update, int i)
{
    PLD_CHECK((update->alpha_imag == 0 && update->beta_imag == 0) ||
                  update->y->type == PLD_C128,
              PLD_ERR_TYPE,
              "updates[%d]: factors with an imaginary part need fields of c128",
              i);
    return PLD_OK;
}

static pld_status add_update(int i, struct work *work)
{
    const pld_update *update = &work->updates[i];
    struct step *step = &work->steps[i];
    struct member member = {"updates", i, "y"};
    PLD_TRY(find_place(update->y, member, work, &step->y));
    member.name = "x";
    PLD_TRY(find_optional(update->x, member, work, &step->x));
    member.name = "times";
    PLD_TRY(find_optional(update->times, member, work, &step->times));
    member.name = "over";
    PLD_TRY(find_optional(update->over, member, work, &step->over));
    return check_factors(update, i);
}

static pld_status add_product(int i, struct work *work)
{
    const pld_product *product = &work->products[i];
    struct step *step = &work->steps[work->nupdates + i];
    struct member member = {"products", i, "x"};
    PLD_TRY(find_place(product->x, member, work, &step->x));
    member.name = "y";
    PLD_TRY(find_optional(product->y, member, work, &step->y));
    PLD_CHECK(product->out, PLD_ERR_ARG, "products[%d].out is NULL", i);
    PLD_CHECK(!product->root || !product->y, PLD_ERR_ARG,
              "products[%d]: a root is of a sum of squares, leave out y", i);
    return PLD_OK;
}

static pld_status make_room(struct work *work)
{
    int64_t nsteps = (int64_t)work->nupdates + work->nproducts;
    int64_t nsums = (int64_t)work->parts * work->nproducts;
    work->steps = work->few_steps;
    work->fields = work->few_fields;
    work->sums = work->few_sums;
    if (nsteps > FEW) {
        PLD_TRY(pld_alloc("steps of vectors", nsteps, sizeof *work->steps,
                          &work->room[0]));
        PLD_TRY(pld_alloc("fields of vectors", 4 * nsteps, sizeof(pld_field *),
                          &work->room[1]));
        work->steps = work->room[0];
        work->fields = work->room[1];
    }
    if (nsums > PARTS) {
        PLD_TRY(pld_alloc("sums of vectors", nsums, sizeof *work->sums,
                          &work->room[2]));
        work->sums = work->room[2];
    }
    for (int64_t i = 0; i < nsums; i++)
        pld_exact_clear(&work->sums[i]);
    return PLD_OK;
}

static pld_status prepare(struct work *work)
{
    const pld_field *first =
        work->nupdates > 0 ? work->updates[0].y : work->products[0].x;
    if (!pld_walk_fits(first, first))
        return refuse(first, first,
                      work->nupdates > 0 ? (struct member){"updates", 0, "y"}
                                         : (struct member){"products", 0, "x"});
    work->parts = first->type == PLD_C128 ? PARTS : 1;
    PLD_TRY(make_room(work));
    for (int i = 0; i < work->nupdates; i++)
        PLD_TRY(add_update(i, work));
    for (int i = 0; i < work->nproducts; i++)
        PLD_TRY(add_product(i, work));
    PLD_TRY(pld_walk_create(work->nfields, work->fields, &work->walk));
    /* A product alone goes through memory once anyway. */
    if (work->nupdates + work->nproducts == 1)
        work->walk.most = INT64_MAX;
    return PLD_OK;
}

static void release(struct work *work)
{
    pld_walk_destroy(&work->walk);
    for (int i = 0; i < 3; i++)
        pld_free(work->room[i]);
}

/* --- One tile ------------------------------------------------------------- */

static struct pld_strip strip_of(const struct pld_tile *tile, int field,
                                 int64_t row, int64_t size)
{
    if (field < 0)
        return (struct pld_strip){.at = NULL};
    return (struct pld_strip){.at = tile->at[field] +
                                    row * tile->row_step[field] * size,
                              .step = tile->step[field]};
}

static struct pld_factors factors_of(const pld_update *update)
{
    return (struct pld_factors){.beta = {update->beta, update->beta_imag},
                                .alpha = {update->alpha, update->alpha_imag}};
}

static struct pld_strips strips_of(const struct pld_tile *tile,
                                   const struct step *step, int64_t row,
                                   int64_t size)
{
    return (struct pld_strips){.y = strip_of(tile, step->y, row, size),
                               .x = strip_of(tile, step->x, row, size),
                               .times = strip_of(tile, step->times, row, size),
                               .over = strip_of(tile, step->over, row, size)};
}

/* As many updates at once as there are loops for, of one row; returns their
 * number. */
static int update_row(const struct pld_tile *tile, const struct work *work,
                      int i, int64_t row)
{
    pld_type type = work->walk.type;
    int64_t size = (int64_t)pld_type_size(type);
    struct pld_factors by[2];
    struct pld_strips strips[2];
    int n = work->nupdates - i < 2 ? 1 : 2;
    for (int k = 0; k < n; k++) {
        by[k] = factors_of(&work->updates[i + k]);
        strips[k] = strips_of(tile, &work->steps[i + k], row, size);
    }
    if (n == 2 && pld_strip_update_twice(type, tile->n, by, strips))
        return 2;
    pld_strip_update(type, tile->n, by, strips);
    return 1;
}

static pld_operand operand_of(const struct pld_tile *tile, int field)
{
    if (field < 0)
        return (pld_operand){.data = NULL};
    return (pld_operand){
        .data = tile->at[field],
        .stride = {0, tile->row_step[field], tile->step[field]}};
}

static pld_status multiply_tile(const struct pld_tile *tile, pld_type type,
                                const struct step *step, pld_exact *sums)
{
    const pld_term term = {.what = step->y < 0 ? PLD_MEASURE_NORM2
                                               : PLD_MEASURE_DOT,
                           .type = type,
                           .box = {.count = {1, tile->nrows, tile->n}},
                           .x = operand_of(tile, step->x),
                           .y = operand_of(tile, step->y)};
    return pld_term_add_sums(&term, sums);
}

static pld_status visit(const struct pld_tile *tile, void *data)
{
    struct work *work = data;
    for (int64_t row = 0; row < tile->nrows; row++)
        for (int i = 0; i < work->nupdates;)
            i += update_row(tile, work, i, row);
    for (int i = 0; i < work->nproducts; i++)
        PLD_TRY(multiply_tile(tile, work->walk.type,
                              &work->steps[work->nupdates + i],
                              &work->sums[work->parts * i]));
    return PLD_OK;
}

/* --- All of it ------------------------------------------------------------ */

static void conclude(const struct work *work)
{
    for (int i = 0; i < work->nproducts; i++) {
        const pld_product *product = &work->products[i];
        const pld_exact *sums = &work->sums[work->parts * i];
        *product->out =
            product->root ? pld_exact_sqrt(sums) : pld_exact_round(sums);
        if (product->y && work->walk.type == PLD_C128)
            product->out[IMAGINARY] = pld_exact_round(&sums[IMAGINARY]);
    }
}

static pld_status check_lists(int nupdates, const pld_update *updates,
                              int nproducts, const pld_product *products)
{
    PLD_CHECK(nupdates >= 0, PLD_ERR_ARG, "nupdates is %d: 0 or more",
              nupdates);
    PLD_CHECK(nproducts >= 0, PLD_ERR_ARG, "nproducts is %d: 0 or more",
              nproducts);
    PLD_CHECK(updates || nupdates == 0, PLD_ERR_ARG,
              "updates is NULL, but nupdates is %d", nupdates);
    PLD_CHECK(products || nproducts == 0, PLD_ERR_ARG,
              "products is NULL, but nproducts is %d", nproducts);
    return PLD_OK;
}

pld_status pld_vector_run(int nupdates, const pld_update *updates,
                          int nproducts, const pld_product *products)
{
    pld_status status = PLD_OK;
    struct work work;
    work.nupdates = nupdates;
    work.updates = updates;
    work.nproducts = nproducts;
    work.products = products;
    work.nfields = 0;
    work.walk.room = NULL;
    memset(work.room, 0, sizeof work.room);
    PLD_TRY(check_lists(nupdates, updates, nproducts, products));
    if (nupdates + nproducts == 0)
        return PLD_OK;
    status = prepare(&work);
    /* The others wait for this rank's part of the products. */
    if (status != PLD_OK && nproducts > 0 && work.nfields > 0)
        status = pld_agree(work.fields[0]->grid->ctx, status);
    PLD_TRY_TO(out, status);
    for (int i = 0; i < nupdates; i++)
        pld_fresh_touch(updates[i].y);
    PLD_TRY_TO(out, pld_walk_run(&work.walk, visit, &work));
    if (nproducts > 0)
        PLD_TRY_TO(out,
                   pld_exact_sums_combine(work.fields[0]->grid->ctx,
                                          work.parts * nproducts, work.sums));
    conclude(&work);
out:
    release(&work);
    return status;
}

/* --- Exchanging ----------------------------------------------------------- */

/* Rows whose elements lie together in both go as one. */
static void swap_strips(size_t size, int64_t n, struct pld_strip x,
                        struct pld_strip y)
{
    char kept[16];
    for (int64_t i = 0; i < n; i++) {
        char *a = (char *)x.at + i * x.step * (int64_t)size;
        char *b = (char *)y.at + i * y.step * (int64_t)size;
        memcpy(kept, a, size);
        memcpy(a, b, size);
        memcpy(b, kept, size);
    }
}

static pld_status swap_tile(const struct pld_tile *tile, void *data)
{
    const size_t *size = data;
    for (int64_t row = 0; row < tile->nrows; row++)
        swap_strips(*size, tile->n, strip_of(tile, 0, row, (int64_t)*size),
                    strip_of(tile, 1, row, (int64_t)*size));
    return PLD_OK;
}

pld_status pld_vector_swap(pld_field *x, pld_field *y)
{
    struct pld_walk walk;
    PLD_TRY(pld_walk_check(x, x, "x"));
    PLD_TRY(pld_walk_check(x, y, "y"));
    if (x == y)
        return PLD_OK;
    PLD_TRY(pld_walk_create(2, (const pld_field *[]){x, y}, &walk));
    pld_fresh_touch(x);
    pld_fresh_touch(y);
    size_t size = pld_type_size(x->type);
    pld_status status = pld_walk_run(&walk, swap_tile, &size);
    pld_walk_destroy(&walk);
    return status;
}
